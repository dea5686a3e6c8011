package ospkg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// sqliteMagic begins a database file of SQLite 3. The format: https://www.sqlite.org/fileformat2.html.
const sqliteMagic = "SQLite format 3\x00"

// Types of b-tree pages.
const (
	sqliteInterior = 5
	sqliteLeaf     = 13
)

// sqliteFile reads rows of tables. Each page of the file is used once, as part of a tree or of an overflow chain, so that
// neither circles nor pages with many parents cost more than the file's size.
type sqliteFile struct {
	*recordReader

	pageSize, usable int
	pages            int
	used             []bool // by page number
	buf              []byte // of a record that is longer than its page
}

var errNoTable = errors.New("a SQLite database without rpm's table Packages")

// readSQLite gives the headers in rpm's table: CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL).
func readSQLite(r *recordReader) error {
	s := sqliteFile{recordReader: r}
	if err := s.open(); err != nil {
		return err
	}
	root := uint64(0)
	err := s.rows(1, func(record []byte) bool { // the schema: type, name, tbl_name, rootpage, sql
		var columns [4]sqliteValue
		if !columnsOf(record, columns[:]) {
			s.complain("a row of the schema that is damaged")
		} else if string(columns[0].bytes) == "table" && strings.EqualFold(string(columns[1].bytes), "Packages") {
			root = columns[3].integer()
		}
		return root == 0
	})
	if err != nil {
		return err
	}
	if root == 0 || root > math.MaxUint32 {
		return errNoTable
	}
	return s.rows(uint32(root), func(record []byte) bool {
		var columns [2]sqliteValue
		if !columnsOf(record, columns[:]) || !columns[1].blob {
			s.complain("a row that is damaged, or has no package in it")
			return true
		}
		return s.visit(columns[1].bytes)
	})
}

func (s *sqliteFile) open() error {
	h := s.data
	if len(h) < 100 {
		return errors.New("a SQLite database that ends in its header")
	}
	s.pageSize = int(binary.BigEndian.Uint16(h[16:]))
	if s.pageSize == 1 {
		s.pageSize = 1 << 16
	}
	s.usable = s.pageSize - int(h[20])
	if s.pageSize < 512 || s.pageSize&(s.pageSize-1) != 0 || s.usable < 480 {
		return fmt.Errorf("a SQLite database with pages of %d bytes", s.pageSize)
	}
	if h[19] > 2 {
		return fmt.Errorf("a SQLite database of format %d, which is not known", h[19])
	}
	if encoding := binary.BigEndian.Uint32(h[56:]); encoding > 1 {
		return fmt.Errorf("a SQLite database with text in encoding %d, which rpm does not write", encoding)
	}
	s.pages = len(s.data) / s.pageSize
	// The header's count of pages holds when it was written together with the change counter.
	if said := binary.BigEndian.Uint32(h[28:]); bytes.Equal(h[24:28], h[92:96]) && int64(said) > int64(s.pages) {
		s.complain(fmt.Sprintf("the file ends after %d of %d pages", s.pages, said))
	}
	s.used = make([]bool, s.pages+1)
	return nil
}

// page gives the bytes of a page, once; nil where there are none.
func (s *sqliteFile) page(n uint32) []byte {
	if n == 0 || int64(n) > int64(s.pages) || s.used[n] {
		return nil
	}
	s.used[n] = true
	at := (int(n) - 1) * s.pageSize
	return s.data[at : at+s.pageSize]
}

// rows calls row for each record of the table whose tree has that root, in order of row id, until it returns false.
func (s *sqliteFile) rows(root uint32, row func(record []byte) bool) error {
	stack := []uint32{root}
	for n := 0; len(stack) > 0; n++ {
		if n%256 == 255 && s.ended() != nil {
			return s.ended()
		}
		if len(stack) > s.pages {
			return errors.New("a tree with more branches than the file has pages")
		}
		number := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		page := s.page(number)
		if page == nil {
			s.complain("a page that is not in the file, or is used twice")
			continue
		}
		head := 0
		if number == 1 {
			head = 100
		}
		kind, cells := page[head], int(binary.BigEndian.Uint16(page[head+3:]))
		pointers := head + 8
		if kind == sqliteInterior {
			pointers += 4
		}
		if kind != sqliteInterior && kind != sqliteLeaf || pointers+2*cells > s.usable {
			s.complain("a page that is not one of a table")
			continue
		}
		if kind == sqliteInterior {
			stack = append(stack, binary.BigEndian.Uint32(page[head+8:])) // the last child, read after the others
		}
		left := s.usable // of the page: cells do not overlap
		for i := range cells {
			if kind == sqliteInterior {
				i = cells - 1 - i
			}
			at := int(binary.BigEndian.Uint16(page[pointers+2*i:]))
			if at < pointers || at+4 > s.usable {
				s.complain("a cell that is not in its page")
				continue
			}
			if kind == sqliteInterior {
				stack = append(stack, binary.BigEndian.Uint32(page[at:]))
				continue
			}
			record, local, ok := s.record(page[at:s.usable])
			if !ok {
				s.complain("a row whose pages are not all there")
				continue
			}
			if left -= local; left < 0 {
				s.complain("cells that overlap")
				break
			}
			if !row(record) {
				return nil
			}
		}
	}
	return nil
}

