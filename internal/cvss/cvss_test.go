package cvss_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/cvss"
)

// TestScore has the worked examples of FIRST: v2 guide section 3.3, the v3.0 and v3.1 example documents, and the v4.0
// specification and its examples document.
func TestScore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		vector, version string
		score           float64
		severity        string
	}{
		{"AV:N/AC:L/Au:N/C:N/I:N/A:C", "2.0", 7.8, "high"},                           // CVE-2002-0392
		{"(AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C)", "2.0", 7.8, "high"},          // with temporal metrics, base score
		{"AV:N/AC:L/Au:N/C:C/I:C/A:C", "2.0", 10, "high"},                            // CVE-2003-0818
		{"AV:L/AC:H/Au:N/C:C/I:C/A:C", "2.0", 6.2, "medium"},                         // CVE-2003-0062
		{"CVSS:2.0/AV:N/AC:M/Au:N/C:N/I:P/A:N", "2.0", 4.3, "medium"},                //
		{"CVSS2#AV:L/AC:H/Au:M/C:N/I:N/A:P", "2.0", 0.8, "low"},                      //
		{"AV:N/AC:L/Au:N/C:N/I:N/A:N", "2.0", 0, "none"},                             //
		{"CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", "3.0", 6.4, "medium"},       // CVE-2013-0375
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "3.0", 10, "critical"},      //
		{"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", "3.1", 3.1, "low"},          // CVE-2014-3566
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "3.1", 7.5, "high"},         // CVE-2014-0160
		{"CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/", "3.1", 6.8, "medium"},      // a slash too many
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U", "3.1", 9.8, "critical"}, // temporal metrics do not count
		{"CVSS:3.1/A:N/I:N/C:N/S:U/UI:N/PR:N/AC:L/AV:N", "3.1", 0, "none"},           // any order
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", "4.0", 10, "critical"},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 9.3, "critical"},
		{"CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 7.3, "high"}, // CVE-2022-41741
		{"CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 7.7, "high"}, // CVE-2020-3549
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", "4.0", 0, "none"},
	} {
		v, err := cvss.Parse(c.vector)
		if err != nil {
			t.Error(err)
			continue
		}
		if v.Version() != c.version || v.Score() != c.score || v.Severity() != c.severity {
			t.Errorf("%s: version %s, score %.1f, %s; want %s, %.1f, %s",
				c.vector, v.Version(), v.Score(), v.Severity(), c.version, c.score, c.severity)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "7.5", "CVSS:", "CVSS:1.0/AV:N", "CVSS:3.1", "CVSS:3.1/", "CVSS:3.1/AV:N", "CVSS:5.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",                    // v3 without its prefix could be either
		"CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",      // twice
		"CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",           // no such value
		"(AV:N/AC:L/Au:N/C:N/I:N/A:C", "AV:N/AC:L/Au:N/C:N/I:N)", // parentheses
		"AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F", // half a group
		"CVSS:4.0/AV:N", strings.Repeat("/", 1<<20), "CVSS:3.1/" + strings.Repeat("AV:N/", 1<<18),
	} {
		v, err := cvss.Parse(s)
		if !errors.Is(err, cvss.ErrVector) {
			t.Errorf("Parse(%.60q) = %v, %v, want ErrVector", s, v, err)
		} else if len(err.Error()) > 400 {
			t.Errorf("Parse(%.60q): the error has %d bytes", s, len(err.Error()))
		}
	}
}

func TestFactors(t *testing.T) {
	t.Parallel()
	for vector, want := range map[string][]cvss.Factor{
		"AV:A/AC:M/Au:S/C:N/I:P/A:C": {
			{Metric: "AV", Name: "access vector", Value: "A", Word: "adjacent network"},
			{Metric: "AC", Name: "access complexity", Value: "M", Word: "medium"},
			{Metric: "Au", Name: "authentication", Value: "S", Word: "single"},
			{Metric: "C", Name: "confidentiality impact", Value: "N", Word: "none"},
			{Metric: "I", Name: "integrity impact", Value: "P", Word: "partial"},
			{Metric: "A", Name: "availability impact", Value: "C", Word: "complete"},
		},
		"CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:C/C:H/I:N/A:L": {
			{Metric: "AV", Name: "attack vector", Value: "N", Word: "network"},
			{Metric: "AC", Name: "attack complexity", Value: "L", Word: "low"},
			{Metric: "PR", Name: "privileges required", Value: "L", Word: "low"},
			{Metric: "UI", Name: "user interaction", Value: "R", Word: "required"},
			{Metric: "S", Name: "scope", Value: "C", Word: "changed"},
			{Metric: "C", Name: "confidentiality impact", Value: "H", Word: "high"},
			{Metric: "I", Name: "integrity impact", Value: "N", Word: "none"},
			{Metric: "A", Name: "availability impact", Value: "L", Word: "low"},
		},
		"CVSS:4.0/AV:P/AC:H/AT:P/PR:H/UI:A/VC:H/VI:L/VA:N/SC:H/SI:L/SA:N": {
			{Metric: "AV", Name: "attack vector", Value: "P", Word: "physical"},
			{Metric: "AC", Name: "attack complexity", Value: "H", Word: "high"},
			{Metric: "AT", Name: "attack requirements", Value: "P", Word: "present"},
			{Metric: "PR", Name: "privileges required", Value: "H", Word: "high"},
			{Metric: "UI", Name: "user interaction", Value: "A", Word: "active"},
			{Metric: "VC", Name: "confidentiality impact on the vulnerable system", Value: "H", Word: "high"},
			{Metric: "VI", Name: "integrity impact on the vulnerable system", Value: "L", Word: "low"},
			{Metric: "VA", Name: "availability impact on the vulnerable system", Value: "N", Word: "none"},
			{Metric: "SC", Name: "confidentiality impact on subsequent systems", Value: "H", Word: "high"},
			{Metric: "SI", Name: "integrity impact on subsequent systems", Value: "L", Word: "low"},
			{Metric: "SA", Name: "availability impact on subsequent systems", Value: "N", Word: "none"},
		},
	} {
		v, err := cvss.Parse(vector)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, v.Factors()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", vector, diff)
		}
	}
}

