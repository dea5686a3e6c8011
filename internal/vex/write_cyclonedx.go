package vex

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
)

// Analysis is what CycloneDX 1.6 says of a vulnerability in a component ("vulnerabilities[].analysis").
type Analysis struct {
	State         string   `json:"state"`
	Justification string   `json:"justification,omitempty"`
	Response      []string `json:"response,omitempty"`
	Detail        string   `json:"detail,omitempty"`
}

// AnalysisOf says a suppressed match in CycloneDX's words. It is nil for what is counted on another package and so is said there.
func AnalysisOf(x *finding.Suppressed) *Analysis {
	s, ok := ofSuppressed(x)
	if !ok {
		return nil
	}
	return s.analysis()
}

func (s *stated) analysis() *Analysis {
	a := &Analysis{Detail: s.impact}
	switch s.status {
	case NotAffected:
		a.State = "not_affected"
		if s.mistaken {
			a.State = "false_positive"
		}
		if a.Justification = cdxWords[s.justification]; a.Justification == "" && s.justification != "" {
			a.Detail = strings.TrimSuffix(strings.ReplaceAll(s.justification, "_", " ")+": "+a.Detail, ": ") // CycloneDX has no such word
		}
	case Fixed:
		a.State = "resolved"
	case UnderInvestigation:
		a.State = "in_triage"
	default:
		a.State, a.Detail = "exploitable", cmp.Or(s.action, s.impact)
		switch {
		case s.wontFix:
			a.Response = []string{"will_not_fix"}
		case s.fixable:
			a.Response = []string{"update"}
		}
	}
	return a
}

// cdxWords are CycloneDX's justifications for OpenVEX's, where one says the same.
var cdxWords = map[string]string{
	CodeNotPresent: "code_not_present", CodeNotInExecutePath: "code_not_reachable", ComponentNotPresent: "requires_dependency",
	MitigationsAlreadyExist: "protected_by_mitigating_control",
}

// The parts of a CycloneDX 1.6 document that are written here, in the order of its JSON schema.
type (
	vexBOM struct {
		Schema          string             `json:"$schema"`
		Format          string             `json:"bomFormat"`
		Spec            string             `json:"specVersion"`
		Serial          string             `json:"serialNumber,omitempty"`
		Version         int                `json:"version"`
		Metadata        vexMetadata        `json:"metadata"`
		Components      []vexComponent     `json:"components"`
		Vulnerabilities []vexVulnerability `json:"vulnerabilities"`
	}
	vexMetadata struct {
		Timestamp string `json:"timestamp,omitempty"`
		Tools     struct {
			Components []vexComponent `json:"components"`
		} `json:"tools"`
		Authors   []vexSource  `json:"authors"`
		Component vexComponent `json:"component"`
	}
	vexComponent struct {
		Type    string    `json:"type"`
		Ref     string    `json:"bom-ref,omitempty"`
		Name    string    `json:"name"`
		Version string    `json:"version,omitempty"`
		Hashes  []vexHash `json:"hashes,omitempty"`
		PURL    string    `json:"purl,omitempty"`
	}
	vexHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	vexSource struct {
		Name string `json:"name"`
	}
	vexReference struct {
		ID     string    `json:"id"`
		Source vexSource `json:"source"`
	}
	vexVulnerability struct {
		Ref        string         `json:"bom-ref"`
		ID         string         `json:"id"`
		References []vexReference `json:"references,omitempty"`
		Analysis   *Analysis      `json:"analysis"`
		Affects    []vexAffects   `json:"affects"`
	}
	vexAffects struct {
		Ref string `json:"ref"`
	}
)

const maxVersion = 1024 // characters that CycloneDX's schema allows

// WriteCycloneDX writes what a result states as a CycloneDX 1.6 document of its own: what was scanned, the packages that something is stated of, by their purls, and each
// vulnerability with its analysis. Packages of one vulnerability that share an analysis share an entry.
func WriteCycloneDX(w io.Writer, r *finding.Result, author string, at time.Time) error {
	id, hashes := nameOf(&r.Artifact)
	root := vexComponent{Type: "application", Ref: id, Name: cmp.Or(r.Artifact.Name, "artifact")}
	if r.Artifact.Kind == artifact.Image {
		root.Type = "container"
	}
	if strings.HasPrefix(id, "pkg:") {
		root.PURL = id
	}
	if h := hashes["sha-256"]; len(h) == 64 {
		root.Hashes = []vexHash{{"SHA-256", h}}
	}
	bom := vexBOM{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", Spec: "1.6", Version: 1,
		Metadata:   vexMetadata{Authors: []vexSource{{author}}, Component: root},
		Components: []vexComponent{}, Vulnerabilities: []vexVulnerability{},
	}
	bom.Metadata.Tools.Components = []vexComponent{{Type: "application", Name: "sightline", Version: r.Run.Scanner}}
	components := map[string]bool{id: true}
	type key struct{ id, analysis string }
	entries, affects := map[key]int{}, map[string]bool{}
	for _, s := range statements(r) {
		a := s.analysis()
		k := key{s.id, a.State + "\x00" + a.Justification + "\x00" + strings.Join(a.Response, "\x00") + "\x00" + a.Detail}
		n, ok := entries[k]
		if !ok {
			n = len(bom.Vulnerabilities)
			entries[k] = n
			v := vexVulnerability{Ref: fmt.Sprintf("statement-%d", n+1), ID: s.id, Analysis: a}
			for _, alias := range s.aliases {
				publisher, _, _ := strings.Cut(alias, "-")
				v.References = append(v.References, vexReference{alias, vexSource{publisher}})
			}
			bom.Vulnerabilities = append(bom.Vulnerabilities, v)
		}
		ref := packageName(s.pkg.PURL, s.pkg.Name, s.pkg.Version)
		if !components[ref] {
			components[ref] = true
			c := vexComponent{Type: "library", Ref: ref, Name: s.pkg.Name, PURL: s.pkg.PURL}
			if len(s.pkg.Version) <= maxVersion {
				c.Version = s.pkg.Version
			}
			bom.Components = append(bom.Components, c)
		}
		if on := fmt.Sprint(n, " ", ref); !affects[on] {
			affects[on] = true
			bom.Vulnerabilities[n].Affects = append(bom.Vulnerabilities[n].Affects, vexAffects{ref})
		}
	}
	var content bytes.Buffer
	if err := json.NewEncoder(&content).Encode(&bom); err != nil {
		return fmt.Errorf("writing CycloneDX VEX: %w", err)
	}
	// The serial number names these contents, as a UUID of version 8 (RFC 9562, section 5.8); the time is not of them.
	sum := sha256.Sum256(content.Bytes())
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	bom.Serial = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
	if !at.IsZero() {
		bom.Metadata.Timestamp = at.UTC().Format(time.RFC3339)
	}
	return encode(w, &bom, "CycloneDX VEX")
}
