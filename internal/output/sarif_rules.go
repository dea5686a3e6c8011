package output

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// sarifRules makes one rule for each vulnerability, ordered by id, and says where each stands. A rule speaks of the
// worst severity that the vulnerability has in any package; of one that counts nowhere, that is the severity it would have.
func sarifRules(findings []*finding.Finding, asides []finding.Suppressed) (rules []sarifRule, index map[string]int) {
	worst := map[string]*finding.Finding{}
	for _, f := range findings {
		if w := worst[f.Vulnerability.ID]; w == nil || f.Severity > w.Severity {
			worst[f.Vulnerability.ID] = f
		}
	}
	aside := map[string]bool{}
	for i := range asides {
		x := &asides[i]
		w := worst[x.Vulnerability]
		if w == nil || aside[x.Vulnerability] && x.Severity > w.Severity {
			aside[x.Vulnerability] = true
			worst[x.Vulnerability] = &finding.Finding{Vulnerability: &vuln.Vulnerability{ID: x.Vulnerability}, Package: x.Package, Severity: x.Severity}
		}
	}
	ids := make([]string, 0, len(worst))
	for id := range worst {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	rules = make([]sarifRule, 0, len(ids))
	index = make(map[string]int, len(ids))
	for i, id := range ids {
		index[id] = i
		rules = append(rules, sarifRuleOf(worst[id]))
	}
	return rules, index
}

// sarifTitle is what the finding's vulnerability is called: by its title, else by the first sentence of its description. Where the record has
// neither, the package that it is about says more than its id once more.
func sarifTitle(f *finding.Finding) string {
	v := f.Vulnerability
	if title := plain(v.Title); title != "" {
		return title
	}
	if s := plain(firstSentence(v.Details)); s != "" {
		return s
	}
	if f.Package.Name == "" {
		return v.ID
	}
	return v.ID + " in " + plain(f.Package.Name)
}

// firstSentence gives the text as far as the first full stop with a blank behind it.
func firstSentence(s string) string {
	s = strings.Join(strings.Fields(s[:min(len(s), 2000)]), " ")
	if i := strings.Index(s, ". "); i >= 0 {
		s = s[:i+1]
	}
	return s
}

func sarifRuleOf(f *finding.Finding) sarifRule {
	v, severity := f.Vulnerability, f.Severity
	title := sarifTitle(f)
	short := title
	if !strings.HasPrefix(title, v.ID) {
		short = v.ID + ": " + title
	}
	title = shorten(title, 300)
	r := sarifRule{
		ID:            v.ID,
		Short:         sarifMessage{Text: sarifPlain(shorten(short, 300+len(v.ID)))},
		Full:          sarifMessage{Text: sarifPlain(title)},
		HelpURI:       helpURI(v.ID),
		Help:          sarifHelp(v, severity, sarifTitle(f)),
		Configuration: sarifLevel{sarifLevelOf(severity)},
		Properties:    sarifRuleExtra{SecuritySeverity: securitySeverity(v, severity), Precision: "very-high"},
	}
	tags := []string{"security", "vulnerability", severity.String()}
	if v.KEV != nil {
		tags = append(tags, "known-exploited")
	}
	if len(v.Exploits) > 0 {
		tags = append(tags, "exploit-public")
	}
	for _, w := range v.Weaknesses {
		if len(tags) == 10 { // more are not shown
			break
		}
		tags = append(tags, "external/cwe/"+strings.ToLower(plain(w)))
	}
	r.Properties.Tags = tags
	return r
}

// securitySeverity is the CVSS score that counts: of the newest version of CVSS, the highest. Where no feed gave a
// vector, or where the distribution's severity that counts here is another than the score's, it is the middle of the
// severity's band, so that GitHub shows the severity that all our outputs show.
func securitySeverity(v *vuln.Vulnerability, severity vuln.Severity) string {
	best := -1.0
	version := ""
	for _, r := range v.Ratings {
		if r.Vector == "" || r.Score <= 0 || vuln.OfScore(r.Version, r.Score) != severity {
			continue
		}
		if strings.HasPrefix(r.Version, "2") && (r.Score >= 9 || vuln.OfScore("3.1", r.Score) != severity) {
			continue // another band in the scale that is applied
		}
		if r.Version > version || r.Version == version && r.Score > best {
			best, version = r.Score, r.Version
		}
	}
	if best > 0 {
		return fmt.Sprintf("%.1f", best)
	}
	switch severity {
	case vuln.Critical:
		return "9.5"
	case vuln.High:
		return "8.0"
	case vuln.Medium:
		return "5.5"
	case vuln.Low:
		return "2.0"
	case vuln.Negligible:
		return "0.1"
	}
	return ""
}

// helpURI is where a person reads about the vulnerability.
func helpURI(id string) string {
	escaped := url.PathEscape(id)
	switch {
	case strings.HasPrefix(id, "CVE-"):
		return "https://www.cve.org/CVERecord?id=" + url.QueryEscape(id)
	case strings.HasPrefix(id, "GHSA-"):
		return "https://github.com/advisories/" + escaped
	}
	return "https://osv.dev/vulnerability/" + escaped
}

// sarifHelp tells what is known of the vulnerability, as text and as Markdown.
func sarifHelp(v *vuln.Vulnerability, severity vuln.Severity, title string) sarifMessage {
	type row struct{ name, value string }
	rows := []row{{"Severity", severity.String()}}
	for _, r := range v.Ratings {
		value := r.Severity.String()
		if r.Vector != "" {
			value = fmt.Sprintf("%s, CVSS %s %.1f, %s", value, r.Version, r.Score, r.Vector)
		}
		rows = append(rows, row{"By " + strings.TrimSuffix(r.Feed+" "+r.Source, " "), value})
	}
	if v.KEV != nil {
		rows = append(rows, row{"Exploited", "in the catalogue of CISA since " + v.KEV.Added.UTC().Format("2006-01-02")})
	}
	for _, x := range v.Exploits {
		rows = append(rows, row{"Exploit", cmp.Or(x.ID, x.URL)})
	}
	if v.EPSS != nil {
		rows = append(rows, row{"EPSS", percent(v.EPSS.Score) + " chance of being exploited in 30 days"})
	}
	if len(v.Aliases) > 0 {
		rows = append(rows, row{"Also known as", strings.Join(v.Aliases, ", ")})
	}
	if len(v.Weaknesses) > 0 {
		rows = append(rows, row{"Weaknesses", strings.Join(v.Weaknesses, ", ")})
	}
	const most = 40 // rows; more say nothing new
	var text, mark strings.Builder
	title = shorten(title, sarifText)
	fmt.Fprintf(&text, "%s\n", title)
	fmt.Fprintf(&mark, "%s\n\n| | |\n|---|---|\n", markdown(title))
	for _, r := range rows[:min(len(rows), most)] {
		name, value := plain(r.name), shorten(plain(r.value), 500)
		fmt.Fprintf(&text, "%s: %s\n", name, value)
		fmt.Fprintf(&mark, "| %s | %s |\n", markdown(name), markdown(value))
	}
	if more := len(rows) - most; more > 0 {
		fmt.Fprintf(&text, "and %d more\n", more)
		fmt.Fprintf(&mark, "\nand %d more\n", more)
	}
	return sarifMessage{Text: text.String(), Markdown: mark.String()}
}

// markdown spells text so that Markdown and HTML have nothing to do with it.
func markdown(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch c {
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		case '\\', '`', '*', '_', '{', '}', '[', ']', '(', ')', '#', '+', '!', '|', '~', '@':
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
