package finding_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/sbom/sbomtest"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func result(findings []finding.Finding, packages ...string) *finding.Result {
	r := &finding.Result{Findings: findings}
	for i := 0; i < len(packages); i += 2 {
		r.Packages = append(r.Packages, inventory.Package{Ecosystem: purl.NPM, Name: packages[i], Version: packages[i+1]})
	}
	r.Summarize()
	return r
}

func found(id, pkg, version, fixed string, s vuln.Severity, exploits ...vuln.Exploit) finding.Finding {
	return finding.Finding{
		Package: finding.Package{Name: pkg, Version: version, Ecosystem: purl.NPM}, Severity: s, FixedVersion: fixed,
		Vulnerability: &vuln.Vulnerability{ID: id, Exploits: exploits},
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	before := result([]finding.Finding{
		found("CVE-1", "a", "1.0.0", "", vuln.Low), found("CVE-2", "a", "1.0.0", "1.1.0", vuln.High), found("CVE-3", "b", "1.0.0", "", vuln.Low),
		found("CVE-5", "same", "1.0.0", "", vuln.Low), found("CVE-5", "same", "0.9.0", "", vuln.Low),
	}, "a", "1.0.0", "b", "1.0.0", "same", "1.0.0", "same", "1.0.0", "same", "0.9.0", "two", "1", "two", "2")
	after := result([]finding.Finding{
		found("CVE-1", "a", "1.1.0", "1.2.0", vuln.High, vuln.Exploit{ID: "x"}), found("CVE-4", "c", "1.0.0", "2.0.0", vuln.Critical),
		found("CVE-5", "same", "1.0.0", "", vuln.Low),
	}, "a", "1.1.0", "c", "1.0.0", "same", "1.0.0", "same", "0.9.0", "two", "2", "two", "3", "two", "4")
	got := finding.Compare(before, after)
	packages := finding.ChangedPackages{
		Added:     []finding.ComparedPackage{{Ecosystem: "npm", Name: "c", After: "1.0.0"}, {Ecosystem: "npm", Name: "two", After: "4"}},
		Gone:      []finding.ComparedPackage{{Ecosystem: "npm", Name: "b", Before: "1.0.0"}},
		Changed:   []finding.ComparedPackage{{Ecosystem: "npm", Name: "a", Before: "1.0.0", After: "1.1.0"}, {Ecosystem: "npm", Name: "two", Before: "1", After: "3"}},
		Unchanged: 3,
	}
	if diff := cmp.Diff(packages, got.Packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	findings := finding.ChangedFindings{
		Added: []finding.ComparedFinding{{Vulnerability: "CVE-4", Ecosystem: "npm", Package: "c", Severity: vuln.Critical, Version: "1.0.0", FixedVersion: "2.0.0"}},
		Gone: []finding.ComparedFinding{
			{Vulnerability: "CVE-2", Ecosystem: "npm", Package: "a", Severity: vuln.High, Version: "1.0.0", FixedVersion: "1.1.0"},
			{Vulnerability: "CVE-3", Ecosystem: "npm", Package: "b", Severity: vuln.Low, Version: "1.0.0"},
		},
		Changed: []finding.ComparedFinding{{
			Vulnerability: "CVE-1", Ecosystem: "npm", Package: "a", Severity: vuln.High, Version: "1.1.0", FixedVersion: "1.2.0", Exploited: true,
			Changes: []string{"severity low -> high", "fixed version none -> 1.2.0", "newly exploited, or an exploit became public"},
		}},
		Unchanged: 1,
	}
	if diff := cmp.Diff(findings, got.Findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if got.Before.Packages != 7 || got.After.Total.Critical != 1 {
		t.Errorf("%+v, %+v", got.Before, got.After)
	}
}

// TestCompareWithItself: nothing changed, and the other way round what was added is gone.
func TestCompareWithItself(t *testing.T) {
	t.Parallel()
	a, b := sbomtest.Result("x"), sbomtest.Large(100)
	same := finding.Compare(a, a)
	if n := len(same.Packages.Added) + len(same.Packages.Gone) + len(same.Packages.Changed) + len(same.Findings.Added) + len(same.Findings.Gone) + len(same.Findings.Changed); n != 0 {
		t.Errorf("%d differences to itself", n)
	}
	there, back := finding.Compare(a, b), finding.Compare(b, a)
	if diff := cmp.Diff(there.Findings.Added, back.Findings.Gone); diff != "" {
		t.Errorf("added there, gone back (-there +back):\n%s", diff)
	}
	if diff := cmp.Diff(len(there.Packages.Gone), len(back.Packages.Added)); diff != "" {
		t.Error(diff)
	}
}
