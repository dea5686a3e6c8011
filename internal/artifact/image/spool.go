package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// spoolMemory is how much of an archive that comes as a stream stays in memory. A longer one goes to a temporary file,
// which has no name from the beginning, so that nothing is left of it however the program ends.
//
// An archive cannot be read as it streams by: which of its files are layers, and in which order, is told by manifest.json,
// which docker save and podman save write behind them.
const spoolMemory = 8 << 20

// Kept is a stream of which all is at hand: random access to what was read. Close gives up its memory or file.
type Kept struct {
	backing
	size int64
}

// Size is how many bytes there are.
func (k *Kept) Size() int64 { return k.size }

// Keep reads a stream, such as standard input, to its end. A regular file is not read but used in place, from its current
// offset on. Of others up to 8 MiB stay in memory, and longer ones in a temporary file without a name, of at most
// Limits.TotalBytes.
//
// A stream whose other end never writes is given up when ctx ends; the read that is waiting then stays behind.
func Keep(ctx context.Context, in io.Reader, lim artifact.Limits) (*Kept, error) {
	b, size, err := keepStream(ctx, in, lim.WithDefaults().TotalBytes)
	if err != nil {
		return nil, err
	}
	return &Kept{b, size}, nil
}

// OpenKept opens an archive such as [OpenArchive] opens as a file. kept is closed with the source, or here on an error.
func OpenKept(ctx context.Context, kept *Kept, opts Options) (artifact.Source, error) {
	return newSource(opts).openKept(ctx, kept, kept.size, selection{})
}

// openKept opens an archive; kept is closed with the source, or at once on an error.
func (s *source) openKept(ctx context.Context, kept backing, size int64, sel selection) (artifact.Source, error) {
	a, err := s.openTar(ctx, kept, size)
	if err != nil {
		return nil, err
	}
	s.close = a.close
	if err := s.openMembers(ctx, a, sel); err != nil {
		_ = a.close()
		return nil, err
	}
	if a.tape != nil {
		return &orderedSource{s, a}, nil
	}
	return s, nil
}

// backing holds the bytes of an archive.
type backing interface {
	io.ReaderAt
	io.Closer
}

// memory is a short archive.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// unlinked is a temporary file that may still have its name, where a system does not let open files be removed.
type unlinked struct {
	*os.File
	name string // empty where it is removed already
}

func (u *unlinked) Close() error {
	err := u.File.Close()
	if u.name != "" {
		err = errors.Join(err, os.Remove(u.name))
	}
	return err
}

// section is a part of a file that belongs to someone else.
type section struct{ *io.SectionReader }

func (section) Close() error { return nil }

// keepStream makes random access of a stream of at most limit bytes.
func keepStream(ctx context.Context, in io.Reader, limit int64) (backing, int64, error) {
	if f, is := in.(*os.File); is {
		if fi, err := f.Stat(); err == nil && fi.Mode().IsRegular() {
			at, err := f.Seek(0, io.SeekCurrent)
			if err != nil {
				return nil, 0, err
			}
			size := max(fi.Size()-at, 0)
			return section{io.NewSectionReader(f, at, size)}, size, nil
		}
	}
	in = newPatient(ctx, in)
	var head bytes.Buffer
	n, err := io.CopyN(&head, in, min(spoolMemory, limit)+1)
	if errors.Is(err, io.EOF) {
		return memory{bytes.NewReader(head.Bytes())}, n, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if n > limit {
		return nil, 0, limitError(artifact.BytesLimit, "a stream of more than %d bytes", limit)
	}
	tmp, err := temporary()
	if err != nil {
		return nil, 0, err
	}
	size, err := io.Copy(tmp, io.MultiReader(&head, io.LimitReader(in, limit-n+1)))
	if err == nil && size > limit {
		err = limitError(artifact.BytesLimit, "a stream of more than %d bytes", limit)
	}
	if err != nil {
		_ = tmp.Close()
		if _, is := errors.AsType[*os.PathError](err); is {
			err = fmt.Errorf("keeping it in a temporary file (TMPDIR says where): %w", err)
		}
		return nil, 0, err
	}
	return tmp, size, nil
}

func temporary() (*unlinked, error) {
	f, err := os.CreateTemp("", "sightline-*.tar")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file (TMPDIR says where): %w", err)
	}
	u := &unlinked{File: f}
	if os.Remove(f.Name()) != nil {
		u.name = f.Name()
	}
	return u, nil
}

// patient reads from a pipe, whose reads wait and cannot be ended, and gives up with its context.
type patient struct {
	ctx   context.Context // of the one call that reads it all
	read  chan chunk
	give  chan []byte
	rest  []byte
	whole []byte
	err   error
}

type chunk struct {
	n   int
	err error
}

func newPatient(ctx context.Context, in io.Reader) *patient {
	p := &patient{ctx: ctx, read: make(chan chunk, 1), give: make(chan []byte, 1), whole: make([]byte, 256<<10)}
	go func() {
		for {
			select {
			case b := <-p.give:
				n, err := in.Read(b)
				p.read <- chunk{n, err}
				if err != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return p
}

func (p *patient) Read(b []byte) (int, error) {
	if len(p.rest) == 0 && p.err == nil {
		p.give <- p.whole
		select {
		case c := <-p.read:
			p.rest, p.err = p.whole[:c.n], c.err
		case <-p.ctx.Done():
			p.err = context.Cause(p.ctx)
		}
	}
	if len(p.rest) == 0 {
		return 0, p.err
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
