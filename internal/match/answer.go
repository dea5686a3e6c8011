package match

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// answer is all that the database means for one question, without the package that asked.
type answer struct {
	hits       []*hit
	beaten     []finding.Suppressed
	fix        *finding.Fix
	module     string // of which the fix is a build
	unordered  string // why the installed version has no order
	unreadable string // what the advisories say in versions that have none
	modules    bool   // an advisory is about a module stream
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
	module   string // of which fixed is a build; empty: of none
	fixedAt  time.Time
	matches  []finding.Match
	ordinal  vulndb.Ordinal
	group    int
	imports  []vuln.Import // that the rows behind it name
}

// found is a finding to be: sorted while it is small.
type found struct {
	pkg    *finding.Package
	hit    *hit
	layer  *artifact.LayerRef
	linked *finding.Linked
}

// findings puts what was found into order and into words.
func (m *matcher) findings() []finding.Finding {
	slices.SortFunc(m.found, compareFound)
	list := make([]finding.Finding, len(m.found))
	for i, f := range m.found {
		h := f.hit
		list[i] = finding.Finding{
			Package: *f.pkg, Kind: kindOf(h.record), Linked: f.linked, Vulnerability: h.record, Severity: h.severity, SeveritySource: h.source, Status: h.status,
			FixedVersion: spelled(f.pkg.Ecosystem, f.pkg.Version, h.fixed, h.module), FixPublished: h.fixedAt, Matches: h.matches, Layer: f.layer,
		}
	}
	return list
}

func kindOf(v *vuln.Vulnerability) finding.Kind {
	if v.Malicious {
		return finding.Malicious
	}
	return finding.Vulnerable
}

// spelled writes a fixed version as the package's own tools take it: Go's modules have a v, which its advisories leave out, and a build of an rpm module
// is "nodejs:18:8080020230306170042".
func spelled(e purl.Ecosystem, installed, fixed, module string) string {
	if module != "" {
		return module + ":" + fixed
	}
	if e == purl.Go && strings.HasPrefix(installed, "v") && fixed != "" && !strings.HasPrefix(fixed, "v") {
		return "v" + fixed
	}
	return fixed
}

// space is memory that answers use one after the other.
type space struct {
	buffers    [maxSubjects]buffers
	tables     [maxSubjects]table
	groups     []group
	candidates []candidate
	points     [maxSubjects]point
	hits       []*hit
	matches    []finding.Match // of the hit that is judged
}

// slab hands out memory that lives as long as the outcome, in few pieces.
type slab struct {
	matches []finding.Match
	ranges  []vuln.Range
	hits    []hit
}

const slabSize = 128

func (s *slab) keep(list []finding.Match) []finding.Match {
	if len(list) > len(s.matches) {
		s.matches = make([]finding.Match, max(slabSize, len(list)))
	}
	n := copy(s.matches, list)
	kept := s.matches[:n:n]
	s.matches = s.matches[n:]
	return kept
}

func (s *slab) keepHit(h hit) *hit {
	if len(s.hits) == 0 {
		s.hits = make([]hit, slabSize)
	}
	kept := &s.hits[0]
	s.hits = s.hits[1:]
	*kept = h
	return kept
}

