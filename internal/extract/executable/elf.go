package executable

import (
	"bytes"
	"encoding/binary"
	"io"
)

// parseELF reads ELF headers, see elf(5). The table of sections is read where it stands in the head (linkers of their own, such as Go's, put it
// there) or where there is random access; the names of sections only with random access.
func parseELF(head []byte, ra io.ReaderAt, size int64) *File {
	if len(head) < 52 {
		return nil
	}
	x := &File{Format: ELF, Order: binary.LittleEndian, Is64: head[4] == 2}
	if head[5] == 2 {
		x.Order = binary.BigEndian
	}
	f := Fields{head, x.Order}
	if kind := f.U16(16); kind != 2 && kind != 3 { // ET_EXEC, ET_DYN
		return nil
	}
	phoff, shoff, at := f.U64(32), f.U64(40), uint64(54)
	if !x.Is64 {
		phoff, shoff, at = uint64(f.U32(28)), uint64(f.U32(32)), 42
	}
	phentsize, phnum := uint64(f.U16(at)), uint64(f.U16(at+2))
	shentsize, shnum, shstrndx := uint64(f.U16(at+4)), uint64(f.U16(at+6)), uint64(f.U16(at+8))

	// UPX leaves no sections, and writes its mark after the program headers.
	if shnum == 0 && bytes.Contains(head[:min(len(head), 4096)], []byte("UPX!")) {
		x.Packed = true
		return x
	}
	if phoff > uint64(len(head)) {
		return x
	}
	for i := range min(phnum, limit) {
		p := phoff + i*phentsize
		if f.At(p, 32) == nil {
			break
		}
		var flags uint32
		var off, addr, size uint64
		if x.Is64 {
			flags, off, addr, size = f.U32(p+4), f.U64(p+8), f.U64(p+16), f.U64(p+32)
		} else {
			flags, off, addr, size = f.U32(p+24), uint64(f.U32(p+4)), uint64(f.U32(p+8)), uint64(f.U32(p+16))
		}
		const ptLoad, pfX, pfW = 1, 1, 2
		if f.U32(p) == ptLoad {
			x.addSegment(addr, off, size, flags&(pfX|pfW) == pfW)
		}
	}
	x.sections(f, ra, size, shoff, shentsize, shnum, shstrndx)
	return x
}

// sections reads the table of sections.
func (x *File) sections(head Fields, ra io.ReaderAt, size int64, shoff, shentsize, shnum, shstrndx uint64) {
	const largestNames = 1 << 20
	const null, noBits, alloc = 0, 8, 2
	if shnum == 0 {
		return
	}
	if shnum > limit || shentsize < 40 || shentsize > 128 {
		x.Damaged = "the ELF header tells of a table of sections that cannot be one"
		return
	}
	if size >= 0 && (shoff > uint64(size) || shentsize*shnum > uint64(size)-shoff) {
		x.Damaged = "the table of sections is cut off"
		return
	}
	table := Fields{head.At(shoff, shentsize*shnum), x.Order}
	if table.Bytes == nil {
		if ra == nil || size < 0 {
			return
		}
		table.Bytes = make([]byte, shentsize*shnum)
		if n, _ := ra.ReadAt(table.Bytes, int64(shoff)); n < len(table.Bytes) {
			x.Damaged = "the table of sections is cut off"
			return
		}
	}
	section := func(i uint64) (nameAt, addr, off, size uint64, mapped bool) {
		s := i * shentsize
		if kind := table.U32(s + 4); kind == null || kind == noBits {
			return 0, 0, 0, 0, false
		}
		if x.Is64 {
			return uint64(table.U32(s)), table.U64(s + 16), table.U64(s + 24), table.U64(s + 32), table.U64(s+8)&alloc != 0
		}
		return uint64(table.U32(s)), uint64(table.U32(s + 12)), uint64(table.U32(s + 16)), uint64(table.U32(s + 20)), table.U32(s+8)&alloc != 0
	}
	names := Fields{Order: x.Order}
	if ra != nil && shstrndx > 0 && shstrndx < shnum { // zero: there are no names
		_, _, off, n, _ := section(shstrndx)
		if off <= uint64(size) && n <= largestNames {
			names.Bytes = make([]byte, n)
			if n, _ := ra.ReadAt(names.Bytes, int64(off)); n == len(names.Bytes) {
				x.Named = true
			} else {
				names.Bytes = nil
			}
		}
		if !x.Named {
			x.Damaged = "the names of the sections cannot be read"
		}
	} else if ra != nil && shstrndx >= shnum {
		x.Damaged = "the names of the sections cannot be read"
	}
	for i := range shnum {
		nameAt, addr, off, n, mapped := section(i)
		name := ""
		if x.Named {
			name = names.Text(nameAt, min(maxName, uint64(len(names.Bytes))-min(nameAt, uint64(len(names.Bytes)))))
		}
		x.addSection(name, addr, off, n, mapped)
	}
}

// maxName is the longest name of a section that is read: a table of names may be shared by all sections, and each copy costs.
const maxName = 64
