package golang

import (
	"bytes"
	"encoding/binary"
)

// parseELF reads ELF headers, see elf(5). The Go linker puts the build information into a section .go.buildinfo of a
// writable segment. Where the section's name cannot be read (a stream ends with it) the writable segments are
// searched: in position-independent executables it is not in the first one.
func parseELF(in *input, head []byte) *executable {
	if len(head) < 52 {
		return nil
	}
	f := fields{head, binary.LittleEndian}
	if head[5] == 2 {
		f.order = binary.BigEndian
	}
	is64 := head[4] == 2
	if kind := f.u16(16); kind != 2 && kind != 3 { // ET_EXEC, ET_DYN
		return nil
	}
	phoff, shoff, at := f.u64(32), f.u64(40), uint64(54)
	if !is64 {
		phoff, shoff, at = uint64(f.u32(28)), uint64(f.u32(32)), 42
	}
	phentsize, phnum := uint64(f.u16(at)), uint64(f.u16(at+2))
	shentsize, shnum, shstrndx := uint64(f.u16(at+4)), uint64(f.u16(at+6)), uint64(f.u16(at+8))

	x := &executable{}
	// UPX leaves no sections, and writes its mark after the program headers.
	if shnum == 0 && bytes.Contains(head[:min(len(head), 4096)], []byte("UPX!")) {
		x.packed = true
		return x
	}
	if phoff > uint64(len(head)) {
		return x
	}
	for i := range min(phnum, limit) {
		p := phoff + i*phentsize
		if f.at(p, 32) == nil {
			break
		}
		var flags uint32
		var off, addr, size uint64
		if is64 {
			flags, off, addr, size = f.u32(p+4), f.u64(p+8), f.u64(p+16), f.u64(p+32)
		} else {
			flags, off, addr, size = f.u32(p+24), uint64(f.u32(p+4)), uint64(f.u32(p+8)), uint64(f.u32(p+16))
		}
		const ptLoad, pfX, pfW = 1, 1, 2
		if f.u32(p) == ptLoad {
			x.addSegment(addr, off, size, flags&(pfX|pfW) == pfW)
		}
	}
	if in.ra == nil || shnum == 0 || shstrndx >= shnum || shnum > limit {
		return x
	}
	if sections, ok := goSections(in, f.order, is64, shoff, shentsize, shnum, shstrndx); ok {
		x.data = sections
	}
	return x
}

// goSections finds the sections named .go.buildinfo. ok is false where the table cannot be read.
func goSections(in *input, order binary.ByteOrder, is64 bool, shoff, shentsize, shnum, shstrndx uint64) (found []segment, ok bool) {
	const name = ".go.buildinfo"
	const largestNames = 1 << 20
	if shentsize < 40 || shentsize > 128 || shoff > uint64(in.size) {
		return nil, false
	}
	table := fields{make([]byte, shentsize*shnum), order}
	if n, _ := in.ra.ReadAt(table.b, int64(shoff)); n < len(table.b) {
		return nil, false
	}
	section := func(i uint64) (nameAt, addr, off, size uint64) {
		s := i * shentsize
		if is64 {
			return uint64(table.u32(s)), table.u64(s + 16), table.u64(s + 24), table.u64(s + 32)
		}
		return uint64(table.u32(s)), uint64(table.u32(s + 12)), uint64(table.u32(s + 16)), uint64(table.u32(s + 20))
	}
	_, _, off, size := section(shstrndx)
	if off > uint64(in.size) || size > largestNames {
		return nil, false
	}
	names := fields{make([]byte, size), order}
	if n, _ := in.ra.ReadAt(names.b, int64(off)); n < len(names.b) {
		return nil, false
	}
	var x executable
	for i := range shnum {
		at, addr, off, size := section(i)
		if string(names.at(at, uint64(len(name)+1))) == name+"\x00" {
			x.addSegment(addr, off, size, true)
		}
	}
	return x.data, true
}
