package match

import (
	"cmp"
	"slices"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// sort brings all but the findings, which are sorted before they are made, into the order of results, which hangs on values only: not on the order of packages in the
// inventory or of rows in the database.
func (o *Outcome) sort() {
	slices.SortStableFunc(o.Fixes, compareFixes)
	slices.SortStableFunc(o.Suppressed, func(a, b finding.Suppressed) int {
		return cmp.Or(comparePackages(&a.Package, &b.Package), cmp.Compare(a.Vulnerability, b.Vulnerability),
			cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
	})
	artifact.SortIncomplete(o.Incomplete)
}

// compareFound puts the worst first, then goes by package and vulnerability.
func compareFound(a, b found) int {
	if c := cmp.Compare(b.hit.severity, a.hit.severity); c != 0 {
		return c
	}
	if a.pkg != b.pkg {
		if c := comparePackages(a.pkg, b.pkg); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(a.hit.record.ID, b.hit.record.ID); c != 0 {
		return c
	}
	return compareLayers(a.layer, b.layer)
}

// compareFixes puts the fix first that ends the worst: by severity, known exploits, number, then package.
func compareFixes(a, b finding.Fix) int {
	return cmp.Or(
		cmp.Compare(worst(b.Clears), worst(a.Clears)),
		compareBool(b.Exploit, a.Exploit),
		cmp.Compare(b.Clears.Total(), a.Clears.Total()),
		comparePackages(&a.Package, &b.Package),
		compareLayers(a.Layer, b.Layer))
}

func worst(c finding.Counts) vuln.Severity {
	for _, s := range vuln.Severities() {
		if *c.Of(s) > 0 {
			return s
		}
	}
	return vuln.Unknown
}

func comparePackages(a, b *finding.Package) int {
	if c := cmp.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Version, b.Version); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.PURL, b.PURL), slices.Compare(a.Paths, b.Paths))
}

func compareLayers(a, b *artifact.LayerRef) int {
	index := func(l *artifact.LayerRef) int {
		if l == nil {
			return -1
		}
		return l.Index
	}
	return cmp.Compare(index(a), index(b))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// sortMatches orders the reasons of a finding and drops those told twice.
func sortMatches(list []finding.Match) []finding.Match {
	if len(list) < 2 {
		return list
	}
	slices.SortFunc(list, compareMatches)
	return slices.CompactFunc(list, func(a, b finding.Match) bool { return compareMatches(a, b) == 0 })
}

func compareMatches(a, b finding.Match) int {
	var x, y vuln.Range
	if a.Range != nil {
		x = *a.Range
	}
	if b.Range != nil {
		y = *b.Range
	}
	return cmp.Or(cmp.Compare(a.Feed, b.Feed), cmp.Compare(a.Advisory, b.Advisory), cmp.Compare(a.Name, b.Name),
		cmp.Compare(x.Introduced, y.Introduced), cmp.Compare(x.Fixed, y.Fixed),
		cmp.Compare(x.LastAffected, y.LastAffected), cmp.Compare(x.Limit, y.Limit), compareBool(a.Listed, b.Listed))
}
