package vex

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// csafDocument is the part of a CSAF 2.0 document (OASIS, csaf-v2.0-os) that the VEX profile (section 4.5) is about.
type csafDocument struct {
	Document struct {
		Category  string `json:"category"`
		Publisher struct {
			Name string `json:"name"`
		} `json:"publisher"`
		Tracking struct {
			ID      string `json:"id"`
			Current string `json:"current_release_date"`
			Version string `json:"version"`
		} `json:"tracking"`
	} `json:"document"`
	Tree            csafTree            `json:"product_tree"`
	Vulnerabilities []csafVulnerability `json:"vulnerabilities"`
}

type csafTree struct {
	Branches      []csafBranch       `json:"branches"`
	Names         []csafProduct      `json:"full_product_names"`
	Relationships []csafRelationship `json:"relationships"`
	Groups        []struct {
		ID       string   `json:"group_id"`
		Products []string `json:"product_ids"`
	} `json:"product_groups"`
}

type csafBranch struct {
	Category string       `json:"category"`
	Branches []csafBranch `json:"branches"`
	Product  *csafProduct `json:"product"`
}

type csafProduct struct {
	ID     string `json:"product_id"`
	Name   string `json:"name"`
	Helper struct {
		PURL   string `json:"purl"`
		CPE    string `json:"cpe"`
		Hashes []struct {
			Files []struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"`
			} `json:"file_hashes"`
		} `json:"hashes"`
		URIs []struct {
			URI string `json:"uri"`
		} `json:"x_generic_uris"`
	} `json:"product_identification_helper"`
}

type csafRelationship struct {
	Category  string      `json:"category"`
	Product   csafProduct `json:"full_product_name"`
	Reference string      `json:"product_reference"`
	Within    string      `json:"relates_to_product_reference"`
}

type csafVulnerability struct {
	CVE string `json:"cve"`
	IDs []struct {
		Text string `json:"text"`
	} `json:"ids"`
	Status  map[string][]string `json:"product_status"`
	Flags   []csafFlag          `json:"flags"`
	Threats []struct {
		Category string   `json:"category"`
		Details  string   `json:"details"`
		Products []string `json:"product_ids"`
		Groups   []string `json:"group_ids"`
	} `json:"threats"`
	Remediations []struct {
		Category string   `json:"category"`
		Details  string   `json:"details"`
		Products []string `json:"product_ids"`
		Groups   []string `json:"group_ids"`
	} `json:"remediations"`
}

type csafFlag struct {
	Label    string   `json:"label"`
	Products []string `json:"product_ids"`
	Groups   []string `json:"group_ids"`
}

// csafStatuses are the lists of product_status in a stable order, with the status that they mean (section 3.2.3.9).
var csafStatuses = []struct {
	list   string
	status Status
}{
	{"known_not_affected", NotAffected},
	{"fixed", Fixed},
	{"first_fixed", Fixed},
	{"recommended", Fixed},
	{"known_affected", Affected},
	{"first_affected", Affected},
	{"last_affected", Affected},
	{"under_investigation", UnderInvestigation},
}

func (d *Document) readCSAF(b []byte) error {
	var doc csafDocument
	if err := json.Unmarshal(b, &doc); err != nil {
		return fmt.Errorf("as CSAF: %w", err)
	}
	d.ID, d.Author, d.At = doc.Document.Tracking.ID, doc.Document.Publisher.Name, timeOf(doc.Document.Tracking.Current)
	d.Version = versionOf(doc.Document.Tracking.Version)
	products, err := doc.Tree.products(d)
	if err != nil {
		return err
	}
	groups := map[string][]string{}
	for _, g := range doc.Tree.Groups {
		groups[g.ID] = g.Products
	}
	memberOf := map[string][]string{} // product -> groups
	for g, members := range groups {
		for _, id := range members {
			memberOf[id] = append(memberOf[id], g)
		}
	}
	for i := range doc.Vulnerabilities {
		v := &doc.Vulnerabilities[i]
		flags, impacts, actions := words{memberOf: memberOf}, words{memberOf: memberOf}, words{memberOf: memberOf}
		for _, f := range v.Flags {
			flags.say(f.Label, f.Products, f.Groups)
		}
		for _, t := range v.Threats {
			if t.Category == "impact" {
				impacts.say(t.Details, t.Products, t.Groups)
			}
		}
		for _, r := range v.Remediations {
			actions.say(r.Details, r.Products, r.Groups)
		}
		var ids []string
		if v.CVE != "" {
			ids = append(ids, v.CVE)
		}
		for _, id := range v.IDs {
			if id.Text != "" {
				ids = append(ids, id.Text)
			}
		}
		for _, list := range csafStatuses {
			// Products that share flag and words make one statement.
			type key struct{ justification, impact, action string }
			shared := map[key]*Statement{}
			var order []key
			done := map[string]bool{}
			for _, id := range v.Status[list.list] {
				if done[id] {
					continue
				}
				done[id] = true
				p, ok := products[id]
				if !ok {
					d.skip("product %.100q of %.50q is not in the product tree", id, v.CVE)
					continue
				}
				k := key{flags.of(id), impacts.of(id), actions.of(id)}
				s := shared[k]
				if s == nil {
					s = &Statement{Vulnerabilities: ids, Status: list.status, Justification: k.justification, Impact: k.impact, Action: k.action, At: d.At}
					shared[k] = s
					order = append(order, k)
				}
				s.Products = append(s.Products, p)
			}
			for _, k := range order {
				d.add(*shared[k])
			}
		}
	}
	return nil
}

