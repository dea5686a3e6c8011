package extract

import (
	"context"
	"fmt"
	"hash/maphash"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// maxLinks bounds how many symbolic links one path may go through, as Linux does (path_resolution(7)).
const maxLinks = 40

// maxRetained bounds the bytes of names, of links, whiteouts and claimed files, that all layers together keep until the merge. Honest
// images keep some megabytes.
const maxRetained = 96 << 20

// maxReported bounds the incomplete entries that one layer may add; the rest are counted.
const maxReported = 1000

// layerIndex is what one layer says, after one pass over it: the facts of its claimed files, and as much of its other
// entries as the merge needs to know what they hide in the layers below.
type layerIndex struct {
	ref  *artifact.LayerRef // nil where the artifact has no layers
	seed maphash.Seed

	files     map[string]*claimedFile // by path; the last entry of a name counts
	links     map[string]string       // symbolic links: path to target as written
	hardlinks map[string]hardlink     // hard links, claimed or not: others may link to them
	// linked are claimed names that are symbolic links, to be read through the merged view.
	linked map[string][]target
	// special are FIFOs, devices and sockets: true where a file is claimed in their place.
	special map[string]bool
	// others and dirs hold hashes of paths: of everything that is not a directory, and of directories with the parents
	// that are only implied. Hashes, since an image has hundreds of thousands of them; the seed is random, so that
	// nobody can make two collide.
	others map[uint64]struct{}
	dirs   map[uint64]struct{}
	// whiteouts and opaques name what is hidden in the layers below.
	whiteouts map[string]struct{}
	opaques   map[string]struct{}

	mu         sync.Mutex // guards what extraction goroutines add
	incomplete []artifact.Incomplete
	unreported int
}

// claimedFile is a claimed regular file of a layer.
type claimedFile struct {
	seq   int // position among the layer's entries
	facts []extracted
}

// extracted is what one extractor said of one file.
type extracted struct {
	extractor int
	facts     Facts
}

// hardlink is a claimed path whose content stands under another name.
type hardlink struct {
	seq     int
	to      string
	targets []target
}

func newLayerIndex(ref *artifact.LayerRef, seed maphash.Seed) *layerIndex {
	return &layerIndex{
		ref: ref, seed: seed,
		files: map[string]*claimedFile{}, links: map[string]string{}, hardlinks: map[string]hardlink{}, linked: map[string][]target{}, special: map[string]bool{},
		others: map[uint64]struct{}{}, dirs: map[uint64]struct{}{},
		whiteouts: map[string]struct{}{}, opaques: map[string]struct{}{},
	}
}

func (l *layerIndex) hash(p string) uint64 { return maphash.String(l.seed, p) }

func (l *layerIndex) hasOther(p string) bool {
	_, ok := l.others[l.hash(p)]
	return ok
}

func (l *layerIndex) report(inc artifact.Incomplete) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.incomplete) >= maxReported {
		l.unreported++
		return
	}
	if inc.Layer == nil {
		inc.Layer = l.ref
	}
	l.incomplete = append(l.incomplete, inc)
}

// walker reads one layer into an index.
type walker struct {
	run   *run
	index *layerIndex
	seq   int
	// clobbered are directories of this layer that a later entry of the same layer replaced by something else.
	clobbered map[string]int
	lastDir   string // parent of the entry before, as written
	lastReal  string // and after following the layer's own links
	buf       []target
}

// walkLayer makes the index of one layer. The error is one that must end the scan; all else is in the index.
func (r *run) walkLayer(ctx context.Context, layer artifact.LayerReader, ref *artifact.LayerRef) (*layerIndex, error) {
	w := &walker{run: r, index: newLayerIndex(ref, r.seed), clobbered: map[string]int{}}
	var extractions sync.WaitGroup
	err := layer.Walk(ctx, func(e *artifact.Entry) error { return w.visit(ctx, e, &extractions) })
	extractions.Wait()
	if err != nil {
		inc, ok := artifact.AsIncomplete(err, "", ref)
		if !ok {
			return nil, fmt.Errorf("reading %s: %w", layerName(ref), err)
		}
		w.index.report(inc)
	}
	w.dropClobbered()
	return w.index, nil
}

func layerName(ref *artifact.LayerRef) string {
	if ref == nil {
		return "the file system"
	}
	return fmt.Sprintf("layer %d", ref.Index)
}

