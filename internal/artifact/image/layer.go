package image

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// opened is a blob that is ready to be read, one of two ways.
type opened struct {
	at    io.ReaderAt // random access; nil for a stream
	r     io.Reader   // the stream, where at is nil
	size  int64       // of the blob; -1 where it is not known
	close func() error
}

// opener opens a blob; each call gives an independent reader.
type opener func(ctx context.Context) (*opened, error)

// layer reads one layer of a source.
type layer struct {
	src    *source
	index  int
	open   opener
	digest digest // of the blob as stored, where a manifest names it
	size   int64  // as the manifest says; -1 where it does not
	diffID digest // where the config names it
	member string // path in a docker-archive; empty where blobs are named by their digest
	always bool   // check the digest of plain blobs too: they came over a network

	// The furthest that any walk came: a second walk is charged only for what the first did not reach.
	bytes, entries, names atomic.Int64
}

// Walk calls visit for each entry. See [artifact.LayerReader].
func (l *layer) Walk(ctx context.Context, visit func(*artifact.Entry) error) error {
	ctx, cancel := l.src.withDeadline(ctx)
	defer cancel()
	err := l.walk(ctx, visit)
	if stop, is := errors.AsType[*visitError](err); is {
		if errors.Is(stop.err, fs.SkipAll) {
			return nil
		}
		return stop.err
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("reading layer %d: %w", l.index, err)
	}
	return nil
}

// visitError carries what visit returned through the walk, to be told apart from what was met while reading.
type visitError struct{ err error }

func (e *visitError) Error() string { return e.err.Error() }
func (e *visitError) Unwrap() error { return e.err }

func (l *layer) walk(ctx context.Context, visit func(*artifact.Entry) error) (err error) {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	o, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()

	m := &meter{layer: l, ctx: ctx}
	if o.at != nil {
		var head [6]byte
		n, err := o.at.ReadAt(head[:], 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		checked := l.src.opts.VerifyPlain && l.digest != "" || l.src.opts.VerifyDiffIDs && l.diffID != ""
		if sniff(head[:n]) == plain && !checked {
			win := newWindow(ctx, o.at, o.size)
			if err := walkTar(win.heads.tr, win, win, m, visit); err != nil {
				return err
			}
			return l.checkSize(o.size)
		}
		o.r = io.NewSectionReader(o.at, 0, o.size)
	}
	return l.walkStream(ctx, o, m, visit)
}

// walkStream reads the layer front to back, unpacking and checking on the way.
func (l *layer) walkStream(ctx context.Context, o *opened, m *meter, visit func(*artifact.Entry) error) error {
	raw := &rawReader{r: o.r, ctx: ctx}
	m.raw = raw
	in := bufio.NewReaderSize(raw, 64<<10)
	head, _ := in.Peek(6)
	if raw.err != nil {
		return raw.err
	}
	form := sniff(head)
	if l.digest != "" && (form != plain || l.always || l.src.opts.VerifyPlain) {
		if err := raw.check(l.digest); err != nil {
			return err
		}
		raw.sum.Write(peekAll(in)) // what is buffered went by before the sum was there
	}
	unpacked, done, err := unpack(ctx, l.src, in, form)
	if err != nil {
		return err
	}
	defer done()
	tarBytes := newTarReader(unpacked, m)
	if l.src.opts.VerifyDiffIDs && l.diffID != "" {
		if err := tarBytes.check(l.diffID); err != nil {
			return err
		}
	}
	err = walkTar(tarBytes.heads.tr, tarBytes, nil, m, visit)
	if err == nil {
		err = tarBytes.finish()
	}
	if _, is := errors.AsType[*visitError](err); is {
		return err
	}
	if _, is := errors.AsType[*artifact.ErrLimit](err); is {
		return err // what a limit cut short cannot be checked
	}
	if raw.err != nil {
		return raw.err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if bad := l.verify(in, raw); bad != nil {
		if err != nil {
			return fmt.Errorf("%w (and: %w)", bad, err)
		}
		return bad
	}
	return err
}

// verify reads what is left of the blob and compares its digest and size.
func (l *layer) verify(in *bufio.Reader, raw *rawReader) error {
	if raw.sum == nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	if got := raw.digest(); got != l.digest {
		return fmt.Errorf("%w: blob %s has the digest %s", artifact.ErrDigest, l.digest, got)
	}
	return l.checkSize(raw.n)
}

func (l *layer) checkSize(got int64) error {
	if l.size >= 0 && got >= 0 && l.size != got {
		return fmt.Errorf("%w: the manifest says %d bytes, the blob has %d", artifact.ErrDigest, l.size, got)
	}
	return nil
}

// peekAll is what in holds without reading on.
func peekAll(in *bufio.Reader) []byte {
	b, _ := in.Peek(in.Buffered())
	return bytes.Clone(b)
}
