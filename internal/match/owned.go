package match

import (
	"cmp"
	"fmt"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// verdict is what a distribution says of one vulnerability in the installed version of one of its packages.
type verdict uint8

const (
	saysNothing verdict = iota
	saysAffected
	saysFixed
	saysNotAffected
)

// verdict is known after judge.
func (g *group) verdict(tables []table) verdict {
	if g.hit {
		return saysAffected
	}
	v := saysNothing
	for i := range tables {
		p := &g.parts[i]
		if p.cleared {
			return saysNotAffected
		}
		rows := tables[i].of(p)
		for k := range rows {
			if p.believes(&rows[k]) {
				v = saysFixed
			}
		}
	}
	return v
}

// findOwners finds the OS packages whose verdicts others need.
func (m *matcher) findOwners() {
	wanted := map[string]bool{}
	for i := range m.inv.Packages {
		if p := &m.inv.Packages[i]; p.Owner != nil && !p.OS() {
			wanted[p.Owner.PURL] = true
		}
	}
	if len(wanted) == 0 {
		return
	}
	m.owners, m.asked = map[string]*inventory.Package{}, map[question]bool{}
	for i := range m.inv.Packages {
		p := &m.inv.Packages[i]
		if !p.OS() || !wanted[p.PURL] {
			continue
		}
		if q, why := m.question(p); why == (unmatched{}) && m.speaksOf(q) {
			m.owners[p.PURL] = p
			m.asked[q] = true
		}
	}
}

// speaksOf says whether the distribution speaks of the source at all. It does not of what strangers packaged for it (docker-ce, kubectl): for those
// its silence is no verdict.
func (m *matcher) speaksOf(q question) bool {
	for _, s := range q.subjects {
		if s.name == "" {
			continue
		}
		if _, found, err := m.db.Package(q.namespace, s.name); found || err != nil {
			return true // an error is met again, and told, when the question is asked
		}
	}
	return false
}

// ownerOf gives the OS package that brought p, if the distribution can speak for it: it is in the inventory, and its
// release is in the database.
func (m *matcher) ownerOf(p *inventory.Package) *inventory.Package {
	if p.Owner == nil || p.OS() {
		return nil
	}
	return m.owners[p.Owner.PURL]
}

// suppressOwned says of each hit of p what the distribution says of it.
func (m *matcher) suppressOwned(p *inventory.Package, short finding.Package, a *answer, owner *inventory.Package) error {
	if len(a.hits) == 0 {
		return nil
	}
	q, _ := m.question(owner)
	theirs, err := m.answer(q)
	if err != nil {
		return err
	}
	name := q.subjects[0].name
	for i := range a.hits {
		h := a.hits[i]
		s := finding.Suppressed{Package: short, Vulnerability: h.record.ID, Severity: h.severity}
		switch theirs.verdicts[h.ordinal] {
		case saysAffected:
			s.Reason = finding.DistroAffected
			s.Detail = fmt.Sprintf("counted on the package %s, which brought it", p.Owner.Name)
		case saysFixed:
			s.Reason = finding.DistroFixed
			s.Detail = fmt.Sprintf("%s says that %s %s is not or no longer affected", q.namespace, name, q.subjects[0].version)
		case saysNotAffected:
			s.Reason = finding.DistroNotAffected
			s.Detail = fmt.Sprintf("%s says that %s is not affected", q.namespace, name)
		default:
			s.Reason = finding.OwnedByOSPackage
			s.Detail = fmt.Sprintf("part of the package %s, for whose source %s %s does not list it", p.Owner.Name, name, q.namespace)
		}
		m.out.Suppressed = append(m.out.Suppressed, s)
	}
	return nil
}

// judgeBeaten notes that rows about the installed version are contradicted by others, that are believed, or are no
// verdict yet.
func (m *matcher) judgeBeaten(tables []table, g *group, a *answer) error {
	for i := range tables {
		t, p := &tables[i], &g.parts[i]
		r := t.beaten(p)
		if r == nil {
			continue
		}
		record, err := m.vulnerability(g.vuln)
		if err != nil {
			return err
		}
		s := finding.Suppressed{Vulnerability: record.ID, Severity: cmp.Or(r.Severity, record.Severity)}
		subject := fmt.Sprintf("%s of %s", t.name, t.namespace)
		switch {
		case p.cleared:
			s.Reason, s.Detail = finding.DistroNotAffected, t.speaker(p)+" says that "+subject+" is not affected"
		case r.Status == vuln.StatusInvestigating:
			s.Reason, s.Detail = finding.UnderInvestigation, r.Advisory+" does not say yet whether "+subject+" is affected"
		default:
			s.Reason, s.Detail = finding.DistroFixed, t.speaker(p)+" says that "+subject+" is not or no longer affected in "+t.version
		}
		if r.Status != vuln.StatusInvestigating {
			s.Detail += "; " + r.Advisory + " of " + r.Feed + " does not count beside it"
		}
		a.beaten = append(a.beaten, s)
		return nil // one entry tells it
	}
	return nil
}

// beaten gives the row that holds for the installed version and is not believed: of several, one with a verdict, and the
// first by advisory and feed. It is nil where there is none.
func (t *table) beaten(p *part) (first *vulndb.Row) {
	rows := t.of(p)
	for k := range rows {
		r := &rows[k]
		if r.Status == vuln.StatusNotAffected || p.believes(r) {
			continue
		}
		if _, _, ok := t.holds(&t.installed, r); !ok {
			continue
		}
		if first == nil || cmp.Or(cmp.Compare(r.Status, first.Status), cmp.Compare(r.Advisory, first.Advisory), cmp.Compare(r.Feed, first.Feed)) < 0 {
			first = r
		}
	}
	return first
}

// suppressAll says of each hit of p that p has none of the code: it ships only what cannot run.
func (m *matcher) suppressAll(p *inventory.Package, short finding.Package, a *answer, ships inventory.Ships) {
	source := p.Name
	if p.Source != nil && p.Source.Name != "" {
		source = p.Source.Name
	}
	for _, h := range a.hits {
		m.out.Suppressed = append(m.out.Suppressed, finding.Suppressed{
			Package: short, Vulnerability: h.record.ID, Reason: finding.NotShipped, Severity: h.severity,
			Detail: fmt.Sprintf("it ships %s only, and none of the code of %s", ships, source),
		})
	}
}

// speaker names the row that is believed: the first by advisory and feed.
func (t *table) speaker(p *part) string {
	var first *string
	rows := t.of(p)
	for k := range rows {
		r := &rows[k]
		if r.Status == vuln.StatusInvestigating || tier(r.Feed, r.Bundle) != p.best {
			continue
		}
		if s := r.Advisory + " of " + r.Feed; first == nil || s < *first {
			first = &s
		}
	}
	if first == nil {
		return "the distribution"
	}
	return *first
}
