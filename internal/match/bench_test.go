package match_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// bookworm is about what an image of a server on Debian 12 holds, at the versions of the release: 300 packages of some 120 sources.
func bookworm() *inventory.Inventory {
	sources := []struct{ name, version string }{
		{"acl", "2.3.1-3"},
		{"adduser", "3.134"},
		{"apache2", "2.4.57-2"},
		{"apt", "2.6.1"},
		{"attr", "1:2.5.1-4"},
		{"audit", "1:3.0.9-1"},
		{"avahi", "0.8-10"},
		{"base-files", "12.4"},
		{"bash", "5.2.15-2"},
		{"bind9", "1:9.18.16-1~deb12u1"},
		{"binutils", "2.40-2"},
		{"bzip2", "1.0.8-5"},
		{"ca-certificates", "20230311"},
		{"cairo", "1.16.0-7"},
		{"coreutils", "9.1-1"},
		{"cups", "2.4.2-3"},
		{"curl", "7.88.1-10"},
		{"cyrus-sasl2", "2.1.28+dfsg-10"},
		{"dash", "0.5.12-2"},
		{"db5.3", "5.3.28+dfsg2-1"},
		{"dbus", "1.14.8-2~deb12u1"},
		{"debconf", "1.5.82"},
		{"dpkg", "1.21.22"},
		{"e2fsprogs", "1.47.0-2"},
		{"elfutils", "0.188-2.1"},
		{"expat", "2.5.0-1"},
		{"ffmpeg", "7:5.1.3-1"},
		{"findutils", "4.9.0-4"},
		{"fontconfig", "2.14.1-4"},
		{"freetype", "2.12.1+dfsg-5"},
		{"gcc-12", "12.2.0-14"},
		{"gdbm", "1.23-3"},
		{"gdk-pixbuf", "2.42.10+dfsg-1"},
		{"ghostscript", "10.0.0~dfsg-11"},
		{"git", "1:2.39.2-1.1"},
		{"glib2.0", "2.74.6-2"},
		{"glibc", "2.36-9"},
		{"gmp", "2:6.2.1+dfsg1-1.1"},
		{"gnupg2", "2.2.40-1.1"},
		{"gnutls28", "3.7.9-2"},
		{"grep", "3.8-5"},
		{"gzip", "1.12-1"},
		{"harfbuzz", "6.0.0+dfsg-3"},
		{"icu", "72.1-3"},
		{"imagemagick", "8:6.9.11.60+dfsg-1.6"},
		{"jansson", "2.14-2"},
		{"keyutils", "1.6.3-2"},
		{"krb5", "1.20.1-2"},
		{"less", "590-2"},
		{"libarchive", "3.6.2-1"},
		{"libcap2", "1:2.66-4"},
		{"libde265", "1.0.11-1"},
		{"libgcrypt20", "1.10.1-3"},
		{"libheif", "1.15.1-1"},
		{"libidn2", "2.3.3-1"},
		{"libpng1.6", "1.6.39-2"},
		{"libssh2", "1.10.0-3"},
		{"libtasn1-6", "4.19.0-2"},
		{"libwebp", "1.2.4-0.2"},
		{"libx11", "2:1.8.4-2"},
		{"libxml2", "2.9.14+dfsg-1.2"},
		{"libxslt", "1.1.35-1"},
		{"libzstd", "1.5.4+dfsg2-5"},
		{"linux", "6.1.27-1"},
		{"lz4", "1.9.4-1"},
		{"mariadb", "1:10.11.3-1"},
		{"mercurial", "6.3.2-1"},
		{"ncurses", "6.4-4"},
		{"nettle", "3.8.1-2"},
		{"nghttp2", "1.52.0-1"},
		{"nginx", "1.22.1-9"},
		{"nodejs", "18.13.0+dfsg1-1"},
		{"openexr", "3.1.5-5"},
		{"openjpeg2", "2.5.0-2"},
		{"openldap", "2.5.13+dfsg-5"},
		{"openssh", "1:9.2p1-2"},
		{"openssl", "3.0.9-1"},
		{"p11-kit", "0.24.1-2"},
		{"pam", "1.5.2-6"},
		{"patch", "2.7.6-7"},
		{"pcre2", "10.42-1"},
		{"perl", "5.36.0-7"},
		{"php8.2", "8.2.5-2"},
		{"postgresql-15", "15.3-0+deb12u1"},
		{"procps", "2:4.0.2-3"},
		{"python-urllib3", "1.26.12-1"},
		{"python3.11", "3.11.2-6"},
		{"readline", "8.2-1.3"},
		{"redis", "5:7.0.11-1"},
		{"ruby3.1", "3.1.2-7"},
		{"sed", "4.9-1"},
		{"shadow", "1:4.13+dfsg1-1"},
		{"sqlite3", "3.40.1-2"},
		{"subversion", "1.14.2-4"},
		{"systemd", "252.6-1"},
		{"tar", "1.34+dfsg-1.2"},
		{"tiff", "4.5.0-6"},
		{"tomcat10", "10.1.6-1"},
		{"tzdata", "2023c-5"},
		{"unzip", "6.0-28"},
		{"util-linux", "2.38.1-5"},
		{"vim", "2:9.0.1378-2"},
		{"wget", "1.21.3-1"},
		{"xz-utils", "5.4.1-0.2"},
		{"zlib", "1:1.2.13.dfsg-1"},
	}
	inv := debian12()
	for i := range 300 {
		s := sources[i%len(sources)]
		if s.name == "linux" && i > len(sources) {
			s = sources[0] // one, as linux-libc-dev is in images
		}
		inv.Packages = append(inv.Packages, deb(fmt.Sprintf("%s-%d", s.name, i/len(sources)), s.version, s.name, ""))
	}
	return inv
}

