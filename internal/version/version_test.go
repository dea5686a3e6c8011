package version_test

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
)

// TestOrder lists versions of each ecosystem from the oldest to the newest. Versions on one line are the same.
func TestOrder(t *testing.T) {
	t.Parallel()
	for e, lines := range map[purl.Ecosystem][]string{
		purl.Upstream: {
			"0.9.8z", "0.9.8za", "0.9.8zh", "1.0.2-beta1 1.0.2beta1", "1.0.2 1.0.2.0 v1.0.2", "1.0.2a", "1.0.2k", "1.0.2k-fips", "1.0.2l", "1.0.2za", "1.1.0",
			"1.8.0_352 8u352", "1.8.0_392 8u392 1.8.0_392+8", "1.9", "1.10", "3.13.0-dev", "3.13.0-ea", "3.13.0a1 3.13.0-alpha1 3.13a1", "3.13.0a2", "3.13.0b1",
			"3.13.0b10 3.13.0.beta.10", "3.13.0.M1 3.13.0-milestone1", "3.13.0rc1 3.13.0c1 3.13.0.CR1", "3.13.0rc2", "3.13.0 3.13", "3.13.0p1 3.13.0-patch1", "3.13.0p2", "3.13.1",
			"7.4.3", "7.4.3p1", "7.4.4", "17.0.9 17.0.9+9 17.0.9+11", "17.0.10+7", "20260101",
		},
		purl.Debian: {
			"0~~", "0~", "0 00 0:0 0-0", "1.0~rc1-1", "1.0", "1.0-1~deb12u1", "1.0-1", "1.0-1ubuntu0.1", "1.0-1+b1", "1.0a", "1.0+dfsg-1",
			"1.0.1", "1.9", "1.10", "2.0-1-1", "1:0.1", "1:1.0", "2:0",
		},
		purl.Rocky: {
			"1.0~rc1-1", "1.0-1 1_0-1 0:1.0-1", "1.0-1.el8", "1.0-1.el8_6", "1.0-1.el9", "1.0-2", "1.0^git1-1", "1.0a-1", "1.0.1-1", "1.10-1 1.010-1",
			"1:0.5-1", "2:0-1",
		},
		purl.Alpine: {
			"0.12-r1", "0.12.1", "1.0_alpha", "1.0_alpha2", "1.0_beta", "1.0_pre1", "1.0_rc1", "1.0", "1.0-r0", "1.0-r1", "1.0-r10",
			"1.0_cvs", "1.0_git20240101", "1.0_p1", "1.0_p10", "1.0a", "1.0b", "1.0b1", "1.0.01", "1.0.1", "1.05", "1.1", "1.9", "1.10", "02", "3",
		},
		purl.NPM: {
			"0.0.1", "1.0.0-0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
			"1.0.0 v1.0.0 =1.0.0 1.0.0+build 1.0 1", "1.0.1", "1.0.9", "1.0.10", "99999999999999999999.0.0",
		},
		purl.Go: {
			"v0.0.0-20190101000000-000000000000", "v0.0.0-20200101000000-000000000000", "0.0.1", "v1.2.3-0.20200101000000-abcdefabcdef", "1.2.3-beta",
			"v1.2.3 1.2.3 v1.2.3+incompatible", "v1.2.4-0.20200101000000-abcdefabcdef", "go1.20", "1.21.0-0", "go1.21rc2 1.21.0-rc.2 1.21rc2", "go1.21rc10",
			"go1.21.0 1.21.0 go1.21 1.21", "go1.21.3 go1.21.3-vendor 1.21.3", "1.22rc1", "1.22.0",
		},
		purl.NuGet: {
			"1.0.0-Alpha 1.0.0-alpha", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0-beta", "1.0.0 1.0 1.0.0.0 1.0.0+abc", "1.0.0.1", "1.0.1",
		},
		purl.PyPI: {
			"1.0.dev1", "1.0a1.dev1", "1.0a1 1.0alpha1 1.0-a-1 1.0.0A1", "1.0a1.post1", "1.0b2", "1.0rc1 1.0c1 1.0pre1", "1.0 1 v1.0 1.0.0", "1.0+abc", "1.0+abc.1",
			"1.0+1", "1.0.post1.dev1", "1.0.post1 1.0-1 1.0rev1", "1.1", "2024.10.1", "1!0.1",
		},
		purl.Maven: {
			"1.0-alpha-1 1.0alpha1 1.0-a1", "1.0-beta", "1.0-milestone-3 1.0.0.M3", "1.0-rc1 1.0-cr1 1.0.RC1", "1.0-SNAPSHOT", "1.0 1 1.0.0 1.0.Final 1.0-ga 1.0.RELEASE", "1.0-sp",
			"1.0-foo", "1.0-1", "1.0.1", "1.9", "1.10", "31.0-android", "31.1-android",
		},
		purl.RubyGems: {
			"1.0.a", "1.0.b1", "1.0.b10", "1.0.0-1 1.0.0.pre.1", "1.0.rc1", "1.0 1 1.0.0", "1.0.1", "1.10", "2.0.0.rc2", "2.0.0",
		},
		purl.Packagist: {
			"1.0-dev", "1.0-alpha1 1.0.0a1", "1.0-beta2", "1.0-RC1 1.0.0.0rc1", "1.0 v1.0.0 1.0.0.0 1.0-stable 1.0.0+build", "1.0-patch1 1.0pl1", "1.0.0.1", "1.0.1", "2.x-dev", "2010.01.02", "20100103",
		},
		purl.CRAN:    {"0.9", "1.0 1-0", "1.0.0", "1.0-1", "1.10"},
		purl.Hackage: {"0.9", "1", "1.0", "1.0.0", "1.10"},
		purl.Pub:     {"1.0.0-a", "1.0.0", "1.0.0+1", "1.0.0+1.1", "1.0.0+2", "1.0.0+10", "1.0.1"},
	} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			for i, line := range lines {
				for a := range strings.FieldsSeq(line) {
					for j, other := range lines {
						for b := range strings.FieldsSeq(other) {
							got, err := version.Compare(e, a, b)
							if want := cmp.Compare(i, j); err != nil || got != want {
								t.Errorf("Compare(%q, %q) = %d, %v, want %d", a, b, got, err, want)
							}
						}
					}
				}
			}
		})
	}
}

