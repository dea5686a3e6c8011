package match

import (
	"context"
	"fmt"
	"slices"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// Trace is the way of one decision: what was looked up, what each advisory says, and which rule decided.
type Trace struct {
	Package inventory.Package `json:"package"`
	// Unmatched says why nothing could be looked up; then all that follows is empty.
	Unmatched string   `json:"unmatched,omitempty"`
	Looked    []Looked `json:"looked"`
	Rows      []Row    `json:"rows"` // in the order of the database
	// Outcome is a finding, or why there is none.
	Outcome    TraceOutcome         `json:"outcome"`
	Rule       string               `json:"rule"` // which decided, for a person
	Findings   []finding.Finding    `json:"findings,omitempty"`
	Suppressed []finding.Suppressed `json:"suppressed,omitempty"`
	Fix        *finding.Fix         `json:"fix,omitempty"` // of the package, for all of its findings
}

// TraceOutcome is how a decision ended.
type TraceOutcome string

// The ends.
const (
	TraceAffected    TraceOutcome = "affected"     // a finding
	TraceSuppressed  TraceOutcome = "suppressed"   // advisories match, and do not count
	TraceNotAffected TraceOutcome = "not_affected" // the distribution says so
	TraceFixed       TraceOutcome = "fixed"        // advisories speak of the package, and none covers the version
	TraceNotCompared TraceOutcome = "not_compared" // the version or the ends of the ranges have no order, or there is no version
	TraceUnlisted    TraceOutcome = "unlisted"     // no advisory of the vulnerability speaks of the package
	TraceUnmatched   TraceOutcome = "unmatched"    // the package could not be looked up
)

// Looked is one look-up.
type Looked struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Version   string `json:"version"`        // that is compared
	Kind      string `json:"kind"`           // source package, binary package, package
	Known     bool   `json:"known"`          // the database has advisories about that name
	Rows      int    `json:"rows,omitempty"` // of any vulnerability
}

// Row is what one advisory says of the vulnerability in the package, and what became of it.
type Row struct {
	Name     string        `json:"name"` // that it was found under
	Advisory string        `json:"advisory"`
	Feed     string        `json:"feed"`
	Notice   bool          `json:"notice,omitempty"` // it covers the vulnerability, perhaps with others
	Module   string        `json:"module,omitempty"`
	Status   vuln.Status   `json:"status"`
	Severity vuln.Severity `json:"severity"`
	Ranges   []vuln.Range  `json:"ranges,omitempty"`
	Listed   int           `json:"listed,omitempty"`   // versions listed one by one
	Holds    bool          `json:"holds"`              // for the version that is compared
	Compared []string      `json:"compared,omitempty"` // "3.0.11-1 < 3.0.15-1 (fixed)"
	// Uncompared is set where versions without an order keep open whether a range covers the version, and Unordered is the first of those where the
	// package's own version has one.
	Uncompared bool   `json:"uncompared,omitempty"`
	Unordered  string `json:"unordered,omitempty"`
	Believed   bool   `json:"believed"`            // it counts
	Unbelieve  string `json:"unbelieve,omitempty"` // why it does not
}

