package inventory_test

import (
	"testing"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

func TestShipsOf(t *testing.T) {
	t.Parallel()
	links := map[string]bool{"usr/lib/x86_64-linux-gnu/libz.so": true}
	for name, tt := range map[string]struct {
		paths []string
		want  inventory.Ships
	}{
		"kernel headers":               {[]string{"usr/include/linux/bpf.h", "usr/share/doc/linux-libc-dev/copyright"}, inventory.ShipsHeaders},
		"headers with the link to use": {[]string{"usr/include/zlib.h", "usr/lib/x86_64-linux-gnu/libz.so", "usr/lib/x86_64-linux-gnu/pkgconfig/zlib.pc"}, inventory.ShipsHeaders},
		"headers with a static lib":    {[]string{"usr/include/zlib.h", "usr/lib/x86_64-linux-gnu/libz.a"}, ""},
		"a manual":                     {[]string{"usr/share/doc/x/index.html", "usr/share/man/man1/x.1.gz"}, inventory.ShipsDocumentation},
		"translations":                 {[]string{"usr/share/doc/x/copyright", "usr/share/locale/de/LC_MESSAGES/x.mo"}, inventory.ShipsTranslations},
		"a program":                    {[]string{"usr/bin/x", "usr/share/doc/x/copyright"}, ""},
		"data":                         {[]string{"usr/share/ca-certificates/x.crt"}, ""},
		"a folder of a similar name":   {[]string{"usr/include-tools/x"}, ""},
		"nothing":                      {nil, ""},
	} {
		if got := inventory.ShipsOf(tt.paths, func(p string) bool { return links[p] }); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestContentsFollowsNamesOnlyWhereFilesAreNotKnown(t *testing.T) {
	t.Parallel()
	p := inventory.Package{Name: "kernel-headers", Ecosystem: purl.RedHat}
	if got := p.Contents(); got != inventory.ShipsHeaders {
		t.Errorf("by name: %q", got)
	}
	p.SetFiles("")
	if got := p.Contents(); got != "" {
		t.Errorf("its files say otherwise, and %q", got)
	}
	for name, e := range map[string]purl.Ecosystem{"libssl-dev": purl.Debian, "kernel": purl.RedHat, "musl-dev": purl.Alpine, "x-doc": purl.NPM} {
		if p := (inventory.Package{Name: name, Ecosystem: e}); p.Contents() != "" {
			t.Errorf("%s of %s: %q", name, e, p.Contents())
		}
	}
}
