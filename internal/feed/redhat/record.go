package redhat

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/cvss"
	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// place is a source package in a release, of a module or outside of modules.
type place struct{ major, module, pkg string }

// fact is what the record says of a package in a stream.
type fact struct {
	at       place
	extended bool
	minor    string // of the update stream that holds on to it; empty: main or extended
	fixed    string // version; empty: state tells
	state    state
	severity vuln.Severity
	date     time.Time // of the fix
}

// state is what Red Hat says of a package without a fix, the one that counts most last.
type state uint8

const (
	investigated state = iota
	notAffected
	wontFix
	affected
)

// stateOf reads the API's fix_state, which VEX files write as the details of a remediation. false where it is no such word.
func stateOf(s string) (state, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "affected":
		return affected, true
	case "will not fix", "out of support scope", "fix deferred":
		return wontFix, true
	case "not affected":
		return notAffected, true
	case "under investigation", "new":
		return investigated, true
	}
	return investigated, false
}

// settle makes the facts of a record one verdict for each package.
func settle(facts []fact) []vuln.Affected {
	slices.SortStableFunc(facts, func(a, b fact) int {
		return cmp.Or(cmp.Compare(len(a.at.major), len(b.at.major)), strings.Compare(a.at.major, b.at.major),
			strings.Compare(a.at.pkg, b.at.pkg), strings.Compare(a.at.module, b.at.module))
	})
	var out []vuln.Affected
	for len(facts) > 0 {
		n := 1
		for n < len(facts) && facts[n].at == facts[0].at {
			n++
		}
		if slices.ContainsFunc(facts[:n], func(f fact) bool { return f.minor == "" }) { // an update stream alone does not say what is affected
			out = append(out, verdict(facts[:n]))
		}
		facts = facts[n:]
	}
	return out
}

// verdict is of one package: what main and extended streams say, but for the builds that update streams have mended.
func verdict(facts []fact) vuln.Affected {
	var said, held []fact
	for _, f := range facts {
		if f.minor == "" {
			said = append(said, f)
		} else {
			held = append(held, f)
		}
	}
	a := mainVerdict(said)
	a.Ranges = mendGaps(a.Ranges, held)
	return a
}

// mainVerdict: a fix says more than a state, and the main stream's more than one after its end.
func mainVerdict(facts []fact) vuln.Affected {
	at := facts[0].at
	a := vuln.Affected{Namespace: string(purl.RedHat) + ":" + at.major, Package: at.pkg, Module: at.module}
	for _, extended := range []bool{false, true} {
		var fixes []fact
		for _, f := range facts {
			if f.fixed != "" && f.extended == extended {
				fixes = append(fixes, f)
			}
		}
		if len(fixes) == 0 {
			continue
		}
		for _, f := range fixes {
			a.Severity = max(a.Severity, f.severity)
			if a.FixedAt.IsZero() || !f.date.IsZero() && f.date.Before(a.FixedAt) {
				a.FixedAt = f.date
			}
		}
		a.Ranges = intervals(fixes)
		return a
	}
	worst := facts[0]
	for _, f := range facts {
		a.Severity = max(a.Severity, f.severity)
		if f.state > worst.state {
			worst = f
		}
	}
	switch worst.state {
	case affected:
		a.Ranges = []vuln.Range{{Introduced: "0"}}
	case wontFix:
		a.Status, a.Ranges = vuln.StatusWontFix, []vuln.Range{{Introduced: "0"}}
	case notAffected:
		a.Status, a.Severity = vuln.StatusNotAffected, vuln.Unknown
	default:
		a.Status = vuln.StatusInvestigating
	}
	return a
}

// intervals says which versions are affected when several fixed ones are named. Of two with the same dist tag (".el8_2"), the second mends what the first
// did not, and only it counts. Those with different ones are builds for two minor releases: "9.16.23-14.el9_3.4" and "9.16.23-18.el9_4.1". Then what
// follows the first in its own series is mended too, the same version whose release starts with the same number.
func intervals(fixes []fact) []vuln.Range {
	last := map[string]nevra.NEVRA{} // dist tag -> fixed version
	for _, f := range fixes {
		n, ok := nevra.Parse("x-" + f.fixed)
		if !ok {
			continue
		}
		tag := distTag(n.Release)
		if have, ok := last[tag]; !ok || newer(n, have) {
			last[tag] = n
		}
	}
	ordered := make([]nevra.NEVRA, 0, len(last))
	for _, n := range last {
		ordered = append(ordered, n)
	}
	slices.SortFunc(ordered, func(a, b nevra.NEVRA) int {
		return cmp.Or(compare(a.EVR(), b.EVR()), strings.Compare(a.EVR(), b.EVR()))
	})
	ranges := []vuln.Range{{Introduced: "0", Fixed: ordered[0].EVR()}}
	for i := 1; i < len(ordered); i++ {
		after, ok := afterSeries(ordered[i-1], ordered[i])
		if ok {
			ranges = append(ranges, vuln.Range{Introduced: after, Fixed: ordered[i].EVR()})
		}
	}
	return ranges
}

