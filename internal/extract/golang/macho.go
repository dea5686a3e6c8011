package golang

import (
	"bytes"
	"encoding/binary"
)

func isMachO(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xfe\xed\xfa")) || len(head) > 4 && bytes.HasPrefix(head[1:], []byte("\xfa\xed\xfe"))
}

// fatOffset gives where the first architecture of a fat Mach-O file begins. The class files of Java begin with the
// same four bytes, where a fat file has its small number of architectures they have their version, from 45 on.
func fatOffset(head []byte) (int64, bool) {
	f := fields{head, binary.BigEndian}
	arches := f.u32(4)
	if arches == 0 || arches > 32 {
		return 0, false
	}
	switch f.u32(0) {
	case 0xcafebabe:
		return int64(f.u32(16)), true
	case 0xcafebabf:
		off := int64(f.u64(16))
		return off, off > 0
	}
	return 0, false
}

// parseMachO reads the load commands of a Mach-O file (mach-o/loader.h). The build information stands in a section
// __go_buildinfo, or at the front of the first writable segment.
func parseMachO(head []byte) *executable {
	f := fields{head, binary.LittleEndian}
	if head[0] == 0xfe {
		f.order = binary.BigEndian
	}
	magic := f.u32(0)
	is64 := magic == 0xfeedfacf
	if !is64 && magic != 0xfeedface {
		return nil
	}
	x := &executable{packed: bytes.Contains(head[:min(len(head), 4096)], []byte("UPX!"))}
	var named []segment
	at := uint64(28)
	if is64 {
		at = 32
	}
	for range min(f.u32(16), limit) {
		command, size := f.u32(at), uint64(f.u32(at+4))
		if size < 8 || f.at(at, size) == nil {
			break
		}
		if command == 0x1 || command == 0x19 { // LC_SEGMENT, LC_SEGMENT_64
			found := x.addMachOSegment(fields{f.at(at, size), f.order}, command == 0x19)
			named = append(named, found...)
		}
		at += size
	}
	if len(named) > 0 {
		x.data = named
	}
	return x
}

// addMachOSegment notes one segment and returns its sections of build information.
func (x *executable) addMachOSegment(f fields, is64 bool) []segment {
	const readWrite = 3
	// segname[16] follows the command; then vmaddr, vmsize, fileoff, filesize, maxprot, initprot, nsects.
	word, protection, header, section := uint64(4), uint64(40), uint64(56), uint64(68)
	if is64 {
		word, protection, header, section = 8, 56, 72, 80
	}
	addr, off, size := f.word(24, is64), f.word(24+2*word, is64), f.word(24+3*word, is64)
	if f.text(8, 16) != "__PAGEZERO" {
		data := len(x.data) == 0 && addr != 0 && f.u32(protection) == readWrite && f.u32(protection+4) == readWrite
		x.addSegment(addr, off, size, data)
	}
	var found executable
	for i := range min(uint64(f.u32(protection+8)), limit) {
		s := header + i*section
		if f.at(s, section) == nil {
			break
		}
		if f.text(s, 16) == "__go_buildinfo" {
			// sectname[16], segname[16], addr, size, then a 4-byte offset.
			found.addSegment(f.word(s+32, is64), uint64(f.u32(s+32+2*word)), f.word(s+32+word, is64), true)
		}
	}
	return found.data
}
