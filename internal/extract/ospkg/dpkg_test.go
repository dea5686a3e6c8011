package ospkg_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
	"github.com/sightline-sec/sightline/internal/extract/realroot"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// run gives the facts of one file.
func run(t testing.TB, x extract.Extractor, path, content string) extract.Facts {
	t.Helper()
	var facts extract.Facts
	if err := x.Extract(t.Context(), extract.NewFile(path, []byte(content), 0o644), &facts); err != nil {
		t.Fatalf("%s of %s: %v", x.Name(), path, err)
	}
	return facts
}

// lines shows packages as dpkg-query does in dpkgQuery, without the state.
func lines(packages []inventory.Package) []string {
	list := make([]string, 0, len(packages))
	for _, p := range packages {
		list = append(list, strings.Join([]string{p.Name, p.Version, p.Arch, p.Source.Name, p.Source.Version}, "\t"))
	}
	slices.Sort(list)
	return list
}

// dpkgQuery lists the packages of a dpkg database whose files are on the disk, as dpkg's own tool says.
func dpkgQuery(t *testing.T, admindir string) []string {
	t.Helper()
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		t.Skip("dpkg-query is not installed")
	}
	out, err := exec.CommandContext(t.Context(), "dpkg-query", "--admindir="+admindir, "-W", "-f",
		`${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${db:Status-Abbrev}\n`).Output()
	if err != nil {
		var said []byte
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			said = exit.Stderr
		}
		t.Fatalf("dpkg-query: %v: %s", err, said)
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		i := strings.LastIndexByte(line, '\t')
		if state := line[i+2]; state != 'n' && state != 'c' { // not-installed, config-files
			list = append(list, line[:i])
		}
	}
	slices.Sort(list)
	return list
}

func TestRealRootEqualsDpkgQuery(t *testing.T) {
	t.Parallel()
	admindir := filepath.Join(realroot.Debian(t), "var/lib/dpkg")
	want := dpkgQuery(t, admindir)
	status, err := os.ReadFile(filepath.Join(admindir, "status"))
	if err != nil {
		t.Fatal(err)
	}
	facts := run(t, ospkg.Dpkg{}, "var/lib/dpkg/status", string(status))
	if len(want) < 50 || len(facts.Incomplete) > 0 {
		t.Fatalf("dpkg-query lists %d packages, and we report %v", len(want), facts.Incomplete)
	}
	if d := cmp.Diff(want, lines(facts.Packages)); d != "" {
		t.Errorf("packages differ from dpkg-query's (-want +got):\n%s", d)
	}
}

// oddStatus has what a status file may have, well-formed enough for dpkg to read it.
const oddStatus = `Package: plain
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: amd64
Version: 1.0-1
Description: the usual
 Package: not-a-package
 .
 Version: 9

Package: rebuilt
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: amd64
Source: rebuilt-src (2:1.0-1)
Version: 2:1.0-1+b1
Description: binary rebuild

Package: renamed
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: all
Source: other
Version: 3
Description: source of another name

Package: sameversion
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: all
Source: sameversion (7~rc1)
Version: 8
Description: source of another version only

Package: held
Status: hold ok installed
Maintainer: A <a@example.org>
Architecture: amd64
Version: 1
Description: d

Package: leaving
Status: deinstall ok installed
Maintainer: A <a@example.org>
Architecture: amd64
Version: 1
Description: d

Package: configs
Status: deinstall ok config-files
Architecture: amd64
Version: 1
Config-Version: 1
Conffiles:
 /etc/configs.conf 00000000000000000000000000000000
Description: d

Package: gone
Status: purge ok not-installed
Architecture: amd64

Package: unpacked
Status: install ok unpacked
Maintainer: A <a@example.org>
Architecture: amd64
Version: 1
Description: d

Package: half
Status: install ok half-configured
Maintainer: A <a@example.org>
Architecture: amd64
Version: 2
Config-Version: 1
Description: d

Package: halfinst
Status: install reinstreq half-installed
Maintainer: A <a@example.org>
Architecture: amd64
Version: 2
Description: d

Package: waits
Status: install ok triggers-awaited
Maintainer: A <a@example.org>
Architecture: amd64
Version: 1
Triggers-Awaited: pends
Description: d

Package: pends
Status: install ok triggers-pending
Maintainer: A <a@example.org>
Architecture: amd64
Version: 1
Triggers-Pending: ldconfig
Description: d

Package: libmulti
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: amd64
Multi-Arch: same
Version: 1
Description: d

Package: libmulti
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: i386
Multi-Arch: same
Version: 1
Description: d


PACKAGE:   shouting   
STATUS: install ok installed
Maintainer: A <a@example.org>
ARCHITECTURE:all
VERSION:	1+dfsg~x-2
Description: d

Package: nostatus
Maintainer: A <a@example.org>
Architecture: amd64
Version: 1
Description: d

Package: last
Status: install ok installed
Maintainer: A <a@example.org>
Architecture: all
Version: 1
Description: d
`

