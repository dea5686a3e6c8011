package vex

import (
	"encoding/json"
	"fmt"
	"slices"
)

// readOpenVEX reads an OpenVEX document (spec v0.2.0; v0.0.1, where products and vulnerabilities are bare strings).
func (d *Document) readOpenVEX(b []byte) error {
	var doc struct {
		ID         string             `json:"@id"`
		Author     string             `json:"author"`
		Timestamp  string             `json:"timestamp"`
		Statements []openVEXStatement `json:"statements"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return fmt.Errorf("as OpenVEX: %w", err)
	}
	d.ID, d.Author, d.At = doc.ID, doc.Author, timeOf(doc.Timestamp)
	for _, s := range doc.Statements {
		status := Status(s.Status)
		switch status {
		case NotAffected, Affected, Fixed, UnderInvestigation:
		default:
			d.skip("status %.50q of the statement about %.100q is not known", s.Status, s.Vulnerability.first())
			continue
		}
		at := timeOf(s.Timestamp)
		if at.IsZero() {
			at = d.At
		}
		st := Statement{
			Vulnerabilities: s.Vulnerability.names(), Status: status, Justification: s.Justification, Impact: s.Impact, Action: s.Action, At: at,
		}
		for _, p := range s.Products {
			product := p.product()
			for _, c := range p.Subcomponents {
				product.Components = append(product.Components, c.product())
			}
			for _, c := range s.Subcomponents { // v0.0.1: of all products
				product.Components = append(product.Components, Product{Names: []string{c}})
			}
			st.Products = append(st.Products, product)
		}
		d.add(st)
	}
	return nil
}

type openVEXStatement struct {
	Vulnerability openVEXVulnerability `json:"vulnerability"`
	Timestamp     string               `json:"timestamp"`
	Products      []openVEXComponent   `json:"products"`
	Subcomponents []string             `json:"subcomponents"`
	Status        string               `json:"status"`
	Justification string               `json:"justification"`
	Impact        string               `json:"impact_statement"`
	Action        string               `json:"action_statement"`
}

type openVEXVulnerability struct {
	ID      string   `json:"@id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
}

// UnmarshalJSON takes a bare string for a name.
func (v *openVEXVulnerability) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &v.Name)
	}
	type plain openVEXVulnerability
	return json.Unmarshal(b, (*plain)(v))
}

func (v *openVEXVulnerability) first() string {
	if names := v.names(); len(names) > 0 {
		return names[0]
	}
	return ""
}

func (v *openVEXVulnerability) names() []string {
	list := append([]string{v.Name}, v.Aliases...)
	if v.Name == "" {
		list[0] = v.ID
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" || len(s) > maxNameLength })
}

type openVEXComponent struct {
	ID            string             `json:"@id"`
	Identifiers   map[string]string  `json:"identifiers"`
	Hashes        map[string]string  `json:"hashes"`
	Subcomponents []openVEXComponent `json:"subcomponents"`
}

// UnmarshalJSON takes a bare string for an id.
func (c *openVEXComponent) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &c.ID)
	}
	type plain openVEXComponent
	return json.Unmarshal(b, (*plain)(c))
}

func (c *openVEXComponent) product() Product {
	var p Product
	add := func(s string) {
		if s != "" && len(s) <= maxNameLength && !slices.Contains(p.Names, s) {
			p.Names = append(p.Names, s)
		}
	}
	add(c.ID)
	for _, kind := range []string{"purl", "cpe22", "cpe23"} {
		add(c.Identifiers[kind])
	}
	if h := c.Hashes["sha-256"]; h != "" {
		add("sha256:" + h)
	}
	return p
}