// Explain judges one package of an inventory as [Match] does and tells the way of the decision about the given vulnerabilities, which are
// those that one id means. The package need not be in the inventory; its distribution counts.
func Explain(ctx context.Context, db Database, inv *inventory.Inventory, p inventory.Package, ids []vulndb.Ordinal) (*Trace, error) {
	alone := &inventory.Inventory{Distro: inv.Distro, Packages: []inventory.Package{p}}
	if p.Owner != nil {
		for i := range inv.Packages {
			if q := &inv.Packages[i]; q.OS() && q.PURL == p.Owner.PURL && q.PURL != p.PURL {
				alone.Packages = append(alone.Packages, *q)
			}
		}
	}
	m := newMatcher(db, alone)
	tr := &Trace{Package: p, Looked: []Looked{}, Rows: []Row{}}
	q, why := m.question(&p)
	if why != (unmatched{}) {
		tr.Unmatched, tr.Outcome = m.explain(why), TraceUnmatched
		tr.Rule = "the package was not matched: " + tr.Unmatched
		return tr, nil
	}
	if err := m.trace(tr, q, ids); err != nil {
		return nil, err
	}
	out, err := Match(ctx, db, alone, Options{})
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	records := make([]*vuln.Vulnerability, len(ids))
	for i, o := range ids {
		if records[i], err = m.vulnerability(o); err != nil {
			return nil, err
		}
		names[records[i].ID] = true
	}
	for _, f := range out.Findings {
		if f.Package.PURL == p.PURL && names[f.Vulnerability.ID] {
			tr.Findings = append(tr.Findings, f)
		}
	}
	for _, s := range out.Suppressed {
		if s.Package.PURL == p.PURL && names[s.Vulnerability] {
			tr.Suppressed = append(tr.Suppressed, s)
		}
	}
	for i := range out.Fixes {
		if out.Fixes[i].Package.PURL == p.PURL {
			tr.Fix = &out.Fixes[i]
		}
	}
	tr.decide(q, records)
	if owner := m.ownerOf(&p); owner != nil { // what its distribution says decides
		q, _ := m.question(owner)
		if err := m.trace(tr, q, ids); err != nil {
			return nil, err
		}
	}
	return tr, nil
}

// trace fills in what was looked up and what each row says.
func (m *matcher) trace(tr *Trace, q question, ids []vulndb.Ordinal) error {
	for i, s := range q.subjects {
		if s.name == "" {
			continue
		}
		pkg, known, err := m.db.Package(q.namespace, s.name)
		if err != nil {
			return fmt.Errorf("looking up %s in %s: %w", s.name, q.namespace, err)
		}
		l := Looked{Namespace: q.namespace, Name: s.name, Version: s.version, Kind: s.kind(), Known: known}
		if !known {
			tr.Looked = append(tr.Looked, l)
			continue
		}
		l.Rows = len(pkg.Rows)
		tr.Looked = append(tr.Looked, l)
		t := &m.space.tables[i]
		_ = t.open(q, s, pkg, &m.space.buffers[i]) // what has no order says so in Compared
		for _, o := range ids {
			from, to := 0, 0
			for from < len(t.rows) && t.rows[from].Vuln != o {
				from++
			}
			for to = from; to < len(t.rows) && t.rows[to].Vuln == o; to++ {
			}
			p := t.newPart(from, to, q.ecosystem.OS())
			for k := from; k < to; k++ {
				tr.Rows = append(tr.Rows, t.row(&p, &t.rows[k], pkg))
			}
			for k := range t.strange {
				if r := &t.strange[k]; r.Vuln == o {
					row := t.row(&part{}, r, pkg)
					row.Believed, row.Unbelieve = false, "it is about "+moduleName(r.Module)+", and the package of "+moduleName(q.module)
					tr.Rows = append(tr.Rows, row)
				}
			}
		}
	}
	return nil
}

func (s subject) kind() string {
	switch {
	case s.build:
		return "build of a module"
	case s.source && s.binary, !s.source && !s.binary:
		return "package"
	case s.source:
		return "source package"
	}
	return "binary package"
}

// row puts one row and its fate into words.
func (t *table) row(p *part, r *vulndb.Row, pkg *vulndb.Package) Row {
	_, _, holds := t.holds(&t.installed, r)
	row := Row{
		Name: t.name, Advisory: r.Advisory, Feed: r.Feed, Notice: r.Bundle, Module: r.Module, Status: r.Status, Severity: r.Severity,
		Listed: len(r.Listed), Holds: holds, Believed: p.believes(r),
	}
	for _, in := range r.Intervals {
		row.Ranges = append(row.Ranges, pkg.Range(in))
		row.Compared = append(row.Compared, t.compared(in)...)
		if of, open := t.undecided(in); open && !row.Uncompared {
			if row.Uncompared = true; of >= 0 {
				row.Unordered = t.versions[of]
			}
		}
	}
	if len(r.Listed) > 0 && t.isListed(&t.installed, r) {
		row.Compared = append(row.Compared, t.version+" is in its list of versions")
	}
	switch {
	case row.Believed:
	case r.Status == vuln.StatusNotAffected:
		row.Believed = tier(r.Feed, r.Bundle) == p.best
		if !row.Believed {
			row.Unbelieve = "a more specific record counts"
		}
	case r.Status == vuln.StatusInvestigating:
		row.Unbelieve = "it is no verdict yet"
	case p.cleared:
		row.Unbelieve = "a record that counts before it says not affected"
	default:
		row.Unbelieve = "a more specific record counts: " + t.speaker(p)
	}
	return row
}

