package match

import (
	"cmp"
	"slices"
	"time"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// candidate is a version in which something is fixed, above the installed one.
type candidate struct {
	table int32
	index int32 // in the table's versions
}

func (c candidate) version(tables []table) version.Version {
	v, _ := tables[c.table].parse(c.index)
	return v
}

func (c candidate) spelling(tables []table) string { return tables[c.table].versions[c.index] }

// collect adds the fixes above the installed version that the rows believed for g name.
func (g *group) collect(tables []table, list []candidate) []candidate {
	for i := range tables {
		t, p := &tables[i], &g.parts[i]
		rows := t.of(p)
		for k := range rows {
			r := &rows[k]
			if !p.believes(r) {
				continue
			}
			for _, in := range r.Intervals {
				if in.Fixed >= 0 && t.side(&t.installed, in.Fixed) == above {
					list = append(list, candidate{table: int32(i), index: in.Fixed})
				}
			}
		}
	}
	return list
}

// sortCandidates orders them from the lowest and drops those told twice.
func sortCandidates(tables []table, list []candidate) []candidate {
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.index, b.index))
	})
	list = slices.Compact(list)
	slices.SortFunc(list, func(a, b candidate) int {
		if x, y := tables[a.table].build, tables[b.table].build; x != y { // versions of packages and of modules do not compare
			return compareBool(x, y)
		}
		if c := a.version(tables).Compare(b.version(tables)); c != 0 {
			return c
		}
		// Two spellings of one version: the choice must not hang on where they lie in the database.
		return cmp.Or(cmp.Compare(a.spelling(tables), b.spelling(tables)), cmp.Compare(a.table, b.table))
	})
	return list
}

// stand gives the points at which the tables are judged as if c were installed.
func (m *matcher) stand(tables []table, c candidate) *[maxSubjects]point {
	v := c.version(tables)
	of := &tables[c.table]
	for i := range tables {
		t, buf := &tables[i], &m.space.buffers[i]
		if t.build != of.build { // a build of a module does not tell the versions in it, nor they the build
			m.space.points[i] = t.installed
			continue
		}
		buf.candidate = resize(buf.candidate, len(t.versions))
		p := &m.space.points[i]
		*p = point{v: v, ordered: true, higher: t.version == of.version, sides: buf.candidate, listed: c.index}
		if t != of {
			p.listed = int32(slices.Index(t.versions, c.spelling(tables)))
		}
	}
	return &m.space.points
}

// lowestFix gives the lowest fix of g that none of its rows covers again, and when it was first published.
func (m *matcher) lowestFix(tables []table, g *group) (fixed, module string, at time.Time) {
	list := g.collect(tables, m.space.candidates[:0])
	m.space.candidates = list
	if len(list) > 1 {
		list = sortCandidates(tables, list)
	}
	for _, c := range list {
		if len(list) == 1 && g.plain(tables) || !g.holds(tables, m.stand(tables, c)) {
			at = g.published(tables, c)
			if same, ok := twin(tables, c); ok && !g.holds(tables, m.stand(tables, same)) {
				c = same
			}
			return c.spelling(tables), tables[c.table].module(), at
		}
	}
	return "", "", time.Time{}
}

// plain says whether g is one row of one interval: its end is then outside of it, and need not be looked at.
func (g *group) plain(tables []table) bool {
	n := 0
	for i := range tables {
		rows := tables[i].of(&g.parts[i])
		for k := range rows {
			if n++; n > 1 || len(rows[k].Intervals) > 1 || len(rows[k].Listed) > 0 {
				return false
			}
		}
	}
	return true
}

// published is the first day on which a row that is believed says of c that it was published.
func (g *group) published(tables []table, c candidate) (first time.Time) {
	p := &g.parts[c.table]
	rows := tables[c.table].of(p)
	for k := range rows {
		r := &rows[k]
		if r.FixedAt.IsZero() || !p.believes(r) || !first.IsZero() && !r.FixedAt.Before(first) {
			continue
		}
		if slices.ContainsFunc(r.Intervals, func(in vulndb.Interval) bool { return in.Fixed == c.index }) {
			first = r.FixedAt
		}
	}
	return first
}

// suggest finds the one version to go to: the lowest that ends all fixable hits, preferably one that has no critical or
// high vulnerability which the installed version does not have. Where no version ends all, it is the one that ends
// most of the worst.
func (m *matcher) suggest(tables []table, groups []group, a *answer) error {
	list := m.space.candidates[:0]
	var fixable []*group
	for i := range a.hits {
		if a.hits[i].fixed != "" {
			g := &groups[a.hits[i].group]
			list = g.collect(tables, list)
			fixable = append(fixable, g)
		}
	}
	m.space.candidates = list
	if len(fixable) == 0 {
		return nil
	}
	list = sortCandidates(tables, list)

	var best *plan
	for _, c := range list {
		at := m.stand(tables, c)
		if blocker := firstHolding(tables, fixable, at); blocker >= 0 {
			// It will stop most of the next ones too.
			fixable[0], fixable[blocker] = fixable[blocker], fixable[0]
			continue
		}
		p, err := m.plan(tables, groups, a, c, at)
		if err != nil {
			return err
		}
		if best == nil || p.worse() < best.worse() {
			best = &p
		}
		if best.worse() == 0 {
			break
		}
	}
	if best, err := m.further(tables, groups, a, fixable, best); err != nil {
		return err
	} else if best != nil {
		return m.advise(tables, groups, a, best)
	}
	if best == nil {
		for _, c := range list {
			p, err := m.plan(tables, groups, a, c, m.stand(tables, c))
			if err != nil {
				return err
			}
			if best == nil || moreSevere(p.fix.Clears, best.fix.Clears) {
				best = &p
			}
		}
	}
	return m.advise(tables, groups, a, best)
}

