// Package ospkg reads the databases of the distributions' package managers: dpkg, apk and rpm, the files that
// their packages own, the licences of Debian's packages, and which distribution it is. It promises the packages that the
// package manager itself lists, with source package and version as it computes them, and memory bounded by the file's
// size. Which advisories hold for a release is inventory's work; the merge joins packages with owned files and licences.
package ospkg

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// Extractors lists the extractors of this package.
func Extractors() []extract.Extractor {
	return []extract.Extractor{Dpkg{}, DpkgFiles{}, DpkgCopyright{}, Apk{}, Rpm{}, RpmManifest{}, OSRelease{}}
}

// Bounds of one file's facts. A hostile file says much with few bytes; real ones stay far below.
const (
	maxPackages  = 100_000   // all of Debian has about 70,000
	maxWord      = 256       // bytes of a name or a version; dpkg's own files are named by them
	maxPaths     = 1_000_000 // owned files; the most of a Debian package is about 100,000
	maxPath      = 4096      // bytes of a path, as in the kernel
	maxPathBytes = 64 << 20  // all paths of an apk or rpm database
)

// complaints counts what was not understood, so that a file of a million broken stanzas makes one report of each kind.
type complaints struct {
	unit  string // of what is counted; default "line"
	kinds []complaint
}

type complaint struct {
	what  string
	line  int // or other unit, of the first
	count int
}

func (c *complaints) add(what string, line int) {
	for i := range c.kinds {
		if c.kinds[i].what == what {
			c.kinds[i].count++
			return
		}
	}
	c.kinds = append(c.kinds, complaint{what: what, line: line, count: 1})
}

// tooMany begins a complaint that is about a limit.
const tooMany = "too many packages"

func (c *complaints) report(facts *extract.Facts) {
	for _, k := range c.kinds {
		detail := fmt.Sprintf("%s %d: %s", cmp.Or(c.unit, "line"), k.line, k.what)
		if k.count > 1 {
			detail += fmt.Sprintf(" (%d times)", k.count)
		}
		reason := artifact.Unparsable
		if strings.HasPrefix(k.what, tooMany) {
			reason = artifact.PackagesLimit
		}
		facts.Report(reason, detail)
	}
}

// legalVersion holds for what can stand in a version or an architecture of any package manager here: printable ASCII
// without spaces.
func legalVersion(s []byte) bool {
	for _, c := range s {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(s) > 0 && len(s) <= maxWord
}

// legalName holds for package names: dpkg takes letters, digits and -+._ with a letter or digit first; apk also takes a
// dot first, which is how it names virtual packages.
func legalName(s []byte) bool {
	for i, c := range s {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.':
		case i > 0 && (c == '-' || c == '+' || c == '_'):
		default:
			return false
		}
	}
	return len(s) > 0 && len(s) <= maxWord
}

// interned keeps one copy of the few strings that repeat in a file (architectures).
type interned []string

func (n *interned) of(b []byte) string {
	for _, s := range *n {
		if s == string(b) {
			return s
		}
	}
	s := string(b)
	if len(*n) < 16 {
		*n = append(*n, s)
	}
	return s
}