// compared says how the version lies to the ends of an interval.
func (t *table) compared(in vulndb.Interval) (list []string) {
	for _, end := range []struct {
		index int32
		name  string
	}{{in.Introduced, "introduced"}, {in.Fixed, "fixed"}, {in.LastAffected, "last affected"}, {in.Limit, "limit"}} {
		if end.index < 0 || end.index == t.zero && end.name == "introduced" {
			continue
		}
		sign := map[side]string{below: ">", same: "=", above: "<", nowhere: "does not compare with"}[t.side(&t.installed, end.index)]
		installed := t.version
		if installed == "" {
			installed = "no version"
		}
		list = append(list, fmt.Sprintf("%s %s %s (%s)", installed, sign, t.versions[end.index], end.name))
	}
	return list
}

// uncompared says whether a row counts and could not be judged.
func uncompared(r Row) bool { return r.Believed && r.Uncompared }

// takenBack says of records that were all withdrawn or rejected who did so; empty of others. A database keeps no rows of an advisory that was withdrawn.
func takenBack(records []*vuln.Vulnerability) string {
	said := ""
	for _, v := range records {
		if v.State != vuln.Withdrawn && v.State != vuln.Rejected {
			return ""
		}
		if said = "its record is " + string(v.State); v.StateFeed != "" {
			said += " (by " + v.StateFeed + ")"
		}
	}
	return said
}

// decide names the rule.
func (tr *Trace) decide(q question, records []*vuln.Vulnerability) {
	believed := slices.ContainsFunc(tr.Rows, func(r Row) bool { return r.Believed })
	switch {
	case len(tr.Findings) > 0:
		tr.Outcome = TraceAffected
		tr.Rule = "an advisory that counts covers the version"
		if q.ecosystem.OS() {
			tr.Rule = "the distribution's own verdict: " + tr.Rule
		}
	case len(tr.Suppressed) > 0:
		tr.Outcome = TraceSuppressed
		tr.Rule = tr.Suppressed[0].Detail
		for i := range tr.Rows {
			if r := &tr.Rows[i]; r.Believed && r.Holds {
				r.Believed, r.Unbelieve = false, tr.Rule
			}
		}
	case slices.ContainsFunc(tr.Rows, func(r Row) bool { return r.Believed && r.Status == vuln.StatusNotAffected }):
		tr.Outcome = TraceNotAffected
		tr.Rule = "the distribution says that its package is not affected, whatever the version"
	case believed && slices.ContainsFunc(tr.Rows, uncompared):
		tr.Outcome = TraceNotCompared
		tr.Rule = "the version has no order in its ecosystem, so that it could not be compared; only lists of versions were looked at"
		if end := tr.Rows[slices.IndexFunc(tr.Rows, uncompared)].Unordered; end != "" {
			tr.Rule = fmt.Sprintf("%.100q, which an advisory names, has no order in %s, so that the version could not be compared with it", end, q.namespace)
		}
		if tr.Package.Version == "" {
			tr.Rule = "the package has no version, so that nothing could be compared"
		}
	case believed:
		tr.Outcome = TraceFixed
		tr.Rule = "advisories speak of the package, and none that counts covers the version"
	default:
		tr.Outcome = TraceUnlisted
		tr.Rule = "no advisory of the vulnerability speaks of the package in " + q.namespace
		if !slices.ContainsFunc(tr.Looked, func(l Looked) bool { return l.Known }) {
			tr.Rule = "the database has no advisory about the package in " + q.namespace
		}
		if said := takenBack(records); said != "" && len(tr.Rows) == 0 {
			tr.Rule = said + ", and no advisory that still stands speaks of the package in " + q.namespace
		}
	}
}
