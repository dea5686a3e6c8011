package cli

import (
	"fmt"
	"slices"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// recall gives a decision what only the scan could know, out of its saved result: which functions the Go binaries have, and what VEX
// statements took back. The rest of the decision is made anew, by the database of today.
func recall(tr *match.Trace, r *finding.Result) {
	var kept []finding.Finding
	for _, f := range tr.Findings {
		if had := savedFinding(r, &f); had != nil && f.Linked == nil {
			f.Linked = had.Linked
		}
		if s := savedSuppression(r, &f); s != nil {
			tr.Suppressed = append(tr.Suppressed, *s)
			continue
		}
		kept = append(kept, f)
	}
	same := len(kept) == len(tr.Findings)
	tr.Findings = kept
	if same {
		return
	}
	// The update to do depends on what counts.
	tr.Fix = nil
	if i := slices.IndexFunc(r.Fixes, func(f finding.Fix) bool { return f.Package.PURL == tr.Package.PURL }); i >= 0 {
		tr.Fix = &r.Fixes[i]
	}
	if len(kept) > 0 {
		return
	}
	tr.Outcome, tr.Rule = match.TraceSuppressed, tr.Suppressed[len(tr.Suppressed)-1].Detail
	for i := range tr.Rows {
		if row := &tr.Rows[i]; row.Believed && row.Holds {
			row.Believed, row.Unbelieve = false, tr.Rule
		}
	}
}

// savedFinding is the scan's finding about the same package and vulnerability. The record may have got another name since.
func savedFinding(r *finding.Result, f *finding.Finding) *finding.Finding {
	for i := range r.Findings {
		had := &r.Findings[i]
		if had.Package.PURL == f.Package.PURL && (isNamed(f.Vulnerability, had.Vulnerability.ID) || isNamed(had.Vulnerability, f.Vulnerability.ID)) {
			return had
		}
	}
	return nil
}

// savedSuppression is what the scan was told to leave out.
func savedSuppression(r *finding.Result, f *finding.Finding) *finding.Suppressed {
	for i := range r.Suppressed {
		s := &r.Suppressed[i]
		if (s.Reason == finding.VEX || s.Reason == finding.CodeNotLinked) && s.Package.PURL == f.Package.PURL && isNamed(f.Vulnerability, s.Vulnerability) {
			return s
		}
	}
	return nil
}

func isNamed(v *vuln.Vulnerability, name string) bool {
	return v.ID == name || slices.Contains(v.Aliases, name)
}

// otherDatabase says that a result was judged by another database than the one that explains it.
func otherDatabase(r *finding.Result, now vuln.Database) string {
	if r == nil || r.Database.Checksum == now.Checksum {
		return ""
	}
	return fmt.Sprintf("The saved result was judged by another database, as of %s; this one is as of %s.", day(r.Database.AsOf), day(now.AsOf))
}
