package osv

import (
	"archive/zip"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// schema is the evaluation of the OSV schema, word for word: is v affected by any of the ranges?
func schema(t testing.TB, eco purl.Ecosystem, v string, list []ranges) bool {
	compare := func(a, b string) int {
		if a == b {
			return 0
		}
		if a == "0" {
			return -1
		}
		if b == "0" {
			return 1
		}
		c, err := version.Compare(eco, a, b)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	at := func(e event) string { return e.Introduced + e.Fixed + e.LastAffected }
	for _, r := range list {
		if r.Type == "GIT" {
			continue
		}
		limited, below := false, false
		var sorted []event
		for _, e := range r.Events {
			if e.Limit == "" {
				sorted = append(sorted, e)
				continue
			}
			limited = true
			below = below || e.Limit == "*" || compare(v, e.Limit) < 0
		}
		if limited && !below {
			continue
		}
		slices.SortStableFunc(sorted, func(a, b event) int { return compare(at(a), at(b)) })
		vulnerable := false
		for _, e := range sorted {
			switch {
			case e.Introduced != "" && compare(v, e.Introduced) >= 0:
				vulnerable = true
			case e.Fixed != "" && compare(v, e.Fixed) >= 0:
				vulnerable = false
			case e.LastAffected != "" && compare(v, e.LastAffected) > 0:
				vulnerable = false
			}
		}
		if vulnerable {
			return true
		}
	}
	return false
}

// inside is what a matcher does with intervals.
func inside(t testing.TB, eco purl.Ecosystem, v string, list []vuln.Range) bool {
	for _, r := range list {
		from := r.Introduced == "0"
		if !from {
			c, err := version.Compare(eco, v, r.Introduced)
			if err != nil {
				t.Fatal(err)
			}
			from = c >= 0
		}
		to := true
		for end, inclusive := range map[string]bool{r.Fixed: false, r.LastAffected: true, r.Limit: false} {
			if end == "" {
				continue
			}
			c, err := version.Compare(eco, v, end)
			if err != nil {
				t.Fatal(err)
			}
			to = c < 0 || inclusive && c == 0
		}
		if from && to {
			return true
		}
	}
	return false
}

func FuzzIntervals(f *testing.F) {
	f.Add([]byte{0, 0, 1, 5})
	f.Add([]byte{0, 3, 1, 5, 0, 5, 2, 9, 3, 4})
	f.Add([]byte{1, 5, 0, 3, 0, 5, 2, 5, 0, 5, 1, 5})
	f.Add([]byte{0, 0, 3, 4, 3, 200, 2, 3, 4, 0, 0, 7})
	f.Fuzz(func(t *testing.T, b []byte) {
		// Two bytes an event: the kind, and the version 0 ("0" for an introduced one) to 9.0.0; kind 4 begins another range.
		list := []ranges{{Type: "SEMVER"}}
		for i := 0; i+1 < len(b) && i < 40; i += 2 {
			v := fmt.Sprintf("%d.0.0", b[i+1]%10)
			e := event{}
			switch b[i] % 5 {
			case 0:
				if e.Introduced = v; b[i+1]%10 == 0 {
					e.Introduced = "0"
				}
			case 1:
				e.Fixed = v
			case 2:
				e.LastAffected = v
			case 3:
				if e.Limit = v; b[i+1] >= 200 {
					e.Limit = "*"
				}
			case 4:
				list = append(list, ranges{Type: "SEMVER"})
				continue
			}
			list[len(list)-1].Events = append(list[len(list)-1].Events, e)
		}
		got, err := intervals(purl.NPM, list)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 21 {
			v := fmt.Sprintf("%d.%d.0", n/2, n%2)
			if want := schema(t, purl.NPM, v, list); inside(t, purl.NPM, v, got) != want {
				t.Fatalf("%s affected: %v by the schema's evaluation of %+v, not by %+v", v, want, list, got)
			}
		}
		for _, r := range got {
			ends := 0
			for _, e := range []string{r.Fixed, r.LastAffected, r.Limit} {
				if e != "" {
					ends++
				}
			}
			if ends > 1 || r.Introduced == "" {
				t.Fatalf("not an interval: %+v", r)
			}
		}
	})
}

func TestIntervals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		events []event
		want   []vuln.Range
	}{
		"several pairs, out of order": {
			[]event{{Introduced: "2.0.0"}, {Fixed: "2.1.0"}, {Introduced: "0"}, {Fixed: "1.10.0"}},
			[]vuln.Range{{Introduced: "0", Fixed: "1.10.0"}, {Introduced: "2.0.0", Fixed: "2.1.0"}},
		},
		"the same version again is not another beginning": {
			[]event{{Introduced: "1.0.0"}, {Introduced: "1.2.0"}, {Fixed: "1.3.0"}, {Fixed: "1.4.0"}},
			[]vuln.Range{{Introduced: "1.0.0", Fixed: "1.3.0"}},
		},
		"only one version":         {[]event{{Introduced: "1.0.0"}, {LastAffected: "1.0.0"}}, []vuln.Range{{Introduced: "1.0.0", LastAffected: "1.0.0"}}},
		"fixed where it began":     {[]event{{Introduced: "1.0.0"}, {Fixed: "1.0.0"}}, nil},
		"never introduced":         {[]event{{Fixed: "1.0.0"}}, nil},
		"a limit is not a fix":     {[]event{{Introduced: "0"}, {Limit: "2.0.0"}}, []vuln.Range{{Introduced: "0", Limit: "2.0.0"}}},
		"a fix below the limit":    {[]event{{Introduced: "0"}, {Fixed: "1.0.0"}, {Limit: "2.0.0"}}, []vuln.Range{{Introduced: "0", Fixed: "1.0.0"}}},
		"the higher limit counts":  {[]event{{Introduced: "1.0.0"}, {Limit: "0.5.0"}, {Limit: "3.0.0"}}, []vuln.Range{{Introduced: "1.0.0", Limit: "3.0.0"}}},
		"versions without order":   {[]event{{Introduced: "b"}, {Fixed: "a"}}, []vuln.Range{{Introduced: "b", Fixed: "a"}}},
		"a limit above everything": {[]event{{Introduced: "0"}, {Limit: "*"}, {Limit: "1.0.0"}}, []vuln.Range{{Introduced: "0"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := intervals(purl.NPM, []ranges{{Type: "SEMVER", Events: tt.events}, {Type: "GIT", Events: []event{{Introduced: "0"}}}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestListedVersions proves on real records that leaving listed versions out of the list changes no answer for any of them, and measures what it saves.
func TestListedVersions(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	for _, tt := range []struct {
		ecosystem string
		every     int // looks at every n-th record
	}{{"Alpine", 9}, {"Debian", 23}, {"PyPI", 3}, {"npm", 1}, {"Packagist", 1}, {"crates.io", 1}} {
		t.Run(tt.ecosystem, func(t *testing.T) {
			t.Parallel()
			file, err := raw.Open("osv/" + tt.ecosystem + "/all.zip")
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
			var buf []byte
			var rec record
			listed, kept := 0, 0
			for i := 0; i < len(z.File); i += tt.every {
				if buf, err = text(z.File[i], buf); err != nil {
					t.Fatal(err)
				}
				if err := decode(buf, &rec); err != nil {
					t.Fatal(err)
				}
				for _, a := range rec.Affected {
					eco, _ := purl.Split(purl.Namespace(a.Package.Ecosystem))
					list, err := intervals(eco, a.Ranges)
					if err != nil {
						t.Fatal(err)
					}
					left, err := unheld(eco, a.Versions, list)
					if err != nil {
						t.Fatal(err)
					}
					listed, kept = listed+len(a.Versions), kept+len(left)
					for _, v := range a.Versions {
						if slices.Contains(left, v) {
							continue
						}
						if !schema(t, eco, v, a.Ranges) {
							t.Fatalf("%s %s: %s was listed and is lost", rec.ID, a.Package.Name, v)
						}
					}
				}
			}
			t.Logf("%d listed, %d kept", listed, kept)
		})
	}
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"id":"CVE-2020-0001","affected":[{"package":{"ecosystem":"Debian:11","name":"a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1"}]}],"versions":["0.1","2"]}]}`))
	f.Add([]byte(`{"id":"USN-1-1","related":["CVE-2020-1"],"severity":[{"type":"Ubuntu","score":"low"}],"modified":"2020-01-01t00:00:00z"}`))
	f.Add([]byte(`{"id":"ALBA-2020:1","summary":"x: y","database_specific":{"severity":1}}`))
	f.Add([]byte(`{"id":"GO-2024-1","affected":[{"package":{"ecosystem":"Go","name":"m"},"versions":["1"],"ecosystem_specific":{"imports":[{"path":"m/a","symbols":["F"]}]}}]}`))
	f.Add([]byte(`{"id":"GO-2024-2","affected":[{"package":{"ecosystem":"Go","name":"m/v8"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],"ecosystem_specific":{"custom_ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"8.1.0"},{"fixed":"9.0.0"}]}]}}]}`))
	f.Add([]byte(`{"id":"ALSA-2022:1","summary":"Moderate: virt:rhel and virt-devel:rhel update","related":["CVE-2020-1"],"affected":[{"package":{"ecosystem":"AlmaLinux:8","name":"p"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1-1.module_el8.6.0+1+f"}]}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := newDecoder("osv/X")
		a, err := d.advisory(b)
		if err != nil || a == nil {
			return
		}
		if !validID(a.ID) || a.Feed != "osv/X" || strings.ContainsAny(a.Title, "\n\r") {
			t.Fatalf("%+v", a)
		}
		// A name is either the same vulnerability or one that is covered, never both, never its own.
		seen := map[string]bool{a.ID: true}
		for _, id := range slices.Concat(a.Aliases, a.Covers) {
			if seen[id] || !validID(id) {
				t.Fatalf("%q in %+v", id, a)
			}
			seen[id] = true
		}
		for _, af := range a.Affected {
			if af.Namespace == "" || af.Package == "" || (af.Status == vuln.StatusNotAffected) != (len(af.Ranges)+len(af.Versions) == 0) {
				t.Fatalf("%+v", af)
			}
		}
		for _, r := range a.Ratings {
			if r.Score < 0 || r.Score > 10 || r.Severity == vuln.Unknown {
				t.Fatalf("%+v", r)
			}
		}
		again, err := newDecoder("osv/X").advisory(b)
		if err != nil || cmp.Diff(a, again) != "" {
			t.Fatal("another answer for the same bytes", err)
		}
	})
}

// FuzzModules: what is found in a title is in the title, has the form of a stream, and is found again by itself.
func FuzzModules(f *testing.F) {
	f.Add("Important: nodejs:18 security update")
	f.Add("ALSA-2022:5468: php:8.0 security update (Important)")
	f.Add("Moderate: virt:rhel, (virt-devel:rhel) a:b c:d e:f")
	f.Fuzz(func(t *testing.T, title string) {
		list := modules(title)
		if len(list) > maxModules {
			t.Errorf("%q has %d modules", title, len(list))
		}
		for _, m := range list {
			if !strings.Contains(title, m) || strings.Count(m, ":") != 1 || !slices.Equal(modules(m), []string{m}) {
				t.Errorf("%q has the module %q", title, m)
			}
		}
	})
}
