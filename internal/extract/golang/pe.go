package golang

import (
	"bytes"
	"encoding/binary"
)

// parsePE reads the headers of a Portable Executable, see
// https://learn.microsoft.com/windows/win32/debug/pe-format. Build information stands at the front of the first
// section of initialised, writable data.
func parsePE(head []byte) *executable {
	f := fields{head, binary.LittleEndian}
	pe := uint64(f.u32(0x3c))
	if string(f.at(pe, 4)) != "PE\x00\x00" {
		return nil
	}
	sections, optional := uint64(f.u16(pe+6)), uint64(f.u16(pe+20))
	var base uint64
	switch f.u16(pe + 24) {
	case 0x10b: // PE32
		base = uint64(f.u32(pe + 24 + 28))
	case 0x20b: // PE32+
		base = f.u64(pe + 24 + 24)
	}
	x := &executable{packed: bytes.Contains(head[:min(len(head), 4096)], []byte("UPX!"))}
	for i := range sections {
		s := pe + 24 + optional + i*40
		if f.at(s, 40) == nil {
			break
		}
		if name := f.text(s, 8); name == "UPX0" || name == "UPX1" {
			x.packed = true
		}
		const initialised, readable, writable, aligned = 0x40, 0x40000000, 0x80000000, 0x600000
		addr, size, off := uint64(f.u32(s+12)), uint64(f.u32(s+16)), uint64(f.u32(s+20))
		data := len(x.data) == 0 && addr != 0 && size != 0 &&
			f.u32(s+36)&^aligned == initialised|readable|writable
		x.addSegment(base+addr, off, size, data)
	}
	return x
}
