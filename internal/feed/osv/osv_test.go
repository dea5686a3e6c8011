package osv_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/osv"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// pack makes an all.zip of records by name, in the order of names given.
func pack(t testing.TB, records map[string]string, names ...string) []byte {
	t.Helper()
	if names == nil {
		names = slices.Sorted(maps.Keys(records))
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(records[n])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func one(t *testing.T, record string) *vuln.Advisory {
	t.Helper()
	said, skipped, err := feedtest.Parse(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": pack(t, map[string]string{"r.json": record})})
	if err != nil || len(skipped) > 0 || len(said) != 1 {
		t.Fatalf("%d advisories, skipped %v, error %v", len(said), skipped, err)
	}
	return said[0]
}

func TestRecord(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v3 := func(feedName, vector string, score float64, s vuln.Severity) vuln.Rating {
		return vuln.Rating{Feed: feedName, Severity: s, Version: "3.1", Vector: vector, Score: score}
	}
	for name, tt := range map[string]struct {
		record string
		want   vuln.Advisory
	}{
		"a GitHub advisory has its word, its vector and its weaknesses": {
			`{"schema_version":"1.4.0","id":"GHSA-23jv-v6qj-3fhh","modified":"2023-09-29T15:52:57Z","published":"2021-05-18T18:19:21Z",
			"withdrawn":"2024-01-02T00:00:00.5Z","aliases":["CVE-2020-7219"],"related":["CVE-2020-1"],"summary":"Denial of\nService","details":"text",
			"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},{"type":"CVSS_V3","score":"nonsense"}],
			"affected":[{"package":{"ecosystem":"PyPI","name":"A_b.C"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.6.3"}]}]},
			            {"package":{"ecosystem":"PyPI","name":"a-b-c"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"2"},{"last_affected":"2.5"}]}],"versions":["1.0","3.0"]}],
			"references":[{"type":"WEB","url":"https://example.org/a"}],
			"database_specific":{"cwe_ids":["CWE-400","CWE-770"],"severity":"MODERATE","github_reviewed":true}}`,
			vuln.Advisory{
				Feed: "osv/X", ID: "GHSA-23jv-v6qj-3fhh", Aliases: []string{"CVE-2020-7219"},
				Withdrawn: at("2024-01-02T00:00:00.5Z"), Published: at("2021-05-18T18:19:21Z"), Modified: at("2023-09-29T15:52:57Z"),
				Title: "Denial of Service", Details: "text",
				Ratings: []vuln.Rating{
					{Feed: "osv/X", Severity: vuln.Medium},
					v3("osv/X", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5, vuln.High),
				},
				Weaknesses: []string{"CWE-400", "CWE-770"},
				References: []vuln.Reference{{Type: "web", URL: "https://example.org/a"}},
				Affected: []vuln.Affected{{
					Namespace: "PyPI", Package: "a-b-c",
					Ranges: []vuln.Range{{Introduced: "0", Fixed: "1.6.3"}, {Introduced: "2", LastAffected: "2.5"}}, Versions: []string{"1.0", "3.0"},
				}},
			},
		},
		"a Debian notice covers what it relates to": {
			`{"id":"DSA-5020-1","related":["CVE-2021-44228","CVE-2021-44228","CVE-2021-45046"],"summary":"apache-log4j2 - security update",
			"affected":[{"package":{"ecosystem":"Debian:11","name":"apache-log4j2"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2.15.0-1~deb11u1"}]}]}]}`,
			vuln.Advisory{
				Feed: "osv/X", ID: "DSA-5020-1", Covers: []string{"CVE-2021-44228", "CVE-2021-45046"}, Title: "apache-log4j2 - security update",
				Affected: []vuln.Affected{{
					Namespace: "Debian:11", Package: "apache-log4j2", Ranges: []vuln.Range{{Introduced: "0", Fixed: "2.15.0-1~deb11u1"}},
				}},
			},
		},
		"a distribution's spelling of a CVE is that CVE": {
			`{"id":"UBUNTU-CVE-2001-1593","aliases":[],"upstream":["CVE-2001-1593"],"related":["USN-1-1"],"severity":[{"type":"Ubuntu","score":"low"}],
			"affected":[{"package":{"ecosystem":"Ubuntu:Pro:16.04:LTS","name":"a2ps"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1:4.14"}]}],"ecosystem_specific":{"ubuntu_priority":"medium"}},
			            {"package":{"ecosystem":"Ubuntu:12.04:LTS","name":"a2ps"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"severity":[{"type":"Ubuntu","score":"negligible"}]}]}`,
			vuln.Advisory{
				Feed: "osv/X", ID: "UBUNTU-CVE-2001-1593", Aliases: []string{"CVE-2001-1593"},
				Ratings: []vuln.Rating{{Feed: "osv/X", Source: "Ubuntu", Severity: vuln.Low}},
				Affected: []vuln.Affected{
					{Namespace: "Ubuntu:16.04", Package: "a2ps", Severity: vuln.Medium, Ranges: []vuln.Range{{Introduced: "0", Fixed: "1:4.14"}}}, // only subscribers get the fix; all are affected
					{Namespace: "Ubuntu:12.04", Package: "a2ps", Severity: vuln.Negligible, Ranges: []vuln.Range{{Introduced: "0"}}},
				},
			},
		},
		"a notice that names a CVE in two spellings covers it once": {
			`{"id":"USN-7000-1","upstream":["CVE-2024-1111","UBUNTU-CVE-2024-1111"]}`,
			vuln.Advisory{Feed: "osv/X", ID: "USN-7000-1", Covers: []string{"CVE-2024-1111"}},
		},
		"Debian's urgencies": {
			`{"id":"CVE-2020-0001","related":["DSA-1-1","USN-3"],"affected":[
			{"package":{"ecosystem":"Debian:11","name":"a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"ecosystem_specific":{"urgency":"end-of-life"}},
			{"package":{"ecosystem":"Debian:11","name":"b"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"ecosystem_specific":{"urgency":"unimportant"}},
			{"package":{"ecosystem":"Debian:11","name":"c"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"ecosystem_specific":{"urgency":"not yet assigned"}},
			{"package":{"ecosystem":"Debian:11","name":"d"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],"ecosystem_specific":{"urgency":["odd"]}}]}`,
			vuln.Advisory{Feed: "osv/X", ID: "CVE-2020-0001", Affected: []vuln.Affected{
				{Namespace: "Debian:11", Package: "a", Status: vuln.StatusWontFix, Ranges: []vuln.Range{{Introduced: "0"}}},
				{Namespace: "Debian:11", Package: "b", Severity: vuln.Negligible, Ranges: []vuln.Range{{Introduced: "0"}}},
				{Namespace: "Debian:11", Package: "c", Ranges: []vuln.Range{{Introduced: "0"}}},
				{Namespace: "Debian:11", Package: "d", Ranges: []vuln.Range{{Introduced: "0"}}},
			}},
		},
		"fixed in 0 is a distribution's word that its package was never affected": {
			`{"id":"CVE-2016-0682","affected":[{"package":{"ecosystem":"Alpine:v3.8","name":"db"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"0"}]}]}]}`,
			vuln.Advisory{Feed: "osv/X", ID: "CVE-2016-0682", Affected: []vuln.Affected{
				{Namespace: "Alpine:v3.8", Package: "db", Status: vuln.StatusNotAffected},
			}},
		},
		"a package of which nothing is said is not affected": {
			`{"id":"PYSEC-2022-15","affected":[{"package":{"ecosystem":"PyPI","name":"loguru"}},
			{"package":{"ecosystem":"PyPI","name":"other"},"ranges":[{"type":"GIT","repo":"https://example.org/x","events":[{"introduced":"0"},{"fixed":"abc"}]}]}]}`,
			vuln.Advisory{Feed: "osv/X", ID: "PYSEC-2022-15"},
		},
		"Red Hat's family writes its word into the title": {
			`{"id":"ALSA-2025:10073","summary":"Important: firefox security update","related":["CVE-2025-6430"]}`,
			vuln.Advisory{
				Feed: "osv/X", ID: "ALSA-2025:10073", Covers: []string{"CVE-2025-6430"}, Title: "Important: firefox security update",
				Ratings: []vuln.Rating{{Feed: "osv/X", Severity: vuln.High}},
			},
		},
		"times of nothing, ids that are slips, and null": {
			`{"schema_version":null,"id":"GO-2020-0001","modified":"0001-01-01T00:00:00Z","published":null,"aliases":["2860245","esm)","CVE-2020-1 "],"severity":null,"affected":null,"database_specific":{"cwe_ids":"CWE-1"}}`,
			vuln.Advisory{Feed: "osv/X", ID: "GO-2020-0001", Aliases: []string{"CVE-2020-1"}},
		},
		"vectors of all versions": {
			`{"id":"X-1","severity":[{"type":"CVSS_V2","score":"AV:L/AC:L/Au:N/C:P/I:N/A:N"},{"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},{"type":"Ubuntu","score":"untriaged"}]}`,
			vuln.Advisory{Feed: "osv/X", ID: "X-1", Ratings: []vuln.Rating{
				{Feed: "osv/X", Severity: vuln.Low, Version: "2.0", Vector: "AV:L/AC:L/Au:N/C:P/I:N/A:N", Score: 2.1},
				{Feed: "osv/X", Severity: vuln.Critical, Version: "4.0", Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Score: 9.3},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(&tt.want, one(t, tt.record)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const good = `{"id":"GHSA-aaaa-bbbb-cccc","affected":[{"package":{"ecosystem":"npm","name":"x"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}`

func TestContract(t *testing.T) {
	t.Parallel()
	records := map[string]string{"bad.json": "{", "README": "not a record"}
	for i := range 500 {
		id := fmt.Sprintf("GHSA-aaaa-bbbb-%04d", i)
		records[id+".json"] = strings.Replace(good, "GHSA-aaaa-bbbb-cccc", id, 1)
	}
	feedtest.Run(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": pack(t, records)})
}

func TestOrderOfTheArchiveDoesNotMatter(t *testing.T) {
	t.Parallel()
	records := map[string]string{}
	for i := range 300 {
		id := fmt.Sprintf("GHSA-aaaa-bbbb-%04d", i)
		records[id+".json"] = strings.Replace(good, "GHSA-aaaa-bbbb-cccc", id, 1) + strings.Repeat(" ", i*50)
	}
	names := slices.Sorted(maps.Keys(records))
	backwards := slices.Clone(names)
	slices.Reverse(backwards)
	want, _, err := feedtest.Parse(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": pack(t, records, names...)})
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := feedtest.Parse(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": pack(t, records, backwards...)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 300 {
		t.Error(len(want), diff)
	}
}

func TestMaintenanceNotices(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": pack(t, map[string]string{
		"1.json": `{"id":"ALBA-2019:0973","summary":"bug fix update","related":[]}`,
		"2.json": `{"id":"ALBA-2019:0974","summary":"bug fix update","related":["CVE-2019-1"]}`,
		"3.json": `{"id":"ALSA-2019:0975","summary":"Important: security update","related":[]}`,
	})})
	if err != nil || len(skipped) > 0 {
		t.Fatal(err, skipped)
	}
	var ids []string
	for _, a := range said {
		ids = append(ids, a.ID)
	}
	if diff := cmp.Diff([]string{"ALBA-2019:0974", "ALSA-2019:0975"}, ids); diff != "" {
		t.Error(diff)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	t.Run("records that cannot be read are named and skipped", func(t *testing.T) {
		t.Parallel()
		records := map[string]string{
			"a.json": good, "b.json": `{"id":""}`, "c.json": "", "d.json": `[]`, "e.json": `{"id":"X-1","modified":"yesterday"}`,
			"f.json": strings.Repeat("[", 100_000), "g.json": `{"id":"X-2","affected":{}}`,
		}
		said, skipped, err := feedtest.Parse(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": pack(t, records)})
		if err != nil || len(said) != 1 || len(skipped) != 6 {
			t.Fatalf("%d advisories, skipped %v, error %v", len(said), skipped, err)
		}
		if skipped[0].Record != "b" || skipped[0].Path != "osv/X/all.zip" || skipped[0].Reason == "" {
			t.Errorf("skipped %+v", skipped[0])
		}
	})
	t.Run("a file of which nothing can be read is an error", func(t *testing.T) {
		t.Parallel()
		for _, b := range [][]byte{nil, []byte("PK"), pack(t, map[string]string{"a.json": "x"})} {
			if _, _, err := feedtest.Parse(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": b}); !errors.Is(err, artifact.ErrCorrupt) {
				t.Errorf("%d bytes: error %v", len(b), err)
			}
		}
	})
	t.Run("a record whose bytes are damaged is skipped", func(t *testing.T) {
		t.Parallel()
		b := pack(t, map[string]string{"a.json": good, "b.json": strings.Replace(good, "cccc", "dddd", 1)})
		i := bytes.LastIndex(b[:len(b)/2+40], []byte("a.json")) + len("a.json") + 10
		b[i] ^= 0xff
		said, skipped, err := feedtest.Parse(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": b})
		if err != nil || len(said) != 1 || len(skipped) != 1 {
			t.Errorf("%d advisories, skipped %v, error %v", len(said), skipped, err)
		}
	})
}

// TestHostile gives records that are cheap to send and dear to read. The heap may not grow much beyond one of them.
func TestHostile(t *testing.T) {
	// Not parallel: it looks at the heap.
	list := func(head, item, tail string, n int) string {
		return head + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + tail
	}
	for name, record := range map[string]string{
		"a record of 33 MiB":              `{"id":"X-1","details":"` + strings.Repeat("a", 33<<20) + `"}`,
		"a million events":                list(`{"id":"X-1","affected":[{"package":{"ecosystem":"npm","name":"x"},"ranges":[{"type":"SEMVER","events":[`, `{"introduced":"2"},{"fixed":"1"}`, `]}]}]}`, 500_000),
		"ten million empty packages":      list(`{"id":"X-1","affected":[`, `{}`, `]}`, 10_000_000),
		"ten million empty aliases":       list(`{"id":"X-1","aliases":[`, `""`, `]}`, 10_000_000),
		"deep nesting":                    `{"id":"X-1","details":` + strings.Repeat(`[`, 16<<20) + `}`,
		"deep nesting in an unread place": `{"id":"X-1","credits":` + strings.Repeat(`{"a":`, 3<<20) + `}`,
		"a version of a megabyte":         `{"id":"X-1","affected":[{"package":{"ecosystem":"npm","name":"x"},"versions":["` + strings.Repeat("9", 1<<20) + `"]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := pack(t, map[string]string{"a.json": good, "bomb.json": record})
			record = ""
			runtime.GC()
			debug.FreeOSMemory()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			said, skipped, err := feedtest.Parse(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": b})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if err != nil || len(said) != 1 || len(skipped) != 1 {
				t.Fatalf("%d advisories, %d skipped, error %v", len(said), len(skipped), err)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<20 || took > time.Minute {
				t.Errorf("%d MiB allocated in %s", grown>>20, took)
			}
			t.Logf("%d bytes of archive, %d MiB allocated, %s: %s", len(b), (after.TotalAlloc-before.TotalAlloc)>>20, took.Round(time.Millisecond), skipped[0].Reason)
		})
	}
	t.Run("events at the bound cost little", func(t *testing.T) {
		record := list(`{"id":"X-1","affected":[{"package":{"ecosystem":"npm","name":"x"},"ranges":[{"type":"SEMVER","events":[`, `{"introduced":"2.0.0"},{"fixed":"1.0.0"}`, `]}]}]}`, 8_000)
		start := time.Now()
		one(t, record)
		if took := time.Since(start); took > time.Minute {
			t.Errorf("took %s", took)
		}
	})
	t.Run("entries that share their bytes are refused", func(t *testing.T) {
		// Point the second entry's directory record at the first one's bytes, and give both the size of the whole.
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range []string{"aaaa.json", "bbbb.json"} {
			w, err := z.Create(n)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = w.Write([]byte(strings.Repeat("x", 1<<20)))
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		raw := b.Bytes()
		dir := bytes.Index(raw, []byte("PK\x01\x02"))
		for range 2 {
			copy(raw[dir+20:dir+24], []byte{0, 5, 0, 0}) // 1,280 bytes each: more than the file together
			dir += 4 + bytes.Index(raw[dir+4:], []byte("PK\x01\x02"))
		}
		_, _, err := feedtest.Parse(t, osv.New("X"), feedtest.Files{"osv/X/all.zip": raw})
		if _, is := errors.AsType[*artifact.ErrLimit](err); !is {
			t.Errorf("error %v", err)
		}
	})
}

// TestReal reads the real feeds. The counts are those of the manifest beside the copies; a notice that names no vulnerability is not an advisory.
func TestReal(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	for name, want := range map[string]struct{ advisories, maintenance int }{
		"Go": {6416, 0}, "npm": {3792, 0}, "Maven": {5305, 0}, "PyPI": {6126, 0}, "RubyGems": {892, 0}, "crates.io": {1609, 0},
		"Packagist": {4348, 0}, "NuGet": {685, 0}, "Debian": {44152, 0}, "Alpine": {3655, 0}, "AlmaLinux": {5637, 1197},
		"Rocky Linux": {1491, 0}, "Ubuntu": {26069, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, affected := 0, 0
			f := osv.New(name)
			err := f.Parse(t.Context(), raw, func(a *vuln.Advisory) error {
				n++
				affected += len(a.Affected)
				for _, af := range a.Affected {
					if af.Namespace == "" || af.Package == "" || af.Status == vuln.StatusAffected && len(af.Ranges)+len(af.Versions) == 0 {
						t.Errorf("%s: %+v", a.ID, af)
					}
				}
				return nil
			}, func(s feed.Skipped) { t.Errorf("skipped %+v", s) })
			if err != nil {
				t.Fatal(err)
			}
			if n != want.advisories-want.maintenance || affected == 0 {
				t.Errorf("%d advisories, want %d less %d", n, want.advisories, want.maintenance)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	raw := feedtest.Real(b)
	for _, name := range []string{"Debian", "Alpine", "PyPI"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = 0
				if err := osv.New(name).Parse(b.Context(), raw, func(*vuln.Advisory) error { n++; return nil }, func(feed.Skipped) {}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
		})
	}
}
