package executable

import (
	"bytes"
	"encoding/binary"
)

// parsePE reads the headers of a Portable Executable, see
// https://learn.microsoft.com/windows/win32/debug/pe-format.
func parsePE(head []byte) *File {
	f := Fields{head, binary.LittleEndian}
	pe := uint64(f.U32(0x3c))
	if string(f.At(pe, 4)) != "PE\x00\x00" {
		return nil
	}
	sections, optional := uint64(f.U16(pe+6)), uint64(f.U16(pe+20))
	x := &File{Format: PE, Order: f.Order, Named: true, Packed: bytes.Contains(head[:min(len(head), 4096)], []byte("UPX!"))}
	var base uint64
	switch f.U16(pe + 24) {
	case 0x10b: // PE32
		base = uint64(f.U32(pe + 24 + 28))
	case 0x20b: // PE32+
		base, x.Is64 = f.U64(pe+24+24), true
	}
	for i := range min(sections, limit) {
		s := pe + 24 + optional + i*40
		if f.At(s, 40) == nil {
			break
		}
		name := f.Text(s, 8)
		if name == "UPX0" || name == "UPX1" {
			x.Packed = true
		}
		const initialised, readable, writable, aligned = 0x40, 0x40000000, 0x80000000, 0x600000
		addr, size, off := uint64(f.U32(s+12)), uint64(f.U32(s+16)), uint64(f.U32(s+20))
		x.addSegment(base+addr, off, size, addr != 0 && f.U32(s+36)&^aligned == initialised|readable|writable)
		// The size in the file is rounded up to whole sectors; what is real is the size in memory, where it is smaller.
		if virtual := uint64(f.U32(s + 8)); virtual > 0 {
			size = min(size, virtual)
		}
		x.addSection(name, base+addr, off, size, true)
	}
	return x
}
