package inflate_test

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// bitWriter writes the bits of a DEFLATE stream by hand.
type bitWriter struct {
	b []byte
	n uint
}

func (w *bitWriter) put(v uint64, n uint) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[len(w.b)-1] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// code writes the code word v, highest bit first.
func (w *bitWriter) code(v uint64, n uint) { w.put(bits.Reverse64(v)>>(64-n), n) }

func (w *bitWriter) align() {
	for w.n%8 != 0 {
		w.put(0, 1)
	}
}

func (w *bitWriter) bytes() []byte { return w.b }

func (w *bitWriter) stored(data []byte, final uint64) {
	w.put(final, 3)
	w.align()
	w.put(uint64(len(data)), 16)
	w.put(uint64(^uint16(len(data))), 16)
	for _, c := range data {
		w.put(uint64(c), 8)
	}
}

func (w *bitWriter) fixed(data []byte, final uint64) {
	w.put(final|1<<1, 3)
	for _, c := range data {
		if c < 144 {
			w.code(48+uint64(c), 8)
		} else {
			w.code(400+uint64(c)-144, 9)
		}
	}
	w.code(0, 7)
}

// dynamic writes the header of a dynamic block with code lengths as they come, each in five bits or so.
func (w *bitWriter) dynamic(lits, dists []uint8, final uint64) {
	w.put(final|2<<1, 3)
	w.put(uint64(len(lits)-257), 5)
	w.put(uint64(len(dists)-1), 5)
	w.put(15, 4)
	// The lengths 0 to 15 all get code words of four bits.
	for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
		if symbol < 16 {
			w.put(4, 3)
		} else {
			w.put(0, 3)
		}
	}
	for _, l := range append(append([]uint8{}, lits...), dists...) {
		w.code(uint64(l), 4)
	}
}

func fixedBlock(data []byte) []byte {
	var w bitWriter
	w.fixed(data, 1)
	return w.bytes()
}

// wrap makes a gzip member of a DEFLATE stream that gives data.
func wrap(raw, data []byte) []byte {
	gz := append([]byte{31, 139, 8, 0, 0, 0, 0, 0, 0, 255}, raw...)
	gz = binary.LittleEndian.AppendUint32(gz, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(gz, uint32(len(data)))
}

// everyBlock has stored, empty, fixed and dynamic blocks in turn, at every place in a byte.
func everyBlock(data []byte) []byte {
	var w bitWriter
	lits := make([]uint8, 257)
	for i := range 256 {
		lits[i] = 9
	}
	for i := range 128 {
		lits[i] = 8 // 128/256 + 128/512 = 3/4
	}
	lits[256] = 2
	for i := 0; i < len(data); {
		n := min(1+i%7, len(data)-i)
		part := data[i : i+n]
		switch i % 4 {
		case 0:
			w.stored(part, 0)
		case 1:
			w.fixed(part, 0)
			w.fixed(nil, 0)
		case 2:
			w.dynamic(lits, []uint8{0}, 0)
			for _, c := range part {
				if c < 128 {
					w.code(64+uint64(c), 8)
				} else {
					w.code(384+uint64(c)-128, 9)
				}
			}
			w.code(0, 2)
		case 3:
			w.stored(nil, 0)
			w.stored(part, 0)
		}
		i += n
	}
	w.stored(nil, 1)
	return wrap(w.bytes(), data)
}

const (
	flagSum     = 2
	flagExtra   = 4
	flagName    = 8
	flagComment = 16
)

// gzipOf gives a gzip file, whose header has ten bytes, another header.
func gzipOf(gz []byte, header func(old []byte) []byte) []byte {
	return append(header(gz[:10:10]), gz[10:]...)
}

func withHeader(flags byte) func([]byte) []byte {
	return func(old []byte) []byte {
		h := append([]byte{}, old...)
		h[3] = flags
		if flags&flagExtra != 0 {
			h = append(h, 5, 0, 'e', 'x', 't', 'r', 'a')
		}
		if flags&flagName != 0 {
			h = append(h, "name.tar\x00"...)
		}
		if flags&flagComment != 0 {
			h = append(h, "a comment \xe9\x00"...)
		}
		if flags&flagSum != 0 {
			h = binary.LittleEndian.AppendUint16(h, uint16(crc32.ChecksumIEEE(h)))
		}
		return h
	}
}

func bigExtra(old []byte) []byte {
	h := append([]byte{}, old...)
	h[3] = flagExtra
	return append(append(h, 0xff, 0xff), make([]byte, 0xffff)...)
}
