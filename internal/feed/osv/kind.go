package osv

import (
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// malicious says whether the packages of a record were published to do harm: those of https://github.com/ossf/malicious-packages, and GitHub's
// advisories about packages that are nothing else. One about a good package that was compromised for a day has a fixed version, and one with a CVE is
// everybody's vulnerability: those stay what they are.
func malicious(r *record, a *vuln.Advisory) bool {
	if strings.HasPrefix(r.ID, "MAL-") || bool(r.Specific.Origins) {
		return true
	}
	if !strings.HasPrefix(r.ID, "GHSA-") || !strings.HasPrefix(r.Summary, "Malicious Package in ") && !strings.HasPrefix(r.Summary, "Malware in ") {
		return false
	}
	// CWE-506: embedded malicious code; CWE-912: hidden functionality.
	if !slices.Contains(a.Weaknesses, "CWE-506") && !slices.Contains(a.Weaknesses, "CWE-912") {
		return false
	}
	return !slices.ContainsFunc(a.Aliases, func(n string) bool { return strings.HasPrefix(n, "CVE-") }) &&
		!slices.ContainsFunc(a.Affected, func(af vuln.Affected) bool {
			return slices.ContainsFunc(af.Ranges, func(r vuln.Range) bool { return r.Fixed != "" })
		})
}

// state is what the record says of itself: by the marks of the CVE program, which most copy with the text, or in GitHub's title.
func state(r *record) vuln.State {
	if s := vuln.MarkedState(r.Details); s != "" {
		return s
	}
	title := strings.ToLower(strings.TrimSpace(r.Summary))
	if strings.HasPrefix(title, "disputed:") || strings.HasPrefix(title, "[disputed]") || strings.HasSuffix(title, "(disputed)") {
		return vuln.Disputed
	}
	return vuln.MarkedState(r.Summary)
}
