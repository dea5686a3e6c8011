package match

import (
	"context"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// Database is what matching needs of a vulnerability database. *vulndb.DB is one.
type Database interface {
	// HasNamespace says whether the database knows any package of the namespace.
	HasNamespace(ns string) bool
	// Package gives what the database says of a package; false when it says nothing. The result is not changed.
	Package(namespace, name string) (*vulndb.Package, bool, error)
	// Vulnerability gives the record of a vulnerability. The result is shared between findings.
	Vulnerability(o vulndb.Ordinal) (*vuln.Vulnerability, error)
}

var _ Database = (*vulndb.DB)(nil)

// Outcome is what matching found, in the order of results. Findings of packages that were built from one source share
// their Matches and Vulnerability, which are not to be changed.
type Outcome struct {
	Findings   []finding.Finding
	Fixes      []finding.Fix
	Suppressed []finding.Suppressed
	Incomplete []artifact.Incomplete
	// Unjudged counts the packages of distributions that could not be matched at all.
	Unjudged int
}

// Options change what counts. The zero value changes nothing.
type Options struct {
	// State gives what somebody who knows better states of a vulnerability in a package (a VEX statement); nil where nobody does. A match that
	// is stated not to count is suppressed, and does not decide the fix.
	State func(p *inventory.Package, v *vuln.Vulnerability) *finding.Suppressed
	// OnlyLinked suppresses findings in Go binaries whose vulnerable functions are not linked in.
	OnlyLinked bool
}

// Match judges the packages that a container of the artifact would see; Inventory.Removed is not looked at. An error is
// one of the context or of the database, and then there is no outcome.
func Match(ctx context.Context, db Database, inv *inventory.Inventory, o Options) (*Outcome, error) {
	m := newMatcher(db, inv)
	m.options = o
	for i := range inv.Packages {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := &inv.Packages[i]
		if err := m.add(p); err != nil {
			return nil, fmt.Errorf("matching %s %s: %w", p.Name, p.Version, err)
		}
	}
	m.reportUnmatched()
	m.out.Findings = m.findings()
	m.out.sort()
	return &m.out, nil
}

// matcher holds what packages of one inventory share.
type matcher struct {
	db      Database
	inv     *inventory.Inventory
	options Options
	out     Outcome
	has     map[string]bool                        // HasNamespace, asked once
	vulns   map[vulndb.Ordinal]*vuln.Vulnerability // read once
	known   map[question]*answer                   // binary packages of one source ask the same
	owners  map[string]*inventory.Package          // OS packages that own language packages, by purl
	asked   map[question]bool                      // what owners ask: their answers keep every verdict
	missed  map[unmatched]int                      // packages that were not matched
	found   []found                                // what becomes Outcome.Findings
	space   space
	slab    slab
}

func newMatcher(db Database, inv *inventory.Inventory) *matcher {
	m := &matcher{
		db: db, inv: inv,
		has:    map[string]bool{},
		vulns:  map[vulndb.Ordinal]*vuln.Vulnerability{},
		known:  make(map[question]*answer, len(inv.Packages)),
		missed: map[unmatched]int{},
	}
	m.findOwners()
	return m
}

// add judges one package.
func (m *matcher) add(p *inventory.Package) error {
	q, why := m.question(p)
	if why != (unmatched{}) {
		m.missed[why]++
		return nil
	}
	a, err := m.answer(q)
	if err != nil {
		return err
	}
	m.report(p, a)
	if p.Ecosystem.Type() == "rpm" && (p.Module != "" || moduleBuild(p.Version)) {
		lost, err := m.lostBuild(p, q)
		switch {
		case err != nil:
			return err
		case lost:
			m.missed[unmatched{p.Ecosystem, noBuild}]++
		case !a.modules:
			m.missed[unmatched{p.Ecosystem, noModules}]++
		}
	}
	if len(a.hits) == 0 && len(a.beaten) == 0 {
		return nil
	}
	short := shorten(p)
	if owner := m.ownerOf(p); owner != nil {
		return m.suppressOwned(p, *short, a, owner)
	}
	if ships := p.Contents(); ships != "" {
		m.suppressAll(p, *short, a, ships)
		return nil
	}
	if a, err = m.stated(p, *short, q, a); err != nil {
		return err
	}
	for _, h := range a.hits {
		m.found = append(m.found, found{short, h, p.Layer, m.linked(p, h)})
	}
	if a.fix != nil {
		f := *a.fix
		f.Package, f.Layer = *short, p.Layer
		f.SuggestedVersion = spelled(p.Ecosystem, p.Version, f.SuggestedVersion, a.module)
		f.Step = step(p, f.SuggestedVersion)
		f.OfSource = f.OfSource && p.Source != nil && p.Source.Version != p.Version
		m.out.Fixes = append(m.out.Fixes, f)
	}
	for _, s := range a.beaten {
		s.Package = *short
		m.out.Suppressed = append(m.out.Suppressed, s)
	}
	return nil
}

// vulnerability reads a record once.
func (m *matcher) vulnerability(o vulndb.Ordinal) (*vuln.Vulnerability, error) {
	if v, ok := m.vulns[o]; ok {
		return v, nil
	}
	v, err := m.db.Vulnerability(o)
	if err != nil {
		return nil, fmt.Errorf("reading vulnerability %d: %w", o, err)
	}
	m.vulns[o] = v
	return v, nil
}

func (m *matcher) hasNamespace(ns string) bool {
	has, ok := m.has[ns]
	if !ok {
		has = m.db.HasNamespace(ns)
		m.has[ns] = has
	}
	return has
}

// shorten makes the form of a package that findings carry.
func shorten(p *inventory.Package) *finding.Package {
	short := &finding.Package{Name: p.Name, Version: p.Version, Ecosystem: p.Ecosystem, PURL: p.PURL, Source: p.Source}
	if len(p.Evidence) > 0 {
		short.Paths = make([]string, 0, len(p.Evidence))
		for i := range p.Evidence {
			if n := len(short.Paths); n == 0 || short.Paths[n-1] != p.Evidence[i].Path {
				short.Paths = append(short.Paths, p.Evidence[i].Path)
			}
		}
	}
	return short
}

// question is what a package asks of the database. Packages with the same question have the same answer.
type question struct {
	ecosystem purl.Ecosystem // whose order of versions counts
	namespace string
	module    string               // the rpm module stream that the package belongs to
	without   string               // ids of vulnerabilities that are not to count, each followed by a space
	subjects  [maxSubjects]subject // those behind the first may be empty
}

// maxSubjects: a source package, a binary one, and a build of a module.
const maxSubjects = 3

// subject is a name that is looked up, and the version that it is judged at.
type subject struct {
	name, version string
	// source and binary say whose name and version these are; both where they are the same. Advisories about the other kind are not about it.
	source, binary bool
	build          bool // the version is that of a module's build
}

// question says what to look up for p, or why it cannot be matched.
func (m *matcher) question(p *inventory.Package) (question, unmatched) {
	if !p.OS() {
		ns := string(p.Ecosystem)
		if !m.hasNamespace(ns) {
			return question{}, unmatched{p.Ecosystem, noData}
		}
		name := purl.NormalizeName(p.Ecosystem, p.Name)
		if p.Ecosystem == purl.Maven && !strings.Contains(name, ":") {
			return question{}, unmatched{p.Ecosystem, noGroup}
		}
		return question{ecosystem: p.Ecosystem, namespace: ns, subjects: [maxSubjects]subject{{name: name, version: p.Version}}}, unmatched{}
	}
	d := m.inv.Distro
	switch {
	case d == nil:
		return question{}, unmatched{p.Ecosystem, noDistro}
	case d.Namespace == "":
		return question{}, unmatched{p.Ecosystem, noRelease}
	}
	if e, _ := purl.Split(d.Namespace); e != p.Ecosystem {
		return question{}, unmatched{p.Ecosystem, otherDistro}
	}
	if !m.hasNamespace(d.Namespace) {
		return question{}, unmatched{p.Ecosystem, noData}
	}
	src := subject{name: p.Name, version: p.Version, source: true}
	if p.Source != nil && p.Source.Name != "" {
		src.name = p.Source.Name
		if p.Source.Version != "" {
			src.version = p.Source.Version
		}
	}
	q := question{ecosystem: p.Ecosystem, namespace: d.Namespace, module: p.Module, subjects: [maxSubjects]subject{src}}
	if p.Ecosystem.Type() == "rpm" { // whose notices list binary packages
		if p.Name == src.name && p.Version == src.version {
			q.subjects[0].binary = true
		} else {
			q.subjects[1] = subject{name: p.Name, version: p.Version, binary: true}
		}
		q.subjects[2] = buildOf(p, src.name)
	}
	return q, unmatched{}
}