func TestUnordered(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("1", 1<<20)
	for e, versions := range map[purl.Ecosystem][]string{
		purl.Debian:      {"", " ", "1.0 1", "a:1", "1:", "1-", "99999999999:1", long},
		purl.RedHat:      {"", "1 2", "99999999999:1", long},
		purl.Alpine:      {"", "a", ".1", "1 2", "1;", long},
		purl.NPM:         {"", "latest", "git+https://github.com/a/b", "1.x", "1.0.0 || 2", "1.0.0-a..b", "1.0.0+", long},
		purl.Go:          {"", "(devel)", "devel go1.23-abc", "master", "go", long},
		purl.PyPI:        {"", "trunk", "1.0-foo", "1.0+", "1.0+a_", "1..0", long},
		purl.Maven:       {"", "${project.version}", "[1.0,2.0)", long},
		purl.RubyGems:    {"", "a", "1..0", "1.0-", "1.0 2", long},
		purl.Packagist:   {"", "dev-main", "master", "2.x", "1.0 as 2.0", "^1.0", long},
		purl.CRAN:        {"", "1.a", "1.", long},
		purl.Upstream:    {"", "master", "R16", "1.*", "1.0 beta", "+1", "v", long},
		purl.Android:     {"12", long},
		"":               {"1.0"},
		"Nobody's Linux": {"1.0"},
		purl.GIT:         {"0123456789abcdef"},
		purl.NuGet:       {"", "a", long},
		purl.Pub:         {"", "any", long},
		purl.Hackage:     {"", "1-1", long},
		"Nobody's:1.0":   {"1.0"},
		purl.FreeBSD:     {"1.0"},
		purl.OSSFuzz:     {"1.0"},
		purl.Opam:        {"1.0"},
		"Debian:12":      {"1 1"},
		version.SemVer:   {"a"},
	} {
		for _, v := range versions {
			_, err := version.Parse(e, v)
			if !errors.Is(err, version.ErrUnordered) {
				t.Errorf("Parse(%s, %.40q): %v, want ErrUnordered", e, v, err)
				continue
			}
			if msg := err.Error(); !strings.Contains(msg, string(e)) || len(msg) > 300 {
				t.Errorf("Parse(%s, %.40q): %q does not name the ecosystem, or is too long", e, v, msg)
			}
		}
	}
}

