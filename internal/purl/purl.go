// Package purl holds package URLs and the names of ecosystems. It promises the canonical spelling of each: the OSV
// names of ecosystems ("Debian:12", "npm"), names of packages normalised as their registry compares them, and purls
// as the package-url specification writes them. It does no I/O.
package purl

// Ecosystem is the OSV name of a package ecosystem, without a release: "Debian", "npm".
// See https://ossf.github.io/osv-schema/#defined-ecosystems.
type Ecosystem string

// The ecosystems that are known by name. Others from a feed are kept as they are written.
const (
	Debian     Ecosystem = "Debian"
	Ubuntu     Ecosystem = "Ubuntu"
	Alpine     Ecosystem = "Alpine"
	Wolfi      Ecosystem = "Wolfi"
	Chainguard Ecosystem = "Chainguard"
	AlmaLinux  Ecosystem = "AlmaLinux"
	Rocky      Ecosystem = "Rocky Linux"
	RedHat     Ecosystem = "Red Hat"
	NPM        Ecosystem = "npm"
	PyPI       Ecosystem = "PyPI"
	Go         Ecosystem = "Go"
	Maven      Ecosystem = "Maven"
	RubyGems   Ecosystem = "RubyGems"
	CratesIO   Ecosystem = "crates.io"
	Packagist  Ecosystem = "Packagist"
	NuGet      Ecosystem = "NuGet"
)

// OS says whether packages of the ecosystem are installed by a distribution's package manager.
func (e Ecosystem) OS() bool {
	switch e {
	case Debian, Ubuntu, Alpine, Wolfi, Chainguard, AlmaLinux, Rocky, RedHat:
		return true
	}
	return false
}
