package sbom

import (
	"cmp"
	"encoding/json"
	"strings"
)

// spdx reads https://spdx.github.io/spdx-spec/v2.3/, Annex on JSON.
func (r *reader) spdx(b []byte) error {
	s := spdxReader{r: r}
	// The definitions of licences and what the document describes may stand behind the packages.
	for key, raw := range members(b) {
		switch key {
		case "spdxVersion":
			if err := r.supported(strings.TrimPrefix(text(raw), "SPDX-")); err != nil {
				return err
			}
		case "name":
			s.name = text(raw)
		case "hasExtractedLicensingInfos":
			for raw := range elements(raw) {
				var id, name, body string
				fields(raw, place{"licenseId", &id}, place{"name", &name}, place{"extractedText", &body})
				s.define(id, name, body)
			}
		case "documentDescribes":
			for raw := range elements(raw) {
				s.describes(text(raw))
			}
		case "relationships":
			for raw := range elements(raw) {
				var from, how, to string
				fields(raw, place{"spdxElementId", &from}, place{"relationshipType", &how}, place{"relatedSpdxElement", &to})
				s.relate(from, how, to)
			}
		}
	}
	for key, raw := range members(b) {
		if key != "packages" {
			continue
		}
		for raw := range elements(raw) {
			if err := s.add(spdxPackageOf(raw)); err != nil {
				return err
			}
		}
	}
	r.doc.Name = cmp.Or(r.doc.Name, s.name)
	return r.supported(r.doc.SpecVersion)
}

// spdxReader knows what packages refer to.
type spdxReader struct {
	r         *reader
	name      string
	licenses  map[string]string
	described map[string]bool
}

func (s *spdxReader) define(id, name, body string) {
	if s.licenses == nil {
		s.licenses = map[string]string{}
	}
	if name == noAssertion {
		name = ""
	}
	s.licenses[id] = cmp.Or(name, body, id)
}

func (s *spdxReader) describes(id string) {
	if s.described == nil {
		s.described = map[string]bool{}
	}
	s.described[id] = true
}

func (s *spdxReader) relate(from, how, to string) {
	switch {
	case how == "DESCRIBES" && from == spdxDocument:
		s.describes(to)
	case how == "DESCRIBED_BY" && to == spdxDocument:
		s.describes(from)
	}
}

// spdxItem is a package as it stands in a document, in JSON or tag-value text.
type spdxItem struct {
	component
	id       string
	declared string
}

// add takes a package in. The described thing is one of the packages; where it has a purl that is known it counts as one
// as well, for some tools describe all packages of a document.
func (s *spdxReader) add(p *spdxItem) error {
	switch {
	case p.facts["licenses"] != nil:
		if json.Unmarshal([]byte(p.facts.first("licenses")), &p.licenses) != nil {
			p.licenses = nil
		}
	case p.declared == "" || p.declared == noAssertion || p.declared == "NONE":
	case s.licenses[p.declared] != "":
		p.licenses = []string{s.licenses[p.declared]}
	default:
		p.licenses = []string{p.declared}
	}
	for _, e := range p.facts["evidence"] {
		var path, context string
		fields([]byte(e), place{"path", &path}, place{"context", &context})
		if path != "" && s.r.place() {
			p.evidence = append(p.evidence, evidenceOf(path, context))
		}
	}
	if s.described[p.id] {
		s.r.describe(&p.component)
		if p.purl == "" || strings.HasPrefix(p.purl, "pkg:oci/") || strings.HasPrefix(p.purl, "pkg:docker/") || strings.HasPrefix(p.purl, "pkg:generic/") {
			return nil
		}
	}
	return s.r.add(&p.component)
}

func spdxPackageOf(b []byte) *spdxItem {
	p := &spdxItem{}
	for key, raw := range members(b) {
		switch key {
		case "SPDXID":
			p.id = text(raw)
		case "name":
			p.name = text(raw)
		case "versionInfo":
			p.version = text(raw)
		case "primaryPackagePurpose":
			p.purpose(text(raw))
		case "licenseDeclared":
			p.declared = text(raw)
		case "sourceInfo":
			p.sourceInfo(text(raw))
		case "externalRefs":
			for raw := range elements(raw) {
				var kind, locator string
				fields(raw, place{"referenceType", &kind}, place{"referenceLocator", &locator})
				p.reference(kind, locator)
			}
		case "annotations":
			for raw := range elements(raw) {
				var comment string
				fields(raw, place{"comment", &comment})
				p.annotation(comment)
			}
		case "attributionTexts":
			for raw := range elements(raw) {
				p.annotation(text(raw))
			}
		}
	}
	return p
}

func (p *spdxItem) purpose(s string) {
	p.kind = strings.ToLower(strings.ReplaceAll(s, "_", "-"))
}

// reference takes the purl; of several the first counts.
func (p *spdxItem) reference(kind, locator string) {
	if (kind == "purl" || strings.HasSuffix(kind, "#purl") || strings.HasSuffix(kind, "/purl")) && p.purl == "" {
		p.purl = locator
	}
}

// sourceInfo understands how Trivy names the source package, and so do we.
func (p *spdxItem) sourceInfo(s string) {
	if rest, ok := strings.CutPrefix(s, "built package from: "); ok && !strings.Contains(s, "\n") {
		name, version, _ := strings.Cut(rest, " ")
		p.facts.add("aquasecurity:trivy:SrcName", name)
		p.facts.add("aquasecurity:trivy:SrcVersion", version)
	}
}

// annotation reads our own, a list of properties, and Trivy's, "Key: value".
func (p *spdxItem) annotation(s string) {
	if rest, ok := strings.CutPrefix(s, prefix); ok {
		cycloneDXProperties([]byte(rest), &p.facts)
		return
	}
	if key, value, ok := strings.Cut(s, ": "); ok && !strings.ContainsAny(key, " \n") {
		p.facts.add("aquasecurity:trivy:"+key, value)
	}
}
