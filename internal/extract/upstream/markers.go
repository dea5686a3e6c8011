package upstream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/sightline-sec/sightline/internal/extract"
)

// markers reads text files that an installation brings.
type markers struct {
	table []marker
}

var _ extract.Extractor = (*markers)(nil)

// marker is a file that tells a version.
type marker struct {
	base string
	name string
	fits func(path string) bool
	// pattern has the version in its group v, or in pieces.
	pattern *regexp.Regexp
	version func(groups []string) string
}

// toolchain is the name that the Go vulnerability database gives to Go's own commands. The standard library in each binary that they made is golang's to tell.
const toolchain = "toolchain"

// maxMarker is how much of a file is looked at: the versions stand near the front. rbconfig.rb and release notes are longer than the others.
const maxMarker = 32 << 10

func newMarkers() *markers {
	end := func(suffix string) func(string) bool {
		return func(p string) bool { return strings.HasSuffix("/"+p, suffix) }
	}
	dotted := func(g []string) string { return strings.Join(g[1:], ".") }
	first := func(g []string) string { return g[1] }
	return &markers{table: []marker{
		{"node_version.h", "node", nil, regexp.MustCompile(`(?s)#define NODE_MAJOR_VERSION (\d+)\s.*#define NODE_MINOR_VERSION (\d+)\s.*#define NODE_PATCH_VERSION (\d+)\s.*#define NODE_VERSION_IS_RELEASE 1\b`), dotted},
		{"patchlevel.h", "python", nil, regexp.MustCompile(`(?m)^#define PY_VERSION\s+"([0-9][0-9a-z.]*)\+?"`), first},
		{"php_version.h", "php", nil, regexp.MustCompile(`(?m)^#define PHP_VERSION "([0-9][0-9A-Za-z.]*)`), first},
		{"rbconfig.rb", "ruby", nil, regexp.MustCompile(`(?s)CONFIG\["MAJOR"\] = "(\d+)".*CONFIG\["MINOR"\] = "(\d+)".*CONFIG\["TEENY"\] = "(\d+)"`), dotted},
		// Node.js brings the headers of the OpenSSL inside it, which is its own affair.
		{"opensslv.h", "openssl", func(p string) bool { return !strings.Contains(p, "/node/") }, regexp.MustCompile(`OPENSSL_VERSION_TEXT\s+"OpenSSL ([0-9][0-9a-z.]*)`), first},
		{"OTP_VERSION", "erlang", func(p string) bool { return path.Base(path.Dir(path.Dir(p))) == "releases" }, regexp.MustCompile(`^([0-9][0-9.]*)\s*$`), first},
		{"VERSION", toolchain, nil, regexp.MustCompile(`^go(1\.\d+(?:\.\d+|rc\d+|beta\d+)?)(?:\s|$)`), goVersion},
		{"version.php", "wordpress", end("/wp-includes/version.php"), regexp.MustCompile(`(?m)^\$wp_version = '([0-9][0-9A-Za-z.-]*)';`), first},
		{"Drupal.php", "drupal", end("/core/lib/Drupal.php"), regexp.MustCompile(`(?m)^\s*const VERSION = '([0-9][0-9A-Za-z.-]*)';`), first},
		{"RELEASE-NOTES", "tomcat", nil, regexp.MustCompile(`Apache Tomcat Version ([0-9]+\.[0-9][0-9A-Za-z.-]*)`), first},
	}}
}

// goVersion spells Go's version as semantic versioning does, and as golang spells that of the standard library.
func goVersion(g []string) string {
	v := g[1]
	for _, word := range []string{"rc", "beta"} {
		if release, n, ok := strings.Cut(v, word); ok {
			return release + ".0-" + word + "." + n
		}
	}
	if strings.Count(v, ".") == 1 {
		v += ".0"
	}
	return v
}

func (*markers) Name() string  { return "upstream-files" }
func (*markers) Revision() int { return 1 }

func (m *markers) Claims() []extract.Claim {
	claims := make([]extract.Claim, 0, len(m.table))
	for _, k := range m.table {
		claims = append(claims, extract.Claim{Base: k.base, Match: k.fits, Stream: true, NoSymlink: true})
	}
	return claims
}

func (m *markers) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	base := path.Base(file.Path)
	for i := range m.table {
		k := &m.table[i]
		if k.base != base || k.fits != nil && !k.fits(file.Path) {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(file.Reader(), maxMarker))
		if err != nil {
			return fmt.Errorf("reading the version of %s: %w", k.name, err)
		}
		g := k.pattern.FindSubmatch(b)
		if g == nil {
			return nil // another file of this name
		}
		groups := make([]string, len(g))
		for i := range g {
			groups[i] = string(g[i])
		}
		line, _, _ := bytes.Cut(bytes.TrimSpace(g[0]), []byte("\n"))
		facts.Packages = append(facts.Packages, found(k.name, k.version(groups), "line", string(bytes.TrimSpace(line))))
	}
	return nil
}
