package sbom

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/inventory"
)

// distroOf makes the distribution of a component of type operating-system: by its properties where it has some, else by
// its name and version. nil where it has no name.
func distroOf(name, version string, f facts) *inventory.Distro {
	if d := f.distro(); d != nil {
		return d
	}
	id := strings.ToLower(name)
	if id == "debian" {
		// Trivy writes the point release, 12.5, of which os-release(5) and advisories know only the first number.
		version, _, _ = strings.Cut(version, ".")
	}
	return inventory.DistroOf(map[string]string{"ID": id, "VERSION_ID": version})
}

// distroOfQualifier reads the distro qualifier of a purl: debian-12, alpine-3.18.4, ubuntu-22.04, or a codename.
func distroOfQualifier(q string) *inventory.Distro {
	id, version, _ := strings.Cut(q, "-")
	if version != "" && (version[0] < '0' || version[0] > '9') {
		if i := strings.LastIndexByte(q, '-'); q[i+1:] != "" && '0' <= q[i+1] && q[i+1] <= '9' { // opensuse-leap-15.5
			return distroOf(q[:i], q[i+1:], nil)
		}
		return inventory.DistroOf(map[string]string{"ID": strings.ToLower(id), "VERSION_CODENAME": version})
	}
	return distroOf(id, version, nil)
}
