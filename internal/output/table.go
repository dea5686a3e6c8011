package output

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vuln"
)

const (
	defaultWidth = 100
	minWidth     = 40
	pageFixes    = 15 // fixable packages on a page that is not verbose
	pageReasons  = 4  // kinds of incompleteness
)

// writeTable writes for a person at a terminal. What to do comes first: the packages to update, worst first; then how
// much there is; then what may be wrong with the answer.
func writeTable(w io.Writer, r *finding.Result, o Options) error {
	p := &page{color: o.Color, width: max(cmp.Or(o.Width, defaultWidth), minWidth)}
	if o.Now.IsZero() {
		o.Now = r.Run.StartedAt
	}
	writeHead(p, r, o)
	switch {
	case len(r.Findings) == 0:
		writeClean(p, r)
	default:
		writeFixes(p, r, o)
		writeTotals(p, r)
	}
	if o.Verbose {
		writeFindings(p, r)
	}
	if o.Verbose || o.Suppressed {
		writeSuppressed(p, r)
	}
	writeIncomplete(p, r, o)
	if !o.Verbose && len(r.Findings) > 0 {
		p.line()
		all := fmt.Sprintf("All %d findings one by one: ", len(r.Findings))
		if len(r.Findings) == 1 {
			all = "The finding in full: "
		}
		p.line(piece{all, faint}, piece{"--verbose", command})
	}
	if _, err := io.WriteString(w, p.b.String()); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// writeClean says that nothing was found, and how much that is worth.
func writeClean(p *page, r *finding.Result) {
	p.line()
	switch {
	case len(r.Packages) == 0:
		p.line(piece{"No packages were found, so there was nothing to look up.", strong})
	case r.Database.Starter:
		p.line(piece{"None of the vulnerabilities in the starter database.", good},
			piece{" Most vulnerabilities are not in it.", normal})
	case slices.ContainsFunc(r.Incomplete, func(i artifact.Incomplete) bool {
		return i.Reason == artifact.UnknownRelease || i.Reason == artifact.UnorderedVersion
	}):
		p.line(piece{fmt.Sprintf("No known vulnerabilities in those of the %s that could be judged; see below.", count(len(r.Packages), "package")), caution})
	default:
		p.line(piece{fmt.Sprintf("No known vulnerabilities in %s.", count(len(r.Packages), "package")), good})
	}
}

// writeFixes lists what to update.
func writeFixes(p *page, r *finding.Result, o Options) {
	p.line()
	fixable := 0 // as the rows below count: an update may also end what has no fixed version of its own
	for i := range r.Fixes {
		fixable += r.Fixes[i].Clears.Total()
	}
	if len(r.Fixes) == 0 {
		p.line(piece{"Nothing to update yet: ", strong},
			piece{fmt.Sprintf("no fix is published for %s.", theFindings(len(r.Findings))), normal})
		return
	}
	p.line(piece{"Update " + count(len(r.Fixes), "package"), strong},
		piece{fmt.Sprintf(" to end %d of %s", fixable, count(len(r.Findings), "finding")), normal})
	p.line()
	listed := r.Fixes
	if !o.Verbose {
		listed = listed[:min(len(listed), pageFixes)]
	}
	kev := kevPackages(r)
	rows := make([][]cell, 0, len(listed))
	for i := range listed {
		f := &listed[i]
		var mark cell
		switch {
		case kev[f.Package.PURL]:
			mark = cell{{"KEV", alarm}}
		case f.Exploit:
			mark = cell{{"exploit", caution}}
		default:
			mark = cell{{}}
		}
		rows = append(rows, []cell{
			{{plain(f.Package.Name), strong}},
			plainCell(f.Package.Version), updateTo(f),
			endsAndLeaves(f), mark,
			{{where(f, len(r.Artifact.Layers)), faint}},
		})
	}
	p.rows([]column{
		{head: "PACKAGE", min: 12},
		{head: "INSTALLED", min: 10, prefer: 18},
		{head: "UPDATE TO", min: 12, prefer: 26},
		{head: "ENDS"},
		{},
		{head: "WHERE", min: 12, keep: true},
	}, rows)
	if more := len(r.Fixes) - len(listed); more > 0 {
		p.line(piece{fmt.Sprintf("  +%d more: --verbose", more), faint})
	}
}

// endsAndLeaves counts what an update ends and what it leaves or brings.
func endsAndLeaves(f *finding.Fix) cell {
	c := pills(f.Clears)
	if f.Remains.Total() == 0 {
		return c
	}
	return append(append(c, piece{" leaves ", faint}), pills(f.Remains)...)
}

// updateTo is the version to install, with a word where it is the source package's and the package has another.
func updateTo(f *finding.Fix) cell {
	c := cell{{plain(f.SuggestedVersion), good}}
	if f.OfSource {
		c = append(c, piece{" (source)", faint})
	}
	if f.Step == finding.Major || f.Step == finding.Minor {
		c = append(c, piece{" (" + string(f.Step) + ")", faint})
	}
	return c
}

// kevPackages are the purls of packages with a fixable finding that CISA lists as exploited.
func kevPackages(r *finding.Result) map[string]bool {
	out := map[string]bool{}
	for i := range r.Findings {
		if f := &r.Findings[i]; f.FixedVersion != "" && f.Vulnerability.KEV != nil {
			out[f.Package.PURL] = true
		}
	}
	return out
}

// pills are the counts by severity, worst first: "2C 5H 1L".
func pills(c finding.Counts) cell {
	var out cell
	for _, s := range vuln.Severities() {
		if n := *c.Of(s); n > 0 {
			if out != nil {
				out = append(out, piece{text: " "})
			}
			out = append(out, piece{strconv.Itoa(n) + strings.ToUpper(s.String()[:1]), ofSeverity(s)})
		}
	}
	if out == nil {
		return cell{{}}
	}
	return out
}

// where says in which layer or file a person finds the package: for what an OS package manager keeps, the layer; for
// others the file.
func where(f *finding.Fix, layers int) string {
	switch {
	case !f.Package.Ecosystem.OS() && len(f.Package.Paths) > 0:
		more := ""
		if n := len(f.Package.Paths); n > 1 {
			more = fmt.Sprintf(" +%d", n-1)
		}
		return plain(f.Package.Paths[0]) + more
	case f.Layer != nil && layers > 1:
		return fmt.Sprintf("layer %d of %d", f.Layer.Index+1, layers)
	}
	return ""
}

// writeTotals counts by severity.
func writeTotals(p *page, r *finding.Result) {
	p.line()
	s := &r.Summary
	columns := []column{{min: 9}}
	lines := []struct {
		name string
		c    finding.Counts
	}{{"found", s.Total}, {"fixable", s.Fixable}, {"exploited", s.Exploited}, {"in KEV", s.KEV}}
	rows := make([][]cell, len(lines))
	for i, l := range lines {
		rows[i] = []cell{{{l.name, normal}}}
	}
	for _, sev := range vuln.Severities() {
		if *s.Total.Of(sev) == 0 && sev <= vuln.Negligible {
			continue
		}
		columns = append(columns, column{head: strings.ToUpper(sev.String()), right: true})
		for i, l := range lines {
			rows[i] = append(rows[i], number(*l.c.Of(sev), ofSeverity(sev)))
		}
	}
	columns = append(columns, column{head: "TOTAL", right: true})
	for i, l := range lines {
		rows[i] = append(rows[i], number(l.c.Total(), strong))
	}
	if s.KEV.Total() == 0 {
		rows = rows[:len(rows)-1]
	}
	p.rows(columns, rows)
	if s.Suppressed > 0 {
		p.line(piece{fmt.Sprintf("  not counted: %s", reasons(r.Suppressed)), faint})
	}
	notLinked := 0
	for i := range r.Findings {
		if l := r.Findings[i].Linked; l != nil && l.State == finding.NotLinked {
			notLinked++
		}
	}
	if notLinked > 0 {
		p.line(piece{fmt.Sprintf("  %d of these are in Go binaries that do not have the vulnerable functions: leave them out with --only-linked", notLinked), faint})
	}
}

func number(n int, s style) cell {
	if n == 0 {
		return cell{{"-", faint}}
	}
	return cell{{strconv.Itoa(n), s}}
}

// reasons counts what was suppressed by why.
func reasons(list []finding.Suppressed) string {
	n := map[string]int{}
	for i := range list {
		n[list[i].Reason]++
	}
	keys := make([]string, 0, len(n))
	for k := range n {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
	parts := make([]string, 0, len(keys))
	for _, k := range keys {
		parts = append(parts, fmt.Sprintf("%d %s", n[k], plain(strings.ReplaceAll(k, "_", " "))))
	}
	return strings.Join(parts, ", ")
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func theFindings(n int) string {
	if n == 1 {
		return "the one finding"
	}
	return fmt.Sprintf("any of the %d findings", n)
}
