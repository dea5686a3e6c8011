package redhat_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/redhat"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// TestBuilds: what fixes by builds of modules say of which packages.
func TestBuilds(t *testing.T) {
	t.Parallel()
	type rows [][2]string
	for name, c := range map[string]struct {
		title           string
		release, states rows // CPE and package, with the state before it
		want            map[string][]vuln.Range
	}{
		"the title names the module": {
			title: "nodejs: HTTP request smuggling", release: rows{{"enterprise_linux:8", "nodejs:18-8070020221004121421.bd1311ed"}},
			want: map[string][]vuln.Range{"nodejs:18/nodejs": {{Introduced: "0", Fixed: "8070020221004121421"}}},
		},
		"another stream names the package": {
			title: "nodejs-glob-parent: ReDoS", release: rows{{"enterprise_linux:8", "nodejs:16-8050020211206113934.c5368500"}},
			states: rows{{"enterprise_linux:8", "Affected:nodejs:12/nodejs-nodemon"}, {"enterprise_linux:8", "Not affected:nodejs:12/nodejs"}},
			want:   map[string][]vuln.Range{"nodejs:16/nodejs-nodemon": {{Introduced: "0", Fixed: "8050020211206113934"}}},
		},
		"the package of the module's name is named outside of it": {
			title: "mysql: InnoDB unspecified vulnerability", release: rows{{"enterprise_linux:8", "mariadb:10.3-8030020200715124551.30b713e6"}, {"enterprise_linux:8", "mariadb-devel:10.3-8030020200715124551.30b713e6"}},
			states: rows{{"enterprise_linux:7", "Will not fix:mariadb"}},
			want: map[string][]vuln.Range{
				"mariadb:10.3/mariadb": {{Introduced: "0", Fixed: "8030020200715124551"}}, "mariadb-devel:10.3/mariadb": {{Introduced: "0", Fixed: "8030020200715124551"}},
			},
		},
		"a library of its own": {
			title: "python-lxml: missing input sanitization", release: rows{{"enterprise_linux:8", "python39:3.9-8050020210811103045.5b3a9d2e"}, {"enterprise_linux:7", "python-lxml-3.2.1-4.el7"}},
			want: map[string][]vuln.Range{"python39:3.9/python-lxml": {{Introduced: "0", Fixed: "8050020210811103045"}}},
		},
		"Python itself": {
			title: "python: CRLF injection", release: rows{{"enterprise_linux:8", "python27:2.7-8030020210219130400.851f4228"}, {"enterprise_linux:8", "python38:3.8-8030020210219130400.851f4228"}},
			want: map[string][]vuln.Range{
				"python27:2.7/python2": {{Introduced: "0", Fixed: "8030020210219130400"}}, "python38:3.8/python38": {{Introduced: "0", Fixed: "8030020210219130400"}},
			},
		},
		"a tool of a set": {
			title: "golang: math/big: panic", release: rows{{"enterprise_linux:8", "go-toolset:rhel8-8050020210817155413.8aa62369"}},
			states: rows{{"enterprise_linux:9", "Affected:golang"}, {"enterprise_linux:9", "Affected:go-toolset"}},
			want:   map[string][]vuln.Range{"go-toolset:rhel8/golang": {{Introduced: "0", Fixed: "8050020210817155413"}}},
		},
		"nothing names the package": {
			title: "hardware: Microarchitectural Data Sampling", release: rows{{"enterprise_linux:8", "virt:rhel-8000020190514112546.f8e95b4e"}},
		},
		"an update stream mends its minor release": {
			title:   "postgresql: crash",
			release: rows{{"enterprise_linux:8", "postgresql:13-8060020220525161131.ad008a3a"}, {"rhel_eus:8.4", "postgresql:13-8040020220603083121.522a0ee4"}, {"rhel_aus:8.4", "postgresql:13-8040020220604083121.522a0ee4"}, {"rhel_eus:8.2", "postgresql:13-8040020220104083121.522a0ee4"}},
			want:    map[string][]vuln.Range{"postgresql:13/postgresql": {{Introduced: "0", Limit: "8040020220604083121"}, {Introduced: "8049999999999999999", Fixed: "8060020220525161131"}}},
		},
		"two minor releases of the main stream, and later ones": {
			title:   "squid: request smuggling",
			release: rows{{"enterprise_linux:8", "squid:4-8090020231030224841.a75119d5"}, {"enterprise_linux:8", "squid:4-8080020231030214932.63b34585"}, {"rhel_eus:8.10", "squid:4-8100020231030214932.63b34585"}, {"rhel_eus:8.8", "squid:4-8080020240101000000.63b34585"}},
			want:    map[string][]vuln.Range{"squid:4/squid": {{Introduced: "0", Fixed: "8080020231030214932"}, {Introduced: "8089999999999999999", Fixed: "8090020231030224841"}}},
		},
		"an update stream alone": {title: "php: crash", release: rows{{"rhel_eus:8.4", "php:7.4-8040020220603083121.522a0ee4"}}},
		"no builds": {title: "php: crash", release: rows{
			{"enterprise_linux:8", "php:flatpak-8040020220603083121.522a0ee4"},
			{"enterprise_linux:8", "php:7.4-20220603083121.522a0ee4"},
			{"enterprise_linux:8", "php:7.4-8040020220603083121"},
			{"enterprise_linux:8", "rhel8/php:7.4-804002022060308312x.1"},
			{"openshift:4", "php:7.4-8040020220603083121.522a0ee4"},
		}},
	} {
		record := struct {
			Name     string              `json:"name"`
			Bugzilla map[string]string   `json:"bugzilla"`
			Releases []map[string]string `json:"affected_release,omitempty"`
			States   []map[string]string `json:"package_state,omitempty"`
		}{Name: "CVE-2024-0001", Bugzilla: map[string]string{"description": "CVE-2024-0001 " + c.title}}
		for _, r := range c.release {
			record.Releases = append(record.Releases, map[string]string{"cpe": "cpe:/a:redhat:" + r[0], "package": r[1]})
		}
		for _, r := range c.states {
			state, pkg, _ := strings.Cut(r[1], ":")
			record.States = append(record.States, map[string]string{"cpe": "cpe:/o:redhat:" + r[0], "package_name": pkg, "fix_state": state})
		}
		text, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		said, err := redhat.Decode(false, text)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]vuln.Range{}
		for _, af := range said[0].Affected {
			if strings.Contains(af.Package, "/") {
				got[af.Package] = af.Ranges
			}
		}
		if c.want == nil {
			c.want = map[string][]vuln.Range{}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestBuildBeatsState: a fix says more than a state of the same package and stream.
func TestBuildBeatsState(t *testing.T) {
	t.Parallel()
	said, err := redhat.Decode(false, []byte(`{"name":"CVE-2024-0001","bugzilla":{"description":"nodejs: leak"},
		"affected_release":[{"cpe":"cpe:/a:redhat:enterprise_linux:9","package":"nodejs:18-9050020250206154514.rhel9"}],
		"package_state":[{"cpe":"cpe:/o:redhat:enterprise_linux:9","package_name":"nodejs:18/nodejs","fix_state":"Out of support scope"},
			{"cpe":"cpe:/o:redhat:enterprise_linux:9","package_name":"nodejs:22/nodejs","fix_state":"Affected"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []vuln.Affected{
		{Namespace: "Red Hat:9", Package: "nodejs", Module: "nodejs:22", Ranges: open},
		{Namespace: "Red Hat:9", Package: "nodejs:18/nodejs", Ranges: []vuln.Range{{Introduced: "0", Fixed: "9050020250206154514"}}},
	}
	if diff := cmp.Diff(want, said[0].Affected); diff != "" {
		t.Error(diff)
	}
}
