// Package tarball reads a feed whose upstream publishes one tar archive with a file for each record. It promises records in the order of the
// archive, decoded side by side, with memory bounded by a few records, and that a record which cannot be read is told and passed over.
// What a record means is the feed's work.
package tarball

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Bounds of an archive. The biggest of today, Red Hat's VEX files, holds about 50,000 records in some ten GiB.
const (
	MaxRecord  = 128 << 20 // bytes of a record
	maxTotal   = 64 << 30
	maxRecords = 4 << 20
	maxWindow  = 128 << 20 // of zstd
	workers    = 2
	batchBytes = 512 << 10
)

// Decoder reads one record. Each goroutine has its own. name is the file's name without its folder; text is good until Decode returns.
type Decoder interface {
	Decode(name string, text []byte) ([]*vuln.Advisory, error)
}

// Parse reads an archive, plain or packed by gzip, bzip2 or zstd. It hands the advisories of each regular file for which wanted is true to emit, in the order of the archive. It is
// an error when no record of many could be understood.
func Parse(ctx context.Context, f io.Reader, at string, wanted func(name string) bool, decoder func() Decoder,
	emit func(*vuln.Advisory) error, skip func(feed.Skipped),
) error {
	r, err := Unpack(f)
	if err != nil {
		return err
	}
	defer r.Close()
	p := &parse{path: at, emit: emit, skip: skip}
	g, ctx := errgroup.WithContext(ctx)
	work, ordered := make(chan *batch), make(chan *batch, workers)
	g.Go(func() error {
		defer close(work)
		defer close(ordered)
		return split(ctx, r, wanted, work, ordered)
	})
	for range workers {
		g.Go(func() error {
			d := decoder()
			for b := range work {
				b.decode(d)
			}
			return nil
		})
	}
	g.Go(func() error {
		for b := range ordered {
			select {
			case <-b.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := p.hand(b); err != nil {
				return err
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if p.skipped > 0 && p.read == 0 {
		return fmt.Errorf("%w: none of %d records could be understood", artifact.ErrCorrupt, p.skipped)
	}
	return nil
}

// Unpack finds out by the first bytes how a file is packed, by gzip, bzip2, zstd or not at all, and gives its contents.
func Unpack(f io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReaderSize(f, 256<<10)
	head, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
		}
		return z.IOReadCloser(), nil
	case bytes.HasPrefix(head, []byte("BZh")):
		return io.NopCloser(bzip2.NewReader(b)), nil
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
		}
		return z, nil
	}
	return io.NopCloser(b), nil
}

// batch is some records that go to one worker.
type batch struct {
	names   []string
	ends    []int // of each record in text
	text    []byte
	tooBig  []bool
	results []result
	done    chan struct{}
}

type result struct {
	advisories []*vuln.Advisory
	err        error
}

// split cuts the archive into batches. At most workers+2 of them are in memory.
func split(ctx context.Context, r io.Reader, wanted func(string) bool, work, ordered chan<- *batch) error {
	t := tar.NewReader(r)
	var total int64
	records := 0
	b := &batch{done: make(chan struct{})}
	send := func() error {
		if len(b.names) == 0 {
			return nil
		}
		for _, to := range []chan<- *batch{ordered, work} {
			select {
			case to <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		b = &batch{done: make(chan struct{}), text: make([]byte, 0, batchBytes)}
		return nil
	}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return send()
		}
		if err != nil {
			return corrupt(err)
		}
		if total += max(h.Size, 0) + 512; total > maxTotal {
			return &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("more than %d bytes", int64(maxTotal))}
		}
		name := path.Base(h.Name)
		if h.Typeflag != tar.TypeReg || !wanted(name) {
			if err := ctx.Err(); err != nil {
				return err
			}
			continue
		}
		if records++; records > maxRecords {
			return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("more than %d records", maxRecords)}
		}
		big := h.Size > MaxRecord
		if !big {
			if b.text, err = appendAll(b.text, t, int(h.Size)); err != nil {
				return corrupt(err)
			}
		}
		b.names, b.ends, b.tooBig = append(b.names, name), append(b.ends, len(b.text)), append(b.tooBig, big)
		if len(b.text) >= batchBytes || len(b.names) >= 1024 {
			if err := send(); err != nil {
				return err
			}
		}
	}
}

func corrupt(err error) error {
	if _, ok := errors.AsType[*artifact.ErrLimit](err); ok {
		return err
	}
	return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
}

// appendAll reads size bytes. Memory grows with what comes, not with what the header claims.
func appendAll(b []byte, r io.Reader, size int) ([]byte, error) {
	for size > 0 {
		n := min(size, max(64<<10, cap(b)-len(b)))
		at := len(b)
		if cap(b)-at < n {
			grown := make([]byte, at, max(2*cap(b), at+n))
			copy(grown, b)
			b = grown
		}
		b = b[:at+n]
		if _, err := io.ReadFull(r, b[at:]); err != nil {
			return b, err
		}
		size -= n
	}
	return b, nil
}

func (b *batch) decode(d Decoder) {
	b.results = make([]result, len(b.names))
	start := 0
	for i, name := range b.names {
		if b.tooBig[i] {
			b.results[i].err = fmt.Errorf("more than %d bytes", MaxRecord)
			continue
		}
		r := &b.results[i]
		r.advisories, r.err = d.Decode(name, b.text[start:b.ends[i]])
		start = b.ends[i]
	}
	b.text = nil
	close(b.done)
}

type parse struct {
	path          string
	emit          func(*vuln.Advisory) error
	skip          func(feed.Skipped)
	read, skipped int
}

func (p *parse) hand(b *batch) error {
	for i := range b.results {
		r := &b.results[i]
		if r.err != nil {
			p.skipped++
			p.skip(feed.Skipped{Path: p.path, Record: b.names[i], Reason: r.err.Error()})
			continue
		}
		p.read++
		for _, a := range r.advisories {
			if err := p.emit(a); err != nil {
				return err
			}
		}
	}
	return nil
}
