package purl_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/package-url/packageurl-go"

	"github.com/sightline-sec/sightline/internal/purl"
)

func TestNormalizeName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e          purl.Ecosystem
		name, want string
	}{
		{purl.PyPI, "Django", "django"},
		{purl.PyPI, "zope.interface", "zope-interface"},
		{purl.PyPI, "ruamel._-yaml__x", "ruamel-yaml-x"},
		{purl.PyPI, "-a-", "-a-"},
		{purl.PyPI, "requests", "requests"},
		{purl.NuGet, "Newtonsoft.Json", "newtonsoft.json"},
		{purl.Packagist, "Symfony/Console", "symfony/console"},
		{purl.NPM, "JSONStream", "JSONStream"},
		{purl.NPM, "@Babel/core", "@Babel/core"},
		{purl.Go, "github.com/BurntSushi/toml", "github.com/BurntSushi/toml"},
		{purl.Maven, "Org:Art", "Org:Art"},
		{purl.RubyGems, "RedCloth", "RedCloth"},
		{purl.Rocky, "NetworkManager", "NetworkManager"},
		{"Nobody", "A_b", "A_b"},
	} {
		got := purl.NormalizeName(c.e, c.name)
		if got != c.want {
			t.Errorf("NormalizeName(%s, %q) = %q, want %q", c.e, c.name, got, c.want)
		}
		if again := purl.NormalizeName(c.e, got); again != got {
			t.Errorf("NormalizeName(%s, %q) = %q: not normal yet", c.e, got, again)
		}
	}
}

func TestNamespace(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"Debian:12": "Debian:12", "debian:12": "Debian:12", " Debian:12 ": "Debian:12", "Debian": "Debian", "Debian:": "Debian", "Debian : 12": "Debian:12",
		"Ubuntu:22.04:LTS": "Ubuntu:22.04", "Ubuntu:22.04": "Ubuntu:22.04", "Ubuntu:23.10": "Ubuntu:23.10", "Ubuntu:22.04:lts": "Ubuntu:22.04",
		"Ubuntu:Pro:16.04:LTS": "Ubuntu:Pro:16.04", "Ubuntu:Pro:FIPS:18.04:LTS": "Ubuntu:Pro:FIPS:18.04", "Ubuntu:Pro:FIPS-updates:20.04:LTS": "Ubuntu:Pro:FIPS-updates:20.04",
		"Alpine:v3.18": "Alpine:v3.18", "Alpine:3.18": "Alpine:v3.18", "Alpine:edge": "Alpine:edge", "AlmaLinux:8": "AlmaLinux:8", "Rocky Linux:9": "Rocky Linux:9",
		"Red Hat:enterprise_linux:9::baseos": "Red Hat:9", "Red Hat:enterprise_linux:8::appstream": "Red Hat:8", "Red Hat:9": "Red Hat:9",
		"Red Hat:rhel_eus:9.2::baseos": "Red Hat:rhel_eus:9.2::baseos", "Red Hat:enterprise_linux:10.0": "Red Hat:enterprise_linux:10.0",
		"SUSE:Linux Enterprise Server 15 SP5": "SUSE:15.5", "SUSE:Linux Enterprise Server 15 SP4-LTSS": "SUSE:15.4", "SUSE:15.5": "SUSE:15.5",
		"SUSE:Linux Enterprise Module for Basesystem 15 SP6": "SUSE:15.6", "SUSE:Linux Enterprise Server for SAP Applications 12 SP5": "SUSE:12.5",
		"SUSE:Linux Enterprise High Performance Computing 15 SP3-ESPOS": "SUSE:15.3", "SUSE:Linux Enterprise Server 15": "SUSE:15",
		"SUSE:Linux Enterprise Micro 5.5": "SUSE:Linux Enterprise Micro 5.5", "SUSE:Manager Server 4.3": "SUSE:Manager Server 4.3",
		"SUSE:Linux Enterprise Live Patching 15 SP5":                 "SUSE:Linux Enterprise Live Patching 15 SP5",
		"SUSE:Linux Enterprise Server LTSS Extended Security 12 SP5": "SUSE:12.5",
		"openSUSE:Tumbleweed":                                        "openSUSE:Tumbleweed", "openSUSE:Leap Micro 5.5": "openSUSE:Leap Micro 5.5",
		"Azure Linux:3": "Azure Linux:3.0", "Azure Linux:3.0": "Azure Linux:3.0", "Photon OS:5.0": "Photon OS:5.0", "npm": "npm", "NPM": "npm", "Go": "Go", "crates.io": "crates.io",
		"Maven:https://maven.google.com": "Maven:https://maven.google.com", "Nobody:1": "Nobody:1", " x ": "x", "": "", "deb": "deb", "golang": "golang",
		"openSUSE:Leap 15.6": "openSUSE:15.6",
	} {
		got := purl.Namespace(s)
		if got != want {
			t.Errorf("Namespace(%q) = %q, want %q", s, got, want)
		}
		if again := purl.Namespace(got); again != got {
			t.Errorf("Namespace(%q) = %q: not normal yet", got, again)
		}
	}
}

