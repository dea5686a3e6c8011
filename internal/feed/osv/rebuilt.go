package osv

import (
	"slices"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// maxRebuilt is how many builds with the fix one notice names of a package at most; real ones name up to 20.
const maxRebuilt = 256

// rebuilt reads the several builds of an rpm that one notice names as fixed: of one package for two minor releases (6.el8.1 and 6.el8_8.1), of a
// module for several builds of its stream. Read by the schema, the highest would make the others affected, which the notice says are
// fixed: each of them is. What lies between two of them stays affected, since nothing tells which of the two it was built after.
func rebuilt(eco purl.Ecosystem, ranges []vuln.Range) []vuln.Range {
	if eco.Type() != "rpm" || len(ranges) < 2 || len(ranges) > maxRebuilt {
		return ranges
	}
	for _, r := range ranges {
		if r.Introduced != "0" && r.Introduced != "" || r.Fixed == "" {
			return ranges
		}
		if _, err := version.Compare(eco, r.Fixed, r.Fixed); err != nil {
			return ranges
		}
	}
	order := func(a, b vuln.Range) int {
		c, _ := version.Compare(eco, a.Fixed, b.Fixed)
		return c
	}
	out := slices.SortedStableFunc(slices.Values(ranges), order)
	out = slices.CompactFunc(out, func(a, b vuln.Range) bool { return order(a, b) == 0 })
	for i := len(out) - 1; i > 0; i-- {
		// A caret sorts behind what it follows, and before all else that could follow it (rpm-version(7)).
		out[i].Introduced = out[i-1].Fixed + "^"
	}
	return out
}
