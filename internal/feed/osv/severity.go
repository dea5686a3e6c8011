package osv

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/cvss"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// ratings gives what the record says of how bad it is: words first, then vectors
// with their scores. What is not a vector is dropped.
func (d *decoder) ratings(r *record) []vuln.Rating {
	var out []vuln.Rating
	if s, ok := vuln.ParseSeverity(string(r.Specific.Severity)); ok && s != vuln.Unknown {
		out = append(out, vuln.Rating{Feed: d.feed, Severity: s})
	}
	if len(out) == 0 && notice(r.ID) {
		// The family of Red Hat writes its own word in front of the title: "Important: firefox security update".
		word, _, found := strings.Cut(r.Summary, ":")
		if s, ok := vuln.ParseSeverity(word); ok && found && s != vuln.Unknown && s != vuln.Negligible {
			out = append(out, vuln.Rating{Feed: d.feed, Severity: s})
		}
	}
	for _, s := range r.Severity {
		if rating, ok := d.rating(s); ok {
			out = append(out, rating)
		}
	}
	return out
}

func (d *decoder) rating(s severity) (vuln.Rating, bool) {
	score := strings.TrimSpace(s.Score)
	if score == "" || len(score) > 512 {
		return vuln.Rating{}, false
	}
	r := vuln.Rating{Feed: d.feed}
	switch s.Type {
	case "CVSS_V2", "CVSS_V3", "CVSS_V4":
		v, err := cvss.Parse(score)
		if err != nil {
			return r, false
		}
		r.Version, r.Vector, r.Score = v.Version(), score, v.Score()
		r.Severity = vuln.OfScore(r.Version, r.Score)
	default: // "Ubuntu", and whoever else rates in words
		word, ok := vuln.ParseSeverity(score)
		if !ok || word == vuln.Unknown {
			return r, false // "untriaged"
		}
		r.Source, r.Severity = s.Type, word
	}
	return r, true
}

// packageSeverity is the rating that a distribution gives for one package in one release. "not yet assigned", "untriaged" and "end-of-life" are no rating.
func packageSeverity(a *affected) vuln.Severity {
	words := []string{string(a.Ecosystem.Urgency), string(a.Ecosystem.Priority), string(a.Ecosystem.Severity), string(a.Database.Severity)}
	for _, s := range a.Severity {
		if !strings.HasPrefix(s.Type, "CVSS") {
			words = append(words, s.Score)
		}
	}
	for _, w := range words {
		if s, ok := vuln.ParseSeverity(w); ok && s != vuln.Unknown {
			return s
		}
	}
	return vuln.Unknown
}
