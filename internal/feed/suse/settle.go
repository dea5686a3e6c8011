package suse

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/feed/csaf"
	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// place is a package in a release.
type place struct{ namespace, pkg, source string } // source: the package it is built from, where the document tells

// fixed is the versions of a package that hold the fix, the lowest of each upstream version.
type fixed struct{ versions []nevra.NEVRA }

// each tells what the ids of a list are about. A name without a version may be a source package's.
func (d *decoder) each(doc *csaf.Document, ids csaf.IDs, say func(at place, n nevra.NEVRA, versioned bool)) {
	for id := range ids.All() {
		product, root, between, ok := doc.Of(id)
		if !ok || len(between) > 0 || root.Category != "product_name" || product.Category != "product_version" {
			continue
		}
		n, versioned := nevra.Parse(product.ID)
		if n.Arch == "src" || n.Arch == "nosrc" {
			continue
		}
		source, bare := upstream(product.PURL)
		if bare {
			versioned = false
		}
		if !versioned {
			if n = (nevra.NEVRA{Name: product.ID}); !nevra.Name(n.Name) {
				continue
			}
		}
		for _, ns := range d.namespaces(root.Name, root.CPE) {
			say(place{ns, n.Name, source}, n, versioned)
		}
	}
}

// upstream reads the name of the source package out of "pkg:rpm/suse/liblzma5@5.8.1-1?upstream=xz-5.8.1-1.src.rpm", and whether the purl says that there is no version.
func upstream(p string) (source string, bare bool) {
	_, file, ok := strings.Cut(p, "upstream=")
	if !ok {
		return "", false
	}
	file, _, _ = strings.Cut(file, "&")
	file = strings.TrimSuffix(file, ".src.rpm")
	bare = strings.Contains(p, "@?")
	if n, ok := nevra.Parse(file); ok && !bare {
		return n.Name, false
	}
	return file, bare
}

func (d *decoder) fixes(doc *csaf.Document, ids csaf.IDs, to map[place]*fixed) {
	d.each(doc, ids, func(at place, n nevra.NEVRA, versioned bool) {
		if !versioned {
			return
		}
		have := to[at]
		if have == nil {
			have = &fixed{}
			to[at] = have
		}
		for i, v := range have.versions {
			if v.Epoch == n.Epoch && v.Version == n.Version {
				if compare(n.EVR(), v.EVR()) < 0 {
					have.versions[i] = n
				}
				return
			}
		}
		have.versions = append(have.versions, n)
	})
}

// settle makes one verdict for each package. A fix says more than that there is none.
func (d *decoder) settle(doc *csaf.Document, fixes map[place]*fixed, open map[place]vuln.Status) []vuln.Affected {
	type name struct{ namespace, pkg string }
	var at time.Time
	if !d.vex {
		at = doc.Published
	}
	out := make([]vuln.Affected, 0, len(fixes)+len(open))
	mended, built := map[name]bool{}, map[name]bool{} // packages with a fix, and sources of which one has
	for p, f := range fixes {
		mended[name{p.namespace, p.pkg}] = true
		built[name{p.namespace, p.source}] = true
		out = append(out, vuln.Affected{Namespace: p.namespace, Package: p.pkg, Binary: true, Ranges: f.intervals(), FixedAt: at})
	}
	for _, p := range slices.SortedFunc(maps.Keys(open), func(a, b place) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.pkg, b.pkg), strings.Compare(a.source, b.source))
	}) {
		if n := (name{p.namespace, p.pkg}); mended[n] || p.source == p.pkg && built[n] {
			continue // it names the source of packages that are mended
		}
		a := vuln.Affected{
			Namespace: p.namespace, Package: p.pkg, Binary: p.source != "" && p.source != p.pkg,
			Status: open[p], Ranges: []vuln.Range{{Introduced: "0"}},
		}
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b vuln.Affected) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Package, b.Package), compareBool(a.Binary, b.Binary),
			cmp.Compare(a.Status, b.Status), slices.CompareFunc(a.Ranges, b.Ranges, func(a, b vuln.Range) int {
				return cmp.Or(strings.Compare(a.Introduced, b.Introduced), strings.Compare(a.Fixed, b.Fixed))
			}))
	})
	return slices.CompactFunc(out, func(a, b vuln.Affected) bool {
		return a.Namespace == b.Namespace && a.Package == b.Package && a.Binary == b.Binary && a.Status == b.Status && slices.Equal(a.Ranges, b.Ranges)
	})
}

// intervals says which versions are affected. Where a release carries two lines of a package, what follows the fix of the older one in that line is mended.
func (f *fixed) intervals() []vuln.Range {
	list := slices.SortedFunc(slices.Values(f.versions), func(a, b nevra.NEVRA) int {
		return cmp.Or(compare(a.EVR(), b.EVR()), strings.Compare(a.EVR(), b.EVR()))
	})
	ranges := []vuln.Range{{Introduced: "0", Fixed: list[0].EVR()}}
	for i := 1; i < len(list); i++ {
		after := list[i-1]
		after.Version, after.Release = after.Version+".0", "0" // above all releases of the version
		if from := after.EVR(); compare(list[i-1].EVR(), from) < 0 && compare(from, list[i].EVR()) < 0 {
			ranges = append(ranges, vuln.Range{Introduced: from, Fixed: list[i].EVR()})
		}
	}
	return ranges
}

func compare(a, b string) int {
	c, err := version.Compare(purl.SUSE, a, b)
	if err != nil {
		return strings.Compare(a, b)
	}
	return c
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