func TestForName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]purl.Ecosystem{
		"debian": purl.Debian, "Debian:12": purl.Debian, "ALPINE:v3.18": purl.Alpine, "rocky linux": purl.Rocky, "rpm": version.RPM, "deb": version.Deb,
		"dpkg": version.Deb, "APK": version.APK, "semver": version.SemVer, "npm": purl.NPM, "golang": purl.Go, "go": purl.Go, "cargo": purl.CratesIO,
		"crates.io": purl.CratesIO, "gem": purl.RubyGems, "Red Hat:enterprise_linux:9::baseos": purl.RedHat, " pypi ": purl.PyPI,
		"": "", "nobody": "", "GIT": "", "android": "", "freebsd": "",
	} {
		got, ok := version.ForName(name)
		if got != want || ok != (want != "") {
			t.Errorf("ForName(%q) = %q, %t, want %q", name, got, ok, want)
		}
		if ok {
			if _, err := version.Compare(got, "1.0.0", "1.0.1"); err != nil {
				t.Errorf("the order of %q does not work: %v", name, err)
			}
		}
	}
}

func TestVersionKeepsItsText(t *testing.T) {
	t.Parallel()
	v, err := version.Parse(purl.PyPI, " v1.0-Alpha1 ")
	if err != nil || v.String() != "v1.0-Alpha1" {
		t.Errorf("got %q, %v", v, err)
	}
	var zero version.Version
	if zero.Compare(v) >= 0 || v.Compare(zero) <= 0 || zero.Compare(zero) != 0 {
		t.Error("the zero value is not before a version")
	}
}

func ordered() []purl.Ecosystem {
	return []purl.Ecosystem{
		purl.Debian, purl.Rocky, purl.Alpine, purl.NPM, purl.Go, purl.NuGet, purl.PyPI, purl.Maven, purl.RubyGems, purl.Packagist,
		purl.CRAN, purl.Hackage, purl.Pub, purl.Upstream,
	}
}

// checkOrder checks that three versions have an order: that there and back agree, and that it is transitive.
func checkOrder(t *testing.T, e purl.Ecosystem, a, b, c version.Version) {
	t.Helper()
	ab, bc, ac := a.Compare(b), b.Compare(c), a.Compare(c)
	if a.Compare(a) != 0 || ab != -b.Compare(a) || ac != -c.Compare(a) {
		t.Fatalf("%s: %q and %q or %q: there and back differ", e, a, b, c)
	}
	if ab <= 0 && bc <= 0 && (ac > 0 || ac == 0 && (ab < 0 || bc < 0)) {
		t.Fatalf("%s: %q ? %q is %d, %q ? %q is %d, but %q ? %q is %d", e, a, b, ab, b, c, bc, a, c, ac)
	}
}

// TestTotalOrder draws triples from the feeds' versions and their mutants.
func TestTotalOrder(t *testing.T) {
	t.Parallel()
	for _, e := range ordered() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			feed := e
			switch e {
			case purl.CRAN, purl.Hackage, purl.Pub, purl.Upstream: // no feed of their own
				feed = purl.NPM
			}
			texts := feedVersions(t, feed, 300)
			r := rand.New(rand.NewPCG(3, 4))
			var all []version.Version
			for len(all) < 400 {
				text := texts[r.IntN(len(texts))]
				if r.IntN(3) > 0 {
					text = mutate(r, text)
				}
				if v, err := version.Parse(e, text); err == nil && sane(e, text) {
					all = append(all, v)
				}
			}
			slices.SortFunc(all, version.Version.Compare)
			for i := range all {
				for j := i + 1; j < len(all); j++ {
					if all[i].Compare(all[j]) > 0 {
						t.Fatalf("%q is before %q when sorted, but after it when compared", all[i], all[j])
					}
				}
			}
			for range 200_000 {
				i := r.IntN(len(all))
				j, k := min(len(all)-1, i+r.IntN(8)), min(len(all)-1, i+r.IntN(8))
				checkOrder(t, e, all[i], all[j], all[k])
			}
		})
	}
}

