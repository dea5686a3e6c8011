package match

import (
	"fmt"
	"slices"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// linked asks the Go binary that p is part of for the symbols that the advisories behind h name. It is nil where the question does not
// arise: p is not known to be part of a binary, or no advisory names packages or symbols.
func (m *matcher) linked(p *inventory.Package, h *hit) *finding.Linked {
	if p.Ecosystem != purl.Go || p.Symbols == nil || len(h.imports) == 0 {
		return nil
	}
	var in, out []string
	unknown := ""
	binaries := p.Symbols.Binaries()
	for _, s := range binaries {
		if ok, why := s.Known(); !ok {
			unknown = why
		}
	}
	any := func(has func(s *inventory.Symbols) bool) bool {
		return slices.ContainsFunc(binaries, func(s *inventory.Symbols) bool { ok, _ := s.Known(); return ok && has(s) })
	}
	note := func(list *[]string, name string) {
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for _, im := range h.imports {
		if len(im.Symbols) == 0 {
			if any(func(s *inventory.Symbols) bool { return s.HasPackage(im.Path) }) {
				note(&in, im.Path)
			} else {
				note(&out, im.Path)
			}
			continue
		}
		for _, name := range im.Symbols {
			if any(func(s *inventory.Symbols) bool { return s.HasSymbol(im.Path, name) }) {
				note(&in, im.Path+"."+name)
			} else {
				note(&out, im.Path+"."+name)
			}
		}
	}
	most := func(list []string) []string {
		slices.Sort(list)
		return slices.Clip(list[:min(len(list), finding.MaxLinkedSymbols)])
	}
	asked := fmt.Sprintf("%d of %s that the advisory names", len(in), plural(len(in)+len(out), "function"))
	if len(in) > 0 {
		return &finding.Linked{State: finding.LinkedIn, Symbols: most(in), Detail: asked + isAre(len(in)) + "linked into the binary" + several(len(binaries))}
	}
	if unknown != "" {
		return &finding.Linked{State: finding.CannotTell, Detail: unknown}
	}
	return &finding.Linked{State: finding.NotLinked, Symbols: most(out), Detail: "none of " + plural(len(out), "function") + " that the advisory names is linked into the binary" + several(len(binaries))}
}

func isAre(n int) string {
	if n == 1 {
		return " is "
	}
	return " are "
}

func several(binaries int) string {
	if binaries > 1 {
		return fmt.Sprintf(", of %d that have the package", binaries)
	}
	return ""
}
