package nvd_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/nvd"
	"github.com/sightline-sec/sightline/internal/vuln"
)

const path2021 = "nvd/feeds/json/cve/2.0/nvdcve-2.0-2021.json.gz"

func pack(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// year is trimmed and put together by hand from records of the API.
const year = `{"resultsPerPage":3,"startIndex":0,"totalResults":3,"format":"NVD_CVE","version":"2.0","timestamp":"2024-01-02T03:04:05.678","vulnerabilities":[
{"cve":{"id":"CVE-2021-0089","sourceIdentifier":"secure@intel.com","published":"2021-06-09T20:15:00.000","lastModified":"2021-07-12T05:15:07.123","vulnStatus":"Analyzed",
"descriptions":[{"lang":"es","value":"Una discrepancia"},{"lang":"en","value":" Observable response discrepancy. "}],
"metrics":{
 "cvssMetricV2":[{"source":"nvd@nist.gov","type":"Primary","cvssData":{"version":"2.0","vectorString":"AV:L/AC:L/Au:N/C:P/I:N/A:N","baseScore":2.1},"baseSeverity":"LOW"}],
 "cvssMetricV31":[{"source":"nvd@nist.gov","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:N/A:N","baseScore":6.5,"baseSeverity":"MEDIUM"}},
                  {"source":"secure@intel.com","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:N/A:N","baseScore":4.7}},
                  {"source":"odd","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/x","baseScore":47}}],
 "cvssMetricV40":[{"source":"cna@example.org","cvssData":{"version":"4.0","vectorString":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N","baseScore":9.3,"baseSeverity":"CRITICAL"}}]},
"weaknesses":[{"description":[{"lang":"en","value":"CWE-203"}]},{"description":[{"lang":"en","value":"NVD-CWE-noinfo"},{"lang":"en","value":"CWE-203"}]}],
"configurations":[{"nodes":[{"operator":"OR","cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:o:debian:debian_linux:10.0:*:*:*:*:*:*:*"}]}]}],
"references":[{"url":"https://a.example/","tags":["Vendor Advisory","Patch"]},{"url":"https://b.example/","tags":["Mailing List"]},{"url":"https://a.example/"},{"url":"https://c.example/"}]}},
{"cve":{"id":"CVE-2021-0090","published":"2021-06-09T20:15:00.000","lastModified":"2022-07-12T05:15:00.000","vulnStatus":"Rejected","descriptions":[{"lang":"en","value":"Rejected reason: not used"}]}},
{"cve":{"id":"nonsense"}}]}`

func TestNVD(t *testing.T) {
	t.Parallel()
	raw := feedtest.Files{path2021: pack(t, year)}
	said, skipped, err := feedtest.Parse(t, nvd.New(), raw)
	if err != nil {
		t.Fatal(err)
	}
	rating := func(source, version, vector string, score float64, s vuln.Severity) vuln.Rating {
		return vuln.Rating{Feed: "nvd", Source: source, Severity: s, Version: version, Vector: vector, Score: score}
	}
	want := []*vuln.Advisory{
		{
			Feed: "nvd", ID: "CVE-2021-0089", Details: "Observable response discrepancy.",
			Published: time.Date(2021, 6, 9, 20, 15, 0, 0, time.UTC), Modified: time.Date(2021, 7, 12, 5, 15, 7, 123e6, time.UTC),
			Ratings: []vuln.Rating{
				rating("cna@example.org", "4.0", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, vuln.Critical),
				rating("nvd@nist.gov", "3.1", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:N/A:N", 6.5, vuln.Medium),
				rating("secure@intel.com", "3.1", "CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:N/A:N", 4.7, vuln.Medium),
				rating("nvd@nist.gov", "2.0", "AV:L/AC:L/Au:N/C:P/I:N/A:N", 2.1, vuln.Low),
			},
			Weaknesses: []string{"CWE-203"},
			References: []vuln.Reference{{Type: "fix", URL: "https://a.example/"}, {Type: "article", URL: "https://b.example/"}, {Type: "web", URL: "https://c.example/"}},
		},
		{
			Feed: "nvd", ID: "CVE-2021-0090", Details: "Rejected reason: not used", Withdrawn: time.Date(2022, 7, 12, 5, 15, 0, 0, time.UTC),
			Published: time.Date(2021, 6, 9, 20, 15, 0, 0, time.UTC), Modified: time.Date(2022, 7, 12, 5, 15, 0, 0, time.UTC),
		},
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	if len(skipped) != 1 || skipped[0].Record != "record 3" || skipped[0].Path != path2021 {
		t.Errorf("skipped %v", skipped)
	}
	at, err := nvd.New().(feed.Dated).AsOf(raw)
	if want := time.Date(2024, 1, 2, 3, 4, 5, 678e6, time.UTC); err != nil || !at.Equal(want) {
		t.Errorf("as of %s, error %v", at, err)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	feedtest.Run(t, nvd.New(), feedtest.Files{path2021: pack(t, year)})
}

func TestBroken(t *testing.T) {
	t.Parallel()
	whole := pack(t, year)
	for name, b := range map[string][]byte{
		"not gzip": []byte("<html>"), "nothing": nil, "a gzip that is cut short": whole[:len(whole)/2], "a JSON that is cut short": pack(t, year[:len(year)-2]),
		"another JSON": pack(t, `{"list":[]}`), "records that make no sense": pack(t, `{"vulnerabilities":[1,{}]}`),
	} {
		_, _, err := feedtest.Parse(t, nvd.New(), feedtest.Files{path2021: b})
		if err == nil || name != "a gzip that is cut short" && !errors.Is(err, artifact.ErrCorrupt) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	t.Run("a bomb", func(t *testing.T) {
		t.Parallel()
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, `{"vulnerabilities":[{"cve":{"id":"`)
		for range 64 {
			_, _ = z.Write(bytes.Repeat([]byte("A"), 1<<20))
		}
		_ = z.Close()
		start := time.Now()
		_, _, err := feedtest.Parse(t, nvd.New(), feedtest.Files{path2021: b.Bytes()})
		if _, is := errors.AsType[*artifact.ErrLimit](err); !is || time.Since(start) > time.Minute {
			t.Errorf("error %v after %s", err, time.Since(start))
		}
	})
	t.Run("a cancelled context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := nvd.New().Parse(ctx, feedtest.Files{path2021: whole}, func(*vuln.Advisory) error { return nil }, func(feed.Skipped) {})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestReal(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	n, v2, v3, both := 0, 0, 0, 0
	err := nvd.New().Parse(t.Context(), raw, func(a *vuln.Advisory) error {
		n++
		has2, has3 := false, false
		for _, r := range a.Ratings {
			has2 = has2 || r.Version == "2.0"
			has3 = has3 || strings.HasPrefix(r.Version, "3")
			if r.Score == 0 && r.Severity > vuln.Negligible && r.Version != "2.0" || r.Vector == "" || r.Source == "" {
				t.Errorf("%s: %+v", a.ID, r)
			}
		}
		if has2 {
			v2++
		}
		if has3 {
			v3++
		}
		if has2 && has3 {
			both++
		}
		if a.Published.IsZero() || a.Details == "" {
			t.Errorf("%+v", a)
		}
		return nil
	}, func(s feed.Skipped) { t.Errorf("skipped %+v", s) })
	if err != nil {
		t.Fatal(err)
	}
	if n != 28969 || v2 != 24465 || v3 != 18126 || both != 14447 {
		t.Errorf("%d records, %d with v2, %d with v3, %d with both", n, v2, v3, both)
	}
	if at, err := nvd.New().(feed.Dated).AsOf(raw); err != nil || at.Year() < 2023 {
		t.Errorf("as of %s, error %v", at, err)
	}
}

func FuzzNVD(f *testing.F) {
	f.Add([]byte(year))
	f.Add([]byte(`{"vulnerabilities":[{"cve":{"id":"CVE-2020-1","metrics":{"cvssMetricV30":[{"cvssData":{"version":"3.0","vectorString":"x","baseScore":-0}}]}}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		said, _, err := feedtest.Parse(t, nvd.New(), feedtest.Files{path2021: pack(t, string(b))})
		_, limit := errors.AsType[*artifact.ErrLimit](err)
		if err != nil && !limit && !errors.Is(err, artifact.ErrCorrupt) {
			t.Fatal(err)
		}
		for _, a := range said {
			if !strings.HasPrefix(a.ID, "CVE-") || slices.ContainsFunc(a.Affected, func(x vuln.Affected) bool { return x.Namespace != "Upstream" }) {
				t.Fatalf("%+v", a)
			}
			for _, r := range a.Ratings {
				if r.Score < 0 || r.Score > 10 || r.Severity == vuln.Unknown || r.Vector == "" {
					t.Fatalf("%+v", r)
				}
			}
		}
	})
}

func BenchmarkNVD(b *testing.B) {
	raw := feedtest.Real(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = 0
		if err := nvd.New().Parse(b.Context(), raw, func(*vuln.Advisory) error { n++; return nil }, func(feed.Skipped) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
}
