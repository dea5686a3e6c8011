package starter_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb/starter"
)

// words is how many words in a row a title may share with the text of a feed, less one.
const words = 6

// check compares an entry with what the feeds say of its vulnerability, and gives whatever they do not.
func check(e *starter.Entry, w *world) (wrong []string) {
	report := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	about := w.about(e)
	if !slices.ContainsFunc(about, func(a *vuln.Advisory) bool { return a.ID == e.ID || slices.Contains(a.Aliases, e.ID) }) {
		report("no feed knows %s", e.ID)
		return wrong
	}
	for _, alias := range e.Aliases {
		if !slices.ContainsFunc(about, func(a *vuln.Advisory) bool { return a.ID == alias && slices.Contains(a.Aliases, e.ID) }) {
			report("no record %s names %s as its alias", alias, e.ID)
		}
	}
	checkDate(e, about, report)
	checkRatings(e, about, w, report)
	checkExploits(e, about, report)
	checkAffected(e, about, report)
	for _, a := range about {
		for _, text := range texts(a) {
			if run := shared(e.Title, text, words); run != "" {
				report("the title shares %q with %s of %s", run, a.ID, a.Feed)
			}
		}
	}
	return wrong
}

func checkDate(e *starter.Entry, about []*vuln.Advisory, report func(string, ...any)) {
	var first time.Time
	for _, a := range about {
		if !a.Published.IsZero() && (first.IsZero() || a.Published.Before(first)) {
			first = a.Published
		}
	}
	if got := first.UTC().Format(time.DateOnly); got != e.Disclosed.Format(time.DateOnly) {
		report("disclosed %s, but the first record is of %s", e.Disclosed.Format(time.DateOnly), got)
	}
}

func checkRatings(e *starter.Entry, about []*vuln.Advisory, w *world, report func(string, ...any)) {
	rated := func(who string, say func(vuln.Rating) bool) bool {
		return slices.ContainsFunc(about, func(a *vuln.Advisory) bool {
			return slices.ContainsFunc(a.Ratings, func(r vuln.Rating) bool { return voice(a, r, who) && say(r) })
		})
	}
	for who, vector := range e.CVSS {
		if who == "Red Hat" {
			if w.redHat != nil && w.redHat[e.ID] != vector {
				report("Red Hat's vector is %q, not %s", w.redHat[e.ID], vector)
			}
		} else if !rated(who, func(r vuln.Rating) bool { return r.Vector == vector }) {
			report("%s gave no vector %s", who, vector)
		}
	}
	for who, word := range e.Rated {
		if !rated(who, func(r vuln.Rating) bool { return r.Vector == "" && r.Severity == word }) {
			report("%s did not say %s", who, word)
		}
	}
	for _, n := range e.CWE {
		id := "CWE-" + strconv.Itoa(n)
		if !slices.ContainsFunc(about, func(a *vuln.Advisory) bool { return slices.Contains(a.Weaknesses, id) }) {
			report("no feed names %s", id)
		}
	}
}

// voice says whether who gave a rating of an advisory: GitHub in its advisories, Ubuntu in its tracker, osv.dev in its conversions, and others by
// their address in NVD.
func voice(a *vuln.Advisory, r vuln.Rating, who string) bool {
	switch who {
	case "GitHub":
		return strings.HasPrefix(a.ID, "GHSA-")
	case "Ubuntu":
		return a.Feed == "osv/Ubuntu"
	case "osv.dev":
		return a.Feed == "osv/Debian" || a.Feed == "osv/Alpine"
	}
	return a.Feed == "nvd" && r.Source == who
}

func checkExploits(e *starter.Entry, about []*vuln.Advisory, report func(string, ...any)) {
	var kev *vuln.KEV
	known := map[string]vuln.Exploit{}
	for _, a := range about {
		if a.KEV != nil {
			kev = a.KEV
		}
		for _, x := range a.Exploits {
			known[x.ID] = x
		}
	}
	switch {
	case kev == nil && e.KEV == nil:
	case kev == nil || e.KEV == nil:
		report("in CISA's catalogue: %v, here: %v", kev != nil, e.KEV != nil)
	case !kev.Added.Equal(e.KEV.Added.Time) || !kev.Due.Equal(e.KEV.Due.Time) || kev.Ransomware != e.KEV.Ransomware:
		report("CISA's catalogue has %+v, not %+v", *kev, *e.KEV)
	}
	if len(known) > 0 && len(e.Exploits) == 0 {
		report("Exploit-DB has %v", slices.Sorted(maps.Keys(known)))
	}
	for id, at := range e.Exploits {
		if x, ok := known[id]; !ok || !x.Published.Equal(at.Time) {
			report("Exploit-DB has no %s of %s", id, at.Format(time.DateOnly))
		}
	}
}

// checkAffected asks that a single record says the same of each package.
func checkAffected(e *starter.Entry, about []*vuln.Advisory, report func(string, ...any)) {
	for _, own := range e.Advisories()[0].Affected {
		var differ []string
		same := slices.ContainsFunc(about, func(a *vuln.Advisory) bool {
			theirs, ok := verdict(a, own.Namespace, own.Package)
			if !ok {
				return false
			}
			diff := cmp.Diff(theirs, own, sameVersions)
			differ = append(differ, fmt.Sprintf("%s of %s (-) and the data (+):\n%s", a.ID, a.Feed, diff))
			return diff == ""
		})
		if !same {
			report("no feed says this of %s in %s: %s", own.Package, own.Namespace, strings.Join(differ, "\n"))
		}
	}
}

var sameVersions = cmp.Options{
	cmpopts.EquateEmpty(), cmpopts.IgnoreFields(vuln.Affected{}, "FixedAt"),
	cmpopts.SortSlices(func(a, b vuln.Range) bool { return fmt.Sprint(a) < fmt.Sprint(b) }),
	cmpopts.SortSlices(func(a, b string) bool { return a < b }),
}

// verdict puts together what an advisory says of a package, in as many parts as it says it.
func verdict(a *vuln.Advisory, namespace, name string) (v vuln.Affected, ok bool) {
	for _, part := range a.Affected {
		if part.Namespace != namespace || part.Package != name {
			continue
		}
		if !ok {
			v, ok = part, true
			v.Ranges, v.Versions = slices.Clone(part.Ranges), slices.Clone(part.Versions)
			continue
		}
		for _, r := range part.Ranges {
			if !slices.Contains(v.Ranges, r) {
				v.Ranges = append(v.Ranges, r)
			}
		}
		v.Versions = append(v.Versions, part.Versions...)
	}
	return v, ok
}

func texts(a *vuln.Advisory) []string {
	list := []string{a.Title, a.Details}
	if a.KEV != nil {
		list = append(list, a.KEV.Name)
	}
	for _, x := range a.Exploits {
		list = append(list, x.Title)
	}
	return list
}

// shared gives n words in a row that both texts have, in any case and with any marks between them.
func shared(a, b string, n int) string {
	split := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	in := " " + strings.Join(split(b), " ") + " "
	for list := split(a); len(list) >= n; list = list[1:] {
		if run := strings.Join(list[:n], " "); strings.Contains(in, " "+run+" ") {
			return run
		}
	}
	return ""
}
