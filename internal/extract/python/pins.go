package python

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

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
	if p.Name == "" || len(p.Name)+len(p.Version) > maxValue || f.seen[key] {
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

// report notes names that have something in common, the first few of them by name.
func report(facts *extract.Facts, names []string, what string) {
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	names = slices.Compact(names)
	const shown = 10
	text := strings.Join(names[:min(shown, len(names))], ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	facts.Report(artifact.Unsupported, fmt.Sprintf("%.1000s: %s", text, what))
}
