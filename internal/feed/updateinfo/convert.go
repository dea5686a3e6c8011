package updateinfo

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// converter makes advisories of notices.
type converter struct {
	feed  string
	at    Repository
	core  map[string]bool   // packages of repositories that are not extras, with their namespace
	names map[string]string // strings that come again and again
}

const maxNames = 1 << 16

func (c *converter) intern(s string) string {
	if have, ok := c.names[s]; ok {
		return have
	}
	if len(c.names) < maxNames {
		c.names[s] = s
	}
	return s
}

var errNoID = errors.New("has no id")

// advisory is nil without an error for a notice that is not about vulnerabilities.
func (c *converter) advisory(u *update) (*vuln.Advisory, error) {
	id := strings.TrimSpace(u.id)
	if !validID(id) {
		return nil, errNoID
	}
	if u.kind != "" && u.kind != "security" {
		return nil, nil
	}
	a := &vuln.Advisory{
		Feed: c.feed, ID: id, Published: stamp(u.issued), Modified: stamp(u.updated),
		Title: strings.Join(strings.Fields(u.title), " "), Details: strings.TrimSpace(u.description),
	}
	for _, r := range u.references {
		c.reference(a, r)
	}
	if len(a.Covers) == 0 {
		return nil, nil
	}
	if s, ok := vuln.ParseSeverity(u.severity); ok && s != vuln.Unknown {
		a.Ratings = append(a.Ratings, vuln.Rating{Feed: c.feed, Severity: s})
	}
	if strings.HasPrefix(id, "ALAS") {
		a.References = append(a.References, vuln.Reference{Type: "advisory", URL: alas(id)})
	}
	return a, c.packages(a, u)
}

// reference takes the CVEs that a notice covers: references of the type "cve", or the titles of bugs ("CVE-2024-1 foo: ...").
func (c *converter) reference(a *vuln.Advisory, r reference) {
	add := func(id string) {
		if !slices.Contains(a.Covers, id) {
			a.Covers = append(a.Covers, id)
		}
	}
	if r.kind == "cve" && validCVE(strings.TrimSpace(r.id)) {
		add(strings.TrimSpace(r.id))
		return // their pages are those of every CVE
	}
	if r.kind == "bugzilla" {
		for word := range strings.FieldsSeq(r.title) {
			if word = strings.Trim(word, ",:;()[]"); validCVE(word) {
				add(word)
			}
		}
	}
	if strings.HasPrefix(r.href, "https://") || strings.HasPrefix(r.href, "http://") {
		kind := "web"
		switch r.kind {
		case "self":
			kind = "advisory"
		case "bugzilla":
			kind = "report"
		}
		a.References = append(a.References, vuln.Reference{Type: kind, URL: r.href})
	}
}

// packages takes the fixed versions, the same ones of several architectures once.
func (c *converter) packages(a *vuln.Advisory, u *update) error {
	bad := 0
	for _, p := range u.packages {
		n := nevra.NEVRA{Name: p.name, Epoch: p.epoch, Version: p.version, Release: p.release}
		if p.arch == "src" || debug(p.name) {
			continue
		}
		if !n.Valid() {
			bad++
			continue
		}
		af := vuln.Affected{
			Namespace: c.at.Namespace, Package: c.intern(p.name), Binary: true, FixedAt: a.Published,
			Ranges: []vuln.Range{{Introduced: c.introduced(p.collection, n), Fixed: c.intern(n.EVR())}},
		}
		if p.module != "" {
			if name, stream, ok := strings.Cut(p.module, ":"); !ok || !nevra.Name(name) || !nevra.Name(stream) {
				bad++
				continue
			}
			af.Module = c.intern(p.module)
		}
		a.Affected = append(a.Affected, af)
	}
	if bad > 0 && len(a.Affected) == 0 {
		return errors.New("names no package with a version")
	}
	slices.SortFunc(a.Affected, func(a, b vuln.Affected) int {
		return cmp.Or(strings.Compare(a.Package, b.Package), strings.Compare(a.Module, b.Module),
			strings.Compare(a.Ranges[0].Introduced, b.Ranges[0].Introduced), strings.Compare(a.Ranges[0].Fixed, b.Ranges[0].Fixed))
	})
	a.Affected = slices.CompactFunc(a.Affected, func(a, b vuln.Affected) bool {
		return a.Package == b.Package && a.Module == b.Module && a.Ranges[0] == b.Ranges[0]
	})
	return nil
}

// debug says whether a package holds nothing that runs.
func debug(name string) bool {
	return strings.HasSuffix(name, "-debuginfo") || strings.HasSuffix(name, "-debugsource") || strings.Contains(name, "-debuginfo-common")
}

// introduced is where the versions begin that a notice is about. The extras of Amazon Linux 2 are beside packages of the same name in its core: a
// notice for "amazon-linux-2---kernel-5.10" says nothing of the core's kernel 4.14. Where the topic has no version, but the core has the package,
// the notice is taken to be about the fixed version's earlier builds alone.
func (c *converter) introduced(collection string, n nevra.NEVRA) string {
	key := c.at.Namespace + "\x00" + n.Name
	_, topic, ok := strings.Cut(collection, "---")
	if !ok {
		if len(c.core) < maxNames {
			c.core[key] = true
		}
		return "0"
	}
	from := topic[len(strings.TrimRight(topic, "0123456789.")):]
	if from == "" || from[0] == '.' || n.Version != from && !strings.HasPrefix(n.Version, from+".") {
		if !c.core[key] {
			return "0"
		}
		from = n.Version
	}
	if n.Epoch == "" || n.Epoch == "0" {
		return from
	}
	return n.Epoch + ":" + from
}

// alas is the page of an Amazon Linux notice: ALAS2KERNEL-5.10-2022-001 is at AL2/ALASKERNEL-5.10-2022-001.html.
func alas(id string) string {
	for _, folder := range []string{"AL2023", "AL2022", "AL2"} {
		if rest, ok := strings.CutPrefix(id, "ALAS"+folder[2:]); ok {
			return "https://alas.aws.amazon.com/" + folder + "/ALAS" + rest + ".html"
		}
	}
	return "https://alas.aws.amazon.com/" + id + ".html"
}

// stamp reads the dates of updateinfo, which come with and without seconds, or as seconds since 1970.
func stamp(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", time.RFC3339, "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1 {
			return t.UTC()
		}
	}
	if len(s) == 10 && strings.Trim(s, "0123456789") == "" {
		n := int64(0)
		for _, c := range s {
			n = n*10 + int64(c-'0')
		}
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

func validID(id string) bool {
	if len(id) < 3 || len(id) > 128 || !strings.ContainsAny(id, "-:") {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-:._+", c) >= 0:
		default:
			return false
		}
	}
	return true
}

func validCVE(id string) bool {
	rest, ok := strings.CutPrefix(id, "CVE-")
	year, number, found := strings.Cut(rest, "-")
	return ok && found && len(year) == 4 && len(number) >= 4 && len(number) < 12 && strings.Trim(year+number, "0123456789") == ""
}
