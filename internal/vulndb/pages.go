package vulndb

import (
	"encoding/binary"
	"hash/crc32"
	"sync/atomic"
)

// pageSize is the unit of checksums behind the front.
const pageSize = 4096

// pages checks the sections as they are read: the front holds a CRC-32C for each page of them, and a page is compared when it is
// first used. A scan thereby never takes damage for a quiet database, and does not pay for reading all of it.
type pages struct {
	body []byte // all sections
	sums []byte // uint32 for each page
	seen []atomic.Uint32
}

func newPages(body, sums []byte) *pages {
	n := pageCount(len(body))
	return &pages{body: body, sums: sums, seen: make([]atomic.Uint32, (n+31)/32)}
}

func pageCount(bytes int) int { return (bytes + pageSize - 1) / pageSize }

// whole says whether the pages under body[from:to] are as they were written.
func (p *pages) whole(from, to int64) bool {
	if from == to {
		return true
	}
	for i := from / pageSize; i <= (to-1)/pageSize; i++ {
		word, bit := &p.seen[i/32], uint32(1)<<(i%32)
		if word.Load()&bit != 0 {
			continue
		}
		page := p.body[i*pageSize : min((i+1)*pageSize, int64(len(p.body)))]
		if crc32.Checksum(page, castagnoli) != binary.LittleEndian.Uint32(p.sums[4*i:]) {
			return false
		}
		word.Or(bit)
	}
	return true
}

// pageSums writes the checksums of the sections, one behind the other.
func pageSums(sections [][]byte) []byte {
	var sums []byte
	crc, have := uint32(0), 0
	for _, s := range sections {
		for len(s) > 0 {
			n := min(len(s), pageSize-have)
			crc, have = crc32.Update(crc, castagnoli, s[:n]), have+n
			s = s[n:]
			if have == pageSize {
				sums = binary.LittleEndian.AppendUint32(sums, crc)
				crc, have = 0, 0
			}
		}
	}
	if have > 0 {
		sums = binary.LittleEndian.AppendUint32(sums, crc)
	}
	return sums
}

// span gives a part of a section, checked.
func (db *DB) span(sec int, from, to int64) ([]byte, bool) {
	s := db.sections[sec]
	if from < 0 || from > to || to > int64(len(s)) {
		return nil, false
	}
	start := db.starts[sec]
	if !db.pages.whole(start+from, start+to) {
		return nil, false
	}
	return s[from:to:to], true
}

// pair reads the i-th pair of numbers of a section.
func (db *DB) pair(sec, i int) (a, b uint32, ok bool) {
	at := int64(i) * 8
	s, ok := db.span(sec, at, at+8)
	if !ok {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint32(s), binary.LittleEndian.Uint32(s[4:]), true
}

// between gives body[index[i]:index[i+1]], where index is a section of numbers.
func (db *DB) between(index, body, i int) ([]byte, bool) {
	at := int64(i) * 4
	s, ok := db.span(index, at, at+8)
	if !ok {
		return nil, false
	}
	return db.span(body, int64(binary.LittleEndian.Uint32(s)), int64(binary.LittleEndian.Uint32(s[4:])))
}
