package vulndb

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// voice is an advisory as part of a vulnerability.
type voice struct {
	*vuln.Advisory
	bundle bool // it is a notice, and not a record about this vulnerability
}

// heard is what the packages of a vulnerability say about it as a whole.
type heard struct {
	feed  string
	word  vuln.Severity // the worst of a distribution's ratings for its packages
	fixed vuln.Date     // the first fix; zero: none
}

// merge makes one record of all voices. It does not depend on their order.
func merge(g *group, voices []voice, packages []heard) *vuln.Vulnerability {
	voices = slices.Clone(voices)
	slices.SortStableFunc(voices, func(a, b voice) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), strings.Compare(a.Feed, b.Feed), compareIDs(a.ID, b.ID))
	})
	v := &vuln.Vulnerability{ID: g.id, Aliases: g.aliases, Malicious: g.malware}
	dates := map[dateKey]vuln.Date{}
	feeds := map[string]bool{}
	v.State, v.StateFeed = stateOf(g, voices)
	for _, a := range voices {
		if v.Title == "" && (!a.bundle || voices[0].bundle) { // a notice's title speaks of an update
			v.Title = a.Title
		}
		v.Weaknesses = append(v.Weaknesses, a.Weaknesses...)
		v.Exploits = append(v.Exploits, a.Exploits...)
		v.Sightings = append(v.Sightings, a.Sightings...)
		if v.SSVC == nil || a.SSVC != nil && a.SSVC.At.After(v.SSVC.At) {
			v.SSVC = a.SSVC
		}
		if v.KEV == nil && a.KEV != nil {
			v.KEV = a.KEV
		}
		for _, r := range a.Ratings {
			if a.bundle && r.Source == "" {
				r.Source = a.ID // it rates all that it covers together
			}
			v.Ratings = append(v.Ratings, r)
		}
		feeds[a.Feed] = true
		keepDates(dates, a)
	}
	for _, p := range packages {
		if p.fixed.Kind != "" {
			earliest(dates, p.fixed)
		}
		// The words for packages count as the feed's rating where it gave none for the whole.
		if p.word != vuln.Unknown && !slices.ContainsFunc(v.Ratings, func(r vuln.Rating) bool {
			return r.Feed == p.feed && r.Vector == ""
		}) {
			v.Ratings = append(v.Ratings, vuln.Rating{Feed: p.feed, Severity: p.word})
		}
	}
	for _, w := range g.rejecters {
		earliest(dates, vuln.Date{Kind: vuln.TakenBack, At: w.at, Feed: w.feed})
	}
	v.Severity, v.SeveritySource, v.SeverityRule = headline(voices, v.Ratings)

	slices.SortFunc(v.Ratings, compareRatings)
	v.Ratings = slices.Compact(v.Ratings)
	slices.SortFunc(v.Weaknesses, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	v.Weaknesses = slices.Compact(v.Weaknesses)
	slices.SortFunc(v.Exploits, func(a, b vuln.Exploit) int {
		return cmp.Or(strings.Compare(a.Feed, b.Feed), cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(a.ID, b.ID),
			strings.Compare(a.URL, b.URL), strings.Compare(a.Title, b.Title))
	})
	v.Exploits = slices.CompactFunc(v.Exploits, func(a, b vuln.Exploit) bool { return a.Feed == b.Feed && a.ID == b.ID })
	v.Exploits = perFeed(v.Exploits, func(e vuln.Exploit) string { return e.Feed }, firstExploits)
	slices.SortFunc(v.Sightings, func(a, b vuln.Sighting) int {
		return cmp.Or(strings.Compare(a.Feed, b.Feed), a.At.Compare(b.At), strings.Compare(a.URL, b.URL))
	})
	v.Sightings = perFeed(slices.Compact(v.Sightings), func(s vuln.Sighting) string { return s.Feed }, firstSightings)
	for _, d := range dates {
		v.Dates = append(v.Dates, d)
	}
	vuln.SortDates(v.Dates)
	v.DateExploits()
	for f := range feeds {
		v.Feeds = append(v.Feeds, f)
	}
	slices.Sort(v.Feeds)
	return v
}

// weight orders voices: who describes a vulnerability best comes first.
func weight(a voice) int {
	switch {
	case a.bundle:
		return 5
	case isGHSA(a.ID):
		return 0
	case a.Feed == "nvd":
		return 1
	case a.KEV != nil:
		return 2 // a good title
	case !isCVE(a.ID):
		return 3 // a registry's own: PYSEC, RUSTSEC, GO
	}
	return 4 // distributions repeat NVD
}

// dateKey: of each kind a feed has one date, its first; of changes the last.
type dateKey struct {
	kind vuln.DateKind
	feed string
}