func FuzzNamespace(f *testing.F) {
	f.Add("Ubuntu:Pro:16.04:LTS")
	f.Add(" alpine : 3.18")
	f.Add("Rocky Linux:9:LTS:LTS")
	f.Fuzz(func(t *testing.T, s string) {
		got := purl.Namespace(s)
		if again := purl.Namespace(got); again != got {
			t.Fatalf("%q became %q and then %q", s, got, again)
		}
		e, release := purl.Split(got)
		if whole := strings.TrimSuffix(string(e)+":"+release, ":"); whole != strings.TrimSuffix(got, ":") {
			t.Fatalf("%q splits into %q and %q", got, e, release)
		}
	})
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][2]string{
		"Debian:12": {"Debian", "12"}, "npm": {"npm", ""}, "Ubuntu:Pro:16.04": {"Ubuntu", "Pro:16.04"}, "": {"", ""},
		"Red Hat:enterprise_linux:9::baseos": {"Red Hat", "enterprise_linux:9::baseos"},
	} {
		e, release := purl.Split(s)
		if got := [2]string{string(e), release}; got != want {
			t.Errorf("Split(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestEcosystems(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]purl.Ecosystem{
		"debian": purl.Debian, "Rocky Linux": purl.Rocky, "ROCKY LINUX": purl.Rocky, "RED hat": purl.RedHat, "pypi": purl.PyPI, "npm": purl.NPM,
		"golang": purl.Go, "go": purl.Go, "gem": purl.RubyGems, "rubygems": purl.RubyGems, "cargo": purl.CratesIO, "crates.io": purl.CratesIO,
		"composer": purl.Packagist, "nuget": purl.NuGet, "maven": purl.Maven, "github actions": purl.GitHubActions, "oss-fuzz": purl.OSSFuzz,
		"photon os": purl.Photon, "Opensuse": purl.OpenSUSE, "OpenEuler": purl.OpenEuler, "docker hardened images": purl.DockerHardened,
		"deb": "", "rpm": "", "apk": "", "": "", "debian:12": "", "generic": "", "nobody": "",
	} {
		got, ok := purl.ParseEcosystem(name)
		if got != want || ok != (want != "") {
			t.Errorf("ParseEcosystem(%q) = %q, %t, want %q", name, got, ok, want)
		}
	}
	for e, os := range map[purl.Ecosystem]bool{
		purl.Debian: true, purl.Ubuntu: true, purl.Alpine: true, purl.Wolfi: true, purl.Chainguard: true, purl.AlmaLinux: true, purl.Rocky: true, purl.RedHat: true,
		purl.SUSE: true, purl.OpenSUSE: true, purl.AzureLinux: true, purl.Photon: true, purl.Mageia: true, purl.OpenEuler: true, purl.MinimOS: true, purl.Echo: true,
		purl.Alpaquita: true, purl.BellSoft: true, purl.CleanStart: true, purl.FreeBSD: true,
		purl.NPM: false, purl.Go: false, purl.GIT: false, purl.Linux: false, purl.Android: false, purl.Bitnami: false, purl.GitHubActions: false, "": false,
	} {
		if e.OS() != os {
			t.Errorf("%q.OS() = %t", e, e.OS())
		}
		if os && e != purl.FreeBSD && e.Type() == "generic" {
			t.Errorf("%q has no purl type", e)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]struct {
		parsed purl.Parsed
		e      purl.Ecosystem
		name   string
	}{
		"pkg:deb/debian/libstdc%2B%2B6@1:12.2%2Bdeb12u1?arch=amd64&distro=debian-12": {
			purl.Parsed{Type: "deb", Namespace: "debian", Name: "libstdc++6", Version: "1:12.2+deb12u1", Qualifiers: map[string]string{"arch": "amd64", "distro": "debian-12"}},
			purl.Debian, "libstdc++6",
		},
		"pkg:deb/ubuntu/bash@5.1-6ubuntu1": {purl.Parsed{Type: "deb", Namespace: "ubuntu", Name: "bash", Version: "5.1-6ubuntu1"}, purl.Ubuntu, "bash"},
		"pkg:deb/mx/bash@5":                {purl.Parsed{Type: "deb", Namespace: "mx", Name: "bash", Version: "5"}, "", "bash"},
		"pkg:apk/alpine/musl@1.2.4-r2":     {purl.Parsed{Type: "apk", Namespace: "alpine", Name: "musl", Version: "1.2.4-r2"}, purl.Alpine, "musl"},
		"pkg:apk/wolfi/musl":               {purl.Parsed{Type: "apk", Namespace: "wolfi", Name: "musl"}, purl.Wolfi, "musl"},
		"pkg:apk/chainguard/musl":          {purl.Parsed{Type: "apk", Namespace: "chainguard", Name: "musl"}, purl.Chainguard, "musl"},
		"pkg:rpm/almalinux/bash":           {purl.Parsed{Type: "rpm", Namespace: "almalinux", Name: "bash"}, purl.AlmaLinux, "bash"},
		"pkg:rpm/rocky/NetworkManager":     {purl.Parsed{Type: "rpm", Namespace: "rocky", Name: "NetworkManager"}, purl.Rocky, "NetworkManager"},
		"pkg:rpm/rocky-linux/bash":         {purl.Parsed{Type: "rpm", Namespace: "rocky-linux", Name: "bash"}, purl.Rocky, "bash"},
		"pkg:rpm/RedHat/bash":              {purl.Parsed{Type: "rpm", Namespace: "redhat", Name: "bash"}, purl.RedHat, "bash"},
		"pkg:rpm/debian/bash":              {purl.Parsed{Type: "rpm", Namespace: "debian", Name: "bash"}, "", "bash"},
		"pkg:npm/%40Babel/core@7.0.0":      {purl.Parsed{Type: "npm", Namespace: "@Babel", Name: "core", Version: "7.0.0"}, purl.NPM, "@Babel/core"},
		"pkg:npm/@babel/core@7.0.0":        {purl.Parsed{Type: "npm", Namespace: "@babel", Name: "core", Version: "7.0.0"}, purl.NPM, "@babel/core"},
		"pkg:pypi/Zope.Interface@5":        {purl.Parsed{Type: "pypi", Name: "zope.interface", Version: "5"}, purl.PyPI, "zope-interface"},
		"pkg:maven/org.apache/log4j@2?type=jar": {
			purl.Parsed{Type: "maven", Namespace: "org.apache", Name: "log4j", Version: "2", Qualifiers: map[string]string{"type": "jar"}}, purl.Maven, "org.apache:log4j",
		},
		"pkg:composer/Symfony/console": {purl.Parsed{Type: "composer", Namespace: "symfony", Name: "console"}, purl.Packagist, "symfony/console"},
		"pkg:nuget/Newtonsoft.Json":    {purl.Parsed{Type: "nuget", Name: "Newtonsoft.Json"}, purl.NuGet, "newtonsoft.json"},
		"pkg:gem/rails@6.1":            {purl.Parsed{Type: "gem", Name: "rails", Version: "6.1"}, purl.RubyGems, "rails"},
		"pkg:cargo/serde@1":            {purl.Parsed{Type: "cargo", Name: "serde", Version: "1"}, purl.CratesIO, "serde"},
		"pkg:golang/github.com/BurntSushi/toml@v1.0.0#cmd/X": {
			purl.Parsed{Type: "golang", Namespace: "github.com/BurntSushi", Name: "toml", Version: "v1.0.0", Subpath: "cmd/X"}, purl.Go, "github.com/BurntSushi/toml",
		},
		"PKG:GoLang/golang/GoLang@v1": {purl.Parsed{Type: "golang", Namespace: "golang", Name: "GoLang", Version: "v1"}, purl.Go, "golang/GoLang"},
		"pkg:golang/stdlib@1.21.3":    {purl.Parsed{Type: "golang", Name: "stdlib", Version: "1.21.3"}, purl.Go, "stdlib"},
		"pkg:github/actions/checkout": {purl.Parsed{Type: "github", Namespace: "actions", Name: "checkout"}, purl.GitHubActions, "actions/checkout"},
		"pkg:generic/openssl@3":       {purl.Parsed{Type: "generic", Name: "openssl", Version: "3"}, "", "openssl"},
		"pkg:debian/x":                {purl.Parsed{Type: "debian", Name: "x"}, "", "x"},
	} {
		got, err := purl.Parse(s)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want.parsed, got); diff != "" {
			t.Errorf("Parse(%s) (-want +got):\n%s", s, diff)
		}
		if e, name := got.Package(); e != want.e || name != want.name {
			t.Errorf("%s is package %q of %q, want %q of %q", s, name, e, want.name, want.e)
		}
	}
	for _, s := range []string{"", "x", "pkg:", "pkg:npm", "pkg:npm/", "pkg:npm/@1", "http://npm/a", "pkg:npm/a%zz", "pkg:n pm/a", strings.Repeat("pkg:", 1<<18)} {
		if p, err := purl.Parse(s); err == nil {
			t.Errorf("Parse(%.40q) = %+v", s, p)
		} else if len(err.Error()) > 1000 {
			t.Errorf("Parse(%.40q): the error has %d bytes", s, len(err.Error()))
		}
	}
}

// TestRoundTrip takes names through Make and Parse.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for e, name := range map[purl.Ecosystem]string{
		purl.NPM: "@babel/core", purl.Go: "github.com/a/b/v2", purl.Maven: "org.apache:log4j", purl.Packagist: "a/b", purl.PyPI: "zope-interface",
		purl.RubyGems: "RedCloth", purl.CratesIO: "serde", purl.NuGet: "newtonsoft.json", purl.Debian: "libstdc++6", purl.Ubuntu: "a", purl.Alpine: "a",
		purl.Wolfi: "a", purl.Chainguard: "a", purl.AlmaLinux: "A", purl.Rocky: "A", purl.RedHat: "A", purl.SUSE: "A", purl.OpenSUSE: "A", purl.AzureLinux: "A",
		purl.Photon: "A", purl.Mageia: "A", purl.OpenEuler: "A", purl.MinimOS: "a", purl.Echo: "a", purl.Alpaquita: "a", purl.BellSoft: "a", purl.CleanStart: "a",
		purl.Hex: "phoenix", purl.Pub: "http", purl.Hackage: "aeson", purl.CRAN: "A3", purl.Bioconductor: "limma", purl.ConanCenter: "zlib", purl.Bitnami: "wordpress",
		purl.SwiftURL: "github.com/apple/swift-nio", purl.GitHubActions: "actions/checkout", purl.VSCode: "redhat/java", purl.Opam: "dune",
	} {
		p, err := purl.Parse(purl.Make(e, "", name, "1.0", nil, ""))
		if err != nil {
			t.Error(err)
			continue
		}
		if gotE, gotName := p.Package(); gotE != e || gotName != name || p.Version != "1.0" {
			t.Errorf("%s %s came back as %s %s", e, name, gotE, gotName)
		}
	}
}

