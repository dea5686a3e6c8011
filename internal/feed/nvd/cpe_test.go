package nvd_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/nvd"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func recordWith(configurations string) string {
	return `{"vulnerabilities":[{"cve":{"id":"CVE-2021-1","published":"2021-06-09T20:15:00.000","lastModified":"2021-07-12T05:15:07.123","configurations":` + configurations + `}}]}`
}

func match(criteria, more string) string {
	return `{"vulnerable":true,"criteria":"` + criteria + `"` + more + `}`
}

func either(matches string) string {
	return `{"operator":"OR","negate":false,"cpeMatch":[` + matches + `]}`
}

func TestAffected(t *testing.T) {
	t.Parallel()
	ranges := func(name string, r ...vuln.Range) vuln.Affected {
		return vuln.Affected{Namespace: "Upstream", Package: name, Ranges: r}
	}
	versions := func(name string, v ...string) vuln.Affected {
		return vuln.Affected{Namespace: "Upstream", Package: name, Versions: v}
	}
	nginx := "cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*"
	linux, windows := "cpe:2.3:o:linux:linux_kernel:-:*:*:*:*:*:*:*", "cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*"
	not := func(criteria string) string { return `{"vulnerable":false,"criteria":"` + criteria + `"}` }
	and := func(a, b string) string {
		return `[{"operator":"AND","nodes":[` + either(a) + `,` + either(b) + `]}]`
	}
	or := func(matches string) string { return `[{"nodes":[` + either(matches) + `]}]` }
	for name, c := range map[string]struct {
		configurations string
		want           []vuln.Affected
	}{
		"an end that is not affected is the fix": {or(match(nginx, `,"versionStartIncluding":"1.5.6","versionEndExcluding":"1.21.0"`)), []vuln.Affected{
			ranges("nginx", vuln.Range{Introduced: "1.5.6", Fixed: "1.21.0"}),
		}},
		"an end that is affected is the last": {or(match(nginx, `,"versionEndIncluding":"1.20"`)), []vuln.Affected{
			ranges("nginx", vuln.Range{Introduced: "0", LastAffected: "1.20"}),
		}},
		"a start that is not affected": {or(match(nginx, `,"versionStartExcluding":"1.8.5","versionEndExcluding":"1.8.5.231"`)), []vuln.Affected{
			ranges("nginx", vuln.Range{Introduced: "1.8.5-a", Fixed: "1.8.5.231"}),
		}},
		"no bounds is every version": {or(match(nginx, "")), []vuln.Affected{ranges("nginx", vuln.Range{Introduced: "0"})}},
		"lists, under old names, told once": {
			or(match("cpe:2.3:a:igor_sysoev:nginx:0.5.9:*:*:*:*:*:*:*", "") + "," + match("cpe:2.3:a:nginx:nginx:0.5.9:*:*:*:*:*:*:*", "") + "," +
				match("cpe:2.3:a:openssl:openssl:1.0.2:beta1:*:*:*:*:*:*", "") + "," + match("cpe:2.3:a:openssl:openssl:1.0.2k:-:*:*:*:*:*:*", "")),
			[]vuln.Affected{versions("nginx", "0.5.9"), versions("openssl", "1.0.2-beta1", "1.0.2k")},
		},
		"one version": {or(match("cpe:2.3:a:apache:http_server:2.4.49:*:*:*:*:*:*:*", "")), []vuln.Affected{versions("httpd", "2.4.49")}}, // as in CVE-2021-41773
		"updates of Java": {
			or(match("cpe:2.3:a:oracle:openjdk:8:update292:*:*:*:*:*:*", "") + "," + match("cpe:2.3:a:oracle:jdk:1.8.0:update_291:*:*:*:*:*:*", "") + "," +
				match("cpe:2.3:a:oracle:jre:1.7.0:update301:*:*:*:*:*:*", "")),
			[]vuln.Affected{versions("openjdk", "1.8.0_292"), versions("oracle-jdk", "1.7.0_301", "1.8.0_291")},
		},
		"an escaped name": {or(match(`cpe:2.3:a:erlang:erlang\\/otp:*:*:*:*:*:*:*:*`, `,"versionEndExcluding":"25.3.2.20"`)), []vuln.Affected{
			ranges("erlang", vuln.Range{Introduced: "0", Fixed: "25.3.2.20"}),
		}},
		"Linux is everywhere":           {and(match(nginx, ""), not(linux)), []vuln.Affected{ranges("nginx", vuln.Range{Introduced: "0"})}},
		"on Windows only":               {and(match(nginx, ""), not(windows)), nil},
		"a build for Windows":           {or(match("cpe:2.3:a:apache:http_server:2.0:*:win32:*:*:*:*:*", "")), nil},
		"a distribution's build":        {or(match("cpe:2.3:a:postgresql:postgresql:8.0:*:*:*:*:ubuntu:*:*", "")), nil},
		"a plugin of that name":         {or(match("cpe:2.3:a:jenkins:git:4.0:*:*:*:*:jenkins:*:*", "")), nil},
		"with another program":          {and(match(nginx, ""), match("cpe:2.3:a:php:php:*:*:*:*:*:*:*:*", "")), nil},
		"two in one node":               {`[{"nodes":[{"operator":"AND","cpeMatch":[` + match(nginx, "") + "," + match(nginx, "") + `]}]}]`, nil},
		"where it runs, not what fails": {or(not(nginx)), nil},
		"a product without versions":    {or(match("cpe:2.3:a:f5:nginx:-:*:*:*:*:*:*:*", "")), nil},
		"versions that have no order":   {or(match(`cpe:2.3:a:f5:nginx:1.\\*:*:*:*:*:*:*:*`, "") + "," + match(nginx, `,"versionEndExcluding":"R16 P1"`)), nil},
		"negated":                       {`[{"negate":true,"nodes":[` + either(match(nginx, "")) + `]}]`, nil},
		"other products":                {or(match("cpe:2.3:a:f5:nginx_plus:r30:*:*:*:*:*:*:*", "") + "," + match("cpe:2.3:h:f5:nginx:1:*:*:*:*:*:*:*", "")), nil},
		"half a name":                   {or(match("cpe:2.3:a:f5:nginx:1", "")), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, skipped, err := feedtest.Parse(t, nvd.New(), feedtest.Files{path2021: pack(t, recordWith(c.configurations))})
			if err != nil || len(skipped) > 0 || len(said) != 1 {
				t.Fatalf("%v, skipped %v, error %v", said, skipped, err)
			}
			if diff := cmp.Diff(c.want, said[0].Affected); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// affects says what the matcher would: whether a version is in a row.
func affects(t *testing.T, a *vuln.Affected, v string) bool {
	t.Helper()
	compare := func(x, y string) int {
		c, err := version.Compare(purl.Upstream, x, y)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, l := range a.Versions {
		if compare(l, v) == 0 {
			return true
		}
	}
	for _, r := range a.Ranges {
		if (r.Introduced == "0" || compare(r.Introduced, v) <= 0) && (r.Fixed == "" || compare(v, r.Fixed) < 0) &&
			(r.LastAffected == "" || compare(v, r.LastAffected) <= 0) {
			return true
		}
	}
	return false
}

// TestRealSoftware holds what makers themselves publish of their versions against the NVD's rows: nginx.org/en/security_advisories, openssl's vulnerabilities page
// and httpd.apache.org/security/vulnerabilities_24. The stand-in has no records of 2019, 2020, 2022 and 2024.
func TestRealSoftware(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	type installed struct{ name, version string }
	cases := map[installed]struct{ yes, no []string }{
		{"nginx", "1.16.0"}:    {[]string{"CVE-2021-23017"}, []string{"CVE-2017-7529", "CVE-2013-2028", "CVE-2018-16843", "CVE-2018-16845", "CVE-2016-4450", "CVE-2014-3616"}},
		{"nginx", "1.13.2"}:    {[]string{"CVE-2017-7529", "CVE-2018-16845", "CVE-2018-16843", "CVE-2021-23017"}, []string{"CVE-2013-2028", "CVE-2016-4450"}},
		{"nginx", "1.21.0"}:    {nil, []string{"CVE-2021-23017", "CVE-2017-7529"}},
		{"openssl", "1.0.2k"}:  {[]string{"CVE-2017-3735", "CVE-2017-3736", "CVE-2018-0732", "CVE-2018-0739", "CVE-2021-23840", "CVE-2021-23841"}, []string{"CVE-2014-0160", "CVE-2017-3731", "CVE-2016-7055", "CVE-2016-0800", "CVE-2021-3449", "CVE-2016-2107"}},
		{"openssl", "1.0.1f"}:  {[]string{"CVE-2014-0160", "CVE-2014-0224"}, []string{"CVE-2017-3736"}},
		{"openssl", "1.0.1g"}:  {[]string{"CVE-2014-0224"}, []string{"CVE-2014-0160"}},
		{"openssl", "3.0.22"}:  {nil, []string{"CVE-2014-0160", "CVE-2023-0286", "CVE-2023-0464", "CVE-2021-3449"}},
		{"httpd", "2.4.49"}:    {[]string{"CVE-2023-25690", "CVE-2023-27522"}, []string{"CVE-2021-40438", "CVE-2021-34798", "CVE-2017-9798", "CVE-2014-0226"}},
		{"httpd", "2.4.27"}:    {[]string{"CVE-2017-9798", "CVE-2021-26691"}, []string{"CVE-2017-9788", "CVE-2014-0226"}},
		{"redis", "7.0.11"}:    {nil, []string{"CVE-2023-28425", "CVE-2015-4335"}},
		{"bash", "4.3"}:        {[]string{"CVE-2014-6271", "CVE-2014-7169"}, nil},
		{"bash", "5.2.15"}:     {nil, []string{"CVE-2014-6271", "CVE-2014-7169"}},
		{"python", "3.10.4"}:   {[]string{"CVE-2023-27043"}, []string{"CVE-2021-3177", "CVE-2016-0772"}},
		{"wordpress", "4.7.1"}: {[]string{"CVE-2017-5610", "CVE-2017-5611", "CVE-2017-5612", "CVE-2017-1001000"}, []string{"CVE-2017-5487", "CVE-2016-4029"}},
	}
	got, rows, of := map[installed]map[string]bool{}, 0, map[string]int{}
	for k := range cases {
		got[k] = map[string]bool{}
	}
	err := nvd.New().Parse(t.Context(), raw, func(a *vuln.Advisory) error {
		for i := range a.Affected {
			row := &a.Affected[i]
			rows++
			of[row.Package]++
			for k := range cases {
				if k.name == row.Package && affects(t, row, k.version) {
					got[k][a.ID] = true
				}
			}
		}
		return nil
	}, func(feed.Skipped) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows of %d names: %v", rows, len(of), of)
	if rows < 3000 || len(of) < 30 {
		t.Errorf("%d rows of %d names", rows, len(of))
	}
	for k, c := range cases {
		t.Logf("%s %s: %d", k.name, k.version, len(got[k]))
		for _, id := range c.yes {
			if !got[k][id] {
				t.Errorf("%s %s is not affected by %s", k.name, k.version, id)
			}
		}
		for _, id := range c.no {
			if got[k][id] {
				t.Errorf("%s %s is affected by %s", k.name, k.version, id)
			}
		}
	}
}

// FuzzConfigurations holds that what is said is in the order of versions, and that the order of matches says nothing.
func FuzzConfigurations(f *testing.F) {
	f.Add("cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*", "1.5", "1.6", "cpe:2.3:a:openssl:openssl:1.0.2:beta1:*:*:*:*:*:*")
	f.Add(`cpe:2.3:a:erlang:erlang\/otp:*:*:*:*:*:*:*:*`, "", "25.3+x", "cpe:2.3:a:oracle:jdk:1.8.0:update_3:*:*:*:*:*:*")
	f.Fuzz(func(t *testing.T, a, start, end, b string) {
		quote := func(s string) string {
			text, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		x := `{"vulnerable":true,"criteria":` + quote(a) + `,"versionStartIncluding":` + quote(start) + `,"versionEndExcluding":` + quote(end) + `}`
		y := `{"vulnerable":true,"criteria":` + quote(b) + `}`
		var both [2][]vuln.Affected
		for i, m := range []string{x + "," + y, y + "," + x} {
			said, _, err := feedtest.Parse(t, nvd.New(), feedtest.Files{path2021: pack(t, recordWith(`[{"nodes":[`+either(m)+`]}]`))})
			if err != nil || len(said) != 1 {
				t.Fatalf("%v, error %v", said, err)
			}
			both[i] = said[0].Affected
		}
		if diff := cmp.Diff(both[0], both[1]); diff != "" {
			t.Errorf("the order of matches counts: %s", diff)
		}
		for _, row := range both[0] {
			for _, v := range row.Versions {
				if !affects(t, &row, v) {
					t.Errorf("%q is not in its own list", v)
				}
			}
			for _, r := range row.Ranges {
				for _, v := range []string{r.Introduced, r.Fixed, r.LastAffected} {
					if _, err := version.Parse(purl.Upstream, v); v != "" && err != nil {
						t.Error(err)
					}
				}
			}
		}
	})
}
