package upstream_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/upstream"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
)

type stream struct{ r io.Reader }

func (s stream) Reader() io.Reader     { return s.r }
func (s stream) ReaderAt() io.ReaderAt { return nil }

func said(t testing.TB, extractor int, path string, r io.Reader) []string {
	t.Helper()
	var facts extract.Facts
	if err := upstream.Extractors()[extractor].Extract(t.Context(), extract.NewStreamFile(path, stream{r}, 0, 0o755), &facts); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, p := range facts.Packages {
		list = append(list, p.PURL+" "+p.Evidence[0].Detail)
	}
	return list
}

func TestVersionStrings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, content, want string }{
		{"usr/local/sbin/nginx", "\x00nginx version: nginx/1.25.3\x00", `pkg:generic/nginx@1.25.3 the version string "nginx version: nginx/1.25.3"`},
		{"usr/sbin/nginx", "nginx version: openresty/1.21.4.1", ""},
		{"usr/local/apache2/bin/httpd", "Apache/2\x00Apache/2.4\x00Apache/2.4.49 (Unix)", `pkg:generic/httpd@2.4.49 the version string "Apache/2.4.49"`},
		{"usr/local/ssl/bin/openssl", "OpenSSL %s\x00OpenSSL 1.0.2k-fips  26 Jan 2017", `pkg:generic/openssl@1.0.2k the version string "OpenSSL 1.0.2k"`},
		{"usr/lib64/libcrypto.so.1.1.1k", "OpenSSL 1.1.1k  FIPS 25 Mar 2021", `pkg:generic/openssl@1.1.1k the version string "OpenSSL 1.1.1k"`},
		{"usr/lib/libssl.so.1.1", "OpenSSL 3.3.0-beta1 25 Mar 2024", `pkg:generic/openssl@3.3.0-beta1 the version string "OpenSSL 3.3.0-beta1"`},
		{"usr/lib/libcrypto.so.3", "uses OpenSSL 3.x API", ""},
		{"opt/python/bin/python3.13", "\x003.2.0\x003.13.0rc2\x00", `pkg:generic/python@3.13.0rc2 the version string "3.13.0rc2"`},
		{"opt/lib/libpython3.7m.so.1.0", "13.7.1\x00/opt/3.7.16/lib\x00/opt/python/3.7.16\x00", `pkg:generic/python@3.7.16 the version string "3.7.16"`},
		{"opt/bin/python3.7", "3.11.2\x00", ""},
		{"usr/local/bin/ruby", "ruby 2.0.0p648 (2015-12-16 revision 53162)", `pkg:generic/ruby@2.0.0-p648 the version string "ruby 2.0.0p648"`},
		{"usr/local/bin/ruby", "ruby 3.4.0preview1 (x)\x00ruby 3.3.4p94 (2024-07-09 revision be1089c8ec)", `pkg:generic/ruby@3.4.0preview1 the version string "ruby 3.4.0preview1"`},
		{"usr/local/pgsql/bin/postgres", "postgres (PostgreSQL) 17beta1\n", `pkg:generic/postgresql@17beta1 the version string "postgres (PostgreSQL) 17beta1"`},
		{"usr/local/pgsql/bin/postgres", "postgres (PostgreSQL) 9.6.24\n", `pkg:generic/postgresql@9.6.24 the version string "postgres (PostgreSQL) 9.6.24"`},
		{"usr/sbin/mysqld", "5.5.5-\x0010.6.12-MariaDB-log", `pkg:generic/mariadb@10.6.12 the version string "10.6.12-MariaDB"`},
		{"usr/sbin/mysqld", "/export/home/pb2/build/mysql-8.0.35/sql/mysqld.cc", `pkg:generic/mysql@8.0.35 the version string "/mysql-8.0.35"`},
		{"usr/local/bin/redis-server", "\x007.2.4\x00127.0.0.1\x007.2.0\x001.0.0\x00", `pkg:generic/redis@7.2.4 the version string "7.2.4"`},
		{"usr/local/bin/deno", "OTel-Deno/0.80.0 denover1.40.0Deno/1.40.0+abc", `pkg:generic/deno@1.40.0 the version string "Deno/1.40.0"`},
		{"usr/local/sbin/sshd", "OpenSSH_9.2\x00OpenSSH_9.2p1", `pkg:generic/openssh@9.2p1 the version string "OpenSSH_9.2p1"`},
		{"usr/local/bin/haproxy", "config version 1.2\x00 version 2.9.1-f72603c, released 2023/12/15", `pkg:generic/haproxy@2.9.1 the version string "version 2.9.1"`},
		{"usr/local/bin/nginx", "nginx version: nginx/1.25", ""},
		{"usr/local/bin/nginx", "nginx version: nginx/1.2.3.4.5.6", ""},
		{"usr/local/bin/nginx", "nginx version: nginx/123456789.2.3", ""},
		{"usr/local/bin/other", "nginx version: nginx/1.25.3", ""},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		if diff := cmp.Diff(want, said(t, 0, c.path, strings.NewReader(c.content))); diff != "" {
			t.Errorf("%s %q: %s", c.path, c.content, diff)
		}
	}
}

