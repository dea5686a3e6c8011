package image

import (
	"archive/tar"
	"context"
	"errors"
	"io"
)

// windowBytes is enough for the headers and small files that follow each other; what is skipped is not read.
const windowBytes = 16 << 10

// window reads a plain tar through a small buffer and seeks over what nobody asked for.
type window struct {
	ctx   context.Context // of one walk; the window lives no longer
	at    io.ReaderAt
	heads *headers // told of each read
	size  int64
	pos   int64
	start int64 // of buf
	buf   []byte
}

func newWindow(ctx context.Context, at io.ReaderAt, size int64) *window {
	w := &window{ctx: ctx, at: at, size: size, buf: make([]byte, 0, windowBytes)}
	w.heads = &headers{}
	w.heads.tr = tar.NewReader(w)
	return w
}

// next moves to the next header of the tar that the window shows.
func (w *window) next() (*tar.Header, error) { return w.heads.next(true) }

func (w *window) Read(p []byte) (int, error) {
	n, err := w.read(p)
	if limit := w.heads.read(n, len(p)); limit != nil {
		return n, limit
	}
	return n, err
}

func (w *window) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if off := w.pos - w.start; off >= 0 && off < int64(len(w.buf)) {
		n := copy(p, w.buf[off:])
		w.pos += int64(n)
		return n, nil
	}
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	left := w.size - w.pos
	if left <= 0 {
		return 0, io.EOF
	}
	if len(p) >= windowBytes {
		n, err := w.at.ReadAt(p[:min(int64(len(p)), left)], w.pos)
		w.pos += int64(n)
		return n, atEnd(n, err)
	}
	n, err := w.at.ReadAt(w.buf[:min(windowBytes, left)], w.pos)
	w.buf, w.start = w.buf[:n], w.pos
	if n == 0 {
		return 0, atEnd(n, err)
	}
	n = copy(p, w.buf)
	w.pos += int64(n)
	return n, nil
}

// atEnd lets an error wait until the bytes before it were used.
func atEnd(n int, err error) error {
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

var errSeek = errors.New("seek past the end")

// Seek moves on; archive/tar uses it to pass over contents.
func (w *window) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += w.pos
	case io.SeekEnd:
		offset += w.size
	}
	if offset < 0 { // also an offset that overflowed
		return 0, errSeek
	}
	w.pos = offset
	return offset, nil
}
