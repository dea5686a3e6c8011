package osv

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// customRanges are the ranges in versions that the go command does not know, such as v2.16.0 of a module without /v2 in its path. A list that is
// not as the schema says is none.
type customRanges []ranges

func (c *customRanges) UnmarshalJSON(b []byte) error {
	var l []ranges
	if json.Unmarshal(b, &l) == nil {
		*c = l
	}
	return nil
}

// custom gives the ranges of a Go module whose fix is none of the versions that the go command knows. Go's database then writes, in the place of
// all that it left out, a range without an end, and the true one in custom_ranges; "0" stands in either for a beginning that the other has.
// It gives plain where there is nothing to replace, or where the custom ranges cannot be trusted to leave no vulnerable version out.
func custom(path string, plain []vuln.Range, list customRanges) []vuln.Range {
	if len(plain) != 1 || plain[0] != (vuln.Range{Introduced: plain[0].Introduced}) {
		return plain // Go's versions have a fix of their own: which branch each belongs to is not said
	}
	var out []vuln.Range
	for i := range list {
		if list[i].Type == "GIT" {
			continue
		}
		points, limits, err := points(list[i].Events)
		if err != nil || len(limits) > 0 || slices.ContainsFunc(points, func(p point) bool { return p.at != "0" && !semver.IsValid("v"+p.at) }) {
			return plain
		}
		same := order(purl.Go, points)
		if !closed(points) {
			return plain
		}
		out = append(out, walk(points, same)...)
	}
	if len(out) == 0 {
		return plain
	}
	first := &out[0]
	switch from := plain[0].Introduced; {
	case from == "0" && first.Introduced == "0":
	case from == "0":
		if untagged, ok := untagged(path, first.Introduced); ok {
			out = slices.Insert(out, 0, untagged)
		}
	case first.Introduced == "0" && first.Fixed != "":
		if c, err := version.Compare(purl.Go, from, first.Fixed); err != nil || c >= 0 {
			return plain
		}
		first.Introduced = from
	default:
		return plain
	}
	return out
}

// closed says whether ordered events have no end without a beginning: one fix after another names the fixes of branches and not where these begin,
// so that the vulnerable versions of the later ones would be lost.
func closed(points []point) bool {
	open := false
	for _, p := range points {
		if p.kind != introduced && !open {
			return false
		}
		open = p.kind == introduced
	}
	return true
}

// untagged is the range of the pseudo-versions of commits without a tag before them, v0.0.0-date-hash. They come before all tags whatever their
// date: a range that begins at one says nothing of them, and they stay affected, without a fix.
func untagged(path, from string) (r vuln.Range, ok bool) {
	r = vuln.Range{Introduced: "0", Limit: "0.0.0"}
	if _, major, _ := module.SplitPathVersion(path); major != "" {
		if n, err := strconv.ParseUint(strings.TrimLeft(major, "/.v"), 10, 32); err == nil && n > 1 {
			r.Limit = strconv.FormatUint(n, 10) + ".0.0"
			r.Introduced = r.Limit + "-0"
		}
	}
	c, err := version.Compare(purl.Go, from, r.Limit)
	return r, err == nil && c >= 0
}
