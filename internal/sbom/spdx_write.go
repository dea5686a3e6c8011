package sbom

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/license"
)

// namespace is where our document names live; nothing answers there, as the specification allows (6.5).
const namespace = "https://github.com/sightline-sec/sightline/spdx/"

// WriteSPDX writes the packages of a result as SPDX 2.3 JSON. SPDX 2 has no place for vulnerabilities. The creation
// time and the dates of annotations are the start of the run; the document's namespace is made of the contents.
func WriteSPDX(w io.Writer, r *finding.Result) error {
	s := spdxWriter{
		annotator: strings.TrimSuffix("Tool: sightline-"+word(strings.TrimPrefix(r.Run.Scanner, "sightline ")), "-"),
		refs:      newRefs(len(r.Packages), "-"),
		licenses:  map[string]string{}, texts: map[string]string{},
	}
	s.bom = spdxBOM{
		SPDXVersion: "SPDX-2.3", DataLicense: "CC0-1.0", SPDXID: spdxDocument, Name: cmp.Or(r.Artifact.Name, "artifact"),
		CreationInfo: spdxCreation{Creators: []string{s.annotator}, LicenseListVersion: "3.17"},
		Packages:     make([]spdxPackage, 0, len(r.Packages)+len(r.RemovedPackages)+2),
	}
	s.subject(r)
	for i := range r.Packages {
		s.add(&r.Packages[i])
	}
	for i := range r.RemovedPackages {
		s.add(&r.RemovedPackages[i])
	}
	slices.SortFunc(s.bom.Licenses, func(a, b spdxLicense) int { return cmp.Compare(a.ID, b.ID) })

	// The namespace names these contents: it is made from all but the times.
	var content bytes.Buffer
	if err := encode(&content, &s.bom); err != nil {
		return fmt.Errorf("writing SPDX: %w", err)
	}
	s.bom.Namespace = namespace + cmp.Or(word(cut(r.Artifact.Name, 100)), "artifact") + "-" + uuid(content.Bytes())
	s.date(r.Run.StartedAt)
	if err := encode(w, &s.bom); err != nil {
		return fmt.Errorf("writing SPDX: %w", err)
	}
	return nil
}

type spdxWriter struct {
	bom       spdxBOM
	annotator string
	refs      *refs
	licenses  map[string]string // what is no SPDX expression -> LicenseRef
	texts     map[string]string // and back
	root      string
}

func (s *spdxWriter) relate(from, how, to string) {
	s.bom.Relations = append(s.bom.Relations, spdxRelationship{from, how, to})
}

// subject adds the described artifact, and its distribution.
func (s *spdxWriter) subject(r *finding.Result) {
	a := &r.Artifact
	s.root = s.refs.unique("SPDXRef-Artifact")
	p := spdxPackage{
		SPDXID: s.root, Name: cmp.Or(a.Name, "artifact"), Version: a.Digest, Purpose: "OTHER",
		DownloadLocation: noAssertion, LicenseConcluded: noAssertion, LicenseDeclared: noAssertion, CopyrightText: noAssertion,
		Annotations: s.annotate(artifactProperties(a, r.Distro)),
	}
	switch a.Kind {
	case artifact.Image:
		p.Purpose = "CONTAINER"
	case artifact.Directory:
		p.Purpose = "SOURCE"
	}
	s.bom.Packages = append(s.bom.Packages, p)
	s.relate(spdxDocument, "DESCRIBES", s.root)
	if d := r.Distro; d != nil {
		system := spdxPackage{
			SPDXID: s.refs.unique("SPDXRef-OperatingSystem-" + word(d.ID)), Name: d.ID, Version: d.VersionID,
			Purpose: "OPERATING_SYSTEM", DownloadLocation: noAssertion,
			LicenseConcluded: noAssertion, LicenseDeclared: noAssertion, CopyrightText: noAssertion,
		}
		s.bom.Packages = append(s.bom.Packages, system)
		s.relate(s.root, "CONTAINS", system.SPDXID)
	}
}

