package suse

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/feed/csaf"
	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// decoder reads documents. It keeps what products mean from one to the next.
type decoder struct {
	feed     string
	vex      bool
	products map[string][]string // name and CPE -> namespaces
}

var errNotOne = errors.New("is not a VEX file of one CVE")

// maxProducts bounds what is kept of products; SUSE has some hundred.
const maxProducts = 1 << 14

// Decode reads one document.
func (d *decoder) Decode(_ string, text []byte) ([]*vuln.Advisory, error) {
	doc, err := csaf.Decode(text, d.keep)
	if err != nil {
		return nil, err
	}
	if err := doc.Check(); err != nil {
		return nil, err
	}
	if d.vex {
		if len(doc.Vulnerabilities) != 1 || !validCVE(doc.Vulnerabilities[0].CVE) {
			return nil, errNotOne
		}
		return d.file(doc), nil
	}
	if !strings.Contains(doc.ID, "-SU-") {
		return nil, errors.New("is not a security notice")
	}
	return d.notice(doc), nil
}

// keep keeps the products that have a namespace, and packages.
func (d *decoder) keep(p *csaf.Product) bool {
	if p.Category == "product_name" {
		return len(d.namespaces(p.Name, p.CPE)) > 0
	}
	return p.Category == "product_version"
}

func (d *decoder) namespaces(name, cpe string) []string {
	key := name + "\x00" + cpe
	ns, ok := d.products[key]
	if !ok {
		ns = namespaces(name, cpe)
		if d.products == nil || len(d.products) >= maxProducts {
			d.products = map[string][]string{}
		}
		d.products[key] = ns
	}
	return ns
}

// notice makes a notice, and what it says of each CVE by itself.
func (d *decoder) notice(doc *csaf.Document) []*vuln.Advisory {
	a := &vuln.Advisory{
		Feed: d.feed, ID: doc.ID, Published: doc.Published, Modified: doc.Modified,
		Title: strings.Join(strings.Fields(doc.Title), " "), Details: doc.Note("description"),
	}
	if s, ok := vuln.ParseSeverity(doc.Severity); ok && s != vuln.Unknown {
		a.Ratings = append(a.Ratings, vuln.Rating{Feed: d.feed, Severity: s})
	}
	for _, r := range doc.References {
		if r.Category == "self" && strings.HasPrefix(r.URL, "https://www.suse.com/support/update/announcement/") {
			a.References = append(a.References, vuln.Reference{Type: "advisory", URL: r.URL})
		}
	}
	out := []*vuln.Advisory{a}
	fixes := map[place]*fixed{}
	var last []byte
	for i := range doc.Vulnerabilities {
		v := &doc.Vulnerabilities[i]
		if !validCVE(v.CVE) || slices.Contains(a.Covers, v.CVE) {
			continue
		}
		a.Covers = append(a.Covers, v.CVE)
		out = append(out, d.rated(v))
		if last != nil && bytes.Equal(last, v.Status) {
			continue // all CVEs of a notice have the same lists
		}
		last = v.Status
		for status, ids := range v.Statuses() {
			if isFix(status) {
				d.fixes(doc, ids, fixes)
			}
		}
	}
	a.Affected = d.settle(doc, fixes, nil)
	if len(a.Covers) == 0 {
		return nil // some notices name none
	}
	return out
}

// rated is what a notice says of one CVE by itself. The notice says which packages.
func (d *decoder) rated(v *csaf.Vulnerability) *vuln.Advisory {
	a := &vuln.Advisory{
		Feed: d.feed, ID: v.CVE,
		References: []vuln.Reference{{Type: "advisory", URL: "https://www.suse.com/security/cve/" + v.CVE + "/"}},
	}
	for i := range v.Threats {
		if t := &v.Threats[i]; t.Category == "impact" && len(a.Ratings) == 0 {
			if s, ok := vuln.ParseSeverity(t.Details); ok && s != vuln.Unknown { // else "not set"
				a.Ratings = append(a.Ratings, vuln.Rating{Feed: d.feed, Severity: s})
			}
		}
	}
	var versions []string
	for i := range v.Scores {
		if sc := &v.Scores[i]; !slices.Contains(versions, sc.Version) {
			versions = append(versions, sc.Version)
			a.Ratings = append(a.Ratings, sc.Rating(d.feed))
		}
	}
	return a
}

// file makes the advisory of a VEX file.
func (d *decoder) file(doc *csaf.Document) []*vuln.Advisory {
	v := &doc.Vulnerabilities[0]
	a := d.rated(v)
	a.Modified, a.Published = doc.Modified, v.Disclosed
	if strings.Contains(v.Note("general"), "DO NOT USE THIS CANDIDATE NUMBER") {
		return nil
	}
	a.Details = v.Note("general")
	fixes, open := map[place]*fixed{}, map[place]vuln.Status{}
	for status, ids := range v.Statuses() {
		switch {
		case isFix(status):
			d.fixes(doc, ids, fixes)
		case status == "known_affected":
			d.each(doc, ids, func(at place, _ nevra.NEVRA, versioned bool) {
				if !versioned {
					open[at] = vuln.StatusAffected
				}
			})
		}
	}
	for i := range v.Remediations {
		if r := &v.Remediations[i]; r.Category == "no_fix_planned" {
			d.each(doc, r.Products, func(at place, _ nevra.NEVRA, _ bool) {
				if _, ok := open[at]; ok {
					open[at] = vuln.StatusWontFix
				}
			})
		}
	}
	a.Affected = d.settle(doc, fixes, open)
	return []*vuln.Advisory{a}
}

// isFix names the lists of versions that hold the fix.
func isFix(status string) bool {
	return status == "recommended" || status == "fixed" || status == "first_fixed"
}

// validCVE says whether the id is of a CVE.
func validCVE(id string) bool {
	rest, ok := strings.CutPrefix(id, "CVE-")
	year, number, found := strings.Cut(rest, "-")
	return ok && found && len(year) == 4 && len(number) >= 4 && len(number) < 12 && strings.Trim(year+number, "0123456789") == ""
}