// FuzzParse checks what Parse promises beside packageurl-go: that it says the same but for the case of golang purls,
// and that a package's name is normal.
func FuzzParse(f *testing.F) {
	f.Add("pkg:golang/github.com/BurntSushi/toml@v1.0.0?a=b#cmd/X")
	f.Add("PKG://Golang//A%2Fb/C@1")
	f.Add("pkg:npm/%40Babel/core@7.0.0")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := purl.Parse(s)
		want, wantErr := packageurl.FromString(strings.TrimSpace(s))
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("Parse(%q): %v; packageurl-go: %v", s, err, wantErr)
		}
		if err != nil {
			return
		}
		if p.Type == "golang" {
			if strings.ToLower(p.Namespace) != want.Namespace || strings.ToLower(p.Name) != want.Name {
				t.Fatalf("%q: %q %q, want %q %q", s, p.Namespace, p.Name, want.Namespace, want.Name)
			}
		} else if p.Namespace != want.Namespace || p.Name != want.Name {
			t.Fatalf("%q: %q %q, want %q %q", s, p.Namespace, p.Name, want.Namespace, want.Name)
		}
		if p.Version != want.Version || p.Subpath != want.Subpath || len(p.Qualifiers) != len(want.Qualifiers) {
			t.Fatalf("%q: %+v, want %+v", s, p, want)
		}
		if e, name := p.Package(); purl.NormalizeName(e, name) != name {
			t.Fatalf("%q: the name %q of %s is not normal", s, name, e)
		}
	})
}
