package sbom_test

import (
	"testing"

	"github.com/sightline-sec/sightline/internal/sbom"
)

// TestModules: streams and builds of rpm modules, as Syft writes them and in our own words, which come first.
func TestModules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ purl, properties, module, build string }{
		"syft": {purl: "?arch=x86_64&rpmmod=nodejs:18:8080020230306170042:63b34585", module: "nodejs:18", build: "8080020230306170042:63b34585"},
		"escaped": {
			purl: "?rpmmod=nodejs%3A18%3A8080020230306170042%3A63b34585", module: "nodejs:18", build: "8080020230306170042:63b34585",
		},
		"stream only": {purl: "?rpmmod=nodejs:18", module: "nodejs:18"},
		"no label":    {purl: "?rpmmod=nodejs"},
		"our own": {
			purl: "?rpmmod=php:8.0:1:2", properties: `{"name":"sightline:module","value":"nodejs:18"},{"name":"sightline:module_build","value":"8080020230306170042:63b34585"}`,
			module: "nodejs:18", build: "8080020230306170042:63b34585",
		},
	} {
		doc := read(t, []byte(`{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{"type":"library","name":"nodejs","version":"18.14.2-2","purl":"pkg:rpm/redhat/nodejs@18.14.2-2`+
			c.purl+`","properties":[`+c.properties+`]}]}`))
		if len(doc.Inventory.Packages) != 1 || doc.Inventory.Packages[0].Module != c.module || doc.Inventory.Packages[0].ModuleBuild != c.build {
			t.Errorf("%s: got %+v", name, doc.Inventory.Packages)
		}
		if p, _, err := sbom.PackageOf("pkg:rpm/redhat/nodejs@18.14.2-2" + c.purl); err != nil || c.properties == "" && (p.Module != c.module || p.ModuleBuild != c.build) {
			t.Errorf("%s: the purl alone gives %+v, %v", name, p, err)
		}
	}
}