// sane says whether the version is one whose order is transitive. Maven's own is not where a word or nothing stands
// for a number: sp < -alpha < 0 < sp, and 1 < 1.p < 1.0rc1 < 1 (its ComparableVersion of 3.8.7 says the same).
func sane(e purl.Ecosystem, s string) bool {
	s = strings.TrimSpace(s)
	if e != purl.Maven {
		return true
	}
	for i := range s {
		if s[i] == '.' && (i+1 == len(s) || s[i+1] < '0' || s[i+1] > '9') {
			return false
		}
	}
	return s != "" && '0' <= s[0] && s[0] <= '9' && !strings.Contains(s, "--")
}

func FuzzCompare(f *testing.F) {
	for i := range ordered() {
		f.Add(uint8(i), "1.0-1", "1.0~rc1", "1:2.0.0-alpha.1")
		f.Add(uint8(i), "1.0.0.RC1", "1.0.0-1.x", "v2!1.0rc1.post2+local")
		f.Add(uint8(i), "1.0_alpha2-r1", "go1.21rc2", "1.0-beta1.dev")
	}
	f.Fuzz(func(t *testing.T, which uint8, a, b, c string) {
		all := ordered()
		e := all[int(which)%len(all)]
		var parsed [3]version.Version
		for i, s := range []string{a, b, c} {
			v, err := version.Parse(e, s)
			if err != nil {
				if !errors.Is(err, version.ErrUnordered) || len(err.Error()) > 4*512+200 {
					t.Fatalf("%v", err)
				}
				return
			}
			if v.String() != strings.TrimSpace(s) {
				t.Fatalf("%q became %q", s, v)
			}
			parsed[i] = v
		}
		if parsed[0].Compare(parsed[1]) != -parsed[1].Compare(parsed[0]) {
			t.Fatalf("%s: %q and %q: there and back differ", e, a, b)
		}
		if !sane(e, a) || !sane(e, b) || !sane(e, c) {
			return
		}
		checkOrder(t, e, parsed[0], parsed[1], parsed[2])
		checkOrder(t, e, parsed[1], parsed[2], parsed[0])
		checkOrder(t, e, parsed[2], parsed[0], parsed[1])
	})
}

// benchmarkPairs are neighbours as they meet in a scan: the installed version and the one that has the fix.
func benchmarkPairs() map[purl.Ecosystem][2]string {
	return map[purl.Ecosystem][2]string{
		purl.Debian:    {"1:2.36-9+deb12u4", "1:2.36-9+deb12u10"},
		purl.Rocky:     {"0:4.18.0-477.27.1.el8_8", "0:4.18.0-513.5.1.el8_9"},
		purl.Alpine:    {"3.1.4_git20240101-r5", "3.1.4_git20240301-r1"},
		purl.NPM:       {"4.17.20", "4.17.21"},
		purl.Go:        {"v0.0.0-20220722155217-630584e8d5aa", "v0.17.0"},
		purl.NuGet:     {"12.0.3-beta2", "13.0.1"},
		purl.PyPI:      {"2.31.0rc1", "2.31.0.post1"},
		purl.Maven:     {"2.14.1.Final", "2.15.0-rc1"},
		purl.RubyGems:  {"6.1.7.rc1", "6.1.7.6"},
		purl.Packagist: {"5.4.20-BETA1", "5.4.21"},
		purl.Upstream:  {"1.0.2k", "1.0.2za"},
	}
}

func BenchmarkParse(b *testing.B) {
	for e, p := range benchmarkPairs() {
		b.Run(string(e), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := version.Parse(e, p[0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompare(b *testing.B) {
	for e, p := range benchmarkPairs() {
		b.Run(string(e), func(b *testing.B) {
			v, err := version.Parse(e, p[0])
			if err != nil {
				b.Fatal(err)
			}
			o, err := version.Parse(e, p[1])
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if v.Compare(o) == 0 {
					b.Fatal("the same")
				}
			}
		})
	}
}
