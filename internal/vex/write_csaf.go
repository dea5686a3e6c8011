package vex

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// csafRecord is what a record says of a vulnerability, beside its status. Weaknesses stand in a note: a cwe of CSAF must carry the name that MITRE's
// dictionary has for it, word for word (test 6.1.11), and records have numbers only.
func csafRecord(s *stated) map[string]any {
	type object = map[string]any
	out := object{}
	var references []object
	link := func(summary, url string) {
		if strings.HasPrefix(url, "https://") && len(references) < maxReferences && !slices.ContainsFunc(references, func(o object) bool { return o["url"] == url }) {
			references = append(references, object{"category": "external", "summary": summary, "url": url})
		}
	}
	if strings.HasPrefix(s.id, "CVE-") {
		link(s.id+" at the CVE Program", "https://www.cve.org/CVERecord?id="+s.id)
	}
	for _, id := range append([]string{s.id}, s.aliases...) {
		if strings.HasPrefix(id, "GHSA-") {
			link(id+" at GitHub", "https://github.com/advisories/"+id)
		}
	}
	if v := s.record; v != nil {
		notes := []object{{"category": "summary", "text": "What a scan found of " + s.id + "."}}
		if v.Title != "" {
			out["title"] = v.Title
			notes = append(notes, object{"category": "description", "text": v.Title})
		}
		if len(v.Weaknesses) > 0 {
			notes = append(notes, object{"category": "other", "title": "Weaknesses", "text": strings.Join(v.Weaknesses, ", ")})
		}
		out["notes"] = notes
		for _, r := range v.References {
			link(r.URL, r.URL)
		}
		for i := range v.Exploits {
			link("Exploit "+v.Exploits[i].ID, v.Exploits[i].URL)
		}
		var ids []object
		for _, alias := range slices.Compact(slices.Sorted(slices.Values(append([]string{s.id}, s.aliases...)))) {
			if alias != "" && (alias != s.id || !strings.HasPrefix(alias, "CVE-")) {
				ids = append(ids, object{"system_name": systemOf(alias), "text": alias})
			}
		}
		if len(ids) > 0 {
			out["ids"] = ids
		}
	}
	if len(references) > 0 {
		out["references"] = references
	}
	return out
}

const maxReferences = 100

// systemOf is whose id it is, by its first word.
func systemOf(id string) string {
	word, _, ok := strings.Cut(id, "-")
	if !ok || word == "" {
		return "id"
	}
	return word
}

// csafScores are the vectors of a record for the products that they matter to: one of CVSS v3 and one of v2, each the first whose vector is one of base
// metrics. CSAF 2.0 has no place for v4.
func csafScores(v *vuln.Vulnerability, products []string) []map[string]any {
	if v == nil || len(products) == 0 {
		return nil
	}
	score := map[string]any{}
	for i := range v.Ratings {
		r := &v.Ratings[i]
		switch {
		case score["cvss_v3"] == nil && cvss3.MatchString(r.Vector) && r.Score > 0 && r.Score <= 10:
			score["cvss_v3"] = map[string]any{
				"version": r.Vector[len("CVSS:"):len("CVSS:3.1")], "vectorString": r.Vector, "baseScore": r.Score, "baseSeverity": strings.ToUpper(vuln.OfScore("3.1", r.Score).String()),
			}
		case score["cvss_v2"] == nil && cvss2.MatchString(r.Vector) && r.Score > 0 && r.Score <= 10:
			score["cvss_v2"] = map[string]any{"version": "2.0", "vectorString": r.Vector, "baseScore": r.Score}
		}
	}
	if len(score) == 0 {
		return nil
	}
	score["products"] = slices.Compact(slices.Sorted(slices.Values(products)))
	return []map[string]any{score}
}

var (
	cvss3 = regexp.MustCompile(`^CVSS:3\.[01]/AV:[NALP]/AC:[LH]/PR:[NLH]/UI:[NR]/S:[UC]/C:[NLH]/I:[NLH]/A:[NLH]$`)
	cvss2 = regexp.MustCompile(`^AV:[NAL]/AC:[LMH]/Au:[MSN]/C:[NPC]/I:[NPC]/A:[NPC]$`)
)
