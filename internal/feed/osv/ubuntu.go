package osv

import (
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// esm gives what a record says of a release under Ubuntu Pro to the release itself, where it says nothing of that, or that there is no fix: the
// package is affected there, and the fix is one that only subscribers get. A release that has a fix of its own keeps it. Products of Pro
// with packages of their own (FIPS, realtime) keep their namespaces.
func esm(a *vuln.Advisory) {
	const pro, plain = "Ubuntu:Pro:", "Ubuntu:"
	var own map[[2]string]int
	for i := range a.Affected {
		from := &a.Affected[i]
		release, ok := strings.CutPrefix(from.Namespace, pro)
		if !ok || strings.Contains(release, ":") {
			continue
		}
		if own == nil {
			own = make(map[[2]string]int, len(a.Affected))
			for k := range a.Affected {
				own[[2]string{a.Affected[k].Namespace, a.Affected[k].Package}] = k
			}
		}
		k, both := own[[2]string{plain + release, from.Package}]
		switch {
		case !both:
			from.Namespace = plain + release
		case !hasFix(a.Affected[k].Ranges) && hasFix(from.Ranges):
			a.Affected[k].Ranges = from.Ranges
		}
	}
}

func hasFix(list []vuln.Range) bool {
	return slices.ContainsFunc(list, func(r vuln.Range) bool { return r.Fixed != "" })
}
