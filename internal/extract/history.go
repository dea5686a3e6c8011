package extract

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/inventory"
)

// seen is one file in one layer, with what one extractor said of it.
type seen struct {
	layer    int
	packages []inventory.Package
	facts    *Facts
	ids      map[rawID]struct{} // of packages, made when first asked for
}

// has says whether the package is in this sighting.
func (s *seen) has(id rawID) bool {
	if s.ids == nil {
		s.ids = make(map[rawID]struct{}, len(s.packages))
		for i := range s.packages {
			s.ids[raw(&s.packages[i])] = struct{}{}
		}
	}
	_, ok := s.ids[id]
	return ok
}

// history is what one extractor said of one path, layer by layer, lowest first.
type history struct {
	path      string
	extractor int
	seen      []seen
	visible   int // index into seen of what the merged view shows, or -1
	hiddenBy  int // layer that hides the last one, where nothing is visible
}

// histories gathers all facts by path and extractor, in a stable order.
func (m *merger) histories() []*history {
	type key struct {
		path      string
		extractor int
	}
	all := map[key]*history{}
	for i, l := range m.layers {
		for p, f := range l.files {
			for k := range f.facts {
				x := &f.facts[k]
				id := key{p, x.extractor}
				h := all[id]
				if h == nil {
					h = &history{path: p, extractor: x.extractor, visible: -1, hiddenBy: -1}
					all[id] = h
				}
				h.seen = append(h.seen, seen{layer: i, packages: x.facts.Packages, facts: &x.facts})
			}
		}
	}
	list := make([]*history, 0, len(all))
	for _, h := range all {
		last := len(h.seen) - 1
		if h.hiddenBy = m.hiddenBy(h.seen[last].layer, h.path); h.hiddenBy < 0 {
			h.visible = last
		}
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b *history) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.extractor, b.extractor))
	})
	return list
}

// distro picks the os-release that counts: /etc before /usr/lib before the rest (os-release(5)).
func distro(histories []*history) *inventory.Distro {
	rank := func(p string) int {
		switch p {
		case "etc/os-release":
			return 0
		case "usr/lib/os-release":
			return 1
		}
		return 2
	}
	var best *history
	for _, h := range histories {
		if h.visible < 0 || h.seen[h.visible].facts.Distro == nil {
			continue
		}
		if best == nil || rank(h.path) < rank(best.path) {
			best = h
		}
	}
	if best == nil {
		return nil
	}
	d := *best.seen[best.visible].facts.Distro
	return &d
}

// owners knows which OS package brought a file.
type owners struct {
	byPath map[string]ownership
	merged map[string]bool // top-level directories that are links into usr
	ever   map[string]bool // of files with unpackaged software that are hidden now: whether an OS package brought them
}

// ownership is an OS package, and the layer whose database says that the file is its.
type ownership struct {
	name  string
	layer int
}

func (m *merger) owners(histories []*history) owners {
	o := owners{byPath: map[string]ownership{}, merged: map[string]bool{}, ever: once(histories)}
	moved := diversionsOf(histories)
	for _, h := range histories {
		if h.visible < 0 {
			continue
		}
		for _, own := range h.seen[h.visible].facts.Owned {
			for _, p := range moved.paths(own) {
				o.byPath[p] = ownership{own.Package, h.seen[h.visible].layer}
			}
		}
	}
	if len(o.byPath) > 0 {
		for _, d := range []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"} {
			if real, ok := m.resolve(d, len(m.layers)-1); ok && real == "usr/"+d {
				o.merged[d] = true
			}
		}
	}
	return o
}

// once finds which of the files with unpackaged software that are hidden now were an OS package's in some layer.
func once(histories []*history) map[string]bool {
	ever := map[string]bool{}
	for _, h := range histories {
		for k := range h.seen {
			if k != h.visible && slices.ContainsFunc(h.seen[k].packages, func(p inventory.Package) bool { return p.Unpackaged }) {
				ever[h.path], ever[strings.TrimPrefix(h.path, "usr/")] = false, false
			}
		}
	}
	if len(ever) == 0 {
		return nil // as nearly always: the files of all databases of all layers are many
	}
	for _, h := range histories {
		for k := range h.seen {
			for _, own := range h.seen[k].facts.Owned {
				for _, p := range own.Paths {
					if _, asked := ever[p]; asked {
						ever[p] = true
					}
				}
			}
		}
	}
	return ever
}

// everOf says whether the file, of which some layer had unpackaged software, was an OS package's in any layer.
func (o owners) everOf(p string) bool { return o.ever[p] || o.ever[strings.TrimPrefix(p, "usr/")] }

// of gives the OS package that brought the file which layer shows at p. A file from a later layer than the word about its owner is no
// longer what the owner brought (pip installed over apt). It looks the file up under its own name and, where /lib and the like are links into /usr, under the other one: package
// managers record the name that the package was built with.
func (o owners) of(p string, layer int) string {
	own, ok := o.byPath[p]
	if rest, inUsr := strings.CutPrefix(p, "usr/"); inUsr && !ok {
		if top, _, _ := strings.Cut(rest, "/"); o.merged[top] {
			own, ok = o.byPath[rest]
		}
	}
	if !ok || layer > own.layer {
		return ""
	}
	return own.name
}