func TestMarkers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, content, want string }{
		{"usr/local/go/VERSION", "go1.22.1\ntime 2024-02-29T18:18:48Z\n", `pkg:golang/toolchain@1.22.1 the line "go1.22.1"`},
		{"usr/local/go/VERSION", "go1.21rc2", `pkg:golang/toolchain@1.21.0-rc.2 the line "go1.21rc2"`},
		{"usr/local/go/VERSION", "go1.20\n", `pkg:golang/toolchain@1.20.0 the line "go1.20"`},
		{"srv/app/VERSION", "1.2.3\n", ""},
		{
			"usr/local/include/node/node_version.h", "#define NODE_MAJOR_VERSION 18\n#define NODE_MINOR_VERSION 19\n#define NODE_PATCH_VERSION 0\n\n#define NODE_VERSION_IS_RELEASE 1\n",
			`pkg:generic/node@18.19.0 the line "#define NODE_MAJOR_VERSION 18"`,
		},
		{"usr/local/include/node/node_version.h", "#define NODE_MAJOR_VERSION 18\n#define NODE_MINOR_VERSION 19\n#define NODE_PATCH_VERSION 0\n\n#define NODE_VERSION_IS_RELEASE 0\n", ""},
		{"usr/local/include/python3.12/patchlevel.h", "#define PY_VERSION      \t\"3.12.0b2+\"\n", `pkg:generic/python@3.12.0b2 the line "#define PY_VERSION      \t\"3.12.0b2+\""`},
		{"usr/lib/perl/CORE/patchlevel.h", "#define PERL_REVISION 5", ""},
		{"usr/local/include/openssl/opensslv.h", "# define OPENSSL_VERSION_TEXT    \"OpenSSL 1.1.1w  11 Sep 2023\"\n", `pkg:generic/openssl@1.1.1w the line "OPENSSL_VERSION_TEXT    \"OpenSSL 1.1.1w"`},
		{"usr/local/include/node/openssl/opensslv.h", "# define OPENSSL_VERSION_TEXT    \"OpenSSL 1.1.1w  11 Sep 2023\"\n", ""},
		{"var/www/html/core/lib/Drupal.php", "class Drupal {\n  const VERSION = '10.1.0';\n", `pkg:generic/drupal@10.1.0 the line "const VERSION = '10.1.0';"`},
		{"var/www/html/wp-includes/version.php", "<?php\n$wp_version = '6.4.2';\n", `pkg:generic/wordpress@6.4.2 the line "$wp_version = '6.4.2';"`},
		{"var/www/html/version.php", "<?php\n$wp_version = '6.4.2';\n", ""},
		{"usr/local/tomcat/RELEASE-NOTES", "\n                     Apache Tomcat Version 9.0.70\n                            Release Notes\n", `pkg:generic/tomcat@9.0.70 the line "Apache Tomcat Version 9.0.70"`},
		{"usr/local/lib/erlang/releases/25/OTP_VERSION", "25.2.3\n", `pkg:generic/erlang@25.2.3 the line "25.2.3"`},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		if diff := cmp.Diff(want, said(t, 1, c.path, strings.NewReader(c.content))); diff != "" {
			t.Errorf("%s: %s", c.path, diff)
		}
	}
}

