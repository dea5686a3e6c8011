package inventory

import (
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// Ships says of an OS package that all it brings is of one kind which cannot run, so that the vulnerabilities of its source package are
// not in it. Empty: it brings something else too, or that is not known.
type Ships string

// The kinds of contents that cannot run.
const (
	ShipsHeaders       Ships = "headers"       // C headers and what helps to compile against them
	ShipsDocumentation Ships = "documentation" // manuals, licences, change logs; also packages that only depend on others
	ShipsTranslations  Ships = "translations"  // message catalogues and locale definitions
)

// ShipsOf judges the files of a package by their paths, which are relative to the root. Links, if set, says which are symbolic links: those bring
// nothing of their own. A package with headers and translations ships headers: the kind that is more than documentation counts.
func ShipsOf(paths []string, link func(path string) bool) Ships {
	var found Ships
	for _, p := range paths {
		kind, known := fileKind(p)
		switch {
		case !known && link != nil && link(p):
			kind = ShipsHeaders // libx.so, to link against
		case !known:
			return ""
		}
		if kind == ShipsHeaders || found == "" || found == ShipsDocumentation {
			found = kind
		}
	}
	return found
}

// fileKind says what a file is by its place and, below the folders of libraries, by its name.
func fileKind(p string) (Ships, bool) {
	switch {
	case within(p, "usr/include"), within(p, "usr/lib/pkgconfig"), within(p, "usr/share/pkgconfig"), within(p, "usr/share/aclocal"),
		within(p, "usr/share/cmake"), within(p, "usr/lib/cmake"), within(p, "usr/lib64/cmake"), within(p, "usr/lib64/pkgconfig"),
		within(p, "usr/src/kernels"), strings.HasPrefix(p, "usr/src/linux-headers-"), strings.HasPrefix(p, "usr/src/linux-obj-"):
		return ShipsHeaders, true
	case within(p, "usr/share/doc"), within(p, "usr/share/man"), within(p, "usr/share/info"), within(p, "usr/share/licenses"),
		within(p, "usr/share/gtk-doc"), within(p, "usr/share/help"), within(p, "usr/share/doc-base"), within(p, "usr/share/lintian"),
		within(p, "usr/share/bug"), within(p, "usr/share/javadoc"), within(p, "usr/lib/.build-id"):
		return ShipsDocumentation, true
	case within(p, "usr/share/locale"), within(p, "usr/lib/locale"), within(p, "usr/share/i18n"), within(p, "usr/share/locale-langpack"):
		return ShipsTranslations, true
	}
	switch path.Ext(p) {
	case ".h", ".hh", ".hpp", ".hxx", ".pc", ".m4":
		return ShipsHeaders, true
	case ".mo":
		return ShipsTranslations, true
	case ".cmake":
		return ShipsHeaders, strings.Contains(p, "/cmake/")
	}
	return "", false
}

func within(p, dir string) bool {
	return len(p) > len(dir) && p[len(dir)] == '/' && strings.HasPrefix(p, dir) || p == dir
}

// Contents says what an OS package ships: by its files where they were seen, else by the conventions of its distribution's names, which
// are only followed where they leave no doubt.
func (p *Package) Contents() Ships {
	if p.Ships != "" || p.FilesKnown || !p.OS() {
		return p.Ships
	}
	return shipsByName(p.Ecosystem, p.Name)
}

func shipsByName(e purl.Ecosystem, name string) Ships {
	switch e.Type() {
	case "deb":
		switch {
		case name == "linux-libc-dev", strings.HasPrefix(name, "linux-headers-"):
			return ShipsHeaders
		case strings.HasSuffix(name, "-doc"), strings.HasSuffix(name, "-docs"):
			return ShipsDocumentation
		case strings.HasSuffix(name, "-locales"), strings.HasSuffix(name, "-l10n"), strings.HasSuffix(name, "-i18n"):
			return ShipsTranslations
		}
	case "rpm":
		switch {
		case name == "kernel-headers", name == "kernel-devel", strings.HasSuffix(name, "-kernel-headers"), strings.HasSuffix(name, "-kernel-devel"):
			return ShipsHeaders
		case strings.HasSuffix(name, "-doc"), strings.HasSuffix(name, "-docs"), strings.HasSuffix(name, "-javadoc"):
			return ShipsDocumentation
		case strings.HasSuffix(name, "-lang"), strings.HasSuffix(name, "-locale"), strings.Contains(name, "-langpack-"):
			return ShipsTranslations
		}
	case "apk":
		switch {
		case name == "linux-headers":
			return ShipsHeaders
		case strings.HasSuffix(name, "-doc"):
			return ShipsDocumentation
		case strings.HasSuffix(name, "-lang"):
			return ShipsTranslations
		}
	}
	return ""
}

// SetFiles notes what the files of the package show: see [ShipsOf].
func (p *Package) SetFiles(s Ships) { p.Ships, p.FilesKnown = s, true }
