package redhat_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/redhat"
	"github.com/sightline-sec/sightline/internal/vuln"
)

const (
	vexPath = "redhat/csaf_vex.tar.zst"
	cvePath = "redhat/hydra-rest-securitydata-cve.tar.zst"
)

// archive makes a tar archive; it need not be packed.
func archive(t testing.TB, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1])), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func day(s string) time.Time {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err)
	}
	return t
}

var open = []vuln.Range{{Introduced: "0"}}

// TestForms: the two forms of one CVE, written by hand after the real ones, say the same, but that the API's has builds of modules in place of the versions of their packages.
func TestForms(t *testing.T) {
	t.Parallel()
	bindFix := vuln.Affected{
		Namespace: "Red Hat:8", Package: "bind", Severity: vuln.Medium,
		Ranges:  []vuln.Range{{Introduced: "0", Limit: "32:9.11.36-3.el8_6.7"}, {Introduced: "32:9.11.36-3.el8_7", Fixed: "32:9.11.36-11.el8_9.1"}},
		FixedAt: day("2024-03-25").Add(9 * time.Hour),
	}
	nodejsFix := vuln.Affected{
		Namespace: "Red Hat:8", Package: "nodejs", Module: "nodejs:18", Severity: vuln.Medium,
		Ranges:  []vuln.Range{{Introduced: "0", Fixed: "1:18.19.1-1.module+el8.9.0+21387+ac29dca9"}},
		FixedAt: day("2024-03-20").Add(9 * time.Hour),
	}
	want := &vuln.Advisory{
		Feed: "redhat", ID: "CVE-2024-0001", Published: day("2024-03-05"),
		Title: "nodejs: made up for a test", Details: "A flaw was found.\n\nIt is rated as Moderate.",
		Ratings: []vuln.Rating{
			{Feed: "redhat", Severity: vuln.Medium},
			{Feed: "redhat", Severity: vuln.High, Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Score: 7.5},
		},
		Weaknesses: []string{"CWE-400"},
		References: []vuln.Reference{
			{Type: "advisory", URL: "https://access.redhat.com/security/cve/CVE-2024-0001"},
			{Type: "advisory", URL: "https://access.redhat.com/errata/RHSA-2024:1"},
			{Type: "advisory", URL: "https://access.redhat.com/errata/RHSA-2024:2"},
			{Type: "report", URL: "https://bugzilla.redhat.com/show_bug.cgi?id=1"},
		},
		Affected: []vuln.Affected{
			{Namespace: "Red Hat:7", Package: "kernel", Status: vuln.StatusWontFix, Severity: vuln.Medium, Ranges: open},
			bindFix,
			{Namespace: "Red Hat:8", Package: "curl", Severity: vuln.Low, Ranges: open},
			{Namespace: "Red Hat:8", Package: "kernel", Status: vuln.StatusInvestigating, Severity: vuln.Medium},
			{Namespace: "Red Hat:8", Package: "nodejs", Module: "nodejs:16", Status: vuln.StatusWontFix, Severity: vuln.Medium, Ranges: open},
			{Namespace: "Red Hat:8", Package: "openssl", Status: vuln.StatusNotAffected},
			{
				Namespace: "Red Hat:8", Package: "nodejs:18/nodejs", Severity: vuln.Medium, // its version is the module's
				Ranges: []vuln.Range{{Introduced: "0", Fixed: "8090020240301111035"}}, FixedAt: day("2024-03-20").Add(9 * time.Hour),
			},
		},
	}
	said, skipped, err := feedtest.Parse(t, redhat.New(), feedtest.Files{cvePath: archive(t, [2]string{"CVE-2024-0001.json", file(t, "hydra-cve-2024-0001.json")})})
	if err != nil {
		t.Fatal(err)
	}
	if len(skipped) > 0 {
		t.Errorf("skipped %v", skipped)
	}
	if diff := cmp.Diff([]*vuln.Advisory{want}, said); diff != "" {
		t.Error(diff)
	}

	// The VEX file is preferred, and tells the package of the module too.
	said, skipped, err = feedtest.Parse(t, redhat.New(), feedtest.Files{
		cvePath: nil,
		vexPath: archive(t, [2]string{"2024/cve-2024-0001.json", file(t, "cve-2024-0001.json")}),
	})
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	want.Modified = time.Date(2025, 8, 13, 15, 14, 45, 0, time.UTC)
	want.Affected = append(want.Affected[:5:5], nodejsFix, want.Affected[5])
	if diff := cmp.Diff([]*vuln.Advisory{want}, said); diff != "" {
		t.Error(diff)
	}
}