func (s *spdxWriter) add(p *inventory.Package) {
	id, _ := identify(p.PURL)
	props := packageProperties(p, id)
	spaced := strings.ContainsFunc(p.PURL, unicode.IsSpace) // which a locator must not be
	if spaced {
		props.add("purl", p.PURL)
	}
	for _, e := range p.Evidence {
		b, _ := json.Marshal(spdxEvidence{e.Path, evidenceContext(e)}) // strings: cannot fail
		props.add("evidence", string(b))
	}
	declared := s.license(p.Licenses)
	if !slices.Equal(s.undeclared(declared), p.Licenses) {
		b, _ := json.Marshal(p.Licenses)
		props.add("licenses", string(b))
	}
	sum := sha256.Sum256([]byte(p.PURL + "\x00" + p.Name + "\x00" + p.Version))
	out := spdxPackage{
		SPDXID:  s.refs.unique("SPDXRef-Package-" + word(cut(p.Name, 60)) + "-" + hex.EncodeToString(sum[:6])),
		Name:    cmp.Or(p.Name, "package"),
		Version: p.Version, Purpose: "LIBRARY", DownloadLocation: noAssertion,
		LicenseConcluded: noAssertion, LicenseDeclared: declared, CopyrightText: noAssertion,
		Annotations: s.annotate(props),
	}
	if p.Source != nil {
		out.SourceInfo = "built package from: " + p.Source.Name + " " + p.Source.Version
	}
	if p.PURL != "" && !spaced {
		out.ExternalRefs = []spdxReference{{"PACKAGE-MANAGER", "purl", p.PURL}}
	}
	s.bom.Packages = append(s.bom.Packages, out)
	s.relate(s.root, "CONTAINS", out.SPDXID)
}

type spdxEvidence struct {
	Path    string `json:"path"`
	Context string `json:"context"`
}

// annotate puts properties into one annotation.
func (s *spdxWriter) annotate(p properties) []spdxAnnotation {
	if len(p) == 0 {
		return nil
	}
	b, _ := json.Marshal(p) // strings: cannot fail
	return []spdxAnnotation{{Annotator: s.annotator, Type: "OTHER", Comment: prefix + string(b)}}
}

// date puts the time everywhere where one is demanded.
func (s *spdxWriter) date(t time.Time) {
	at := timestamp(t)
	s.bom.CreationInfo.Created = at
	for i := range s.bom.Packages {
		for j := range s.bom.Packages[i].Annotations {
			s.bom.Packages[i].Annotations[j].Date = at
		}
	}
}

// license makes one expression of all licences. What is none itself becomes a reference that the document defines.
func (s *spdxWriter) license(list []string) string {
	var parts []string
	for _, l := range list {
		switch {
		case l == "":
		case license.IsExpression(l):
			if len(list) > 1 && strings.Contains(l, " OR ") {
				l = "(" + l + ")"
			}
			parts = append(parts, l)
		default:
			parts = append(parts, s.reference(l))
		}
	}
	if len(parts) == 0 {
		return noAssertion
	}
	return strings.Join(parts, " AND ")
}

func (s *spdxWriter) reference(license string) string {
	id := s.licenses[license]
	if id == "" {
		sum := sha256.Sum256([]byte(license))
		id = "LicenseRef-" + hex.EncodeToString(sum[:8])
		s.licenses[license], s.texts[id] = id, license
		s.bom.Licenses = append(s.bom.Licenses, spdxLicense{ID: id, Text: license, Name: license})
	}
	return id
}

// undeclared is what a reader makes of a declared licence.
func (s *spdxWriter) undeclared(declared string) []string {
	if declared == noAssertion {
		return nil
	}
	return []string{cmp.Or(s.texts[declared], declared)}
}

// word makes a string into one that may stand in ids and names of tools: letters, digits, "." and "-".
func word(s string) string {
	return strings.Trim(strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-':
			return c
		}
		return '-'
	}, s), "-")
}
