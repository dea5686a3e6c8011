// Package csaf reads the documents of the Common Security Advisory Framework 2.0 (https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html) as far as
// vendors' advisories and VEX files carry facts about packages. It promises work and memory bounded by the document's size, and takes no more
// than it is asked for: documents are mostly lists of product ids, said again for every vulnerability. What the names of products mean is
// known to the feeds of each vendor.
package csaf

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/cvss"
	"github.com/sightline-sec/sightline/internal/feed/jsonscan"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// maxBranches bounds how deep product_tree.branches nest; vendors use five.
const maxBranches = 30

// Document is a document. Lists of ids point into the text that it was read from.
type Document struct {
	Category   string // csaf_vex, csaf_security_advisory, ...
	ID, Title  string // tracking.id: CVE-2024-1, SUSE-SU-2024:1-1
	Status     string // final, interim, draft
	Severity   string // aggregate_severity.text
	Published  time.Time
	Modified   time.Time
	Notes      []Note
	References []Reference

	Products        map[string]Product // by product_id: the leaves of the tree, as far as they were to be kept
	Components      map[string]Component
	Vulnerabilities []Vulnerability
}

// Note is a text about a document or vulnerability.
type Note struct{ Category, Title, Text string }

// Reference is a link; Category is "self" or "external".
type Reference struct{ Category, Summary, URL string }

// Product is a leaf of the product tree.
type Product struct{ Category, Name, ID, CPE, PURL string }

// Component says that one product is a component of another, and is a product of its own by that.
type Component struct{ Product, Of string }

// Vulnerability is one entry of "vulnerabilities".
type Vulnerability struct {
	CVE, CWE, Title string
	Disclosed       time.Time
	Notes           []Note
	References      []Reference
	// Status is the text of product_status: equal texts mean equal lists. [Vulnerability.Statuses] reads it.
	Status       []byte
	Scores       []Score
	Threats      []Group
	Remediations []Group
	Flags        []Group
}

// Score is a CVSS rating of some products.
type Score struct {
	Version, Vector string
	Score           float64
	Products        IDs
}

// Group says something about some products: category "impact", details "Important"; category "no_fix_planned", details "Will not fix"; for a flag, Category is its label.
type Group struct {
	Category, Details, URL string
	Date                   time.Time
	Products               IDs
}

// IDs is a list of product ids as JSON text.
type IDs []byte

// All walks the ids; each is good until the next.
func (l IDs) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(l) == 0 {
			return
		}
		s := jsonscan.New(l)
		for range s.Array() {
			if !yield(s.Bytes()) {
				return
			}
		}
	}
}

// Statuses walks the lists of product_status in the order of the document: "fixed", "known_affected", ...
func (v *Vulnerability) Statuses() iter.Seq2[string, IDs] {
	return func(yield func(string, IDs) bool) {
		if len(v.Status) == 0 {
			return
		}
		s := jsonscan.New(v.Status)
		for key := range s.Object() {
			if !yield(string(key), s.Raw()) {
				return
			}
		}
	}
}

// ErrNoDocument says that the JSON is no CSAF document.
var ErrNoDocument = errors.New("is not a CSAF document")

// Decode reads a document. keep says which leaves of the product tree are kept; components of others are left out. Its arguments are good until it returns.
func Decode(b []byte, keep func(p *Product) bool) (*Document, error) {
	d := &Document{Products: map[string]Product{}, Components: map[string]Component{}}
	s := jsonscan.New(b)
	var relationships []byte
	found := false
	for key := range s.Object() {
		switch string(key) {
		case "document":
			found = true
			d.head(s)
		case "product_tree":
			for key := range s.Object() {
				switch string(key) {
				case "branches":
					d.branches(s, keep, 0)
				case "full_product_names":
					for range s.Array() {
						d.product(s, Product{}, keep)
					}
				case "relationships":
					relationships = s.Raw() // after the branches, wherever it stands
				}
			}
		case "vulnerabilities":
			for range s.Array() {
				d.Vulnerabilities = append(d.Vulnerabilities, vulnerability(s))
			}
		}
	}
	if err := s.End(); err != nil {
		return nil, err
	}
	if !found || d.ID == "" {
		return nil, ErrNoDocument
	}
	return d, d.relationships(relationships)
}

