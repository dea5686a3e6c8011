package python

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// pypiPackage makes a package of PyPI; the purl has the normalised name.
func pypiPackage(name, version string, licenses []string) inventory.Package {
	return inventory.Package{
		Name: name, Version: version, Ecosystem: purl.PyPI, Licenses: licenses,
		PURL: purl.Make(purl.PyPI, "", purl.NormalizeName(purl.PyPI, name), version, nil, ""),
	}
}

// pins collects the packages of one file, each once.
type pins struct {
	facts    *extract.Facts
	seen     map[string]bool
	evidence []inventory.Evidence // of each of them
	nameless int
	cut      bool
}

// maxPackages is far above what the largest of projects locks.
const maxPackages = 50_000

// done reports what could not be added.
func (f *pins) done() {
	switch {
	case f.nameless == 1:
		f.facts.Report(artifact.Unparsable, "1 package without a name that can be one")
	case f.nameless > 1:
		f.facts.Report(artifact.Unparsable, fmt.Sprintf("%d packages without a name that can be one", f.nameless))
	}
}

func newPins(facts *extract.Facts) *pins { return &pins{facts: facts, seen: map[string]bool{}} }

func (f *pins) add(name, version string) {
	f.put(pypiPackage(strings.TrimSpace(name), strings.TrimSpace(version), nil))
}

// addFrom adds a package that is pinned to a place and not to a version: a repository at a commit, an archive. A file name
// that follows the rules for distributions tells the version; else the package stays without one, and its purl says where
// it is from.
func (f *pins) addFrom(name, from string) {
	if _, version := versionOfFile(from); version != "" {
		f.add(name, version)
		return
	}
	name = strings.TrimSpace(name)
	p := pypiPackage(name, "", nil)
	qualifier := "vcs_url"
	if isArchive(from) {
		qualifier = "download_url"
	}
	p.PURL = purl.Make(purl.PyPI, "", purl.NormalizeName(purl.PyPI, name), "", []purl.Qualifier{{Key: qualifier, Value: publicURL(from)}}, "")
	f.put(p)
}

func (f *pins) put(p inventory.Package) {
	key := p.Name + "@" + p.Version
	if p.Version == "" {
		key = p.PURL
	}
	switch {
	case p.Name == "" || len(p.Name)+len(p.Version) > maxValue:
		f.nameless++
		return
	case f.cut || f.seen[key]:
		return
	case len(f.seen) == maxPackages:
		f.cut = true
		f.facts.Report(artifact.PackagesLimit, fmt.Sprintf("more than %d packages in one file", maxPackages))
		return
	}
	f.seen[key] = true
	p.Evidence = slices.Clone(f.evidence)
	f.facts.Packages = append(f.facts.Packages, p)
}

// versionOfFile reads name and version from the file name of a wheel or source archive, see
// https://packaging.python.org/specifications/binary-distribution-format/ and .../source-distribution-format/.
func versionOfFile(from string) (name, version string) {
	from, _, _ = strings.Cut(from, "#")
	from, _, _ = strings.Cut(from, "?")
	base := path.Base(from)
	if wheel, ok := strings.CutSuffix(base, ".whl"); ok {
		parts := strings.Split(wheel, "-")
		if len(parts) < 5 {
			return "", ""
		}
		name, version = parts[0], parts[1]
	} else {
		trimmed := trimArchive(base)
		i := strings.LastIndexByte(trimmed, '-')
		if trimmed == base || i < 0 {
			return "", ""
		}
		name, version = trimmed[:i], trimmed[i+1:]
	}
	if text, err := url.PathUnescape(version); err == nil {
		version = text
	}
	if version == "" || version[0] < '0' || version[0] > '9' || strings.ContainsAny(version, " /") {
		return "", ""
	}
	return name, version
}

func isArchive(from string) bool {
	from, _, _ = strings.Cut(from, "#")
	from, _, _ = strings.Cut(from, "?")
	return strings.HasSuffix(from, ".whl") || trimArchive(from) != from
}

func trimArchive(name string) string {
	for _, ending := range []string{".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar"} {
		if cut, ok := strings.CutSuffix(name, ending); ok {
			return cut
		}
	}
	return name
}

// publicURL is an address without what may be secret in it: passwords and tokens stand before the host or in the query.
// A path on the disk is none.
func publicURL(from string) string {
	u, err := url.Parse(from)
	if err != nil || u.Scheme == "" || u.Scheme == "file" {
		return ""
	}
	if u.User != nil && u.User.String() != "git" { // the name that everybody has
		u.User = nil
	}
	u.RawQuery = ""
	return u.String()
}

// names are what is told of entries that have something in common. Past a number they are only counted, so that memory is bounded.
type names struct {
	list []string
	more int
}

func (n *names) add(name string) {
	if len(n.list) == maxPackages {
		n.more++
		return
	}
	n.list = append(n.list, strings.Clone(name[:min(len(name), maxName)]))
}

// maxName bounds what is kept of a name that is only told.
const maxName = 204

// report notes names that have something in common, the first few of them by name.
func report(facts *extract.Facts, n names, what string) {
	if len(n.list) == 0 {
		return
	}
	slices.Sort(n.list)
	list := slices.Compact(n.list)
	const shown = 10
	parts := make([]string, 0, shown)
	for _, name := range list[:min(shown, len(list))] {
		parts = append(parts, printable(name))
	}
	text := strings.Join(parts, ", ")
	if more := len(list) - len(parts) + n.more; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	facts.Report(artifact.Unsupported, fmt.Sprintf("%.1000s: %s", text, what))
}

// printable is a name that may be anything, as it can be shown.
func printable(name string) string {
	const most = 200
	if len(name) > most {
		name = name[:most] + "..."
	}
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return strconv.Quote(name)
	}
	return name
}
