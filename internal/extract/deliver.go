package extract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// extract reads one claimed file and has its extractors look at it. What is not buffered is read on the walker's goroutine,
// since the content is valid only now; buffered files go to another one, so that inflating goes on meanwhile.
func (r *run) extract(
	ctx context.Context, l *layerIndex, p string, e *artifact.Entry, targets []target, into *claimedFile, wait *sync.WaitGroup,
) error {
	content, targets, err := sift(l, e.Content, targets, into)
	if err != nil {
		if inc, ok := artifact.AsIncomplete(err, p, l.ref); ok {
			l.report(inc)
			return nil
		}
		return err
	}
	random := content.ReaderAt() != nil
	fits := e.Size <= min(r.limits.FileBytes, r.limits.BufferBytes)
	var direct, buffered []target
	for _, t := range targets {
		switch c := t.claim; {
		case random && (c.RandomAccess || c.Stream), !random && c.Stream && (!c.RandomAccess || !fits):
			direct = append(direct, t)
		default:
			buffered = append(buffered, t)
		}
	}
	if !random && fits && len(buffered) > 0 {
		direct, buffered = nil, targets // the buffer serves all
	}
	if err := r.deliver(ctx, l, &File{Path: p, Size: e.Size, Mode: e.Mode, content: content}, direct, into); err != nil || len(buffered) == 0 {
		return err
	}
	held, file, err := r.hold(ctx, l, p, &artifact.Entry{Size: e.Size, Mode: e.Mode, Content: content}, buffered)
	if err != nil || held == nil {
		return err
	}
	r.slots <- struct{}{}
	wait.Go(func() {
		defer func() { <-r.slots; held() }()
		for _, t := range buffered {
			f := *file
			into.add(l, t.extractor, r.apply(ctx, l, t.extractor, &f))
		}
	})
	return nil
}

// hold takes a file into memory: in pages where all who want it read parts of it, else in one piece. It gives nil for release where that was not
// possible, which is then reported.
func (r *run) hold(ctx context.Context, l *layerIndex, p string, e *artifact.Entry, wants []target) (release func(), file *File, err error) {
	inParts := !slices.ContainsFunc(wants, func(t target) bool { return !t.claim.RandomAccess && !t.claim.Stream })
	if inParts {
		held, err := r.paged(ctx, l, p, e)
		if err != nil || held == nil {
			return nil, nil, err
		}
		return func() { r.giveBack(held) }, &File{Path: p, Size: held.size, Mode: e.Mode, content: fromTheStart{held, held.size}}, nil
	}
	data, err := r.buffer(ctx, l, p, e)
	if err != nil || data == nil {
		return nil, nil, err
	}
	return func() { r.buffers.Release(int64(cap(data))) }, NewFile(p, data, e.Mode), nil
}

// deliver has extractors read a file that is not buffered.
func (r *run) deliver(ctx context.Context, l *layerIndex, file *File, targets []target, into *claimedFile) error {
	ra := file.content.ReaderAt()
	if ra == nil && len(targets) > 1 {
		return r.fanOut(ctx, l, file, targets, into)
	}
	for _, t := range targets {
		f := *file
		if ra != nil {
			f.content = fromTheStart{ra, file.Size}
		}
		into.add(l, t.extractor, r.apply(ctx, l, t.extractor, &f))
	}
	return nil
}

// fanOut lets several extractors read one stream side by side, in step: each piece waits until all of them took it.
func (r *run) fanOut(ctx context.Context, l *layerIndex, file *File, targets []target, into *claimedFile) error {
	var readers sync.WaitGroup
	defer readers.Wait()
	open := make([]*io.PipeWriter, 0, len(targets))
	for _, t := range targets {
		pr, pw := io.Pipe()
		open = append(open, pw)
		readers.Go(func() {
			defer pr.Close()
			f := *file
			f.content = stream{pr}
			into.add(l, t.extractor, r.apply(ctx, l, t.extractor, &f))
		})
	}
	from, buf := file.content.Reader(), make([]byte, 64<<10)
	for len(open) > 0 {
		n, err := from.Read(buf)
		still := open[:0]
		for _, w := range open {
			if n > 0 {
				if _, closed := w.Write(buf[:n]); closed != nil {
					continue // has seen enough
				}
			}
			if still = append(still, w); err != nil {
				_ = w.CloseWithError(err)
			}
		}
		if open = still; err != nil {
			break
		}
	}
	return nil
}

// sift drops the targets that do not want a file with these first bytes; of those there is nothing to say.
func sift(l *layerIndex, content artifact.Content, targets []target, into *claimedFile) (artifact.Content, []target, error) {
	var head []byte
	kept := make([]target, 0, len(targets))
	for _, t := range targets {
		if t.claim.Head == nil {
			kept = append(kept, t)
			continue
		}
		if head == nil {
			var err error
			if head, content, err = peek(content); err != nil {
				return nil, nil, err
			}
		}
		if t.claim.Head(head) {
			kept = append(kept, t)
		} else {
			into.add(l, t.extractor, Facts{})
		}
	}
	return content, kept, nil
}

// peek gives the first bytes of content, and content that still has them.
func peek(content artifact.Content) ([]byte, artifact.Content, error) {
	head := make([]byte, HeadBytes)
	if ra := content.ReaderAt(); ra != nil {
		n, err := ra.ReadAt(head, 0)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return head[:n], content, err
	}
	rd := content.Reader()
	n, err := io.ReadFull(rd, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	head = head[:n]
	return head, stream{io.MultiReader(bytes.NewReader(head), rd)}, err
}

// stream is content that is read once.
type stream struct{ r io.Reader }

func (s stream) Reader() io.Reader     { return s.r }
func (s stream) ReaderAt() io.ReaderAt { return nil }

// fromTheStart is content with random access whose Reader is its own.
type fromTheStart struct {
	ra   io.ReaderAt
	size int64
}

func (c fromTheStart) Reader() io.Reader     { return io.NewSectionReader(c.ra, 0, c.size) }
func (c fromTheStart) ReaderAt() io.ReaderAt { return c.ra }