// advise makes a plan the answer's.
func (m *matcher) advise(tables []table, groups []group, a *answer, best *plan) error {
	t := &tables[best.table]
	if same, ok := twin(tables, best.candidate); ok {
		p, err := m.plan(tables, groups, a, same, m.stand(tables, same))
		if err != nil {
			return err
		}
		if p.worse() <= best.worse() && !moreSevere(best.fix.Clears, p.fix.Clears) {
			best = &p
		}
	}
	best.fix.OtherFlavor = otherFlavor(tables, best.candidate)
	best.fix.SuggestedVersion = t.versions[best.index]
	best.fix.OfSource = t.source && !t.binary && !t.build
	a.fix, a.module = &best.fix, t.module()
	return m.left(tables, groups, a, best)
}

// maxFurther bounds how often a version is passed over for one that mends what it would bring.
const maxFurther = 8

// further looks past the fixes of the package's own findings: where the best of them would bring a new critical or high vulnerability, a fix of
// that one may be clean. It gives the plan that it was given where none is better.
func (m *matcher) further(tables []table, groups []group, a *answer, fixable []*group, best *plan) (*plan, error) {
	from := best
	for range maxFurther {
		if from == nil || from.worse() == 0 {
			return best, nil
		}
		at := m.stand(tables, from.candidate)
		var list []candidate
		for i := range groups {
			if g := &groups[i]; !g.hit && g.holds(tables, at) {
				list = g.collect(tables, list)
			}
		}
		now := from.version(tables)
		list = slices.DeleteFunc(sortCandidates(tables, list), func(c candidate) bool {
			return tables[c.table].build != tables[from.table].build || c.version(tables).Compare(now) <= 0
		})
		from = nil
		for _, c := range list {
			at := m.stand(tables, c)
			if firstHolding(tables, fixable, at) >= 0 {
				continue
			}
			p, err := m.plan(tables, groups, a, c, at)
			if err != nil {
				return nil, err
			}
			if p.worse() < best.worse() {
				best = &p
			}
			from = &p
			break
		}
	}
	return best, nil
}

// left names what a version leaves open or brings anew, worst first.
func (m *matcher) left(tables []table, groups []group, a *answer, p *plan) error {
	if p.fix.Remains.Total() == 0 {
		return nil
	}
	type rest struct {
		id       string
		severity vuln.Severity
	}
	var list []rest
	at := m.stand(tables, p.candidate)
	hits := map[int]*hit{}
	for _, h := range a.hits {
		hits[h.group] = h
	}
	for i := range groups {
		g := &groups[i]
		if !g.holds(tables, at) {
			continue
		}
		if h := hits[i]; h != nil {
			list = append(list, rest{h.record.ID, h.severity})
			continue
		}
		record, err := m.vulnerability(g.vuln)
		if err != nil {
			return err
		}
		severity, err := m.severityAt(tables, g, at)
		if err != nil {
			return err
		}
		list = append(list, rest{record.ID, severity})
	}
	slices.SortFunc(list, func(a, b rest) int { return cmp.Or(cmp.Compare(b.severity, a.severity), cmp.Compare(a.id, b.id)) })
	for _, r := range list[:min(len(list), finding.MaxLeft)] {
		p.fix.Left = append(p.fix.Left, r.id)
	}
	return nil
}

// firstHolding gives the index of the first group that holds at the points; -1 none.
func firstHolding(tables []table, groups []*group, at *[maxSubjects]point) int {
	for i, g := range groups {
		if g.holds(tables, at) {
			return i
		}
	}
	return -1
}

// plan is what going to a candidate would do.
type plan struct {
	candidate
	fix   finding.Fix
	fresh finding.Counts // of fix.Remains, what the installed version does not have
}

// worse counts the new critical and high vulnerabilities.
func (p *plan) worse() int { return p.fresh.Critical + p.fresh.High }

func (m *matcher) plan(tables []table, groups []group, a *answer, c candidate, at *[maxSubjects]point) (plan, error) {
	p := plan{candidate: c}
	for i := range a.hits {
		h := a.hits[i]
		if groups[h.group].holds(tables, at) {
			*p.fix.Remains.Of(h.severity)++
			continue
		}
		*p.fix.Clears.Of(h.severity)++
		p.fix.Exploit = p.fix.Exploit || h.record.Exploited()
	}
	for i := range groups {
		g := &groups[i]
		if g.hit || !g.holds(tables, at) {
			continue
		}
		severity, err := m.severityAt(tables, g, at)
		if err != nil {
			return p, err
		}
		*p.fix.Remains.Of(severity)++
		*p.fresh.Of(severity)++
	}
	return p, nil
}

// severityAt is the severity that a finding would have.
func (m *matcher) severityAt(tables []table, g *group, at *[maxSubjects]point) (worst vuln.Severity, err error) {
	for i := range tables {
		p := &g.parts[i]
		rows := tables[i].of(p)
		for k := range rows {
			r := &rows[k]
			if p.ranked && r.Severity > worst && p.believes(r) {
				if _, _, ok := tables[i].holds(&at[i], r); ok {
					worst = r.Severity
				}
			}
		}
	}
	if worst != vuln.Unknown {
		return worst, nil
	}
	record, err := m.vulnerability(g.vuln)
	if err != nil {
		return worst, err
	}
	return record.Severity, nil
}

// moreSevere says whether a counts more than b, the worst severity first.
func moreSevere(a, b finding.Counts) bool {
	for _, s := range vuln.Severities() {
		if x, y := *a.Of(s), *b.Of(s); x != y {
			return x > y
		}
	}
	return false
}