func (s *slab) newRange() *vuln.Range {
	if len(s.ranges) == 0 {
		s.ranges = make([]vuln.Range, slabSize)
	}
	r := &s.ranges[0]
	s.ranges = s.ranges[1:]
	return r
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
	hits := m.space.hits[:0]
	keep := m.asked[q]
	if keep {
		a.verdicts = make(map[vulndb.Ordinal]verdict, len(groups))
	}
	all := groups
	groups = groups[:0] // those that count
	for _, g := range all {
		h, err := m.judge(tables, &g)
		if err != nil {
			return nil, err
		}
		if g.hit && q.without != "" && strings.Contains(q.without, " "+h.record.ID+" ") {
			continue
		}
		if g.hit && h.record.State == vuln.Rejected && !contested(&h, q.ecosystem) {
			a.beaten = append(a.beaten, finding.Suppressed{
				Vulnerability: h.record.ID, Reason: finding.RecordRejected, Severity: h.severity, Detail: "its record was rejected: " + h.record.StateFeed,
			})
			continue
		}
		groups = append(groups, g)
		g := &groups[len(groups)-1]
		if g.hit {
			h.group = len(groups) - 1
			hits = append(hits, m.slab.keepHit(h))
		} else if q.ecosystem.OS() {
			if err := m.judgeBeaten(tables, g, a); err != nil {
				return nil, err
			}
		}
		if keep && a.unordered == "" {
			if v := g.verdict(tables); v != saysNothing {
				a.verdicts[g.vuln] = v
			}
		}
	}
	m.space.hits = hits
	a.hits = slices.Clone(hits)
	// Of a package that is malware nothing is mended by an update.
	if !slices.ContainsFunc(a.hits, func(h *hit) bool { return h.record.Malicious }) {
		if err := m.suggest(tables, groups, a); err != nil {
			return nil, err
		}
	}
	for i := range tables {
		a.modules = a.modules || tables[i].modules
	}
	for i := range tables {
		if err := m.judgeStrange(&tables[i], q.module, a); err != nil {
			return nil, err
		}
	}
	for i := range tables {
		if t := &tables[i]; t.bad > 0 {
			a.unreadable = fmt.Sprintf("advisories name %s without an order, such as %.100q: ranges with them were judged only where their other end tells",
				plural(t.bad, "version"), t.badFirst)
		}
	}
	return a, nil
}

// contested says whether somebody knows better than a record that was rejected: it is exploited, or the distribution published a fix of its own. Ids
// are rejected and given out again, and copies of the rejection stay about.
func contested(h *hit, e purl.Ecosystem) bool {
	return h.record.KEV != nil || len(h.record.Sightings) > 0 || e.OS() && h.fixed != ""
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
		err = m.space.tables[n].open(q, s, pkg, &m.space.buffers[n])
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
		t := &tables[i]
		groups = slices.Grow(groups, len(t.rows))
		for from := 0; from < len(t.rows); {
			to := from + 1
			for to < len(t.rows) && t.rows[to].Vuln == t.rows[from].Vuln {
				to++
			}
			g := group{vuln: t.rows[from].Vuln}
			g.parts[i] = t.newPart(from, to, distribution)
			groups = append(groups, g)
			from = to
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
			for i := range g.parts {
				if g.parts[i].to > 0 { // a group of one table has one part
					merged[n-1].parts[i] = g.parts[i]
				}
			}
			continue
		}
		merged = append(merged, g)
	}
	return merged
}

// judge says what the rows that are believed say of the installed version. g.hit tells whether it is a finding.
func (m *matcher) judge(tables []table, g *group) (hit, error) {
	h := hit{ordinal: g.vuln, status: vuln.StatusWontFix}
	matches := m.space.matches[:0]
	ranged := false // an interval holds, so that its end is a fix
	for i := range tables {
		t, p := &tables[i], &g.parts[i]
		rows := t.of(p)
		for k := range rows {
			r := &rows[k]
			if !p.believes(r) {
				continue
			}
			interval, listed, ok := t.holds(&t.installed, r)
			if !ok {
				continue
			}
			g.hit = true
			matches = append(matches, m.match(t, r, interval, listed))
			h.imports = append(h.imports, r.Imports...)
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
	if h.severity == vuln.Unknown && h.record.Malicious {
		h.severity = vuln.Critical // nobody rates malware; nothing is worse
	}
	if ranged && !h.record.Malicious { // of malware there is no good version, whatever the range says
		h.fixed, h.module, h.fixedAt = m.lowestFix(tables, g)
	}
	m.space.matches = matches
	h.matches = m.slab.keep(sortMatches(matches))
	return h, nil
}

// match puts a row that holds into words.
func (m *matcher) match(t *table, r *vulndb.Row, interval int, listed bool) finding.Match {
	why := finding.Match{Advisory: r.Advisory, Feed: r.Feed, Namespace: t.namespace, Name: t.name, Listed: listed}
	if interval < 0 && listed {
		return why
	}
	why.Range = m.slab.newRange()
	why.Range.Introduced = "0" // every version, where the row names none
	if interval >= 0 {
		at := func(i int32) string {
			if i < 0 {
				return ""
			}
			return t.versions[i]
		}
		in := r.Intervals[interval]
		why.Range.Fixed, why.Range.LastAffected, why.Range.Limit = at(in.Fixed), at(in.LastAffected), at(in.Limit)
		if in.Introduced >= 0 {
			why.Range.Introduced = at(in.Introduced)
		}
	}
	return why
}
