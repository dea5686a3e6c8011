package redhat

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// mendGaps takes the builds of old minor releases that an update stream has mended out of what the main stream says is affected. It never adds to it:
// a stream whose builds cannot be told from the main stream's is left out, and its mended builds stay reported.
func mendGaps(ranges []vuln.Range, held []fact) []vuln.Range {
	last := map[string]nevra.NEVRA{} // dist tag -> fixed version
	for _, f := range held {
		n, ok := nevra.Parse("x-" + f.fixed)
		if !ok || !ofMinor(n.Release, f.at.major, f.minor) {
			continue
		}
		if have, ok := last[f.minor]; !ok || newer(n, have) { // as in intervals, the second mends what the first did not
			last[f.minor] = n
		}
	}
	// From the highest on, so that what a stream does not mend bounds the gaps below it.
	for _, minor := range slices.SortedFunc(maps.Keys(last), func(a, b string) int {
		return cmp.Or(compare(last[b].EVR(), last[a].EVR()), strings.Compare(b, a))
	}) {
		ranges = mendGap(ranges, last[minor], minor)
	}
	return ranges
}

// mendGap cuts out of the ranges what follows from in the update stream of a minor release.
func mendGap(ranges []vuln.Range, from nevra.NEVRA, minor string) []vuln.Range {
	start := from.EVR()
	i := slices.IndexFunc(ranges, func(r vuln.Range) bool {
		return (r.Introduced == "0" || compare(r.Introduced, start) < 0) && (upper(r) == "" || compare(start, upper(r)) < 0)
	})
	if i < 0 {
		return ranges // not below the main stream's fix
	}
	r := ranges[i]
	for _, end := range afterMinor(from, minor) {
		if compare(start, end) >= 0 || upper(r) != "" && compare(end, upper(r)) > 0 {
			continue // what ends the range is of the same series, so that builds without it may lie in the gap
		}
		// The stream's fix is a limit: to install is the main stream's, which therefore stays named where the gap reaches to it.
		cut := []vuln.Range{{Introduced: r.Introduced, Limit: start}}
		switch {
		case end != upper(r):
			cut = append(cut, vuln.Range{Introduced: end, Fixed: r.Fixed, Limit: r.Limit})
		case r.Fixed != "":
			cut = append(cut, vuln.Range{Introduced: end + "~", Fixed: r.Fixed}) // no build lies in it
		}
		return slices.Replace(slices.Clone(ranges), i, i+1, cut...)
	}
	return ranges
}

// ofMinor says whether a release tells that it was built for the minor release, or may have been.
func ofMinor(release, major, minor string) bool {
	switch distTag(release) {
	case "el" + major + "_" + minor:
		return true
	case "el" + major:
		return counted(release)
	}
	return false
}

// counted says whether a release is the first of a minor release and a count on it, as those of kernels up to RHEL 7 are, whose dist tags name none:
// "957.92.1.el7" is of 7.6, which began with "957.el7", as 7.7 did with "1062.el7".
func counted(release string) bool {
	before, behind, ok := strings.Cut(release, ".el")
	lead := leading(before)
	return ok && behind == leading(behind) && lead != "" && len(before) > len(lead) && strings.Trim(before, "0123456789.") == ""
}

// upper is the version with which a range ends; empty where it is open.
func upper(r vuln.Range) string { return cmp.Or(r.Fixed, r.Limit) }

// afterMinor lists with which versions other builds than those of a minor release begin, the highest first. Where the count of the update stream stands
// behind the dist tag ("1.107.el6_4.6"), or nothing but one number before it, that is the same for the next minor release ("1.107.el6_5"). Where it
// stands before ("189.6.el8_6", "957.92.1.el7"), builds for a later minor release have a higher first number ("190", "958"); in a package that keeps the first number over
// minor releases ("3.40.el5_9", "3.41.el5_11"), only the same count for the next one ("3.40.el5_10") is sure to be none of the stream's.
func afterMinor(n nevra.NEVRA, minor string) []string {
	tag := distTag(n.Release)
	before, behind, ok := strings.Cut(n.Release, tag)
	y, err := strconv.ParseUint(minor, 10, 16)
	if !ok || tag == "" || behind != "" && behind[0] != '.' || err != nil {
		return nil
	}
	var ends []string
	lead := leading(n.Release)
	if behind == "" && before != lead+"." {
		if first, err := strconv.ParseUint(lead, 10, 63); err == nil && first > 0 { // "0.5.rc1": what comes before the first release has 0 throughout
			series := n
			series.Release = strconv.FormatUint(first+1, 10)
			ends = append(ends, series.EVR())
		}
	}
	if !strings.HasSuffix(tag, "_"+minor) {
		return ends
	}
	n.Release = before + strings.TrimSuffix(tag, minor) + strconv.FormatUint(y+1, 10)
	return append(ends, n.EVR())
}
