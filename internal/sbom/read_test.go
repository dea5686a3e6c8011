package sbom_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/sbom"
)

// sorted orders packages by all that they hold.
func sorted(list []inventory.Package) []string {
	out := make([]string, 0, len(list))
	for _, p := range list {
		b, err := json.Marshal(p)
		if err != nil {
			panic(err)
		}
		out = append(out, string(b))
	}
	slices.Sort(out)
	return out
}

// foreignDocuments are made by hand in the manner of other tools: the keys that they write, not their files.
var foreignDocuments = map[string]string{
	"trivy": `{"$schema":"http://cyclonedx.org/schema/bom-1.6.schema.json","bomFormat":"CycloneDX","specVersion":"1.6","version":1,
"metadata":{"timestamp":"2026-01-01T00:00:00+00:00","component":{"bom-ref":"root","type":"container","name":"debian:12",
 "purl":"pkg:oci/debian@sha256%3Aab?arch=amd64","properties":[{"name":"aquasecurity:trivy:DiffID","value":"sha256:d0"},{"name":"aquasecurity:trivy:DiffID","value":"sha256:d1"}]}},
"components":[
 {"bom-ref":"os","type":"operating-system","name":"debian","version":"12.5","properties":[{"name":"aquasecurity:trivy:Type","value":"debian"}]},
 {"type":"library","name":"libc6","version":"2.36-9+deb12u4","purl":"pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12.5",
  "licenses":[{"license":{"name":"GPL-2.0-only"}},{"license":{"id":"MIT"}}],
  "properties":[{"name":"aquasecurity:trivy:LayerDiffID","value":"sha256:d1"},{"name":"aquasecurity:trivy:SrcName","value":"glibc"},{"name":"aquasecurity:trivy:SrcVersion","value":"2.36"},{"name":"aquasecurity:trivy:SrcRelease","value":"9+deb12u4"}]},
 {"type":"library","name":"perl-base","version":"5.36.0-7","purl":"pkg:deb/debian/perl-base@5.36.0-7?arch=amd64&distro=debian-12.5&epoch=1",
  "properties":[{"name":"aquasecurity:trivy:SrcName","value":"perl"},{"name":"aquasecurity:trivy:SrcVersion","value":"5.36.0"},{"name":"aquasecurity:trivy:SrcRelease","value":"7"},{"name":"aquasecurity:trivy:SrcEpoch","value":"1"}]},
 {"type":"application","name":"app/package-lock.json","properties":[{"name":"aquasecurity:trivy:Class","value":"lang-pkgs"}]},
 {"type":"library","group":"@babel","name":"core","version":"7.0.0","purl":"pkg:npm/%40babel/core@7.0.0","properties":[{"name":"aquasecurity:trivy:FilePath","value":"app/node_modules/@babel/core/package.json"}]}
]}`,
	"syft": `{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"component":{"type":"container","name":"alpine:3.18"}},
"components":[
 {"type":"library","name":"ssl_client","version":"1.36.1-r2","purl":"pkg:apk/alpine/ssl_client@1.36.1-r2?arch=x86_64&distro=alpine-3.18.4&upstream=busybox","properties":[{"name":"syft:metadata:originPackage","value":"busybox"},{"name":"syft:location:0:path","value":"/lib/apk/db/installed"}]},
 {"type":"library","name":"libcrypto3","version":"3.1.3-r0","purl":"pkg:apk/alpine/libcrypto3@3.1.3-r0?arch=x86_64&distro=alpine-3.18.4&upstream=openssl%403.1.3-r0"},
 {"type":"file","name":"/bin/busybox","hashes":[]},
 {"type":"operating-system","name":"alpine","version":"3.18.4","properties":[{"name":"syft:distro:id","value":"alpine"},{"name":"syft:distro:versionID","value":"3.18.4"},{"name":"syft:distro:prettyName","value":"Alpine Linux v3.18"}]}
]}`,
	"xml": `<?xml version="1.0" encoding="UTF-8"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1">
 <metadata><tools><tool><name>x</name></tool></tools><component type="application"><name>shop</name></component></metadata>
 <components>
  <component type="library"><group>org.apache.logging.log4j</group><name>log4j-core</name><version>2.14.1</version>
   <licenses><license><id>Apache-2.0</id></license></licenses>
   <purl>pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?type=jar</purl>
   <components><component type="library"><name>inner</name><version>1</version><purl>pkg:npm/inner@1</purl></component></components>
   <pedigree><ancestors><component type="library"><name>old</name><purl>pkg:npm/old@0.1</purl></component></ancestors></pedigree>
  </component>
 </components></bom>`,
	"spdx": `{"spdxVersion":"SPDX-2.2","SPDXID":"SPDXRef-DOCUMENT","name":"doc","documentDescribes":["SPDXRef-root"],
"packages":[
 {"SPDXID":"SPDXRef-root","name":"alpine:3.18","downloadLocation":"NONE","externalRefs":[{"referenceCategory":"PACKAGE_MANAGER","referenceType":"purl","referenceLocator":"pkg:oci/alpine@sha256%3Aab"}]},
 {"SPDXID":"SPDXRef-os","name":"alpine","versionInfo":"3.18.4","primaryPackagePurpose":"OPERATING-SYSTEM"},
 {"SPDXID":"SPDXRef-1","name":"busybox-binsh","versionInfo":"1.36.1-r2","sourceInfo":"built package from: busybox 1.36.1-r2","licenseDeclared":"LicenseRef-1",
  "externalRefs":[{"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:b:c"},{"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl","referenceLocator":"pkg:apk/alpine/busybox-binsh@1.36.1-r2?arch=x86_64"}]}],
"hasExtractedLicensingInfos":[{"licenseId":"LicenseRef-1","extractedText":"...","name":"GPLv2 only"}]}`,
	"tag-value": `SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: doc
DocumentNamespace: https://example.com/doc
Creator: Tool: someone
## Package
PackageName: urllib3
SPDXID: SPDXRef-1
PackageVersion: 1.26.0
PackageLicenseDeclared: MIT
PackageComment: <text>spans
lines: with colons
</text>
ExternalRef: PACKAGE-MANAGER purl pkg:pypi/urllib3@1.26.0
FileName: ./x
SPDXID: SPDXRef-File
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-1
`,
}

