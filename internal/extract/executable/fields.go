package executable

import (
	"bytes"
	"encoding/binary"
)

// Fields reads numbers from a header. Out of bounds it gives zero.
type Fields struct {
	Bytes []byte
	Order binary.ByteOrder
}

// U16 is the number of two bytes at an offset.
func (f Fields) U16(off uint64) uint16 {
	if b := f.At(off, 2); b != nil {
		return f.Order.Uint16(b)
	}
	return 0
}

// U32 is the number of four bytes at an offset.
func (f Fields) U32(off uint64) uint32 {
	if b := f.At(off, 4); b != nil {
		return f.Order.Uint32(b)
	}
	return 0
}

// U64 is the number of eight bytes at an offset.
func (f Fields) U64(off uint64) uint64 {
	if b := f.At(off, 8); b != nil {
		return f.Order.Uint64(b)
	}
	return 0
}

// Word reads 8 bytes of a 64-bit header, 4 of another.
func (f Fields) Word(off uint64, is64 bool) uint64 {
	if is64 {
		return f.U64(off)
	}
	return uint64(f.U32(off))
}

// At gives n bytes at an offset, or nil.
func (f Fields) At(off, n uint64) []byte {
	if size := uint64(len(f.Bytes)); off > size || n > size-off {
		return nil
	}
	return f.Bytes[off : off+n]
}

// Text is a name that a NUL ends, in n bytes.
func (f Fields) Text(off, n uint64) string {
	b, _, _ := bytes.Cut(f.At(off, n), []byte{0})
	return string(b)
}
