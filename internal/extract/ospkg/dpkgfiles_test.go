package ospkg_test

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
	"github.com/sightline-sec/sightline/internal/extract/realroot"
)

// claimed says whether one of the extractor's claims by path, directory or base name takes the file.
func claimed(x extract.Extractor, p string) bool {
	return slices.ContainsFunc(x.Claims(), func(c extract.Claim) bool {
		return (c.Path == p || c.Dir == path.Dir(p) || c.Base == path.Base(p)) && (c.Match == nil || c.Match(p))
	})
}

func TestRealRootOwnsWhatDpkgLists(t *testing.T) {
	t.Parallel()
	root := realroot.Debian(t)
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		t.Skip("dpkg-query is not installed")
	}
	lists, err := filepath.Glob(filepath.Join(root, "var/lib/dpkg/info/*.list"))
	if err != nil || len(lists) < 50 {
		t.Fatalf("%d lists, %v", len(lists), err)
	}
	files, dirs := 0, 0
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		p := "var/lib/dpkg/info/" + filepath.Base(list)
		if !claimed(ospkg.DpkgFiles{}, p) {
			t.Fatalf("%s is not claimed", p)
		}
		facts := run(t, ospkg.DpkgFiles{}, p, string(text))
		if len(facts.Owned) == 0 {
			continue // a package of directories only
		}
		own := facts.Owned[0]
		pkg := own.Package
		if own.Arch != "" {
			pkg += ":" + own.Arch
		}
		got := map[string]bool{}
		for _, f := range own.Paths {
			got[f] = true
			if info, err := os.Lstat(filepath.Join(root, f)); err == nil && info.IsDir() {
				dirs++
			}
		}
		out, err := exec.CommandContext(t.Context(), "dpkg-query", "--admindir="+filepath.Join(root, "var/lib/dpkg"), "-L", pkg).Output()
		if err != nil {
			t.Fatalf("dpkg-query -L %s: %v", pkg, err)
		}
		for line := range strings.Lines(string(out)) {
			line = strings.TrimSuffix(line, "\n")
			if !strings.HasPrefix(line, "/") || line == "/." {
				continue // "diverted by ..."
			}
			f := line[1:]
			if got[f] {
				delete(got, f)
				files++
				continue
			}
			// Stat: /bin is a directory in the package, and a link to one in the root.
			if info, err := os.Stat(filepath.Join(root, f)); err != nil || !info.IsDir() {
				t.Errorf("%s: %s is not owned (%v)", pkg, f, err)
			}
		}
		if len(got) > 0 {
			t.Errorf("%s: owned, but not listed by dpkg: %v", pkg, got)
		}
	}
	t.Logf("%d files of %d packages owned, %d of them are directories", files, len(lists), dirs)
	if files < 2000 || dirs*10 > files {
		t.Errorf("%d files owned, %d of them are directories", files, dirs)
	}
}

