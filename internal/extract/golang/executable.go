package golang

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// executable is what the headers of an executable say of the places that matter here. Offsets count from the
// beginning of the file.
type executable struct {
	// data are the places where the linker may have put the build information, by ascending offset, without overlap.
	data []segment
	// segments map addresses to offsets.
	segments []segment
	packed   bool // by UPX
	marked   bool // by a Go linker
}

// segment is a part of the file that is mapped to memory.
type segment struct {
	addr uint64
	off  int64
	size int64
}

// limit is the largest number of segments or sections that is looked at; real executables have dozens.
const limit = 4096

// addSegment notes a segment if its bytes can be in the file.
func (x *executable) addSegment(addr, off, size uint64, data bool) {
	if size == 0 || off > math.MaxInt64 || size > math.MaxInt64-off || addr > math.MaxUint64-size {
		return
	}
	s := segment{addr: addr, off: int64(off), size: int64(size)}
	x.segments = append(x.segments, s)
	if data {
		x.data = append(x.data, s)
	}
}

// settle sorts the places to search and cuts what overlaps, so that no header can have a byte searched twice.
func (x *executable) settle() {
	slices.SortFunc(x.data, func(a, b segment) int { return cmp.Compare(a.off, b.off) })
	var end int64
	kept := x.data[:0]
	for _, s := range x.data {
		if cut := end - s.off; cut > 0 {
			if cut >= s.size {
				continue
			}
			s.addr, s.off, s.size = s.addr+uint64(cut), s.off+cut, s.size-cut
		}
		end = s.off + s.size
		kept = append(kept, s)
	}
	x.data = kept
}

// offset gives the place of n bytes at an address.
func (x *executable) offset(addr, n uint64) (int64, bool) {
	for _, s := range x.segments {
		if addr >= s.addr && addr-s.addr < uint64(s.size) && n <= uint64(s.size)-(addr-s.addr) {
			return s.off + int64(addr-s.addr), true
		}
	}
	return 0, false
}

// parseExecutable reads the headers of an executable in head, which is what follows from offset base of in. It
// returns nil where head is none that is read here. Reading more of in is allowed for random access only.
func parseExecutable(in *input, head []byte, base int64) *executable {
	var x *executable
	switch {
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		x = parseELF(in, head)
	case bytes.HasPrefix(head, []byte("MZ")):
		x = parsePE(head)
	case isMachO(head):
		x = parseMachO(head)
	}
	if x == nil {
		return nil
	}
	for _, list := range [][]segment{x.data, x.segments} {
		for i := range list {
			if list[i].off > math.MaxInt64-base-list[i].size {
				return nil
			}
			list[i].off += base
		}
	}
	x.settle()
	x.marked = marked(head)
	return x
}

// marked finds what each Go linker since 1.5 writes near the front: the ELF note of type 4 and owner "Go", or the
// build id at the beginning of the text. It may be missing (-buildid=).
func marked(head []byte) bool {
	return bytes.Contains(head, []byte("\xff Go build ID: \"")) ||
		bytes.Contains(head, []byte("\x04\x00\x00\x00Go\x00\x00")) ||
		bytes.Contains(head, []byte("\x00\x00\x00\x04Go\x00\x00"))
}

// fields reads numbers from a header. Out of bounds it gives zero.
type fields struct {
	b     []byte
	order binary.ByteOrder
}

func (f fields) u16(off uint64) uint16 {
	if b := f.at(off, 2); b != nil {
		return f.order.Uint16(b)
	}
	return 0
}

func (f fields) u32(off uint64) uint32 {
	if b := f.at(off, 4); b != nil {
		return f.order.Uint32(b)
	}
	return 0
}

func (f fields) u64(off uint64) uint64 {
	if b := f.at(off, 8); b != nil {
		return f.order.Uint64(b)
	}
	return 0
}

// word reads 8 bytes of a 64-bit header, 4 of another.
func (f fields) word(off uint64, is64 bool) uint64 {
	if is64 {
		return f.u64(off)
	}
	return uint64(f.u32(off))
}

func (f fields) at(off, n uint64) []byte {
	if size := uint64(len(f.b)); off > size || n > size-off {
		return nil
	}
	return f.b[off : off+n]
}

// text is a name that a NUL ends, in n bytes.
func (f fields) text(off, n uint64) string {
	b, _, _ := bytes.Cut(f.at(off, n), []byte{0})
	return string(b)
}
