package osv

import (
	"archive/zip"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// parse is one run over an archive.
type parse struct {
	feed, path    string
	emit          func(*vuln.Advisory) error
	skip          func(feed.Skipped)
	read, skipped int
}

// outcome is what became of one record: an advisory, nothing (it names no vulnerability), or a reason to skip it.
type outcome struct {
	advisory *vuln.Advisory
	skipped  string // reason
	id       string
}

type batch struct {
	files []*zip.File
	done  chan []outcome // one value
	bytes int64
}

// run decodes batches side by side and hands their records over in order. At most workers+2 batches are in memory: those of the workers,
// the one that is being handed over, and one that waits; the queue keeps a fast worker from running ahead.
func (p *parse) run(ctx context.Context, list [][]*zip.File) error {
	g, ctx := errgroup.WithContext(ctx)
	ordered := make(chan *batch, workers)
	work := make(chan *batch)
	g.Go(func() error {
		defer close(ordered)
		defer close(work)
		for _, files := range list {
			b := &batch{files: files, done: make(chan []outcome, 1)}
			for _, to := range []chan *batch{ordered, work} {
				select {
				case to <- b:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	for range workers {
		g.Go(func() error {
			d := newDecoder(p.feed)
			for b := range work {
				b.done <- d.batch(b)
			}
			return nil
		})
	}
	g.Go(func() error {
		var total int64
		for b := range ordered {
			var results []outcome
			select {
			case results = <-b.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if total += b.bytes; total > maxTotal {
				return &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("more than %d bytes", int64(maxTotal))}
			}
			for _, r := range results {
				if err := p.hand(r); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return g.Wait()
}

func (p *parse) hand(r outcome) error {
	switch {
	case r.skipped != "":
		p.skipped++
		p.skip(feed.Skipped{Path: p.path, Record: r.id, Reason: r.skipped})
	case r.advisory != nil:
		p.read++
		return p.emit(r.advisory)
	default:
		p.read++
	}
	return nil
}

func (d *decoder) batch(b *batch) []outcome {
	out := make([]outcome, 0, len(b.files))
	for _, f := range b.files {
		var err error
		d.buf, err = text(f, d.buf)
		b.bytes += int64(len(d.buf))
		if err != nil {
			out = append(out, outcome{id: idOf(f), skipped: err.Error()})
			continue
		}
		a, err := d.advisory(d.buf)
		if err != nil {
			out = append(out, outcome{id: idOf(f), skipped: err.Error()})
			continue
		}
		out = append(out, outcome{id: idOf(f), advisory: a})
	}
	return out
}
