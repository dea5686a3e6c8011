package osv

import (
	"archive/zip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func decoded(t *testing.T, record string) *vuln.Advisory {
	t.Helper()
	a, err := newDecoder("osv/Go").advisory([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestCustomRanges(t *testing.T) {
	t.Parallel()
	const bare = `{"introduced": "0"}`
	open := []vuln.Range{{Introduced: "0"}}
	for name, tt := range map[string]struct {
		module, events, custom string
		want                   []vuln.Range
	}{
		"a fix that Go does not know": {"m", bare, `{"introduced": "0"}, {"fixed": "2.16.0"}`, []vuln.Range{{Introduced: "0", Fixed: "2.16.0"}}},
		"untagged builds stay affected": {
			"m", bare, `{"introduced": "9.2.0"}, {"fixed": "9.2.4"}`,
			[]vuln.Range{{Introduced: "0", Limit: "0.0.0"}, {Introduced: "9.2.0", Fixed: "9.2.4"}},
		},
		"untagged builds of a later major version": {
			"m/v8", bare, `{"introduced": "8.1.0"}, {"fixed": "9.0.0"}`,
			[]vuln.Range{{Introduced: "8.0.0-0", Limit: "8.0.0"}, {Introduced: "8.1.0", Fixed: "9.0.0"}},
		},
		"untagged builds that it names": {
			"m/v8", bare, `{"introduced": "8.0.0-20240520051424-a0b5b7aee6a9"}, {"fixed": "8.0.0-20240619000000-a0b5b7aee6a9"}`,
			[]vuln.Range{{Introduced: "8.0.0-20240520051424-a0b5b7aee6a9", Fixed: "8.0.0-20240619000000-a0b5b7aee6a9"}},
		},
		"not in order": {
			"m", bare, `{"introduced": "0"}, {"fixed": "5.21.4"}, {"introduced": "4.0.0"}, {"fixed": "0.0.1-rc1"}`,
			[]vuln.Range{{Introduced: "0", Fixed: "0.0.1-rc1"}, {Introduced: "4.0.0", Fixed: "5.21.4"}},
		},
		"a beginning without its end":     {"m", bare, `{"introduced": "0"}, {"introduced": "2.9"}, {"fixed": "2.9.56"}`, []vuln.Range{{Introduced: "0", Fixed: "2.9.56"}}},
		"it began where Go says":          {"m", `{"introduced": "2.0.0+incompatible"}`, `{"introduced": "0"}, {"fixed": "2.4.16"}`, []vuln.Range{{Introduced: "2.0.0+incompatible", Fixed: "2.4.16"}}},
		"it began after the first fix":    {"m", `{"introduced": "0.7.2"}`, `{"introduced": "0"}, {"fixed": "0.7.1"}`, []vuln.Range{{Introduced: "0.7.2"}}},
		"two beginnings":                  {"m", `{"introduced": "3.0.0"}`, `{"introduced": "4.0.0"}, {"fixed": "5.0.0"}`, []vuln.Range{{Introduced: "3.0.0"}}},
		"a fix that Go knows":             {"m", `{"introduced": "0"}, {"fixed": "1.16.3"}`, `{"introduced": "0"}, {"fixed": "1.15.9"}`, []vuln.Range{{Introduced: "0", Fixed: "1.16.3"}}},
		"no version":                      {"m", bare, `{"introduced": "0"}, {"fixed": "edge-24.6.2"}`, open},
		"one number too many":             {"m", bare, `{"introduced": "0"}, {"fixed": "0.9.1.3"}`, open},
		"a number with a zero before it":  {"m", bare, `{"introduced": "0"}, {"fixed": "4.072"}`, open},
		"an introduction without order":   {"m", bare, `{"introduced": "RELEASE.2024-06-06T09-36-42Z"}, {"fixed": "2.0.0"}`, open},
		"fixes of branches without start": {"m", bare, `{"introduced": "0"}, {"fixed": "6.6"}, {"fixed": "5.21.5"}, {"fixed": "4.0.11"}`, open},
		"never introduced":                {"m", bare, `{"fixed": "4.0.11"}`, open},
		"an empty interval":               {"m", bare, `{"introduced": "1.0.0"}, {"fixed": "1.0.0"}`, open},
		"a limit":                         {"m", bare, `{"introduced": "0"}, {"limit": "1.0.0"}`, open},
		"nothing":                         {"m", bare, ``, open},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := decoded(t, `{"id": "GO-2024-0001", "affected": [{"package": {"ecosystem": "Go", "name": "`+tt.module+`"},
				"ranges": [{"type": "SEMVER", "events": [`+tt.events+`]}],
				"ecosystem_specific": {"imports": [{"path": "m/p", "symbols": ["F"]}], "custom_ranges": [{"type": "ECOSYSTEM", "events": [`+tt.custom+`]}]}}]}`)
			want := []vuln.Affected{{Namespace: "Go", Package: tt.module, Ranges: tt.want, Imports: []vuln.Import{{Path: "m/p", Symbols: []string{"F"}}}}}
			if diff := cmp.Diff(want, a.Affected); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCustomRangesNotAsTheSchemaSays(t *testing.T) {
	t.Parallel()
	for _, custom := range []string{`{}`, `"0"`, `[1]`, `[{"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]}]`, `[{"events": [{"introduced": 0}]}]`} {
		a := decoded(t, `{"id": "GO-2024-0001", "affected": [{"package": {"ecosystem": "Go", "name": "m"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}], "ecosystem_specific": {"custom_ranges": `+custom+`}}]}`)
		if diff := cmp.Diff([]vuln.Affected{{Namespace: "Go", Package: "m", Ranges: []vuln.Range{{Introduced: "0"}}}}, a.Affected); diff != "" {
			t.Errorf("%s: %s", custom, diff)
		}
	}
	// The field is of Go's database; elsewhere it may be anything.
	a := decoded(t, `{"id": "GHSA-aaaa-bbbb-cccc", "affected": [{"package": {"ecosystem": "npm", "name": "m"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
		"ecosystem_specific": {"custom_ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]}]}}]}`)
	if diff := cmp.Diff([]vuln.Range{{Introduced: "0"}}, a.Affected[0].Ranges); diff != "" {
		t.Error(diff)
	}
}

// TestCustomRangesOfTheFeed holds the answers for real versions to what the projects say of them, and measures how much of the feed the ranges reach.
func TestCustomRangesOfTheFeed(t *testing.T) {
	t.Parallel()
	file, err := feedtest.Real(t).Open("osv/Go/all.zip")
	if err != nil {
		t.Skip(err)
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(file, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	type asked struct{ id, version string }
	want := map[asked]bool{
		{"GO-2024-2938", "v2.15.0"}:                            true, // LocalAI
		{"GO-2024-2938", "v2.16.0"}:                            false,
		{"GO-2024-2431", "v3.3.0"}:                             true, // CubeFS
		{"GO-2024-2431", "v3.3.1"}:                             false,
		{"GO-2024-2431", "v0.0.0-20231101000000-0123456789ab"}: true,
		{"GO-2024-2856", "v9.2.3"}:                             true, // Grafana
		{"GO-2024-2856", "v9.1.8"}:                             false,
		{"GO-2024-2856", "v11.5.0+incompatible"}:               false,
		{"GO-2024-2856", "v0.0.0-20231101000000-0123456789ab"}: true,
		{"GO-2024-2768", "v2.4.15+incompatible"}:               true, // Rancher
		{"GO-2024-2768", "v2.4.16+incompatible"}:               false,
		{"GO-2024-2768", "v2.5.8+incompatible"}:                true,
		{"GO-2024-2768", "v1.6.0"}:                             false,
		{"GO-2025-4121", "v5.21.4"}:                            true, // LXD: fixes of three branches
	}
	d := newDecoder("osv/Go")
	var buf []byte
	blocks, open, replaced, fixes := 0, 0, 0, 0
	for _, f := range z.File {
		if buf, err = text(f, buf); err != nil {
			t.Fatal(err)
		}
		a, err := d.advisory(buf)
		if err != nil {
			t.Fatal(err)
		}
		for q, affected := range want {
			if q.id != a.ID {
				continue
			}
			delete(want, q)
			if inside(t, purl.Go, q.version, a.Affected[0].Ranges) != affected {
				t.Errorf("%s of %s: affected must be %v by %v", q.version, q.id, affected, a.Affected[0].Ranges)
			}
		}
		for _, a := range d.rec.Affected {
			if len(a.Ecosystem.Custom) == 0 {
				continue
			}
			blocks++
			plain, err := intervals(purl.Go, a.Ranges)
			if err != nil {
				t.Fatal(err)
			}
			fixed := func(r vuln.Range) bool { return r.Fixed != "" }
			if slices.ContainsFunc(plain, fixed) {
				continue
			}
			open++
			got := custom(a.Package.Name, slices.Clone(plain), a.Ecosystem.Custom)
			if cmp.Equal(got, plain) {
				t.Logf("%s %s stays at %v: %v", d.rec.ID, a.Package.Name, plain, a.Ecosystem.Custom)
				continue
			}
			replaced++
			if slices.ContainsFunc(got, fixed) {
				fixes++
			}
			// What the custom ranges call affected stays so, except where Go's range begins later.
			for _, r := range a.Ecosystem.Custom {
				for _, e := range r.Events {
					v := e.Introduced + e.Fixed
					now := schema(t, purl.Go, v, a.Ecosystem.Custom) && inside(t, purl.Go, v, plain)
					if v != "0" && inside(t, purl.Go, v, got) != now {
						t.Errorf("%s %s: %s affected must be %v by %v", d.rec.ID, a.Package.Name, v, now, got)
					}
				}
			}
		}
	}
	for q := range want {
		t.Logf("%s is not in the feed", q.id)
	}
	t.Logf("%d blocks with custom ranges, %d of them without a fix in Go's versions; %d are replaced, %d get a fix", blocks, open, replaced, fixes)
	if fixes < open*8/10 {
		t.Error("most have a fix in their custom ranges")
	}
}