// TestNewForm: the files of 2026 list every stream by its minor release, sources beside binaries, and the newest release under its update stream.
func TestNewForm(t *testing.T) {
	t.Parallel()
	product := func(id, name, cpe string) string {
		return `{"category":"product_name","name":"` + name + `","product":{"name":"` + name + `","product_id":"` + id + `","product_identification_helper":{"cpe":"` + cpe + `"}}}`
	}
	version := func(id, purl string) string {
		return `{"category":"product_version","name":"x","product":{"name":"x","product_id":"` + id + `","product_identification_helper":{"purl":"` + purl + `"}}}`
	}
	var relations, fixed, affected []string
	add := func(list *[]string, product, component string) {
		relations = append(relations, `{"category":"default_component_of","full_product_name":{"name":"x","product_id":"`+product+`:`+component+`"},"product_reference":"`+component+`","relates_to_product_reference":"`+product+`"}`)
		*list = append(*list, `"`+product+`:`+component+`"`)
	}
	add(&affected, "rhel-9.7.z", "firefox")
	add(&affected, "rhel-9.7.z", "firefox.src")
	add(&affected, "rhel-9.7.z", "firefox-x11")
	add(&affected, "rhel-8.10.z", "firefox.src")
	add(&affected, "rhel-9.7.z", "nodejs-0:20.1-1.module+el9.7.0+1+a.src::nodejs:20")
	add(&fixed, "rhel-9.8.z.eus::appstream", "firefox-0:140.10.1-1.el9_8.src")
	add(&fixed, "rhel-9.6.z.eus::appstream", "firefox-0:140.10.1-1.el9_6.src")
	add(&fixed, "rhel-8.8.z.e4s::appstream", "firefox-0:140.10.1-1.el8_8.src")
	add(&fixed, "rhel-8.10.z::appstream", "firefox-0:140.10.1-1.el8_10")
	add(&fixed, "rhel-8.10.z::appstream", "firefox-0:140.10.1-1.el8_10.src")
	add(&fixed, "rhel-7-els.els", "firefox-0:140.10.1-1.el7_9.src")
	add(&fixed, "rhel-8.10.z::appstream", "nodejs-1:20.2-1.module+el8.10.0+2+b.src::nodejs:20")
	doc := `{"document":{"category":"csaf_vex","title":"Memory safety bugs","tracking":{"id":"CVE-2026-7323","status":"final"}},"product_tree":{"branches":[` + strings.Join([]string{
		product("rhel-9.7.z", "Red Hat Enterprise Linux 9.7.z", "cpe:/a:redhat:enterprise_linux:9"),
		product("rhel-9.8.z.eus::appstream", "Red Hat Enterprise Linux 9.8.z", "cpe:/a:redhat:rhel_eus:9.8::appstream"),
		product("rhel-9.6.z.eus::appstream", "Red Hat Enterprise Linux 9.6.z", "cpe:/a:redhat:rhel_eus:9.6::appstream"),
		product("rhel-8.10.z", "Red Hat Enterprise Linux 8.10.z", "cpe:/a:redhat:enterprise_linux:8"),
		product("rhel-8.10.z::appstream", "Red Hat Enterprise Linux 8.10.z", "cpe:/a:redhat:enterprise_linux:8::appstream"),
		product("rhel-8.8.z.e4s::appstream", "Red Hat Enterprise Linux 8.8.z", "cpe:/a:redhat:rhel_e4s:8.8::appstream"),
		product("rhel-7-els.els", "Red Hat Enterprise Linux 7-els", "cpe:/o:redhat:rhel_els:7"),
		version("firefox", "pkg:rpm/redhat/firefox"),
		version("firefox-x11", "pkg:rpm/redhat/firefox-x11"),
		version("firefox.src", "pkg:rpm/redhat/firefox?arch=src"),
		version("firefox-0:140.10.1-1.el9_8.src", "pkg:rpm/redhat/firefox@140.10.1-1.el9_8?arch=src&epoch=0"),
		version("firefox-0:140.10.1-1.el9_6.src", "pkg:rpm/redhat/firefox@140.10.1-1.el9_6?arch=src&epoch=0"),
		version("firefox-0:140.10.1-1.el8_8.src", "pkg:rpm/redhat/firefox@140.10.1-1.el8_8?arch=src&epoch=0"),
		version("firefox-0:140.10.1-1.el8_10", "pkg:rpm/redhat/firefox@140.10.1-1.el8_10?epoch=0"),
		version("firefox-0:140.10.1-1.el8_10.src", "pkg:rpm/redhat/firefox@140.10.1-1.el8_10?arch=src&epoch=0"),
		version("firefox-0:140.10.1-1.el7_9.src", "pkg:rpm/redhat/firefox@140.10.1-1.el7_9?arch=src&epoch=0"),
		version("nodejs-1:20.2-1.module+el8.10.0+2+b.src::nodejs:20", "pkg:rpm/redhat/nodejs@20.2-1.module%2Bel8.10.0%2B2%2Bb?arch=src&epoch=1&rpmmod=nodejs:20:8100020260701:b"),
		version("nodejs-0:20.1-1.module+el9.7.0+1+a.src::nodejs:20", "pkg:rpm/redhat/nodejs@20.1-1.module%2Bel9.7.0%2B1%2Ba?arch=src&rpmmod=nodejs:20:9070020260701:a"),
	}, ",") + `],"relationships":[` + strings.Join(relations, ",") + `]},"vulnerabilities":[{"cve":"CVE-2026-7323","product_status":{"fixed":[` +
		strings.Join(fixed, ",") + `],"known_affected":[` + strings.Join(affected, ",") + `]}}]}`
	said, skipped, err := feedtest.Parse(t, redhat.New(), feedtest.Files{vexPath: archive(t, [2]string{"2026/cve-2026-7323.json", doc})})
	if err != nil || len(skipped) > 0 || len(said) != 1 {
		t.Fatal(said, skipped, err)
	}
	fix := func(v string) []vuln.Range { return []vuln.Range{{Introduced: "0", Fixed: v}} }
	want := []vuln.Affected{
		{Namespace: "Red Hat:7", Package: "firefox", Ranges: fix("140.10.1-1.el7_9")},
		{Namespace: "Red Hat:8", Package: "firefox", Ranges: []vuln.Range{
			{Introduced: "0", Limit: "140.10.1-1.el8_8"}, {Introduced: "140.10.1-1.el8_9", Fixed: "140.10.1-1.el8_10"},
		}},
		{Namespace: "Red Hat:8", Package: "nodejs", Module: "nodejs:20", Ranges: fix("1:20.2-1.module+el8.10.0+2+b")},
		{Namespace: "Red Hat:9", Package: "firefox", Ranges: []vuln.Range{
			{Introduced: "0", Limit: "140.10.1-1.el9_6"}, {Introduced: "140.10.1-1.el9_7", Fixed: "140.10.1-1.el9_8"},
		}},
		{Namespace: "Red Hat:9", Package: "nodejs", Module: "nodejs:20", Ranges: open},
	}
	if diff := cmp.Diff(want, said[0].Affected); diff != "" {
		t.Error(diff)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	feedtest.Run(t, redhat.New(), feedtest.Files{cvePath: archive(t, [2]string{"CVE-2024-0001.json", file(t, "hydra-cve-2024-0001.json")})})
	feedtest.Run(t, redhat.New(), feedtest.Files{vexPath: archive(t, [2]string{"cve-2024-0001.json", file(t, "cve-2024-0001.json")})})
}

func TestBrokenRecords(t *testing.T) {
	t.Parallel()
	good := [2]string{"CVE-2024-0001.json", file(t, "hydra-cve-2024-0001.json")}
	said, skipped, err := feedtest.Parse(t, redhat.New(), feedtest.Files{cvePath: archive(t,
		[2]string{"CVE-2024-2.json", `{"name":"CVE-2024-0002","affected_release":[`},
		[2]string{"CVE-2024-3.json", `{"name":"RHSA-1"}`},
		[2]string{"CVE-2024-4.json", strings.Repeat("[", 1e5)},
		[2]string{"index.txt", `no record`},
		good)})
	if err != nil || len(said) != 1 || len(skipped) != 3 {
		t.Errorf("%d said, skipped %v, error %v", len(said), skipped, err)
	}
	if _, _, err := feedtest.Parse(t, redhat.New(), feedtest.Files{cvePath: archive(t, [2]string{"CVE-1.json", `{}`})}); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("an archive of nothing but broken records: %v", err)
	}
	whole := archive(t, good)
	if _, _, err := feedtest.Parse(t, redhat.New(), feedtest.Files{cvePath: whole[:700]}); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("an archive that is cut short: %v", err)
	}
	if _, _, err := feedtest.Parse(t, redhat.New(), feedtest.Files{cvePath: []byte("\x28\xb5\x2f\xfd\x00\x00\x00")}); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("a broken zstd stream: %v", err)
	}
}
