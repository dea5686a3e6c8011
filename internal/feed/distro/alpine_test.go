package distro_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/distro"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// files are trimmed from secdb.alpinelinux.org, with its odd entries.
func files() feedtest.Files {
	empty := []byte(`{"packages":[]}`)
	return feedtest.Files{
		"alpine-secdb/edge/main.json": empty, "alpine-secdb/edge/community.json": empty,
		"alpine-secdb/v3.18/main.json": []byte(`{"distroversion":"v3.18","reponame":"main","packages":[
		{"pkg":{"name":"xen","secfixes":{
			"4.12.1-r2":["CVE-2019-18420 XSA-313","CVE-2019-18421 CVE-2019-18422  XSA-311","XSA-999","CVE-????-????? XSA-398"],
			"0":["CVE-2020-29568 XSA-349"]}}},
		{"pkg":{"name":"tcpdump","secfixes":{
			"4.9.9-r0":["CVE-2017-11541 (tcpdump -V)"],"4.9.10-r0":["CVE-2017-11541 (+ regression fix)"],"4.9.2-r0":["CVE-2017-11541"]}}},
		{"pkg":{"name":"odd","secfixes":{"1-r0":["CVE_2019-2426","CVE-2018-1000156.patch","CVE N/A ZBX-11023","CVE-46838","GHSA-5f2m-466j-3848 CVE-2023-30549"]}}},
		{"pkg":{"name":"none","secfixes":[]}},
		{"pkg":{"name":"worse","secfixes":"?"}}]}`),
		"alpine-secdb/v3.18/community.json": []byte(`{"packages":[{"pkg":{"name":"both","secfixes":{"0":["CVE-2021-1000"],"2.0-r0":["CVE-2021-1000"]}}}]}`),
		"alpine-secdb/v3.2/main.json":       []byte(`{"packages":[{"pkg":{"name":"xen","secfixes":{"4.5-r0":["CVE-2019-18420"]}}}]}`),
	}
}

func TestAlpine(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, distro.Alpine(), files())
	if err != nil {
		t.Fatal(err)
	}
	fixed := func(ns, pkg, v string) vuln.Affected {
		return vuln.Affected{Namespace: ns, Package: pkg, Ranges: []vuln.Range{{Introduced: "0", Fixed: v}}}
	}
	says := func(id string, affected ...vuln.Affected) *vuln.Advisory {
		return &vuln.Advisory{Feed: "alpine-secdb", ID: id, Affected: affected}
	}
	ghsa := says("CVE-2023-30549", fixed("Alpine:v3.18", "odd", "1-r0"))
	ghsa.Aliases = []string{"GHSA-5f2m-466j-3848"}
	want := []*vuln.Advisory{
		says("CVE-2017-11541", fixed("Alpine:v3.18", "tcpdump", "4.9.10-r0")),
		says("CVE-2018-1000156", fixed("Alpine:v3.18", "odd", "1-r0")),
		says("CVE-2019-18420", fixed("Alpine:v3.18", "xen", "4.12.1-r2"), fixed("Alpine:v3.2", "xen", "4.5-r0")),
		says("CVE-2019-18421", fixed("Alpine:v3.18", "xen", "4.12.1-r2")),
		says("CVE-2019-18422", fixed("Alpine:v3.18", "xen", "4.12.1-r2")),
		says("CVE-2019-2426", fixed("Alpine:v3.18", "odd", "1-r0")),
		says("CVE-2020-29568", vuln.Affected{Namespace: "Alpine:v3.18", Package: "xen", Status: vuln.StatusNotAffected}),
		says("CVE-2021-1000", fixed("Alpine:v3.18", "both", "2.0-r0")),
		ghsa,
		says("XSA-398", fixed("Alpine:v3.18", "xen", "4.12.1-r2")),
		says("XSA-999", fixed("Alpine:v3.18", "xen", "4.12.1-r2")),
		says("ZBX-11023", fixed("Alpine:v3.18", "odd", "1-r0")),
	}
	if diff := cmp.Diff(want, said, cmp.Comparer(func(a, b []string) bool { return strings.Join(a, " ") == strings.Join(b, " ") })); diff != "" {
		t.Error(diff)
	}
	wantSkipped := []feed.Skipped{
		{Path: "alpine-secdb/v3.18/main.json", Record: "odd 1-r0", Reason: `"CVE-46838" names no vulnerability`},
		{Path: "alpine-secdb/v3.18/main.json", Record: "worse", Reason: "secfixes are not lists of ids by version"},
	}
	if diff := cmp.Diff(wantSkipped, skipped); diff != "" {
		t.Error(diff)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	feedtest.Run(t, distro.Alpine(), files())
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"not JSON": "<html>", "cut short": `{"packages":[{"pkg":{"name":"a"`, "nothing": "", "deep": strings.Repeat("[", 1<<20)} {
		f := files()
		f["alpine-secdb/v3.18/main.json"] = []byte(text)
		if _, _, err := feedtest.Parse(t, distro.Alpine(), f); !errors.Is(err, artifact.ErrCorrupt) || !strings.Contains(err.Error(), "v3.18/main.json") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	f := files()
	f["alpine-secdb/v3.18/main.json"] = bytes.Repeat([]byte(" "), 65<<20)
	_, _, err := feedtest.Parse(t, distro.Alpine(), f)
	if _, is := errors.AsType[*artifact.ErrLimit](err); !is {
		t.Errorf("error %v", err)
	}
}