func TestListNames(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path, text string
		want       []extract.Owned
	}{
		"directories are left out": {
			"var/lib/dpkg/info/dash.list", "/.\n/bin\n/bin/dash\n/usr\n/usr/share\n/usr/share/man\n/usr/share/man/man1\n/usr/share/man/man1/dash.1.gz\n/bin/sh\n",
			[]extract.Owned{{Package: "dash", Paths: []string{"bin/dash", "usr/share/man/man1/dash.1.gz", "bin/sh"}}},
		},
		"a name that begins like the one before is no directory's": {
			"var/lib/dpkg/info/a.list", "/bin/a\n/bin/ab\n/bin/ab/c",
			[]extract.Owned{{Package: "a", Paths: []string{"bin/a", "bin/ab/c"}}},
		},
		"an architecture": {
			"var/lib/dpkg/info/libc6:amd64.list", "/lib/libc.so.6\n",
			[]extract.Owned{{Package: "libc6", Arch: "amd64", Paths: []string{"lib/libc.so.6"}}},
		},
		"no path leaves the root": {
			"var/lib/dpkg/info/evil.list", "/../../etc/passwd\n//x//y/\n\n/a/./b\n/..\n",
			[]extract.Owned{{Package: "evil", Paths: []string{"etc/passwd", "x/y", "a/b"}}},
		},
		"an empty list": {"var/lib/dpkg/info/none.list", "", nil},
		"sums of a distroless image": {
			"var/lib/dpkg/status.d/tzdata.md5sums",
			"5461b4c9623a1657baf85fbc0c8576b6  usr/share/doc/tzdata/README.Debian\n0c5496d68e312e8790956c352a9b181d  usr/share/a  b\nnot a sum\n",
			[]extract.Owned{{Package: "tzdata", Paths: []string{"usr/share/doc/tzdata/README.Debian", "usr/share/a  b"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tc.want, run(t, ospkg.DpkgFiles{}, tc.path, tc.text).Owned); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestStatusAndSumsGoToTheirExtractors(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]string{
		"var/lib/dpkg/status":                      "dpkg",
		"usr/lib/sysimage/dpkg/status":             "dpkg",
		"var/lib/dpkg/status.d/libssl3":            "dpkg",
		"var/lib/dpkg/status.d/libssl3.md5sums":    "dpkg-files",
		"var/lib/dpkg/info/bash.list":              "dpkg-files",
		"var/lib/dpkg/info/bash.md5sums":           "",
		"var/lib/dpkg/status-old":                  "",
		"opt/var/lib/dpkg/status":                  "",
		"usr/share/doc/bash/copyright":             "dpkg-copyright",
		"usr/share/doc/copyright":                  "",
		"usr/share/doc/bash/examples/copyright":    "",
		"lib/apk/db/installed":                     "apk",
		"usr/lib/apk/db/installed":                 "apk",
		"etc/os-release":                           "os-release",
		"var/lib/rpm/Packages":                     "rpm",
		"var/lib/rpm/Packages.db":                  "rpm",
		"var/lib/rpm/rpmdb.sqlite":                 "rpm",
		"var/lib/rpm/rpmdb.sqlite-wal":             "rpm",
		"var/lib/rpm/rpmdb.sqlite-shm":             "",
		"var/lib/rpm/Name":                         "",
		"usr/lib/sysimage/rpm/Packages.db":         "rpm",
		"usr/share/rpm/rpmdb.sqlite":               "rpm",
		"var/lib/rpmmanifest/container-manifest-1": "",
		"var/lib/rpmmanifest/container-manifest-2": "rpm-manifest",
	} {
		var got []string
		for _, x := range ospkg.Extractors() {
			if claimed(x, p) {
				got = append(got, x.Name())
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is claimed by %v, want %q", p, got, want)
		}
	}
}

func list(files int) string {
	var b strings.Builder
	b.WriteString("/.\n/usr\n/usr/share\n/usr/share/example\n")
	for i := range files {
		if i%20 == 0 {
			fmt.Fprintf(&b, "/usr/share/example/directory%d\n", i/20)
		}
		fmt.Fprintf(&b, "/usr/share/example/directory%d/a-file-of-the-package-%d.so\n", i/20, i)
	}
	return b.String()
}

func BenchmarkDpkgFiles(b *testing.B) {
	text := []byte(list(500))
	f := extract.NewFile("var/lib/dpkg/info/example.list", text, 0o644)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var facts extract.Facts
		if err := (ospkg.DpkgFiles{}).Extract(b.Context(), f, &facts); err != nil || len(facts.Owned[0].Paths) != 500 {
			b.Fatal(err, facts)
		}
	}
}

// FuzzDpkgFiles holds the lists to clean paths under the root, no more of them than lines, and to giving the same when
// written and read again as sums, which have no directories to be told from files.
func FuzzDpkgFiles(f *testing.F) {
	f.Add("/.\n/a\n/a/b\n/a/b/c\n/d\n")
	f.Add("/../..//x\n\n\n/./\n/a/../b")
	f.Add(list(30))
	f.Fuzz(func(t *testing.T, text string) {
		facts := run(t, ospkg.DpkgFiles{}, "var/lib/dpkg/info/p.list", text)
		if len(facts.Owned) == 0 {
			return
		}
		paths := facts.Owned[0].Paths
		if len(paths) > strings.Count(text, "\n")+1 {
			t.Fatalf("%d paths of %d lines", len(paths), strings.Count(text, "\n")+1)
		}
		var sums strings.Builder
		for _, p := range paths {
			if p != path.Clean("/" + p)[1:] || p == "" {
				t.Fatalf("%q is not clean", p)
			}
			fmt.Fprintf(&sums, "%032x  %s\n", len(p), p)
		}
		again := run(t, ospkg.DpkgFiles{}, "var/lib/dpkg/status.d/p.md5sums", sums.String())
		got := []string(nil)
		if len(again.Owned) > 0 {
			got = again.Owned[0].Paths
		}
		if d := cmp.Diff(paths, got); d != "" && !strings.HasSuffix(paths[len(paths)-1], "\r") {
			t.Fatalf("written and read again (-first +second):\n%s", d)
		}
	})
}
