package sbom_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/sbom"
)

// One release judges all packages of a document: that some name another one is told.
func TestPackagesOfAnotherReleaseAreTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		distros []string
		want    string
	}{
		"one release":         {[]string{"alpine-3.18.4", "alpine-3.18.9"}, ""},
		"two":                 {[]string{"alpine-3.18.4", "alpine-3.4.0", "alpine-3.4.0"}, `2, the first of "alpine-3.4.0"`},
		"of another family":   {[]string{"alpine-3.18.4", "debian-12"}, ""}, // reported with the packages that nothing is known for
		"none that is known":  {[]string{"alpine-3.18.4", "alpine-"}, ""},
		"without a qualifier": {[]string{"alpine-3.18.4", ""}, ""},
	} {
		var list []string
		for i, d := range c.distros {
			list = append(list, fmt.Sprintf(`{"type":"library","name":"p%d","version":"1","purl":"pkg:apk/alpine/p%d@1?distro=%s"}`, i, i, d))
		}
		doc, err := sbom.Read(t.Context(), []byte(`{"bomFormat":"CycloneDX","specVersion":"1.5","components":[`+strings.Join(list, ",")+`]}`), artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, inc := range doc.Inventory.Incomplete {
			if strings.HasPrefix(inc.Detail, "packages of another release") {
				got = inc.Detail
			}
		}
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
