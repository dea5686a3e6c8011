package extract

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// What is said of claimed names behind which there is no file.
const (
	circle   = "a circle of symbolic links"
	notAFile = "a FIFO, device or socket in the place of a file; such are never opened"
)

// place follows the claim of a whole path, or of a directory, through the symbolic links of the merged view. Where something else than what is
// claimed is in its way, that is reported under the name at fault, once for all claims, and ok is false.
func (m *merger) place(p string, wantDir bool, top int) (real string, ok bool) {
	for rest := p; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		name := path.Join(real, part)
		if real, ok = m.step(name, rest != "" || wantDir, top); !ok {
			return "", false
		}
	}
	return real, true
}

// step follows one name, whose directory has no links any more. Nothing being there is no fault, but for the target of a link.
func (m *merger) step(name string, wantDir bool, top int) (real string, ok bool) {
	k := m.holder(name, top)
	switch {
	case k < 0 && !wantDir && m.isDir(name, top):
		m.fault(name, -1, artifact.Unreadable, "a directory in the place of a file")
		return "", false
	case k < 0:
		return name, true
	case m.layers[k].links[name] == "":
		if _, both := m.layers[k].dirs[m.layers[k].hash(name)]; wantDir && !both {
			m.fault(name, k, artifact.Unreadable, "a file in the place of a directory")
			return "", false
		}
		return name, true
	}
	if real, ok = m.resolve(name, top); !ok {
		m.fault(name, k, artifact.BrokenLink, circle)
		return "", false
	}
	j := m.holder(real, top)
	switch {
	case wantDir && !m.isDir(real, top):
		m.fault(name, k, artifact.BrokenLink, fmt.Sprintf("leads to %q, which is not a directory here", clip(real)))
		return "", false
	case wantDir:
		return real, true
	case j < 0:
		m.fault(name, k, artifact.BrokenLink, fmt.Sprintf("leads to %q, which is not a file here", clip(real)))
		return "", false
	}
	if _, is := m.layers[j].special[real]; is {
		m.fault(name, k, artifact.Unreadable, fmt.Sprintf("leads to %q: %s", clip(real), notAFile))
		return "", false
	}
	return real, true
}

// fault reports a name once.
func (m *merger) fault(name string, layer int, reason artifact.Reason, detail string) {
	if m.faults == nil {
		m.faults = map[string]bool{}
	}
	if m.faults[name] {
		return
	}
	m.faults[name] = true
	inc := artifact.Incomplete{Path: name, Reason: reason, Detail: detail}
	if layer >= 0 {
		inc.Layer = m.layers[layer].ref
	}
	m.incomplete = append(m.incomplete, inc)
}

// isDir says whether layer top and those below it show a directory at p.
func (m *merger) isDir(p string, top int) bool {
	if p == "." {
		return true
	}
	for i := top; i >= 0; i-- {
		l := m.layers[i]
		if _, is := l.dirs[l.hash(p)]; is {
			return !l.hasOther(p)
		}
		if _, gone := l.whiteouts[p]; gone || l.hasOther(p) {
			return false
		}
		for a := range ancestors(p) {
			_, gone := l.whiteouts[a]
			_, opaque := l.opaques[a]
			if gone || opaque || l.hasOther(a) {
				return false
			}
		}
		if _, all := l.opaques["."]; all {
			return false
		}
	}
	return false
}

// specials reports the claimed names that the merged view shows as FIFOs, devices or sockets.
func (m *merger) specials() {
	top := len(m.layers) - 1
	for i, l := range m.layers {
		for _, p := range slices.Sorted(maps.Keys(l.special)) {
			if l.special[p] && m.holder(p, top) == i {
				m.fault(p, i, artifact.Unreadable, notAFile)
			}
		}
	}
}
