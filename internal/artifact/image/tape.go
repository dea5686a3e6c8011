package image

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	// keepMember and keepMembers bound the small files, manifests and configs, that stay in memory from the first pass.
	keepMember  = 256 << 10
	keepMembers = 32 << 20
	// maxPasses bounds how often an archive is decompressed from its beginning, on average: an honest one takes two
	// passes, one for the index and one for the layers in their order.
	maxPasses = 16
)

// tape is an archive that is compressed as a whole (docker save | gzip). It can only be read front to back, so its layers
// are read one at a time, in the order in which they lie there: one pass for all. Whoever asks for a part that went by
// has it wound back. Nothing is written to disk, and small files are kept from the first pass.
type tape struct {
	file   backing
	src    *source
	stored int64 // bytes of the file

	reading sync.Mutex // held while a part is being read
	raw     *rawReader
	r       io.Reader
	done    func()
	pos     int64 // in the decompressed bytes

	size  int64 // decompressed bytes, known after the first pass
	wound int64 // bytes that were decompressed, in all passes
	kept  map[int64][]byte
}

func newTape(f backing, size int64, src *source) *tape {
	return &tape{file: f, src: src, stored: size, kept: map[int64][]byte{}}
}

// rewind goes back to the beginning.
func (t *tape) rewind(ctx context.Context) error {
	t.stop()
	raw := &rawReader{r: io.NewSectionReader(t.file, 0, t.stored), ctx: ctx}
	in := bufio.NewReaderSize(raw, 64<<10)
	head, _ := in.Peek(6)
	r, done, err := unpack(ctx, t.src, in, sniff(head))
	if err != nil {
		return err
	}
	t.raw, t.r, t.done, t.pos = raw, r, done, 0
	return nil
}

func (t *tape) stop() {
	if t.done != nil {
		t.done()
	}
	t.raw, t.r, t.done = nil, nil, nil
}

// Read reads on. The limits of the artifact hold for what comes out of the decompressor.
func (t *tape) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.pos += int64(n)
	t.wound += int64(n)
	lim := t.src.limits
	switch {
	case t.pos > lim.TotalBytes:
		return n, limitError(artifact.BytesLimit, "more than %d bytes when decompressed", lim.TotalBytes)
	case t.pos > ratioFrom && t.pos/lim.Ratio > t.raw.n:
		return n, limitError(artifact.RatioLimit, "%d bytes were decompressed from %d, more than %d to 1", t.pos, t.raw.n, lim.Ratio)
	case t.size > 0 && t.wound/maxPasses > max(t.size, ratioFrom/maxPasses):
		return n, limitError(artifact.BytesLimit, "the compressed archive would have to be read more than %d times", maxPasses)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = decodeError(err, t.raw)
	}
	return n, err
}

// index reads the whole tape once and tells of each member. The member's content is behind r, and is kept where it is small.
func (t *tape) index(ctx context.Context, tell func(hdr *tar.Header, off int64) error) error {
	t.reading.Lock()
	defer t.reading.Unlock()
	if err := t.rewind(ctx); err != nil {
		return err
	}
	defer func() { t.size = max(t.pos, 1); t.stop() }()
	heads := &headers{}
	heads.tr = tar.NewReader(readerFunc(func(p []byte) (int, error) {
		n, err := t.Read(p)
		if limit := heads.read(n, len(p)); limit != nil {
			return n, limit
		}
		return n, err
	}))
	kept := int64(0)
	for {
		hdr, err := heads.next(false)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		off := t.pos
		if err := tell(hdr, off); err != nil {
			return err
		}
		if hdr.Typeflag != tar.TypeReg || hdr.Size > keepMember || kept+hdr.Size > keepMembers || isSparse(hdr) {
			continue
		}
		b, err := io.ReadAll(heads.tr)
		if err != nil {
			return err
		}
		kept += int64(len(b))
		t.kept[off] = b
	}
}

// section gives a part of the decompressed bytes. No other part can be read until it is closed.
func (t *tape) section(ctx context.Context, off, size int64) (io.Reader, func() error, error) {
	if b, ok := t.kept[off]; ok && int64(len(b)) >= size {
		return bytes.NewReader(b[:size]), func() error { return nil }, nil
	}
	t.reading.Lock()
	if t.r == nil || t.pos > off {
		if err := t.rewind(ctx); err != nil {
			t.reading.Unlock()
			return nil, nil, err
		}
	}
	t.raw.ctx = ctx
	if _, err := io.CopyN(io.Discard, t, off-t.pos); err != nil {
		t.stop()
		t.reading.Unlock()
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w: the archive breaks off", artifact.ErrCorrupt)
		}
		return nil, nil, err
	}
	return io.LimitReader(t, size), func() error { t.reading.Unlock(); return nil }, nil
}

func (t *tape) close() error {
	t.stop()
	return t.file.Close()
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
