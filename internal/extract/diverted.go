package extract

import (
	"slices"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// diversions are the files that OS packages have under another name than their lists say, by that name.
type diversions map[string]Diversion

func diversionsOf(histories []*history) diversions {
	d := diversions{}
	for _, h := range histories {
		if h.visible < 0 {
			continue
		}
		for _, one := range h.seen[h.visible].facts.Diverted {
			d[one.From] = one
		}
	}
	return d
}

// paths are the names under which a package's files are on the disk.
func (d diversions) paths(own Owned) []string {
	moves := func(p string) bool {
		one, is := d[p]
		return is && one.By != own.Package
	}
	if len(d) == 0 || !slices.ContainsFunc(own.Paths, moves) {
		return own.Paths
	}
	paths := slices.Clone(own.Paths)
	for i, p := range paths {
		if moves(p) {
			paths[i] = d[p].To
		}
	}
	return paths
}

// alone are the reports about files whose companions a container does not see.
func (m *merger) alone(histories []*history) []artifact.Incomplete {
	var list []artifact.Incomplete
	top := len(m.layers) - 1
	for _, h := range histories {
		if h.visible < 0 {
			continue
		}
		s := h.seen[h.visible]
		for _, a := range s.facts.Alone {
			if m.holder(a.Without, top) < 0 {
				list = append(list, artifact.Incomplete{Path: h.path, Layer: m.layers[s.layer].ref, Reason: a.Reason, Detail: a.Detail})
			}
		}
	}
	return list
}
