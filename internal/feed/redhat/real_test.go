package redhat_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/redhat"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// TestReal holds real records against what a person reads in them.
func TestReal(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, redhat.New(), feedtest.Real(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(said) != 30148 || len(skipped) != 1 || skipped[0].Record != "modules" {
		t.Errorf("%d records, skipped %v", len(said), skipped)
	}
	rows, byStatus, modular, builds, split := 0, map[vuln.Status]int{}, 0, 0, 0
	type key struct{ cve, ns, pkg, module string }
	got := map[key]vuln.Affected{}
	for _, a := range said {
		for _, af := range a.Affected {
			rows++
			byStatus[af.Status]++
			if af.Module != "" {
				modular++
			}
			if strings.Contains(af.Package, "/") {
				builds++
			}
			if len(af.Ranges) > 1 {
				split++
			}
			k := key{a.ID, af.Namespace, af.Package, af.Module}
			if _, ok := got[k]; ok {
				t.Fatalf("%v is judged twice", k)
			}
			got[k] = af
		}
	}
	t.Logf("%d rows: %v; %d of modules, %d of builds of modules, %d of more than one range; %s", rows, byStatus, modular, builds, split, skipped[0].Reason)
	if rows < 140000 || byStatus[vuln.StatusNotAffected] < 60000 || byStatus[vuln.StatusWontFix] < 33000 || modular < 2000 || builds < 1900 {
		t.Error("rows are missing")
	}

	fixed := func(v string) vuln.Affected { return vuln.Affected{Ranges: []vuln.Range{{Introduced: "0", Fixed: v}}} }
	with := func(s vuln.Status, r []vuln.Range) vuln.Affected { return vuln.Affected{Status: s, Ranges: r} }
	gaps := func(fixed string, bounds ...string) vuln.Affected { // where each gap begins and ends
		from, r := "0", []vuln.Range(nil)
		for i := 0; i < len(bounds); i += 2 {
			r = append(r, vuln.Range{Introduced: from, Limit: bounds[i]})
			from = bounds[i+1]
		}
		return vuln.Affected{Ranges: append(r, vuln.Range{Introduced: from, Fixed: fixed})}
	}
	not, wont, isOpen := with(vuln.StatusNotAffected, nil), with(vuln.StatusWontFix, open), with(vuln.StatusAffected, open)
	for k, want := range map[key]vuln.Affected{
		{"CVE-2014-0160", "Red Hat:5", "openssl", ""}:                        not,
		{"CVE-2014-0160", "Red Hat:6", "openssl", ""}:                        fixed("1.0.1e-16.el6_5.7"),
		{"CVE-2016-2183", "Red Hat:6", "openssl", ""}:                        isOpen,
		{"CVE-2016-2183", "Red Hat:7", "openssl098e", ""}:                    wont,
		{"CVE-2018-3639", "Red Hat:5", "kernel", ""}:                         gaps("2.6.18-433.el5", "2.6.18-348.40.1.el5", "2.6.18-349"),                                                                               // ELS has the only one of the main stream
		{"CVE-2018-3639", "Red Hat:7", "kernel", ""}:                         gaps("3.10.0-862.6.3.el7", "3.10.0-327.71.1.el7", "3.10.0-328", "3.10.0-514.53.1.el7", "3.10.0-515", "3.10.0-693.37.4.el7", "3.10.0-694"), // the second mends more
		{"CVE-2018-3639", "Red Hat:7", "kernel-rt", ""}:                      fixed("3.10.0-862.6.3.rt56.811.el7"),
		{"CVE-2018-14660", "Red Hat:7", "glusterfs", ""}:                     not, // the fix is of Red Hat Virtualization
		{"CVE-2019-11236", "Red Hat:7", "python-pip", ""}:                    fixed("9.0.3-7.el7_7"),
		{"CVE-2019-11236", "Red Hat:8", "python-virtualenv", "python36:3.6"}: not,
		{"CVE-2020-1108", "Red Hat:8", "dotnet", ""}:                         fixed("2.1.515-1.el8_2"),
		{"CVE-2021-27363", "Red Hat:7", "kernel", ""}: gaps( // the hypervisor's 957.72.1 is no fix of the main stream, but is that of EUS
			"3.10.0-1160.24.1.el7", "3.10.0-327.96.1.el7", "3.10.0-328", "3.10.0-514.88.1.el7", "3.10.0-515", "3.10.0-693.84.1.el7", "3.10.0-694",
			"3.10.0-957.72.1.el7", "3.10.0-958", "3.10.0-1062.49.1.el7", "3.10.0-1063",
		),
		{"CVE-2022-35256", "Red Hat:9", "nodejs", "nodejs:18"}:        not,
		{"CVE-2022-35256", "Red Hat:8", "nodejs:18/nodejs", ""}:       fixed("8070020221004121421"),
		{"CVE-2022-35256", "Red Hat:8", "nodejs:16/nodejs", ""}:       fixed("8060020221007164523"),
		{"CVE-2022-35256", "Red Hat:8", "nodejs:14/nodejs", ""}:       gaps("8070020221020110846", "8040020230306170312", "8049999999999999999", "8060020230306170237", "8069999999999999999"),
		{"CVE-2021-3807", "Red Hat:8", "nodejs", "nodejs:12"}:         isOpen,
		{"CVE-2021-3807", "Red Hat:8", "nodejs-nodemon", "nodejs:12"}: wont,
		{"CVE-2021-3807", "Red Hat:7", "rh-nodejs14-nodejs", ""}:      fixed("14.18.2-1.el7"),
		{"CVE-2021-4034", "Red Hat:6", "polkit", ""}:                  fixed("0.96-11.el6_10.2"),
		{"CVE-2021-4034", "Red Hat:8", "polkit", ""}:                  gaps("0.115-13.el8_5.1", "0.115-9.el8_1.2", "0.115-9.el8_2", "0.115-11.el8_2.2", "0.115-11.el8_3", "0.115-11.el8_4.2", "0.115-11.el8_5"),
		{"CVE-2021-4034", "Red Hat:9", "polkit", ""}:                  not,
		{"CVE-2021-44228", "Red Hat:8", "log4j12", "parfait:0.5"}:     not,
		{"CVE-2022-0778", "Red Hat:7", "openssl", ""}: gaps(
			"1:1.0.2k-25.el7_9", "1:1.0.1e-62.el7_3", "1:1.0.1e-62.el7_4", "1:1.0.2k-10.el7_4", "1:1.0.2k-10.el7_5",
			"1:1.0.2k-18.el7_6", "1:1.0.2k-18.el7_7", "1:1.0.2k-21.el7_7", "1:1.0.2k-21.el7_8",
		),
		{"CVE-2022-1271", "Red Hat:6", "gzip", ""}:         wont, // out of support scope
		{"CVE-2023-4911", "Red Hat:9", "glibc", ""}:        gaps("2.34-60.el9_2.7", "2.34-28.el9_0.4", "2.34-28.el9_1"),
		{"CVE-2023-4911", "Red Hat:8", "glibc", ""}:        gaps("2.28-225.el8_8.6", "2.28-189.6.el8_6", "2.28-190"),
		{"CVE-2023-44487", "Red Hat:9", "nghttp2", ""}:     gaps("1.43.0-5.el9_2.1", "1.43.0-5.el9_0.2", "1.43.0-5.el9_1"),
		{"CVE-2024-6387", "Red Hat:9", "openssh", ""}:      gaps("8.7p1-38.el9_4.1", "8.7p1-12.el9_0.1", "8.7p1-12.el9_1", "8.7p1-30.el9_2.4", "8.7p1-30.el9_3"),
		{"CVE-2024-6387", "Red Hat:8", "openssh", ""}:      not,
		{"CVE-2024-10458", "Red Hat:9", "thunderbird", ""}: gaps("128.4.0-1.el9_4", "128.4.0-1.el9_0", "128.4.0-1.el9_1", "128.4.0-1.el9_2", "128.4.0-1.el9_3"), // and 128.4.0-1.el9_5, the same
		{"CVE-2023-6516", "Red Hat:9", "bind", ""}: {Ranges: []vuln.Range{
			{Introduced: "0", Limit: "32:9.16.23-1.el9_0.5"},
			{Introduced: "32:9.16.23-1.el9_1", Limit: "32:9.16.23-11.el9_2.4"},
			{Introduced: "32:9.16.23-11.el9_3", Fixed: "32:9.16.23-14.el9_3.4"},
			{Introduced: "32:9.16.23-14.999999", Fixed: "32:9.16.23-18.el9_4.1"},
		}},
		{"CVE-2024-28834", "Red Hat:9", "gnutls", ""}: {Ranges: []vuln.Range{
			{Introduced: "0", Limit: "3.7.6-21.el9_2.3"},
			{Introduced: "3.7.6-21.el9_3", Fixed: "3.7.6-23.el9_3.4"},
			{Introduced: "3.7.6.0-0", Fixed: "3.8.3-4.el9_4"},
		}},
	} {
		af, ok := got[k]
		if !ok {
			t.Errorf("%v: nothing is said", k)
			continue
		}
		if diff := cmp.Diff(want, vuln.Affected{Status: af.Status, Ranges: af.Ranges}); diff != "" {
			t.Errorf("%v: %s", k, diff)
		}
	}
	if af := got[key{"CVE-2022-0778", "Red Hat:8", "compat-openssl10", ""}]; af.Severity != vuln.Low || af.FixedAt != day("2022-06-30") {
		t.Errorf("a package's own rating and date: %+v", af)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := feedtest.Real(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := feedtest.Parse(b, redhat.New(), raw); err != nil {
			b.Fatal(err)
		}
	}
}