func earliest(dates map[dateKey]vuln.Date, d vuln.Date) {
	if d.At.IsZero() {
		return
	}
	key := dateKey{kind: d.Kind, feed: d.Feed}
	old, ok := dates[key]
	switch {
	case !ok, d.Kind == vuln.Modified && d.At.After(old.At), d.Kind != vuln.Modified && d.At.Before(old.At),
		d.At.Equal(old.At) && d.Subject < old.Subject:
		dates[key] = d
	}
}

func keepDates(dates map[dateKey]vuln.Date, a voice) {
	if a.KEV != nil {
		earliest(dates, vuln.Date{Kind: vuln.Added, At: a.KEV.Added, Feed: a.Feed})
	}
	earliest(dates, vuln.Date{Kind: vuln.TakenBack, At: a.Withdrawn, Feed: a.Feed})
	if a.bundle || a.KEV != nil || len(a.Exploits) > 0 || len(a.Sightings) > 0 {
		return // the dates of a notice or a catalogue are not those of the vulnerability
	}
	earliest(dates, vuln.Date{Kind: vuln.Disclosed, At: a.Published, Feed: a.Feed})
	earliest(dates, vuln.Date{Kind: vuln.Modified, At: a.Modified, Feed: a.Feed})
}

func compareRatings(a, b vuln.Rating) int {
	return cmp.Or(strings.Compare(a.Feed, b.Feed), strings.Compare(a.Source, b.Source), -strings.Compare(a.Version, b.Version),
		-cmp.Compare(a.Score, b.Score), strings.Compare(a.Vector, b.Vector), -cmp.Compare(a.Severity, b.Severity))
}

// headline picks the severity that stands for the vulnerability by the first of [vuln.SeverityRules] that any rating meets, and says whose it is.
// Inside a class the newer CVSS version counts, then the more severe, then the feed's name.
func headline(voices []voice, ratings []vuln.Rating) (vuln.Severity, string, vuln.SeverityRule) {
	type candidate struct {
		vuln.Rating
		class int
	}
	var best *candidate
	consider := func(r vuln.Rating, class int) {
		if r.Severity == vuln.Unknown {
			return
		}
		c := candidate{r, class}
		if best == nil || cmp.Or(cmp.Compare(c.class, best.class), -strings.Compare(c.Version, best.Version),
			-cmp.Compare(c.Score, best.Score), -cmp.Compare(c.Severity, best.Severity), strings.Compare(c.Feed, best.Feed)) < 0 {
			best = &c
		}
	}
	for _, a := range voices {
		for _, r := range a.Ratings {
			consider(r, ratingClass(a, r))
		}
	}
	if best == nil || best.class > 4 { // words for packages are in ratings only
		for _, r := range ratings {
			if r.Vector == "" && r.Source == "" {
				consider(r, 5)
			}
		}
	}
	if best == nil {
		return vuln.Unknown, "", ""
	}
	return best.Severity, best.Feed, vuln.SeverityRules()[best.class]
}

// ratingClass gives the index into [vuln.SeverityRules].
func ratingClass(a voice, r vuln.Rating) int {
	nvd := a.Feed == "nvd"
	switch {
	case a.bundle:
		return 6
	case r.Vector == "" && isGHSA(a.ID):
		return 1
	case r.Vector == "":
		return 5
	case strings.HasPrefix(r.Version, "2"):
		return 4
	case nvd && r.Source == "nvd@nist.gov":
		return 0
	case nvd:
		return 2
	}
	return 3
}

// mergeText picks the best description, and gathers the references of all.
func mergeText(texts []text) (string, []vuln.Reference) {
	slices.SortStableFunc(texts, func(a, b text) int {
		return cmp.Or(cmp.Compare(weight(a.voice), weight(b.voice)), strings.Compare(a.Feed, b.Feed), compareIDs(a.ID, b.ID))
	})
	details := ""
	var refs []vuln.Reference
	for _, t := range texts {
		if details == "" {
			details = t.details
		}
		refs = append(refs, t.refs...)
	}
	// The same URL may be a "web" page to one feed and the "fix" to another: the word that says more stays.
	say := func(r vuln.Reference) int {
		switch r.Type {
		case "":
			return 2
		case "web":
			return 1
		}
		return 0
	}
	slices.SortFunc(refs, func(a, b vuln.Reference) int {
		return cmp.Or(strings.Compare(a.URL, b.URL), cmp.Compare(say(a), say(b)), strings.Compare(a.Type, b.Type))
	})
	refs = slices.CompactFunc(refs, func(a, b vuln.Reference) bool { return a.URL == b.URL })
	return details, refs
}

type text struct {
	voice
	details string
	refs    []vuln.Reference
}