// TestEveryWord walks all values of all base metrics: each has a name and a word, and no two of a metric share one.
func TestEveryWord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		vector string
		values []string // per metric
	}{
		{"AV:N/AC:L/Au:N/C:N/I:N/A:C", []string{"NAL", "LMH", "NSM", "NPC", "NPC", "NPC"}},
		{"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", []string{"NALP", "LH", "NLH", "NR", "UC", "NLH", "NLH", "NLH"}},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", []string{"NALP", "LH", "NP", "NLH", "NPA", "NLH", "NLH", "NLH", "NLH", "NLH", "NLH"}},
	} {
		v, err := cvss.Parse(c.vector)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range v.Factors() {
			seen := map[string]bool{}
			for _, value := range c.values[i] {
				changed := strings.Replace(c.vector, f.Metric+":"+f.Value, f.Metric+":"+string(value), 1)
				w, err := cvss.Parse(changed)
				if err != nil {
					t.Fatal(err)
				}
				got := w.Factors()[i]
				if got.Value != string(value) || got.Word == "" || got.Name == "" || seen[got.Word] {
					t.Errorf("%s: %+v", changed, got)
				}
				seen[got.Word] = true
			}
		}
	}
}

func TestAttack(t *testing.T) {
	t.Parallel()
	for vector, want := range map[string][3]bool{
		"AV:N/AC:L/Au:N/C:N/I:N/A:C":                                      {true, true, false},
		"AV:L/AC:L/Au:S/C:N/I:N/A:C":                                      {false, false, false},
		"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H":                    {true, true, true},
		"CVSS:3.1/AV:A/AC:L/PR:L/UI:R/S:U/C:H/I:H/A:H":                    {false, false, false},
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:P/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H": {true, true, false},
		"CVSS:4.0/AV:P/AC:L/AT:N/PR:H/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H": {false, false, true},
	} {
		v, err := cvss.Parse(vector)
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]bool{v.Network(), v.NoPrivileges(), v.NoInteraction()}; got != want {
			t.Errorf("%s: %v, want %v", vector, got, want)
		}
	}
	var zero cvss.Vector
	if zero.Network() || zero.Score() != 0 || zero.String() != "" || zero.Factors() != nil || zero.Severity() != "none" {
		t.Error("the zero vector says something")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"AV:N/AC:L/Au:N/C:N/I:N/A:C", "(AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C)",
		"AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H", "CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N",
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/MAV:L/MPR:H/CR:L", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H/E:A/MSI:S/S:P/U:Red",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := cvss.Parse(s)
		if err != nil {
			if !errors.Is(err, cvss.ErrVector) {
				t.Fatal(err)
			}
			return
		}
		again, err := cvss.Parse(v.String())
		if err != nil || again != v || again.String() != v.String() {
			t.Fatalf("%q became %q, and that %q, %v", s, v, again, err)
		}
		score := v.Score()
		if !(score >= 0 && score <= 10) || math.Round(score*10)/10 != score {
			t.Fatalf("%q has the score %v", s, score)
		}
		if !slices.Contains([]string{"none", "low", "medium", "high", "critical"}, v.Severity()) {
			t.Fatalf("%q is %q", s, v.Severity())
		}
		for _, f := range v.Factors() {
			if f.Name == "" || f.Word == "" || !strings.Contains(v.String(), f.Metric+":"+f.Value) {
				t.Fatalf("%q has the factor %+v", s, f)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, s := range []string{
		"AV:N/AC:L/Au:N/C:N/I:N/A:C", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H",
	} {
		v, err := cvss.Parse(s)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("v"+v.Version(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v, err := cvss.Parse(s)
				if err != nil || v.Score() == 0 {
					b.Fatal(v, err)
				}
			}
		})
	}
}
