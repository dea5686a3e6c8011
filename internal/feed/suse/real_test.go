package suse_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/suse"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// TestReal holds real notices against what a person reads in them. The number of rows is that of a count by other means: distinct
// (notice, release, package, version) with products told apart by their names instead of their CPEs.
func TestReal(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, suse.New(), feedtest.Real(t))
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	rows, notices, cves := 0, 0, map[string]*vuln.Advisory{}
	got := map[string]string{}
	for _, a := range said {
		rows += len(a.Affected)
		if strings.HasPrefix(a.ID, "CVE-") {
			if cves[a.ID] != nil || len(a.Affected) > 0 {
				t.Errorf("%s comes twice, or has packages", a.ID)
			}
			cves[a.ID] = a
			continue
		}
		notices++
		for _, af := range a.Affected {
			got[a.ID+" "+af.Namespace+" "+af.Package] = af.Ranges[0].Fixed + " " + af.FixedAt.Format("2006-01-02")
		}
	}
	if rows != 47598 || notices != 3558 { // 176 of 3734 name no CVE
		t.Errorf("%d rows in %d notices", rows, notices)
	}
	if len(cves) < 4000 {
		t.Errorf("%d CVEs", len(cves))
	}
	for k, want := range map[string]string{
		"SUSE-SU-2018:2452-2 SUSE:12.4 libgcrypt20":                            "1.6.1-16.62.1 2018-11-23",
		"SUSE-SU-2018:2452-2 SUSE:12.3 libgcrypt-devel":                        "1.6.1-16.62.1 2018-11-23",
		"SUSE-SU-2019:1990-1 SUSE:12.4 cron":                                   "4.2-59.10.1 2019-07-26",
		"SUSE-SU-2019:1990-1 SUSE:12.4 cronie":                                 "1.4.11-59.10.1 2019-07-26",
		"SUSE-SU-2019:2752-2 SUSE:12.5 sysstat-isag":                           "12.0.2-10.27.1 2019-11-12",
		"SUSE-SU-2020:0069-1 SUSE:15.1 libopenssl1_1":                          "1.1.0i-14.6.1 2020-01-10",
		"SUSE-SU-2020:0069-1 SUSE:15.1 libopenssl1_1-hmac-32bit":               "1.1.0i-14.6.1 2020-01-10",
		"SUSE-SU-2020:1970-1 SUSE:12.3 golang-github-prometheus-node_exporter": "0.18.1-1.6.2 2020-07-21", // of 12 SP3-BCL
		"SUSE-SU-2021:3582-1 SUSE:12.5 opensc":                                 "0.13.0-3.19.1 2021-10-29",
		"SUSE-SU-2022:1454-1 SUSE:15.2 python3-pip":                            "20.0.2-150100.6.18.1 2022-04-28",
		"SUSE-SU-2022:1454-1 openSUSE:15.3 python2-pip":                        "20.0.2-150100.6.18.1 2022-04-28",
		"SUSE-SU-2022:4453-1 SUSE:15 libwiretap12":                             "3.6.10-150000.3.78.1 2022-12-13", // of 15-LTSS
		"SUSE-SU-2022:4453-1 SUSE:15.2 wireshark":                              "3.6.10-150000.3.78.1 2022-12-13", // of 15 SP2-BCL
		"SUSE-SU-2023:2877-1 SUSE:15.5 libdbus-1-3-32bit":                      "1.12.2-150400.18.8.1 2023-07-19",
		"SUSE-SU-2023:2877-1 openSUSE:15.5 dbus-1":                             "1.12.2-150400.18.8.1 2023-07-19",
		"SUSE-SU-2024:1833-1 SUSE:12.5 libgmodule-2_0-0":                       "2.48.2-12.37.1 2024-05-29",
	} {
		if got[k] != want {
			t.Errorf("%s: %q, want %q", k, got[k], want)
		}
	}
	want := []vuln.Rating{
		{Feed: "suse", Severity: vuln.High},
		{Feed: "suse", Severity: vuln.High, Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:H", Score: 7.1},
	}
	if diff := cmp.Diff(want, cves["CVE-2019-15043"].Ratings); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := feedtest.Real(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := feedtest.Parse(b, suse.New(), raw); err != nil {
			b.Fatal(err)
		}
	}
}
