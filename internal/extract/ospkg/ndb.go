package ospkg

import (
	"encoding/binary"
	"errors"
)

// ndbMagic begins rpm's own kind of database. The format is only described by rpm's lib/backend/ndb/rpmpkg.c: a header of
// 32 bytes, an index of slots that fills whole pages, and blobs in blocks of 16 bytes. All numbers are little-endian.
//
//	header  "RpmP", version 0, generation, pages of the index, next package number, 12 bytes of nothing
//	slot    "Slot", package number, block of the blob (0: free), number of blocks
//	blob    "BlbS", package number, generation, length; the bytes; padding; Adler-32, length, "BlbE"
const ndbMagic = "RpmP"

const (
	ndbHeader = 32
	ndbSlot   = 16
	ndbBlock  = 16
	ndbPage   = 4096
	ndbHead   = 16
	ndbTail   = 12
)

// readNDB gives the blobs of all slots.
func readNDB(r *recordReader) error {
	if len(r.data) < ndbPage {
		return errors.New("an NDB database that ends in its index")
	}
	word := func(at int) uint32 { return binary.LittleEndian.Uint32(r.data[at:]) }
	if word(4) != 0 {
		return errors.New("an NDB database of a version that is not known")
	}
	index := int64(word(12)) * ndbPage
	if index > int64(len(r.data)) {
		r.complain("an index that is longer than the file")
		index = int64(len(r.data)) / ndbPage * ndbPage
	}
	// Sound blobs do not overlap: with more bytes than the file has, slots share them.
	left := len(r.data)
	for at := ndbHeader; at < int(index); at += ndbSlot {
		if at%(1<<16) == 0 && r.ended() != nil {
			return r.ended()
		}
		if string(r.data[at:at+4]) != "Slot" {
			r.complain("a slot without its mark")
			continue
		}
		number, start, blocks := word(at+4), int64(word(at+8))*ndbBlock, int64(word(at+12))*ndbBlock
		if start == 0 {
			continue
		}
		if start < index || blocks < ndbHead+ndbTail || start+blocks > int64(len(r.data)) {
			r.complain("a slot whose blob is not in the file")
			continue
		}
		blob := r.data[start : start+blocks]
		length := int64(binary.LittleEndian.Uint32(blob[12:]))
		if string(blob[:4]) != "BlbS" || binary.LittleEndian.Uint32(blob[4:]) != number || length > blocks-ndbHead-ndbTail {
			r.complain("a blob that is not the one of its slot")
			continue
		}
		if left -= int(blocks); left < 0 {
			return errors.New("blobs that overlap")
		}
		if !r.visit(blob[ndbHead : ndbHead+length]) {
			return nil
		}
	}
	return nil
}
