package vex

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// readCycloneDX reads the vulnerabilities of a CycloneDX document with an analysis (schema 1.4 and later, "vulnerabilities"): in the BOM itself, or in a document
// of its own that names packages by their purls. A document that describes a product (metadata.component) speaks of things in that product only.
func (d *Document) readCycloneDX(b []byte) error {
	var doc struct {
		Serial   string `json:"serialNumber"`
		Version  int    `json:"version"`
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
	d.Version = []int{max(doc.Version, 1)}
	if len(doc.Metadata.Authors) > 0 && d.Author == "" {
		d.Author = doc.Metadata.Authors[0].Name
	}
	x := cdxNames{components: map[string][]string{}, serial: strings.ToLower(strings.TrimPrefix(doc.Serial, "urn:uuid:")), version: max(doc.Version, 1)}
	x.index(doc.Components)
	if root := doc.Metadata.Component; root != nil && root.isSomething() {
		x.index([]cdxComponent{*root})
		x.root, x.product = root, root.names()
		if len(x.product) == 0 {
			if len(doc.Vulnerabilities) == 0 {
				return nil
			}
			d.skip("the document is about the product %.100q, which has no identifier that could tell whether it is what is scanned: its statements hold for nothing", cmp.Or(strings.TrimSpace(root.Name+" "+root.Version), root.Ref))
			return nil
		}
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
			p, why := x.resolve(a.Ref)
			if why != "" {
				d.skip("%.100q affects %.200q, %s", v.ID, a.Ref, why)
			}
			if versions, ok := a.meant(status); ok && why == "" {
				restrict(&p, versions)
			}
			s.Products = append(s.Products, p)
		}
		d.add(s)
	}
	return nil
}

// cdxNames are the names of what a document describes.
type cdxNames struct {
	components map[string][]string // by bom-ref
	root       *cdxComponent       // the product that the document is about; nil for none
	product    []string            // its names
	serial     string              // of the document, without its scheme
	version    int
}

// resolve finds what a bom-ref, a purl or a BOM-Link names, and says why where nothing can be told. What is not the product of the document is a component of it,
// listed or not: the document was not written about other products.
func (x *cdxNames) resolve(ref string) (p Product, why string) {
	if rest, ok := strings.CutPrefix(ref, "urn:cdx:"); ok { // urn:cdx:serial/version#bom-ref
		link, fragment, _ := strings.Cut(rest, "#")
		serial, version, _ := strings.Cut(link, "/")
		if x.serial == "" || strings.ToLower(serial) != x.serial || version != strconv.Itoa(x.version) {
			return Product{}, "which is in another document: what that one describes cannot be told"
		}
		plain, err := url.PathUnescape(fragment)
		if err != nil {
			return Product{}, "which is no BOM-Link"
		}
		ref = plain
	}
	if x.root != nil && ref != "" && (ref == x.root.Ref || ref == x.root.PURL) {
		return Product{Names: x.product}, ""
	}
	names, ok := x.components[ref]
	switch {
	case ok && len(names) == 0:
		return Product{}, "which has no identifier"
	case !ok && (len(ref) > maxNameLength || !strings.HasPrefix(ref, "pkg:") && !strings.HasPrefix(ref, namespace)):
		return Product{}, "which the document does not list"
	case !ok:
		names = []string{ref}
	}
	if x.root == nil {
		return Product{Names: names}, ""
	}
	return Product{Names: x.product, Components: []Product{{Names: names}}}, ""
}

const maxDepth = 100

func (x *cdxNames) index(list []cdxComponent) {
	var walk func([]cdxComponent, int)
	walk = func(list []cdxComponent, depth int) {
		for i := range list {
			c := &list[i]
			if c.Ref != "" { // one of which nothing can be told is a component all the same: a statement about it holds for nothing
				x.components[c.Ref] = c.names()
			}
			if depth < maxDepth {
				walk(c.Components, depth+1)
			}
		}
	}
	walk(list, 0)
}

// isSomething says whether a component is told apart from others by anything.
func (c *cdxComponent) isSomething() bool {
	return c.Ref != "" || c.PURL != "" || c.CPE != "" || c.Name != "" || len(c.Hashes) > 0
}

// names are the identifiers of a component. Its name and version are one of containers only: anything may be an application called "shop".
func (c *cdxComponent) names() []string {
	all := []string{}
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
	all = append(all, c.ours()...)
	if len(all) == 0 && strings.HasPrefix(c.Ref, "pkg:") && len(c.Ref) <= maxNameLength {
		all = append(all, c.Ref)
	}
	return all
}

// ours are the names that an inventory which we wrote gives what was scanned, in its properties.
func (c *cdxComponent) ours() (names []string) {
	var kind artifact.Kind
	a := artifact.Artifact{Name: c.Name}
	for _, p := range c.Properties {
		switch p.Name {
		case "sightline:artifact:kind":
			kind = artifact.Kind(p.Value)
		case "sightline:artifact:reference":
			a.Reference = p.Value
		case "sightline:artifact:digest":
			a.Digest = p.Value
		case "sightline:artifact:image_id":
			a.ImageID = p.Value
		}
	}
	if kind == "" {
		return nil
	}
	a.Kind = kind
	id, _ := nameOf(&a)
	return []string{id}
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
	Properties []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"properties"`
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