func (d *Document) head(s *jsonscan.Scanner) {
	for key := range s.Object() {
		switch string(key) {
		case "category":
			d.Category = s.Text()
		case "title":
			d.Title = s.Text()
		case "aggregate_severity":
			for key := range s.Object() {
				if string(key) == "text" {
					d.Severity = s.Text()
				}
			}
		case "notes":
			d.Notes = notes(s)
		case "references":
			d.References = references(s)
		case "tracking":
			for key := range s.Object() {
				switch string(key) {
				case "id":
					d.ID = s.Text()
				case "status":
					d.Status = s.Text()
				case "initial_release_date":
					d.Published = stamp(s)
				case "current_release_date":
					d.Modified = stamp(s)
				}
			}
		}
	}
}

func (d *Document) branches(s *jsonscan.Scanner, keep func(*Product) bool, depth int) {
	if depth > maxBranches {
		s.Skip()
		return
	}
	for range s.Array() {
		var p Product
		var leaf []byte
		for key := range s.Object() {
			switch string(key) {
			case "branches":
				d.branches(s, keep, depth+1)
			case "category":
				p.Category = word(s.Bytes())
			case "product":
				leaf = s.Raw()
			}
		}
		if leaf != nil {
			d.product(jsonscan.New(leaf), p, keep)
		}
	}
}

// word spares the memory of words that come again and again.
func word(b []byte) string {
	switch string(b) {
	case "product_version":
		return "product_version"
	case "product_name":
		return "product_name"
	case "architecture":
		return "architecture"
	}
	return string(b)
}

func (d *Document) product(s *jsonscan.Scanner, p Product, keep func(*Product) bool) {
	for key := range s.Object() {
		switch string(key) {
		case "name":
			p.Name = s.Text()
		case "product_id":
			p.ID = s.Text()
		case "product_identification_helper":
			for key := range s.Object() {
				switch string(key) {
				case "cpe":
					p.CPE = s.Text()
				case "purl":
					p.PURL = s.Text()
				}
			}
		}
	}
	if p.ID != "" && keep(&p) {
		d.Products[p.ID] = p
	}
}

// relationships keeps those whose product is kept; of what they are components is for the caller to look up, for that may be another component.
func (d *Document) relationships(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	s := jsonscan.New(b)
	for range s.Array() {
		var id, product, of []byte
		for key := range s.Object() {
			switch string(key) {
			case "full_product_name":
				for key := range s.Object() {
					if string(key) == "product_id" {
						id = s.Bytes()
					}
				}
			case "product_reference":
				product = s.Bytes()
			case "relates_to_product_reference":
				of = s.Bytes()
			}
		}
		if kept, ok := d.Products[string(product)]; ok && len(id) > 0 {
			d.Components[string(id)] = Component{Product: kept.ID, Of: string(of)}
		}
	}
	return s.End()
}

func vulnerability(s *jsonscan.Scanner) Vulnerability {
	var v Vulnerability
	for key := range s.Object() {
		switch string(key) {
		case "cve":
			v.CVE = strings.TrimSpace(s.Text())
		case "title":
			v.Title = s.Text()
		case "cwe":
			for key := range s.Object() {
				if string(key) == "id" {
					v.CWE = s.Text()
				}
			}
		case "discovery_date":
			s.Skip() // when the vendor heard of it, which is not when the world did
		case "release_date":
			v.Disclosed = stamp(s)
		case "notes":
			v.Notes = notes(s)
		case "references":
			v.References = references(s)
		case "product_status":
			v.Status = s.Raw()
		case "scores":
			for range s.Array() {
				if sc, ok := score(s); ok {
					v.Scores = append(v.Scores, sc)
				}
			}
		case "threats":
			v.Threats = groups(s)
		case "remediations":
			v.Remediations = groups(s)
		case "flags":
			v.Flags = groups(s)
		}
	}
	return v
}

