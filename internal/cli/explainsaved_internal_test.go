package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func TestRecall(t *testing.T) {
	t.Parallel()
	const here, other = "pkg:golang/a@v1.0.0", "pkg:golang/b@v1.0.0"
	about := func(purl, id string, aliases ...string) finding.Finding {
		return finding.Finding{Package: finding.Package{PURL: purl}, Vulnerability: &vuln.Vulnerability{ID: id, Aliases: aliases}, FixedVersion: "v1.1.0"}
	}
	linked := func(f finding.Finding, s finding.LinkState) finding.Finding {
		f.Linked = &finding.Linked{State: s, Detail: "it is " + string(s)}
		return f
	}
	suppressed := func(purl, id, reason string) finding.Suppressed {
		return finding.Suppressed{Package: finding.Package{PURL: purl}, Vulnerability: id, Reason: reason, Detail: "not counted"}
	}
	fix := finding.Fix{Package: finding.Package{PURL: here}, SuggestedVersion: "v1.1.0"}
	for _, c := range []struct {
		name    string
		now     []finding.Finding
		saved   finding.Result
		outcome match.TraceOutcome
		states  []finding.LinkState // of the findings that remain
		fix     bool
	}{
		{
			"each verdict is that of the scan",
			[]finding.Finding{about(here, "GO-1"), about(here, "GO-2"), about(here, "GO-3")},
			finding.Result{Findings: []finding.Finding{linked(about(here, "GO-3"), finding.CannotTell), linked(about(here, "GO-1"), finding.LinkedIn), linked(about(here, "GO-2"), finding.NotLinked)}},
			match.TraceAffected,
			[]finding.LinkState{finding.LinkedIn, finding.NotLinked, finding.CannotTell},
			true,
		},
		{
			"another package's verdict is not this one's",
			[]finding.Finding{about(here, "GO-1")},
			finding.Result{
				Findings:   []finding.Finding{linked(about(other, "GO-1"), finding.LinkedIn), linked(about(here, "GO-2"), finding.LinkedIn)},
				Suppressed: []finding.Suppressed{suppressed(other, "GO-1", finding.VEX), suppressed(here, "GO-2", finding.VEX)},
			},
			match.TraceAffected,
			[]finding.LinkState{""},
			true,
		},
		{
			"a record that got a CVE since is the same",
			[]finding.Finding{about(here, "CVE-1", "GO-1")},
			finding.Result{Findings: []finding.Finding{linked(about(here, "GO-1"), finding.NotLinked)}},
			match.TraceAffected,
			[]finding.LinkState{finding.NotLinked},
			true,
		},
		{
			"and one that lost it",
			[]finding.Finding{about(here, "GO-1")},
			finding.Result{Findings: []finding.Finding{linked(about(here, "CVE-1", "GO-1"), finding.NotLinked)}},
			match.TraceAffected,
			[]finding.LinkState{finding.NotLinked},
			true,
		},
		{
			"what the scan was told to leave out is left out",
			[]finding.Finding{about(here, "GO-1")},
			finding.Result{Suppressed: []finding.Suppressed{suppressed(here, "GO-1", finding.CodeNotLinked)}},
			match.TraceSuppressed, nil, false,
		},
		{
			"what a database said is asked anew",
			[]finding.Finding{about(here, "GO-1")},
			finding.Result{Suppressed: []finding.Suppressed{suppressed(here, "GO-1", finding.DistroFixed)}},
			match.TraceAffected,
			[]finding.LinkState{""},
			true,
		},
		{
			"the other finding of an id stays, with the scan's update",
			[]finding.Finding{about(here, "GO-1"), about(here, "GO-2")},
			finding.Result{Suppressed: []finding.Suppressed{suppressed(here, "GO-2", finding.VEX)}, Fixes: []finding.Fix{fix}},
			match.TraceAffected,
			[]finding.LinkState{""},
			true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := &match.Trace{
				Package: inventory.Package{PURL: here}, Outcome: match.TraceAffected, Findings: c.now, Fix: &fix,
				Rows: []match.Row{{Believed: true, Holds: true}},
			}
			recall(tr, &c.saved)
			var states []finding.LinkState
			for _, f := range tr.Findings {
				s := finding.LinkState("")
				if f.Linked != nil {
					s = f.Linked.State
				}
				states = append(states, s)
			}
			if d := cmp.Diff(c.states, states); d != "" {
				t.Error(d)
			}
			if tr.Outcome != c.outcome || (tr.Fix != nil) != c.fix {
				t.Errorf("%s, fix %v", tr.Outcome, tr.Fix)
			}
			if counts := tr.Rows[0].Believed; counts != (c.outcome == match.TraceAffected) {
				t.Errorf("the row counts: %v", counts)
			}
		})
	}
}
