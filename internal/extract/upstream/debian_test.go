package upstream_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/rootfs"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/upstream"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// unpack downloads a Debian package once for all runs on a machine and unpacks it; there is no package database in what it gives. The version is
// dpkg's.
func unpack(t *testing.T, name string) (root, version string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	dir := filepath.Join(cache, "sightline-test", "upstream-debs", name)
	found, _ := filepath.Glob(filepath.Join(dir, "*.deb"))
	if len(found) == 0 {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "apt-get", "download", name)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("cannot download the package %s: %v: %s", name, err, out)
		}
		found, _ = filepath.Glob(filepath.Join(dir, "*.deb"))
	}
	if len(found) == 0 {
		t.Skipf("no package %s", name)
	}
	out, err := exec.CommandContext(t.Context(), "dpkg-deb", "-f", found[0], "Version").Output()
	if err != nil {
		t.Skip("reading a package needs dpkg-deb: ", err)
	}
	root = t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "opt"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "dpkg-deb", "-x", found[0], filepath.Join(root, "opt/it")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return root, strings.TrimSpace(string(out))
}

// upstreamPart is the version that the makers gave what Debian packaged.
func upstreamPart(v string) string {
	if _, rest, ok := strings.Cut(v, ":"); ok {
		v = rest
	}
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		v = v[:i]
	}
	for _, mark := range []string{"+dfsg", ".dfsg", "+ds", "-0+"} {
		v, _, _ = strings.Cut(v, mark)
	}
	return v
}

func scanRoot(t testing.TB, root string) *inventory.Inventory {
	t.Helper()
	src, err := rootfs.Open(t.Context(), root, rootfs.Options{Kind: artifact.RootFS})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	inv, err := extract.Run(t.Context(), src, upstream.Extractors(), extract.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// TestDebianPackages takes what Debian built as if it had been copied, and compares with the version in the package's name.
func TestDebianPackages(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("downloads packages")
	}
	for deb, name := range map[string]string{
		"nginx": "nginx", "apache2-bin": "httpd", "redis-tools": "redis", "postgresql-15": "postgresql", "busybox": "busybox", "busybox-static": "busybox",
		"php8.2-cli": "php", "php8.2-fpm": "php", "php8.2-dev": "php", "libruby3.1": "ruby", "openssl": "openssl", "libssl3": "openssl", "libssl-dev": "openssl",
		"haproxy": "haproxy", "memcached": "memcached", "mariadb-server-core": "mariadb", "curl": "curl", "libcurl4": "curl", "bash": "bash", "perl-base": "perl",
		"libperl5.36": "perl", "git": "git", "libsqlite3-0": "sqlite", "erlang-base": "erlang", "python3.11-minimal": "python", "libpython3.11": "python",
		"libpython3.11-dev": "python", "lighttpd": "lighttpd", "squid": "squid", "varnish": "varnish", "openssh-server": "openssh", "openssh-client": "openssh",
		"zlib1g": "zlib", "wordpress": "wordpress",
		"wget": "", "tar": "", "sqlite3": "", "ruby3.1": "", "libxml2": "", // neither known nor, of sqlite3 and ruby3.1, more than a shell around a library
	} {
		t.Run(deb, func(t *testing.T) {
			t.Parallel()
			root, version := unpack(t, deb)
			inv := scanRoot(t, root)
			var got []string
			for _, p := range inv.Packages {
				got = append(got, p.Name+" "+p.Version)
				if !p.Unpackaged || len(p.Evidence) == 0 || p.Evidence[0].Detail == "" || p.PURL != "pkg:generic/"+p.Name+"@"+p.Version {
					t.Errorf("%+v", p)
				}
				t.Log(p.Name, p.Version, p.Evidence)
			}
			want := []string{name + " " + upstreamPart(version)}
			if name == "" {
				want = nil
			}
			if !slices.Equal(got, want) {
				t.Errorf("of %s %s: %q, want %q", deb, version, got, want)
			}
			for _, inc := range inv.Incomplete {
				t.Error(inc)
			}
		})
	}
}

// TestInstalledHere asks the interpreters of this machine for their own versions.
func TestInstalledHere(t *testing.T) {
	t.Parallel()
	for name, program := range map[string]string{
		"node": "node", "python": "python3", "ruby": "ruby", "php": "php", "perl": "perl", "bash": "bash", "openssl": "openssl", "git": "git", "curl": "curl", "nginx": "nginx",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := exec.LookPath(program)
			if err == nil {
				file, err = filepath.EvalSymlinks(file)
			}
			if err != nil {
				t.Skip(err)
			}
			ask := map[string][]string{
				"node": {"--version"}, "python": {"-c", "import platform;print(platform.python_version())"}, "openssl": {"version"}, "nginx": {"-v"},
				"ruby": {"--version"}, "perl": {"-e", "printf '%vd', $^V"},
			}[name]
			if ask == nil {
				ask = []string{"--version"}
			}
			out, err := exec.CommandContext(t.Context(), file, ask...).CombinedOutput()
			if err != nil {
				t.Skip(err)
			}
			p := read(t, file)
			if p == nil {
				if name == "python" || name == "ruby" {
					t.Skip("the interpreter is in a library")
				}
				t.Fatalf("%s is not recognised; it says %s", file, out)
			}
			if p.Name != name || !strings.Contains(string(out), p.Version) {
				t.Errorf("%s is %s %s; it says %s", file, p.Name, p.Version, out)
			}
		})
	}
}

// read has the extractor of version strings look at one file.
func read(t *testing.T, file string) *inventory.Package {
	t.Helper()
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var facts extract.Facts
	in := extract.NewStreamFile(strings.TrimPrefix(file, "/"), stream{f}, 0, 0o755)
	if err := upstream.Extractors()[0].Extract(t.Context(), in, &facts); err != nil {
		t.Fatal(err)
	}
	if len(facts.Packages) > 1 {
		t.Fatal(fmt.Sprint(facts.Packages))
	}
	for i := range facts.Packages {
		return &facts.Packages[i]
	}
	return nil
}
