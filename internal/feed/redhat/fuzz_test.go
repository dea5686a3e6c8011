package redhat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/redhat"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
)

// FuzzParse: whatever a record holds, all versions have an order, intervals are not empty, and the answer is the same each time.
func FuzzParse(f *testing.F) {
	f.Add(false, file(f, "hydra-cve-2024-0001.json"))
	f.Add(true, file(f, "cve-2024-0001.json"))
	f.Fuzz(func(t *testing.T, vex bool, text string) {
		said, err := redhat.Decode(vex, []byte(text))
		again, err2 := redhat.Decode(vex, []byte(text))
		if diff := cmp.Diff(said, again); diff != "" || (err == nil) != (err2 == nil) {
			t.Errorf("not the same again: %s, %v, %v", diff, err, err2)
		}
		for _, a := range said {
			if !strings.HasPrefix(a.ID, "CVE-") {
				t.Errorf("id %q", a.ID)
			}
			for _, af := range a.Affected {
				if e, release := purl.Split(af.Namespace); e != purl.RedHat || release == "" || af.Package == "" {
					t.Errorf("%q in %q", af.Package, af.Namespace)
				}
				for _, r := range af.Ranges {
					if r.Fixed == "" {
						continue
					}
					if c, err := version.Compare(purl.RedHat, r.Introduced, r.Fixed); err != nil || r.Introduced != "0" && c >= 0 {
						t.Errorf("from %q to %q: %d, %v", r.Introduced, r.Fixed, c, err)
					}
				}
			}
		}
	})
}
