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
	case "rhel", "centos", "scientific", "rhcos":
		return redHat(id, fields)
	case "ol":
		return prefixed("Oracle Linux:", major(version))
	case "fedora":
		return prefixed("Fedora:", major(version))
	case "amzn":
		return amazon(version)
	case "photon":
		return prefixed("Photon OS:", twoNumbers(version))
	case "mariner", "azurelinux":
		return prefixed("Azure Linux:", twoNumbers(version))
	}
	if ns, ok := suse(id, version); ok {
		return ns
	}
	return derivative(fields, codename)
}

// redHat maps what is made of Red Hat's own packages, or rebuilds them with the same versions: CentOS, CentOS Stream, Scientific
// Linux, and Red Hat's CoreOS, which numbers itself after OpenShift and names the release it is built of. Other rebuilds
// (AlmaLinux, Rocky, Oracle) publish advisories of their own, and versions that can differ; those that publish none (EuroLinux,
// CloudLinux) change packages too, and have no namespace: ID_LIKE says what a system is like, not whose fixes it has.
func redHat(id string, fields map[string]string) string {
	version := fields["VERSION_ID"]
	if id == "rhcos" {
		version = fields["RHEL_VERSION"]
	}
	return prefixed("Red Hat:", major(version))
}

// amazon maps the dated releases of the first Amazon Linux (2018.03) to 1; the others are called by what they are, and may add the
// date of the image (2023.4.20240528).
func amazon(version string) string {
	switch m := major(version); {
	case m == "2", m == "2022", m == "2023":
		return "Amazon Linux:" + m
	case len(m) == 4 && m >= "2010" && m < "2022":
		return "Amazon Linux:1"
	}
	return ""
}

// suse maps SUSE's enterprise products, which name the service pack in VERSION_ID, and openSUSE. ok is false where it is none
// of these. SLES for SAP, SLED and HPC are the same packages with other support. SLE Micro 5 is made of the packages of a
// service pack of SLE 15 and gets their fixes; SL Micro 6 is built on its own, as is Leap Micro 6. MicroOS is Tumbleweed.
func suse(id, version string) (ns string, ok bool) {
	switch id {
	case "sles", "sles_sap", "sled", "sle_hpc", "sle-hpc":
		if numeric(version) { // without a service pack
			return "SUSE:" + version, true
		}
		return prefixed("SUSE:", twoNumbers(version)), true
	case "sle-micro":
		switch version {
		case "5.0":
			return "SUSE:15.2", true
		case "5.1", "5.2":
			return "SUSE:15.3", true
		case "5.3", "5.4":
			return "SUSE:15.4", true
		case "5.5":
			return "SUSE:15.5", true
		}
		return "", true
	case "opensuse-leap":
		return prefixed("openSUSE:", twoNumbers(version)), true
	case "opensuse-tumbleweed", "opensuse-microos":
		return "openSUSE:Tumbleweed", true
	case "opensuse": // before 2018: Leap 42.3, openSUSE 13.2, and Tumbleweed by date
		if numeric(version) && len(version) == len("20170101") {
			return "openSUSE:Tumbleweed", true
		}
		return prefixed("openSUSE:", twoNumbers(version)), true
	}
	return "", false
}

// twoNumbers gives the first two numbers of a version, 4.0 of 4.0 and 4.0.1; empty for others.
func twoNumbers(version string) string {
	major, rest, ok := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if !ok || !numeric(major) || !numeric(minor) {
		return ""
	}
	return major + "." + minor
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