// TestReal reads the real files. The one malformed id among 85,277 entries stands in four of them.
func TestReal(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	said, skipped, err := feedtest.Parse(t, distro.Alpine(), raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range skipped {
		if s.Reason != `"CVE-46838" names no vulnerability` {
			t.Errorf("skipped %+v", s)
		}
	}
	if len(skipped) != 4 || len(said) != 7711 {
		t.Errorf("%d advisories, %d skipped", len(said), len(skipped))
	}
	// Count the packages and ids of one file on our own.
	f, err := raw.Open("alpine-secdb/v3.18/main.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var db struct {
		Packages []struct {
			Pkg struct {
				Name     string
				Secfixes map[string][]string
			}
		}
	}
	if err := json.NewDecoder(f).Decode(&db); err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, a := range said {
		for _, af := range a.Affected {
			has[af.Namespace+" "+af.Package+" "+a.ID] = true
		}
	}
	n := 0
	for _, p := range db.Packages {
		for _, ids := range p.Pkg.Secfixes {
			for _, id := range ids {
				id, _, _ = strings.Cut(id, " ")
				if n++; strings.HasPrefix(id, "CVE-") && !has["Alpine:v3.18 "+p.Pkg.Name+" "+id] {
					t.Errorf("%s %s is lost", p.Pkg.Name, id)
				}
			}
		}
	}
	if n < 1000 {
		t.Errorf("only %d entries", n)
	}
}

func FuzzAlpine(f *testing.F) {
	for _, b := range files() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		raw := feedtest.Files{"alpine-secdb/edge/main.json": b, "alpine-secdb/edge/community.json": []byte(`{}`)}
		said, _, err := feedtest.Parse(t, distro.Alpine(), raw)
		if err != nil && !errors.Is(err, artifact.ErrCorrupt) {
			t.Fatal(err)
		}
		last := ""
		for _, a := range said {
			if a.ID <= last || strings.ContainsAny(a.ID, " ()?") || len(a.Affected) == 0 {
				t.Fatalf("%q after %q: %+v", a.ID, last, a)
			}
			last = a.ID
			seen := map[string]bool{}
			for _, af := range a.Affected {
				if seen[af.Package] || af.Package == "" || af.Namespace != "Alpine:edge" || (af.Status == vuln.StatusNotAffected) != (len(af.Ranges) == 0) {
					t.Fatalf("%+v", a)
				}
				seen[af.Package] = true
			}
		}
	})
}

func BenchmarkAlpine(b *testing.B) {
	raw := feedtest.Real(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := distro.Alpine().Parse(b.Context(), raw, func(*vuln.Advisory) error { return nil }, func(feed.Skipped) {}); err != nil {
			b.Fatal(err)
		}
	}
}
