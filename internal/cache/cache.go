// Package cache remembers results on disk by a key that says wholly what they are results of, so that work which was
// done once is not done again. It promises that any number of processes may use one folder at the same time without
// waiting for one another, that a process killed at any moment leaves nothing that is later taken for a result, and that
// the folder stays within its size by dropping what was not used for longest. A result that is not there, or not whole,
// is a miss and never an error. What the bytes mean is the caller's matter, as is trust in them: whoever may write to the folder may
// say what results are, so a folder that others may write to is refused.
package cache

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DefaultMaxBytes is how large a cache may grow unless said otherwise.
const DefaultMaxBytes = 1 << 30

const (
	// shards are folders that are kept within their part of the size each, so that whoever writes one entry looks at a part of the
	// entries only, and nobody has to know how large the whole is.
	shards = 16
	// fresh is how old the time of an entry's last use may become before it is written anew.
	fresh = time.Hour
	// abandoned is the age at which a temporary file has no writer any more.
	abandoned = time.Hour

	temporary = ".tmp-"
	secretLen = 16
	overhead  = int64(len(magic)) + 8 + 4
)

const magic = "SLcache1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrUnsafe is given for a folder that others than its owner may write to, or that belongs to somebody else.
var ErrUnsafe = errors.New("the cache's folder may be written to by others")

// Options set a cache's bounds.
type Options struct {
	MaxBytes int64            // of all entries; default DefaultMaxBytes, at least 1 MiB
	Now      func() time.Time // default time.Now
}

// Cache is a folder of results. It may be used from many goroutines.
type Cache struct {
	dir    string
	max    int64 // of one shard
	now    func() time.Time
	secret [secretLen]byte
}

// Open opens the cache in dir and makes the folder where it is missing.
func Open(dir string, o Options) (*Cache, error) {
	c := &Cache{dir: dir, max: max(cmp.Or(o.MaxBytes, DefaultMaxBytes), 1<<20) / shards, now: time.Now}
	if o.Now != nil {
		c.now = o.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the cache's folder: %w", err)
	}
	if err := private(dir); err != nil {
		return nil, fmt.Errorf("opening the cache %s: %w", dir, err)
	}
	if err := c.readSecret(); err != nil {
		return nil, fmt.Errorf("opening the cache %s: %w", dir, err)
	}
	return c, nil
}

// Dir is the cache's folder.
func (c *Cache) Dir() string { return c.dir }

// Secret is a key of this folder, made at random when it was: hashes keyed by it, kept in entries, cannot be made to
// collide by somebody who only chooses what is hashed.
func (c *Cache) Secret() (k0, k1 uint64) {
	return binary.LittleEndian.Uint64(c.secret[:8]), binary.LittleEndian.Uint64(c.secret[8:])
}

// Key names a result.
type Key [sha256.Size]byte

// NewKey makes a key of parts that together say wholly what a result is the result of: the digest of what was
// read, and the revision of what read it.
func NewKey(parts ...string) Key {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		io.WriteString(h, p) //nolint:errcheck // hash.Hash never fails
	}
	return Key(h.Sum(nil))
}

// Get gives the bytes of a result. They are the caller's.
func (c *Cache) Get(k Key) ([]byte, bool) {
	name := c.file(k)
	f, err := os.Open(name)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < overhead || info.Size() > c.max {
		return nil, false
	}
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, false
	}
	data, ok := unseal(b, k)
	if !ok {
		_ = os.Remove(name) // cut off by a crash, or of another form
		return nil, false
	}
	if now := c.now(); now.Sub(info.ModTime()) > fresh {
		_ = os.Chtimes(name, now, now)
	}
	return data, true
}

// Put keeps a result. One that is larger than a sixteenth of the cache is not kept, which is no error.
func (c *Cache) Put(k Key, data []byte) error {
	if int64(len(data))+overhead > c.max {
		return nil
	}
	name := c.file(k)
	shard := filepath.Dir(name)
	f, err := os.CreateTemp(shard, temporary)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.Mkdir(shard, 0o700); err == nil || errors.Is(err, fs.ErrExist) {
			f, err = os.CreateTemp(shard, temporary)
		}
	}
	if err != nil {
		return fmt.Errorf("keeping a result: %w", err)
	}
	// Not synced: after a crash of the machine an entry may be empty or torn, which its checksum shows.
	err = seal(f, k, data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("keeping a result: %w", err)
	}
	_, err = c.trim(shard, c.max)
	return err
}

// file is where an entry lies. Entries are bound to the secret, since they hold hashes that are keyed by it.
func (c *Cache) file(k Key) string {
	sum := sha256.Sum256(append(k[:], c.secret[:]...))
	name := hex.EncodeToString(sum[:])
	return filepath.Join(c.dir, name[:1], name[1:])
}

// seal writes an entry: magic, length, data, and the CRC-32C of the key and all before it.
func seal(w io.Writer, k Key, data []byte) error {
	head := binary.LittleEndian.AppendUint64([]byte(magic), uint64(len(data)))
	sum := crc32.Update(crc32.Update(crc32.Checksum(k[:], castagnoli), castagnoli, head), castagnoli, data)
	for _, b := range [][]byte{head, data, binary.LittleEndian.AppendUint32(nil, sum)} {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func unseal(b []byte, k Key) ([]byte, bool) {
	if int64(len(b)) < overhead || !bytes.HasPrefix(b, []byte(magic)) {
		return nil, false
	}
	data, sum := b[len(magic)+8:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if binary.LittleEndian.Uint64(b[len(magic):]) != uint64(len(data)) {
		return nil, false
	}
	if crc32.Update(crc32.Checksum(k[:], castagnoli), castagnoli, b[:len(b)-4]) != sum {
		return nil, false
	}
	return data, true
}

// readSecret reads the folder's secret, or makes it.
func (c *Cache) readSecret() error {
	name := filepath.Join(c.dir, "secret")
	for range 3 {
		b, err := os.ReadFile(name)
		if err == nil && len(b) == secretLen {
			copy(c.secret[:], b)
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil {
			// A crash of the machine left it torn: entries of the lost one are never found again, and age away.
			_ = os.Remove(name)
		}
		if err := c.makeSecret(name); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return errors.New("its secret cannot be made")
}

// makeSecret gives ErrExist where another process was first.
func (c *Cache) makeSecret(name string) error {
	f, err := os.CreateTemp(c.dir, temporary)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	var b [secretLen]byte
	_, _ = rand.Read(b[:]) // never fails
	_, err = f.Write(b[:])
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Link(f.Name(), name)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// A file system without hard links: the last one that renames wins, the others' entries are misses.
		err = os.Rename(f.Name(), name)
	}
	return err
}

// isEntry tells entries from temporary files.
func isEntry(name string) bool { return !strings.HasPrefix(name, temporary) }
