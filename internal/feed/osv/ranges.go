package osv

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Bounds of what ordering versions may cost.
const (
	maxVersion = 1024     // bytes of one version
	maxEvents  = 16 << 10 // in one range
	maxChecks  = 1 << 20  // comparisons to find listed versions that the ranges hold
)

// kind of an event. One object of the schema holds exactly one.
type kind uint8

const (
	introduced kind = iota
	fixed
	lastAffected
)

type point struct {
	kind kind
	at   string
}

// intervals turns the events of ranges into intervals that hold the versions which the schema's evaluation calls affected:
// in the order of versions, an introduced event begins, a fixed one ends before it, and last_affected after it; what lies at or
// above every limit is out. See https://ossf.github.io/osv-schema/#evaluation.
func intervals(eco purl.Ecosystem, list []ranges) ([]vuln.Range, error) {
	var out []vuln.Range
	for i := range list {
		if list[i].Type == "GIT" {
			continue
		}
		points, limits, err := points(list[i].Events)
		if err != nil {
			return nil, err
		}
		same := order(eco, points)
		found := walk(points, same)
		if len(limits) > 0 {
			found = below(eco, found, limits)
		}
		out = append(out, found...)
	}
	return out, nil
}

func points(events []event) (points []point, limits []string, err error) {
	if len(events) > maxEvents {
		return nil, nil, fmt.Errorf("a range of more than %d events", maxEvents)
	}
	points = make([]point, 0, len(events))
	for _, e := range events {
		if len(e.Introduced) > maxVersion || len(e.Fixed) > maxVersion || len(e.LastAffected) > maxVersion || len(e.Limit) > maxVersion {
			return nil, nil, fmt.Errorf("a version of more than %d bytes", maxVersion)
		}
		if e.Introduced != "" {
			points = append(points, point{introduced, e.Introduced})
		}
		if e.Fixed != "" {
			points = append(points, point{fixed, e.Fixed})
		}
		if e.LastAffected != "" {
			points = append(points, point{lastAffected, e.LastAffected})
		}
		if e.Limit != "" {
			limits = append(limits, e.Limit)
		}
	}
	return points, limits, nil
}

// order gives the comparison of events, and sorts them by it; those of one version stay as they are written. Where the ecosystem
// cannot order one of the versions, the order as written stays, for nearly all records are written in order; versions are then the same when they are spelled so.
func order(eco purl.Ecosystem, points []point) (same func(a, b point) bool) {
	var failed bool
	compare := func(a, b point) int {
		if a.at == b.at {
			return 0
		}
		if a.at == "0" && a.kind == introduced {
			return -1
		}
		if b.at == "0" && b.kind == introduced {
			return 1
		}
		c, err := version.Compare(eco, a.at, b.at)
		failed = failed || err != nil
		return c
	}
	if !slices.IsSortedFunc(points, compare) && !failed {
		sorted := slices.Clone(points)
		slices.SortStableFunc(sorted, compare)
		if !failed {
			copy(points, sorted)
		}
	}
	if failed {
		return func(a, b point) bool { return a.at == b.at }
	}
	return func(a, b point) bool { return compare(a, b) == 0 }
}

// walk follows ordered events. Several may be of one version, so it asks at each version what holds of it, and what of those just above.
func walk(points []point, same func(a, b point) bool) []vuln.Range {
	var out []vuln.Range
	open, from := false, ""
	for i := 0; i < len(points); {
		here := points[i].at
		at, above := open, open
		for first := points[i]; i < len(points) && same(first, points[i]); i++ {
			switch points[i].kind {
			case introduced:
				at, above = true, true
			case fixed:
				at, above = false, false
			case lastAffected:
				above = false
			}
		}
		if !open {
			from = here
		}
		switch { // above implies at
		case open && !at:
			out = append(out, vuln.Range{Introduced: from, Fixed: here})
		case at && !above:
			out = append(out, vuln.Range{Introduced: from, LastAffected: here})
		}
		open = above
	}
	if open {
		out = append(out, vuln.Range{Introduced: from})
	}
	return out
}

// below cuts intervals at the highest limit: a version is in when it is below any. "*" is no limit. A limit that cannot be ordered cuts nothing.
func below(eco purl.Ecosystem, list []vuln.Range, limits []string) []vuln.Range {
	top := limits[0]
	for _, l := range limits {
		if l == "*" {
			return list
		}
		c, err := version.Compare(eco, l, top)
		if err != nil {
			return list
		}
		if c > 0 {
			top = l
		}
	}
	out := list[:0]
	for _, r := range list {
		if r.Introduced != "0" {
			if c, err := version.Compare(eco, r.Introduced, top); err == nil && c >= 0 {
				continue
			}
		}
		if end := cmp.Or(r.Fixed, r.LastAffected); end != "" {
			c, err := version.Compare(eco, end, top)
			if err == nil && (c < 0 || c == 0 && r.Fixed != "") {
				out = append(out, r)
				continue
			}
		}
		out = append(out, vuln.Range{Introduced: r.Introduced, Limit: top})
	}
	return out
}

// unheld gives the listed versions which no interval holds. To name those that one does hold again changes nothing, for a version
// is affected when it is listed or an interval holds it; and feeds list millions of them.
// A version that the ecosystem cannot order stays listed.
func unheld(eco purl.Ecosystem, versions []string, list []vuln.Range) ([]string, error) {
	for _, v := range versions {
		if len(v) > maxVersion {
			return nil, fmt.Errorf("a version of more than %d bytes", maxVersion)
		}
	}
	if len(list) == 0 || len(versions)*len(list) > maxChecks {
		return slices.Clone(versions), nil
	}
	var out []string
	for _, v := range versions {
		if v != "" && !slices.ContainsFunc(list, func(r vuln.Range) bool { return holds(eco, r, v) }) {
			out = append(out, v)
		}
	}
	return out, nil
}

// holds says whether v is surely inside the interval.
func holds(eco purl.Ecosystem, r vuln.Range, v string) bool {
	if r.Introduced != "0" {
		if c, err := version.Compare(eco, v, r.Introduced); err != nil || c < 0 {
			return false
		}
	}
	end := cmp.Or(r.Fixed, r.LastAffected, r.Limit)
	if end == "" {
		// Nothing was compared yet where the interval is everything; ask whether v can be ordered at all.
		_, err := version.Compare(eco, v, v)
		return err == nil
	}
	c, err := version.Compare(eco, v, end)
	return err == nil && (c < 0 || c == 0 && r.LastAffected != "")
}
