package version

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// Orders by the name of the tool or the standard that defines them, for those who know that but not the distribution.
// [Parse] takes them in place of an ecosystem.
const (
	Deb    purl.Ecosystem = "deb"
	RPM    purl.Ecosystem = "rpm"
	APK    purl.Ecosystem = "apk"
	SemVer purl.Ecosystem = "semver"
)

type order uint8

const (
	noOrder order = iota
	debOrder
	rpmOrder
	apkOrder
	semverOrder
	goOrder
	nugetOrder
	pypiOrder
	mavenOrder
	gemOrder
	composerOrder
	cranOrder
	hackageOrder
	pubOrder
	upstreamOrder
)

func orderOf(e purl.Ecosystem) order {
	switch e {
	case purl.Debian, purl.Ubuntu, purl.Echo, Deb:
		return debOrder
	case purl.AlmaLinux, purl.Rocky, purl.RedHat, purl.Amazon, purl.Fedora, purl.Oracle, purl.AzureLinux, purl.Mageia, purl.OpenEuler, purl.OpenSUSE,
		purl.Photon, purl.SUSE, RPM:
		return rpmOrder
	case purl.Alpine, purl.Wolfi, purl.Chainguard, purl.Alpaquita, purl.BellSoft, purl.CleanStart, purl.MinimOS, APK:
		return apkOrder
	case purl.NPM, purl.CratesIO, purl.Bioconductor, purl.Bitnami, purl.ConanCenter, purl.DockerHardened, purl.GHC,
		purl.GitHubActions, purl.Hex, purl.Julia, purl.Linux, purl.SwiftURL, purl.VSCode, SemVer:
		return semverOrder
	case purl.Go, purl.Kubernetes:
		return goOrder
	case purl.NuGet:
		return nugetOrder
	case purl.PyPI:
		return pypiOrder
	case purl.Maven:
		return mavenOrder
	case purl.RubyGems:
		return gemOrder
	case purl.Packagist:
		return composerOrder
	case purl.CRAN:
		return cranOrder
	case purl.Hackage:
		return hackageOrder
	case purl.Pub:
		return pubOrder
	case purl.Upstream:
		return upstreamOrder
	}
	if base, release := purl.Split(string(e)); release != "" {
		return orderOf(base)
	}
	return noOrder
}

// ForName finds the ecosystem that a person names: an OSV ecosystem in any case, with or without a release
// ("debian", "Alpine:v3.18"), a purl type ("cargo", "golang"), or an order ("deb" or "dpkg", "rpm", "apk", "semver").
// It is false for what has no order of versions.
func ForName(name string) (purl.Ecosystem, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name {
	case "deb", "dpkg":
		return Deb, true
	case "rpm":
		return RPM, true
	case "apk":
		return APK, true
	case "semver":
		return SemVer, true
	}
	base, _ := purl.Split(name)
	e, ok := purl.ParseEcosystem(string(base))
	if !ok || orderOf(e) == noOrder {
		return "", false
	}
	return e, true
}
