package executable

import (
	"bytes"
	"encoding/binary"
)

func isMachO(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xfe\xed\xfa")) || len(head) > 4 && bytes.HasPrefix(head[1:], []byte("\xfa\xed\xfe"))
}

// Fat gives where the first architecture of a fat Mach-O file begins. The class files of Java begin with the
// same four bytes; where a fat file has its small number of architectures they have their version, from 45 on.
func Fat(head []byte) (int64, bool) {
	f := Fields{head, binary.BigEndian}
	arches := f.U32(4)
	if arches == 0 || arches > 32 {
		return 0, false
	}
	switch f.U32(0) {
	case 0xcafebabe:
		return int64(f.U32(16)), true
	case 0xcafebabf:
		off := int64(f.U64(16))
		return off, off > 0
	}
	return 0, false
}

// parseMachO reads the load commands of a Mach-O file (mach-o/loader.h).
func parseMachO(head []byte) *File {
	f := Fields{head, binary.LittleEndian}
	if head[0] == 0xfe {
		f.Order = binary.BigEndian
	}
	magic := f.U32(0)
	if magic != 0xfeedfacf && magic != 0xfeedface {
		return nil
	}
	x := &File{
		Format: MachO, Order: f.Order, Is64: magic == 0xfeedfacf, Named: true,
		Packed: bytes.Contains(head[:min(len(head), 4096)], []byte("UPX!")),
	}
	at := uint64(28)
	if x.Is64 {
		at = 32
	}
	for range min(f.U32(16), limit) {
		command, size := f.U32(at), uint64(f.U32(at+4))
		if size < 8 || f.At(at, size) == nil {
			break
		}
		if command == 0x1 || command == 0x19 { // LC_SEGMENT, LC_SEGMENT_64
			x.addMachOSegment(Fields{f.At(at, size), f.Order}, command == 0x19)
		}
		at += size
	}
	return x
}

// addMachOSegment notes one segment and its sections.
func (x *File) addMachOSegment(f Fields, is64 bool) {
	const readWrite = 3
	// segname[16] follows the command; then vmaddr, vmsize, fileoff, filesize, maxprot, initprot, nsects.
	word, protection, header, section := uint64(4), uint64(40), uint64(56), uint64(68)
	if is64 {
		word, protection, header, section = 8, 56, 72, 80
	}
	addr, off, size := f.Word(24, is64), f.Word(24+2*word, is64), f.Word(24+3*word, is64)
	if f.Text(8, 16) != "__PAGEZERO" {
		x.addSegment(addr, off, size, addr != 0 && f.U32(protection) == readWrite && f.U32(protection+4) == readWrite)
	}
	for i := range min(uint64(f.U32(protection+8)), limit) {
		s := header + i*section
		if f.At(s, section) == nil {
			break
		}
		// sectname[16], segname[16], addr, size, then a 4-byte offset.
		x.addSection(f.Text(s, 16), f.Word(s+32, is64), uint64(f.U32(s+32+2*word)), f.Word(s+32+word, is64), true)
	}
}
