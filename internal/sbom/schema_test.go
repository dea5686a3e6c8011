package sbom_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/sbom"
	"github.com/sightline-sec/sightline/internal/sbom/sbomtest"
	"github.com/sightline-sec/sightline/internal/vex"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// cycloneDXSchemas is the folder of the official schemas in the module that carries them.
func cycloneDXSchemas(t testing.TB) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil || len(bytes.TrimSpace(out)) == 0 {
		t.Fatalf("finding the module with the CycloneDX schemas: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "schema")
}

func compile(t testing.TB, main string, others map[string]string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for url, file := range others {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(url, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile(main)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t testing.TB, s *jsonschema.Schema, b []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("not valid: %.3000v", err)
	}
}

func cycloneDXSchema(t testing.TB) *jsonschema.Schema {
	dir := cycloneDXSchemas(t)
	const at = "http://cyclonedx.org/schema/"
	return compile(t, at+"bom-1.6.schema.json", map[string]string{
		at + "bom-1.6.schema.json":  filepath.Join(dir, "bom-1.6.schema.json"),
		at + "spdx.schema.json":     filepath.Join(dir, "spdx.schema.json"),
		at + "jsf-0.82.schema.json": filepath.Join(dir, "jsf-0.82.schemax.json"),
	})
}

func spdxSchema(t testing.TB) *jsonschema.Schema {
	return compile(t, "http://spdx.org/rdf/terms/2.3", map[string]string{"http://spdx.org/rdf/terms/2.3": "testdata/schema/spdx-schema-2.3.json"})
}

// results are what is written in these tests.
func results() map[string]*finding.Result {
	noDistro := sbomtest.Result("x")
	noDistro.Distro, noDistro.Artifact.Layers, noDistro.Findings = nil, nil, nil
	return map[string]*finding.Result{
		"rich":       sbomtest.Result(sbomtest.Hostile),
		"long names": sbomtest.Result(sbomtest.Long()),
		"large":      sbomtest.Large(500),
		"empty":      {},
		"bare":       noDistro,
	}
}

func TestWrittenDocumentsAreValid(t *testing.T) {
	t.Parallel()
	cyclonedx, spdx := cycloneDXSchema(t), spdxSchema(t)
	for name, r := range results() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			validate(t, cyclonedx, write(t, sbom.CycloneDX, r))
			validate(t, spdx, write(t, sbom.SPDX, r))
			var all, alone bytes.Buffer
			if err := errors.Join(sbom.WriteCycloneDX(&all, r, true), vex.WriteCycloneDX(&alone, r, "shop", time.Now())); err != nil {
				t.Fatal(err)
			}
			validate(t, cyclonedx, all.Bytes())
			validate(t, cyclonedx, alone.Bytes())
		})
	}
}

