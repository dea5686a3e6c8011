package vex_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/vex"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// TestCycloneDXOfAnotherProduct: a document about a product says nothing of the same package elsewhere, and what cannot be told is told.
func TestCycloneDXOfAnotherProduct(t *testing.T) {
	t.Parallel()
	const (
		lodash = "pkg:npm/lodash@4.17.15"
		listed = `"components":[{"bom-ref":"c1","type":"library","name":"lodash","purl":"` + lodash + `"}],`
		serial = "3e671687-395b-41f5-a30f-a58921a69b79"
	)
	for name, tt := range map[string]struct {
		root, ref   string
		holds, told bool
	}{
		"no product":                           {"", "c1", true, false},
		"no product, a purl":                   {"", "pkg:npm/lodash", true, false},
		"no product, a purl's BOM-Link":        {"", "urn:cdx:" + serial + "/2#" + strings.Replace(lodash, "@", "%40", 1), true, false},
		"no product, nothing that is listed":   {"", "registry.example.com/shop/api:1.4", false, true},
		"no product, a BOM-Link to others":     {"", "urn:cdx:11111111-395b-41f5-a30f-a58921a69b79/1#" + lodash, false, true},
		"no product, a BOM-Link to before":     {"", "urn:cdx:" + serial + "/1#c1", false, true},
		"a product that is nothing":            {`{"type":"application","name":""}`, "c1", true, false},
		"a purl without bom-ref":               {`{"type":"container","name":"o","purl":"pkg:oci/other@sha256:00"}`, "c1", false, false},
		"a purl, not listed":                   {`{"type":"container","name":"o","bom-ref":"r","purl":"pkg:oci/other@sha256:00"}`, lodash, false, false},
		"an application with name and version": {`{"type":"application","name":"Product A","version":"1","bom-ref":"r"}`, "c1", false, true},
		"an application with a name":           {`{"type":"application","name":"Product A"}`, lodash, false, true},
		"an application with bom-ref":          {`{"type":"application","name":"","bom-ref":"z"}`, "c1", false, true},
		"an application with a CPE":            {`{"type":"application","name":"A","cpe":"cpe:2.3:a:v:p:1:*:*:*:*:*:*:*"}`, "c1", false, false},
		"the software that has it":             {`{"type":"application","name":"shop","bom-ref":"r","purl":"pkg:npm/shop@1"}`, lodash, false, false},
		"this image":                           {`{"type":"container","name":"registry.example.com/shop/api","version":"1.4"}`, "c1", true, false},
		"this image, not listed":               {`{"type":"container","name":"x","purl":"pkg:oci/api@` + digest + `"}`, "pkg:npm/lodash", true, false},
		"this image, by BOM-Link":              {`{"type":"container","name":"x","version":"` + digest + `"}`, "urn:cdx:" + serial + "/2#c1", true, false},
		"this image itself":                    {`{"type":"container","bom-ref":"r","name":"x","version":"` + digest + `"}`, "r", true, false},
		"this image, BOM-Link to others":       {`{"type":"container","name":"x","version":"` + digest + `"}`, "urn:cdx:11111111-395b-41f5-a30f-a58921a69b79/1#" + lodash, false, true},
		"another image itself":                 {`{"type":"container","bom-ref":"r","name":"other"}`, "r", false, false},
		"an application of the image's name":   {`{"type":"application","bom-ref":"r","name":"registry.example.com/shop/api:1.4"}`, "r", false, true},
	} {
		metadata := ""
		if tt.root != "" {
			metadata = `"metadata":{"component":` + tt.root + `},`
		}
		d := read(t, `{"bomFormat":"CycloneDX","version":2,"serialNumber":"urn:uuid:`+strings.ToUpper(serial)+`",`+metadata+listed+`"vulnerabilities":[{"id":"CVE-1","analysis":{"state":"not_affected"},"affects":[{"ref":"`+tt.ref+`"}]}]}`)
		s := vex.NewJudge([]*vex.Document{d}, &shop, nil, time.Time{}).Statement(&inventory.Package{PURL: lodash}, &vuln.Vulnerability{ID: "CVE-1"})
		if vex.Suppresses(s) != tt.holds {
			t.Errorf("%s: holds %v: %+v", name, !tt.holds, s)
		}
		if told := len(d.Skipped) > 0; told != tt.told {
			t.Errorf("%s: told %q", name, d.Skipped)
		}
	}
}

// TestAnInventoryOfOursNamesWhatWasScanned: not every directory is the application of its name, but the root of an inventory that we wrote says what it was.
func TestAnInventoryOfOursNamesWhatWasScanned(t *testing.T) {
	t.Parallel()
	const doc = `{"bomFormat":"CycloneDX","metadata":{"component":{"type":"application","bom-ref":"artifact","name":"src/shop","properties":[{"name":"sightline:artifact:kind","value":"directory"}]}},
"vulnerabilities":[{"id":"CVE-1","analysis":{"state":"not_affected"},"affects":[{"ref":"pkg:npm/a@1"}]}]}`
	for _, tt := range []struct {
		doc  string
		a    artifact.Artifact
		want bool
	}{
		{doc, artifact.Artifact{Kind: artifact.Directory, Name: "src/shop"}, true},
		{doc, artifact.Artifact{Kind: artifact.Directory, Name: "src/other"}, false},
		{doc, artifact.Artifact{Kind: artifact.Image, Name: "src/shop"}, false},
		{strings.Replace(doc, "sightline:", "other:", 1), artifact.Artifact{Kind: artifact.Directory, Name: "src/shop"}, false},
	} {
		s := vex.NewJudge([]*vex.Document{read(t, tt.doc)}, &tt.a, nil, time.Time{}).Statement(&inventory.Package{PURL: "pkg:npm/a@1"}, &vuln.Vulnerability{ID: "CVE-1"})
		if vex.Suppresses(s) != tt.want {
			t.Errorf("%s %s: %+v", tt.a.Kind, tt.a.Name, s)
		}
	}
}