// words are what a list of a vulnerability says of products and groups of products; of several words for one product the last counts.
type words struct {
	memberOf map[string][]string
	products map[string]int // -> index in said
	groups   map[string]int
	said     []string
}

func (w *words) say(what string, products, groups []string) {
	if w.said == nil {
		w.products, w.groups = map[string]int{}, map[string]int{}
	}
	for _, id := range products {
		w.products[id] = len(w.said)
	}
	for _, g := range groups {
		w.groups[g] = len(w.said)
	}
	w.said = append(w.said, what)
}

func (w *words) of(product string) string {
	last, ok := w.products[product]
	if !ok {
		last = -1
	}
	if len(w.groups) > 0 {
		for _, g := range w.memberOf[product] {
			if at, ok := w.groups[g]; ok {
				last = max(last, at)
			}
		}
	}
	if last < 0 {
		return ""
	}
	return w.said[last]
}

// products maps the ids of the tree to what they name. A relationship names a component inside a product.
func (t *csafTree) products(d *Document) (map[string]Product, error) {
	products := map[string]Product{}
	n := 0
	take := func(p *csafProduct, within bool) {
		if p.ID == "" {
			return
		}
		var names []string
		add := func(s string) {
			if s != "" && len(s) <= maxNameLength {
				names = append(names, s)
			}
		}
		add(p.Helper.PURL)
		add(p.Helper.CPE)
		for _, h := range p.Helper.Hashes {
			for _, f := range h.Files {
				if strings.EqualFold(f.Algorithm, "sha256") {
					add("sha256:" + strings.ToLower(f.Value))
				}
			}
		}
		for _, u := range p.Helper.URIs {
			if strings.HasPrefix(u.URI, namespace) {
				add(u.URI)
			}
		}
		if len(names) == 0 && within {
			add(p.Name) // of a thing without identifiers: it fits what was scanned under that very name
		}
		products[p.ID] = Product{Names: names}
	}
	var walk func(list []csafBranch) error
	walk = func(list []csafBranch) error {
		for i := range list {
			if n++; n > maxBranches {
				return fmt.Errorf("more than %d branches in the product tree", maxBranches)
			}
			if p := list[i].Product; p != nil {
				take(p, true)
				if list[i].Category == "product_version_range" {
					// Ranges are not read, and a purl without a version would name them all.
					named := products[p.ID]
					named.Names = slices.DeleteFunc(named.Names, func(s string) bool { return !strings.Contains(s, "@") })
					products[p.ID] = named
				}
			}
			if err := walk(list[i].Branches); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(t.Branches); err != nil {
		return nil, err
	}
	for i := range t.Names {
		take(&t.Names[i], true)
	}
	depth := map[string]int{}
	for i := range t.Relationships {
		r := &t.Relationships[i]
		take(&r.Product, false)
		p := products[r.Product.ID]
		whole, ok := products[r.Within]
		part, known := products[r.Reference]
		if ok && known && len(p.Names) == 0 {
			if depth[r.Product.ID] = depth[r.Reference] + 1; depth[r.Product.ID] > maxWithin {
				d.skip("product %.100q is a component of components, more than %d deep", r.Product.ID, maxWithin)
				continue
			}
			products[r.Product.ID] = Product{Names: whole.Names, Components: []Product{part}}
		}
	}
	return products, nil
}