func (w *walker) visit(ctx context.Context, e *artifact.Entry, extractions *sync.WaitGroup) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.seq++
	l := w.index
	if e.Escaped != "" {
		l.report(artifact.Incomplete{
			Path: e.Path, Reason: artifact.PathEscape,
			Detail: fmt.Sprintf("written as %q; read inside the root, as a container runtime does", clip(e.Escaped)),
		})
	}
	if e.Err != nil {
		if inc, ok := artifact.AsIncomplete(e.Err, e.Path, l.ref); ok {
			l.report(inc)
		}
	}
	p, ok := w.place(e.Path)
	if !ok {
		l.report(artifact.Incomplete{Path: e.Path, Reason: artifact.BrokenLink, Detail: "its directory is a circle of symbolic links"})
		return nil
	}
	switch e.Type {
	case artifact.Whiteout:
		l.whiteouts[p] = struct{}{}
		return w.run.retain(p, "")
	case artifact.Opaque:
		l.opaques[p] = struct{}{}
		w.addDir(p) // the mark is a file in it
		return w.run.retain(p, "")
	case artifact.Dir:
		w.forget(p)
		w.addDir(p)
		return nil
	}
	if p == "." {
		return nil // nothing but a directory can be the root
	}
	if _, isDir := l.dirs[l.hash(p)]; isDir {
		w.clobbered[p] = w.seq
		w.lastDir = ""
		if err := w.run.retain(p, ""); err != nil {
			return err
		}
	}
	l.others[l.hash(p)] = struct{}{}
	w.forget(p)
	switch e.Type {
	case artifact.Symlink:
		l.links[p] = e.Link
		w.lastDir = ""
		if w.buf = w.run.table.lookup(p, 0, w.buf[:0]); len(w.buf) > 0 {
			// A program's other names say nothing new: it is found under its own.
			if wants := slices.DeleteFunc(slices.Clone(w.buf), func(t target) bool { return t.claim.Executable || t.claim.NoSymlink }); len(wants) > 0 {
				l.linked[p] = wants
			}
		}
		return w.run.retain(p, e.Link)
	case artifact.Hardlink:
		w.buf = w.run.table.lookup(p, e.Mode, w.buf[:0])
		to := e.Link
		if first, is := l.hardlinks[to]; is {
			to = first.to // all names of a chain are one file
		}
		l.hardlinks[p] = hardlink{seq: w.seq, to: to, targets: slices.Clone(w.buf)}
		return w.run.retain(p, to)
	case artifact.File:
		w.buf = w.run.table.lookup(p, e.Mode, w.buf[:0])
		if len(w.buf) == 0 {
			return nil
		}
		if err := w.run.retain(p, ""); err != nil {
			return err
		}
		f := &claimedFile{seq: w.seq}
		l.files[p] = f
		return w.run.extract(ctx, l, p, e, w.buf, f, extractions)
	case artifact.Other:
		w.buf = w.run.table.lookup(p, 0, w.buf[:0])
		l.special[p] = slices.ContainsFunc(w.buf, func(t target) bool { return !t.claim.Executable })
		return w.run.retain(p, "")
	}
	return nil
}

// forget drops what an earlier entry of the same name said.
func (w *walker) forget(p string) {
	l := w.index
	delete(l.links, p)
	delete(l.files, p)
	delete(l.hardlinks, p)
	delete(l.linked, p)
	delete(l.special, p)
}

// retain counts names that are kept until the merge.
func (r *run) retain(name, link string) error {
	const entry = 64 // what a map spends on an entry, about
	if r.retained.Add(int64(len(name)+len(link)+entry)) > maxRetained {
		return &artifact.ErrLimit{
			Reason: artifact.FilesLimit,
			Detail: fmt.Sprintf("the names of its links, whiteouts and package files take more than %d MiB", maxRetained>>20),
		}
	}
	return nil
}

// place is where an entry lands: its parent directories are followed through the symbolic links that the same layer
// brought before it. Links of layers below are not followed: an overlay file system shows a directory of an
// upper layer in place of a link of a lower one.
func (w *walker) place(p string) (string, bool) {
	dir, base := path.Split(p)
	if dir == "" {
		return p, true
	}
	dir = dir[:len(dir)-1]
	if dir == w.lastDir {
		if w.lastReal == "" {
			return base, true
		}
		if w.lastReal == dir {
			return p, true
		}
		return w.lastReal + "/" + base, true
	}
	real := dir
	if len(w.index.links) > 0 {
		var ok bool
		if real, ok = follow(dir, func(q string) (string, bool) { to, is := w.index.links[q]; return to, is }); !ok {
			return "", false
		}
	}
	w.addDir(real)
	w.lastDir, w.lastReal = dir, real
	return path.Join(real, base), true
}

// addDir notes a directory and its parents.
func (w *walker) addDir(p string) {
	for p != "." && p != "" {
		h := w.index.hash(p)
		if _, known := w.index.dirs[h]; known {
			return
		}
		w.index.dirs[h] = struct{}{}
		i := strings.LastIndexByte(p, '/')
		if i < 0 {
			return
		}
		p = p[:i]
	}
}

// dropClobbered forgets what stood below directories that the layer itself replaced later.
func (w *walker) dropClobbered() {
	if len(w.clobbered) == 0 {
		return
	}
	gone := func(p string, seq int) bool {
		for a := range ancestors(p) {
			if w.clobbered[a] > seq {
				return true
			}
		}
		return false
	}
	for p, f := range w.index.files {
		if gone(p, f.seq) {
			delete(w.index.files, p)
		}
	}
	for p, h := range w.index.hardlinks {
		if gone(p, h.seq) {
			delete(w.index.hardlinks, p)
		}
	}
}

// ancestors yields the parent directories of a clean path, nearest first, without the root.
func ancestors(p string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for {
			i := strings.LastIndexByte(p, '/')
			if i < 0 {
				return
			}
			p = p[:i]
			if !yield(p) {
				return
			}
		}
	}
}

// follow resolves a clean path below the root through symbolic links, the last element included, and never leaves the root.
// ok is false where more than maxLinks links are met.
func follow(p string, link func(string) (target string, is bool)) (real string, ok bool) {
	rest, hops, steps := p, 0, 0
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		if steps++; steps > 1<<12 {
			return "", false
		}
		switch part {
		case "", ".":
			continue
		case "..":
			if real = path.Dir(real); real == "." {
				real = ""
			}
			continue
		}
		next := part
		if real != "" {
			next = real + "/" + part
		}
		to, is := link(next)
		if !is {
			real = next
			continue
		}
		if hops++; hops > maxLinks {
			return "", false
		}
		if strings.HasPrefix(to, "/") {
			real = ""
		}
		rest = strings.TrimSuffix(to, "/") + "/" + rest
	}
	if real == "" {
		real = "."
	}
	return real, true
}

// clip shortens hostile names for messages.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