func TestForeignDocuments(t *testing.T) {
	t.Parallel()
	type pkg struct{ Ecosystem, Name, Version, Arch, Source, Licenses, Path, Layer string }
	for name, want := range map[string]struct {
		name, version, distro string
		packages              []pkg
		incomplete            int
	}{
		"trivy": {"debian:12", "1.6", "Debian:12", []pkg{
			{"Debian", "libc6", "2.36-9+deb12u4", "amd64", "glibc 2.36-9+deb12u4", "GPL-2.0-only, MIT", "", "1"},
			{"Debian", "perl-base", "1:5.36.0-7", "amd64", "perl 1:5.36.0-7", "", "", ""},
			{"npm", "@babel/core", "7.0.0", "", "", "", "app/node_modules/@babel/core/package.json", ""},
		}, 0},
		"syft": {"alpine:3.18", "1.5", "Alpine:v3.18", []pkg{
			{"Alpine", "libcrypto3", "3.1.3-r0", "x86_64", "openssl 3.1.3-r0", "", "", ""},
			{"Alpine", "ssl_client", "1.36.1-r2", "x86_64", "busybox 1.36.1-r2", "", "lib/apk/db/installed", ""},
		}, 0},
		"xml": {"shop", "1.4", "", []pkg{
			{"Maven", "org.apache.logging.log4j:log4j-core", "2.14.1", "", "", "Apache-2.0", "", ""},
			{"npm", "inner", "1", "", "", "", "", ""},
		}, 0},
		"spdx": {"alpine:3.18", "2.2", "Alpine:v3.18", []pkg{
			{"Alpine", "busybox-binsh", "1.36.1-r2", "x86_64", "busybox 1.36.1-r2", "GPLv2 only", "", ""},
		}, 0},
		"tag-value": {"urllib3", "2.3", "", []pkg{{"PyPI", "urllib3", "1.26.0", "", "", "MIT", "", ""}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := read(t, []byte(foreignDocuments[name]))
			var got []pkg
			for _, p := range doc.Inventory.Packages {
				g := pkg{Ecosystem: string(p.Ecosystem), Name: p.Name, Version: p.Version, Arch: p.Arch, Licenses: strings.Join(p.Licenses, ", ")}
				if p.Source != nil {
					g.Source = p.Source.Name + " " + p.Source.Version
				}
				if len(p.Evidence) > 0 {
					g.Path = p.Evidence[0].Path
				}
				if p.Layer != nil {
					g.Layer = fmt.Sprint(p.Layer.Index)
				}
				if !p.Stated {
					t.Errorf("%s is not marked as stated", p.Name)
				}
				got = append(got, g)
			}
			if diff := cmp.Diff(want.packages, got); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			distro := ""
			if doc.Inventory.Distro != nil {
				distro = doc.Inventory.Distro.Namespace
			}
			if doc.Name != want.name || doc.SpecVersion != want.version || distro != want.distro || len(doc.Inventory.Incomplete) != want.incomplete {
				t.Errorf("got %q %q %q %v", doc.Name, doc.SpecVersion, distro, doc.Inventory.Incomplete)
			}
		})
	}
}

