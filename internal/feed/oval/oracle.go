package oval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/cvss"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Oracle gives the feed of Oracle Linux: the notices (ELSA) of all releases, about binary packages.
func Oracle() feed.Feed { return oracle{} }

type oracle struct{}

func (oracle) Name() string { return "oracle" }

func (oracle) About() feed.About {
	return feed.About{Publisher: "Oracle", License: "no licence stated", URL: "https://linux.oracle.com/security/"}
}

func (oracle) Resources() []feed.Resource {
	return []feed.Resource{{URL: "https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2", Path: "oracle/com.oracle.elsa-all.xml.bz2"}}
}

func (f oracle) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	path := f.Resources()[0].Path
	file, err := raw.Open(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	defer file.Close()
	r, err := tarball.Unpack(file)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	defer r.Close()
	read, skipped := 0, 0
	err = walk(r, handler{definition: func(d *definition) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, err := f.advisory(d)
		if err != nil {
			skipped++
			skip(feed.Skipped{Path: path, Record: fmt.Sprintf("%.100s", d.id), Reason: err.Error()})
			return nil //nolint:nilerr // the definition was told to skip
		}
		read++
		if a == nil {
			return nil
		}
		return emit(a)
	}})
	if err == nil && skipped > 0 && read == 0 {
		err = fmt.Errorf("%w: none of %d definitions could be understood", artifact.ErrCorrupt, skipped)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// advisory is nil without an error for a notice that names no CVE.
func (f oracle) advisory(d *definition) (*vuln.Advisory, error) {
	a := &vuln.Advisory{Feed: f.Name(), Details: d.description}
	for _, r := range d.refs {
		if strings.EqualFold(r.source, "elsa") && strings.HasPrefix(r.id, "ELSA-") {
			a.ID = r.id
			if strings.HasPrefix(r.url, "https://") || strings.HasPrefix(r.url, "http://") {
				a.References = append(a.References, vuln.Reference{Type: "advisory", URL: r.url})
			}
		} else if strings.EqualFold(r.source, "cve") {
			cover(a, r.id)
		}
	}
	for _, c := range d.cves {
		cover(a, c.id)
	}
	if !validELSA(a.ID) {
		return nil, errors.New("has no id of a notice")
	}
	if len(a.Covers) == 0 {
		return nil, nil
	}
	a.Title = strings.Join(strings.Fields(strings.TrimPrefix(strings.TrimSpace(d.title), a.ID+":")), " ")
	a.Published = day(d.issued)
	if s, ok := vuln.ParseSeverity(d.severity); ok && s != vuln.Unknown {
		a.Ratings = append(a.Ratings, vuln.Rating{Feed: f.Name(), Severity: s})
	}
	if len(d.cves) == 1 { // the vectors are the CVEs', and a notice has one rating
		_, vector, _ := strings.Cut(d.cves[0].cvss3, "/")
		if v, err := cvss.Parse(vector); err == nil && len(vector) < 512 {
			a.Ratings = append(a.Ratings, vuln.Rating{
				Feed: f.Name(), Version: v.Version(), Vector: vector, Score: v.Score(), Severity: vuln.OfScore(v.Version(), v.Score()),
			})
		}
	}
	if d.criteria != nil {
		collect(a, d.criteria, scope{releases: platforms(d.platforms)})
	}
	slices.SortFunc(a.Affected, func(a, b vuln.Affected) int {
		return cmp.Or(cmp.Compare(len(a.Namespace), len(b.Namespace)), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Package, b.Package),
			strings.Compare(a.Module, b.Module), strings.Compare(a.Ranges[0].Fixed, b.Ranges[0].Fixed))
	})
	a.Affected = slices.CompactFunc(a.Affected, func(a, b vuln.Affected) bool {
		return a.Namespace == b.Namespace && a.Package == b.Package && a.Module == b.Module && a.Ranges[0] == b.Ranges[0]
	})
	return a, nil
}

func cover(a *vuln.Advisory, id string) {
	if id = strings.TrimSpace(id); validCVE(id) && !slices.Contains(a.Covers, id) {
		a.Covers = append(a.Covers, id)
	}
}

func validELSA(id string) bool {
	rest, ok := strings.CutPrefix(id, "ELSA-")
	return ok && rest != "" && len(rest) < 30 && strings.Trim(rest, "0123456789-") == ""
}

// scope is what holds around a criterion.
type scope struct {
	releases []string
	module   string
}

// collect reads what criteria say in words: "Oracle Linux 8 is installed", "Module nodejs:18 is enabled", "nodejs is earlier than 1:18.20.2-1.module+el8".
func collect(a *vuln.Advisory, c *criteria, in scope) {
	var releases []string
	for _, t := range c.tests {
		if r, ok := between(t.comment, "Oracle Linux ", " is installed"); ok && isRelease(r) {
			releases = append(releases, r)
		}
		if m, ok := between(t.comment, "Module ", " is enabled"); ok && !c.any {
			name, stream, found := strings.Cut(m, ":")
			if !found || !nevra.Name(name) || !nevra.Name(stream) {
				return // a module that cannot be told apart
			}
			in.module = m
		}
	}
	if len(releases) > 0 {
		in.releases = releases
	}
	for _, t := range c.tests {
		name, v, ok := strings.Cut(t.comment, " is earlier than ")
		if !ok || !c.any && special(c.tests, name) {
			continue
		}
		n, ok := nevra.Parse("x-" + strings.TrimSpace(v))
		if !ok || !nevra.Name(name) {
			continue
		}
		from := "0"
		if strings.HasPrefix(name, "kernel-uek") {
			// A release has several lines of this kernel, each of which keeps its version.
			from = n.Version
		}
		for _, r := range in.releases {
			a.Affected = append(a.Affected, vuln.Affected{
				Namespace: string(purl.Oracle) + ":" + r, Package: name, Binary: true, Module: in.module, FixedAt: a.Published,
				Ranges: []vuln.Range{{Introduced: from, Fixed: n.EVR()}},
			})
		}
	}
	for _, child := range c.children {
		collect(a, child, in)
	}
}

// special says whether the package is one built for Ksplice or FIPS.
func special(tests []criterion, name string) bool {
	for _, t := range tests {
		if t.comment == name+" is ksplice-based" || t.comment == name+" is fips patched" {
			return true
		}
	}
	return false
}

func between(s, before, after string) (string, bool) {
	s, ok := strings.CutPrefix(s, before)
	s, ok2 := strings.CutSuffix(s, after)
	return s, ok && ok2
}

func platforms(list []string) []string {
	var out []string
	for _, p := range list {
		if r, ok := strings.CutPrefix(p, "Oracle Linux "); ok && isRelease(r) {
			out = append(out, r)
		}
	}
	return out
}

func isRelease(s string) bool { return s != "" && len(s) < 3 && strings.Trim(s, "0123456789") == "" }

func day(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02"} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil && t.Year() > 1 {
			return t.UTC()
		}
	}
	return time.Time{}
}
