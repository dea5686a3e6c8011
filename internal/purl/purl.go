// Package purl holds package URLs and the names of ecosystems. It promises the canonical spelling of each: the OSV
// names of ecosystems ("Debian:12", "npm"), names of packages normalised as their registry compares them, and purls
// as the package-url specification writes them. It does no I/O.
package purl

import "strings"

// Ecosystem is the OSV name of a package ecosystem, without a release: "Debian", "npm".
// See https://ossf.github.io/osv-schema/#defined-ecosystems.
type Ecosystem string

// The ecosystems that are known by name: all that OSV defines. Others from a feed are kept as they are written.
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

	// Software that no package manager brought, under the name that its makers give it: the advisories are NVD's, by CPE.
	Upstream Ecosystem = "Upstream"

	// More distributions. OSV defines none for Amazon, Fedora and Oracle.
	Amazon     Ecosystem = "Amazon Linux"
	Fedora     Ecosystem = "Fedora"
	Oracle     Ecosystem = "Oracle Linux"
	Alpaquita  Ecosystem = "Alpaquita"
	AzureLinux Ecosystem = "Azure Linux"
	BellSoft   Ecosystem = "BellSoft Hardened Containers"
	CleanStart Ecosystem = "CleanStart"
	Echo       Ecosystem = "Echo"
	FreeBSD    Ecosystem = "FreeBSD"
	Mageia     Ecosystem = "Mageia"
	MinimOS    Ecosystem = "MinimOS"
	OpenEuler  Ecosystem = "openEuler"
	OpenSUSE   Ecosystem = "openSUSE"
	Photon     Ecosystem = "Photon OS"
	SUSE       Ecosystem = "SUSE"

	// More languages and registries.
	Bioconductor   Ecosystem = "Bioconductor"
	Bitnami        Ecosystem = "Bitnami"
	ConanCenter    Ecosystem = "ConanCenter"
	CRAN           Ecosystem = "CRAN"
	DockerHardened Ecosystem = "Docker Hardened Images"
	GHC            Ecosystem = "GHC"
	GitHubActions  Ecosystem = "GitHub Actions"
	Hackage        Ecosystem = "Hackage"
	Hex            Ecosystem = "Hex"
	Julia          Ecosystem = "Julia"
	Opam           Ecosystem = "opam"
	Pub            Ecosystem = "Pub"
	SwiftURL       Ecosystem = "SwiftURL"
	VSCode         Ecosystem = "VSCode"

	// Neither packages of a distribution nor of a language.
	Android    Ecosystem = "Android"
	GIT        Ecosystem = "GIT" // commits; OSV knows it as a range type, and osv.dev exports it as an ecosystem
	Kubernetes Ecosystem = "Kubernetes"
	Linux      Ecosystem = "Linux" // the kernel
	OSSFuzz    Ecosystem = "OSS-Fuzz"
	Root       Ecosystem = "Root"
	TuxCare    Ecosystem = "TuxCare"
)

// OS says whether packages of the ecosystem are installed by a distribution's package manager.
func (e Ecosystem) OS() bool {
	switch e {
	case Debian, Ubuntu, Alpine, Wolfi, Chainguard, AlmaLinux, Rocky, RedHat, Alpaquita, AzureLinux, BellSoft,
		CleanStart, Echo, FreeBSD, Mageia, MinimOS, OpenEuler, OpenSUSE, Photon, SUSE, Amazon, Fedora, Oracle:
		return true
	}
	return false
}