func TestDistroFromPURLs(t *testing.T) {
	t.Parallel()
	for qualifier, want := range map[string]string{
		"debian-12": "Debian:12", "debian-12.5": "Debian:12", "alpine-3.18.4": "Alpine:v3.18", "ubuntu-22.04": "Ubuntu:22.04", "debian-bookworm": "Debian:12",
	} {
		doc := read(t, []byte(`{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{"type":"library","name":"a","purl":"pkg:deb/debian/a@1?distro=`+qualifier+`"}]}`))
		if d := doc.Inventory.Distro; d == nil || d.Namespace != want {
			t.Errorf("%s gives %+v, want %s", qualifier, d, want)
		}
	}
}

func TestWhatCannotBeMatchedIsReported(t *testing.T) {
	t.Parallel()
	doc := read(t, []byte(`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[
		{"type":"library","name":"no-purl","version":"1"},
		{"type":"library","name":"bad","purl":"not a purl"},
		{"type":"library","name":"other","purl":"pkg:generic/other@1"},
		{"type":"file","name":"/etc/passwd"},
		{"type":"library","name":["not","a","string"],"purl":"pkg:npm/good@1"},
		7, null, "x",
		{"type":"library","name":"good2","purl":"pkg:npm/good2@1","licenses":"MIT","components":{"no":"array"}}]}`))
	var names, why []string
	for _, p := range doc.Inventory.Packages {
		names = append(names, p.Name)
	}
	for _, i := range doc.Inventory.Incomplete {
		why = append(why, string(i.Reason)+": "+i.Detail)
	}
	if diff := cmp.Diff([]string{"good", "good2"}, names); diff != "" {
		t.Error(diff)
	}
	text := strings.Join(why, "\n")
	for _, want := range []string{`"no-purl" 1 has no package URL`, `"bad": parsing purl`, `"other": no advisories are known for generic`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not reported in\n%s", want, text)
		}
	}
}

