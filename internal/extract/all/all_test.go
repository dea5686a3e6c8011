package all_test

import (
	"path"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/extract/all"
)

func TestNamesAreDistinctWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, x := range all.Extractors() {
		name := x.Name()
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("%T has the name %q", x, name)
		}
		if seen[name] {
			t.Errorf("%T: the name %q is another's", x, name)
		}
		seen[name] = true
		if x.Revision() < 1 {
			t.Errorf("%s has revision %d; the first is 1", name, x.Revision())
		}
	}
}

func TestClaimsKeepTheContract(t *testing.T) {
	t.Parallel()
	for _, x := range all.Extractors() {
		if len(x.Claims()) == 0 {
			t.Errorf("%s claims nothing", x.Name())
		}
		for i, c := range x.Claims() {
			set := 0
			for _, s := range []string{c.Path, c.Base, c.Suffix, c.Dir} {
				if s != "" {
					set++
				}
			}
			if c.Executable {
				set++
			}
			if set != 1 {
				t.Errorf("%s: claim %d sets %d of Path, Base, Suffix, Dir and Executable", x.Name(), i, set)
			}
			for _, p := range []string{c.Path, c.Dir} {
				if p != "" && p != path.Clean("/" + p)[1:] {
					t.Errorf("%s: claim %d: %q is not a clean path under the root", x.Name(), i, p)
				}
			}
			if strings.Contains(c.Base, "/") || (c.Suffix != "" && strings.LastIndexByte(c.Suffix, '.') != 0) {
				t.Errorf("%s: claim %d: base %q, suffix %q", x.Name(), i, c.Base, c.Suffix)
			}
		}
	}
}
