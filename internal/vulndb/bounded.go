package vulndb

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// maxPerFeed is how many exploits, and how many sightings, are kept of one feed about one vulnerability: some have thousands of copies of the same
// proof of concept. The earliest stay, for the first date is what counts; those without a date come last.
const maxPerFeed = 20

// firstExploits gives the exploits that are kept, in the order in which they came.
func firstExploits(list []vuln.Exploit) []vuln.Exploit {
	return first(list, func(a, b vuln.Exploit) int {
		return cmp.Or(compareBool(a.Published.IsZero(), b.Published.IsZero()), a.Published.Compare(b.Published), a.Disclosed.Compare(b.Disclosed),
			-compareBool(a.Verified, b.Verified), cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(a.ID, b.ID),
			strings.Compare(a.URL, b.URL), strings.Compare(a.Title, b.Title))
	})
}

func firstSightings(list []vuln.Sighting) []vuln.Sighting {
	return first(list, func(a, b vuln.Sighting) int {
		return cmp.Or(compareBool(a.At.IsZero(), b.At.IsZero()), a.At.Compare(b.At), strings.Compare(a.URL, b.URL))
	})
}

// first gives the maxPerFeed least, in the order in which they came.
func first[T any](list []T, compare func(a, b T) int) []T {
	if len(list) <= maxPerFeed {
		return list
	}
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compare(list[a], list[b]) })
	order = order[:maxPerFeed]
	slices.Sort(order)
	out := make([]T, maxPerFeed)
	for i, at := range order {
		out[i] = list[at]
	}
	return out
}

// perFeed bounds each run of one feed.
func perFeed[T any](list []T, feed func(T) string, bound func([]T) []T) []T {
	var out []T
	for len(list) > 0 {
		n := 1
		for n < len(list) && feed(list[n]) == feed(list[0]) {
			n++
		}
		out = append(out, bound(list[:n])...)
		list = list[n:]
	}
	return out
}