func TestHostileDocumentsAreBounded(t *testing.T) {
	t.Parallel()
	head := `{"bomFormat":"CycloneDX","specVersion":"1.6","components":`
	deep := func(n int) string {
		return head + strings.Repeat(`[{"type":"library","name":"a","purl":"pkg:npm/a@1","components":`, n) + `[]` + strings.Repeat(`}]`, n) + `}`
	}
	t.Run("nesting past the limit is reported", func(t *testing.T) {
		t.Parallel()
		doc := read(t, []byte(deep(100)))
		if n := len(doc.Inventory.Packages); n != 9 {
			t.Errorf("%d packages, want those of 9 levels", n)
		}
		if len(doc.Inventory.Incomplete) != 1 || doc.Inventory.Incomplete[0].Reason != artifact.NestingLimit {
			t.Errorf("incomplete is %v", doc.Inventory.Incomplete)
		}
	})
	t.Run("JSON nested past what the decoder takes is corrupt", func(t *testing.T) {
		t.Parallel()
		_, err := sbom.Read(t.Context(), []byte(deep(100_000)), artifact.Limits{})
		if !errors.Is(err, artifact.ErrCorrupt) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("XML nested deep is refused", func(t *testing.T) {
		t.Parallel()
		_, err := sbom.Read(t.Context(), []byte(`<bom xmlns="http://cyclonedx.org/schema/bom/1.4">`+strings.Repeat("<a>", 1_000_000)), artifact.Limits{})
		if limit, ok := errors.AsType[*artifact.ErrLimit](err); !ok || limit.Reason != artifact.NestingLimit {
			t.Errorf("got %v", err)
		}
	})
	t.Run("too large is refused", func(t *testing.T) {
		t.Parallel()
		_, err := sbom.Read(t.Context(), []byte(deep(3)), artifact.Limits{FileBytes: 100})
		if limit, ok := errors.AsType[*artifact.ErrLimit](err); !ok || limit.Reason != artifact.FileTooLarge {
			t.Errorf("got %v", err)
		}
	})
	t.Run("packages past the limit are counted", func(t *testing.T) {
		t.Parallel()
		doc, err := sbom.Read(t.Context(), []byte(head+`[`+strings.TrimSuffix(strings.Repeat(`{"purl":"pkg:npm/a@1"},`, 100), ",")+`]}`), artifact.Limits{Files: 200})
		if err != nil {
			t.Fatal(err)
		}
		if inc := doc.Inventory.Incomplete; len(doc.Inventory.Packages) != 10 || len(inc) != 1 || inc[0].Reason != artifact.FilesLimit || !strings.Contains(inc[0].Detail, "not read: 90") {
			t.Errorf("%d packages, %v", len(doc.Inventory.Packages), inc)
		}
	})
	t.Run("places past the limit are told", func(t *testing.T) {
		t.Parallel()
		doc, err := sbom.Read(t.Context(), []byte(head+`[{"purl":"pkg:npm/a@1","evidence":{"occurrences":[`+strings.TrimSuffix(strings.Repeat(`{"location":"x"},`, 100), ",")+`]}}]}`), artifact.Limits{Files: 200})
		if err != nil {
			t.Fatal(err)
		}
		if inc := doc.Inventory.Incomplete; len(doc.Inventory.Packages[0].Evidence) != 40 || len(inc) != 1 || inc[0].Reason != artifact.FilesLimit {
			t.Errorf("%d places, %v", len(doc.Inventory.Packages[0].Evidence), inc)
		}
	})
	t.Run("a million empty components are not a million reports", func(t *testing.T) {
		t.Parallel()
		doc := read(t, []byte(head+`[`+strings.TrimSuffix(strings.Repeat(`{},`, 1_000_000), ",")+`]}`))
		if n := len(doc.Inventory.Incomplete); n > 1001 || !strings.Contains(fmt.Sprint(doc.Inventory.Incomplete), "999000 more") {
			t.Errorf("%d reports", n)
		}
	})
	t.Run("a cancelled context ends it", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := sbom.Read(ctx, []byte(deep(3)), artifact.Limits{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("truncated", func(t *testing.T) {
		t.Parallel()
		whole := []byte(foreignDocuments["trivy"])
		for _, n := range []int{len(whole) / 3, len(whole) - 1} {
			if _, err := sbom.Read(t.Context(), whole[:n], artifact.Limits{}); !errors.Is(err, artifact.ErrCorrupt) {
				t.Errorf("%d bytes: got %v", n, err)
			}
		}
	})
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"byte order mark":             {"\xef\xbb\xbf {\"specVersion\":\"1.6\",\"bomFormat\":\"CycloneDX\"}", sbom.CycloneDX},
		"sorted keys, head of a file": {`{"SPDXID":"SPDXRef-DOCUMENT","creationInfo":{},"packages":[{"name":"a"`, sbom.SPDX},
		"words inside strings":        {`{"a":"{\"bomFormat\":\"CycloneDX\"}","b":{"bomFormat":"CycloneDX"}}`, ""},
		"package.json":                {`{"name":"x","version":"1.0.0"}`, ""},
		"SPDX 3":                      {`{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}`, ""},
		"tag-value":                   {"# c\nSPDXVersion: SPDX-2.3\n", sbom.SPDX},
		"plain text":                  {"hello", ""}, "nothing": {"", ""}, "HTML": {"<html>", ""},
	} {
		if got, _ := sbom.Detect([]byte(c.in)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestNotABillOfMaterials(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "{}", "hello", `{"bomFormat":"CycloneDX","specVersion":"9"}`, `{"spdxVersion":"SPDX-3.0"}`, `{"bomFormat":"CycloneDX"}`} {
		if _, err := sbom.Read(t.Context(), []byte(in), artifact.Limits{}); !errors.Is(err, sbom.ErrUnknown) {
			t.Errorf("%q: got %v", in, err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	var doc bytes.Buffer
	doc.WriteString(`{"bomFormat":"CycloneDX","specVersion":"1.6","components":[`)
	for i := 0; doc.Len() < 5<<20; i++ {
		if i > 0 {
			doc.WriteByte(',')
		}
		fmt.Fprintf(&doc, `{"bom-ref":"r%[1]d","type":"library","name":"lib%[1]d","version":"1.%[1]d-1","description":"A library that does a thing or two","hashes":[{"alg":"SHA-256","content":"%064[1]d"}],"licenses":[{"license":{"id":"MIT"}}],"purl":"pkg:deb/debian/lib%[1]d@1.%[1]d-1?arch=amd64&distro=debian-12","properties":[{"name":"aquasecurity:trivy:SrcName","value":"src%[1]d"},{"name":"aquasecurity:trivy:SrcVersion","value":"1.%[1]d"},{"name":"aquasecurity:trivy:PkgType","value":"debian"}]}`, i)
	}
	doc.WriteString(`]}`)
	b.SetBytes(int64(doc.Len()))
	b.ReportAllocs()
	for b.Loop() {
		d, err := sbom.Read(b.Context(), doc.Bytes(), artifact.Limits{})
		if err != nil || len(d.Inventory.Packages) < 5000 {
			b.Fatal(len(d.Inventory.Packages), err)
		}
	}
}
