package updateinfo_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/updateinfo"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

const notices = `<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="release@example.org" status="stable" type="security" version="1">
    <id>FEDORA-2024-0123456789</id>
    <title>nodejs &amp; friends</title>
    <issued date="2024-05-01 01:02:03"/><updated date="2024-05-02 01:02:03"/>
    <severity>Important</severity>
    <description>Two <![CDATA[<fixes>]]>.</description>
    <references>
      <reference href="https://bugzilla.redhat.com/show_bug.cgi?id=1" id="1" type="bugzilla" title="CVE-2024-11111 nodejs: a flaw [fedora-all]"/>
      <reference href="https://bodhi.fedoraproject.org/updates/FEDORA-2024-0123456789" type="self" title="x" id="x"/>
      <reference type="cve" id="CVE-2024-22222" title="" href="https://nvd.nist.gov/vuln/detail/CVE-2024-22222"/>
    </references>
    <pkglist><collection short="F40"><name>Fedora 40</name>
      <module name="nodejs" stream="18" version="40" context="a" arch="x86_64"/>
      <package name="nodejs" version="18.20.2" release="1.module_f40+1" epoch="1" src="nodejs.src.rpm" arch="x86_64"><filename>x.rpm</filename></package>
      <package name="nodejs" version="18.20.2" release="1.module_f40+1" epoch="1" arch="aarch64"/>
      <package name="nodejs" version="18.20.2" release="1.module_f40+1" epoch="1" arch="src"/>
      <package name="nodejs-debuginfo" version="18.20.2" release="1.module_f40+1" epoch="1" arch="x86_64"/>
    </collection><collection short="F40"><name>outside of modules</name>
      <package name="npm" version="10.5.0" release="1.fc40" epoch="0" arch="noarch"/>
    </collection></pkglist>
  </update>
  <update type="bugfix"><id>FEDORA-2024-1</id><references><reference type="cve" id="CVE-2024-33333"/></references></update>
  <update type="security"><id>FEDORA-2024-2</id><title>names no CVE</title></update>
</updates>`

func fedora(text string) feedtest.Files {
	return feedtest.Files{"fedora/40/updateinfo.xml.zst": []byte(text)}
}

