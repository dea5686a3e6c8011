package extract

import (
	"fmt"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// identity is what makes two sightings the same package.
type identity struct {
	ecosystem, name, version, arch, purl string
}

func identify(p *inventory.Package) identity {
	return identity{string(p.Ecosystem), p.Name, p.Version, p.Arch, p.PURL}
}

// sighting is an identity in one layer, from files of one owner: what becomes one package of the inventory, with as many
// pieces of evidence as there are files.
type sighting struct {
	identity
	layer int
	owner string
}

// assembly gathers packages; first come, first in.
type assembly struct {
	byID     map[sighting]*inventory.Package
	packages []*inventory.Package
}

func (a *assembly) add(id sighting, p inventory.Package, e inventory.Evidence) *inventory.Package {
	if a.byID == nil {
		a.byID = map[sighting]*inventory.Package{}
	}
	have := a.byID[id]
	details := p.Evidence // of an extractor come only details: the walker knows the rest
	if have == nil {
		p.Evidence = nil
		have = &p
		a.byID[id] = have
		a.packages = append(a.packages, have)
	}
	have.Symbols = inventory.Together(have.Symbols, p.Symbols)
	if len(details) == 0 {
		have.Evidence = append(have.Evidence, e)
	}
	for _, d := range details {
		e.Detail = d.Detail
		have.Evidence = append(have.Evidence, e)
	}
	return have
}

// inventory assembles the packages of the merged view, and those that some layer brought and a later one took away.
func (m *merger) inventory() *inventory.Inventory {
	histories := m.histories()
	inv := &inventory.Inventory{Distro: distro(histories), Packages: []inventory.Package{}, Incomplete: m.incomplete}
	own := m.owners(histories)
	var present, removed assembly
	there := map[identity]bool{}
	osPURL := map[string]string{}
	for _, h := range histories {
		if h.visible < 0 {
			continue
		}
		for _, p := range h.seen[h.visible].packages {
			inv.Distro.Refine(&p)
			there[identify(&p)] = true
			if p.OS() {
				osPURL[p.Name] = p.PURL
			}
			k := m.introduced(h, h.visible, raw(&p))
			id := sighting{identity: identify(&p), layer: h.seen[k].layer}
			if !p.OS() {
				id.owner = own.of(h.path, h.seen[h.visible].layer)
			}
			p.Layer = m.layers[h.seen[k].layer].ref
			q := present.add(id, p, m.evidence(h, k))
			if id.owner != "" && q.Owner == nil {
				q.Owner = &inventory.Owner{Name: id.owner, Path: h.path}
			}
		}
	}
	known := seenPackages(present.packages)
	for _, h := range histories {
		m.removals(h, inv.Distro, there, own, &removed)
	}
	licenses, expressions := licensesOf(histories), expressions{}
	ships := m.ships(histories)
	for _, p := range present.packages {
		if known.has(p) {
			continue
		}
		if p.Owner != nil {
			if p.Owner.PURL = osPURL[p.Owner.Name]; p.Owner.PURL == "" {
				p.Owner = nil // only its configuration files are left: nobody looks after the rest
			}
		}
		if p.Unpackaged && p.Owner != nil {
			continue // it is that package
		}
		if s, ok := ships[installed{p.Name, p.Arch}]; ok && p.OS() {
			p.SetFiles(s)
		} else if s, ok := ships[installed{p.Name, ""}]; ok && p.OS() {
			p.SetFiles(s)
		}
		if p.OS() && len(p.Licenses) == 0 {
			p.Licenses = licenses[p.Name]
		}
		p.License = expressions.of(p)
		inv.Packages = append(inv.Packages, *p)
	}
	for _, p := range removed.packages {
		p.License = expressions.of(p)
		inv.Removed = append(inv.Removed, *p)
	}
	inv.Incomplete = append(inv.Incomplete, m.alone(histories)...)
	for _, l := range m.layers {
		inv.Incomplete = append(inv.Incomplete, l.incomplete...)
		if l.unreported > 0 {
			inv.Incomplete = append(inv.Incomplete, artifact.Incomplete{
				Layer: l.ref, Reason: artifact.Unreadable,
				Detail: fmt.Sprintf("%d more of this layer are not listed one by one", l.unreported),
			})
		}
	}
	inv.Sort()
	return inv
}

// rawID is a package as its file says it, before the distribution is known.
type rawID struct{ name, version, arch, purl string }

func raw(p *inventory.Package) rawID {
	if p.OS() {
		return rawID{p.Name, p.Version, p.Arch, ""}
	}
	return rawID{p.Name, p.Version, p.Arch, p.PURL}
}

// introduced gives the index of the lowest sighting from which the package stayed at this path, up to sighting k.
func (m *merger) introduced(h *history, k int, id rawID) int {
	for k > 0 && h.seen[k-1].has(id) && m.hiddenBy(h.seen[k-1].layer, h.path) == h.seen[k].layer {
		k--
	}
	return k
}

// removals adds the packages that are in a sighting and not in the next one.
func (m *merger) removals(h *history, d *inventory.Distro, there map[identity]bool, own owners, removed *assembly) {
	for k := range h.seen {
		if k == h.visible {
			break
		}
		by := h.hiddenBy
		if k+1 < len(h.seen) {
			by = m.hiddenBy(h.seen[k].layer, h.path)
		}
		if by < 0 {
			continue
		}
		for _, p := range h.seen[k].packages {
			id := raw(&p)
			if k+1 < len(h.seen) && by == h.seen[k+1].layer && h.seen[k+1].has(id) {
				continue // stays
			}
			if p.Stated || p.Unpackaged && own.everOf(h.path) {
				continue // nobody saw it go; or it was an OS package's, which the package database tells
			}
			d.Refine(&p)
			if there[identify(&p)] {
				continue // moved to another path, or came back: a container sees it
			}
			first := m.introduced(h, k, id)
			p.Layer = m.layers[h.seen[first].layer].ref
			p.RemovedIn = m.layers[by].ref
			removed.add(sighting{identity: identify(&p), layer: h.seen[first].layer}, p, m.evidence(h, first))
		}
	}
}

func (m *merger) evidence(h *history, k int) inventory.Evidence {
	return inventory.Evidence{
		Path: h.path, Extractor: m.run.table.extractors[h.extractor].Name(), Layer: m.layers[h.seen[k].layer].ref,
	}
}

// installed names an OS package as the list of its files does: Arch is empty where one name is installed once.
type installed struct{ name, arch string }

// ships judges what OS packages bring by the files that their package manager lists.
func (m *merger) ships(histories []*history) map[installed]inventory.Ships {
	top := len(m.layers) - 1
	link := func(p string) bool {
		i := m.holder(p, top)
		return i >= 0 && m.layers[i].links[p] != ""
	}
	ships, moved := map[installed]inventory.Ships{}, diversionsOf(histories)
	for _, h := range histories {
		if h.visible < 0 {
			continue
		}
		for _, own := range h.seen[h.visible].facts.Owned {
			ships[installed{own.Package, own.Arch}] = inventory.ShipsOf(moved.paths(own), link)
		}
	}
	return ships
}

// licensesOf gathers the licences that stand in files of their own, by OS package.
func licensesOf(histories []*history) map[string][]string {
	licenses := map[string][]string{}
	for _, h := range histories {
		if h.visible < 0 {
			continue
		}
		for _, l := range h.seen[h.visible].facts.Licenses {
			licenses[l.Package] = l.Licenses
		}
	}
	return licenses
}
