package ospkg_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/rootfs"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/ospkg"
)

// TestImagesOfSeveralDatabases holds that each package keeps its family, that only the distribution's own are refined to it, and
// that nothing is lost or told twice.
func TestImagesOfSeveralDatabases(t *testing.T) {
	t.Parallel()
	const (
		debianRelease = "ID=debian\nVERSION_ID=12\n"
		alpineRelease = "ID=alpine\nVERSION_ID=3.20.1\n"
		rockyRelease  = "ID=rocky\nVERSION_ID=9.4\n"
		dpkg          = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2\n\n"
		apk           = "P:musl\nV:1.2.5-r0\nA:x86_64\n\n"
	)
	rpm := func(name string, epoch uint32) []byte {
		return rpmHeader(rpmText(1000, name), rpmText(1001, "1"), rpmText(1002, "2.el9"), rpmNumbers(1003, epoch), rpmText(1022, "x86_64"), rpmText(1044, name+"-1-2.el9.src.rpm"))
	}
	sqlite := string(writeSQLite([][]byte{rpm("openssl", 1), rpm("curl", 0)}, 4096))
	for name, tc := range map[string]struct {
		files map[string]string
		links map[string]string
		want  []string
	}{
		"rpm and dpkg in an rpm distribution": {
			files: map[string]string{"etc/os-release": rockyRelease, "var/lib/rpm/rpmdb.sqlite": sqlite, "var/lib/dpkg/status": dpkg},
			want: []string{
				"Debian pkg:deb/debian/bash@5.2.15-2?arch=amd64",
				"Rocky Linux pkg:rpm/rocky/curl@1-2.el9?arch=x86_64&distro=rocky-9.4",
				"Rocky Linux pkg:rpm/rocky/openssl@1-2.el9?arch=x86_64&distro=rocky-9.4&epoch=1",
			},
		},
		"dpkg and rpm in debian": {
			files: map[string]string{"etc/os-release": debianRelease, "var/lib/rpm/rpmdb.sqlite": sqlite, "var/lib/dpkg/status": dpkg},
			want: []string{
				"Debian pkg:deb/debian/bash@5.2.15-2?arch=amd64&distro=debian-12",
				"Red Hat pkg:rpm/redhat/curl@1-2.el9?arch=x86_64",
				"Red Hat pkg:rpm/redhat/openssl@1-2.el9?arch=x86_64&epoch=1",
			},
		},
		"apk and dpkg in alpine": {
			files: map[string]string{"etc/os-release": alpineRelease, "lib/apk/db/installed": apk, "var/lib/dpkg/status": dpkg},
			want: []string{
				"Alpine pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.1",
				"Debian pkg:deb/debian/bash@5.2.15-2?arch=amd64",
			},
		},
		"no release is told": {
			files: map[string]string{"lib/apk/db/installed": apk, "var/lib/rpm/rpmdb.sqlite": sqlite},
			want: []string{
				"Alpine pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64",
				"Red Hat pkg:rpm/redhat/curl@1-2.el9?arch=x86_64", "Red Hat pkg:rpm/redhat/openssl@1-2.el9?arch=x86_64&epoch=1",
			},
		},
		"oracle's two release files": {
			files: map[string]string{
				"etc/oracle-release": "Oracle Linux Server release 6.10\n", "etc/redhat-release": "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n",
				"var/lib/rpm/Packages": string(writeNDB([][]byte{rpm("curl", 0)})), // the content says what it is
			},
			want: []string{"Oracle Linux pkg:rpm/oracle/curl@1-2.el9?arch=x86_64&distro=ol-6.10"},
		},
		"one database, and a link to it": {
			files: map[string]string{"usr/lib/os-release": "ID=\"opensuse-leap\"\nVERSION_ID=\"15.5\"\n", "usr/lib/sysimage/rpm/Packages.db": string(writeNDB([][]byte{rpm("curl", 0)}))},
			links: map[string]string{"var/lib/rpm": "../../usr/lib/sysimage/rpm", "etc/os-release": "../usr/lib/os-release"},
			want:  []string{"openSUSE pkg:rpm/opensuse/curl@1-2.el9?arch=x86_64&distro=opensuse-leap-15.5"},
		},
		"the same database in two places": {
			files: map[string]string{"etc/os-release": rockyRelease, "var/lib/rpm/rpmdb.sqlite": sqlite, "usr/share/rpm/rpmdb.sqlite": sqlite},
			want: []string{
				"Rocky Linux pkg:rpm/rocky/curl@1-2.el9?arch=x86_64&distro=rocky-9.4",
				"Rocky Linux pkg:rpm/rocky/openssl@1-2.el9?arch=x86_64&distro=rocky-9.4&epoch=1",
			},
		},
		"distroless, with a manifest and without a database": {
			files: map[string]string{
				"etc/os-release": "ID=azurelinux\nVERSION_ID=\"3.0\"\n",
				"var/lib/rpmmanifest/container-manifest-1": "openssl-libs-3.3.0-1.azl3.x86_64\n",
				"var/lib/rpmmanifest/container-manifest-2": "openssl-libs\t3.3.0-1.azl3\t1\t1\tMicrosoft Corporation\t(none)\t1\tx86_64\t0\topenssl-3.3.0-1.azl3.src.rpm\n",
			},
			want: []string{"Azure Linux pkg:rpm/azurelinux/openssl-libs@3.3.0-1.azl3?arch=x86_64&distro=azurelinux-3.0"},
		},
		"distroless of debian": {
			files: map[string]string{"usr/lib/os-release": debianRelease, "var/lib/dpkg/status.d/bash": "Package: bash\nArchitecture: amd64\nVersion: 5.2.15-2\n"},
			want:  []string{"Debian pkg:deb/debian/bash@5.2.15-2?arch=amd64&distro=debian-12"},
		},
		"no database": {files: map[string]string{"etc/os-release": alpineRelease}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for p, text := range tc.files {
				p = filepath.Join(root, p)
				if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for p, to := range tc.links {
				p = filepath.Join(root, p)
				if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(to, p); err != nil {
					t.Fatal(err)
				}
			}
			src, err := rootfs.Open(t.Context(), root, rootfs.Options{Kind: artifact.RootFS})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			inv, err := extract.Run(t.Context(), src, ospkg.Extractors(), extract.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range inv.Packages {
				got = append(got, string(p.Ecosystem)+" "+p.PURL)
			}
			slices.Sort(got)
			if d := cmp.Diff(tc.want, got); d != "" || len(inv.Incomplete) > 0 {
				t.Errorf("incomplete: %v; packages (-want +got):\n%s", inv.Incomplete, d)
			}
		})
	}
}
