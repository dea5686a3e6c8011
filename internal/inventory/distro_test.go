package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

type fields = map[string]string

func TestNamespaceOfRelease(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fields fields
		want   string
	}{
		"debian by number":                      {fields{"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}, "Debian:12"},
		"debian testing by codename":            {fields{"ID": "debian", "VERSION_CODENAME": "forky", "PRETTY_NAME": "Debian GNU/Linux forky/sid"}, "Debian:14"},
		"debian sid has no release":             {fields{"ID": "debian", "VERSION_CODENAME": "sid"}, ""},
		"debian with nothing":                   {fields{"ID": "debian"}, ""},
		"ubuntu":                                {fields{"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "22.04", "UBUNTU_CODENAME": "jammy"}, "Ubuntu:22.04"},
		"ubuntu by codename":                    {fields{"ID": "ubuntu", "VERSION_CODENAME": "noble"}, "Ubuntu:24.04"},
		"alpine drops the point release":        {fields{"ID": "alpine", "VERSION_ID": "3.18.4"}, "Alpine:v3.18"},
		"alpine branch":                         {fields{"ID": "alpine", "VERSION_ID": "3.21"}, "Alpine:v3.21"},
		"alpine edge snapshot":                  {fields{"ID": "alpine", "VERSION_ID": "3.19_alpha20230901"}, "Alpine:edge"},
		"alpine edge snapshot with point":       {fields{"ID": "alpine", "VERSION_ID": "3.23.0_alpha20250612"}, "Alpine:edge"},
		"alpine release candidate":              {fields{"ID": "alpine", "VERSION_ID": "3.19.0_rc1"}, "Alpine:v3.19"},
		"alpine with a version of another kind": {fields{"ID": "alpine", "VERSION_ID": "latest"}, ""},
		"wolfi":                                 {fields{"ID": "wolfi", "VERSION_ID": "20230201"}, "Wolfi"},
		"chainguard":                            {fields{"ID": "chainguard", "VERSION_ID": "20230214"}, "Chainguard"},
		"almalinux":                             {fields{"ID": "almalinux", "ID_LIKE": "rhel centos fedora", "VERSION_ID": "8.10"}, "AlmaLinux:8"},
		"rocky":                                 {fields{"ID": "rocky", "VERSION_ID": "9.3"}, "Rocky Linux:9"},
		"raspbian is debian":                    {fields{"ID": "raspbian", "ID_LIKE": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}, "Debian:12"},
		"linux mint is ubuntu":                  {fields{"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "21.2", "VERSION_CODENAME": "victoria", "UBUNTU_CODENAME": "jammy"}, "Ubuntu:22.04"},
		"linux mint debian edition is debian":   {fields{"ID": "linuxmint", "ID_LIKE": "debian", "VERSION_ID": "6", "VERSION_CODENAME": "faye", "DEBIAN_CODENAME": "bookworm"}, "Debian:12"},
		"kali follows no release":               {fields{"ID": "kali", "ID_LIKE": "debian", "VERSION_ID": "2023.4", "VERSION_CODENAME": "kali-rolling"}, ""},
		"postmarketos is not alpine":            {fields{"ID": "postmarketos", "ID_LIKE": "alpine", "VERSION_ID": "v23.12"}, ""},
		"fedora is not known":                   {fields{"ID": "fedora", "VERSION_ID": "39"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := inventory.DistroOf(tc.fields).Namespace; got != tc.want {
				t.Errorf("namespace is %q, want %q", got, tc.want)
			}
		})
	}
}

func TestDistroNeedsAnID(t *testing.T) {
	t.Parallel()
	if d := inventory.DistroOf(fields{"VERSION_ID": "12"}); d != nil {
		t.Errorf("a distro without an ID: %+v", d)
	}
	var none *inventory.Distro
	if e := none.Ecosystem(); e != "" {
		t.Errorf("no distro has the ecosystem %q", e)
	}
}

func TestRefine(t *testing.T) {
	t.Parallel()
	debian := inventory.DistroOf(fields{"ID": "debian", "VERSION_ID": "12"})
	ubuntu := inventory.DistroOf(fields{"ID": "ubuntu", "VERSION_ID": "22.04"})
	alpine := inventory.DistroOf(fields{"ID": "alpine", "VERSION_ID": "3.18.4"})
	type pkg struct {
		e                   purl.Ecosystem
		name, version, arch string
	}
	for name, tc := range map[string]struct {
		distro *inventory.Distro
		pkg    pkg
		want   purl.Ecosystem
		purl   string
	}{
		"debian": {
			debian,
			pkg{purl.Debian, "openssl", "3.0.11-1~deb12u2", "amd64"},
			purl.Debian, "pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12",
		},
		"a deb's epoch is part of its version": {
			debian,
			pkg{purl.Debian, "libattr1", "1:2.5.1-4+b1", "amd64"},
			purl.Debian, "pkg:deb/debian/libattr1@1:2.5.1-4%2Bb1?arch=amd64&distro=debian-12",
		},
		"ubuntu": {
			ubuntu,
			pkg{purl.Debian, "dpkg", "1.21.1ubuntu2", "amd64"},
			purl.Ubuntu, "pkg:deb/ubuntu/dpkg@1.21.1ubuntu2?arch=amd64&distro=ubuntu-22.04",
		},
		"alpine": {
			alpine,
			pkg{purl.Alpine, "busybox", "1.36.1-r5", "x86_64"},
			purl.Alpine, "pkg:apk/alpine/busybox@1.36.1-r5?arch=x86_64&distro=alpine-3.18.4",
		},
		"wolfi": {
			inventory.DistroOf(fields{"ID": "wolfi", "VERSION_ID": "20230201"}),
			pkg{purl.Alpine, "glibc", "2.39-r1", "x86_64"},
			purl.Wolfi, "pkg:apk/wolfi/glibc@2.39-r1?arch=x86_64&distro=wolfi-20230201",
		},
		"a derivative keeps its name": {
			inventory.DistroOf(fields{"ID": "raspbian", "ID_LIKE": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}),
			pkg{purl.Debian, "bash", "5.2.15-2+b2", "armhf"},
			purl.Debian, "pkg:deb/raspbian/bash@5.2.15-2%2Bb2?arch=armhf&distro=raspbian-12",
		},
		"an unknown derivative stays in its family": {
			inventory.DistroOf(fields{"ID": "kali", "ID_LIKE": "debian", "VERSION_ID": "2023.4"}),
			pkg{purl.Debian, "bash", "5.2", "amd64"},
			purl.Debian, "pkg:deb/kali/bash@5.2?arch=amd64&distro=kali-2023.4",
		},
		"testing is named by its codename": {
			inventory.DistroOf(fields{"ID": "debian", "VERSION_CODENAME": "forky"}),
			pkg{purl.Debian, "bash", "5.3-1", "amd64"},
			purl.Debian, "pkg:deb/debian/bash@5.3-1?arch=amd64&distro=debian-forky",
		},
		"no distro": {
			nil,
			pkg{purl.Debian, "bash", "5.2", "amd64"},
			purl.Debian, "pkg:deb/debian/bash@5.2?arch=amd64",
		},
		"dpkg in an alpine image": {
			alpine,
			pkg{purl.Debian, "bash", "5.2", "amd64"},
			purl.Debian, "pkg:deb/debian/bash@5.2?arch=amd64",
		},
		"no architecture": {
			alpine,
			pkg{purl.Alpine, ".build-deps", "20240101.120000", ""},
			purl.Alpine, "pkg:apk/alpine/.build-deps@20240101.120000?distro=alpine-3.18.4",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := inventory.Package{Name: tc.pkg.name, Version: tc.pkg.version, Arch: tc.pkg.arch, Ecosystem: tc.pkg.e}
			tc.distro.Refine(&p)
			if p.Ecosystem != tc.want || p.PURL != tc.purl {
				t.Errorf("refined to %s %s\n                  want %s %s", p.Ecosystem, p.PURL, tc.want, tc.purl)
			}
		})
	}
}

func TestRefineLeavesLanguagePackages(t *testing.T) {
	t.Parallel()
	want := inventory.Package{Name: "left-pad", Version: "1.3.0", Ecosystem: purl.NPM, PURL: "pkg:npm/left-pad@1.3.0"}
	got := want
	inventory.DistroOf(fields{"ID": "debian", "VERSION_ID": "12"}).Refine(&got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("changed (-want +got):\n%s", d)
	}
}

func BenchmarkRefine(b *testing.B) {
	d := inventory.DistroOf(fields{"ID": "debian", "VERSION_ID": "12"})
	b.ReportAllocs()
	for b.Loop() {
		p := inventory.Package{Name: "openssl", Version: "3.0.11-1~deb12u2", Arch: "amd64", Ecosystem: purl.Debian}
		d.Refine(&p)
	}
}
