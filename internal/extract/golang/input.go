package golang

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	headSize   = 32 << 10 // holds the headers of executables, and the mark of a Go linker
	windowSize = 64 << 10 // what is looked at in one go
)

// input is the bytes of one file, to be read front to back; backwards too where there is random access.
type input struct {
	alive func() error // the error of the context, asked before each read
	ra    io.ReaderAt  // nil for a stream
	r     io.Reader    // the stream; for random access a section from pos on

	size   int64  // of the file
	buf    []byte // the window's memory
	window []byte // unread bytes at pos, a part of buf
	pos    int64  // offset in the file of window[0]
	eof    bool   // r is at its end, only the window is left
}

func newInput(ctx context.Context, r io.Reader, ra io.ReaderAt, size int64, buf []byte) *input {
	in := &input{alive: ctx.Err, ra: ra, r: r, size: size, buf: buf}
	if ra != nil {
		in.r = io.NewSectionReader(ra, 0, size)
	}
	return in
}

// peek gives the next n bytes, at most a window, without taking them; fewer only at the end of the file.
func (in *input) peek(n int) ([]byte, error) {
	n = min(n, len(in.buf))
	if len(in.window) >= n || in.eof {
		return in.window[:min(n, len(in.window))], nil
	}
	if err := in.alive(); err != nil {
		return nil, err
	}
	have := copy(in.buf, in.window)
	for have < n {
		m, err := in.r.Read(in.buf[have:n])
		have += m
		if errors.Is(err, io.EOF) {
			in.eof = true
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading at %d: %w", in.pos+int64(have), err)
		}
	}
	in.window = in.buf[:have]
	return in.window[:min(n, have)], nil
}

// take moves n bytes on, all of which were peeked.
func (in *input) take(n int) {
	in.window = in.window[n:]
	in.pos += int64(n)
}

// seek moves to an offset. A stream shows what it passes to seen, if that is set: overlap bytes at the end of each
// piece are shown again at the beginning of the next. It returns false where the file ends before, or where the
// offset lies behind in a stream.
func (in *input) seek(off int64, seen *recorder) (bool, error) {
	if off < 0 || off > in.size {
		return false, nil
	}
	if in.ra != nil {
		if d := off - in.pos; d >= 0 && d <= int64(len(in.window)) {
			in.take(int(d))
			return true, nil
		}
		in.r = io.NewSectionReader(in.ra, off, in.size-off)
		in.window, in.pos, in.eof = nil, off, false
		return true, nil
	}
	for in.pos < off {
		w, err := in.peek(int(min(windowSize, off-in.pos)))
		if err != nil {
			return false, err
		}
		if len(w) == 0 {
			return false, nil
		}
		if seen != nil {
			seen.show(w, in.pos)
			if keep := min(overlap, len(w)-1); in.pos+int64(len(w)) < off {
				w = w[:len(w)-keep]
			}
		}
		in.take(len(w))
	}
	return in.pos == off, nil
}

// read takes n bytes, in memory that grows with what is really there. Fewer than n is [artifact.ErrCorrupt].
func (in *input) read(n int64) ([]byte, error) {
	var out []byte
	for n > 0 {
		w, err := in.peek(int(min(n, windowSize)))
		if err != nil {
			return nil, err
		}
		if len(w) == 0 {
			return nil, fmt.Errorf("file ends at %d: %w", in.pos, artifact.ErrCorrupt)
		}
		out = append(out, w...)
		in.take(len(w))
		n -= int64(len(w))
	}
	return out, nil
}