func without(inv *inventory.Inventory, source string) *inventory.Inventory {
	inv.Packages = slices.DeleteFunc(inv.Packages, func(p inventory.Package) bool { return p.Source.Name == source })
	return inv
}

func BenchmarkMatch(b *testing.B) {
	db := openFullDB(b)
	kernel := func(version string) *inventory.Inventory {
		return debian12(deb("linux-image-amd64", version, "linux", version))
	}
	upToDate := debian12()
	for _, p := range bookworm().Packages {
		p.Source = &inventory.Source{Name: p.Source.Name, Version: "99:1"}
		upToDate.Packages = append(upToDate.Packages, p)
	}
	node := &inventory.Inventory{}
	for i := range 300 {
		names := []string{"lodash", "express", "minimist", "ws", "axios", "semver", "tar", "jquery", "left-pad", "react", "qs", "debug"}
		node.Packages = append(node.Packages, of(purl.NPM, names[i%len(names)], fmt.Sprintf("%d.%d.0", i%5, i%7)))
	}
	for _, c := range []struct {
		name string
		inv  *inventory.Inventory
	}{
		{"debian-300-packages", bookworm()},
		{"debian-300-packages-no-kernel", without(bookworm(), "linux")},
		{"debian-300-packages-nothing-found", upToDate},
		{"npm-300-packages", node},
		{"kernel", kernel("6.1.27-1")},
		{"kernel-oldest", kernel("2.6.0-1")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var out *match.Outcome
			for b.Loop() {
				var err error
				if out, err = match.Match(b.Context(), db, c.inv, match.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(out.Findings)), "findings")
			b.ReportMetric(float64(len(out.Fixes)), "fixes")
		})
	}
}

// BenchmarkJudging leaves the database's own time out.
func BenchmarkJudging(b *testing.B) {
	db := remember{openFullDB(b), map[[2]string]remembered{}}
	inv := bookworm()
	slices.Reverse(inv.Packages)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := match.Match(b.Context(), db, inv, match.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// remember keeps what a database has answered.
type remember struct {
	match.Database
	packages map[[2]string]remembered
}

type remembered struct {
	pkg *vulndb.Package
	ok  bool
}

func (r remember) Package(ns, name string) (*vulndb.Package, bool, error) {
	key := [2]string{ns, name}
	if p, ok := r.packages[key]; ok {
		return p.pkg, p.ok, nil
	}
	pkg, ok, err := r.Database.Package(ns, name)
	if err == nil {
		r.packages[key] = remembered{pkg, ok}
	}
	return pkg, ok, err
}
