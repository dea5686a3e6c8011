package output

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// byUrgency orders findings: severity, then what is exploited, then what will probably be, then by name.
func byUrgency(a, b *finding.Finding) int {
	rank := func(v *vuln.Vulnerability) int {
		switch {
		case v.KEV != nil:
			return 2
		case v.Exploited():
			return 1
		}
		return 0
	}
	epss := func(v *vuln.Vulnerability) float64 {
		if v.EPSS == nil {
			return -1
		}
		return v.EPSS.Score
	}
	return cmp.Or(
		cmp.Compare(b.Severity, a.Severity), cmp.Compare(rank(b.Vulnerability), rank(a.Vulnerability)),
		cmp.Compare(epss(b.Vulnerability), epss(a.Vulnerability)),
		cmp.Compare(a.Vulnerability.ID, b.Vulnerability.ID), cmp.Compare(a.Package.Name, b.Package.Name),
		cmp.Compare(a.Package.Version, b.Package.Version))
}

// writeFindings lists all findings.
func writeFindings(p *page, r *finding.Result) {
	if len(r.Findings) == 0 {
		return
	}
	sorted := make([]*finding.Finding, len(r.Findings))
	for i := range r.Findings {
		sorted[i] = &r.Findings[i]
	}
	slices.SortStableFunc(sorted, byUrgency)
	rows := make([][]cell, 0, len(sorted))
	for _, f := range sorted {
		v := f.Vulnerability
		fixed := cell{{plain(f.FixedVersion), good}}
		switch {
		case f.FixedVersion != "":
		case f.Status == vuln.StatusWontFix:
			fixed = cell{{"won't fix", faint}}
		default:
			fixed = cell{{"-", faint}}
		}
		epss := cell{{"-", faint}}
		if v.EPSS != nil {
			epss = cell{{percent(v.EPSS.Score), normal}}
		}
		mark := cell{{}}
		switch {
		case f.Kind == finding.Malicious:
			mark = cell{{"malware", alarm}}
		case f.Linked != nil && f.Linked.State == finding.NotLinked:
			mark = cell{{"not linked", faint}}
		case v.KEV != nil:
			mark = cell{{"KEV", alarm}}
		case v.Exploited():
			mark = cell{{"exploit", caution}}
		case v.State != "":
			mark = cell{{plain(string(v.State)), faint}}
		}
		rows = append(rows, []cell{
			{{plain(v.ID), strong}},
			{{f.Severity.String(), ofSeverity(f.Severity)}},
			plainCell(f.Package.Name), plainCell(f.Package.Version),
			fixed, epss, mark,
			{{plain(v.Title), faint}},
		})
	}
	p.line()
	p.line(piece{"Findings", strong}, piece{fmt.Sprintf(" (%d), EPSS is the chance of being exploited in the next 30 days", len(sorted)), normal})
	p.line()
	columns := []column{
		{head: "ID", min: 16},
		{head: "SEVERITY"},
		{head: "PACKAGE", min: 8},
		{head: "INSTALLED", min: 10, prefer: 18},
		{head: "FIXED", min: 8, prefer: 18},
		{head: "EPSS", right: true},
		{},
		{head: "TITLE", min: 10},
	}
	// On a narrow terminal the columns that people miss least go first.
	keep := len(columns)
	if p.width < 100 {
		keep = 5
	}
	if p.width < 80 {
		keep = 4
	}
	if keep < len(columns) {
		narrow := func(row []cell) []cell {
			if keep == 4 { // without what is installed
				return append(slices.Clone(row[:3]), row[4], row[6])
			}
			return append(slices.Clone(row[:5]), row[6])
		}
		for i := range rows {
			rows[i] = narrow(rows[i])
		}
		if keep == 4 {
			columns = append(slices.Clone(columns[:3]), columns[4], columns[6])
		} else {
			columns = append(slices.Clone(columns[:5]), columns[6])
		}
	}
	p.rows(columns, rows)
}

// percent writes a probability; what would read as nothing reads as little.
func percent(x float64) string {
	if x > 0 && x < 0.001 {
		return "<0.1%"
	}
	return fmt.Sprintf("%.1f%%", x*100)
}

// writeSuppressed lists the matches that do not count.
func writeSuppressed(p *page, r *finding.Result) {
	if len(r.Suppressed) == 0 {
		return
	}
	rows := make([][]cell, 0, len(r.Suppressed))
	for i := range r.Suppressed {
		s := &r.Suppressed[i]
		rows = append(rows, []cell{
			plainCell(s.Vulnerability),
			{{s.Severity.String(), ofSeverity(s.Severity)}},
			plainCell(s.Package.Name), plainCell(s.Package.Version),
			plainCell(strings.ReplaceAll(s.Reason, "_", " ")),
			{{plain(s.Detail), faint}},
		})
	}
	p.line()
	p.line(piece{"Not counted", strong}, piece{fmt.Sprintf(" (%d)", len(rows)), normal})
	p.line()
	p.rows([]column{
		{head: "ID", min: 19}, {head: "SEVERITY"}, {head: "PACKAGE", min: 12}, {head: "INSTALLED", min: 10, prefer: 18}, {head: "WHY", min: 12}, {head: "DETAIL", min: 10},
	}, rows)
}
