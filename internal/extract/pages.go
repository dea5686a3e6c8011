package extract

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// pageSize is a compromise: small programs take one, the largest a thousand.
const pageSize = 128 << 10

// pages is a file in memory, in pieces that are used again for the next one: an image has a gigabyte of programs, and making room for each anew costs
// more than reading them.
type pages struct {
	list [][]byte
	size int64
}

// ReadAt copies, so that nobody keeps a page.
func (p *pages) ReadAt(b []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	for n < len(b) && off < p.size {
		page := p.list[off/pageSize]
		page = page[:min(pageSize, p.size-off/pageSize*pageSize)]
		m := copy(b[n:], page[off%pageSize:])
		n += m
		off += int64(m)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// pagePool keeps pages that nobody uses. Since new ones are made only when there are none, it keeps no more than were in use at one time, which
// Limits.BufferBytes bounds.
type pagePool struct {
	mu   sync.Mutex
	list [][]byte
}

func (p *pagePool) take() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.list)
	if n == 0 {
		return make([]byte, pageSize)
	}
	page := p.list[n-1]
	p.list = p.list[:n-1]
	return page
}

func (p *pagePool) put(list [][]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, list...)
}

// paged reads a whole file into pages, within the limits; nil and no error where a limit or damage left the file out, which is then
// reported. The caller gives them back.
func (r *run) paged(ctx context.Context, l *layerIndex, p string, e *artifact.Entry) (*pages, error) {
	most := min(r.limits.FileBytes, r.limits.BufferBytes)
	if e.Size > most {
		r.tooLarge(l, p, e.Size)
		return nil, nil
	}
	held, rd := &pages{}, e.Content.Reader()
	for {
		// A page counts as much as the semaphore has where that is less than a page.
		before, after := held.counted(most), min(int64(len(held.list)+1)*pageSize, most)
		if err := r.growTo(ctx, before, after); err != nil {
			r.free.put(held.list)
			return nil, err
		}
		page := r.free.take()
		held.list = append(held.list, page)
		n, err := io.ReadFull(rd, page)
		held.size += int64(n)
		switch {
		case held.size > most:
			r.giveBack(held)
			r.tooLarge(l, p, e.Size)
			return nil, nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return held, nil
		case err != nil:
			r.giveBack(held)
			if inc, ok := artifact.AsIncomplete(err, p, l.ref); ok {
				l.report(inc)
				return nil, nil
			}
			return nil, err
		}
	}
}

// counted is what pages take of the buffers.
func (p *pages) counted(most int64) int64 { return min(int64(len(p.list))*pageSize, most) }

func (r *run) giveBack(p *pages) {
	r.free.put(p.list)
	r.buffers.Release(p.counted(min(r.limits.FileBytes, r.limits.BufferBytes)))
}