// Type is the purl type of the ecosystem's packages: "deb", "npm", "golang". It is "generic" where the specification
// defines none.
func (e Ecosystem) Type() string {
	switch e {
	case Debian, Ubuntu, Echo:
		return "deb"
	case Alpine, Wolfi, Chainguard, Alpaquita, BellSoft, CleanStart, MinimOS:
		return "apk"
	case AlmaLinux, Rocky, RedHat, AzureLinux, Mageia, OpenEuler, OpenSUSE, Photon, SUSE, Amazon, Fedora, Oracle:
		return "rpm"
	case NPM:
		return "npm"
	case PyPI:
		return "pypi"
	case Go, Kubernetes:
		return "golang"
	case Maven:
		return "maven"
	case RubyGems:
		return "gem"
	case CratesIO:
		return "cargo"
	case Packagist:
		return "composer"
	case NuGet:
		return "nuget"
	case Bioconductor:
		return "bioconductor"
	case Bitnami:
		return "bitnami"
	case ConanCenter:
		return "conan"
	case CRAN:
		return "cran"
	case GitHubActions:
		return "github"
	case Hackage:
		return "hackage"
	case Hex:
		return "hex"
	case Julia:
		return "julia"
	case Opam:
		return "opam"
	case Pub:
		return "pub"
	case SwiftURL:
		return "swift"
	case VSCode:
		return "vscode-extension"
	}
	return "generic"
}

// vendor is the purl namespace of a distribution's own packages, its ID in os-release: "debian".
// It is empty for other ecosystems.
func (e Ecosystem) vendor() string {
	switch e {
	case Debian:
		return "debian"
	case Ubuntu:
		return "ubuntu"
	case Echo:
		return "echo"
	case Alpine:
		return "alpine"
	case Wolfi:
		return "wolfi"
	case Chainguard:
		return "chainguard"
	case Alpaquita:
		return "alpaquita"
	case CleanStart:
		return "cleanstart"
	case MinimOS:
		return "minimos"
	case AlmaLinux:
		return "almalinux"
	case Mageia:
		return "mageia"
	case OpenEuler:
		return "openeuler"
	case OpenSUSE:
		return "opensuse"
	case SUSE:
		return "suse"
	case BellSoft:
		return "bellsoft-hardened-containers"
	case Rocky:
		return "rocky"
	case RedHat:
		return "redhat"
	case AzureLinux:
		return "azurelinux"
	case Photon:
		return "photon"
	case Amazon:
		return "amzn"
	case Fedora:
		return "fedora"
	case Oracle:
		return "oracle"
	}
	return ""
}

// ParseEcosystem reads the name of an ecosystem in any case: OSV's ("crates.io", "Rocky Linux"), or the purl type
// where it stands for one ecosystem only ("cargo", "golang"; not "deb", "rpm" or "apk"). No release may follow.
func ParseEcosystem(s string) (Ecosystem, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if e, ok := parseOSV(s); ok {
		return e, true
	}
	switch s {
	case "golang":
		return Go, true
	case "gem":
		return RubyGems, true
	case "cargo":
		return CratesIO, true
	case "composer":
		return Packagist, true
	case "conan":
		return ConanCenter, true
	case "swift":
		return SwiftURL, true
	case "vscode-extension":
		return VSCode, true
	}
	return "", false
}

// parseOSV finds the ecosystem whose OSV name is s in any case.
func parseOSV(s string) (Ecosystem, bool) {
	for _, e := range [...]Ecosystem{
		Debian, Ubuntu, Alpine, Wolfi, Chainguard, AlmaLinux, Rocky, RedHat, NPM, PyPI, Go, Maven, RubyGems,
		CratesIO, Packagist, NuGet, Alpaquita, AzureLinux, BellSoft, CleanStart, Echo, FreeBSD, Mageia, MinimOS,
		OpenEuler, OpenSUSE, Photon, SUSE, Bioconductor, Bitnami, ConanCenter, CRAN, DockerHardened, GHC, GitHubActions,
		Hackage, Hex, Julia, Opam, Pub, SwiftURL, VSCode, Android, GIT, Kubernetes, Linux, OSSFuzz, Root, TuxCare,
		Amazon, Fedora, Oracle, Upstream,
	} {
		if len(s) == len(e) && strings.EqualFold(s, string(e)) {
			return e, true
		}
	}
	return "", false
}
