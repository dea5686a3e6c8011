package sbom

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/license"
	"github.com/sightline-sec/sightline/internal/purl"
)

// maxVersion is the longest version that the schema of CycloneDX allows; longer ones go whole into a property.
const maxVersion = 1024

// WriteCycloneDX writes the packages and vulnerabilities of a result as CycloneDX 1.6 JSON. Packages that a layer
// removed have the scope "excluded". The timestamp is the start of the run; the serial number is made of the contents.
// With suppressed, matches that do not count are vulnerabilities as well, each with the analysis that says why.
func WriteCycloneDX(w io.Writer, r *finding.Result, suppressed bool) error {
	refs := newRefs(len(r.Packages), "#")
	bom := cdxBOM{
		Schema: cycloneDXSchema, BOMFormat: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: cdxMetadata{
			Tools: cdxTools{Components: []cdxComponent{{
				Type: "application", Name: "sightline", Version: cut(r.Run.Scanner, maxVersion-3),
			}}},
			Component: cdxSubject(r, refs),
		},
		Components: make([]cdxComponent, 0, len(r.Packages)+len(r.RemovedPackages)+1),
	}
	if d := r.Distro; d != nil {
		bom.Components = append(bom.Components, cdxComponent{
			Type: "operating-system", BOMRef: refs.unique("os:" + d.ID), Name: d.ID, Version: cut(d.VersionID, maxVersion-3),
		})
	}
	for i := range r.Packages {
		c := cdxPackage(&r.Packages[i], refs)
		refs.learn(&r.Packages[i], c.BOMRef)
		bom.Components = append(bom.Components, c)
	}
	for i := range r.RemovedPackages {
		c := cdxPackage(&r.RemovedPackages[i], refs)
		c.Scope = "excluded"
		bom.Components = append(bom.Components, c)
	}
	bom.Vulnerabilities = cdxVulnerabilities(r.Findings, refs)
	if suppressed {
		bom.Vulnerabilities = append(bom.Vulnerabilities, cdxSuppressed(r, refs)...)
	}

	// The serial number names these contents: it is made from all but the time.
	var content bytes.Buffer
	if err := encode(&content, &bom); err != nil {
		return fmt.Errorf("writing CycloneDX: %w", err)
	}
	bom.SerialNumber = "urn:uuid:" + uuid(content.Bytes())
	if !r.Run.StartedAt.IsZero() {
		bom.Metadata.Timestamp = timestamp(r.Run.StartedAt)
	}
	if err := encode(w, &bom); err != nil {
		return fmt.Errorf("writing CycloneDX: %w", err)
	}
	return nil
}

// cdxSubject describes what was scanned.
func cdxSubject(r *finding.Result, refs *refs) cdxComponent {
	a := &r.Artifact
	c := cdxComponent{
		Type: "file", BOMRef: refs.unique("artifact"), Name: a.Name, Version: cut(a.Digest, maxVersion-3),
		Properties: artifactProperties(a, r.Distro),
	}
	switch a.Kind {
	case artifact.Image:
		c.Type = "container"
	case artifact.RootFS:
		c.Type = "operating-system"
	case artifact.Directory:
		c.Type = "application"
	}
	return c
}

func cdxPackage(p *inventory.Package, refs *refs) cdxComponent {
	id, _ := identify(p.PURL) // where it is no purl, the properties say all
	c := cdxComponent{
		Type: "library", BOMRef: refs.unique(cmp.Or(p.PURL, "package")), Name: p.Name, Version: p.Version, PURL: p.PURL,
		Licenses: cdxLicenses(p.Licenses), Properties: packageProperties(p, id),
	}
	switch p.Ecosystem {
	case purl.NPM, purl.Packagist:
		if group, name, ok := strings.Cut(p.Name, "/"); ok {
			c.Group, c.Name = group, name
		}
	case purl.Maven:
		if group, name, ok := strings.Cut(p.Name, ":"); ok {
			c.Group, c.Name = group, name
		}
	}
	if utf8.RuneCountInString(p.Version) > maxVersion {
		c.Version = cut(p.Version, maxVersion-3)
		c.Properties.add("version", p.Version)
	}
	if len(p.Evidence) > 0 {
		c.Evidence = &cdxEvidence{Occurrences: make([]cdxOccurrence, 0, len(p.Evidence))}
		for _, e := range p.Evidence {
			c.Evidence.Occurrences = append(c.Evidence.Occurrences, cdxOccurrence{Location: e.Path, AdditionalContext: evidenceContext(e)})
		}
	}
	return c
}

// cdxLicenses writes one expression as such; else ids of the SPDX list as ids and the rest as names, for the format
// allows no expression beside others.
func cdxLicenses(list []string) []cdxLicense {
	if len(list) == 1 && !license.IsID(list[0]) && license.IsExpression(list[0]) {
		return []cdxLicense{{Expression: list[0]}}
	}
	var out []cdxLicense
	for _, l := range list {
		switch {
		case l == "":
		case license.IsID(l) && !license.IsException(l):
			out = append(out, cdxLicense{License: &cdxLicenseName{ID: l}})
		default:
			out = append(out, cdxLicense{License: &cdxLicenseName{Name: l}})
		}
	}
	return out
}

// refs gives out the ids by which parts of a document are referred to.
type refs struct {
	mark  string // before the number of one that was given out before
	used  map[string]int
	known map[string]string // package key -> ref
}

func newRefs(packages int, mark string) *refs {
	return &refs{mark: mark, used: make(map[string]int, packages), known: make(map[string]string, packages)}
}

// unique makes the id one that was not given out before.
func (r *refs) unique(id string) string {
	for {
		n := r.used[id] + 1
		r.used[id] = n
		if n == 1 {
			return id
		}
		id += r.mark + strconv.Itoa(n)
	}
}

func (r *refs) learn(p *inventory.Package, ref string) {
	paths := make([]string, 0, len(p.Evidence))
	for _, e := range p.Evidence {
		if n := len(paths); n == 0 || paths[n-1] != e.Path {
			paths = append(paths, e.Path)
		}
	}
	for _, key := range packageKeys(p.PURL, p.Name, p.Version, paths, p.Layer) {
		if _, ok := r.known[key]; !ok {
			r.known[key] = ref
		}
	}
}

// of finds the component of a finding's package: the same package may be installed in several places.
func (r *refs) of(p *finding.Package, layer *artifact.LayerRef) string {
	for _, key := range packageKeys(p.PURL, p.Name, p.Version, p.Paths, layer) {
		if ref := r.known[key]; ref != "" {
			return ref
		}
	}
	return ""
}

// packageKeys are keys of a package, the most telling first.
func packageKeys(purl, name, version string, paths []string, layer *artifact.LayerRef) [2]string {
	short := purl + "\x00" + name + "\x00" + version
	index := ""
	if layer != nil {
		index = strconv.Itoa(layer.Index)
	}
	return [2]string{short + "\x00" + index + "\x00" + strings.Join(paths, "\x00"), short}
}

// uuid makes a UUID of version 8 (RFC 9562, section 5.8) of contents.
func uuid(content []byte) string {
	sum := sha256.Sum256(content)
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
