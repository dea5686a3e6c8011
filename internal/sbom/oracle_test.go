package sbom_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/tagvalue"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/sbom"
	"github.com/sightline-sec/sightline/internal/sbom/sbomtest"
)

// The libraries of the two projects read what we write, and write what we read: they know their formats by themselves.

func stated(r *finding.Result) []inventory.Package {
	list := slices.Clone(r.Packages)
	for i := range list {
		list[i].Stated = true
	}
	return list
}

func TestCycloneDXLibraryAgrees(t *testing.T) {
	t.Parallel()
	r := sbomtest.Result("@scope/name")
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(write(t, sbom.CycloneDX, r)), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, c := range *bom.Components {
		if c.PackageURL != "" && c.Scope != cyclonedx.ScopeExcluded {
			got = append(got, c.PackageURL)
		}
	}
	for _, p := range r.Packages {
		want = append(want, p.PURL)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("purls (-want +got):\n%s", diff)
	}
	if n := len(*bom.Vulnerabilities); n != len(r.Findings)-1 { // one is in two packages
		t.Errorf("%d vulnerabilities of %d findings", n, len(r.Findings))
	}

	for _, version := range []cyclonedx.SpecVersion{cyclonedx.SpecVersion1_6, cyclonedx.SpecVersion1_5} {
		var x bytes.Buffer
		if err := cyclonedx.NewBOMEncoder(&x, cyclonedx.BOMFileFormatXML).EncodeVersion(&bom, version); err != nil {
			t.Fatal(err)
		}
		doc := read(t, x.Bytes())
		if diff := cmp.Diff(stated(r), doc.Inventory.Packages); diff != "" && version == cyclonedx.SpecVersion1_6 {
			t.Errorf("XML %s (-want +got):\n%s", version, diff)
		}
		if len(doc.Inventory.Packages) != len(r.Packages) || doc.SpecVersion != version.String() {
			t.Errorf("XML %s: %d packages, version %s", version, len(doc.Inventory.Packages), doc.SpecVersion)
		}
	}
}

func TestSPDXLibraryAgrees(t *testing.T) {
	t.Parallel()
	r := sbomtest.Result("@scope/name")
	doc, err := spdxjson.Read(bytes.NewReader(write(t, sbom.SPDX, r)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, p := range doc.Packages {
		for _, ref := range p.PackageExternalReferences {
			got[ref.Locator] = true
		}
	}
	for _, p := range append(slices.Clone(r.Packages), r.RemovedPackages...) {
		if !got[p.PURL] {
			t.Errorf("the library does not find %s", p.PURL)
		}
	}
	// The library writes annotations of packages into JSON only, so that of the tag-value text we get less back.
	var tv bytes.Buffer
	if err := tagvalue.Write(doc, &tv); err != nil {
		t.Fatal(err)
	}
	again := read(t, tv.Bytes())
	for _, p := range again.Inventory.Packages {
		if !slices.ContainsFunc(r.Packages, func(q inventory.Package) bool { return q.PURL == p.PURL && q.Version == p.Version }) &&
			!slices.ContainsFunc(r.RemovedPackages, func(q inventory.Package) bool { return q.PURL == p.PURL }) {
			t.Errorf("tag-value: %s %s is not in the result", p.PURL, p.Version)
		}
	}
	if n, want := len(again.Inventory.Packages), len(r.Packages); n < want {
		t.Errorf("tag-value: %d packages, want at least %d", n, want)
	}
}
