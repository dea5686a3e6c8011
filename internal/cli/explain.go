package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/cvss"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// explained is all that the database knows of one vulnerability.
type explained struct {
	*vuln.Vulnerability
	Factors  []explainedVector `json:"risk_factors,omitempty"`
	Affected []affected        `json:"affected"`
}

// explainedVector is one feed's vector in named risk factors.
type explainedVector struct {
	Feed    string        `json:"feed"`
	Source  string        `json:"source,omitempty"`
	Version string        `json:"version"`
	Vector  string        `json:"vector"`
	Factors []cvss.Factor `json:"factors"`
}

// affected is one package that the vulnerability is about.
type affected struct {
	Namespace string        `json:"namespace"`
	Name      string        `json:"name"`
	Advisory  string        `json:"advisory"`
	Feed      string        `json:"feed"`
	Status    vuln.Status   `json:"status"`
	Severity  vuln.Severity `json:"severity"`
	Ranges    []vuln.Range  `json:"ranges,omitempty"`
	Versions  []string      `json:"versions,omitempty"`
}

func (e *env) explainCommand() *cobra.Command {
	var format, purl, from string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "explain ID",
		Short: "Say all that the database knows of a vulnerability, feed by feed",
		Long: `Say all that the database knows of a vulnerability: what each feed says of its severity, with the CVSS vectors taken
apart into named risk factors; exploits, CISA KEV, EPSS; dates with the feed they come from; why records of several
names are one; and the affected packages.

ID is any name of it, in any case: CVE-2021-44228, GHSA-jfh8-c2jp-5v3q, GO-2022-0969, DSA-5020-1.

With --package it tells instead how that vulnerability is judged in one package: what was looked up, which advisories were
considered, which versions were compared, which rule decided, and how old the feeds are; or why nothing matched. A package of a
distribution is told whole by a saved result (--from), for its purl does not name the source package.
` + exitHelp,
		Example: `  sightline explain CVE-2021-44228
  sightline explain ghsa-jfh8-c2jp-5v3q --format json
  sightline explain CVE-2021-23337 --package pkg:npm/lodash@4.17.20
  sightline explain CVE-2023-0464 --package 'pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12&upstream=openssl'
  sightline explain CVE-2023-0464 --package pkg:deb/debian/libssl3 --from result.json`,
		Args: exactly(1, "one vulnerability id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q: write text or json", format)
			}
			if purl != "" {
				return e.explainPackage(cmd.Context(), purl, from, args[0], format)
			}
			if from != "" {
				return usage("--from says where a package is to be found: name it with --package PURL")
			}
			return e.explain(cmd.Context(), args[0], format, verbose)
		},
	}
	cmd.Flags().StringVar(&e.db, "db", "", "database file (default: the one that 'db update' made, else the starter)")
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text or json")
	cmd.Flags().StringVar(&purl, "package", "", "purl of a package: tell how the vulnerability is judged in it")
	cmd.Flags().StringVar(&from, "from", "", "with --package: a saved result or SBOM that has the package")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "list all references and affected packages")
	return cmd
}