// TestSuppressedCarryTheirAnalysis: matches that do not count are in the document on demand only, each says why, and read as VEX they are suppressed again.
func TestSuppressedCarryTheirAnalysis(t *testing.T) {
	t.Parallel()
	r := sbomtest.Result("x")
	for i, reason := range []string{finding.DistroFixed, finding.OtherModule} {
		r.Suppressed[i].Reason = reason
	}
	counted := r.Suppressed[0]
	counted.Reason, counted.Vulnerability = finding.DistroAffected, "CVE-0"
	r.Suppressed = append(r.Suppressed, counted)
	if b := write(t, sbom.CycloneDX, r); bytes.Contains(b, []byte(`"analysis"`)) {
		t.Error("suppressed matches in a document that was not to have them")
	}
	var b bytes.Buffer
	if err := sbom.WriteCycloneDX(&b, r, true); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Vulnerabilities []struct {
			ID       string
			Analysis *vex.Analysis
			Affects  []struct{ Ref string }
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range doc.Vulnerabilities {
		if v.Analysis != nil {
			got = append(got, strings.Join([]string{v.ID, v.Analysis.State, v.Analysis.Justification, v.Analysis.Detail, v.Affects[0].Ref}, "|"))
		}
	}
	want := []string{
		"CVE-2023-32681|resolved||python3-requests owns the files; Debian says fixed|pkg:pypi/requests@2.28.1",
		"x|false_positive||x|" + r.Suppressed[1].Package.PURL,
		"CVE-2023-44487|not_affected|code_not_present|HTTP/2 is off|pkg:generic/nginx@1.25.3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d, err := vex.Read(b.Bytes(), "bom.json")
	if err != nil {
		t.Fatal(err)
	}
	judge := vex.NewJudge([]*vex.Document{d}, &r.Artifact, r.Distro, time.Time{})
	for _, s := range r.Suppressed {
		p := &inventory.Package{Name: s.Package.Name, Version: s.Package.Version, PURL: s.Package.PURL}
		if len(p.Version) > 1024 {
			continue // which the document cannot write
		}
		if got := vex.Suppresses(judge.Statement(p, &vuln.Vulnerability{ID: s.Vulnerability})); got != (s.Reason != finding.DistroAffected) {
			t.Errorf("%s of %s: suppressed %v", s.Vulnerability, p.PURL, got)
		}
	}
}

func TestInvalidDocumentsAreSeen(t *testing.T) { // that the schemas do not accept everything
	t.Parallel()
	for format, s := range map[string]*jsonschema.Schema{sbom.CycloneDX: cycloneDXSchema(t), sbom.SPDX: spdxSchema(t)} {
		var doc map[string]any
		if err := json.Unmarshal(write(t, format, sbomtest.Result("x")), &doc); err != nil {
			t.Fatal(err)
		}
		doc["surprise"] = true
		if s.Validate(doc) == nil {
			t.Errorf("%s: an unknown key was accepted", format)
		}
	}
}

var spdxID = regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`)

// References inside a SPDX document must lead somewhere, and ids be unique; the schema does not look at that.
func TestSPDXHoldsTogether(t *testing.T) {
	t.Parallel()
	for name, r := range results() {
		var doc struct {
			Packages []struct {
				SPDXID          string
				LicenseDeclared string
			}
			HasExtractedLicensingInfos []struct{ LicenseID string }
			Relationships              []struct{ SPDXElementID, RelatedSPDXElement string }
		}
		if err := json.Unmarshal(write(t, sbom.SPDX, r), &doc); err != nil {
			t.Fatal(err)
		}
		ids, licenses := []string{"SPDXRef-DOCUMENT"}, []string{}
		for _, p := range doc.Packages {
			if slices.Contains(ids, p.SPDXID) || !spdxID.MatchString(p.SPDXID) {
				t.Errorf("%s: id %q is not unique or not an id", name, p.SPDXID)
			}
			ids = append(ids, p.SPDXID)
		}
		for _, l := range doc.HasExtractedLicensingInfos {
			licenses = append(licenses, l.LicenseID)
		}
		for _, p := range doc.Packages {
			for _, word := range strings.FieldsFunc(p.LicenseDeclared, func(c rune) bool { return strings.ContainsRune(" ()", c) }) {
				if strings.HasPrefix(word, "LicenseRef-") && !slices.Contains(licenses, word) {
					t.Errorf("%s: licence %s is not defined", name, word)
				}
			}
		}
		for _, rel := range doc.Relationships {
			if !slices.Contains(ids, rel.SPDXElementID) || !slices.Contains(ids, rel.RelatedSPDXElement) {
				t.Errorf("%s: relationship of nothing: %v", name, rel)
			}
		}
		if want := len(doc.Packages); want > 0 && len(doc.Relationships) != want {
			t.Errorf("%s: %d relationships of %d packages", name, len(doc.Relationships), want)
		}
	}
}

// What vulnerabilities affect must be a component of the document.
func TestCycloneDXAffectsComponents(t *testing.T) {
	t.Parallel()
	for name, r := range results() {
		var doc struct {
			Components []struct {
				Ref     string `json:"bom-ref"`
				Version string
			}
			Vulnerabilities []struct{ Affects []struct{ Ref string } }
		}
		if err := json.Unmarshal(write(t, sbom.CycloneDX, r), &doc); err != nil {
			t.Fatal(err)
		}
		refs := map[string]bool{}
		for _, c := range doc.Components {
			if refs[c.Ref] {
				t.Errorf("%s: bom-ref %.100q twice", name, c.Ref)
			}
			refs[c.Ref] = true
		}
		n := 0
		for _, v := range doc.Vulnerabilities {
			for _, a := range v.Affects {
				n++
				if !refs[a.Ref] {
					t.Errorf("%s: affects %.100q, which is no component", name, a.Ref)
				}
			}
		}
		if n != len(r.Findings) {
			t.Errorf("%s: %d affected components, %d findings", name, n, len(r.Findings))
		}
	}
}

func write(t testing.TB, format string, r *finding.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	if format == sbom.CycloneDX {
		err = sbom.WriteCycloneDX(&b, r, false)
	} else {
		err = sbom.WriteSPDX(&b, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
