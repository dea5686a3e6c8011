package suse_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/suse"
	"github.com/sightline-sec/sightline/internal/vuln"
)

const (
	noticesPath = "suse/csaf.tar.bz2"
	vexPath     = "suse/csaf-vex.tar.bz2"
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

type obj = map[string]any

// document makes a document as SUSE writes them: products and packages side by side, every pair of them with its id.
func document(t testing.TB, id string, products map[string]string, purls map[string]string, vulnerability obj) string {
	t.Helper()
	var branches, relationships []obj
	pairs := map[string]bool{}
	for _, list := range vulnerability["product_status"].(obj) {
		for _, id := range list.([]string) {
			pairs[id] = true
		}
	}
	packages := map[string]bool{}
	for name, cpe := range products {
		branches = append(branches, obj{"category": "product_name", "name": name, "product": obj{
			"name": name, "product_id": name, "product_identification_helper": obj{"cpe": cpe},
		}})
	}
	for pair := range pairs {
		product, pkg, _ := strings.Cut(pair, ":")
		relationships = append(relationships, obj{
			"category": "default_component_of", "full_product_name": obj{"name": pair, "product_id": pair},
			"product_reference": pkg, "relates_to_product_reference": product,
		})
		if !packages[pkg] {
			packages[pkg] = true
			p := obj{"name": pkg, "product_id": pkg}
			if purls[pkg] != "" {
				p["product_identification_helper"] = obj{"purl": purls[pkg]}
			}
			branches = append(branches, obj{"category": "product_version", "name": pkg, "product": p})
		}
	}
	b, err := json.Marshal(obj{
		"document": obj{
			"category": "csaf_security_advisory", "title": "Security update for xz", "aggregate_severity": obj{"text": "important"},
			"tracking": obj{"id": id, "status": "final", "initial_release_date": "2024-04-01T10:00:00Z", "current_release_date": "2024-04-02T10:00:00Z"},
		},
		"product_tree": obj{
			"branches":      []obj{{"category": "vendor", "name": "SUSE", "branches": []obj{{"category": "product_family", "name": "SUSE Linux Enterprise", "branches": branches}}}},
			"relationships": relationships,
		},
		"vulnerabilities": []obj{vulnerability},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func notice(t testing.TB) string {
	return document(t, "SUSE-SU-2024:1-1", map[string]string{
		"SUSE Linux Enterprise Module for Basesystem 15 SP5": "cpe:/o:suse:sle-module-basesystem:15:sp5",
		"SUSE Linux Enterprise Server 16.0":                  "cpe:/o:suse:sles:16:16.0:server",
		"SUSE Linux Enterprise Module for Public Cloud 12":   "cpe:/o:suse:sle-module-public-cloud:12",
		"SUSE Linux Enterprise Server 12 SP3-TERADATA":       "cpe:/o:suse:sles:12:sp3",
		"SUSE Linux Enterprise Micro 5.5":                    "cpe:/o:suse:sle-micro:5.5",
		"openSUSE Tumbleweed":                                "cpe:/o:opensuse:tumbleweed",
	}, nil, obj{
		"cve":     "CVE-2024-3094",
		"threats": []obj{{"category": "impact", "details": "critical"}},
		"product_status": obj{"recommended": []string{
			"SUSE Linux Enterprise Module for Basesystem 15 SP5:liblzma5-5.2.3-150000.4.10.1.x86_64",
			"SUSE Linux Enterprise Module for Basesystem 15 SP5:liblzma5-5.2.3-150000.4.10.1.aarch64",
			"SUSE Linux Enterprise Module for Basesystem 15 SP5:xz-5.2.3-150000.4.10.1.src",
			"SUSE Linux Enterprise Server 16.0:liblzma5-5.8.1-160000.2.2.x86_64",
			"SUSE Linux Enterprise Module for Public Cloud 12:xz-5.0.5-1.1.noarch",
			"SUSE Linux Enterprise Server 12 SP3-TERADATA:xz-5.0.5-9.1.x86_64",
			"SUSE Linux Enterprise Micro 5.5:liblzma5-5.2.3-150000.4.10.1.x86_64",
			"openSUSE Tumbleweed:liblzma5-5.6.1.revertto5.4-3.1.x86_64",
		}},
	})
}

func TestNotice(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, suse.New(), feedtest.Files{noticesPath: archive(t,
		[2]string{"csaf/suse-su-2024_1-1.json", notice(t)},
		[2]string{"csaf/suse-su-2024_1-2.json", strings.ReplaceAll(notice(t), "SUSE-SU-2024:1-1", "SUSE-SU-2024:1-2")},
		[2]string{"csaf/suse-ru-2024_1-1.json", "no security notice"})})
	if err != nil || len(skipped) > 0 || len(said) != 3 {
		t.Fatal(said, skipped, err)
	}
	if said[0].ID != "SUSE-SU-2024:1-1" || said[2].ID != "SUSE-SU-2024:1-2" || !cmp.Equal(said[0].Covers, []string{"CVE-2024-3094"}) {
		t.Errorf("%+v", said)
	}
	want := &vuln.Advisory{
		Feed: "suse", ID: "CVE-2024-3094", Ratings: []vuln.Rating{{Feed: "suse", Severity: vuln.Critical}},
		References: []vuln.Reference{{Type: "advisory", URL: "https://www.suse.com/security/cve/CVE-2024-3094/"}},
	}
	if diff := cmp.Diff(want, said[1]); diff != "" {
		t.Error(diff)
	}
	var got []string
	for _, a := range said[0].Affected {
		if !a.Binary || len(a.Ranges) != 1 || a.Status != vuln.StatusAffected || !a.FixedAt.Equal(said[0].Published) || a.FixedAt.IsZero() {
			t.Errorf("%+v", a)
		}
		got = append(got, a.Namespace+" "+a.Package+" "+a.Ranges[0].Fixed)
	}
	if diff := cmp.Diff([]string{
		"SUSE:12 xz 5.0.5-1.1", "SUSE:12.1 xz 5.0.5-1.1", "SUSE:12.2 xz 5.0.5-1.1", "SUSE:12.3 xz 5.0.5-1.1", "SUSE:12.4 xz 5.0.5-1.1", "SUSE:12.5 xz 5.0.5-1.1",
		"SUSE:15.5 liblzma5 5.2.3-150000.4.10.1", "SUSE:16.0 liblzma5 5.8.1-160000.2.2", "openSUSE:Tumbleweed liblzma5 5.6.1.revertto5.4-3.1",
	}, got); diff != "" {
		t.Error(diff)
	}
}

func vex(t testing.TB) string {
	return document(t, "CVE-2024-3094", map[string]string{
		"SUSE Linux Enterprise Server 15 SP6":      "cpe:/o:suse:sles:15:sp6",
		"SUSE Linux Enterprise Server 15 SP6-LTSS": "cpe:/o:suse:sles-ltss:15:sp6",
		"SUSE Linux Enterprise Server 12 SP5":      "cpe:/o:suse:sles:12:sp5",
	}, map[string]string{
		"liblzma5-5.6.2-1.1": "pkg:rpm/suse/liblzma5@5.6.2-1.1?upstream=xz-5.6.2-1.1.src.rpm",
		"liblzma5-5.6.2-2.1": "pkg:rpm/suse/liblzma5@5.6.2-2.1?upstream=xz-5.6.2-2.1.src.rpm",
		"liblzma5-5.8.1-1.1": "pkg:rpm/suse/liblzma5@5.8.1-1.1?upstream=xz-5.8.1-1.1.src.rpm",
		"liblzma5":           "pkg:rpm/suse/liblzma5@?upstream=xz.src.rpm",
		"xz":                 "pkg:rpm/suse/xz@?upstream=xz.src.rpm",
		// The purl takes a part of the name for the version.
		"libjavascriptcoregtk-4_0-18": "pkg:rpm/suse/libjavascriptcoregtk@?upstream=webkit2gtk3.src.rpm",
	}, obj{
		"cve":          "CVE-2024-3094",
		"release_date": "2024-03-29T00:00:00Z",
		"product_status": obj{
			"recommended": []string{
				"SUSE Linux Enterprise Server 15 SP6:liblzma5-5.6.2-1.1",
				"SUSE Linux Enterprise Server 15 SP6-LTSS:liblzma5-5.6.2-2.1",
				"SUSE Linux Enterprise Server 15 SP6-LTSS:liblzma5-5.8.1-1.1",
			},
			"known_affected": []string{
				"SUSE Linux Enterprise Server 15 SP6:xz",
				"SUSE Linux Enterprise Server 15 SP6:liblzma5",
				"SUSE Linux Enterprise Server 12 SP5:xz",
				"SUSE Linux Enterprise Server 12 SP5:libjavascriptcoregtk-4_0-18",
			},
			"known_not_affected": []string{"SUSE Linux Enterprise Server 12 SP5:liblzma5"},
		},
		"remediations": []obj{{"category": "no_fix_planned", "product_ids": []string{"SUSE Linux Enterprise Server 12 SP5:xz"}}},
	})
}

func TestVEX(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, suse.VEX(), feedtest.Files{vexPath: archive(t, [2]string{"csaf-vex/cve-2024-3094.json", vex(t)})})
	if err != nil || len(skipped) > 0 || len(said) != 1 {
		t.Fatal(said, skipped, err)
	}
	open := []vuln.Range{{Introduced: "0"}}
	want := []vuln.Affected{
		{Namespace: "SUSE:12.5", Package: "libjavascriptcoregtk-4_0-18", Binary: true, Ranges: open},
		{Namespace: "SUSE:12.5", Package: "xz", Status: vuln.StatusWontFix, Ranges: open},
		{Namespace: "SUSE:15.6", Package: "liblzma5", Binary: true, Ranges: []vuln.Range{
			{Introduced: "0", Fixed: "5.6.2-1.1"}, {Introduced: "5.6.2.0-0", Fixed: "5.8.1-1.1"},
		}},
	}
	if diff := cmp.Diff(want, said[0].Affected); diff != "" {
		t.Error(diff)
	}
}

func TestContract(t *testing.T) {
	t.Parallel()
	feedtest.Run(t, suse.New(), feedtest.Files{noticesPath: archive(t, [2]string{"suse-su-2024_1-1.json", notice(t)})})
	feedtest.Run(t, suse.VEX(), feedtest.Files{vexPath: archive(t, [2]string{"cve-2024-3094.json", vex(t)})})
}

func TestBroken(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, suse.New(), feedtest.Files{noticesPath: archive(t,
		[2]string{"suse-su-1.json", `{"document":{"tracking":{"id":"SUSE-SU-1"}},"product_tree":{"branches":` + strings.Repeat(`[{"branches":`, 1e4)},
		[2]string{"suse-su-2.json", `{"document":{"tracking":{}}}`},
		[2]string{"suse-su-3.json", notice(t)})})
	if err != nil || len(skipped) != 2 || len(said) != 2 {
		t.Error(said, skipped, err)
	}
	if _, _, err := feedtest.Parse(t, suse.New(), feedtest.Files{noticesPath: []byte("BZh91AY&SY")}); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("a broken bzip2 stream: %v", err)
	}
}
