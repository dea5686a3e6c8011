package inflate

import (
	"encoding/binary"
	"errors"
	"io"
)

// These two never leave the package.
var (
	errMore = errors.New("more input needed")
	errFull = errors.New("window full")
)

const (
	inSize = 64 << 10
	inMask = inSize - 1
	// maxEmptyReads is how often a reader may give nothing and no error, as in bufio.
	maxEmptyReads = 100
)

// input is the compressed side: a buffer, and the place in it to the bit.
type input struct {
	src    io.Reader
	srcErr error
	from   int64 // how far into the stream in[0] is
	inPos  int   // the byte to which the next bit belongs
	inBit  uint  // the next bit in it, below 8
	inEnd  int
	in     [inSize + 8]byte // eight more, so that eight bytes can be loaded from everywhere
}

func (in *input) reset(src io.Reader) {
	in.src, in.srcErr, in.from = src, nil, 0
	in.inPos, in.inBit, in.inEnd = 0, 0, 0
}

func (in *input) offset() int64 { return in.from + int64(in.inPos) }

// fill takes at least one byte more from the source. Its error is that of the source, an end being unexpected.
func (in *input) fill() error {
	if in.inPos > 0 {
		copy(in.in[:], in.in[in.inPos:in.inEnd])
		in.from += int64(in.inPos)
		in.inEnd -= in.inPos
		in.inPos = 0
	}
	for range maxEmptyReads {
		if in.srcErr != nil {
			break
		}
		var n int
		n, in.srcErr = in.src.Read(in.in[in.inEnd:inSize])
		if n < 0 || n > inSize-in.inEnd {
			in.srcErr = errors.New("inflate: reader returned an impossible count")
			break
		}
		in.inEnd += n
		if n > 0 {
			return nil
		}
	}
	if in.srcErr == nil {
		in.srcErr = io.ErrNoProgress
	}
	return noEOF(in.srcErr)
}

// peek gives the next n bits, up to 57 of them, lowest first; those beyond n are zero.
func (in *input) peek() (bits uint64, n uint) {
	bits = binary.LittleEndian.Uint64(in.in[in.inPos:in.inPos+8]) >> (in.inBit & 7)
	n = min(uint(in.inEnd-in.inPos), 8) * 8
	if n <= in.inBit {
		return 0, 0
	}
	n = min(n-in.inBit, 57)
	return bits & (1<<n - 1), n
}

func (in *input) skip(n uint) {
	n += in.inBit
	in.inPos += int(n >> 3)
	in.inBit = n & 7
}

// align drops what is left of a byte that was begun.
func (in *input) align() {
	if in.inBit > 0 {
		in.inBit = 0
		in.inPos++
	}
}

// take gives the next n bytes, n being small, and waits for them. Without an error it gives all.
func (in *input) take(n int) ([]byte, error) {
	for in.inEnd-in.inPos < n {
		if err := in.fill(); err != nil {
			return nil, err
		}
	}
	in.inPos += n
	return in.in[in.inPos-n : in.inPos], nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