// looksLikeID holds for all names that feeds give to vulnerabilities: words of letters, digits and a few marks.
var looksLikeID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:._-]*$`)

func checkID(id string) error {
	if looksLikeID.MatchString(strings.TrimSpace(id)) {
		return nil
	}
	return usage("%q is not the id of a vulnerability: write CVE-2021-44228, GHSA-jfh8-c2jp-5v3q, DSA-5020-1 or the like", id)
}

func (e *env) explain(_ context.Context, id, format string, verbose bool) error {
	if err := checkID(id); err != nil {
		return err
	}
	db, _, err := e.openDB(e.db)
	if err != nil {
		return err
	}
	defer db.Close()
	ordinals, err := db.Lookup(strings.TrimSpace(id))
	if err != nil {
		return fmt.Errorf("looking up %s: %w", id, err)
	}
	if len(ordinals) == 0 {
		return e.unknownID(db, id)
	}
	all := make([]*explained, 0, len(ordinals))
	for _, o := range ordinals {
		x, err := explainOne(db, o)
		if err != nil {
			return fmt.Errorf("reading %s: %w", id, err)
		}
		all = append(all, x)
	}
	if format == "json" {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(all)
	}
	p := &page{w: e.stdout, width: e.width(e.stdout), color: e.colored(e.stdout)}
	if len(all) > 1 {
		p.line("%s covers %d vulnerabilities.", id, len(all))
		p.line("")
	}
	for i, x := range all {
		if i > 0 {
			p.line("")
		}
		p.explain(x, verbose)
	}
	p.starter(db)
	return p.err
}

// starter says that the answer is that of the small database.
func (p *page) starter(db *vulndb.DB) {
	if db.Meta().Starter {
		p.line("")
		p.text("From the starter database that is built into sightline; the full one: sightline db update", "")
	}
}

func explainOne(db *vulndb.DB, o vulndb.Ordinal) (*explained, error) {
	v, err := db.Vulnerability(o)
	if err != nil {
		return nil, err
	}
	x := &explained{Vulnerability: v, Affected: []affected{}}
	if x.Details, x.References, err = db.Details(o); err != nil {
		return nil, err
	}
	for _, r := range v.Ratings {
		if r.Vector == "" {
			continue
		}
		vec, err := cvss.Parse(r.Vector)
		if err != nil {
			continue // shown as published, without factors
		}
		x.Factors = append(x.Factors, explainedVector{
			Feed: r.Feed, Source: r.Source, Version: vec.Version(), Vector: r.Vector, Factors: vec.Factors(),
		})
	}
	for a, err := range db.Affected(o) {
		if err != nil {
			return nil, err
		}
		x.Affected = append(x.Affected, affected{
			Namespace: a.Namespace, Name: a.Name, Advisory: a.Advisory, Feed: a.Feed,
			Status: a.Status, Severity: a.Severity, Ranges: a.Ranges, Versions: a.Versions,
		})
	}
	return x, nil
}

// page writes lines for a person, and keeps the first error.
type page struct {
	w     io.Writer
	width int
	color bool
	err   error
}

func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(printable(oneLine(fmt.Sprintf(format, args...))), " "))
	}
}

// oneLine keeps names from outside from writing lines of their own.
func oneLine(s string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(s) }

// head writes a heading.
func (p *page) head(s string) {
	if p.err != nil {
		return
	}
	s = printable(s)
	if p.color {
		s = "\x1b[1m" + s + "\x1b[0m"
	}
	_, p.err = fmt.Fprintf(p.w, "\n%s\n", s)
}

// text writes running text, wrapped to the page and indented.
func (p *page) text(s, indent string) { p.wrapped(s, indent, indent) }

// entry writes a word of the margin with text beside it, wrapped to the page.
func (p *page) entry(label, s string) {
	p.wrapped(s, fmt.Sprintf("  %-10s ", label), strings.Repeat(" ", 13))
}

// wrapped writes text whose first line begins with first, and all others with rest.
func (p *page) wrapped(s, first, rest string) {
	line, begun, wide := first, false, utf8.RuneCountInString(first)
	for para := range strings.SplitSeq(s, "\n") {
		for word := range strings.FieldsSeq(para) {
			n := utf8.RuneCountInString(word)
			if begun && wide+1+n > p.width {
				p.line("%s", line)
				line, begun, wide = rest, false, utf8.RuneCountInString(rest)
			}
			if begun {
				line, wide = line+" ", wide+1
			}
			line, begun, wide = line+word, true, wide+n
		}
		p.line("%s", line)
		line, begun, wide = rest, false, utf8.RuneCountInString(rest)
	}
}

// few is how many rows of a long list are shown without --verbose.
const few = 12

func (p *page) explain(x *explained, verbose bool) {
	title := x.ID
	if x.Title != "" {
		title += ": " + x.Title
	}
	if p.color && p.err == nil {
		_, p.err = fmt.Fprintf(p.w, "\x1b[1m%s\x1b[0m\n", printable(title))
	} else {
		p.text(title, "")
	}
	why := x.WhySeverity()
	switch {
	case x.Malicious && x.State == vuln.Withdrawn:
		p.entry("kind", "malicious package, by a report that was taken back: nothing is known against those named")
	case x.Malicious: // which is a kind, whatever severity feeds give it
		p.entry("kind", "malicious package: those named below were published to do harm. Remove them, there is nothing to update to")
	case why != "":
		p.entry("severity", fmt.Sprintf("%s, for %s", x.Severity, why))
	default:
		p.entry("severity", x.Severity.String()+by(x.SeveritySource))
	}
	if x.State != "" {
		p.entry("state", fmt.Sprintf("%s%s", x.State, by(x.StateFeed)))
	}
	if len(x.Aliases) > 0 {
		p.entry("aliases", strings.Join(cut(x.Aliases, few, verbose), ", "))
	}
	if len(x.Weaknesses) > 0 {
		p.entry("weakness", strings.Join(x.Weaknesses, ", "))
	}
	p.exploitation(x)
	if x.Details != "" {
		p.head("What it is")
		details := x.Details
		if !verbose && len(details) > 900 {
			details = strings.ToValidUTF8(details[:900], "") + " ... (all of it: --verbose)"
		}
		p.text(details, "  ")
	}
	if len(x.Ratings) > 0 {
		p.head("What each feed says of its severity")
		for _, r := range x.Ratings {
			score := ""
			if r.Vector != "" {
				score = fmt.Sprintf("CVSS %-4s %4.1f  %s", r.Version, r.Score, r.Vector)
			}
			p.line("  %-10s %-32s %s", r.Severity, r.Feed+in(r.Source), score)
		}
	}
	if differ := x.Disagreements(); len(differ) > 0 {
		p.head("Where they disagree")
		for _, d := range differ {
			var said []string
			for _, r := range d.Ratings {
				s := r.Feed + in(r.Source) + " " + r.Severity.String()
				if r.Score > 0 {
					s += fmt.Sprintf(" %.1f", r.Score)
				}
				said = append(said, s)
			}
			p.text(d.Measure+": "+strings.Join(said, ", "), "  ")
		}
	}
	p.factors(x)
	if len(x.Dates) > 0 {
		p.head("Dates")
		for i, d := range x.Dates {
			if i == few*2 && !verbose {
				p.line("  ... and %d more (--verbose)", len(x.Dates)-i)
				break
			}
			subject := ""
			if d.Subject != "" {
				subject = "  " + d.Subject
			}
			kind := strings.ReplaceAll(string(d.Kind), "_", " ")
			if x.isRepository(d) {
				kind = "repository created"
			}
			p.line("  %-10s  %-18s %s%s", dayIn(d.At), kind, d.Feed, subject)
		}
	}
	if len(x.Joins) > 0 {
		p.head("Why these records are one")
		for i, j := range x.Joins {
			if i == few && !verbose {
				p.line("  ... and %d more (--verbose)", len(x.Joins)-i)
				break
			}
			p.line("  %-24s %-16s %s", j.ID, j.Feed, j.Why)
		}
	}
	p.affected(x, verbose)
	if len(x.References) > 0 {
		p.head("References")
		for i, r := range x.References {
			if i == few && !verbose {
				p.line("  ... and %d more (--verbose)", len(x.References)-i)
				break
			}
			p.line("  %-9s %s", r.Type, r.URL)
		}
	}
}

func on(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " (" + t.Format(time.DateOnly) + ")"
}

func by(source string) string {
	if source == "" {
		return ""
	}
	return " (by " + source + ")"
}

func in(source string) string {
	if source == "" {
		return ""
	}
	return " (" + source + ")"
}

// cut shortens a list, and says so.
func cut(list []string, most int, all bool) []string {
	if all || len(list) <= most {
		return list
	}
	return append(append([]string{}, list[:most]...), fmt.Sprintf("... and %d more", len(list)-most))
}

func (p *page) exploitation(x *explained) {
	if k := x.KEV; k != nil {
		line := "exploited, in CISA's catalogue"
		if !k.Added.IsZero() {
			line += " since " + k.Added.Format(time.DateOnly)
		}
		if !k.Due.IsZero() {
			line += ", due " + k.Due.Format(time.DateOnly)
		}
		if k.Ransomware {
			line += "; used by ransomware"
		}
		p.entry("KEV", line)
	} else {
		p.entry("KEV", "not listed")
	}
	if s := x.EPSS; s != nil {
		p.entry("EPSS", fmt.Sprintf("%.2f %% likely to be exploited within 30 days; higher than %.1f %% of all%s", s.Score*100, s.Percentile*100, on(s.At)))
	}
	if s := x.SSVC; s != nil {
		p.entry("SSVC", fmt.Sprintf("exploitation %s, automatable %s, technical impact %s%s", first(s.Exploitation, "not said"), first(s.Automatable, "not said"), first(s.Impact, "not said"), on(s.At)))
	}
	for i, s := range x.Sightings {
		if i == few {
			p.line("             ... and %d more", len(x.Sightings)-i)
			break
		}
		p.line("  in the wild  reported by %s%s  %s", s.Feed, on(s.At), s.URL)
	}
	if d, ok := x.FirstExploit(); ok && !d.At.IsZero() {
		what := ""
		if x.isRepository(d) {
			what = "repository "
		}
		p.line("  first exploit  %s, %s%s of %s", d.At.Format(time.DateOnly), what, d.Subject, d.Feed)
	}
	switch len(x.Exploits) {
	case 0:
		p.line("  exploit    none known to the feeds")
	default:
		for i, ex := range x.Exploits {
			if i == few {
				p.line("             ... and %d more", len(x.Exploits)-i)
				break
			}
			verified := ", proof of concept"
			if ex.Verified {
				verified = ", verified"
			}
			p.line("  exploit    %s%s%s%s  %s", ex.ID, in(ex.Feed), exploitDate(&ex), verified, first(ex.Title, ex.URL))
		}
	}
	p.entry("feeds", strings.Join(x.Feeds, ", "))
}

// isRepository says whether a date is that of an exploit which is known by its repository only.
func (e *explained) isRepository(d vuln.Date) bool {
	return d.Kind == vuln.ExploitPublished && slices.ContainsFunc(e.Exploits, func(x vuln.Exploit) bool {
		return x.Feed == d.Feed && x.ID == d.Subject && x.Type == vuln.Repository
	})
}

// exploitDate says what the date of an exploit is a date of.
func exploitDate(e *vuln.Exploit) string {
	at := e.Published.Format(time.DateOnly)
	switch {
	case !e.Disclosed.IsZero():
		return ", module for a flaw disclosed " + e.Disclosed.Format(time.DateOnly)
	case e.Published.IsZero():
		return ""
	case e.Predates:
		return ", repository created " + at + ": older than the vulnerability, not counted for the date"
	case e.Type == vuln.Repository:
		return ", repository created " + at
	}
	return ", published " + at
}

// factors writes vectors side by side, one risk factor a line; vectors that are the same for several feeds stand once.
func (p *page) factors(x *explained) {
	type column struct {
		who   []string
		entry explainedVector
	}
	var columns []*column
next:
	for _, f := range x.Factors {
		for _, c := range columns {
			if c.entry.Vector == f.Vector {
				c.who = append(c.who, f.Feed)
				continue next
			}
		}
		columns = append(columns, &column{who: []string{f.Feed}, entry: f})
	}
	for _, c := range columns {
		p.head(fmt.Sprintf("Risk factors, CVSS %s by %s", c.entry.Version, strings.Join(c.who, ", ")))
		for _, f := range c.entry.Factors {
			p.line("  %-32s %s", f.Name, f.Word)
		}
	}
}

func (p *page) affected(x *explained, verbose bool) {
	p.head(fmt.Sprintf("Affected packages: %d", len(x.Affected)))
	for i, a := range x.Affected {
		if i == few*2 && !verbose {
			p.line("  ... and %d more (--verbose)", len(x.Affected)-i)
			break
		}
		var spans []string
		for _, r := range a.Ranges {
			if x.Malicious { // where its versions end, nothing was fixed
				r = vuln.Range{Introduced: r.Introduced, LastAffected: r.LastAffected, Limit: first(r.Limit, r.Fixed)}
			}
			said := span(r)
			if x.Malicious {
				said = strings.TrimSuffix(said, ", no fix known")
			}
			spans = append(spans, said)
		}
		if n := len(a.Versions); n > 0 {
			spans = append(spans, counted(n, "version")+" by name")
		}
		what := strings.Join(cut(spans, 4, verbose), "; ")
		switch a.Status {
		case vuln.StatusNotAffected:
			what = "not affected"
		case vuln.StatusWontFix:
			what = first(what, "every version") + "; will not be fixed"
		default:
			what = first(what, "every version")
		}
		p.line("  %-14s %-34s %s  [%s]", a.Namespace, a.Name, what, a.Advisory)
	}
}

// span writes a range as people read it.
func span(r vuln.Range) string {
	from := ""
	if r.Introduced != "" && r.Introduced != "0" {
		from = "from " + r.Introduced + " "
	}
	switch {
	case r.Fixed != "":
		return from + "before " + r.Fixed + " (fixed)"
	case r.LastAffected != "":
		return from + "up to " + r.LastAffected
	case r.Limit != "":
		return from + "before " + r.Limit
	case from != "":
		return from + "on, no fix known"
	}
	return "every version, no fix known"
}
