package vex

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/feed/jsonscan"
)

// readOpenVEX reads an OpenVEX document (spec v0.2.0; v0.0.1, where products and vulnerabilities are bare strings). Documents of whole products have
// hundreds of thousands of statements, so that they are read in one pass.
func (d *Document) readOpenVEX(b []byte) error {
	r := openVEXReader{s: jsonscan.New(b), d: d}
	for key := range r.s.Object() {
		switch string(key) {
		case "@id":
			d.ID = r.text()
		case "author":
			d.Author = r.text()
		case "timestamp", "last_updated":
			d.At = newer(d.At, timeOf(r.text()))
		case "version":
			d.Version = r.version()
		case "statements":
			for range r.s.Array() {
				r.statement()
			}
		}
	}
	if err := r.s.End(); err != nil {
		return fmt.Errorf("as OpenVEX: %w", err)
	}
	for i := range d.Statements { // the document's time may stand behind its statements
		if d.Statements[i].At.IsZero() {
			d.Statements[i].At = d.At
		}
	}
	return nil
}

type openVEXReader struct {
	s *jsonscan.Scanner
	d *Document
}

// text reads a string; of what is none, it is empty.
func (r *openVEXReader) text() string {
	if r.s.Kind() != '"' {
		r.s.Skip()
		return ""
	}
	return r.s.Text()
}

// version reads a number, which older documents write as text.
func (r *openVEXReader) version() []int {
	if k := r.s.Kind(); k >= '0' && k <= '9' {
		return versionOf(r.s.Number())
	}
	return versionOf(r.text())
}

func (r *openVEXReader) statement() {
	if r.s.Kind() != '{' {
		r.d.skip("a statement is no object")
		r.s.Skip()
		return
	}
	var st Statement
	var inside []Product
	for key := range r.s.Object() {
		switch string(key) {
		case "vulnerability":
			st.Vulnerabilities = r.vulnerability()
		case "timestamp", "last_updated":
			st.At = newer(st.At, timeOf(r.text()))
		case "products":
			for range r.s.Array() {
				st.Products = append(st.Products, r.component(true))
			}
		case "subcomponents": // v0.0.1: of all products
			for range r.s.Array() {
				inside = append(inside, r.component(false))
			}
		case "status":
			st.Status = Status(r.text())
		case "justification":
			st.Justification = r.text()
		case "impact_statement":
			st.Impact = r.text()
		case "action_statement":
			st.Action = r.text()
		}
	}
	about := ""
	if len(st.Vulnerabilities) > 0 {
		about = st.Vulnerabilities[0]
	}
	switch st.Status {
	case NotAffected, Affected, Fixed, UnderInvestigation:
	default:
		r.d.skip("status %.50q of the statement about %.100q is not known", string(st.Status), about)
		return
	}
	if st.Status == NotAffected && st.Justification == "" && st.Impact == "" {
		r.d.skip("the statement that %.100q does not affect gives neither justification nor impact_statement, of which OpenVEX demands one: it holds for nothing", about)
		return
	}
	if len(inside)*len(st.Products) > maxInside {
		r.d.skip("the statement about %.100q is of more than %d components in products", about, maxInside)
		return
	}
	for i := range st.Products {
		if p := &st.Products[i]; len(inside) > 0 {
			if len(p.Components) == 0 {
				p.Components = inside // shared: a statement may have thousands of both
			} else {
				p.Components = append(p.Components, inside...)
			}
		}
	}
	r.d.add(st)
}

func (r *openVEXReader) vulnerability() (names []string) {
	if r.s.Kind() == '"' {
		id := r.text()
		return known(cmp.Or(idAtEnd(id), id))
	}
	var id, name string
	var aliases []string
	for key := range r.s.Object() {
		switch string(key) {
		case "@id":
			id = r.text()
		case "name":
			name = r.text()
		case "aliases":
			for range r.s.Array() {
				aliases = append(aliases, r.text())
			}
		}
	}
	if name == "" {
		if name = idAtEnd(id); name == "" && len(aliases) == 0 && id != "" {
			r.d.skip("a vulnerability has no name, and its @id %.200q does not end with one", id)
		}
	}
	return known(append([]string{name}, aliases...)...)
}

// idAtEnd is the id of a vulnerability that stands at the end of an IRI, or alone: "https://nvd.nist.gov/vuln/detail/CVE-2021-23337". Empty for none.
func idAtEnd(iri string) string {
	iri = strings.TrimRight(iri, "/")
	for _, before := range [...]string{"/#?=", "/#?=:"} { // ids of advisories may have a colon themselves: RHSA-2024:0001
		if last := iri[strings.LastIndexAny(iri, before)+1:]; vulnerabilityID.MatchString(last) {
			return last
		}
	}
	return ""
}

var vulnerabilityID = regexp.MustCompile(`^(?i:CVE-[0-9]{4}-[0-9]{4,}|GHSA(?:-[0-9a-z]{4}){3}|[A-Z][A-Z0-9]+-[0-9][0-9A-Z:.-]*|(?:[A-Z]{2,}-)+[0-9][0-9A-Z:.-]*)$`)

// known leaves out what cannot be the name of anything.
func known(names ...string) []string {
	return slices.DeleteFunc(names, func(s string) bool { return s == "" || len(s) > maxNameLength })
}

// component reads a product, or with whole false one of its parts, of which parts are not looked at.
func (r *openVEXReader) component(whole bool) Product {
	if r.s.Kind() == '"' {
		return Product{Names: known(r.s.Text())}
	}
	var p Product
	var id, purl, cpe22, cpe23, hash string
	for key := range r.s.Object() {
		switch string(key) {
		case "@id":
			id = r.text()
		case "identifiers":
			for key := range r.s.Object() {
				switch string(key) {
				case "purl":
					purl = r.text()
				case "cpe22":
					cpe22 = r.text()
				case "cpe23":
					cpe23 = r.text()
				}
			}
		case "hashes":
			for key := range r.s.Object() {
				if string(key) == "sha-256" {
					hash = r.text()
				}
			}
		case "subcomponents":
			if whole {
				for range r.s.Array() {
					p.Components = append(p.Components, r.component(false))
				}
			}
		}
	}
	if hash != "" {
		hash = "sha256:" + hash
	}
	p.Names = make([]string, 0, 1)
	for _, name := range [...]string{id, purl, cpe22, cpe23, hash} {
		if name != "" && len(name) <= maxNameLength && !slices.Contains(p.Names, name) {
			p.Names = append(p.Names, name)
		}
	}
	return p
}
