package match_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// TestModuleBuilds: a fix that names a build of a module is held against the build in the modularity label.
func TestModuleBuilds(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil,
		says{ns: "Red Hat:8", pkg: "nodejs:18/nodejs", vuln: "CVE-1", feed: "redhat", ranges: []vuln.Range{
			{Introduced: "0", Limit: "8060020230601000000"}, {Introduced: "8069999999999999999", Fixed: "8080020230306170042"},
		}},
		says{ns: "Red Hat:8", pkg: "nodejs:18/nodejs", vuln: "CVE-2", feed: "redhat", ranges: before("8090020240301111035")},
		says{ns: "Red Hat:8", pkg: "nodejs", vuln: "CVE-3", module: "nodejs:18", feed: "redhat", ranges: before("")},
		says{ns: "Red Hat:8", pkg: "nodejs", vuln: "CVE-4", feed: "redhat", ranges: before("")}, // outside of modules
	)
	const lost = "unknown_release: 1 Red Hat package not wholly matched: advisories name builds"
	for name, c := range map[string]struct {
		module, build, release, source string
		findings                       []string
		incomplete                     string
	}{
		"before both fixes":                     {"nodejs:18", "8070020221207164159:bd1311ed", "", "nodejs", []string{"CVE-1 -> nodejs:18:8080020230306170042", "CVE-2 -> nodejs:18:8090020240301111035", "CVE-3"}, ""},
		"the fixed build itself":                {"nodejs:18", "8080020230306170042:63b34585", "", "nodejs", []string{"CVE-2 -> nodejs:18:8090020240301111035", "CVE-3"}, ""},
		"a later minor release":                 {"nodejs:18", "8100020240401000000:489197e6", "", "nodejs", []string{"CVE-3"}, ""},
		"mended in the update stream":           {"nodejs:18", "8060020230601000000:ad008a3a", "", "nodejs", []string{"CVE-2 -> nodejs:18:8090020240301111035", "CVE-3"}, ""},
		"the stream of the minor release lacks": {"nodejs:18", "8060020230531000000:ad008a3a", "", "nodejs", []string{"CVE-1 -> nodejs:18:8080020230306170042", "CVE-2 -> nodejs:18:8090020240301111035", "CVE-3"}, ""},
		"another package of the module":         {"nodejs:18", "8070020221207164159:bd1311ed", "", "nodejs-packaging", nil, "unknown_release: 1 Red Hat package not wholly matched: they are built in rpm modules"},
		"the label is cut short":                {"nodejs:18", "", "", "nodejs", []string{"CVE-3"}, lost},
		"a rebuild":                             {"nodejs:18", "8070020221207164159:bd1311ed", "1.module_el8.7.0+1+2", "nodejs", []string{"CVE-3"}, lost},
		"another stream":                        {"nodejs:16", "8070020221207164159:bd1311ed", "", "nodejs", nil, ""},
	} {
		release := c.release
		if release == "" {
			release = "1.module+el8.7.0+17282+f47dd33b"
		}
		p := inventory.Package{
			Name: "npm", Version: "1:8.19.2-" + release, Ecosystem: purl.RedHat, PURL: "pkg:rpm/redhat/npm@8.19.2", Module: c.module, ModuleBuild: c.build,
			Source: &inventory.Source{Name: c.source, Version: "1:18.12.1-" + release},
		}
		out := run(t, db, &inventory.Inventory{Distro: &inventory.Distro{ID: "rhel", VersionID: "8.7", Namespace: "Red Hat:8"}, Packages: []inventory.Package{p}})
		var want []string
		for _, f := range c.findings {
			want = append(want, "npm "+p.Version+" "+f)
		}
		if diff := cmp.Diff(want, told(out.Findings)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got := strings.Join(left(out.Incomplete), "\n"); !strings.HasPrefix(got, c.incomplete) || (got == "") != (c.incomplete == "") {
			t.Errorf("%s: incomplete: %s", name, got)
		}
		if name != "before both fixes" {
			continue
		}
		// The build ends two, and leaves what the versions of packages tell.
		if len(out.Fixes) != 1 || out.Fixes[0].SuggestedVersion != "nodejs:18:8090020240301111035" || out.Fixes[0].OfSource || out.Fixes[0].Clears.Total() != 2 || out.Fixes[0].Remains.Total() != 1 {
			t.Errorf("fixes: %+v", out.Fixes)
		}
		tr, err := match.Explain(t.Context(), db, &inventory.Inventory{Distro: &inventory.Distro{Namespace: "Red Hat:8"}}, p, []vulndb.Ordinal{0})
		if err != nil {
			t.Fatal(err)
		}
		if len(tr.Rows) != 1 || tr.Looked[2].Name != "nodejs:18/nodejs" || tr.Looked[2].Kind != "build of a module" || tr.Outcome != match.TraceAffected {
			t.Errorf("the way of the decision: %+v", tr)
		}
	}
}
