package ospkg

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Berkeley DB's hash access method, as rpm used it for its file Packages: keys are package numbers (0 counts them), values
// are headers. The format is described by Berkeley DB's dbinc/db_page.h. A page of metadata is followed by pages of these
// kinds; the numbers in them are in the byte order of the machine that wrote them:
//
//	hash      26 bytes of header, offsets of items from the front, items from the end: key, value, key, value
//	overflow  26 bytes of header, and a part of a value that is too long for a hash page; the header names the next
const (
	bdbHashMagic  = 0x00061561
	bdbBtreeMagic = 0x00053162

	bdbPageHeader = 26

	bdbUnsortedHashPage = 2 // before version 9
	bdbOverflowPage     = 7
	bdbHashPage         = 13

	bdbOnPage  = 1 // an item in its page
	bdbOffPage = 3 // an item in a chain of overflow pages
)

type berkeleyFile struct {
	*recordReader

	order    binary.ByteOrder
	pageSize int
	pages    uint32
	used     []bool // overflow pages that are part of a value
	buf      []byte
}

// readBerkeley gives the values of all hash pages. It goes through the pages as they lie in the file and not through the
// buckets, since the order of packages tells nothing, and so needs none of what leads from bucket to page. Pages that
// are no longer in use have a kind of their own.
func readBerkeley(r *recordReader) error {
	b := berkeleyFile{recordReader: r}
	if err := b.open(); err != nil {
		return err
	}
	for n := uint32(1); n < b.pages; n++ {
		if n%1024 == 0 && b.ended() != nil {
			return b.ended()
		}
		page := b.page(n)
		if kind := page[25]; kind != bdbHashPage && kind != bdbUnsortedHashPage {
			continue
		}
		if b.order.Uint32(page[8:]) != n {
			b.complain("a page with the number of another")
			continue
		}
		if !b.hashPage(page) {
			return nil
		}
	}
	return nil
}

func (b *berkeleyFile) open() error {
	if len(b.data) < 512 {
		return errors.New("no database of rpm's: too short for any kind")
	}
	magic := b.data[12:16]
	switch {
	case binary.LittleEndian.Uint32(magic) == bdbHashMagic:
		b.order = binary.LittleEndian
	case binary.BigEndian.Uint32(magic) == bdbHashMagic:
		b.order = binary.BigEndian
	case binary.LittleEndian.Uint32(magic) == bdbBtreeMagic, binary.BigEndian.Uint32(magic) == bdbBtreeMagic:
		return errors.New("a Berkeley DB of the btree kind, which rpm does not keep packages in")
	default:
		return errors.New("no database of rpm's: neither SQLite nor NDB nor Berkeley DB")
	}
	b.pageSize = int(b.order.Uint32(b.data[20:]))
	if b.pageSize < 512 || b.pageSize > 1<<16 || b.pageSize&(b.pageSize-1) != 0 {
		return fmt.Errorf("a Berkeley DB with pages of %d bytes", b.pageSize)
	}
	// With checksums or encryption the header of a page is longer.
	if b.data[24] != 0 || b.data[26]&1 != 0 {
		return errors.New("a Berkeley DB with encryption or checksums, which rpm does not write")
	}
	last := b.order.Uint32(b.data[32:])
	b.pages = uint32(len(b.data) / b.pageSize)
	switch {
	case last >= b.pages:
		b.complain(fmt.Sprintf("the file ends after %d of %d pages", b.pages, uint64(last)+1))
	default:
		b.pages = last + 1
	}
	b.used = make([]bool, b.pages)
	return nil
}

func (b *berkeleyFile) page(n uint32) []byte {
	at := int(n) * b.pageSize
	return b.data[at : at+b.pageSize]
}

// hashPage visits the values of one page; false when visit wants no more.
func (b *berkeleyFile) hashPage(page []byte) bool {
	items := int(b.order.Uint16(page[20:]))
	first := bdbPageHeader + 2*items
	if first > len(page) || items%2 != 0 {
		b.complain("a page with a damaged index")
		return true
	}
	end := len(page) // of the item; they lie behind one another, the first at the end
	for i := range items {
		at := int(b.order.Uint16(page[bdbPageHeader+2*i:]))
		if at < first || at >= end {
			b.complain("an item that is not in its page")
			return true
		}
		item := page[at:end]
		end = at
		if i%2 == 0 {
			continue // the key
		}
		value, ok := b.value(item)
		if !ok {
			b.complain("a package whose pages are not all there")
			continue
		}
		if len(value) <= 4 {
			continue // the last package number, under key 0
		}
		if !b.visit(value) {
			return false
		}
	}
	return true
}

func (b *berkeleyFile) value(item []byte) ([]byte, bool) {
	switch {
	case item[0] == bdbOnPage:
		return item[1:], true
	case item[0] != bdbOffPage || len(item) < 12:
		return nil, false
	}
	next, length := b.order.Uint32(item[4:]), int64(b.order.Uint32(item[8:]))
	if length > int64(len(b.data)) {
		return nil, false
	}
	b.buf = b.buf[:0]
	for int64(len(b.buf)) < length {
		if next == 0 || next >= b.pages || b.used[next] {
			return nil, false
		}
		b.used[next] = true
		page := b.page(next)
		n := int(b.order.Uint16(page[22:]))
		if page[25] != bdbOverflowPage || b.order.Uint32(page[8:]) != next || n > len(page)-bdbPageHeader || int64(len(b.buf)+n) > length {
			return nil, false
		}
		b.buf = append(b.buf, page[bdbPageHeader:bdbPageHeader+n]...)
		next = b.order.Uint32(page[16:])
	}
	return b.buf, true
}