// TestAnyPlace finds a version wherever it stands, however the stream comes: windows overlap as they should.
func TestAnyPlace(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	text := "nginx version: nginx/1.25.3"
	want := []string{`pkg:generic/nginx@1.25.3 the version string "nginx version: nginx/1.25.3"`}
	for range 400 {
		place := 64<<10*(1+r.IntN(2)) - 400 + r.IntN(800)
		b := bytes.Repeat([]byte("nginx version: nginx/x"), (place+4096)/22)
		copy(b[place:], text+"\x00")
		if got := said(t, 0, "nginx", iotest.HalfReader(bytes.NewReader(b))); !cmp.Equal(want, got) {
			t.Fatalf("at %d: %q", place, got)
		}
	}
}

// FuzzVersionStrings holds that what is found stands in the file, that it has an order, and that where the windows end does not count.
func FuzzVersionStrings(f *testing.F) {
	paths := []string{"nginx", "httpd", "openssl", "ruby", "python3.11", "redis-server", "mysqld", "haproxy", "deno", "postgres", "perl", "sshd"}
	f.Add(uint8(0), []byte("nginx version: nginx/1.25.3"), uint16(0))
	f.Add(uint8(2), []byte("OpenSSL 1.0.2k-fips  26 Jan 2017"), uint16(65500))
	f.Add(uint8(3), []byte("ruby 2.0.0p648 (2015"), uint16(1))
	f.Add(uint8(5), []byte("\x007.2.4\x007.10.0\x00"), uint16(65400))
	f.Add(uint8(6), []byte("10.6.12-MariaDB-log"), uint16(65530))
	f.Add(uint8(9), []byte("postgres (PostgreSQL) 17beta1\n"), uint16(65520))
	f.Fuzz(func(t *testing.T, which uint8, b []byte, pad uint16) {
		path := paths[int(which)%len(paths)]
		if len(b) > 100 {
			b = b[:100]
		}
		var facts [2]extract.Facts
		for i, padding := range []int{512, 512 + int(pad)} {
			whole := append(bytes.Repeat([]byte{'~'}, padding), b...)
			whole = append(whole, '~')
			if err := upstream.Extractors()[0].Extract(t.Context(), extract.NewFile(path, whole, 0o755), &facts[i]); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(facts[0].Packages, facts[1].Packages); diff != "" {
			t.Errorf("padding counts: %s", diff)
		}
		for _, p := range facts[0].Packages {
			if _, err := version.Parse(purl.Upstream, p.Version); err != nil {
				t.Error(err)
			}
			if v := strings.Replace(p.Version, "-p", "p", 1); !bytes.Contains(b, []byte(v)) {
				t.Errorf("%q is not in %q", v, b)
			}
		}
	})
}

func BenchmarkBinary(b *testing.B) {
	for _, path := range []string{"/usr/bin/node", "/bin/bash", "/usr/bin/git"} {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		b.Run(path[1:], func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			x := upstream.Extractors()[0]
			for b.Loop() {
				var facts extract.Facts
				if err := x.Extract(b.Context(), extract.NewFile(path, content, 0o755), &facts); err != nil || len(facts.Packages) != 1 {
					b.Fatal(err, facts)
				}
			}
		})
	}
	b.Run("nothing in 16 MiB", func(b *testing.B) {
		content := make([]byte, 16<<20)
		r := rand.New(rand.NewPCG(1, 2))
		for i := range content {
			content[i] = byte(r.Uint32() & r.Uint32()) // much of an executable is zeros
		}
		b.SetBytes(int64(len(content)))
		x := upstream.Extractors()[0]
		for b.Loop() {
			var facts extract.Facts
			if err := x.Extract(b.Context(), extract.NewFile("mysqld", content, 0o755), &facts); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestLinks holds that other names of a program are no reason to walk a layer again, and not found twice.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, c := range append(upstream.Extractors()[0].Claims(), upstream.Extractors()[1].Claims()...) {
		if !c.NoSymlink || !c.Stream {
			t.Errorf("%+v", c)
		}
	}
	root := t.TempDir()
	elf := "\x7fELF" + strings.Repeat("\x00", 100) + "nginx version: nginx/1.25.3\x00"
	for name, content := range map[string]string{"nginx": elf, "web": elf} {
		if err := os.WriteFile(root+"/"+name, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"nginx-debug": "nginx", "httpd": "web"} {
		if err := os.Symlink(to, root+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	inv := scanRoot(t, root)
	if len(inv.Packages) != 1 || len(inv.Packages[0].Evidence) != 1 || inv.Packages[0].Evidence[0].Path != "nginx" {
		t.Errorf("%+v", inv.Packages)
	}
}
