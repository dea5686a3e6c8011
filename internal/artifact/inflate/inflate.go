// Package inflate decompresses gzip members and raw DEFLATE streams (RFC 1952, RFC 1951): most of the time of a scan is
// spent here. It accepts and refuses exactly what compress/gzip does, with the same bytes before an error and the same
// errors, in less than half the time of the next best decoder in pure Go: it loads and copies words, asks once for many
// symbols whether there is input and space, and hands out its window without a copy. Memory is constant, whatever comes.
//
// What it leaves to others: writing, the fields of gzip headers (checked, not kept), preset dictionaries, and stopping
// in time: a bomb inflates as long as somebody reads.
package inflate

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"hash/crc32"
	"io"
)

// Errors are those of the standard library, so that callers need not know which decoder they have:
// ErrHeader and ErrChecksum are of compress/gzip, corrupt streams are a [flate.CorruptInputError], and an end before the
// end is [io.ErrUnexpectedEOF].
var (
	ErrHeader   = gzip.ErrHeader
	ErrChecksum = gzip.ErrChecksum
)

// Reader decompresses a gzip file of any number of members, or one raw DEFLATE stream. It holds about 350 KiB;
// Reset and ResetRaw make it as new.
//
// It reads ahead: up to 64 KiB beyond the end of what it decompresses may be taken from the underlying reader. It asks
// the underlying reader only when everything that was decoded has been handed out.
//
// Only [io.EOF] says that the data was whole; what was read before any other error is as good as its source.
type Reader struct {
	input
	window
	tables

	step  step
	raw   bool // one DEFLATE stream without a header and a trailer
	final bool // the block at work is the last of its stream
	left  int  // what is left of a stored block
	sum   uint32
	size  uint32
	err   error
}

// step is what comes next in the stream.
type step uint8

const (
	atMember step = iota // a header, or the end of the file
	atBlock
	atStored
	atSymbols
	atTrailer
)

// NewReader reads the gzip file in src. Like gzip.NewReader it reads the first header and gives io.EOF for an empty file.
func NewReader(src io.Reader) (*Reader, error) {
	r := new(Reader)
	if err := r.Reset(src); err != nil {
		return nil, err
	}
	return r, nil
}

// NewRawReader reads the DEFLATE stream in src, as it stands in a zip file.
func NewRawReader(src io.Reader) *Reader {
	r := new(Reader)
	r.ResetRaw(src)
	return r
}

// Reset makes r the same as the result of NewReader(src), and keeps its memory.
func (r *Reader) Reset(src io.Reader) error {
	r.start(src, false)
	r.err = r.readHeader()
	return r.err
}

// ResetRaw makes r the same as the result of NewRawReader(src), and keeps its memory.
func (r *Reader) ResetRaw(src io.Reader) {
	r.start(src, true)
	r.step = atBlock
}

func (r *Reader) start(src io.Reader, raw bool) {
	r.input.reset(src)
	r.window.reset()
	r.step, r.raw, r.final, r.left, r.sum, r.size, r.err = atMember, raw, false, 0, 0, 0, nil
}

// Next hands out the next piece of decoded data, never empty, which is valid until the next call of a method of r.
// Every piece that could be decoded comes before the error.
func (r *Reader) Next() ([]byte, error) {
	for r.out == r.pos {
		if r.err != nil {
			return nil, r.err
		}
		r.slide()
		r.err = r.decode()
	}
	p := r.buf[r.out:r.pos]
	r.out = r.pos
	return p, nil
}

// Read implements [io.Reader].
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		if r.out == r.pos {
			return 0, r.err
		}
		return 0, nil
	}
	b, err := r.Next()
	if err != nil {
		return 0, err
	}
	n := copy(p, b)
	r.out -= len(b) - n
	return n, nil
}

// WriteTo implements [io.WriterTo].
func (r *Reader) WriteTo(w io.Writer) (total int64, err error) {
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		n, err := w.Write(b)
		total += int64(n)
		if err != nil {
			return total, err
		}
		if n != len(b) {
			return total, io.ErrShortWrite
		}
	}
}

// Close does nothing: the underlying reader belongs to its owner, and memory to the collector.
func (r *Reader) Close() error { return nil }

// decode goes on until there is something to hand out, and gives the error that comes behind it.
func (r *Reader) decode() error {
	for {
		before := r.pos
		err := r.advance()
		if !r.raw && r.pos > before {
			r.sum = crc32.Update(r.sum, crc32.IEEETable, r.buf[before:r.pos])
			r.size += uint32(r.pos - before)
		}
		switch {
		case errors.Is(err, errMore) && r.pos > r.out, errors.Is(err, errFull):
			return nil
		case errors.Is(err, errMore):
			err = r.fill()
		}
		if err != nil {
			return err
		}
	}
}

// advance does one step. errMore and errFull say that it is to be called again, with more input or more space.
func (r *Reader) advance() error {
	switch r.step {
	case atMember:
		if r.pos > r.out {
			return errMore
		}
		return r.readHeader()
	case atBlock:
		return r.readBlock()
	case atStored:
		return r.stored()
	case atSymbols:
		return r.symbols()
	case atTrailer:
		return r.readTrailer()
	}
	panic("inflate: no such step")
}

// endBlock goes to what follows a block.
func (r *Reader) endBlock() error {
	switch {
	case !r.final:
		r.step = atBlock
	case r.raw:
		return io.EOF
	default:
		r.step = atTrailer
	}
	return nil
}

func (r *Reader) corrupt() error { return flate.CorruptInputError(r.offset()) }