func score(s *jsonscan.Scanner) (Score, bool) {
	var sc Score
	for key := range s.Object() {
		switch string(key) {
		case "products":
			sc.Products = s.Raw()
		case "cvss_v2", "cvss_v3", "cvss_v4":
			for key := range s.Object() {
				if string(key) == "vectorString" {
					sc.Vector = strings.TrimSpace(s.Text())
				}
			}
		}
	}
	if sc.Vector == "" || len(sc.Vector) > 512 {
		return sc, false
	}
	v, err := cvss.Parse(sc.Vector)
	if err != nil {
		return sc, false
	}
	sc.Version, sc.Score = v.Version(), v.Score()
	return sc, true
}

// Rating is the score as a feed's rating.
func (sc *Score) Rating(feed string) vuln.Rating {
	return vuln.Rating{Feed: feed, Severity: vuln.OfScore(sc.Version, sc.Score), Version: sc.Version, Vector: sc.Vector, Score: sc.Score}
}

func groups(s *jsonscan.Scanner) []Group {
	var out []Group
	for range s.Array() {
		var g Group
		for key := range s.Object() {
			switch string(key) {
			case "category", "label":
				g.Category = s.Text()
			case "details":
				g.Details = s.Text()
			case "url":
				g.URL = s.Text()
			case "date":
				g.Date = stamp(s)
			case "product_ids":
				g.Products = s.Raw()
			}
		}
		out = append(out, g)
	}
	return out
}

func notes(s *jsonscan.Scanner) []Note {
	var out []Note
	for range s.Array() {
		var n Note
		for key := range s.Object() {
			switch string(key) {
			case "category":
				n.Category = s.Text()
			case "title":
				n.Title = s.Text()
			case "text":
				n.Text = s.Text()
			}
		}
		out = append(out, n)
	}
	return out
}

func references(s *jsonscan.Scanner) []Reference {
	var out []Reference
	for range s.Array() {
		var r Reference
		for key := range s.Object() {
			switch string(key) {
			case "category":
				r.Category = s.Text()
			case "summary":
				r.Summary = s.Text()
			case "url":
				r.URL = s.Text()
			}
		}
		out = append(out, r)
	}
	return out
}

// stamp reads a time; what is none is zero, for a document is worth reading without its dates.
func stamp(s *jsonscan.Scanner) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s.Text())
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}

// Note gives the text of the first note of a category.
func (v *Vulnerability) Note(category string) string { return note(v.Notes, category) }

// Note gives the text of the first note of a category.
func (d *Document) Note(category string) string { return note(d.Notes, category) }

func note(notes []Note, category string) string {
	for i := range notes {
		if notes[i].Category == category {
			return notes[i].Text
		}
	}
	return ""
}

// Of says what a product id of a status list means: the product that was named, the one at the end of the line that it is a component of, and what lies
// between them, an rpm module say. It is false for ids of products that were not kept.
func (d *Document) Of(id []byte) (product, root Product, between []Product, ok bool) {
	c, found := d.Components[string(id)]
	if !found {
		product, ok = d.Products[string(id)]
		return product, product, nil, ok
	}
	product = d.Products[c.Product]
	for range maxBranches {
		next, more := d.Components[c.Of]
		if !more {
			root, ok = d.Products[c.Of]
			return product, root, between, ok
		}
		between = append(between, d.Products[next.Product])
		c = next
	}
	return product, root, between, false
}

// Check says whether the document is of a kind that carries facts: a final one.
func (d *Document) Check() error {
	if d.Status == "draft" {
		return fmt.Errorf("%w: it is a draft", ErrNoDocument)
	}
	return nil
}
