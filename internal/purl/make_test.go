package purl_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/package-url/packageurl-go"

	"github.com/sightline-sec/sightline/internal/purl"
)

func TestMake(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e                        purl.Ecosystem
		namespace, name, version string
		quals                    []purl.Qualifier
		subpath                  string
		want                     string
	}{
		{e: purl.NPM, name: "lodash", version: "4.17.21", want: "pkg:npm/lodash@4.17.21"},
		{e: purl.NPM, name: "@babel/core", version: "7.0.0-beta.1", want: "pkg:npm/%40babel/core@7.0.0-beta.1"},
		{e: purl.NPM, name: "JSONStream", want: "pkg:npm/JSONStream"},
		{e: purl.Go, name: "github.com/BurntSushi/toml", version: "v1.0.0+incompatible", want: "pkg:golang/github.com/burntsushi/toml@v1.0.0%2Bincompatible"},
		{e: purl.Go, name: "github.com/a/b/v2", version: "v2.0.0", subpath: "/cmd//x/", want: "pkg:golang/github.com/a/b/v2@v2.0.0#cmd/x"},
		{e: purl.Go, name: "stdlib", version: "1.21.3", want: "pkg:golang/stdlib@1.21.3"},
		{e: purl.Maven, name: "org.apache.logging.log4j:log4j-core", version: "2.14.1", want: "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"},
		{
			e: purl.Maven, name: "g:a", version: "1", quals: []purl.Qualifier{{Key: "type", Value: "zip"}, {Key: "Classifier", Value: "a b"}, {Key: "x", Value: ""}, {Key: "0", Value: "y"}},
			want: "pkg:maven/g/a@1?classifier=a%20b&type=zip",
		},
		{e: purl.PyPI, name: "Zope.Interface_x", version: "5.4", want: "pkg:pypi/zope.interface-x@5.4"},
		{e: purl.Packagist, name: "Symfony/HTTP-Kernel", version: "v5.4", want: "pkg:composer/symfony/http-kernel@v5.4"},
		{e: purl.RubyGems, name: "rails", version: "6.1", want: "pkg:gem/rails@6.1"},
		{e: purl.CratesIO, name: "serde", version: "1.0.0", want: "pkg:cargo/serde@1.0.0"},
		{e: purl.NuGet, name: "Newtonsoft.Json", version: "13.0.1", want: "pkg:nuget/Newtonsoft.Json@13.0.1"},
		{
			e: purl.Debian, name: "libstdc++6", version: "1:12.2.0-14+deb12u1~x", quals: []purl.Qualifier{{Key: "distro", Value: "debian-12"}, {Key: "arch", Value: "amd64"}},
			want: "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14%2Bdeb12u1~x?arch=amd64&distro=debian-12",
		},
		{e: purl.Ubuntu, name: "bash", want: "pkg:deb/ubuntu/bash"},
		{e: purl.Alpine, name: "musl", version: "1.2.4-r2", want: "pkg:apk/alpine/musl@1.2.4-r2"},
		{e: purl.Rocky, name: "NetworkManager", version: "1.40-1.el9", want: "pkg:rpm/rocky/NetworkManager@1.40-1.el9"},
		{e: purl.RedHat, namespace: "Fedora", name: "bash", want: "pkg:rpm/fedora/bash"},
		{e: purl.GitHubActions, name: "Actions/Checkout", version: "v4", want: "pkg:github/actions/checkout@v4"},
		{e: "Nobody", name: "a/b", version: "1", want: "pkg:generic/a%2Fb@1"},
		{e: purl.NPM, name: "", version: "1", want: ""},
		{e: purl.Go, name: "///", want: ""},
		{e: purl.Maven, name: "g:", want: ""},
	} {
		if got := purl.Make(c.e, c.namespace, c.name, c.version, c.quals, c.subpath); got != c.want {
			t.Errorf("Make(%s, %q) = %s, want %s", c.e, c.name, got, c.want)
		}
	}
}

func TestMakeManyQualifiers(t *testing.T) {
	t.Parallel()
	var quals []purl.Qualifier
	for i := range 26 {
		quals = append(quals, purl.Qualifier{Key: string(rune('z' - i)), Value: "1"}, purl.Qualifier{Key: string(rune('Z' - i)), Value: "2"})
	}
	got := purl.Make(purl.NPM, "", "a", "", quals, "")
	if !strings.HasPrefix(got, "pkg:npm/a?a=1&b=1&") || !strings.HasSuffix(got, "&y=1&z=1") || strings.Count(got, "=") != 26 {
		t.Errorf("got %s", got)
	}
}

func TestAllocations(t *testing.T) { // not parallel: it counts
	if n := testing.AllocsPerRun(100, func() { _ = purl.Namespace("Ubuntu:22.04:LTS") }); n > 0 {
		t.Errorf("Namespace allocates %.0f times", n)
	}
	quals := []purl.Qualifier{{Key: "distro", Value: "debian-12"}, {Key: "arch", Value: "amd64"}}
	for name, f := range map[string]func() string{
		"deb": func() string { return purl.Make(purl.Debian, "", "libc6", "2.36-9+deb12u4", quals, "") },
		"npm": func() string { return purl.Make(purl.NPM, "", "@babel/core", "7.0.0", nil, "") },
		"go":  func() string { return purl.Make(purl.Go, "", "golang.org/x/net", "v0.17.0", nil, "") },
	} {
		if n := testing.AllocsPerRun(100, func() { _ = f() }); n > 1 {
			t.Errorf("%s: %.0f allocations, want 1", name, n)
		}
	}
}

