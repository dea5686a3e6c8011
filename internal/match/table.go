package match

import (
	"slices"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// table is what the database says of one subject, with the order of its versions found out as far as it is needed.
// A kernel has ten thousand rows that name some hundred versions: each is parsed once, and compared once with each
// version that is judged.
type table struct {
	subject
	ecosystem purl.Ecosystem
	namespace string
	versions  []string
	rows      []vulndb.Row // by vulnerability
	strange   []vulndb.Row // about other module streams than the package's
	modules   bool         // a row is about a module stream
	parsed    []parsed     // the versions that end intervals, which come first
	zero      int32        // the version "0", which as the start of an interval is before every version; -1 none
	installed point
	bad       int    // versions that the order does not accept
	badFirst  string // the first of them by spelling
}

type parsed struct {
	v     version.Version
	state parseState
}

type parseState uint8

const (
	untried parseState = iota
	readable
	unreadable
)

// point is a version that rows are judged at: the installed one, or one that would fix it.
type point struct {
	v       version.Version
	ordered bool  // v is set
	listed  int32 // the index of the same spelling in the table; -1 none
	higher  bool  // it is above the installed version, so that what is not above that one is below this
	sides   []side
}

// side is where a version of the table lies, seen from a point.
type side uint8

const (
	unset side = iota
	below
	same
	above
	nowhere // it has no order
)

// open fills t. The buffers are those of an earlier table.
func (t *table) open(q question, s subject, pkg *vulndb.Package, buf *buffers) error {
	e := q.ecosystem
	*t = table{subject: s, ecosystem: e, namespace: q.namespace, versions: pkg.Versions, rows: pkg.Rows}
	if e.Type() == "rpm" {
		t.modules = s.build || slices.ContainsFunc(t.rows, func(r vulndb.Row) bool { return r.Module != "" })
		if !s.build {
			t.rows, t.strange = about(t.versions, t.rows, q, s)
		}
	}
	if !slices.IsSortedFunc(t.rows, byVulnerability) {
		t.rows = slices.Clone(t.rows)
		slices.SortStableFunc(t.rows, byVulnerability)
	}
	buf.parsed = resize(buf.parsed, min(pkg.Bounds, len(t.versions)))
	t.parsed = buf.parsed
	t.zero = int32(slices.Index(t.versions, "0"))
	v, err := version.Parse(e, s.version)
	buf.installed = resize(buf.installed, len(t.versions))
	t.installed = point{
		v: v, ordered: err == nil && s.version != "", sides: buf.installed,
		listed: int32(slices.Index(t.versions, s.version)),
	}
	return err
}

func byVulnerability(a, b vulndb.Row) int {
	switch {
	case a.Vuln < b.Vuln:
		return -1
	case a.Vuln > b.Vuln:
		return 1
	}
	return 0
}

// parse parses versions[i] once.
func (t *table) parse(i int32) (version.Version, bool) {
	if int(i) >= len(t.parsed) { // named in lists only, and asked for rarely
		v, err := version.Parse(t.ecosystem, t.versions[i])
		return v, err == nil
	}
	p := &t.parsed[i]
	if p.state == untried {
		p.state = readable
		v, err := version.Parse(t.ecosystem, t.versions[i])
		if err != nil {
			p.state = unreadable
			if t.bad++; t.bad == 1 || t.versions[i] < t.badFirst {
				t.badFirst = t.versions[i]
			}
		}
		p.v = v
	}
	return p.v, p.state == readable
}

// side compares versions[i] with p once.
func (t *table) side(p *point, i int32) side {
	if s := p.sides[i]; s != unset {
		return s
	}
	s := t.compare(p, i)
	p.sides[i] = s
	return s
}

func (t *table) compare(p *point, i int32) side {
	if p.higher {
		switch t.side(&t.installed, i) {
		case below, same:
			return below
		}
	}
	v, ok := t.parse(i)
	if !ok || !p.ordered {
		return nowhere
	}
	switch c := v.Compare(p.v); {
	case c < 0:
		return below
	case c > 0:
		return above
	}
	return same
}

// inside says whether p lies in the interval. A bound that has no order holds nothing, but for the version that the interval begins with, which is
// in it whatever its end; where that is installed, no later version is known to be out of it either.
func (t *table) inside(p *point, in vulndb.Interval) bool {
	if in.Introduced >= 0 && in.Introduced != t.zero {
		if s := t.side(p, in.Introduced); s != below && s != same {
			return false
		}
	}
	if in.Introduced >= 0 && in.Introduced != t.zero && t.unorderedEnd(in) && t.side(&t.installed, in.Introduced) == same {
		return true
	}
	switch {
	case in.Fixed >= 0:
		return t.side(p, in.Fixed) == above
	case in.LastAffected >= 0:
		s := t.side(p, in.LastAffected)
		return s == above || s == same
	case in.Limit >= 0:
		return t.side(p, in.Limit) == above
	}
	return true
}

// unorderedEnd says whether the interval ends at a version that has no order.
func (t *table) unorderedEnd(in vulndb.Interval) bool {
	i := end(in)
	if i < 0 {
		return false
	}
	_, ok := t.parse(i)
	return !ok
}

// undecided says whether versions without an order keep open on which side of the interval the installed version lies; of is the first of these in the
// interval, -1 where it is the installed one itself.
func (t *table) undecided(in vulndb.Interval) (of int32, open bool) {
	p, last := &t.installed, end(in)
	from := below
	if in.Introduced >= 0 && in.Introduced != t.zero {
		from = t.side(p, in.Introduced)
	}
	to := above
	if last >= 0 {
		to = t.side(p, last)
	}
	out := from == above || to == below || to == same && last != in.LastAffected
	switch {
	case out || from != nowhere && to != nowhere || t.inside(p, in):
		return -1, false
	case !p.ordered:
		return -1, true
	case from == nowhere:
		return in.Introduced, true
	}
	return last, true
}

// end is the version that inside takes for the end of the interval; -1 none.
func end(in vulndb.Interval) int32 {
	switch {
	case in.Fixed >= 0:
		return in.Fixed
	case in.LastAffected >= 0:
		return in.LastAffected
	}
	return in.Limit
}

// holds says whether the row is about p, and by what: interval is the index of the first that holds, else -1.
func (t *table) holds(p *point, r *vulndb.Row) (interval int, listed, ok bool) {
	for i := range r.Intervals {
		if t.inside(p, r.Intervals[i]) {
			return i, t.isListed(p, r), true
		}
	}
	if t.isListed(p, r) {
		return -1, true, true
	}
	return -1, false, len(r.Intervals) == 0 && len(r.Listed) == 0
}

// isListed says whether the row lists p: in the same spelling, or, where the list is all that the row has, as an equal
// version.
func (t *table) isListed(p *point, r *vulndb.Row) bool {
	if p.listed >= 0 && slices.Contains(r.Listed, p.listed) {
		return true
	}
	if len(r.Intervals) > 0 {
		return false
	}
	for _, i := range r.Listed {
		if t.side(p, i) == same {
			return true
		}
	}
	return false
}

// buffers are slices that one table hands to the next.
type buffers struct {
	parsed    []parsed
	installed []side
	candidate []side
}

// resize gives a slice of n zero values, in the memory of s where it suffices.
func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n, n+n/2)
	}
	s = s[:n]
	clear(s)
	return s
}
