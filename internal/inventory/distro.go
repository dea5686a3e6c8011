package inventory

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// DistroOf makes a Distro of the fields of an os-release(5) file, unquoted: ID, ID_LIKE, VERSION_ID, VERSION_CODENAME,
// PRETTY_NAME, UBUNTU_CODENAME, DEBIAN_CODENAME. It returns nil where there is no ID.
func DistroOf(fields map[string]string) *Distro {
	id := strings.ToLower(fields["ID"])
	if id == "" {
		return nil
	}
	return &Distro{
		ID:         id,
		VersionID:  fields["VERSION_ID"],
		Codename:   fields["VERSION_CODENAME"],
		PrettyName: fields["PRETTY_NAME"],
		Namespace:  namespace(id, fields),
	}
}

// Ecosystem is the ecosystem whose advisories hold for the distribution: the part of Namespace before the release.
// Empty where the release is not known.
func (d *Distro) Ecosystem() purl.Ecosystem {
	if d == nil {
		return ""
	}
	family, _, _ := strings.Cut(d.Namespace, ":")
	return purl.Ecosystem(family)
}

// Refine completes an OS package as its extractor left it, with the ecosystem that is the head of its package
// manager's family: it sets the distribution's own ecosystem (Ubuntu for Debian's dpkg, Wolfi for Alpine's apk) and the
// PURL, with the architecture and the distribution as qualifiers:
//
//	pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12
//
// A derivative's packages keep its name in the PURL ("pkg:deb/raspbian/...") and have the ecosystem of the release that
// it is built on. Without a distribution (nil), and where the package belongs to another family than it (a dpkg database
// in an Alpine image), the package keeps its family's head, and the PURL names that and no distro: what is installed is
// known, and of which release it is, is not. Other packages are left alone.
//
// The source package is not in the PURL: the specification has no qualifier for it.
func (d *Distro) Refine(p *Package) {
	if !p.OS() {
		return
	}
	quals := make([]purl.Qualifier, 0, 2)
	if p.Arch != "" {
		quals = append(quals, purl.Qualifier{Key: "arch", Value: p.Arch})
	}
	vendor := ""
	if d != nil && d.installs(p.Ecosystem) {
		if e := d.Ecosystem(); e != "" {
			p.Ecosystem = e
		}
		vendor = d.ID
		quals = append(quals, purl.Qualifier{Key: "distro", Value: d.qualifier()})
	}
	p.PURL = purl.Make(p.Ecosystem, vendor, p.Name, p.Version, quals, "")
}

// installs says whether packages of that family's head can be the distribution's own. A distribution of an unknown
// family may have any.
func (d *Distro) installs(head purl.Ecosystem) bool {
	e := d.Ecosystem()
	return e == "" || e.Type() == head.Type()
}

// qualifier is the value of the distro qualifier: "debian-12", and for releases without a number (Debian testing)
// "debian-forky".
func (d *Distro) qualifier() string {
	switch {
	case d.VersionID != "":
		return d.ID + "-" + d.VersionID
	case d.Codename != "":
		return d.ID + "-" + d.Codename
	}
	return d.ID
}
