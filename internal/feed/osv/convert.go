package osv

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// decoder turns records into advisories. It keeps buffers and common strings from one record to the next.
type decoder struct {
	feed  string
	buf   []byte
	rec   record
	names map[string]string // strings that come again and again: namespaces, packages
	last  struct{ ecosystem, namespace string }
	mods  []string // that the title of the record names
}

func newDecoder(feed string) *decoder {
	return &decoder{feed: feed, names: map[string]string{}}
}

// intern gives one copy of strings that many records share.
func (d *decoder) intern(s string) string {
	if have, ok := d.names[s]; ok {
		return have
	}
	if len(d.names) >= 1<<16 || len(s) > 128 {
		return s
	}
	d.names[s] = s
	return s
}

// advisory reads one record. It is nil without an error for a notice that names no vulnerability.
func (d *decoder) advisory(b []byte) (*vuln.Advisory, error) {
	r := &d.rec
	if err := decode(b, r); err != nil {
		return nil, err
	}
	if !validID(r.ID) {
		return nil, errors.New("has no id")
	}
	a := &vuln.Advisory{
		Feed: d.feed, ID: r.ID,
		Withdrawn: withdrawn(r), Published: r.Published.Time, Modified: r.Modified.Time,
		Title: oneLine(r.Summary), Details: r.Details,
	}
	d.identify(a, r)
	if len(a.Covers) == 0 && len(a.Aliases) == 0 && maintenance(r.ID) {
		return nil, nil
	}
	a.State = state(r)
	d.mods = nil
	if notice(r.ID) {
		d.mods = modules(r.Summary)
	}
	a.Ratings = d.ratings(r)
	for _, w := range r.Specific.CWEs {
		a.Weaknesses = appendCWE(a.Weaknesses, w)
	}
	for i := range r.References {
		if u := strings.TrimSpace(r.References[i].URL); u != "" {
			a.References = append(a.References, vuln.Reference{Type: d.intern(strings.ToLower(r.References[i].Type)), URL: u})
		}
	}
	for i := range r.Affected {
		for _, w := range r.Affected[i].Database.CWEs { // PyPI's own records have them here
			a.Weaknesses = appendCWE(a.Weaknesses, w)
		}
		if err := d.affected(a, &r.Affected[i]); err != nil {
			return nil, err
		}
	}
	for i := range a.Affected {
		eco, _ := purl.Split(a.Affected[i].Namespace)
		a.Affected[i].Ranges = rebuilt(eco, a.Affected[i].Ranges)
	}
	esm(a)
	a.Malicious = malicious(r, a)
	return a, nil
}

// identify says which other names the record goes by, and which vulnerabilities it is about.
func (d *decoder) identify(a *vuln.Advisory, r *record) {
	seen := map[string]bool{a.ID: true}
	add := func(to *[]string, ids []string) {
		for _, id := range ids {
			id = strings.TrimSpace(id)
			if cve, ok := spelling(id); ok {
				id = cve
			}
			if validID(id) && !seen[id] {
				seen[id] = true
				*to = append(*to, id)
			}
		}
	}
	cve, ofOne := spelling(a.ID)
	if ofOne {
		add(&a.Aliases, []string{cve})
	}
	add(&a.Aliases, r.Aliases)
	add(&a.Covers, r.Upstream)
	if notice(a.ID) {
		add(&a.Covers, r.Related)
	}
}

// spelling undoes a distribution's own spelling of a CVE: UBUNTU-CVE-2024-1 is CVE-2024-1.
func spelling(id string) (cve string, ok bool) {
	for _, p := range []string{"DEBIAN-", "UBUNTU-", "ALPINE-"} {
		if rest, is := strings.CutPrefix(id, p); is && strings.HasPrefix(rest, "CVE-") {
			return rest, true
		}
	}
	return "", false
}

// notice says whether the id is of a distribution's notice: one update, which mends some vulnerabilities that it names as "related". Elsewhere
// "related" may be anything that is alike.
func notice(id string) bool {
	prefix, _, _ := strings.Cut(id, "-")
	switch prefix {
	case "DSA", "DLA", "DTSA", "ELA", "USN", "LSN",
		"RHSA", "RHBA", "RHEA", "ALSA", "ALBA", "ALEA", "RLSA", "RLBA", "RLEA", "RXSA", "ELSA", "ALAS", "ALAS2", "ALAS2023",
		"SUSE", "openSUSE", "MGASA", "GLSA", "ASA", "OESA":
		return true
	}
	return false
}

// maintenance says whether the id is of a bug-fix or enhancement update in the family of Red Hat.
func maintenance(id string) bool {
	if len(id) < 5 || id[4] != '-' {
		return false
	}
	switch id[:4] {
	case "RHBA", "RHEA", "ALBA", "ALEA", "RLBA", "RLEA":
		return true
	}
	return false
}

// validID drops what cannot be the id of a vulnerability: records hold slips such as "esm)", "2860245" and "VDB-213 ".
func validID(id string) bool {
	if len(id) < 3 || len(id) > 128 || !strings.ContainsAny(id, "-:") {
		return false
	}
	if c := id[0] | 0x20; c < 'a' || c > 'z' {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-:._+/", c) >= 0:
		default:
			return false
		}
	}
	return true
}