func TestOddStatusEqualsDpkgQuery(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, sub := range []string{"info", "updates", "triggers"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{"status": oddStatus, "arch": "amd64\ni386\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := dpkgQuery(t, dir)
	facts := run(t, ospkg.Dpkg{}, "var/lib/dpkg/status", oddStatus)
	if d := cmp.Diff(want, lines(facts.Packages)); d != "" {
		t.Errorf("packages differ from dpkg-query's (-want +got):\n%s", d)
	}
	if len(want) != 15 {
		t.Errorf("dpkg-query lists %d packages, expected 15:\n%s", len(want), strings.Join(want, "\n"))
	}
}

func TestLineEndsDoNotMatter(t *testing.T) {
	t.Parallel()
	want := lines(run(t, ospkg.Dpkg{}, "var/lib/dpkg/status", oddStatus).Packages)
	for name, text := range map[string]string{
		"CRLF":                     strings.ReplaceAll(oddStatus, "\n", "\r\n"),
		"no newline at the end":    strings.TrimRight(oddStatus, "\n"),
		"many newlines around":     "\n\n\n" + strings.ReplaceAll(oddStatus, "\n\n", "\n\n\n\n") + "\n\n\n",
		"CRLF without the last LF": strings.TrimRight(strings.ReplaceAll(oddStatus, "\n", "\r\n"), "\n"),
	} {
		if d := cmp.Diff(want, lines(run(t, ospkg.Dpkg{}, "var/lib/dpkg/status", text).Packages)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestPackageWithoutStatus(t *testing.T) {
	t.Parallel()
	// From gcr.io/distroless/static-debian11, var/lib/dpkg/status.d/base, shortened.
	const control = "Package: base-files\nVersion: 11.1+deb11u9\nArchitecture: amd64\nEssential: yes\nInstalled-Size: 341\n" +
		"Description: Debian base system miscellaneous files\n This package contains the basic filesystem hierarchy\n"
	t.Run("in status.d it is installed", func(t *testing.T) {
		t.Parallel()
		facts := run(t, ospkg.Dpkg{}, "var/lib/dpkg/status.d/base", control)
		want := []string{"base-files\t11.1+deb11u9\tamd64\tbase-files\t11.1+deb11u9"}
		if d := cmp.Diff(want, lines(facts.Packages)); d != "" || len(facts.Incomplete) > 0 {
			t.Errorf("(-want +got):\n%s\n%v", d, facts.Incomplete)
		}
	})
	t.Run("in status it is not, and that is said", func(t *testing.T) {
		t.Parallel()
		facts := run(t, ospkg.Dpkg{}, "var/lib/dpkg/status", control)
		if len(facts.Packages) > 0 || len(facts.Incomplete) != 1 {
			t.Errorf("packages %v, incomplete %v", facts.Packages, facts.Incomplete)
		}
	})
}

func TestBrokenStanzasAreReportedAndSkipped(t *testing.T) {
	t.Parallel()
	text := "Version: 1\nStatus: install ok installed\n\n" +
		"Package: no/slash\nStatus: install ok installed\nVersion: 1\n\n" +
		"Package: versionless\nStatus: install ok installed\n\n" +
		"Package: spaced\nStatus: install ok installed\nVersion: 1 2\n\n" +
		"Package: \x00nul\nStatus: install ok installed\nVersion: 1\n\n" +
		"Package: good\nStatus: install ok installed\nVersion: 1\nArchitecture: a b\nSource: bad/name (x y)\n"
	facts := run(t, ospkg.Dpkg{}, "var/lib/dpkg/status", text)
	want := []inventory.Package{{
		Name: "good", Version: "1", Ecosystem: purl.Debian, Source: &inventory.Source{Name: "good", Version: "1"},
	}}
	if d := cmp.Diff(want, facts.Packages); d != "" {
		t.Errorf("packages (-want +got):\n%s", d)
	}
	var got []string
	for _, i := range facts.Incomplete {
		got = append(got, i.Detail)
	}
	wantDetails := []string{
		"line 1: a stanza without a Package field",
		"line 4: a package name that dpkg does not allow (2 times)",
		"line 8: a package without a version, or with one that dpkg does not allow (2 times)",
	}
	if d := cmp.Diff(wantDetails, got); d != "" {
		t.Errorf("reports (-want +got):\n%s", d)
	}
}

func TestPackageToldTwiceIsTheLaterOne(t *testing.T) {
	t.Parallel()
	const text = "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 1\n\n" +
		"Package: a\nStatus: install ok installed\nVersion: 2\n"
	got := lines(run(t, ospkg.Dpkg{}, "var/lib/dpkg/status", text).Packages)
	if d := cmp.Diff([]string{"a\t2\t\ta\t2", "b\t1\t\tb\t1"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestCancelledContextEndsTheRead(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var facts extract.Facts
	f := extract.NewFile("var/lib/dpkg/status", []byte(strings.Repeat("Package: a\n\n", 5000)), 0o644)
	if err := (ospkg.Dpkg{}).Extract(ctx, f, &facts); err == nil {
		t.Error("a cancelled context did not end the read")
	}
}

// status makes the text of a database of n packages that looks like a real one: 1.1 kB a package.
func status(n int) string {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Package: lib-example%d-%d\nStatus: install ok installed\nPriority: optional\nSection: libs\n", i, i%7)
		fmt.Fprintf(&b, "Installed-Size: %d\nMaintainer: Debian Example Maintainers <pkg-example@lists.example.org>\n", rng.IntN(9999))
		fmt.Fprintf(&b, "Architecture: %s\nMulti-Arch: same\n", []string{"amd64", "amd64", "all"}[i%3])
		if i%2 == 0 {
			fmt.Fprintf(&b, "Source: example%d%s\n", i/2, []string{"", " (1.2.3-4)"}[i/2%2])
		}
		fmt.Fprintf(&b, "Version: 1.2.3-4+b%d\nDepends: ", i%9+1)
		for j := range 12 {
			fmt.Fprintf(&b, "libdep%d (>= %d.%d), ", rng.IntN(1000), j, rng.IntN(99))
		}
		b.WriteString("libc6\nConffiles:\n")
		for range 2 {
			fmt.Fprintf(&b, " /etc/example%d/conf.d/%d.conf %032x\n", i, rng.IntN(99), rng.Uint64())
		}
		b.WriteString("Description: an example of a library that does a thing (runtime)\n")
		for range 6 {
			b.WriteString(" This package contains the files that are needed to run the example, and no more.\n")
		}
		b.WriteString("Homepage: https://www.example.org/\n\n")
	}
	return b.String()
}

func BenchmarkDpkg(b *testing.B) {
	text := []byte(status(1000))
	f := extract.NewFile("var/lib/dpkg/status", text, 0o644)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var facts extract.Facts
		if err := (ospkg.Dpkg{}).Extract(b.Context(), f, &facts); err != nil || len(facts.Packages) != 1000 {
			b.Fatal(err, len(facts.Packages))
		}
	}
}

// FuzzDpkg holds the reader to two promises: a package's strings stand in the file, and a file that is written from the
// packages found is read as the same packages.
func FuzzDpkg(f *testing.F) {
	f.Add([]byte(oddStatus))
	f.Add([]byte(status(2)))
	f.Add([]byte("Package: a\r\nStatus: x installed\r\nVersion: 1\r\nSource: b (2)"))
	f.Add([]byte("package:a\nstatus:installed\nversion:1\nsource: (3\narchitecture:\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		facts := run(t, ospkg.Dpkg{}, "var/lib/dpkg/status", string(text))
		var again strings.Builder
		seen := map[[2]string]bool{}
		for _, p := range facts.Packages {
			for _, s := range []string{p.Name, p.Version, p.Arch, p.Source.Name, p.Source.Version} {
				if !strings.Contains(string(text), s) {
					t.Fatalf("%q of package %q is not in the file", s, p.Name)
				}
			}
			if p.Name == "" || p.Version == "" || p.Source.Name == "" || p.Source.Version == "" || seen[[2]string{p.Name, p.Arch}] {
				t.Fatalf("package with an empty field, or told twice: %+v", p)
			}
			seen[[2]string{p.Name, p.Arch}] = true
			fmt.Fprintf(&again, "Package: %s\nStatus: install ok installed\nVersion: %s\nSource: %s", p.Name, p.Version, p.Source.Name)
			// dpkg reads versions such as "1)2", with a warning. Behind a source's name they cannot be written.
			if p.Source.Version != p.Version {
				fmt.Fprintf(&again, " (%s)", p.Source.Version)
			}
			again.WriteString("\n")
			if p.Arch != "" {
				fmt.Fprintf(&again, "Architecture: %s\n", p.Arch)
			}
			again.WriteString("\n")
		}
		if d := cmp.Diff(facts.Packages, run(t, ospkg.Dpkg{}, "var/lib/dpkg/status", again.String()).Packages); d != "" {
			t.Fatalf("written and read again (-first +second):\n%s", d)
		}
		if len(facts.Incomplete) > 8 {
			t.Fatalf("%d reports for one file", len(facts.Incomplete))
		}
	})
}
