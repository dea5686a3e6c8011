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
		"fedora":                                {fields{"ID": "fedora", "VERSION_ID": "39"}, "Fedora:39"},
		"fedora CoreOS is fedora":               {fields{"ID": "fedora", "VERSION_ID": "40", "VARIANT_ID": "coreos"}, "Fedora:40"},
		"ELN is no release of fedora":           {fields{"ID": "fedora", "VERSION_ID": "eln"}, ""},
		"rhel by major":                         {fields{"ID": "rhel", "ID_LIKE": "fedora", "VERSION_ID": "8.10"}, "Red Hat:8"},
		"centos":                                {fields{"ID": "centos", "ID_LIKE": "rhel fedora", "VERSION_ID": "7"}, "Red Hat:7"},
		"centos stream":                         {fields{"ID": "centos", "NAME": "CentOS Stream", "VERSION_ID": "9"}, "Red Hat:9"},
		"scientific linux rebuilds rhel":        {fields{"ID": "scientific", "ID_LIKE": "rhel fedora", "VERSION_ID": "7.9"}, "Red Hat:7"},
		"red hat CoreOS says its rhel":          {fields{"ID": "rhcos", "ID_LIKE": "rhel fedora", "VERSION_ID": "4.15", "RHEL_VERSION": "9.2"}, "Red Hat:9"},
		"red hat CoreOS that does not":          {fields{"ID": "rhcos", "ID_LIKE": "rhel fedora", "VERSION_ID": "4.6"}, ""},
		"to be like rhel is not enough":         {fields{"ID": "cloudlinux", "ID_LIKE": "rhel fedora centos", "VERSION_ID": "8.9"}, ""},
		"oracle linux":                          {fields{"ID": "ol", "ID_LIKE": "fedora", "VERSION_ID": "8.9"}, "Oracle Linux:8"},
		"amazon linux 1 by date":                {fields{"ID": "amzn", "ID_LIKE": "rhel fedora", "VERSION_ID": "2018.03"}, "Amazon Linux:1"},
		"amazon linux 2":                        {fields{"ID": "amzn", "ID_LIKE": "centos rhel fedora", "VERSION_ID": "2"}, "Amazon Linux:2"},
		"amazon linux 2022":                     {fields{"ID": "amzn", "VERSION_ID": "2022"}, "Amazon Linux:2022"},
		"amazon linux 2023":                     {fields{"ID": "amzn", "ID_LIKE": "fedora", "VERSION_ID": "2023"}, "Amazon Linux:2023"},
		"amazon linux to come":                  {fields{"ID": "amzn", "VERSION_ID": "2027"}, ""},
		"photon":                                {fields{"ID": "photon", "VERSION_ID": "5.0"}, "Photon OS:5.0"},
		"mariner is azure linux":                {fields{"ID": "mariner", "VERSION_ID": "2.0"}, "Azure Linux:2.0"},
		"azure linux":                           {fields{"ID": "azurelinux", "VERSION_ID": "3.0"}, "Azure Linux:3.0"},
		"sles with a service pack":              {fields{"ID": "sles", "ID_LIKE": "suse", "VERSION_ID": "15.5"}, "SUSE:15.5"},
		"sles without one":                      {fields{"ID": "sles", "VERSION_ID": "15"}, "SUSE:15"},
		"sles 16":                               {fields{"ID": "sles", "VERSION_ID": "16.0"}, "SUSE:16.0"},
		"sles for SAP":                          {fields{"ID": "sles_sap", "VERSION_ID": "12.5"}, "SUSE:12.5"},
		"SLE Micro 5 is made of SLES 15":        {fields{"ID": "sle-micro", "ID_LIKE": "suse", "VERSION_ID": "5.3"}, "SUSE:15.4"},
		"SL Micro 6 is not":                     {fields{"ID": "sl-micro", "ID_LIKE": "suse", "VERSION_ID": "6.0"}, ""},
		"leap":                                  {fields{"ID": "opensuse-leap", "ID_LIKE": "suse opensuse", "VERSION_ID": "15.5"}, "openSUSE:15.5"},
		"leap before it had its name":           {fields{"ID": "opensuse", "VERSION_ID": "42.3"}, "openSUSE:42.3"},
		"tumbleweed":                            {fields{"ID": "opensuse-tumbleweed", "VERSION_ID": "20260101"}, "openSUSE:Tumbleweed"},
		"tumbleweed by date":                    {fields{"ID": "opensuse", "VERSION_ID": "20170101"}, "openSUSE:Tumbleweed"},
		"microos is tumbleweed":                 {fields{"ID": "opensuse-microos", "VERSION_ID": "20260101"}, "openSUSE:Tumbleweed"},
		"a version that is none":                {fields{"ID": "rhel", "VERSION_ID": "latest"}, ""},
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
		"rhel, the epoch a qualifier": {
			inventory.DistroOf(fields{"ID": "rhel", "VERSION_ID": "9.4"}),
			pkg{purl.RedHat, "openssl-libs", "1:3.0.7-27.el9", "x86_64"},
			purl.RedHat, "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&distro=rhel-9.4&epoch=1",
		},
		"centos has red hat's advisories and its own name": {
			inventory.DistroOf(fields{"ID": "centos", "VERSION_ID": "7"}),
			pkg{purl.RedHat, "NetworkManager", "1:1.18.8-2.el7_9", "x86_64"},
			purl.RedHat, "pkg:rpm/centos/NetworkManager@1.18.8-2.el7_9?arch=x86_64&distro=centos-7&epoch=1",
		},
		"oracle": {
			inventory.DistroOf(fields{"ID": "ol", "VERSION_ID": "8.9"}),
			pkg{purl.RedHat, "bash", "4.4.20-4.el8_6", "x86_64"},
			purl.Oracle, "pkg:rpm/oracle/bash@4.4.20-4.el8_6?arch=x86_64&distro=ol-8.9",
		},
		"sles": {
			inventory.DistroOf(fields{"ID": "sles", "VERSION_ID": "15.5"}),
			pkg{purl.RedHat, "bash", "4.4-150400.25.22", "x86_64"},
			purl.SUSE, "pkg:rpm/suse/bash@4.4-150400.25.22?arch=x86_64&distro=sles-15.5",
		},
		"leap": {
			inventory.DistroOf(fields{"ID": "opensuse-leap", "VERSION_ID": "15.5"}),
			pkg{purl.RedHat, "bash", "4.4-150400.25.22", "x86_64"},
			purl.OpenSUSE, "pkg:rpm/opensuse/bash@4.4-150400.25.22?arch=x86_64&distro=opensuse-leap-15.5",
		},
		"amazon": {
			inventory.DistroOf(fields{"ID": "amzn", "VERSION_ID": "2023"}),
			pkg{purl.RedHat, "bash", "5.2.15-1.amzn2023.0.2", "x86_64"},
			purl.Amazon, "pkg:rpm/amzn/bash@5.2.15-1.amzn2023.0.2?arch=x86_64&distro=amzn-2023",
		},
		"mariner": {
			inventory.DistroOf(fields{"ID": "mariner", "VERSION_ID": "2.0"}),
			pkg{purl.RedHat, "bash", "5.1.8-4.cm2", "x86_64"},
			purl.AzureLinux, "pkg:rpm/mariner/bash@5.1.8-4.cm2?arch=x86_64&distro=mariner-2.0",
		},
		"rpm in a debian image": {
			debian,
			pkg{purl.RedHat, "tool", "2:1-1", "x86_64"},
			purl.RedHat, "pkg:rpm/redhat/tool@1-1?arch=x86_64&epoch=2",
		},
		"dpkg in a fedora image": {
			inventory.DistroOf(fields{"ID": "fedora", "VERSION_ID": "40"}),
			pkg{purl.Debian, "bash", "1:5.2", "amd64"},
			purl.Debian, "pkg:deb/debian/bash@1:5.2?arch=amd64",
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
