package vuln_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/vuln"
)

func TestDisagreements(t *testing.T) {
	t.Parallel()
	rate := func(feed, version string, score float64, s vuln.Severity) vuln.Rating {
		r := vuln.Rating{Feed: feed, Version: version, Score: score, Severity: s}
		if version != "" {
			r.Vector = "CVSS:" + version + "/" + feed
		}
		return r
	}
	v := vuln.Vulnerability{Ratings: []vuln.Rating{
		rate("nvd", "2.0", 5, vuln.Medium),
		rate("osv/npm", "3.0", 7.5, vuln.High), rate("nvd", "3.1", 9.8, vuln.Critical), rate("redhat", "3.1", 7.5, vuln.High),
		rate("a", "4.0", 6.9, vuln.Medium), rate("b", "4.0", 6.9, vuln.Medium),
		rate("osv/Ubuntu", "", 0, vuln.Low), rate("osv/npm", "", 0, vuln.High), rate("osv/Debian", "", 0, vuln.Unknown),
	}}
	var got []string
	for _, d := range v.Disagreements() {
		line := d.Measure + ":"
		for _, r := range d.Ratings {
			line += " " + r.Feed
		}
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{"CVSS 3: nvd osv/npm redhat", "word: osv/npm osv/Ubuntu"}, got); diff != "" {
		t.Error(diff)
	}
	if d := (&vuln.Vulnerability{}).Disagreements(); d != nil {
		t.Errorf("of nothing: %v", d)
	}
}

func TestWhySeverity(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, rule := range vuln.SeverityRules() {
		v := vuln.Vulnerability{Severity: vuln.High, SeveritySource: "some-feed", SeverityRule: rule}
		why := v.WhySeverity()
		if !strings.HasPrefix(why, "some-feed says high: ") || said[why] {
			t.Errorf("%s: %q", rule, why)
		}
		said[why] = true
	}
	for _, v := range []vuln.Vulnerability{{}, {SeveritySource: "x"}, {SeverityRule: vuln.RuleNVD}, {SeveritySource: "x", SeverityRule: "other"}} {
		if why := v.WhySeverity(); why != "" {
			t.Errorf("%+v: %q", v, why)
		}
	}
}

func TestMarkedState(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]vuln.State{
		"** DISPUTED ** A deserialization vulnerability":              vuln.Disputed,
		"\n\n**DISPUTED**A failure in the -fstack-protector feature":  vuln.Disputed,
		"** UNSUPPORTED WHEN ASSIGNED ** ** DISPUTED ** Something":    vuln.Disputed,
		"** REJECT **  DO NOT USE THIS CANDIDATE NUMBER.":             vuln.Rejected,
		"Rejected reason: This CVE ID has been rejected or withdrawn": vuln.Rejected,
		"** UNSUPPORTED WHEN ASSIGNED ** Something":                   "",
		"**Impact** It is ** DISPUTED ** by nobody":                   "",
		"**bold, and no end":                        "",
		"The vendor wrote ** DISPUTED ** elsewhere": "",
		"A REJECT rule is skipped":                  "",
		"":                                          "",
		"**":                                        "",
	} {
		if got := vuln.MarkedState(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzMarkedState(f *testing.F) {
	f.Add("** DISPUTED ** x")
	f.Add("** A ** **REJECT** x")
	f.Fuzz(func(t *testing.T, text string) {
		if s := vuln.MarkedState(text); s != "" && vuln.MarkedState("plain words "+text) != "" {
			t.Errorf("%q marks %s in the middle of a text", text, s)
		}
		if s := vuln.MarkedState("** DISPUTED **" + text); s != vuln.Disputed {
			t.Errorf("the mark before %q gives %q", text, s)
		}
	})
}
