package osv

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/vuln"
)

func TestFixesForSubscribers(t *testing.T) {
	t.Parallel()
	open, before := []vuln.Range{{Introduced: "0"}}, func(v string) []vuln.Range { return []vuln.Range{{Introduced: "0", Fixed: v}} }
	a := &vuln.Advisory{Affected: []vuln.Affected{
		{Namespace: "Ubuntu:16.04", Package: "open", Ranges: open},
		{Namespace: "Ubuntu:Pro:16.04", Package: "open", Ranges: before("1+esm1")},
		{Namespace: "Ubuntu:16.04", Package: "own", Ranges: before("1")},
		{Namespace: "Ubuntu:Pro:16.04", Package: "own", Ranges: before("1+esm1")},
		{Namespace: "Ubuntu:Pro:16.04", Package: "alone", Ranges: before("1+esm1")},
		{Namespace: "Ubuntu:Pro:FIPS:16.04", Package: "openssl", Ranges: before("1+fips1")},
	}}
	esm(a)
	want := []vuln.Affected{
		{Namespace: "Ubuntu:16.04", Package: "open", Ranges: before("1+esm1")},
		{Namespace: "Ubuntu:Pro:16.04", Package: "open", Ranges: before("1+esm1")},
		{Namespace: "Ubuntu:16.04", Package: "own", Ranges: before("1")},
		{Namespace: "Ubuntu:Pro:16.04", Package: "own", Ranges: before("1+esm1")},
		{Namespace: "Ubuntu:16.04", Package: "alone", Ranges: before("1+esm1")},
		{Namespace: "Ubuntu:Pro:FIPS:16.04", Package: "openssl", Ranges: before("1+fips1")},
	}
	if diff := cmp.Diff(want, a.Affected); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
