package purl

import (
	"fmt"
	"strings"

	"github.com/package-url/packageurl-go"
)

// Parsed is a purl taken apart, decoded and in canonical form.
type Parsed struct {
	Type, Namespace, Name, Version string
	Qualifiers                     map[string]string // nil when there are none
	Subpath                        string
}

// Parse reads a purl.
//
// In one thing it departs from the specification: the namespace and name of golang purls keep their case. Go's module
// paths tell capitals apart (github.com/BurntSushi/toml), most tools write them so, and without them the package could
// not be found again.
func Parse(s string) (Parsed, error) {
	s = strings.TrimSpace(s)
	u, err := packageurl.FromString(s)
	if err != nil {
		return Parsed{}, fmt.Errorf("parsing purl %.200q: %w", s, err)
	}
	p := Parsed{Type: u.Type, Namespace: u.Namespace, Name: u.Name, Version: u.Version, Subpath: u.Subpath}
	if len(u.Qualifiers) > 0 {
		p.Qualifiers = u.Qualifiers.Map()
	}
	if p.Type == packageurl.TypeGolang {
		// The same purl under a type without rules of its own is read the same way, and keeps its case.
		i := strings.Index(strings.ToLower(s), p.Type)
		if raw, err := packageurl.FromString("pkg:generic" + s[i+len(p.Type):]); err == nil {
			p.Namespace, p.Name = raw.Namespace, raw.Name
		}
	}
	return p, nil
}

// String writes the purl.
func (p Parsed) String() string {
	return packageurl.NewPackageURL(p.Type, p.Namespace, p.Name, p.Version, packageurl.QualifiersFromMap(p.Qualifiers), p.Subpath).String()
}

// Package gives the ecosystem and the whole name of the package in it, normalised as by [NormalizeName]: Go and
// "github.com/a/b", Maven and "group:artifact", npm and "@babel/core", Debian and "bash". The ecosystem is empty when
// it is none that we know, such as that of a pkg:generic or of another vendor's rpm.
func (p Parsed) Package() (e Ecosystem, name string) {
	e = p.ecosystem()
	name = p.Name
	if p.Namespace != "" {
		switch e {
		case NPM, Go, Packagist, GitHubActions, SwiftURL, VSCode:
			name = p.Namespace + "/" + p.Name
		case Maven:
			name = p.Namespace + ":" + p.Name
		}
	}
	return e, NormalizeName(e, name)
}

func (p Parsed) ecosystem() Ecosystem {
	switch p.Type {
	case "deb", "apk", "rpm":
		e := ofVendor(strings.ToLower(p.Namespace))
		if e.Type() != p.Type {
			return ""
		}
		return e
	case "github":
		return GitHubActions
	}
	// Of the words that name an ecosystem, only types: "go" and "crates.io" are none.
	if e, ok := ParseEcosystem(p.Type); ok && e.Type() == p.Type {
		return e
	}
	return ""
}

// ofVendor finds the distribution that writes the namespace into its purls: its ID in os-release, or the name that
// osv.dev gives it.
func ofVendor(namespace string) Ecosystem {
	switch namespace {
	case "rocky", "rocky-linux", "rockylinux":
		return Rocky
	case "redhat", "rhel", "centos", "rhcos", "scientific":
		return RedHat
	case "oracle", "ol", "oraclelinux", "oracle-linux":
		return Oracle
	case "amzn", "amazon", "amazonlinux", "amazon-linux":
		return Amazon
	case "almalinux", "alma":
		return AlmaLinux
	case "azurelinux", "azure-linux", "mariner", "cbl-mariner":
		return AzureLinux
	case "bellsoft-hardened-containers":
		return BellSoft
	case "photon", "photon-os":
		return Photon
	case "sles", "sle", "sle_hpc", "sle-hpc", "sled", "sles_sap", "sle-micro", "sl-micro":
		return SUSE
	case "opensuse-leap", "opensuse-tumbleweed", "opensuse-leap-micro", "opensuse-microos":
		return OpenSUSE
	}
	for _, e := range [...]Ecosystem{
		Debian, Ubuntu, Alpine, Wolfi, Chainguard, Alpaquita, CleanStart, Echo, Fedora, Mageia, MinimOS, OpenEuler, OpenSUSE, SUSE,
	} {
		if e.vendor() == namespace {
			return e
		}
	}
	return ""
}
