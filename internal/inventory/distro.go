package inventory

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// DistroOf makes a Distro of the fields of an os-release(5) file, unquoted: ID, ID_LIKE, VERSION_ID, VERSION_CODENAME, NAME,
// PRETTY_NAME, UBUNTU_CODENAME, DEBIAN_CODENAME, RHEL_VERSION, SUPPORT_END. It returns nil where there is no ID.
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
		EndOfLife:  endOfLife(id, fields),
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
//	pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&distro=rhel-9.4&epoch=1
//
// The epoch of an rpm is a qualifier, as the specification of the type wants; that of a deb is part of the version.
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
	quals := make([]purl.Qualifier, 0, 3)
	if p.Arch != "" {
		quals = append(quals, purl.Qualifier{Key: "arch", Value: p.Arch})
	}
	vendor := ""
	if d != nil && d.installs(p.Ecosystem) {
		if e := d.Ecosystem(); e != "" {
			p.Ecosystem = e
		}
		vendor = d.vendor()
		quals = append(quals, purl.Qualifier{Key: "distro", Value: d.qualifier()})
	}
	version := p.Version
	if p.Ecosystem.Type() == "rpm" {
		if epoch, rest, ok := strings.Cut(version, ":"); ok {
			version = rest
			quals = append(quals, purl.Qualifier{Key: "epoch", Value: epoch})
		}
	}
	p.PURL = purl.Make(p.Ecosystem, vendor, p.Name, version, quals, "")
}

// vendor is the namespace of the distribution's packages in purls: its ID, but for those whose vendors and the specification's
// examples write another word (pkg:rpm/redhat, pkg:rpm/opensuse).
func (d *Distro) vendor() string {
	switch d.ID {
	case "rhel":
		return "redhat"
	case "ol":
		return "oracle"
	case "sles", "sles_sap", "sled", "sle_hpc", "sle-hpc", "sle-micro", "sl-micro":
		return "suse"
	}
	if strings.HasPrefix(d.ID, "opensuse-") {
		return "opensuse"
	}
	return d.ID
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