func TestNotice(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, updateinfo.Fedora(), fedora(notices))
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	issued := time.Date(2024, 5, 1, 1, 2, 3, 0, time.UTC)
	want := []*vuln.Advisory{{
		Feed: "fedora", ID: "FEDORA-2024-0123456789", Published: issued, Modified: issued.AddDate(0, 0, 1),
		Title: "nodejs & friends", Details: "Two <fixes>.", Covers: []string{"CVE-2024-11111", "CVE-2024-22222"},
		Ratings: []vuln.Rating{{Feed: "fedora", Severity: vuln.High}},
		References: []vuln.Reference{
			{Type: "report", URL: "https://bugzilla.redhat.com/show_bug.cgi?id=1"},
			{Type: "advisory", URL: "https://bodhi.fedoraproject.org/updates/FEDORA-2024-0123456789"},
		},
		Affected: []vuln.Affected{
			{Namespace: "Fedora:40", Package: "nodejs", Binary: true, Module: "nodejs:18", FixedAt: issued, Ranges: []vuln.Range{{Introduced: "0", Fixed: "1:18.20.2-1.module_f40+1"}}},
			{Namespace: "Fedora:40", Package: "npm", Binary: true, FixedAt: issued, Ranges: []vuln.Range{{Introduced: "0", Fixed: "10.5.0-1.fc40"}}},
		},
	}}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	feedtest.Run(t, updateinfo.Fedora(), fedora(notices))
	feedtest.Run(t, updateinfo.New("mine", feed.About{}, []updateinfo.Repository{{Namespace: "Rocky Linux:9", Path: "x.gz"}}),
		feedtest.Files{"x.gz": packed(t, notices)})
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBroken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"cut short":              {notices[:900], artifact.ErrCorrupt},
		"empty":                  {"", artifact.ErrCorrupt},
		"no XML":                 {"<updates><update><id>x", artifact.ErrCorrupt},
		"another document":       {"<html></html>", artifact.ErrCorrupt},
		"crossed elements":       {"<updates><update></updates></update>", artifact.ErrCorrupt},
		"nothing but broken":     {"<updates><update><id></id></update></updates>", artifact.ErrCorrupt},
		"an entity of its own":   {`<!DOCTYPE updates [<!ENTITY a "b">]><updates><update><id>&a;</id></update></updates>`, artifact.ErrCorrupt},
		"a file that has no end": {"<updates><update><description>" + strings.Repeat("a", 33<<20), &artifact.ErrLimit{}},
		"deep":                   {"<updates>" + strings.Repeat("<a>", 1000), &artifact.ErrLimit{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := feedtest.Parse(t, updateinfo.Fedora(), fedora(c.text))
			if _, isLimit := errors.AsType[*artifact.ErrLimit](c.want); isLimit {
				if _, ok := errors.AsType[*artifact.ErrLimit](err); !ok {
					t.Errorf("error %v", err)
				}
			} else if !errors.Is(err, c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
	said, skipped, err := feedtest.Parse(t, updateinfo.Fedora(), fedora(strings.Replace(notices, "<updates>", "<updates><update type='security'><id>not an id</id></update>", 1)))
	if err != nil || len(said) != 1 || len(skipped) != 1 {
		t.Error(said, skipped, err)
	}
}

// TestReal holds real notices against what a person reads in them. The numbers are those of a count by another XML reader.
func TestReal(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, updateinfo.Amazon(), feedtest.Real(t))
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	rows, got := 0, map[string]string{}
	rated := map[string]vuln.Severity{}
	covers := map[string]int{}
	for _, a := range said {
		rows += len(a.Affected)
		covers[a.ID] = len(a.Covers)
		if len(a.Ratings) > 0 {
			rated[a.ID] = a.Ratings[0].Severity
		}
		for _, af := range a.Affected {
			got[a.ID+" "+af.Namespace+" "+af.Package] = af.Ranges[0].Introduced + " " + af.Ranges[0].Fixed + " " + af.FixedAt.Format("2006-01-02 15:04")
		}
	}
	if len(said) != 5340 || rows != 42947 {
		t.Errorf("%d notices, %d rows", len(said), rows)
	}
	for k, want := range map[string]string{
		"ALAS-2011-1 Amazon Linux:1 mod_ssl":                                         "0 1:2.2.21-1.18.amzn1 2011-09-27 22:46",
		"ALAS-2013-153 Amazon Linux:1 php-ZendFramework-Auth-Adapter-Ldap":           "0 1.12.1-1.6.amzn1 2013-02-04 15:19",
		"ALAS-2015-593 Amazon Linux:1 ntp-perl":                                      "0 4.2.6p5-33.26.amzn1 2015-09-02 12:00",
		"ALAS-2018-1136 Amazon Linux:1 gitweb":                                       "0 2.14.5-1.60.amzn1 2018-12-20 00:03",
		"ALAS-2021-1503 Amazon Linux:1 kernel":                                       "0 4.14.232-123.381.amzn1 2021-05-20 21:12",
		"ALAS2-2018-1093 Amazon Linux:2 perl-Git-SVN":                                "0 2.14.5-1.amzn2 2018-10-24 16:31",
		"ALAS2-2019-1231 Amazon Linux:2 bind-pkcs11-libs":                            "0 32:9.9.4-74.amzn2.1.2 2019-06-25 21:06",
		"ALAS2-2023-2087 Amazon Linux:2 python-pillow":                               "0 2.0.0-23.gitd1c6db8.amzn2.0.5 2023-06-07 23:52",
		"ALAS2KERNEL-5.4-2024-088 Amazon Linux:2 kernel-headers":                     "5.4 5.4.286-201.385.amzn2 2024-12-05 01:00",
		"ALAS2KERNEL-5.4-2024-057 Amazon Linux:2 kernel":                             "5.4 5.4.265-176.364.amzn2 2024-01-03 23:00",
		"ALAS2LIBREOFFICE-2023-001 Amazon Linux:2 libreoffice-langpack-or":           "0 1:5.3.6.1-21.amzn2.0.4 2023-08-07 06:17",
		"ALAS2022-2022-151 Amazon Linux:2022 java-17-amazon-corretto-devel":          "0 1:17.0.5+8-1.amzn2022.1 2022-10-17 23:30",
		"ALAS2022-2022-197 Amazon Linux:2022 glibc-doc":                              "0 2.34-40.amzn2022.0.2 2022-11-01 21:25",
		"ALAS2023-2023-362 Amazon Linux:2023 libgs":                                  "0 9.56.1-7.amzn2023.0.4 2023-09-27 21:05",
		"ALAS2023-2023-385 Amazon Linux:2023 kernel-headers":                         "0 6.1.56-82.125.amzn2023 2023-10-12 16:11",
		"ALAS2023-2024-568 Amazon Linux:2023 nodejs-libs":                            "0 1:18.18.2-1.amzn2023.0.3 2024-03-13 20:41",
		"ALAS2023-2024-635 Amazon Linux:2023 postgresql15-upgrade-devel":             "0 15.7-1.amzn2023.0.1 2024-06-06 20:47",
		"ALAS2023LIVEPATCH-2023-001 Amazon Linux:2023 kernel-livepatch-6.1.12-19.43": "0 1.0-1.amzn2023 2023-04-13 17:56",
	} {
		if got[k] != want {
			t.Errorf("%s: %q, want %q", k, got[k], want)
		}
	}
	if rated["ALAS2023-2023-385"] != vuln.High || rated["ALAS-2015-593"] != vuln.Low || covers["ALAS2023-2023-385"] != 19 || covers["ALAS-2021-1503"] != 14 {
		t.Error("severity or CVEs")
	}
	// The core's kernel is not what a notice for an extra is about.
	for k, v := range got {
		if strings.HasPrefix(k, "ALAS2KERNEL") && strings.HasSuffix(k, " kernel") && strings.HasPrefix(v, "0 ") {
			t.Errorf("%s: %s", k, v)
		}
	}
}

// FuzzParse: whatever a file holds, versions have an order, intervals are not empty, notices name a CVE, and the answer is the same each time.
func FuzzParse(f *testing.F) {
	f.Add(notices)
	f.Fuzz(func(t *testing.T, text string) {
		said, _, err := feedtest.Parse(t, updateinfo.Fedora(), fedora(text))
		again, _, err2 := feedtest.Parse(t, updateinfo.Fedora(), fedora(text))
		if diff := cmp.Diff(said, again); diff != "" || (err == nil) != (err2 == nil) {
			t.Errorf("not the same again: %s, %v, %v", diff, err, err2)
		}
		for _, a := range said {
			if len(a.Covers) == 0 {
				t.Errorf("%s covers nothing", a.ID)
			}
			for _, af := range a.Affected {
				r := af.Ranges[0]
				if c, err := version.Compare(purl.Fedora, r.Introduced, r.Fixed); err != nil || r.Introduced != "0" && c >= 0 {
					t.Errorf("%s from %q to %q: %d, %v", af.Package, r.Introduced, r.Fixed, c, err)
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	raw := feedtest.Real(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := feedtest.Parse(b, updateinfo.Amazon(), raw); err != nil {
			b.Fatal(err)
		}
	}
}
