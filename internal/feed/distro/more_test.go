package distro_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed/distro"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// wolfi is made up, in the form of the real file.
const wolfi = `{"apkurl":"{{urlprefix}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk","archs":["x86_64","aarch64"],"reponame":"os","urlprefix":"https://packages.wolfi.dev",
"packages":[
 {"pkg":{"name":"zlib","secfixes":{"1.3.1-r1":["CVE-2023-45853","GHSA-aaaa-bbbb-cccc"],"0":["CVE-2018-25032"]}}},
 {"pkg":{"name":"curl","secfixes":{"8.4.0-r0":["CVE-2023-38545"],"8.4.0-r2":["CVE-2023-38545"]}}}
]}`

func TestWolfi(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, distro.Wolfi(), feedtest.Files{"wolfi/security.json": []byte(wolfi)})
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	fixed := func(pkg, v string) []vuln.Affected {
		return []vuln.Affected{{Namespace: "Wolfi", Package: pkg, Ranges: []vuln.Range{{Introduced: "0", Fixed: v}}}}
	}
	want := []*vuln.Advisory{
		{Feed: "wolfi-secdb", ID: "CVE-2018-25032", Affected: []vuln.Affected{{Namespace: "Wolfi", Package: "zlib", Status: vuln.StatusNotAffected}}},
		{Feed: "wolfi-secdb", ID: "CVE-2023-38545", Affected: fixed("curl", "8.4.0-r2")},
		{Feed: "wolfi-secdb", ID: "CVE-2023-45853", Affected: fixed("zlib", "1.3.1-r1")},
		{Feed: "wolfi-secdb", ID: "GHSA-aaaa-bbbb-cccc", Affected: fixed("zlib", "1.3.1-r1")},
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	feedtest.Run(t, distro.Wolfi(), feedtest.Files{"wolfi/security.json": []byte(wolfi)})
	feedtest.Run(t, distro.Chainguard(), feedtest.Files{"chainguard/security.json": []byte(wolfi)})
	if !strings.Contains(distro.Chainguard().About().License, "NC-ND") {
		t.Error("the licence is not told")
	}
}

// The rows are made up, in the form of the real files.
const (
	photon4 = `[
 {"cve_id":"CVE-2024-0001","pkg":"openssl","cve_score":7.5,"aff_ver":"all versions before 3.0.12-1.ph4 are vulnerable","res_ver":"3.0.12-1.ph4"},
 {"cve_id":"CVE-2024-0001","pkg":"openssl","cve_score":"7.5","aff_ver":"all versions before 3.0.13-1.ph4 are vulnerable","res_ver":"3.0.13-1.ph4"},
 {"cve_id":"CVE-2024-0002","pkg":"linux","cve_score":null,"aff_ver":"all versions are vulnerable","res_ver":"NA"},
 {"cve_id":"CVE-2024-0002","pkg":"curl","cve_score":9.8,"aff_ver":"NA","res_ver":"NA","status":"Not Affected"},
 {"cve_id":"Re-evaluate","pkg":"curl","res_ver":"1-1"}
]`
	photon5 = `[{"cve_id":"CVE-2024-0001","pkg":"openssl","cve_score":7.5,"res_ver":"3.0.12-2.ph5"}]`
)

func photonFiles(four string) feedtest.Files {
	return feedtest.Files{"photon/cve_data_photon4.0.json": []byte(four), "photon/cve_data_photon5.0.json": []byte(photon5)}
}

func TestPhoton(t *testing.T) {
	t.Parallel()
	said, skipped, err := feedtest.Parse(t, distro.Photon(), photonFiles(photon4))
	if err != nil || len(skipped) != 1 || skipped[0].Record != "row 4" {
		t.Fatal(skipped, err)
	}
	want := []*vuln.Advisory{
		{Feed: "photon", ID: "CVE-2024-0001", Ratings: []vuln.Rating{{Feed: "photon", Severity: vuln.High, Score: 7.5}}, Affected: []vuln.Affected{
			{Namespace: "Photon OS:4.0", Package: "openssl", Ranges: []vuln.Range{{Introduced: "0", Fixed: "3.0.13-1.ph4"}}},
			{Namespace: "Photon OS:5.0", Package: "openssl", Ranges: []vuln.Range{{Introduced: "0", Fixed: "3.0.12-2.ph5"}}},
		}},
		{Feed: "photon", ID: "CVE-2024-0002", Ratings: []vuln.Rating{{Feed: "photon", Severity: vuln.Critical, Score: 9.8}}, Affected: []vuln.Affected{
			{Namespace: "Photon OS:4.0", Package: "curl", Status: vuln.StatusNotAffected},
			{Namespace: "Photon OS:4.0", Package: "linux", Ranges: []vuln.Range{{Introduced: "0"}}},
		}},
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	feedtest.Run(t, distro.Photon(), photonFiles(photon4))
	for _, broken := range []string{"", "{}", "[{", `[{"cve_id":"x"}]`} {
		if _, _, err := feedtest.Parse(t, distro.Photon(), photonFiles(broken)); !errors.Is(err, artifact.ErrCorrupt) {
			t.Errorf("%s: error %v", broken, err)
		}
	}
}

// FuzzPhoton: whatever the file holds, each package has one verdict for each CVE, and fixed versions have an order.
func FuzzPhoton(f *testing.F) {
	f.Add(photon4)
	f.Fuzz(func(t *testing.T, text string) {
		said, _, err := feedtest.Parse(t, distro.Photon(), photonFiles(text))
		if err != nil {
			return
		}
		for i, a := range said {
			if i > 0 && said[i-1].ID >= a.ID {
				t.Errorf("%s after %s", a.ID, said[i-1].ID)
			}
			seen := map[string]bool{}
			for _, af := range a.Affected {
				if seen[af.Namespace+af.Package] {
					t.Errorf("%s is judged twice", af.Package)
				}
				seen[af.Namespace+af.Package] = true
				if len(af.Ranges) > 0 && af.Ranges[0].Fixed != "" {
					if _, err := version.Parse(purl.Photon, af.Ranges[0].Fixed); err != nil {
						t.Error(err)
					}
				}
			}
		}
	})
}
