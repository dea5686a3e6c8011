package ospkg_test

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

func TestApkInstalled(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/apk-installed")
	if err != nil {
		t.Fatal(err)
	}
	facts := run(t, ospkg.Apk{}, "lib/apk/db/installed", string(text))
	pkg := func(name, version, arch, source string, licenses ...string) inventory.Package {
		return inventory.Package{
			Name: name, Version: version, Arch: arch, Ecosystem: purl.Alpine, Licenses: licenses,
			Source: &inventory.Source{Name: source, Version: version},
		}
	}
	want := []inventory.Package{
		pkg("alpine-baselayout", "3.4.3-r1", "x86_64", "alpine-baselayout", "GPL-2.0-only"),
		pkg("musl", "1.2.4-r2", "x86_64", "musl", "MIT"),
		pkg("ssl_client", "1.36.1-r5", "x86_64", "busybox", "GPL-2.0-only"),
		pkg("libcrypto3", "3.1.4-r5", "x86_64", "openssl", "Apache-2.0"),
		pkg("zstd-libs", "1.5.5-r4", "x86_64", "zstd", "BSD-3-Clause OR GPL-2.0-or-later"),
		pkg(".build-deps", "20240101.120000", "noarch", ".build-deps"),
	}
	if d := cmp.Diff(want, facts.Packages); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	owned := []extract.Owned{
		{Package: "alpine-baselayout", Paths: []string{"dev/null-is-not-here", "etc/crontabs/root", "etc/profile.d/README"}},
		{Package: "musl", Paths: []string{"lib/ld-musl-x86_64.so.1", "lib/libc.musl-x86_64.so.1"}},
		{Package: "ssl_client", Paths: []string{"usr/bin/ssl_client"}},
		{Package: "libcrypto3", Paths: []string{"rootfile", "lib/libcrypto.so.3", "usr/lib/libcrypto.so.3"}},
		{Package: "zstd-libs", Paths: []string{"usr/lib/libzstd.so.1"}},
	}
	if d := cmp.Diff(owned, facts.Owned); d != "" {
		t.Errorf("owned (-want +got):\n%s", d)
	}
	if len(facts.Incomplete) > 0 {
		t.Errorf("reports of a sound database: %v", facts.Incomplete)
	}
}

func TestApkBrokenPackages(t *testing.T) {
	t.Parallel()
	const text = "\n\nV:1\n\nP:noversion\n\nP:a b\nV:1\n\nP:files-first\nR:lost\nV:1\nF:../../etc\nR:passwd\n\nnonsense\nP:crlf\r\nV:2\r\n\r\nP:last\nV:3"
	facts := run(t, ospkg.Apk{}, "lib/apk/db/installed", text)
	var got, details []string
	for _, p := range facts.Packages {
		got = append(got, p.Name+" "+p.Version)
	}
	for _, i := range facts.Incomplete {
		details = append(details, i.Detail)
	}
	if d := cmp.Diff([]string{"files-first 1", "crlf 2", "last 3"}, got); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{
		"line 3: a package without a name, or with one that apk does not allow (2 times)",
		"line 5: a package without a version, or with one that apk does not allow",
		"line 11: a file before any directory",
		"line 16: a line that is not a letter, a colon and a value",
	}, details); d != "" {
		t.Errorf("reports (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]extract.Owned{{Package: "files-first", Paths: []string{"etc/passwd"}}}, facts.Owned); d != "" {
		t.Errorf("owned (-want +got):\n%s", d)
	}
}

func apkDatabase(packages, files int) string {
	var b strings.Builder
	for i := range packages {
		fmt.Fprintf(&b, "C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=\nP:example-%d\nV:1.%d.3-r%d\nA:x86_64\nS:383304\nI:622592\n", i, i%50, i%9)
		fmt.Fprintf(&b, "T:an example of a package\nU:https://example.org/\nL:MIT\no:example-%d\nm:A <a@example.org>\nt:1700000000\n", i/2)
		b.WriteString("c:f3c7d3b7e0f9b7a1f3c7d3b7e0f9b7a1f3c7d3b7\nD:so:libc.musl-x86_64.so.1\np:so:libexample.so=1\n")
		for j := range files {
			if j%10 == 0 {
				fmt.Fprintf(&b, "F:usr/lib/example-%d/part%d\n", i, j/10)
			}
			fmt.Fprintf(&b, "R:libexample-%d.so\na:0:0:755\nZ:Q1h1zSD8aB4rA6mXgrPLhRn9WFyHA=\n", j)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func BenchmarkApk(b *testing.B) {
	text := []byte(apkDatabase(1000, 30))
	f := extract.NewFile("lib/apk/db/installed", text, 0o644)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var facts extract.Facts
		if err := (ospkg.Apk{}).Extract(b.Context(), f, &facts); err != nil || len(facts.Packages) != 1000 {
			b.Fatal(err, len(facts.Packages))
		}
	}
}

// FuzzApk holds the reader to the same promises as FuzzDpkg, files included.
func FuzzApk(f *testing.F) {
	f.Add(apkDatabase(2, 11))
	f.Add("P:a\nV:1\nF:\nR:x\nF:b\nR:y\nL:MIT\no:c\n\nP:.v\nV:0")
	f.Add("P:a\r\nV:1\r\nA:\r\n\r\nF:x\nR:y\n\x00\x00\x00")
	f.Fuzz(func(t *testing.T, text string) {
		facts := run(t, ospkg.Apk{}, "lib/apk/db/installed", text)
		owned := facts.Owned
		var again strings.Builder
		for _, p := range facts.Packages {
			if p.Name == "" || p.Version == "" || !strings.Contains(text, "P:"+p.Name) || !strings.Contains(text, "V:"+p.Version) {
				t.Fatalf("package that the file does not have: %+v", p)
			}
			fmt.Fprintf(&again, "P:%s\nV:%s\nA:%s\no:%s\n", p.Name, p.Version, p.Arch, p.Source.Name)
			for _, l := range p.Licenses {
				fmt.Fprintf(&again, "L:%s\n", l)
			}
			if len(owned) > 0 && owned[0].Package == p.Name {
				for _, file := range owned[0].Paths {
					if file == "" || file != path.Clean("/" + file)[1:] {
						t.Fatalf("%q is not clean", file)
					}
					dir, base := path.Split(file)
					if base == "\r" || strings.HasSuffix(base, "\r") || strings.HasSuffix(dir, "\r/") {
						return // a lone carriage return is taken for part of a line's end
					}
					fmt.Fprintf(&again, "F:%s\nR:%s\n", strings.TrimSuffix(dir, "/"), base)
				}
				owned = owned[1:]
			}
			again.WriteString("\n")
		}
		second := run(t, ospkg.Apk{}, "lib/apk/db/installed", again.String())
		if d := cmp.Diff(facts.Packages, second.Packages); d != "" {
			t.Fatalf("packages, written and read again (-first +second):\n%s", d)
		}
		withFiles := slices.DeleteFunc(facts.Owned, func(o extract.Owned) bool { return len(o.Paths) == 0 })
		if d := cmp.Diff(withFiles, second.Owned); d != "" && len(withFiles)+len(second.Owned) > 0 {
			t.Fatalf("files, written and read again (-first +second):\n%s", d)
		}
	})
}
