package match

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// answer is all that the database means for one question, without the package that asked.
type answer struct {
	hits       []hit
	beaten     []finding.Suppressed
	fix        *finding.Fix
	unordered  string // why the installed version has no order
	unreadable string // what the advisories say in versions that have none
	// verdicts are kept for packages that own others: what the distribution says of each vulnerability.
	verdicts map[vulndb.Ordinal]verdict
}

// hit is a finding without its package.
type hit struct {
	record   *vuln.Vulnerability
	severity vuln.Severity
	source   string
	status   vuln.Status
	fixed    string
	fixedAt  time.Time
	matches  []finding.Match
	ordinal  vulndb.Ordinal
	group    int
}

func (h *hit) finding(p finding.Package, layer *artifact.LayerRef) finding.Finding {
	return finding.Finding{
		Package: p, Vulnerability: h.record, Severity: h.severity, SeveritySource: h.source, Status: h.status,
		FixedVersion: h.fixed, FixPublished: h.fixedAt, Matches: h.matches, Layer: layer,
	}
}

// space is memory that answers use one after the other.
type space struct {
	buffers    [2]buffers
	tables     [2]table
	groups     []group
	candidates []candidate
	points     [2]point
}

// answer answers a question once.
func (m *matcher) answer(q question) (*answer, error) {
	if a, ok := m.known[q]; ok {
		return a, nil
	}
	a := &answer{}
	m.known[q] = a
	tables, err := m.open(q, a)
	if err != nil {
		return nil, err
	}
	if len(tables) == 0 {
		return a, nil
	}
	groups := m.group(tables, q.ecosystem.OS())
	keep := m.asked[q]
	if keep {
		a.verdicts = make(map[vulndb.Ordinal]verdict, len(groups))
	}
	for i := range groups {
		g := &groups[i]
		h, err := m.judge(tables, g)
		if err != nil {
			return nil, err
		}
		if g.hit {
			h.group = i
			a.hits = append(a.hits, h)
		} else if q.ecosystem.OS() {
			if err := m.judgeBeaten(tables, g, a); err != nil {
				return nil, err
			}
		}
		if keep && a.unordered == "" {
			if v := g.verdict(); v != saysNothing {
				a.verdicts[g.vuln] = v
			}
		}
	}
	if err := m.suggest(tables, groups, a); err != nil {
		return nil, err
	}
	for i := range tables {
		if t := &tables[i]; t.bad > 0 {
			a.unreadable = fmt.Sprintf("advisories name %s without an order, such as %.100q: ranges with them were not judged",
				plural(t.bad, "version"), t.badFirst)
		}
	}
	return a, nil
}

// open looks the subjects up. The tables are good until the next call.
func (m *matcher) open(q question, a *answer) ([]table, error) {
	n := 0
	for _, s := range q.subjects {
		if s.name == "" {
			continue
		}
		pkg, ok, err := m.db.Package(q.namespace, s.name)
		if err != nil {
			return nil, fmt.Errorf("looking up %s in %s: %w", s.name, q.namespace, err)
		}
		if !ok {
			// Whether its version has an order does not matter then.
			continue
		}
		err = m.space.tables[n].open(q.ecosystem, q.namespace, s, pkg, &m.space.buffers[n])
		switch {
		case err != nil && !errors.Is(err, version.ErrUnordered):
			return nil, err
		case s.version == "":
			a.unordered = "it has no version; only advisories about every version were matched"
		case err != nil:
			a.unordered = fmt.Sprintf("version %.100q has no order; only lists of versions were matched", s.version)
		}
		n++
	}
	return m.space.tables[:n], nil
}

// group collects the rows of each vulnerability, in the order of ordinals.
func (m *matcher) group(tables []table, distribution bool) []group {
	groups := m.space.groups[:0]
	for i := range tables {
		rows := tables[i].rows
		for len(rows) > 0 {
			n := 1
			for n < len(rows) && rows[n].Vuln == rows[0].Vuln {
				n++
			}
			g := group{vuln: rows[0].Vuln}
			g.parts[i] = newPart(rows[:n:n], distribution)
			groups = append(groups, g)
			rows = rows[n:]
		}
	}
	m.space.groups = groups // keeps what it grew to
	if len(tables) < 2 {
		return groups
	}
	slices.SortStableFunc(groups, func(a, b group) int { return cmp.Compare(a.vuln, b.vuln) })
	merged := groups[:0]
	for _, g := range groups {
		if n := len(merged); n > 0 && merged[n-1].vuln == g.vuln {
			merged[n-1].parts[1] = g.parts[1] // stable: the first subject's part came first
			continue
		}
		merged = append(merged, g)
	}
	return merged
}

// judge says what the rows that are believed say of the installed version. g.hit tells whether it is a finding.
func (m *matcher) judge(tables []table, g *group) (hit, error) {
	h := hit{ordinal: g.vuln, status: vuln.StatusWontFix}
	ranged := false // an interval holds, so that its end is a fix
	for i := range tables {
		t, p := &tables[i], &g.parts[i]
		for k := range p.rows {
			r := &p.rows[k]
			if !p.believes(r) {
				continue
			}
			interval, listed, ok := t.holds(&t.installed, r)
			if !ok {
				continue
			}
			g.hit = true
			h.matches = append(h.matches, t.match(r, interval, listed))
			ranged = ranged || interval >= 0
			if r.Status == vuln.StatusAffected {
				h.status = vuln.StatusAffected
			}
			if p.ranked && (r.Severity > h.severity || r.Severity == h.severity && r.Feed < h.source) {
				h.severity, h.source = r.Severity, r.Feed
			}
		}
	}
	if !g.hit {
		return h, nil
	}
	var err error
	if h.record, err = m.vulnerability(g.vuln); err != nil {
		return h, err
	}
	if h.severity == vuln.Unknown {
		h.severity, h.source = h.record.Severity, h.record.SeveritySource
	}
	if ranged {
		h.fixed, h.fixedAt = m.lowestFix(tables, g)
	}
	h.matches = sortMatches(h.matches)
	return h, nil
}

// match puts a row that holds into words.
func (t *table) match(r *vulndb.Row, interval int, listed bool) finding.Match {
	m := finding.Match{Advisory: r.Advisory, Feed: r.Feed, Namespace: t.namespace, Name: t.name, Listed: listed}
	if interval < 0 && listed {
		return m
	}
	m.Range = &vuln.Range{Introduced: "0"} // every version, where the row names none
	if interval >= 0 {
		at := func(i int32) string {
			if i < 0 {
				return ""
			}
			return t.versions[i]
		}
		in := r.Intervals[interval]
		m.Range.Fixed, m.Range.LastAffected, m.Range.Limit = at(in.Fixed), at(in.LastAffected), at(in.Limit)
		if in.Introduced >= 0 {
			m.Range.Introduced = at(in.Introduced)
		}
	}
	return m
}