// FuzzMake takes packageurl-go as the oracle: it must read what Make writes, as the same parts, and write it the same.
func FuzzMake(f *testing.F) {
	f.Add(uint8(0), "", "libstdc++6", "1:2.3+b~1", "arch", "amd64", "")
	f.Add(uint8(1), "", "@babel/core", "1.0.0", "", "", "a/../b")
	f.Add(uint8(2), "", "github.com/A/b%2f/v2", "v1+incompatible", "vcs_url", "git+https://a?b#c", "/x y//")
	f.Add(uint8(3), "", "org.apache:a:b", "1@2", "type", "jar", "")
	f.Add(uint8(4), "a//b", "É_x", "\xff", "k", "\x00", "%")
	f.Fuzz(func(t *testing.T, which uint8, namespace, name, version, key, value, subpath string) {
		all := []purl.Ecosystem{
			purl.Debian, purl.NPM, purl.Go, purl.Maven, purl.PyPI, purl.Rocky, purl.Alpine, purl.Packagist, purl.NuGet, purl.CratesIO,
			purl.RubyGems, purl.GitHubActions, purl.Hex, "generic",
		}
		e := all[int(which)%len(all)]
		got := purl.Make(e, namespace, name, version, []purl.Qualifier{{Key: key, Value: value}}, subpath)
		if got == "" {
			if name != "" && namespace != "" {
				t.Fatalf("no purl for %q", name)
			}
			return
		}
		u, err := packageurl.FromString(got)
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if again := u.ToString(); again != got {
			t.Fatalf("Make wrote %q, packageurl-go writes %q", got, again)
		}
		if u.Type != e.Type() || u.Version != version {
			t.Fatalf("%q has type %q and version %q", got, u.Type, u.Version)
		}
		if namespace != "" && e == purl.NuGet && utf8.ValidString(name) && u.Name != name {
			t.Fatalf("%q has name %q, want %q", got, u.Name, name)
		}
		if v, ok := u.Qualifiers.Map()[strings.ToLower(key)]; ok && v != value {
			t.Fatalf("%q has qualifier %q, want %q", got, v, value)
		}
		p, err := purl.Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		// What the parser says goes through Make unchanged.
		if e.Type() != "generic" {
			var quals []purl.Qualifier
			for k, v := range p.Qualifiers {
				quals = append(quals, purl.Qualifier{Key: k, Value: v})
			}
			if p.Namespace != "" {
				if again := purl.Make(e, p.Namespace, p.Name, p.Version, quals, p.Subpath); again != got {
					t.Fatalf("%q became %q", got, again)
				}
			}
		}
	})
}

func TestOracleAgrees(t *testing.T) {
	t.Parallel()
	// The same parts, written by packageurl-go.
	for _, c := range [][4]string{
		{"deb", "debian", "g++-12", "12.2.0-14+deb12u1"},
		{"npm", "@angular", "core", "17.0.0"},
		{"golang", "google.golang.org", "grpc", "v1.2.3"},
		{"maven", "com.fasterxml.jackson.core", "jackson-databind", "2.13.0"},
		{"apk", "alpine", "so:libc.musl-x86_64.so.1", "1"},
	} {
		want := packageurl.NewPackageURL(c[0], c[1], c[2], c[3], packageurl.Qualifiers{{Key: "a", Value: "b c:d/e"}}, "x/y").ToString()
		e := map[string]purl.Ecosystem{"deb": purl.Debian, "npm": purl.NPM, "golang": purl.Go, "maven": purl.Maven, "apk": purl.Alpine}[c[0]]
		got := purl.Make(e, c[1], c[2], c[3], []purl.Qualifier{{Key: "a", Value: "b c:d/e"}}, "x/y")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func BenchmarkMake(b *testing.B) {
	quals := []purl.Qualifier{{Key: "arch", Value: "amd64"}, {Key: "distro", Value: "debian-12"}, {Key: "upstream", Value: "glibc"}}
	b.Run("deb", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = purl.Make(purl.Debian, "", "libc6", "2.36-9+deb12u4", quals, "")
		}
	})
	b.Run("npm", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = purl.Make(purl.NPM, "", "@babel/core", "7.23.0", nil, "")
		}
	})
	b.Run("packageurl-go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			u := packageurl.NewPackageURL("deb", "debian", "libc6", "2.36-9+deb12u4",
				packageurl.Qualifiers{{Key: "arch", Value: "amd64"}, {Key: "distro", Value: "debian-12"}, {Key: "upstream", Value: "glibc"}}, "")
			if err := u.Normalize(); err != nil {
				b.Fatal(err)
			}
			_ = u.ToString()
		}
	})
}
