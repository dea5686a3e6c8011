package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// Options set how an artifact is read.
type Options struct {
	Limits  artifact.Limits
	Workers int // layers, and files, read side by side; default GOMAXPROCS
}

// Run reads all layers of an artifact side by side, one pass each, and merges what the extractors found into the
// inventory that a container would see. What was cut or could not be read is in Inventory.Incomplete; the
// error is for what must end a scan: a cancelled context, a service that cannot be reached.
func Run(ctx context.Context, src artifact.Source, extractors []Extractor, o Options) (*inventory.Inventory, error) {
	o.Limits = o.Limits.WithDefaults()
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, o.Limits.Time)
	defer cancel()

	art := src.Artifact()
	r := &run{
		table:   NewTable(art.Kind, extractors),
		limits:  o.Limits,
		seed:    maphash.MakeSeed(),
		buffers: semaphore.NewWeighted(min(o.Limits.BufferBytes, 1<<62) + bytes.MinRead),
		slots:   make(chan struct{}, o.Workers),
	}
	layers := src.Layers()
	indexes := make([]*layerIndex, len(layers))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(o.Workers)
	order := make([]int, len(layers))
	for i := range order {
		order[i] = i
	}
	if one, is := src.(artifact.Ordered); is {
		order = one.Order()
		g.SetLimit(1)
	}
	for _, i := range order {
		g.Go(func() error {
			var err error
			indexes[i], err = r.walkLayer(gctx, layers[i], layerRef(art, i))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := outer.Err(); err != nil {
		return nil, err
	}
	m := &merger{run: r, layers: indexes}
	if err := m.second(ctx, layers); err != nil {
		return nil, err
	}
	return m.inventory(), nil
}

// layerRef is nil for artifacts without layers.
func layerRef(art artifact.Artifact, i int) *artifact.LayerRef {
	if i >= len(art.Layers) {
		return nil
	}
	return art.Layers[i].Ref()
}

// run is what the walkers of one scan share.
type run struct {
	table   *Table
	limits  artifact.Limits
	seed    maphash.Seed
	buffers *semaphore.Weighted // bytes of files held in memory
	slots   chan struct{}       // extractions at one time
	free    pagePool

	retained atomic.Int64 // bytes of names; see maxRetained
	packages atomic.Int64 // see maxPackages
	owned    atomic.Int64 // bytes of names of owned files; see maxOwned
}

// What all files of a scan together may say. The largest honest images hold some ten thousand packages, and their package
// managers own some hundred thousand files.
const (
	maxPackages = 200_000
	maxOwned    = 96 << 20
)

func (f *claimedFile) add(l *layerIndex, extractor int, facts Facts) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.facts = append(f.facts, extracted{extractor: extractor, facts: facts})
}

// buffer reads a whole file into memory, within the limits; nil and no error where a limit or damage left the file
// out, which is then reported. The caller releases cap(bytes) to r.buffers.
func (r *run) buffer(ctx context.Context, l *layerIndex, p string, e *artifact.Entry) ([]byte, error) {
	most := min(r.limits.FileBytes, r.limits.BufferBytes)
	tooLarge := func() ([]byte, error) {
		r.tooLarge(l, p, e.Size)
		return nil, nil
	}
	if e.Size > most {
		return tooLarge()
	}
	// The size is what the archive says: memory grows with what is really there.
	data := make([]byte, 0, min(max(e.Size, 0), 1<<20, most)+bytes.MinRead)
	held := int64(0)
	grow := func(n int64) error {
		err := r.growTo(ctx, held, n)
		if held = n; err != nil {
			held = 0
		}
		return err
	}
	if err := grow(int64(cap(data))); err != nil {
		return nil, err
	}
	rd := e.Content.Reader()
	for {
		if len(data) == cap(data) {
			n := min(int64(cap(data))*2, most+bytes.MinRead)
			if err := grow(n); err != nil {
				r.buffers.Release(held)
				return nil, err
			}
			bigger := make([]byte, len(data), n)
			copy(bigger, data)
			data = bigger
		}
		n, err := rd.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if int64(len(data)) > most {
			r.buffers.Release(held)
			return tooLarge()
		}
		if errors.Is(err, io.EOF) {
			// The semaphore holds exactly cap(data).
			return data[:len(data):cap(data)], nil
		}
		if err != nil {
			r.buffers.Release(held)
			if inc, ok := artifact.AsIncomplete(err, p, l.ref); ok {
				l.report(inc)
				return nil, nil
			}
			return nil, err
		}
	}
}

func (r *run) tooLarge(l *layerIndex, p string, size int64) {
	l.report(artifact.Incomplete{
		Path: p, Reason: artifact.FileTooLarge,
		Detail: fmt.Sprintf("%d bytes; the limit is %d", size, min(r.limits.FileBytes, r.limits.BufferBytes)),
	})
}

// growTo has n bytes of buffers instead of those that are held; none after an error.
func (r *run) growTo(ctx context.Context, held, n int64) error {
	if r.buffers.TryAcquire(n - held) {
		return nil
	}
	// Two walkers that wait while they hold could wait for each other; what extractions hold is always given back.
	r.buffers.Release(held)
	return r.buffers.Acquire(ctx, n)
}

// apply runs one extractor over one file. A panic would be a bug of ours, but it must not cost the user the scan.
func (r *run) apply(ctx context.Context, l *layerIndex, extractor int, f *File) (facts Facts) {
	x := r.table.extractors[extractor]
	defer func() {
		if v := recover(); v != nil {
			facts = Facts{}
			l.report(artifact.Incomplete{
				Path: f.Path, Reason: artifact.Unparsable,
				Detail: fmt.Sprintf("%s: this is a bug, please report it: %v", x.Name(), v),
			})
		}
	}()
	if err := x.Extract(ctx, f, &facts); err != nil {
		inc := artifact.Incomplete{Path: f.Path, Reason: artifact.Unparsable, Detail: x.Name() + ": " + clip(err.Error())}
		if lim, ok := errors.AsType[*artifact.ErrLimit](err); ok {
			inc.Reason, inc.Detail = lim.Reason, lim.Detail
		} else if errors.Is(err, artifact.ErrCorrupt) {
			inc.Reason = artifact.Corrupt
		}
		l.report(inc)
	}
	for _, inc := range facts.Incomplete {
		if inc.Path == "" {
			inc.Path = f.Path
		}
		l.report(inc)
	}
	facts.Incomplete = nil
	r.cap(l, f.Path, &facts)
	return facts
}

// cap drops what passes the scan's limits, and says so.
func (r *run) cap(l *layerIndex, path string, facts *Facts) {
	n := int64(len(facts.Packages))
	if over := r.packages.Add(n) - maxPackages; over > 0 {
		over = min(over, n)
		r.packages.Add(-over)
		facts.Packages = facts.Packages[:n-over]
		l.report(artifact.Incomplete{
			Path: path, Reason: artifact.PackagesLimit, Detail: fmt.Sprintf("%d packages are left out, past %d of the artifact", over, maxPackages),
		})
	}
	bytes := int64(0)
	for _, o := range facts.Owned {
		bytes += 16 * int64(len(o.Paths))
		for _, p := range o.Paths {
			bytes += int64(len(p))
		}
	}
	for _, d := range facts.Diverted {
		bytes += 48 + int64(len(d.From)+len(d.To)+len(d.By))
	}
	if r.owned.Add(bytes) > maxOwned {
		facts.Owned, facts.Diverted = nil, nil
		l.report(artifact.Incomplete{
			Path: path, Reason: artifact.PackagesLimit,
			Detail: fmt.Sprintf("its list of files, past %d MiB of such lists", maxOwned>>20),
		})
	}
}