// record reads a cell of a leaf: the length of the record, the row id, as much of the record as stays in the page, and the
// first of the overflow pages for the rest. It also says how many bytes of the record are in the page.
func (s *sqliteFile) record(cell []byte) (record []byte, local int, ok bool) {
	length, n := sqliteVarint(cell)
	_, m := sqliteVarint(cell[n:])
	if n == 0 || m == 0 || length > uint64(len(s.data)) {
		return nil, 0, false
	}
	cell = cell[n+m:]
	most := s.usable - 35
	if length <= uint64(most) {
		if uint64(len(cell)) < length {
			return nil, 0, false
		}
		return cell[:length], int(length), true
	}
	least := (s.usable-12)*32/255 - 23
	local = least + (int(length)-least)%(s.usable-4)
	if local > most {
		local = least
	}
	if len(cell) < local+4 {
		return nil, 0, false
	}
	s.buf = append(s.buf[:0], cell[:local]...)
	next := binary.BigEndian.Uint32(cell[local:])
	for len(s.buf) < int(length) {
		page := s.page(next)
		if page == nil {
			return nil, 0, false
		}
		next = binary.BigEndian.Uint32(page)
		s.buf = append(s.buf, page[4:4+min(s.usable-4, int(length)-len(s.buf))]...)
	}
	return s.buf, local, true
}

// sqliteVarint reads one of SQLite's variable-length integers and says how many bytes it has; 0 where b is too short.
func sqliteVarint(b []byte) (v uint64, n int) {
	for i := range min(len(b), 9) {
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// sqliteValue is one column of a record.
type sqliteValue struct {
	bytes []byte
	blob  bool
}

// integer is the value of an integer column that is not negative; of others, 0.
func (v sqliteValue) integer() uint64 {
	if v.blob || len(v.bytes) > 8 {
		return 0
	}
	n := uint64(0)
	for _, b := range v.bytes {
		n = n<<8 | uint64(b)
	}
	return n
}

// columnsOf parts a record into its first columns: a header of types, then the values.
func columnsOf(record []byte, columns []sqliteValue) bool {
	size, n := sqliteVarint(record)
	if n == 0 || size < uint64(n) || size > uint64(len(record)) {
		return false
	}
	types, body := record[n:size], record[size:]
	for i := range columns {
		t, n := sqliteVarint(types)
		if n == 0 {
			return false
		}
		types = types[n:]
		length := uint64(0)
		switch {
		case t >= 12:
			length = (t - 12) / 2
		case t == 7:
			length = 8
		case t == 5, t == 6:
			length = 2*t - 4
		case t <= 4:
			length = t
		}
		if length > uint64(len(body)) {
			return false
		}
		columns[i] = sqliteValue{bytes: body[:length], blob: t >= 12 && t%2 == 0}
		body = body[length:]
	}
	return true
}

// reportLog says whether a write-ahead log holds changes that were committed: pages in frames with the salt of its header.
// Frames with another salt are left from before, and are in the database.
func reportLog(wal []byte, facts *extract.Facts) {
	const header, frameHeader = 32, 24
	if len(wal) < header || binary.BigEndian.Uint32(wal)&^1 != 0x377f0682 {
		if len(bytes.Trim(wal, "\x00")) > 0 {
			facts.Report(artifact.Unparsable, "not a write-ahead log of SQLite, but where one belongs: the database beside it may lack changes")
		}
		return
	}
	size := int64(binary.BigEndian.Uint32(wal[8:]))
	if size < 512 || size > 1<<16 {
		facts.Report(artifact.Unparsable, "a write-ahead log of SQLite with a damaged header: the database beside it may lack changes")
		return
	}
	frames, committed := 0, 0
	for at := int64(header); at+frameHeader+size <= int64(len(wal)); at += frameHeader + size {
		frame := wal[at:]
		if !bytes.Equal(frame[8:16], wal[16:24]) {
			break
		}
		frames++
		if binary.BigEndian.Uint32(frame[4:]) != 0 { // the last of a transaction
			committed = frames
		}
	}
	if committed > 0 {
		facts.Report(artifact.Unsupported, fmt.Sprintf(
			"%d changed pages of rpmdb.sqlite are only in this log, which is not applied: packages last installed, updated or removed are told as before", committed))
	}
}

// reportJournal says whether a rollback journal is hot: with one, the database is in the middle of a transaction. SQLite ends
// a transaction by deleting, emptying or zeroing the journal.
func reportJournal(journal []byte, facts *extract.Facts) {
	if len(bytes.TrimLeft(journal[:min(len(journal), 28)], "\x00")) > 0 {
		facts.Report(artifact.Unsupported, "rpmdb.sqlite was left in the middle of a change, which is not rolled back: its packages may be those of neither before nor after")
	}
}
