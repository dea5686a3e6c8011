package output_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/output"
	"github.com/sightline-sec/sightline/internal/sbom/sbomtest"
	"github.com/sightline-sec/sightline/internal/vuln"
)

const sarifSchemaFile = "testdata/schema/sarif-schema-2.1.0.json"

func TestSARIFIsValid(t *testing.T) {
	t.Parallel()
	s := compileSchema(t, sarifSchemaFile)
	for name, r := range results() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			validate(t, s, write(t, "sarif", r, output.Options{}))
			validate(t, s, write(t, "sarif", r, output.Options{Suppressed: true}))
		})
	}
	t.Run("and not everything is", func(t *testing.T) {
		t.Parallel()
		if err := s.Validate(map[string]any{"version": "2.1.0", "runs": []any{map[string]any{"results": 7}}}); err == nil {
			t.Error("accepted")
		}
	})
}

type sarifDoc struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				SemanticVersion string
				Rules           []struct {
					ID         string
					Help       struct{ Markdown string }
					Properties struct {
						SecuritySeverity string `json:"security-severity"`
						Tags             []string
					}
				}
			}
		}
		Invocations []struct {
			ExecutionSuccessful        bool
			ToolExecutionNotifications []struct{ Message struct{ Text string } }
		}
		Results []struct {
			RuleID              string
			RuleIndex           int
			Level               string
			PartialFingerprints map[string]string
			Message             struct{ Text string }
			Locations           []struct {
				PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
			}
			Properties map[string]any
		}
	}
}

