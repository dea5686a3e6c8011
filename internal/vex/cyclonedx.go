package vex

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// readCycloneDX reads the vulnerabilities of a CycloneDX document with an analysis (schema 1.4 and later, "vulnerabilities"): in the BOM itself, or in a document
// of its own that links to components of another by BOM-Link or purl.
func (d *Document) readCycloneDX(b []byte) error {
	var doc struct {
		Serial   string `json:"serialNumber"`
		Metadata struct {
			Timestamp string        `json:"timestamp"`
			Component *cdxComponent `json:"component"`
			Authors   []struct {
				Name string `json:"name"`
			} `json:"authors"`
			Supplier struct {
				Name string `json:"name"`
			} `json:"supplier"`
		} `json:"metadata"`
		Components      []cdxComponent     `json:"components"`
		Vulnerabilities []cdxVulnerability `json:"vulnerabilities"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return fmt.Errorf("as CycloneDX: %w", err)
	}
	d.ID, d.At, d.Author = doc.Serial, timeOf(doc.Metadata.Timestamp), doc.Metadata.Supplier.Name
	if len(doc.Metadata.Authors) > 0 && d.Author == "" {
		d.Author = doc.Metadata.Authors[0].Name
	}
	names := map[string][]string{}
	index(names, doc.Components)
	root := doc.Metadata.Component
	if root != nil {
		index(names, []cdxComponent{*root})
	}
	for i := range doc.Vulnerabilities {
		v := &doc.Vulnerabilities[i]
		status, ok := cdxStates[v.Analysis.State]
		if !ok {
			if v.Analysis.State != "" {
				d.skip("state %.50q of %.100q is not known", v.Analysis.State, v.ID)
			}
			continue // a vulnerability without an analysis states nothing
		}
		at := timeOf(v.Analysis.LastUpdated)
		if at.IsZero() {
			at = d.At
		}
		s := Statement{
			Status: status, Justification: cdxJustifications[v.Analysis.Justification], Impact: v.Analysis.Detail, Action: strings.Join(v.Analysis.Response, ", "), At: at,
		}
		if v.ID != "" {
			s.Vulnerabilities = append(s.Vulnerabilities, v.ID)
		}
		for _, r := range v.References[:min(len(v.References), maxNames)] {
			if r.ID != "" && !slices.Contains(s.Vulnerabilities, r.ID) {
				s.Vulnerabilities = append(s.Vulnerabilities, r.ID)
			}
		}
		if n := len(v.References) - maxNames; n > 0 {
			d.skip("%d references of %.100q are left out, for it has more than %d", n, v.ID, maxNames)
		}
		for _, a := range v.Affects {
			p := cdxProduct(names, root, a.Ref)
			if versions, ok := a.meant(status); ok {
				restrict(&p, versions)
			}
			s.Products = append(s.Products, p)
		}
		d.add(s)
	}
	return nil
}

// cdxProduct resolves a bom-ref, a purl or a BOM-Link. A component of a document that describes a product is a component of that product.
func cdxProduct(names map[string][]string, root *cdxComponent, ref string) Product {
	if rest, ok := strings.CutPrefix(ref, "urn:cdx:"); ok { // urn:cdx:serial/version#bom-ref
		if _, fragment, found := strings.Cut(rest, "#"); found {
			if plain, err := url.PathUnescape(fragment); err == nil {
				ref = plain
			}
		}
	}
	p := Product{Names: names[ref]}
	if p.Names == nil {
		p.Names = []string{ref}
	}
	if root != nil && ref != root.Ref && len(names[root.Ref]) > 0 && names[ref] != nil {
		return Product{Names: names[root.Ref], Components: []Product{p}}
	}
	return p
}

const maxDepth = 100

func index(names map[string][]string, list []cdxComponent) {
	var walk func([]cdxComponent, int)
	walk = func(list []cdxComponent, depth int) {
		for i := range list {
			c := &list[i]
			var all []string
			for _, s := range []string{c.PURL, c.CPE} {
				if s != "" && len(s) <= maxNameLength {
					all = append(all, s)
				}
			}
			for _, h := range c.Hashes {
				if h.Algorithm == "SHA-256" {
					all = append(all, "sha256:"+strings.ToLower(h.Content))
				}
			}
			if c.Type == "container" && c.Name != "" {
				full := c.Name
				if c.Version != "" && !strings.Contains(full, "@") {
					sep := ":"
					if strings.HasPrefix(c.Version, "sha256:") {
						sep = "@"
					}
					full += sep + c.Version
				}
				all = append(all, full)
				if strings.HasPrefix(c.Version, "sha256:") {
					all = append(all, c.Version)
				}
			}
			if strings.HasPrefix(c.Ref, namespace) && len(c.Ref) <= maxNameLength {
				all = append(all, c.Ref)
			}
			if all == nil && strings.HasPrefix(c.Ref, "pkg:") && len(c.Ref) <= maxNameLength {
				all = []string{c.Ref}
			}
			if c.Ref != "" { // one of which nothing can be told is a component all the same: a statement about it holds for nothing
				names[c.Ref] = append([]string{}, all...)
			}
			if depth < maxDepth {
				walk(c.Components, depth+1)
			}
		}
	}
	walk(list, 0)
}

type cdxComponent struct {
	Ref     string `json:"bom-ref"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
	CPE     string `json:"cpe"`
	Hashes  []struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	} `json:"hashes"`
	Components []cdxComponent `json:"components"`
}