func (d *decoder) affected(a *vuln.Advisory, from *affected) error {
	if from.Package.Name == "" || from.Package.Ecosystem == "" {
		return nil // ranges of commits alone
	}
	if from.Package.Ecosystem != d.last.ecosystem {
		d.last.ecosystem = from.Package.Ecosystem
		d.last.namespace = d.intern(purl.Namespace(from.Package.Ecosystem))
	}
	eco, _ := purl.Split(d.last.namespace)
	to := vuln.Affected{
		Namespace: d.last.namespace,
		Package:   d.intern(purl.NormalizeName(eco, from.Package.Name)),
		Severity:  packageSeverity(from),
		Binary:    eco == purl.AlmaLinux || eco == purl.RedHat,
	}
	if eco == purl.Go {
		to.Imports = d.imports(from.Ecosystem.Imports)
	}
	var err error
	if to.Ranges, err = intervals(eco, from.Ranges); err != nil {
		return err
	}
	if eco == purl.Go && len(from.Versions) == 0 {
		to.Ranges = custom(from.Package.Name, to.Ranges, from.Ecosystem.Custom)
	}
	if to.Versions, err = unheld(eco, from.Versions, to.Ranges); err != nil {
		return err
	}
	if len(to.Ranges) == 0 && len(to.Versions) == 0 {
		if !eco.OS() || !fixedAtZero(from.Ranges) {
			return nil // by the schema's evaluation, no version is affected
		}
		to.Status = vuln.StatusNotAffected
	}
	// Debian gives it up: no fix will come to the release.
	if from.Ecosystem.Urgency == "end-of-life" && !slices.ContainsFunc(to.Ranges, func(r vuln.Range) bool { return r.Fixed != "" }) {
		to.Status = vuln.StatusWontFix
	}
	if !eco.OS() || !ofModule(&to) {
		add(a, to)
		return nil
	}
	if len(d.mods) == 0 {
		to.Module = vuln.AnyModule
		add(a, to)
	}
	for _, m := range d.mods {
		of := to
		of.Module, of.Ranges, of.Versions = d.intern(m), slices.Clone(to.Ranges), slices.Clone(to.Versions)
		add(a, of)
	}
	return nil
}

// add adds to what the record says. Records say the same package again for each of its ranges; as one entry they mean the same.
func add(a *vuln.Advisory, to vuln.Affected) {
	for back := range min(len(a.Affected), maxModules) { // a package of two modules is there in turns
		last := &a.Affected[len(a.Affected)-1-back]
		if last.Namespace != to.Namespace || last.Package != to.Package {
			break
		}
		if last.Module != to.Module || last.Status != to.Status || last.Severity != to.Severity || to.Status == vuln.StatusNotAffected ||
			!sameImports(last.Imports, to.Imports) {
			continue
		}
		for _, r := range to.Ranges {
			if !slices.Contains(last.Ranges[max(0, len(last.Ranges)-64):], r) {
				last.Ranges = append(last.Ranges, r)
			}
		}
		last.Versions = append(last.Versions, to.Versions...)
		return
	}
	a.Affected = append(a.Affected, to)
}

func sameImports(a, b []vuln.Import) bool {
	return slices.EqualFunc(a, b, func(a, b vuln.Import) bool {
		return a.Path == b.Path && slices.Equal(a.Symbols, b.Symbols) && slices.Equal(a.GOOS, b.GOOS) && slices.Equal(a.GOARCH, b.GOARCH)
	})
}

// imports takes over the list as it is. To leave one out would call safe what is not.
func (d *decoder) imports(list imports) []vuln.Import {
	var out []vuln.Import
	for _, i := range list {
		out = append(out, vuln.Import{Path: i.Path, Symbols: i.Symbols, GOOS: i.GOOS, GOARCH: i.GOARCH})
	}
	return out
}

// fixedAtZero says whether the only range is "fixed in 0", which is how exports carry a distribution's word that its package was never affected.
func fixedAtZero(list []ranges) bool {
	return len(list) == 1 && list[0].Type != "GIT" && slices.Equal(list[0].Events, []event{{Introduced: "0"}, {Fixed: "0"}})
}

// oneLine makes a title of a summary.
func oneLine(s string) string {
	if strings.ContainsAny(s, "\r\n\t") {
		s = strings.Join(strings.Fields(s), " ")
	}
	s = strings.TrimSpace(s)
	const most = 400
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return s
}

func appendCWE(to []string, id string) []string {
	id = strings.TrimSpace(id)
	if !strings.HasPrefix(id, "CWE-") || len(id) > 16 || slices.Contains(to, id) {
		return to
	}
	return append(to, id)
}

// withdrawn is when a record was withdrawn. GitHub says so in the title too, and copies of its database that lack the date exist: the date of the
// last change then stands for it.
func withdrawn(r *record) time.Time {
	if !r.Withdrawn.IsZero() || !strings.HasPrefix(r.ID, "GHSA-") {
		return r.Withdrawn.Time
	}
	title := strings.ToLower(r.Summary)
	if !strings.HasPrefix(title, "withdrawn") && !strings.HasPrefix(title, "duplicate advisory") {
		return time.Time{}
	}
	if r.Modified.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return r.Modified.Time
}
