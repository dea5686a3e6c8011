package stated_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/stated"
)

// bitnami is put together by hand in the form of the files beside Bitnami's components.
const bitnami = `{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"SPDX document for NGINX 1.25.3",
"creationInfo":{"created":"2023-10-24T15:23:21.000Z","creators":["Organization: VMware, Inc."]},
"packages":[{"SPDXID":"SPDXRef-nginx","name":"nginx","versionInfo":"1.25.3","licenseConcluded":"BSD-2-Clause","licenseDeclared":"BSD-2-Clause","downloadLocation":"NOASSERTION","supplier":"Organization: VMware, Inc.",
"externalRefs":[{"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:*:F5:nginx:1.25.3:*:*:*:*:*:*:*"},{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:bitnami/nginx@1.25.3-1?arch=amd64&distro=debian-11"}]}]}`

const buildpack = `{"bomFormat":"CycloneDX","specVersion":"1.4","metadata":{"tools":[{"vendor":"paketo","name":"syft","version":"0.9"}]},
"components":[{"type":"library","name":"express","version":"4.18.2","purl":"pkg:npm/express@4.18.2"},{"type":"library","name":"nothing known"}]}`

func read(t testing.TB, path, content string) (*extract.Facts, error) {
	t.Helper()
	var facts extract.Facts
	err := stated.Extractors()[0].Extract(t.Context(), extract.NewFile(path, []byte(content), 0o644), &facts)
	return &facts, err
}

func TestStated(t *testing.T) {
	t.Parallel()
	for path, c := range map[string]struct {
		content string
		want    []string
	}{
		"opt/bitnami/nginx/.spdx-nginx.spdx":              {bitnami, []string{"Bitnami nginx 1.25.3 stated by VMware, Inc."}},
		"layers/sbom/launch/paketo_npm/app/sbom.cdx.json": {buildpack, []string{"npm express 4.18.2 stated by syft"}},
		"usr/share/sbom/other.json":                       {`{"a":1}`, nil},
	} {
		facts, err := read(t, path, c.content)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range facts.Packages {
			if !p.Stated {
				t.Errorf("%+v is not marked", p)
			}
			got = append(got, string(p.Ecosystem)+" "+p.Name+" "+p.Version+" "+p.Evidence[0].Detail)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if facts, _ := read(t, "x", buildpack); len(facts.Incomplete) != 1 {
		t.Errorf("what could not be used: %v", facts.Incomplete)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	table := func(p string) bool {
		return slices.ContainsFunc(stated.Extractors()[0].Claims(), func(c extract.Claim) bool { return c.Match(p) })
	}
	for p, want := range map[string]bool{
		"opt/bitnami/nginx/.spdx-nginx.spdx": true, "opt/bitnami/common/.spdx-render-template.spdx": true, "layers/sbom/launch/sbom.cdx.json": true,
		"layers/sbom/launch/a_b/jre/sbom.spdx.json": true, "var/lib/db/sbom/busybox-1.36.1-r2.spdx.json": true, "usr/share/sbom/x.cdx.json": true,
		"srv/app/sbom.cdx.json": false, "home/x/.spdx-nginx.spdx": false, "layers/sbom/launch/sbom.legacy.json": false, "package.json": false,
	} {
		if got := table(p); got != want {
			t.Errorf("%s: %t", p, got)
		}
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	if _, err := read(t, "usr/share/sbom/x.json", bitnami[:len(bitnami)-3]); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("error %v", err)
	}
}

// FuzzStated holds that whatever is read is marked, has a version and says who says so.
func FuzzStated(f *testing.F) {
	f.Add([]byte(bitnami))
	f.Add([]byte(buildpack))
	f.Fuzz(func(t *testing.T, b []byte) {
		facts, _ := read(t, "usr/share/sbom/x.json", string(b))
		for _, p := range facts.Packages {
			if !p.Stated || p.Version == "" || len(p.Evidence) != 1 || len(p.Evidence[0].Detail) < len("stated by x") || p.Layer != nil {
				t.Errorf("%+v", p)
			}
		}
	})
}