func sarif(t *testing.T, r *finding.Result) sarifDoc {
	t.Helper()
	var doc sarifDoc
	if err := json.Unmarshal(write(t, "sarif", r, output.Options{}), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSARIFSaysEveryFinding(t *testing.T) {
	t.Parallel()
	r := sbomtest.Result(sbomtest.Hostile)
	run := sarif(t, r).Runs[0]
	if len(run.Results) != len(r.Findings) {
		t.Fatalf("%d results of %d findings", len(run.Results), len(r.Findings))
	}
	prints := map[string]bool{}
	for i, res := range run.Results {
		rule := run.Tool.Driver.Rules[res.RuleIndex]
		if rule.ID != res.RuleID || res.RuleID != r.Findings[i].Vulnerability.ID {
			t.Errorf("result %d: rule %q at %d is %q", i, res.RuleID, res.RuleIndex, rule.ID)
		}
		for _, l := range res.Locations {
			if uri := l.PhysicalLocation.ArtifactLocation.URI; strings.HasPrefix(uri, "/") || strings.Contains(uri, "..") || strings.ContainsAny(uri, ": <>\n") {
				t.Errorf("result %d: %q is no relative reference", i, uri)
			}
		}
		prints[res.PartialFingerprints["sightline/v1"]] = true
	}
	if len(prints) != len(run.Results) {
		t.Errorf("%d fingerprints of %d results", len(prints), len(run.Results))
	}
	log4shell := run.Tool.Driver.Rules[slices.IndexFunc(run.Tool.Driver.Rules, func(x struct {
		ID         string
		Help       struct{ Markdown string }
		Properties struct {
			SecuritySeverity string `json:"security-severity"`
			Tags             []string
		}
	},
	) bool {
		return x.ID == "CVE-2021-44228"
	})]
	if log4shell.Properties.SecuritySeverity != "10.0" || !slices.Contains(log4shell.Properties.Tags, "known-exploited") {
		t.Errorf("rule is %+v", log4shell)
	}
	if run.Tool.Driver.SemanticVersion != "1.2.3" || !run.Invocations[0].ExecutionSuccessful {
		t.Errorf("version %q", run.Tool.Driver.SemanticVersion)
	}
	if got, want := len(run.Invocations[0].ToolExecutionNotifications), len(r.Incomplete)+1; got != want { // and the stale database
		t.Errorf("%d notifications, want %d", got, want)
	}
	for _, rule := range run.Tool.Driver.Rules {
		if strings.Contains(rule.Help.Markdown, "<") || strings.Contains(rule.Help.Markdown, "[x](") {
			t.Errorf("Markdown of %.20q is alive: %q", rule.ID, rule.Help.Markdown)
		}
	}
}

func TestFingerprintsOutliveUpdates(t *testing.T) {
	t.Parallel()
	r, later := sbomtest.Large(50), sbomtest.Large(50)
	for i := range later.Findings {
		later.Findings[i].Package.Version += ".9"
	}
	a, b := sarif(t, r).Runs[0].Results, sarif(t, later).Runs[0].Results
	for i := range a {
		if a[i].PartialFingerprints["sightline/v1"] != b[i].PartialFingerprints["sightline/v1"] {
			t.Fatalf("result %d has another fingerprint", i)
		}
	}
}

func TestSARIFIsCutWithAWord(t *testing.T) {
	t.Parallel()
	r := sbomtest.Large(50)
	low := r.Findings[0]
	low.Severity = vuln.Negligible
	critical := low
	critical.Severity = vuln.Critical
	r.Findings = nil
	for i := range 25_100 {
		f := low
		if i%100 == 99 {
			f = critical
		}
		f.Vulnerability = &vuln.Vulnerability{ID: fmt.Sprintf("CVE-%d", i)}
		r.Findings = append(r.Findings, f)
	}
	run := sarif(t, r).Runs[0]
	severe := 0
	for _, res := range run.Results {
		if res.Level == "error" {
			severe++
		}
	}
	if len(run.Results) != 25_000 || len(run.Tool.Driver.Rules) != 25_000 || severe != 251 {
		t.Errorf("%d results, %d rules, %d severe", len(run.Results), len(run.Tool.Driver.Rules), severe)
	}
	if n := run.Invocations[0].ToolExecutionNotifications; len(n) == 0 || !strings.HasPrefix(n[0].Message.Text, "100 findings") {
		t.Errorf("notifications: %v", n)
	}
}

// TestSARIFSuppressions: what does not count is in the file only when it is asked for, and then each result of it says that it is suppressed and why.
func TestSARIFSuppressions(t *testing.T) {
	t.Parallel()
	type result struct {
		RuleID              string
		RuleIndex           int
		PartialFingerprints map[string]string
		Suppressions        []struct{ Kind, Status, Justification string }
	}
	read := func(r *finding.Result, o output.Options) (results []result, rules []string) {
		var doc struct {
			Runs []struct {
				Tool struct {
					Driver struct{ Rules []struct{ ID string } }
				}
				Results []result
			}
		}
		if err := json.Unmarshal(write(t, "sarif", r, o), &doc); err != nil {
			t.Fatal(err)
		}
		for _, x := range doc.Runs[0].Tool.Driver.Rules {
			rules = append(rules, x.ID)
		}
		return doc.Runs[0].Results, rules
	}
	r := sbomtest.Result("x")
	first := r.Findings[0]
	r.Suppressed = append(r.Suppressed, finding.Suppressed{
		Package: first.Package, Vulnerability: first.Vulnerability.ID, Reason: finding.UnderInvestigation, Detail: "Debian looks into it",
	})
	without, _ := read(r, output.Options{})
	if len(without) != len(r.Findings) {
		t.Errorf("%d results of %d findings", len(without), len(r.Findings))
	}
	with, rules := read(r, output.Options{Suppressed: true})
	var got []string
	for i, x := range with {
		if rules[x.RuleIndex] != x.RuleID {
			t.Errorf("%s has the rule %s", x.RuleID, rules[x.RuleIndex])
		}
		if i < len(without) {
			if x.Suppressions != nil {
				t.Errorf("the finding %s is suppressed", x.RuleID)
			}
			continue
		}
		s := x.Suppressions[0]
		got = append(got, strings.Join([]string{x.RuleID, s.Kind, s.Status, s.Justification}, "|"))
	}
	want := []string{
		"CVE-2023-32681|external|accepted|owned by os package: python3-requests owns the files; Debian says fixed",
		"x|external|accepted|distro not affected: x",
		"CVE-2023-44487|external|accepted|vex: shop.vex.json says not affected",
		first.Vulnerability.ID + "|external|accepted|under investigation: Debian looks into it",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a, b := with[len(with)-1].PartialFingerprints, with[0].PartialFingerprints; !cmp.Equal(a, b) {
		t.Errorf("suppressed, it is another alert than counted: %v, %v", a, b)
	}

	big := sbomtest.Large(24_999)
	for i := range 10 {
		big.Suppressed = append(big.Suppressed, finding.Suppressed{Vulnerability: fmt.Sprintf("CVE-1-%d", i), Reason: finding.DistroFixed})
	}
	if got, _ := read(big, output.Options{Suppressed: true}); len(got) > 25_000 {
		t.Errorf("%d results, and GitHub takes 25,000", len(got))
	}
}
