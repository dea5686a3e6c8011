package redhat

import (
	"errors"
	"net/url"
	"strings"

	"github.com/sightline-sec/sightline/internal/feed/csaf"
	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// vexDecoder reads VEX files (https://redhatproductsecurity.github.io/security-data-guidelines/csaf-vex/): one CVE each.
type vexDecoder struct{ feed string }

var errNoVEX = errors.New("is not a VEX file of one CVE")

// Decode reads one file.
func (d vexDecoder) Decode(_ string, text []byte) ([]*vuln.Advisory, error) {
	doc, err := csaf.Decode(text, keep)
	if err != nil {
		return nil, err
	}
	if len(doc.Vulnerabilities) != 1 || !validCVE(doc.Vulnerabilities[0].CVE) {
		return nil, errNoVEX
	}
	v := &doc.Vulnerabilities[0]
	a := &vuln.Advisory{
		Feed: d.feed, ID: v.CVE, Published: v.Disclosed, Modified: doc.Modified,
		Title: title(v.CVE, doc.Title), Weaknesses: weaknesses(v.CWE),
	}
	if a.Published.IsZero() {
		a.Published = doc.Published
	}
	whole, _ := vuln.ParseSeverity(doc.Severity)
	if whole != vuln.Unknown {
		a.Ratings = append(a.Ratings, vuln.Rating{Feed: d.feed, Severity: whole})
	}
	// Scores are told by product. What the first says is the flaw's; the others are of products in which it weighs less.
	seen := map[string]bool{}
	for i := range v.Scores {
		if sc := &v.Scores[i]; !seen[sc.Version] {
			seen[sc.Version] = true
			a.Ratings = append(a.Ratings, sc.Rating(d.feed))
		}
	}
	facts, fixes := vexFacts(doc, v, whole)
	a.Affected = settle(facts)

	statement := ""
	for _, n := range v.Notes {
		if n.Title == "Statement" {
			statement = n.Text
		}
	}
	if text := v.Note("description"); text != "" || statement != "" {
		a.Details = describe([]string{text}, statement)
	} else {
		a.Details = v.Note("summary")
	}
	var links references
	links.add("advisory", "https://access.redhat.com/security/cve/"+a.ID)
	for _, f := range fixes {
		links.add("advisory", f)
	}
	for _, r := range v.References {
		if r.Category != "self" {
			kind := "web"
			if strings.HasPrefix(r.Summary, "RHBZ#") {
				kind = "report"
			}
			links.add(kind, r.URL)
		}
	}
	a.References = links.list
	return []*vuln.Advisory{a}, nil
}

// keep says which leaves of the product tree matter: streams of RHEL, modules, and source packages.
func keep(p *csaf.Product) bool {
	if p.Category == "product_name" {
		return streamOf(p.CPE).kind != layered
	}
	if p.PURL == "" {
		n, ok := nevra.Parse(p.ID)
		return !ok || n.Arch == "src"
	}
	typ, name, _ := strings.Cut(strings.TrimPrefix(p.PURL, "pkg:"), "/")
	if typ == "rpmmod" {
		return true
	}
	_, quals, _ := strings.Cut(name, "?")
	arch := qualifier(quals, "arch")
	return typ == "rpm" && (arch == "" || arch == "src")
}

func qualifier(quals, key string) string {
	for q := range strings.SplitSeq(quals, "&") {
		if k, v, ok := strings.Cut(q, "="); ok && k == key {
			if v, err := url.QueryUnescape(strings.ReplaceAll(v, "+", "%2B")); err == nil {
				return v
			}
		}
	}
	return ""
}

// part is a component of a product: a source package, with its version where the component is a build.
type part struct {
	module, name, version string
	source                bool // the component says that it is a source package
}

// partOf reads a component by its purl ("pkg:rpm/redhat/nodejs@14.18.2-2.module%2Bel8.5.0?arch=src&epoch=1"), or where there is none by its
// name ("nodejs:12/nodejs"); between holds the module that it is in.
func partOf(p *csaf.Product, between []csaf.Product) (part, bool) {
	var out part
	for i := range between {
		m, ok := moduleOf(between[i].ID)
		if !ok {
			return out, false
		}
		out.module = m
	}
	if module, name, ok := component(strings.TrimSuffix(p.ID, ".src")); strings.Contains(p.ID, "/") {
		out.module, out.name, out.source = module, name, true
		return out, ok && len(between) == 0
	}
	// A new form marks the module behind the package: "nodejs-1:14.18.2-2.module+el8.5.0+13644+8d46dafd.src::nodejs:14".
	id, after, marked := strings.Cut(p.ID, "::")
	if marked {
		m, ok := moduleOf(after)
		if !ok {
			return out, false
		}
		out.module = m
	}
	rest, isRPM := strings.CutPrefix(p.PURL, "pkg:rpm/redhat/")
	if !isRPM {
		if p.PURL != "" {
			return out, false
		}
		n, ok := nevra.Parse(id)
		if !ok {
			out.name = strings.TrimSuffix(id, ".src")
			return out, nevra.Name(out.name)
		}
		out.name, out.version, out.source = n.Name, n.EVR(), n.Arch == "src"
		return out, true
	}
	path, quals, _ := strings.Cut(rest, "?")
	name, version, _ := strings.Cut(path, "@")
	name, err := url.PathUnescape(name)
	if err != nil || !nevra.Name(name) {
		return out, false
	}
	out.name, out.source = name, qualifier(quals, "arch") == "src"
	if mod := qualifier(quals, "rpmmod"); mod != "" {
		m, ok := moduleOf(mod)
		if !ok {
			return out, false // "rhel10": a flatpak
		}
		out.module = m
	}
	if version == "" {
		return out, true
	}
	if version, err = url.PathUnescape(version); err != nil {
		return out, false
	}
	n, ok := nevra.Parse("x-" + version)
	if !ok {
		return out, false
	}
	if n.Epoch = qualifier(quals, "epoch"); n.Epoch == "" {
		if byID, ok := nevra.Parse(id); ok { // older files have it in the id only
			n.Epoch = byID.Epoch
		}
	}
	if !n.Valid() {
		return out, false
	}
	out.version = n.EVR()
	return out, true
}

// moduleOf takes the stream out of "nodejs:14:8050020211213115342:c5368500".
func moduleOf(s string) (string, bool) {
	name, rest, ok := strings.Cut(s, ":")
	stream, _, _ := strings.Cut(rest, ":")
	if !ok || !nevra.Name(name) || !nevra.Name(stream) || stream == "flatpak" {
		return "", false
	}
	return name + ":" + stream, true
}

// vexFacts gathers what the status lists say, and the pages of the fixes.
func vexFacts(doc *csaf.Document, v *csaf.Vulnerability, whole vuln.Severity) (facts []fact, fixes []string) {
	newest := newestMinor(doc)
	sources := false // components without a build are marked as source packages, where they are
	for _, p := range doc.Products {
		if part, ok := partOf(&p, nil); ok && part.version == "" && strings.Contains(p.PURL, "arch=src") {
			sources = true
			_ = part
		}
	}
	at := map[string][2]int{} // product id -> its facts
	for status, ids := range v.Statuses() {
		state, fixed := affected, false
		switch status {
		case "fixed", "first_fixed":
			fixed = true
		case "known_affected", "first_affected", "last_affected":
		case "known_not_affected":
			state = notAffected
		case "under_investigation":
			state = investigated
		default:
			continue // "recommended" says nothing of what is installed
		}
		for id := range ids.All() {
			product, root, between, ok := doc.Of(id)
			if !ok || root.ID == product.ID {
				continue
			}
			st := streamOf(root.CPE)
			minor := "" // of an update stream
			switch st.kind {
			case layered:
				continue
			case extended:
				if !fixed {
					continue
				}
			case update, held:
				if !fixed || st.minor == "" {
					continue
				}
				minor = st.minor
				if st.kind == update && newest[st.major] != "" && compare(minor+"-0", newest[st.major]+"-0") > 0 {
					minor = "" // that of a minor release which the main stream has not come to yet holds for it
				}
			}
			part, ok := partOf(&product, between)
			if !ok || fixed != (part.version != "") && fixed || fixed && !part.source || !fixed && sources && !part.source && product.PURL != "" {
				continue
			}
			from := len(facts)
			for _, major := range st.majors() {
				f := fact{at: place{major, part.module, part.name}, state: state, severity: whole, extended: st.kind == extended, minor: minor}
				if fixed {
					f.fixed = part.version
				}
				facts = append(facts, f)
			}
			at[string(id)] = [2]int{from, len(facts)}
		}
	}
	about := func(ids csaf.IDs, say func(f *fact)) {
		for id := range ids.All() {
			for i := at[string(id)][0]; i < at[string(id)][1]; i++ {
				say(&facts[i])
			}
		}
	}
	for i := range v.Threats {
		if t := &v.Threats[i]; t.Category == "impact" {
			if s := impact(t.Details, whole); s != whole {
				about(t.Products, func(f *fact) { f.severity = s })
			}
		}
	}
	for i := range v.Remediations {
		switch r := &v.Remediations[i]; r.Category {
		case "vendor_fix":
			said := false
			about(r.Products, func(f *fact) {
				if f.fixed != "" {
					f.date = r.Date
				}
				said = said || f.minor == ""
			})
			if said {
				fixes = append(fixes, r.URL)
			}
		case "no_fix_planned", "none_available":
			if s, ok := stateOf(r.Details); ok {
				about(r.Products, func(f *fact) {
					if f.fixed == "" && f.state == affected {
						f.state = s
					}
				})
			}
		}
	}
	return facts, fixes
}

// newestMinor finds the minor release which each main stream is at, where products tell it: "Red Hat Enterprise Linux 9.7.z" with the CPE of RHEL 9.
func newestMinor(doc *csaf.Document) map[string]string {
	newest := map[string]string{}
	for _, p := range doc.Products {
		st := streamOf(p.CPE)
		if st.kind != main {
			continue
		}
		minor := st.minor
		if rest, ok := strings.CutPrefix(p.Name, "Red Hat Enterprise Linux "+st.major+"."); ok && minor == "" {
			minor = rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		}
		if minor != "" && nevra.Name(minor) && (newest[st.major] == "" || compare(minor+"-0", newest[st.major]+"-0") > 0) {
			newest[st.major] = minor
		}
	}
	return newest
}
