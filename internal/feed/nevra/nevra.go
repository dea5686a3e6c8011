// Package nevra reads names of rpm packages as advisories write them: name-[epoch:]version-release[.arch]. It promises names and versions in the form in
// which inventories carry them: an epoch of 0 left out. How versions compare is package version's work.
package nevra

import "strings"

// NEVRA is a package's name and version.
type NEVRA struct {
	Name, Epoch, Version, Release, Arch string
}

// Parse reads name-[epoch:]version-release[.arch], where the epoch may also stand in front: "2:shadow-utils-4.1.5.1-13.el7". What ends in an architecture that is known has one.
func Parse(s string) (NEVRA, bool) {
	var n NEVRA
	if epoch, rest, ok := strings.Cut(s, ":"); ok && digits(epoch) {
		n.Epoch, s = epoch, rest
	}
	if i := strings.LastIndexByte(s, '.'); i > 0 && isArch(s[i+1:]) {
		s, n.Arch = s[:i], s[i+1:]
	}
	i := strings.LastIndexByte(s, '-')
	if i <= 0 {
		return n, false
	}
	s, n.Release = s[:i], s[i+1:]
	if i = strings.LastIndexByte(s, '-'); i <= 0 {
		return n, false
	}
	n.Name, n.Version = s[:i], s[i+1:]
	if epoch, rest, ok := strings.Cut(n.Version, ":"); ok {
		n.Epoch, n.Version = epoch, rest
	}
	if n.Epoch == "0" {
		n.Epoch = ""
	}
	return n, n.Valid()
}

// Valid says whether name, version and release can be those of a package.
func (n NEVRA) Valid() bool {
	return Name(n.Name) && part(n.Version) && part(n.Release) && (n.Epoch == "" || digits(n.Epoch) && len(n.Epoch) < 10)
}

// EVR is [epoch:]version-release, as inventories have it.
func (n NEVRA) EVR() string {
	if n.Epoch == "" || n.Epoch == "0" {
		return n.Version + "-" + n.Release
	}
	return n.Epoch + ":" + n.Version + "-" + n.Release
}

// Name says whether s can be the name of an rpm package.
func Name(s string) bool {
	if s == "" || len(s) > 200 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '+', c == '.':
		case c == '-' && i > 0:
		default:
			return false
		}
	}
	return true
}

// part says whether s can be a version or a release.
func part(s string) bool {
	if s == "" || len(s) > 200 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("._+~^", c) >= 0:
		default:
			return false
		}
	}
	return true
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func isArch(s string) bool {
	switch s {
	case "x86_64", "src", "noarch", "aarch64", "ppc64le", "s390x", "i686", "i386", "i586", "ppc64", "ppc", "s390", "nosrc",
		"ia64", "armv7l", "armv7hl", "aarch64_ilp32", "riscv64", "x86_64_v2", "ppc64p7", "ppc64iseries", "ppc64pseries", "i486", "armhfp", "athlon", "ia32e", "sparc", "alpha":
		return true
	}
	return false
}
