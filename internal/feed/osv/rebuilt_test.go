package osv

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func fixedIn(list ...string) []vuln.Range {
	var out []vuln.Range
	for _, v := range list {
		out = append(out, vuln.Range{Introduced: "0", Fixed: v})
	}
	return out
}

// Each build that a notice names as fixed is fixed; older ones, and those between, are not.
func TestRebuiltPackagesAreFixedInEachBuild(t *testing.T) {
	t.Parallel()
	for _, fixes := range [][]string{
		{"0:1.6.1-6.el8_8.1", "0:1.6.1-6.el8.1"},
		{"0:1.1.12-6.el8", "0:1.1.12-6.el8.0.2"},
		{"0:1.1.8-1.module+el8.7.0+1076+9b1c11c1", "0:1.1.8-1.module+el8.4.0+537+38cf4e42", "0:1.1.8-1.module+el8.5.0+709+440d5e7e"},
		{"1.5.1-2.module_el8.4.0+2228+7c76a223", "1.5.1-2.module_el8.3.0+2010+7c76a223", "1.5.1-2.module_el8.3.0+2010+7c76a223"},
	} {
		got := rebuilt(purl.Rocky, fixedIn(fixes...))
		affected := func(v string) bool {
			for _, r := range got {
				from, err := version.Compare(purl.Rocky, v, r.Introduced)
				to, err2 := version.Compare(purl.Rocky, v, r.Fixed)
				if err != nil || err2 != nil {
					t.Fatal(err, err2)
				}
				if (r.Introduced == "0" || from >= 0) && to < 0 {
					return true
				}
			}
			return false
		}
		low, high := fixes[0], fixes[0]
		for _, f := range fixes {
			if affected(f) {
				t.Errorf("%s of %v is affected: %v", f, fixes, got)
			}
			if c, err := version.Compare(purl.Rocky, f, low); err == nil && c < 0 {
				low = f
			}
			if c, err := version.Compare(purl.Rocky, f, high); err == nil && c > 0 {
				high = f
			}
		}
		for _, v := range []string{low + "~", "0:1.0-1.el8", high + "~", low + ".0"} {
			if !affected(v) {
				t.Errorf("%s is not affected, fixed are %v: %v", v, fixes, got)
			}
		}
		if affected(high + ".1") {
			t.Errorf("what follows %s is affected", high)
		}
	}
}

func TestRebuiltLeavesOtherRangesAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		eco  purl.Ecosystem
		list []vuln.Range
	}{
		"one":          {purl.Rocky, fixedIn("1-1.el8")},
		"of dpkg":      {purl.Debian, fixedIn("1-1", "2-1")},
		"of npm":       {purl.NPM, fixedIn("1.0.0", "2.0.0")},
		"with a start": {purl.AlmaLinux, []vuln.Range{{Introduced: "0", Fixed: "1-1"}, {Introduced: "2-1", Fixed: "2-3"}}},
		"without fix":  {purl.AlmaLinux, []vuln.Range{{Introduced: "0", Fixed: "1-1"}, {Introduced: "0", LastAffected: "2-3"}}},
		"none":         {purl.AlmaLinux, nil},
	} {
		if diff := cmp.Diff(c.list, rebuilt(c.eco, c.list)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
