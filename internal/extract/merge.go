package extract

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// merger lays the layers over one another, as an overlay file system does (OCI image-spec, layer.md, "Applying
// Changesets").
type merger struct {
	run    *run
	layers []*layerIndex // lowest first

	incomplete []artifact.Incomplete
	faults     map[string]bool // names that are in incomplete
}

// hiddenBy gives the lowest layer above i that hides what layer i has at p, or -1.
func (m *merger) hiddenBy(i int, p string) int {
	if i+1 >= len(m.layers) {
		return -1
	}
	h := m.layers[i].hash(p)
	var above []uint64
	names := []string{}
	for a := range ancestors(p) {
		above = append(above, m.layers[i].hash(a))
		names = append(names, a)
	}
	for j := i + 1; j < len(m.layers); j++ {
		l := m.layers[j]
		if _, ok := l.others[h]; ok {
			return j
		}
		if _, ok := l.dirs[h]; ok {
			return j
		}
		if len(l.others) > 0 {
			for _, a := range above {
				if _, ok := l.others[a]; ok {
					return j
				}
			}
		}
		if len(l.whiteouts) > 0 {
			if _, ok := l.whiteouts[p]; ok {
				return j
			}
			for _, a := range names {
				if _, ok := l.whiteouts[a]; ok {
					return j
				}
			}
		}
		if len(l.opaques) > 0 {
			if _, ok := l.opaques["."]; ok {
				return j
			}
			for _, a := range names {
				if _, ok := l.opaques[a]; ok {
					return j
				}
			}
		}
	}
	return -1
}

// holder gives the layer whose entry at p is seen by layer top (that layer and those below it): its index, or -1 where
// nothing but a directory, or nothing at all, is there.
func (m *merger) holder(p string, top int) int {
	for i := top; i >= 0; i-- {
		if m.layers[i].hasOther(p) {
			if j := m.hiddenBy(i, p); j < 0 || j > top {
				return i
			}
			return -1
		}
	}
	return -1
}

// resolve follows a path through the symbolic links that layer top and those below it show.
func (m *merger) resolve(p string, top int) (string, bool) {
	return follow(p, func(q string) (string, bool) {
		i := m.holder(q, top)
		if i < 0 {
			return "", false
		}
		to, is := m.layers[i].links[q]
		return to, is
	})
}

// fetch is a file that the first pass could not know to be wanted: it is read under a name of its own, in a second pass over
// the layer that has it.
type fetch struct {
	layer int    // that has the content
	path  string // under which the content stands there
	as    string // the path that an extractor claims
	into  int    // layer that shows it
	wants []target
}

// second finds the files that only the merged view shows to be wanted, and reads them: places reached through symbolic
// links, and hard links to files that nobody claimed. Most images have none.
func (m *merger) second(ctx context.Context, layers []artifact.LayerReader) error {
	wanted := m.hardlinks()
	wanted = append(wanted, m.places()...)
	wanted = append(wanted, m.linked()...)
	dirs := m.placeDirs()
	m.specials()
	if len(wanted) == 0 && len(dirs) == 0 {
		return nil
	}
	byLayer := make([]map[string][]fetch, len(layers))
	for _, f := range wanted {
		if byLayer[f.layer] == nil {
			byLayer[f.layer] = map[string][]fetch{}
		}
		byLayer[f.layer][f.path] = append(byLayer[f.layer][f.path], f)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, cap(m.run.slots)))
	for i, layer := range layers {
		if len(byLayer[i]) == 0 && len(dirs) == 0 {
			continue
		}
		g.Go(func() error { return m.fetchLayer(gctx, layer, i, byLayer[i], dirs) })
	}
	return g.Wait()
}

func (m *merger) fetchLayer(ctx context.Context, layer artifact.LayerReader, i int, files map[string][]fetch, dirs map[string]fetch) error {
	l := m.layers[i]
	w := &walker{run: m.run, index: newLayerIndex(l.ref, l.seed)}
	read := map[string]bool{} // names that this pass has read already: of duplicate entries the last counts
	err := layer.Walk(ctx, func(e *artifact.Entry) error {
		p, ok := w.place(e.Path)
		if !ok {
			return nil
		}
		if e.Type == artifact.Symlink {
			w.index.links[p] = e.Link
			w.lastDir = ""
		}
		if e.Type != artifact.File {
			return nil
		}
		wants := files[p]
		if d, ok := dirs[path.Dir(p)]; ok {
			d.as, d.into = path.Join(d.as, path.Base(p)), i
			wants = append(slices.Clone(wants), d)
		}
		if len(wants) == 0 {
			return nil
		}
		// Always buffered, also for claims that could stream: several names may want the one content.
		data, err := m.run.buffer(ctx, l, p, e)
		if err != nil || data == nil {
			return err
		}
		defer m.run.buffers.Release(int64(cap(data)))
		for _, f := range wants {
			m.run.applyFetched(ctx, m.layers[f.into], f, NewFile(f.as, data, e.Mode), read[f.as])
			read[f.as] = true
		}
		return nil
	})
	if err != nil {
		inc, ok := artifact.AsIncomplete(err, "", l.ref)
		if !ok {
			return fmt.Errorf("reading %s again: %w", layerName(l.ref), err)
		}
		l.report(inc)
	}
	return nil
}

// applyFetched has a fetch's extractors look at the file that was read for it. What the first pass said of the name stays; what this pass
// said is replaced when the name comes again.
func (r *run) applyFetched(ctx context.Context, into *layerIndex, f fetch, file *File, again bool) {
	into.mu.Lock()
	claimed := into.files[f.as]
	if claimed == nil {
		claimed = &claimedFile{}
		into.files[f.as] = claimed
	}
	into.mu.Unlock()
	for _, t := range f.wants {
		if head := file.bytes[:min(len(file.bytes), HeadBytes)]; t.claim.Head != nil && !t.claim.Head(head) {
			continue
		}
		i := slices.IndexFunc(claimed.facts, func(x extracted) bool { return x.extractor == t.extractor })
		switch {
		case i < 0:
			claimed.add(into, t.extractor, r.apply(ctx, into, t.extractor, file))
		case again:
			claimed.facts[i].facts = r.apply(ctx, into, t.extractor, file)
		}
	}
}

