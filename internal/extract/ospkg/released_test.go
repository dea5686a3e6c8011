package ospkg_test

import (
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/extract/ospkg"
)

func TestReleaseFilesBeforeOSRelease(t *testing.T) {
	t.Parallel()
	for _, tc := range [][3]string{ // path, text, "id version namespace"
		{"etc/centos-release", "CentOS release 6.10 (Final)\n", "centos 6.10 Red Hat:6"},
		{"etc/redhat-release", "CentOS release 5.11 (Final)\n", "centos 5.11 Red Hat:5"},
		{"etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)\n", "centos 7.9.2009 Red Hat:7"},
		{"etc/centos-release", "CentOS Stream release 8\n", "centos 8 Red Hat:8"},
		{"etc/redhat-release", "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n", "rhel 6.10 Red Hat:6"},
		{"etc/redhat-release", "Red Hat Enterprise Linux release 9.4 (Plow)\n", "rhel 9.4 Red Hat:9"},
		{"etc/oracle-release", "Oracle Linux Server release 6.10\n", "ol 6.10 Oracle Linux:6"},
		{"etc/redhat-release", "Enterprise Linux Enterprise Linux Server release 5.11 (Carthage)\n", "ol 5.11 Oracle Linux:5"},
		{"etc/redhat-release", "Scientific Linux release 6.10 (Carbon)\n", "scientific 6.10 Red Hat:6"},
		{"etc/system-release", "Amazon Linux AMI release 2018.03\n", "amzn 2018.03 Amazon Linux:1"},
		{"etc/system-release", "Amazon Linux release 2 (Karoo)\n", "amzn 2 Amazon Linux:2"},
		{"etc/system-release", "Amazon Linux release 2023.4.20240528 (Amazon Linux)\n", "amzn 2023.4.20240528 Amazon Linux:2023"},
		{"etc/rocky-release", "Rocky Linux release 8.5 (Green Obsidian)\n", "rocky 8.5 Rocky Linux:8"},
		{"etc/almalinux-release", "AlmaLinux release 9.3 (Shamrock Pampas Cat)\n", "almalinux 9.3 AlmaLinux:9"},
		{"etc/fedora-release", "Fedora release 20 (Heisenbug)\n", "fedora 20 Fedora:20"},
		{"etc/fedora-release", "Fedora release 44 (Rawhide)", "fedora 44 Fedora:44"},
		{"etc/photon-release", "VMware Photon OS 4.0\nPHOTON_BUILD_NUMBER=1\n", "photon 4.0 Photon OS:4.0"},
		{"etc/photon-release", "VMware Photon Linux 1.0\nPHOTON_BUILD_NUMBER=1\n", "photon 1.0 Photon OS:1.0"},
		{"etc/mariner-release", "CBL-Mariner 2.0.20220426\nMARINER_BUILD_NUMBER=1\n", "mariner 2.0.20220426 Azure Linux:2.0"},
		{"etc/SuSE-release", "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n", "sles 11.4 SUSE:11.4"},
		{"etc/SuSE-release", "SUSE Linux Enterprise Server 12 (x86_64)\nVERSION = 12\nPATCHLEVEL = 0\n", "sles 12 SUSE:12"},
		{"etc/SuSE-release", "openSUSE 13.1 (x86_64)\nVERSION = 13.1\nCODENAME = Bottle\n", "opensuse 13.1 openSUSE:13.1"},
		{"etc/redhat-release", "Somebody's Linux release 6\n", ""},
		{"etc/redhat-release", "", ""},
		{"etc/redhat-release", "CentOS release \x1b[31m\n", "centos  "},
		{"etc/redhat-release", strings.Repeat("CentOS ", 1000), ""},
	} {
		got := ""
		if d := run(t, ospkg.OSRelease{}, tc[0], tc[1]).Distro; d != nil {
			got = d.ID + " " + d.VersionID + " " + d.Namespace
		}
		if got != tc[2] {
			t.Errorf("%s %q is %q, want %q", tc[0], tc[1], got, tc[2])
		}
		if !claimed(ospkg.OSRelease{}, tc[0]) {
			t.Errorf("%s is not claimed", tc[0])
		}
	}
}

// FuzzReleased writes a version into a sentence and wants it back; as raw text it must not bring control characters into a result.
func FuzzReleased(f *testing.F) {
	f.Add("7.9.2009", "Core")
	f.Add("\x1b[31m", "\x00\n=")
	f.Add("11", "x86_64)\nPATCHLEVEL = 4\n(")
	f.Fuzz(func(t *testing.T, version, rest string) {
		for _, text := range []string{version + rest, "CentOS release " + version + " (" + rest + ")\n", "SUSE Linux Enterprise Server " + version + " (" + rest + ")"} {
			d := run(t, ospkg.OSRelease{}, "etc/redhat-release", text).Distro
			if d == nil {
				continue
			}
			if strings.ContainsFunc(d.VersionID+d.PrettyName, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }) || len(d.PrettyName) > 1024 {
				t.Fatalf("%q is shown as %q %q", text, d.VersionID, d.PrettyName)
			}
			number := version != "" && version[0] >= '0' && version[0] <= '9' && strings.Trim(version, "0123456789.") == ""
			if d.ID == "centos" && number && len(version) <= 200 && strings.HasPrefix(text, "CentOS release "+version+" ") && d.VersionID != version {
				t.Fatalf("%q is version %q", text, d.VersionID)
			}
		}
	})
}
