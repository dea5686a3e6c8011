package inventory

import (
	"slices"
	"strings"
)

// namespace names the advisories that hold for a release, as OSV writes them but without what only marks support
// ("Ubuntu:22.04:LTS" is "Ubuntu:22.04"); empty where no mapping is known, which callers report.
func namespace(id string, fields map[string]string) string {
	version, codename := fields["VERSION_ID"], fields["VERSION_CODENAME"]
	switch id {
	case "debian":
		// Testing and unstable have no VERSION_ID and say the same of themselves ("forky/sid"): both are looked up as
		// the coming release, whose advisories testing has and unstable mostly.
		if version == "" {
			version = debianRelease(codename)
		}
		return prefixed("Debian:", version)
	case "ubuntu":
		if version == "" {
			version = ubuntuRelease(codename)
		}
		return prefixed("Ubuntu:", version)
	case "alpine":
		return prefixed("Alpine:", alpineBranch(version))
	case "wolfi":
		return "Wolfi"
	case "chainguard":
		return "Chainguard"
	case "almalinux":
		return prefixed("AlmaLinux:", major(version))
	case "rocky":
		return prefixed("Rocky Linux:", major(version))
	}
	return derivative(fields, codename)
}

// derivative finds the release that a derivative is built on, where it says so by codename; its own version numbers say
// nothing (Linux Mint 21 is Ubuntu 22.04). Derivatives that rebuild everything on their own time (Kali, postmarketOS)
// name none, and have no namespace.
func derivative(fields map[string]string, codename string) string {
	like := strings.Fields(fields["ID_LIKE"])
	if slices.Contains(like, "ubuntu") || fields["UBUNTU_CODENAME"] != "" {
		if v := ubuntuRelease(fields["UBUNTU_CODENAME"]); v != "" {
			return "Ubuntu:" + v
		}
		return prefixed("Ubuntu:", ubuntuRelease(codename))
	}
	if slices.Contains(like, "debian") || fields["DEBIAN_CODENAME"] != "" {
		if v := debianRelease(fields["DEBIAN_CODENAME"]); v != "" {
			return "Debian:" + v
		}
		return prefixed("Debian:", debianRelease(codename))
	}
	return ""
}

func prefixed(family, release string) string {
	if release == "" {
		return ""
	}
	return family + release
}

// alpineBranch turns 3.18.4 into v3.18. Snapshots of the development branch are versions like 3.19_alpha20230901;
// release candidates (3.19.0_rc1) are built from the branch of the release.
func alpineBranch(version string) string {
	version, suffix, _ := strings.Cut(version, "_")
	if version == "edge" || strings.HasPrefix(suffix, "alpha") {
		return "edge"
	}
	major, rest, ok := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if !ok || !numeric(major) || !numeric(minor) {
		return ""
	}
	return "v" + major + "." + minor
}

func major(version string) string {
	m, _, _ := strings.Cut(version, ".")
	if !numeric(m) {
		return ""
	}
	return m
}

func numeric(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// debianRelease is the number of a Debian release; empty for sid, which has none.
func debianRelease(codename string) string {
	switch codename {
	case "woody":
		return "3.0"
	case "sarge":
		return "3.1"
	case "etch":
		return "4.0"
	case "lenny":
		return "5.0"
	case "squeeze":
		return "6.0"
	case "wheezy":
		return "7"
	case "jessie":
		return "8"
	case "stretch":
		return "9"
	case "buster":
		return "10"
	case "bullseye":
		return "11"
	case "bookworm":
		return "12"
	case "trixie":
		return "13"
	case "forky":
		return "14"
	case "duke":
		return "15"
	}
	return ""
}

// ubuntuRelease is the number of an Ubuntu release, from 12.04 on.
func ubuntuRelease(codename string) string {
	switch codename {
	case "precise":
		return "12.04"
	case "quantal":
		return "12.10"
	case "raring":
		return "13.04"
	case "saucy":
		return "13.10"
	case "trusty":
		return "14.04"
	case "utopic":
		return "14.10"
	case "vivid":
		return "15.04"
	case "wily":
		return "15.10"
	case "xenial":
		return "16.04"
	case "yakkety":
		return "16.10"
	case "zesty":
		return "17.04"
	case "artful":
		return "17.10"
	case "bionic":
		return "18.04"
	case "cosmic":
		return "18.10"
	case "disco":
		return "19.04"
	case "eoan":
		return "19.10"
	case "focal":
		return "20.04"
	case "groovy":
		return "20.10"
	case "hirsute":
		return "21.04"
	case "impish":
		return "21.10"
	case "jammy":
		return "22.04"
	case "kinetic":
		return "22.10"
	case "lunar":
		return "23.04"
	case "mantic":
		return "23.10"
	case "noble":
		return "24.04"
	case "oracular":
		return "24.10"
	case "plucky":
		return "25.04"
	case "questing":
		return "25.10"
	case "resolute":
		return "26.04"
	}
	return ""
}