// hardlinks gives claimed hard links their target's facts where these are known, and lists the rest.
func (m *merger) hardlinks() []fetch {
	var wanted []fetch
	for i, l := range m.layers {
		for _, p := range slices.Sorted(maps.Keys(l.hardlinks)) {
			h := l.hardlinks[p]
			if len(h.targets) == 0 {
				continue
			}
			if to := l.files[h.to]; to != nil && sameExtractors(to.facts, h.targets) {
				l.files[p] = &claimedFile{facts: to.facts}
				continue
			}
			k, ok := m.target(&h.to, i)
			if !ok {
				l.report(artifact.Incomplete{
					Path: p, Reason: artifact.BrokenLink,
					Detail: fmt.Sprintf("a hard link to %q, which is not a file of this layer or one below", clip(h.to)),
				})
				continue
			}
			if _, is := m.layers[k].special[h.to]; is {
				l.report(artifact.Incomplete{Path: p, Reason: artifact.Unreadable, Detail: notAFile})
				continue
			}
			wanted = append(wanted, fetch{layer: k, path: h.to, as: p, into: i, wants: h.targets})
		}
	}
	return wanted
}

// target finds the layer that has the content of a hard link of layer i, and puts the name of the content there into to. The directories of
// the name are followed through symbolic links, as link(2) does, and names that are hard links themselves to their targets.
func (m *merger) target(to *string, i int) (layer int, ok bool) {
	for range maxLinks {
		if dir := path.Dir(*to); dir != "." {
			real, ok := m.resolve(dir, i)
			if !ok {
				return 0, false
			}
			*to = path.Join(real, path.Base(*to))
		}
		k := m.holder(*to, i)
		if k < 0 || m.layers[k].links[*to] != "" {
			return 0, false
		}
		next, is := m.layers[k].hardlinks[*to]
		if !is {
			return k, true
		}
		*to, i = next.to, k
	}
	return 0, false
}

// linked lists the claimed names that the merged view shows as symbolic links to files which nobody claims under their own name.
func (m *merger) linked() []fetch {
	var wanted []fetch
	top := len(m.layers) - 1
	for i, l := range m.layers {
		for _, p := range slices.Sorted(maps.Keys(l.linked)) {
			if m.holder(p, top) != i || m.run.table.paths[p] != nil {
				continue // hidden, or followed as a place
			}
			real, ok := m.resolve(p, top)
			if !ok {
				l.report(artifact.Incomplete{Path: p, Reason: artifact.BrokenLink, Detail: circle})
				continue
			}
			k := m.holder(real, top)
			if k < 0 {
				if !m.isDir(real, top) { // directories have the names of files too: that is no damage
					l.report(artifact.Incomplete{Path: p, Reason: artifact.BrokenLink, Detail: fmt.Sprintf("leads to %q, which is not there", clip(real))})
				}
				continue
			}
			if _, is := m.layers[k].special[real]; is {
				l.report(artifact.Incomplete{Path: p, Reason: artifact.Unreadable, Detail: fmt.Sprintf("leads to %q: %s", clip(real), notAFile)})
				continue
			}
			if f := m.layers[k].files[real]; f != nil && sameExtractors(f.facts, l.linked[p]) {
				continue
			}
			if h, is := m.layers[k].hardlinks[real]; is {
				real = h.to
				if k, ok = m.target(&real, k); !ok {
					continue
				}
			}
			wanted = append(wanted, fetch{layer: k, path: real, as: p, into: i, wants: l.linked[p]})
		}
	}
	return wanted
}

func sameExtractors(facts []extracted, targets []target) bool {
	for _, t := range targets {
		if !slices.ContainsFunc(facts, func(f extracted) bool { return f.extractor == t.extractor }) {
			return false
		}
	}
	return true
}

// places follows the claims of whole paths through the symbolic links of the merged view.
func (m *merger) places() []fetch {
	var wanted []fetch
	paths, _ := m.run.table.places()
	top := len(m.layers) - 1
	for _, p := range paths {
		real, ok := m.place(p, false, top)
		if !ok || real == p || m.holder(real, top) < 0 {
			continue
		}
		wants := m.run.table.paths[p]
		// Every layer that has the file, so that what earlier ones said of it is known too.
		for i, l := range m.layers {
			if _, special := l.special[real]; special || !l.hasOther(real) || l.links[real] != "" {
				continue
			}
			if f := l.files[real]; f != nil && sameExtractors(f.facts, wants) {
				continue // its own name is claimed too (usr/lib/os-release)
			}
			wanted = append(wanted, fetch{layer: i, path: real, as: real, into: i, wants: wants})
		}
	}
	return wanted
}

// placeDirs follows the claims of directories: real directory to what is wanted of the files in it.
func (m *merger) placeDirs() map[string]fetch {
	_, claimed := m.run.table.places()
	dirs := map[string]fetch{}
	top := len(m.layers) - 1
	for _, d := range claimed {
		real, ok := m.place(d, true, top)
		if !ok || real == d {
			continue
		}
		known := false
		for _, l := range m.layers {
			_, is := l.dirs[l.hash(real)]
			known = known || is
		}
		if known && m.run.table.dirs[real] == nil {
			dirs[real] = fetch{as: real, wants: m.run.table.dirs[d]}
		}
	}
	return dirs
}