// afterSeries is the version with which what follows the series of a begins; false where b is of the same series.
func afterSeries(a, b nevra.NEVRA) (string, bool) {
	next := a
	if a.Epoch == b.Epoch && a.Version == b.Version {
		lead := leading(a.Release)
		if lead == "" || lead == leading(b.Release) {
			return "", false
		}
		next.Release = lead + ".999999" // no release of a series has so many
	} else {
		next.Version, next.Release = a.Version+".0", "0"
	}
	return next.EVR(), compare(a.EVR(), next.EVR()) < 0 && compare(next.EVR(), b.EVR()) < 0
}

// leading is the number that a release starts with.
func leading(release string) string {
	return release[:len(release)-len(strings.TrimLeft(release, "0123456789"))]
}

// distTag is what a release says of the minor release that it was built for: "el9_3" of "14.el9_3.4", "el8.5.0" of
// "2.module+el8.5.0+13644+8d46dafd". Empty where it says nothing.
func distTag(release string) string {
	if _, tag, ok := strings.Cut(release, "module+el"); ok {
		tag, _, _ = strings.Cut(tag, "+")
		return "el" + tag
	}
	for part := range strings.SplitSeq(release, ".") {
		rest, ok := strings.CutPrefix(strings.TrimPrefix(part, "a"), "el")
		if ok && rest != "" && '0' <= rest[0] && rest[0] <= '9' {
			tag, _, _ := strings.Cut(part, "+")
			return tag
		}
	}
	return ""
}

func newer(a, b nevra.NEVRA) bool { return compare(a.EVR(), b.EVR()) > 0 }

// compare orders versions that nevra takes for valid, which all have an order.
func compare(a, b string) int {
	c, err := version.Compare(purl.RedHat, a, b)
	if err != nil {
		return strings.Compare(a, b)
	}
	return c
}

// rating is a CVSS vector as a rating; false for what is none.
func rating(feedName, vector string) (vuln.Rating, bool) {
	vector = strings.TrimSpace(vector)
	if vector == "" || len(vector) > 512 {
		return vuln.Rating{}, false
	}
	v, err := cvss.Parse(vector)
	if err != nil {
		return vuln.Rating{}, false
	}
	r := vuln.Rating{Feed: feedName, Version: v.Version(), Vector: vector, Score: v.Score()}
	r.Severity = vuln.OfScore(r.Version, r.Score)
	return r, true
}

// weaknesses finds the CWEs of "(CWE-190|CWE-122)->CWE-787".
func weaknesses(s string) []string {
	var out []string
	for {
		i := strings.Index(s, "CWE-")
		if i < 0 {
			return out
		}
		s = s[i:]
		n := len("CWE-")
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		if w := s[:n]; n > len("CWE-") && n < 12 && !slices.Contains(out, w) {
			out = append(out, w)
		}
		s = s[n:]
	}
}

// validCVE says whether the record is of a CVE.
func validCVE(id string) bool {
	rest, ok := strings.CutPrefix(id, "CVE-")
	year, number, found := strings.Cut(rest, "-")
	return ok && found && len(year) == 4 && len(number) >= 4 && len(number) < 12 && strings.Trim(year+number, "0123456789") == ""
}

// references gathers links, each once, without those that every record has.
type references struct{ list []vuln.Reference }

func (r *references) add(kind, url string) {
	url = strings.TrimSpace(url)
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") ||
		strings.HasPrefix(url, "https://www.cve.org/CVERecord") || strings.HasPrefix(url, "https://nvd.nist.gov/vuln/detail/") {
		return
	}
	if !slices.ContainsFunc(r.list, func(have vuln.Reference) bool { return have.URL == url }) && len(r.list) < 256 {
		r.list = append(r.list, vuln.Reference{Type: kind, URL: url})
	}
}
