package vuln

import (
	"cmp"
	"slices"
	"strings"
)

// SeverityRule says why one rating among several is the headline of a vulnerability: the first rule that any rating meets decides. Inside
// a rule the newer version of CVSS counts, then the higher score, then the feed's name.
type SeverityRule string

// The rules, in their order.
const (
	RuleNVD    SeverityRule = "nvd"    // NVD's own analysis by CVSS 3 or 4
	RuleGitHub SeverityRule = "github" // the word of GitHub's advisory
	RuleCNA    SeverityRule = "cna"    // the CVSS 3 or 4 of whoever numbered the CVE, inside NVD
	RuleCVSS   SeverityRule = "cvss"   // another feed's CVSS 3 or 4
	RuleCVSS2  SeverityRule = "cvss2"  // CVSS 2
	RuleWord   SeverityRule = "word"   // a word without a vector, as distributions give for their packages
	RuleNotice SeverityRule = "notice" // what a notice says of all that it covers together
)

// SeverityRules lists the rules in their order.
func SeverityRules() []SeverityRule {
	return []SeverityRule{RuleNVD, RuleGitHub, RuleCNA, RuleCVSS, RuleCVSS2, RuleWord, RuleNotice}
}

// WhySeverity says in a sentence for a person which rating decided Severity and why it was that one; empty where nobody rates it.
func (v *Vulnerability) WhySeverity() string {
	if v.SeverityRule == "" || v.SeveritySource == "" {
		return ""
	}
	why := map[SeverityRule]string{
		RuleNVD:    "NVD's own CVSS analysis counts before all others",
		RuleGitHub: "NVD has no CVSS 3 or 4 of its own, and GitHub's word counts next",
		RuleCNA:    "NVD has no CVSS 3 or 4 of its own and GitHub no word; this is the CVSS of whoever numbered it, as NVD repeats it",
		RuleCVSS:   "NVD has no CVSS 3 or 4 for it and GitHub no word; this is the highest that another feed gives",
		RuleCVSS2:  "there is no CVSS of a version after 2",
		RuleWord:   "nobody gives a CVSS; this is the highest of the words",
		RuleNotice: "only a notice rates it, together with all else that the notice covers",
	}[v.SeverityRule]
	if why == "" {
		return ""
	}
	return v.SeveritySource + " says " + v.Severity.String() + ": " + why
}

// Disagreement is a measure by which those who rate a vulnerability come to different results.
type Disagreement struct {
	Measure string   `json:"measure"` // "CVSS 2", "CVSS 3", "CVSS 4", "word"
	Ratings []Rating `json:"ratings"` // all by this measure, highest first
}

// Disagreements lists the measures by which raters differ: in their score by the same major version of CVSS (3.0 and 3.1 differ in words more than
// in numbers), or in the word that they give without a vector. Different vectors of the same score are no disagreement. The list is in the order of measures' names.
func (v *Vulnerability) Disagreements() []Disagreement {
	by := map[string][]Rating{}
	for _, r := range v.Ratings {
		if r.Severity == Unknown && r.Score == 0 {
			continue
		}
		m := "word"
		if r.Vector != "" || r.Version != "" {
			major, _, _ := strings.Cut(r.Version, ".")
			m = "CVSS " + major
		}
		by[m] = append(by[m], r)
	}
	var out []Disagreement
	for m, ratings := range by {
		differ := slices.ContainsFunc(ratings, func(r Rating) bool {
			if m == "word" {
				return r.Severity != ratings[0].Severity
			}
			return r.Score != ratings[0].Score
		})
		if !differ {
			continue
		}
		slices.SortStableFunc(ratings, func(a, b Rating) int {
			return cmp.Or(-cmp.Compare(a.Score, b.Score), -cmp.Compare(a.Severity, b.Severity), strings.Compare(a.Feed, b.Feed), strings.Compare(a.Source, b.Source))
		})
		out = append(out, Disagreement{Measure: m, Ratings: ratings})
	}
	slices.SortFunc(out, func(a, b Disagreement) int { return strings.Compare(a.Measure, b.Measure) })
	return out
}
