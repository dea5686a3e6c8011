package match_test

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// says is what one advisory says of one vulnerability in one package.
type says struct {
	ns, pkg  string
	vuln     string
	advisory string // default: vuln
	feed     string // default: "osv"
	bundle   bool
	status   vuln.Status
	severity vuln.Severity
	ranges   []vuln.Range
	listed   []string
	fixedAt  time.Time
	binary   bool
	module   string
	imports  []vuln.Import
}

func before(fixed string) []vuln.Range { return []vuln.Range{{Introduced: "0", Fixed: fixed}} }

func between(introduced, fixed string) vuln.Range {
	return vuln.Range{Introduced: introduced, Fixed: fixed}
}

// world is a database in memory, made without the code that makes real ones.
type world struct {
	namespaces map[string]bool
	packages   map[[2]string]*vulndb.Package
	records    []*vuln.Vulnerability
	ordinals   map[string]vulndb.Ordinal
	lookups    map[[2]string]int
	reads      map[vulndb.Ordinal]int
	broken     string // the package whose look-up fails
}

// rated sets the headline severity of vulnerabilities; others are Medium.
type rated map[string]vuln.Severity

var errBroken = errors.New("damaged page")

// newWorld lays the rows out in the order given, or, with r, in any other order that the contract of a database allows.
func newWorld(r *rand.Rand, rates rated, list ...says) *world {
	w := &world{
		namespaces: map[string]bool{}, packages: map[[2]string]*vulndb.Package{}, ordinals: map[string]vulndb.Ordinal{},
		lookups: map[[2]string]int{}, reads: map[vulndb.Ordinal]int{},
	}
	list = slices.Clone(list)
	if r != nil {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	for _, s := range list {
		w.namespaces[s.ns] = true
		o, ok := w.ordinals[s.vuln]
		if !ok {
			o = vulndb.Ordinal(len(w.records))
			w.ordinals[s.vuln] = o
			severity, ok := rates[s.vuln]
			if !ok {
				severity = vuln.Medium
			}
			w.records = append(w.records, &vuln.Vulnerability{ID: s.vuln, Severity: severity, SeveritySource: "nvd"})
		}
		key := [2]string{s.ns, s.pkg}
		p := w.packages[key]
		if p == nil {
			p = &vulndb.Package{}
			w.packages[key] = p
		}
		at := func(v string) int32 {
			if v == "" {
				return -1
			}
			if i := slices.Index(p.Versions, v); i >= 0 {
				return int32(i)
			}
			p.Versions = append(p.Versions, v)
			return int32(len(p.Versions) - 1)
		}
		row := vulndb.Row{
			Vuln: o, Advisory: cmp.Or(s.advisory, s.vuln), Feed: cmp.Or(s.feed, "osv"), Bundle: s.bundle,
			Status: s.status, Severity: s.severity, FixedAt: s.fixedAt,
			Binary: s.binary, Module: s.module, Imports: s.imports,
		}
		for _, in := range s.ranges {
			row.Intervals = append(row.Intervals, vulndb.Interval{
				Introduced: at(in.Introduced), Fixed: at(in.Fixed), LastAffected: at(in.LastAffected), Limit: at(in.Limit),
			})
		}
		p.Rows = append(p.Rows, row)
		p.Bounds = len(p.Versions)
		for _, v := range s.listed {
			row.Listed = append(row.Listed, at(v))
		}
		p.Rows[len(p.Rows)-1] = row
		p.Bounds = len(p.Versions)
	}
	for _, p := range w.packages {
		slices.SortStableFunc(p.Rows, func(a, b vulndb.Row) int { return cmp.Compare(a.Vuln, b.Vuln) })
	}
	return w
}

func (w *world) HasNamespace(ns string) bool { return w.namespaces[ns] }

func (w *world) Package(ns, name string) (*vulndb.Package, bool, error) {
	w.lookups[[2]string{ns, name}]++
	if name == w.broken {
		return nil, false, errBroken
	}
	p, ok := w.packages[[2]string{ns, name}]
	return p, ok, nil
}

func (w *world) Vulnerability(o vulndb.Ordinal) (*vuln.Vulnerability, error) {
	w.reads[o]++
	return w.records[o], nil
}

// deb makes a package of Debian 12; an empty source name or version is the package's own.
func deb(name, version, srcName, srcVersion string) inventory.Package {
	return inventory.Package{
		Name: name, Version: version, Ecosystem: purl.Debian, PURL: "pkg:deb/debian/" + name + "@" + version,
		Source:   &inventory.Source{Name: cmp.Or(srcName, name), Version: cmp.Or(srcVersion, version)},
		Evidence: []inventory.Evidence{{Path: "var/lib/dpkg/status", Extractor: "dpkg"}},
		Layer:    &artifact.LayerRef{Index: 0},
	}
}

func of(e purl.Ecosystem, name, version string) inventory.Package {
	return inventory.Package{
		Name: name, Version: version, Ecosystem: e, PURL: "pkg:" + e.Type() + "/" + name + "@" + version,
		Evidence: []inventory.Evidence{{Path: "app/" + name, Extractor: "test"}},
		Layer:    &artifact.LayerRef{Index: 1},
	}
}

func debian12(packages ...inventory.Package) *inventory.Inventory {
	return &inventory.Inventory{
		Distro:   &inventory.Distro{ID: "debian", VersionID: "12", Namespace: "Debian:12"},
		Packages: packages,
	}
}

func run(t testing.TB, db match.Database, inv *inventory.Inventory) *match.Outcome {
	t.Helper()
	out, err := match.Match(t.Context(), db, inv, match.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// told is a finding in short: "package version vulnerability -> fixed (status)".
func told(list []finding.Finding) []string {
	var s []string
	for _, f := range list {
		line := f.Package.Name + " " + f.Package.Version + " " + f.Vulnerability.ID
		if f.FixedVersion != "" {
			line += " -> " + f.FixedVersion
		}
		if f.Status != vuln.StatusAffected {
			line += " (" + f.Status.String() + ")"
		}
		s = append(s, line)
	}
	return s
}

func hushed(list []finding.Suppressed) []string {
	var s []string
	for _, x := range list {
		s = append(s, x.Package.Name+" "+x.Vulnerability+" "+x.Reason)
	}
	return s
}

func left(list []artifact.Incomplete) []string {
	var s []string
	for _, x := range list {
		s = append(s, string(x.Reason)+": "+x.Detail)
	}
	return s
}