type cdxVulnerability struct {
	ID         string `json:"id"`
	References []struct {
		ID string `json:"id"`
	} `json:"references"`
	Analysis struct {
		State         string   `json:"state"`
		Justification string   `json:"justification"`
		Response      []string `json:"response"`
		Detail        string   `json:"detail"`
		LastUpdated   string   `json:"lastUpdated"`
	} `json:"analysis"`
	Affects []cdxAffects `json:"affects"`
}

type cdxAffects struct {
	Ref      string `json:"ref"`
	Versions []struct {
		Version string `json:"version"`
		Range   string `json:"range"`
		Status  string `json:"status"` // affected where it is not said
	} `json:"versions"`
}

// meant gives the versions, sorted, that a statement speaks of, where the document lists any: of one that takes a finding back those that it calls
// unaffected, of others those that it does not. Ranges are not read: nothing is said of them.
func (a *cdxAffects) meant(s Status) (versions []string, listed bool) {
	versions = []string{}
	for _, v := range a.Versions {
		if v.Version != "" && (v.Status == "unaffected") == (s == NotAffected || s == Fixed) {
			versions = append(versions, v.Version)
		}
	}
	slices.Sort(versions)
	return versions, len(a.Versions) > 0
}

// restrict leaves of a product only some versions of what it names.
func restrict(p *Product, versions []string) {
	if len(p.Components) > 0 {
		for i := range p.Components {
			restrict(&p.Components[i], versions)
		}
		return
	}
	p.Versions = versions
}

var cdxStates = map[string]Status{
	"not_affected": NotAffected, "false_positive": NotAffected, "resolved": Fixed, "resolved_with_pedigree": Fixed,
	"exploitable": Affected, "in_triage": UnderInvestigation,
}

var cdxJustifications = map[string]string{
	"code_not_present": CodeNotPresent, "code_not_reachable": CodeNotInExecutePath, "requires_configuration": CodeNotControllable,
	"requires_dependency": ComponentNotPresent, "requires_environment": CodeNotControllable,
	"protected_by_compiler": MitigationsAlreadyExist, "protected_at_runtime": MitigationsAlreadyExist,
	"protected_at_perimeter": MitigationsAlreadyExist, "protected_by_mitigating_control": MitigationsAlreadyExist,
}
