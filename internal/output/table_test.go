package output_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/output"
	"github.com/sightline-sec/sightline/internal/sbom/sbomtest"
)

func TestTableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	color := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for name, r := range results() {
		for _, width := range []int{1, 40, 80, 100, 200} {
			for _, verbose := range []bool{false, true} {
				out := string(write(t, "table", r, output.Options{Width: width, Verbose: verbose, Color: true}))
				for line := range strings.Lines(out) {
					// Numbers and severities are never cut, so that very narrow tables are wider than the terminal.
					if n := utf8.RuneCountInString(strings.TrimSuffix(color.ReplaceAllString(line, ""), "\n")); n > max(width, 130) || width >= 100 && n > width && !verbose {
						t.Errorf("%s at %d: %d columns: %q", name, width, n, line)
					}
				}
			}
		}
	}
}

func TestTableIsAPage(t *testing.T) {
	t.Parallel()
	for _, n := range []int{5, 50, 500, 5000} {
		out := string(write(t, "table", sbomtest.Large(n), output.Options{}))
		if lines := strings.Count(out, "\n"); lines > 40 {
			t.Errorf("%d findings make %d lines", n, lines)
		}
		if more := n/5 - 15; more > 0 && !strings.Contains(out, fmt.Sprintf("+%d more", more)) {
			t.Errorf("%d findings: what is left out is not told", n)
		}
		if verbose := string(write(t, "table", sbomtest.Large(n), output.Options{Verbose: true})); strings.Count(verbose, "CVE-2024-") != n {
			t.Errorf("%d findings: %d are listed", n, strings.Count(verbose, "CVE-2024-"))
		}
	}
}

func TestTableSays(t *testing.T) {
	t.Parallel()
	for name, wants := range map[string][]string{
		"rich":      {"Update 5 packages to end 5 of 8 findings", "KEV", "exploit", "layer 1 of 3", "3 days old", "sightline db update", "(source)", "Incomplete (4)", "1 owned by os package"},
		"clean":     {"No known vulnerabilities in 12 packages."},
		"starter":   {"Only the starter database answered", "sightline db update"},
		"unfixable": {"Nothing to update yet: no fix is published for the one finding"},
	} {
		out := string(write(t, "table", results()[name], output.Options{}))
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, out)
			}
		}
	}
	if out := string(write(t, "table", results()["clean"], output.Options{})); strings.Contains(out, "!") || strings.Contains(out, "--verbose") {
		t.Errorf("a clean result warns:\n%s", out)
	}
}

// TestIncompleteHidesNothing: what is told by an example only says how many there are and how to see them; no number stands before a noun that does not fit it.
func TestIncompleteHidesNothing(t *testing.T) {
	t.Parallel()
	r := sbomtest.Result("x")
	r.Incomplete = nil
	for i := range 3 {
		r.Incomplete = append(r.Incomplete, artifact.Incomplete{Path: "app/lock", Reason: artifact.Unparsable, Detail: fmt.Sprintf("line %d", i)})
	}
	for i, reason := range []artifact.Reason{artifact.FileTooLarge, artifact.TimeLimit, artifact.BytesLimit, artifact.FilesLimit, artifact.Corrupt} {
		r.Incomplete = append(r.Incomplete, artifact.Incomplete{Path: fmt.Sprint("app/", i), Reason: reason, Detail: strings.Repeat("long ", 40)})
	}
	page := string(write(t, "table", r, output.Options{}))
	for _, want := range []string{"3 unparsable  app/lock: line 0 (+2 more)", "2 of other kinds", "All 8 one by one: --verbose"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page[strings.Index(page, "Incomplete ("):])
		}
	}
	all := string(write(t, "table", r, output.Options{Verbose: true}))
	all = all[strings.Index(all, "Incomplete ("):]
	for _, want := range []string{"line 0", "line 1", "line 2", "app/4", "whole in --format json"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	r.Incomplete = r.Incomplete[:1]
	if page := string(write(t, "table", r, output.Options{})); strings.Contains(page, "one by one: --verbose\n\nAll") || strings.Contains(page, "+0") {
		t.Errorf("nothing is hidden, and it says so:\n%s", page)
	}

	one := sbomtest.Result("x")
	one.Packages, one.Findings, one.Fixes, one.Suppressed, one.Incomplete = one.Packages[:1], one.Findings[:1], one.Fixes[:1], one.Suppressed[:1], one.Incomplete[:1]
	one.Database.Feeds = one.Database.Feeds[:1]
	one.Summarize()
	one.Summary.Unjudged = 1
	for _, o := range []output.Options{{}, {Verbose: true}} {
		for _, format := range []string{"table", "sarif"} {
			if wrong := regexp.MustCompile(`\b1 (?:more )?[a-z]+s\b`).FindAllString(string(write(t, format, one, o)), -1); len(wrong) > 0 && wrong[0] != "1 thing was" {
				t.Errorf("%s: %q", format, wrong)
			}
		}
	}
}
