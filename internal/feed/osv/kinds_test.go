package osv_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/osv"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func TestMalware(t *testing.T) {
	t.Parallel()
	record := func(id, title, more, events string) string {
		return `{"id": "` + id + `", "summary": "` + title + `"` + more + `, "affected": [{"package": {"ecosystem": "npm", "name": "x"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}` + events + `]}]}]}`
	}
	const cwe = `, "database_specific": {"cwe_ids": ["CWE-506"]}`
	for name, tc := range map[string]struct {
		record string
		want   bool
	}{
		"OpenSSF's id":                        {record("MAL-2022-1", "Malicious code in x (npm)", "", ""), true},
		"OpenSSF's origins":                   {record("GHSA-aaaa-bbbb-cccc", "t", `, "database_specific": {"malicious-packages-origins": [{"source": "ghsa-malware"}]}`, ""), true},
		"no origins":                          {record("GHSA-aaaa-bbbb-cccc", "t", `, "database_specific": {"malicious-packages-origins": []}`, ""), false},
		"origins that are not as they should": {record("GHSA-aaaa-bbbb-cccc", "t", `, "database_specific": {"malicious-packages-origins": "x"}`, ""), false},
		"GitHub's title and weakness":         {record("GHSA-aaaa-bbbb-cccc", "Malicious Package in x", cwe, ""), true},
		"GitHub's other title":                {record("GHSA-aaaa-bbbb-cccc", "Malware in x", cwe, ""), true},
		"the title alone":                     {record("GHSA-aaaa-bbbb-cccc", "Malicious Package in x", "", ""), false},
		"the weakness alone":                  {record("GHSA-aaaa-bbbb-cccc", "Malicious SVG in x", cwe, ""), false},
		"a good package that was compromised": {record("GHSA-aaaa-bbbb-cccc", "Malicious Package in x", cwe, `, {"fixed": "3.7.3"}`), false},
		"what has a CVE is a vulnerability":   {record("GHSA-aaaa-bbbb-cccc", "Malicious Package in x", cwe+`, "aliases": ["CVE-2024-0001"]`, ""), false},
		"another database's malicious crate":  {record("RUSTSEC-2022-0042", "Malicious Package in x", cwe, ""), false},
		"OpenSSF's id, with a version as fix": {record("MAL-2022-2", "x", "", `, {"fixed": "2"}`), true},
	} {
		if a := one(t, tc.record); a.Malicious != tc.want {
			t.Errorf("%s: malicious %v", name, a.Malicious)
		}
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	for record, want := range map[string]vuln.State{
		`{"id": "PYSEC-1-1", "details": "** DISPUTED ** jsonpickle through 1.4.1"}`:                                 vuln.Disputed,
		`{"id": "UBUNTU-CVE-2012-0001", "details": "** REJECT **  DO NOT USE THIS CANDIDATE NUMBER."}`:              vuln.Rejected,
		`{"id": "CVE-2021-0001", "details": "Rejected reason: This CVE ID has been rejected"}`:                      vuln.Rejected,
		`{"id": "GHSA-aaaa-bbbb-cccc", "summary": "NumPy Buffer Overflow (Disputed)", "details": "x"}`:              vuln.Disputed,
		`{"id": "GHSA-aaaa-bbbb-cccc", "summary": "Disputed: OS Command injection", "details": "x"}`:                vuln.Disputed,
		`{"id": "GHSA-aaaa-bbbb-cccc", "summary": "A disputed thing", "details": "It is ** DISPUTED ** elsewhere"}`: "",
	} {
		if a := one(t, record); a.State != want {
			t.Errorf("%s: %q", record, a.State)
		}
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	of := func(specific string) []vuln.Affected {
		return one(t, `{"id": "GO-2024-0001", "affected": [{"package": {"ecosystem": "Go", "name": "golang.org/x/net"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.17.0"}]}], "ecosystem_specific": `+specific+`},
			{"package": {"ecosystem": "Go", "name": "golang.org/x/net"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}]}]}]}`).Affected
	}
	ranges := []vuln.Range{{Introduced: "0", Fixed: "0.17.0"}, {Introduced: "1.0.0"}}
	for specific, want := range map[string][]vuln.Affected{
		`{"imports": [{"path": "golang.org/x/net/http2", "symbols": ["Server.ServeConn", "F"], "goos": ["linux"], "goarch": ["arm"]}, {"path": "golang.org/x/net/http3"}]}`: {
			{Namespace: "Go", Package: "golang.org/x/net", Ranges: ranges[:1], Imports: []vuln.Import{
				{Path: "golang.org/x/net/http2", Symbols: []string{"Server.ServeConn", "F"}, GOOS: []string{"linux"}, GOARCH: []string{"arm"}},
				{Path: "golang.org/x/net/http3"},
			}},
			{Namespace: "Go", Package: "golang.org/x/net", Ranges: ranges[1:]},
		},
		// What is not as the schema says narrows nothing.
		`{"imports": {"path": "x"}}`:                {{Namespace: "Go", Package: "golang.org/x/net", Ranges: ranges}},
		`{"imports": [{"path": 1}, {"path": "x"}]}`: {{Namespace: "Go", Package: "golang.org/x/net", Ranges: ranges}},
		`{"imports": []}`:                           {{Namespace: "Go", Package: "golang.org/x/net", Ranges: ranges}},
	} {
		if diff := cmp.Diff(want, of(specific)); diff != "" {
			t.Errorf("%s: %s", specific, diff)
		}
	}
}

func TestModules(t *testing.T) {
	t.Parallel()
	const el8 = "-1.module_el8.6.0+2781+fed64c13"
	for title, want := range map[string][]string{
		"Important: nodejs:18 security update":                                {"p nodejs:18 1", "p nodejs:18 1.module"},
		"new module: php:7.4":                                                 {"p php:7.4 1", "p php:7.4 1.module"},
		"ALSA-2022:5468: php:8.0 security update (Important)":                 {"p php:8.0 1", "p php:8.0 1.module"},
		"Moderate: virt:rhel and virt-devel:rhel security, bug fix update":    {"p virt:rhel 1", "p virt:rhel 1.module", "p virt-devel:rhel 1", "p virt-devel:rhel 1.module"},
		"Important: varnish security update":                                  {"p * 1", "p * 1.module"},
		"Important: varnish security update: (see https://example.org) 6: :6": {"p * 1", "p * 1.module"},
	} {
		a := one(t, `{"id": "ALSA-2022:1", "summary": "`+title+`", "related": ["CVE-2022-0001"], "affected": [
			{"package": {"ecosystem": "AlmaLinux:8", "name": "p"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1`+el8+`"}]}]},
			{"package": {"ecosystem": "AlmaLinux:8", "name": "p"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.module`+el8+`"}]}]},
			{"package": {"ecosystem": "AlmaLinux:8", "name": "plain"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2-1.el8"}]}]}]}`)
		var got []string
		for _, af := range a.Affected[:len(a.Affected)-1] {
			for _, r := range af.Ranges {
				got = append(got, af.Package+" "+af.Module+" "+strings.TrimSuffix(r.Fixed, el8))
			}
			if !af.Binary {
				t.Errorf("%s: AlmaLinux names binary packages", title)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", title, diff)
		}
		if plain := a.Affected[len(a.Affected)-1]; plain.Package != "plain" || plain.Module != "" {
			t.Errorf("%s: %+v", title, plain)
		}
	}
	rocky := one(t, `{"id": "RLSA-2022:1", "summary": "Important: ruby:2.5 security update", "related": ["CVE-2022-0001"], "affected": [
		{"package": {"ecosystem": "Rocky Linux:8", "name": "ruby"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0:2.5.9-1.module+el8.5.0+738+032c9c02"}]}]}]}`)
	if af := rocky.Affected[0]; af.Binary || af.Module != "ruby:2.5" {
		t.Errorf("Rocky Linux names source packages, and module builds with a plus: %+v", af)
	}
}

// archive packs files as GitHub packs a repository.
func archive(t testing.TB, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Size: int64(len(f[1])), Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const githubPath = "github/github/advisory-database/main.tar.gz"

func githubArchive(t testing.TB) feedtest.Files {
	record := func(id, reviewed string) string {
		return `{"id": "` + id + `", "modified": "2024-01-02T00:00:00Z", "summary": "t", "database_specific": {"github_reviewed": ` + reviewed + `, "severity": "HIGH"},
			"affected": [{"package": {"ecosystem": "npm", "name": "x"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]}]}`
	}
	return feedtest.Files{githubPath: archive(t,
		[2]string{"advisory-database-main/README.md", "# GHSA"},
		[2]string{"advisory-database-main/package.json", "{}"},
		[2]string{"advisory-database-main/advisories/github-reviewed/2024/01/GHSA-aaaa-bbbb-cccc/GHSA-aaaa-bbbb-cccc.json", record("GHSA-aaaa-bbbb-cccc", "true")},
		[2]string{"advisory-database-main/advisories/github-reviewed/2024/01/GHSA-bbbb-bbbb-cccc/GHSA-bbbb-bbbb-cccc.json", "{"},
		[2]string{"advisory-database-main/advisories/unreviewed/2024/01/GHSA-dddd-bbbb-cccc/GHSA-dddd-bbbb-cccc.json", record("GHSA-dddd-bbbb-cccc", "false")},
	)}
}

func TestGitHub(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, osv.GitHub(), githubArchive(t))
	if err != nil || len(said) != 1 || len(skipped) != 1 {
		t.Fatalf("%d advisories, skipped %v, error %v", len(said), skipped, err)
	}
	a := said[0]
	if a.Feed != "ghsa" || a.ID != "GHSA-aaaa-bbbb-cccc" || len(a.Affected) != 1 || a.Affected[0].Ranges[0].Fixed != "2" || a.Ratings[0].Severity != vuln.High {
		t.Errorf("%+v", a)
	}
}

func TestGitHubContract(t *testing.T) {
	t.Parallel()
	feedtest.Run(t, osv.GitHub(), githubArchive(t))
}

func TestDefault(t *testing.T) {
	t.Parallel()
	var names []string
	for _, f := range osv.Default() {
		names = append(names, f.Name())
		if a := f.About(); a.Publisher == "OSV" || a.License == "" || a.URL == "" {
			t.Errorf("%s: %+v", f.Name(), a)
		}
	}
	for _, n := range []string{"osv/Wolfi", "osv/Chainguard", "osv/SUSE", "osv/Red Hat"} {
		if slices.Contains(names, n) {
			t.Errorf("%s is read by default", n)
		}
	}
	for _, n := range []string{"osv/Debian", "osv/npm", "osv/Hex", "osv/Pub", "osv/CRAN", "osv/SwiftURL", "osv/openSUSE", "osv/Bitnami"} {
		if !slices.Contains(names, n) {
			t.Errorf("%s is not read", n)
		}
	}
}

// TestRealKinds counts in the real feeds what the manifest beside them cannot: kinds of records, by hand from the JSON.
func TestRealKinds(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	for name, want := range map[string]string{
		// 1435 imports with 10281 symbols are in the records; four of them are said twice of the same package, for two ranges.
		"Go":          "imports 1431, symbols 10271, modules 0, any 0, binary 0, malicious 0",
		"AlmaLinux":   "imports 0, symbols 0, modules 16443, any 126, binary 59678, malicious 0, disputed 0 of 59678 rows",
		"Rocky Linux": "imports 0, symbols 0, modules 3659, any 18, binary 0",
		"npm":         "imports 0, symbols 0, modules 0, any 0, binary 0, malicious 310",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var imports, symbols, modules, unknown, binary, rows, bad, disputed int
			err := osv.New(name).Parse(t.Context(), raw, func(a *vuln.Advisory) error {
				if a.Malicious {
					bad++
				}
				if a.State == vuln.Disputed {
					disputed++
				}
				for _, af := range a.Affected {
					rows++
					imports += len(af.Imports)
					for _, i := range af.Imports {
						symbols += len(i.Symbols)
					}
					switch af.Module {
					case "":
					case vuln.AnyModule:
						unknown++
					default:
						modules++
					}
					if af.Binary {
						binary++
					}
				}
				return nil
			}, func(feed.Skipped) {})
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("imports %d, symbols %d, modules %d, any %d, binary %d, malicious %d, disputed %d of %d rows", imports, symbols, modules, unknown, binary, bad, disputed, rows)
			if !strings.HasPrefix(got, want) {
				t.Errorf("%s, want %s", got, want)
			}
			t.Log(got)
		})
	}
}
