package ospkg

import (
	"bytes"
	"strings"

	"github.com/sightline-sec/sightline/internal/inventory"
)

// released reads the first line of a file like etc/redhat-release, from before os-release(5) or beside it:
//
//	CentOS release 6.10 (Final)
//	Red Hat Enterprise Linux Server release 5.11 (Tikanga)
//	Amazon Linux AMI release 2018.03
//	CBL-Mariner 2.0.20220426
//	SUSE Linux Enterprise Server 11 (x86_64)      and below it: PATCHLEVEL = 4
func released(text []byte) *inventory.Distro {
	first, rest, _ := bytes.Cut(text[:min(len(text), 4*maxReleaseValue)], []byte("\n"))
	pretty := strings.TrimSpace(visible(first))
	if len(pretty) > maxReleaseValue {
		return nil
	}
	id, name := releasedID(pretty)
	if id == "" {
		return nil
	}
	version := firstNumber(pretty[len(name):])
	if id == "sles" {
		if level := patchLevel(string(rest)); level != "" && version != "" && !strings.Contains(version, ".") {
			version += "." + level
		}
	}
	return inventory.DistroOf(map[string]string{"ID": id, "VERSION_ID": version, "NAME": name, "PRETTY_NAME": pretty})
}

// releasedID knows the distributions by how the line begins: the ID that they have in os-release, and the name.
func releasedID(line string) (id, name string) {
	for _, known := range [...][2]string{
		{"AlmaLinux", "almalinux"},
		{"Amazon Linux", "amzn"},
		{"CBL-Mariner", "mariner"},
		{"CentOS Stream", "centos"},
		{"CentOS", "centos"},
		{"Enterprise Linux Enterprise Linux Server", "ol"}, // Oracle's, up to 5
		{"Fedora", "fedora"},
		{"Oracle Linux", "ol"},
		{"Red Hat Enterprise Linux", "rhel"},
		{"Rocky Linux", "rocky"},
		{"Scientific Linux", "scientific"},
		{"SUSE Linux Enterprise Server", "sles"},
		{"VMware Photon", "photon"},
		{"openSUSE", "opensuse"},
	} {
		if strings.HasPrefix(line, known[0]) {
			return known[1], known[0]
		}
	}
	return "", ""
}

// firstNumber is the first word that begins with a digit.
func firstNumber(s string) string {
	for word := range strings.FieldsSeq(s) {
		if '0' <= word[0] && word[0] <= '9' && legalVersion([]byte(word)) {
			return word
		}
	}
	return ""
}

func patchLevel(lines string) string {
	for line := range strings.Lines(lines) {
		if key, value, ok := strings.Cut(line, "="); ok && strings.TrimSpace(key) == "PATCHLEVEL" {
			if value = strings.TrimSpace(value); value != "0" && value == firstNumber(value) {
				return value
			}
		}
	}
	return ""
}
