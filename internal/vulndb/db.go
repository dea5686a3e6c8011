package vulndb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// DB is an open database.
type DB struct {
	*front
	data   []byte
	mapped bool // data is the file itself, mapped into memory

	pages *pages

	decoder func() (*zstd.Decoder, error) // made when the first text is asked for
}

// Open opens the database file at path. Its error wraps fs.ErrNotExist where there is none, [ErrVersion] when the file
// is of another format version, and [ErrCorrupt] when it is not a whole database. Open reads only the front of the
// file, which shows truncation and most mix-ups; [DB.Verify] reads everything.
func Open(path string) (*DB, error) {
	info, err := os.Stat(path) // before opening it, since opening a named pipe would wait
	if err != nil {
		return nil, fmt.Errorf("opening the vulnerability database: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("opening the vulnerability database %s: %w", path, corrupt("not a regular file"))
	}
	data, mapped, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("opening the vulnerability database: %w", err)
	}
	db, err := open(data, mapped)
	if err != nil {
		if mapped {
			_ = unmap(data)
		}
		return nil, fmt.Errorf("opening the vulnerability database %s: %w", path, err)
	}
	return db, nil
}

// OpenBytes opens a database that lies in memory. The bytes must not change while it is in use.
func OpenBytes(b []byte) (*DB, error) {
	db, err := open(b, false)
	if err != nil {
		return nil, fmt.Errorf("opening a vulnerability database in memory: %w", err)
	}
	return db, nil
}

func open(data []byte, mapped bool) (_ *DB, err error) {
	db := &DB{front: &front{}, data: data, mapped: mapped}
	defer db.guard(&err)()
	f, err := parseFront(data)
	if err != nil {
		return nil, err
	}
	db.front = f
	db.pages = newPages(f.body, f.pageSums)
	db.decoder = sync.OnceValues(newTextDecoder)
	return db, nil
}

// Close frees the file. No other method may run at the same time; afterwards every one gives an error that wraps
// [fs.ErrClosed], or nothing.
func (db *DB) Close() error {
	data, mapped := db.data, db.mapped
	db.data, db.mapped, db.front = nil, false, &front{}
	if !mapped {
		return nil
	}
	if err := unmap(data); err != nil {
		return fmt.Errorf("closing the vulnerability database: %w", err)
	}
	return nil
}

func (db *DB) closed() error {
	if db.data == nil {
		return fmt.Errorf("vulnerability database: %w", fs.ErrClosed)
	}
	return nil
}

// Meta says which database this is.
func (db *DB) Meta() vuln.Database {
	m := db.meta
	m.Feeds = slices.Clone(m.Feeds)
	return m
}

// Len is the number of vulnerabilities: ordinals are below it.
func (db *DB) Len() int { return db.vulns }

// Namespaces lists the namespaces that have packages, sorted.
func (db *DB) Namespaces() []string {
	names := make([]string, len(db.spaces))
	for i, s := range db.spaces {
		names[i] = s.name
	}
	return names
}

// HasNamespace says whether the database knows any package of the namespace.
func (db *DB) HasNamespace(ns string) bool {
	_, ok := db.namespace(ns)
	return ok
}

func (db *DB) namespace(ns string) (namespace, bool) {
	i, ok := slices.BinarySearchFunc(db.spaces, ns, func(s namespace, ns string) int { return strings.Compare(s.name, ns) })
	if !ok {
		return namespace{}, false
	}
	return db.spaces[i], true
}

// text gives the bytes of a shared string.
func (db *DB) text(ref uint32) ([]byte, bool) {
	heap := db.sections[secStrings]
	if _, ok := db.span(secStrings, int64(ref), min(int64(ref)+binary.MaxVarintLen64, int64(len(heap)))); !ok || int64(ref) >= int64(len(heap)) {
		return nil, false
	}
	n, at := uint64(heap[ref]), uint64(ref)+1
	if n >= 0x80 { // rare: longer than any id
		var size int
		if n, size = binary.Uvarint(heap[ref:]); size <= 0 {
			return nil, false
		}
		at = uint64(ref) + uint64(size)
	}
	if n > uint64(len(heap))-at {
		return nil, false
	}
	return db.span(secStrings, int64(at), int64(at+n))
}

// textAt reads a reference to a shared string, and gives a copy of the string.
func (db *DB) textAt(c *cursor) string {
	s, ok := db.text(c.uint32())
	if !ok {
		c.fail()
	}
	return string(s)
}

// errFault is the error for a mapped file that changed under the mapping.
var errFault = errors.New("the file was cut short or could not be read while it was in use")
