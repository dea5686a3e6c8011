package suse_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/suse"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
)

// FuzzDecode: whatever a document holds, all versions have an order, intervals are not empty, and the answer is the same each time.
func FuzzDecode(f *testing.F) {
	f.Add(false, notice(f))
	f.Add(true, vex(f))
	f.Fuzz(func(t *testing.T, vex bool, text string) {
		said, err := suse.Decode(vex, []byte(text))
		again, err2 := suse.Decode(vex, []byte(text))
		if diff := cmp.Diff(said, again); diff != "" || (err == nil) != (err2 == nil) {
			t.Errorf("not the same again: %s, %v, %v", diff, err, err2)
		}
		for _, a := range said {
			if a.ID == "" {
				t.Error("no id")
			}
			for _, af := range a.Affected {
				if e, release := purl.Split(af.Namespace); e != purl.SUSE && e != purl.OpenSUSE || release == "" || af.Package == "" {
					t.Errorf("%q in %q", af.Package, af.Namespace)
				}
				for _, r := range af.Ranges {
					if r.Fixed == "" {
						continue
					}
					if c, err := version.Compare(purl.SUSE, r.Introduced, r.Fixed); err != nil || r.Introduced != "0" && c >= 0 {
						t.Errorf("from %q to %q: %d, %v", r.Introduced, r.Fixed, c, err)
					}
				}
			}
		}
	})
}
