package node

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
	"github.com/sightline-sec/sightline/internal/purl"
)

// maxPackages is far above what the largest of projects locks.
const maxPackages = 50_000

// pins collects the packages of one lock file, each once.
type pins struct {
	facts    *extract.Facts
	seen     map[string]bool
	nameless int
	cut      bool
}

func newPins(facts *extract.Facts) *pins { return &pins{facts: facts, seen: map[string]bool{}} }

// first says whether a package is one to add: it has a name, is not there yet, and fits.
func (f *pins) first(name, key string) bool {
	switch {
	case name == "", strings.ContainsFunc(name, unicode.IsSpace): // which no name on a registry has
		f.nameless++
		return false
	case f.cut || f.seen[key]:
		return false
	case len(f.seen) == maxPackages:
		f.cut = true
		f.facts.Report(artifact.PackagesLimit, fmt.Sprintf("more than %d packages in one file", maxPackages))
		return false
	}
	f.seen[key] = true
	return true
}

// done reports what could not be added.
func (f *pins) done() {
	if f.nameless > 0 {
		f.facts.Report(artifact.Unparsable, counted(f.nameless, "package")+" without a name that npm allows")
	}
}

// counted is "1 package" or "2 packages".
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

func (f *pins) add(name, version string, licenses []string) {
	name, version = strings.TrimSpace(name), strings.TrimSpace(version)
	if f.first(name, name+"@"+version) {
		f.facts.Packages = append(f.facts.Packages, npmPackage(name, version, licenses))
	}
}

// addFrom adds a package by where it came from. Of an archive whose name is made as npm makes it, the name tells the
// version, as npm has it too. A repository at a commit tells none: the package stays without a version, since no
// published one is it, and its purl says where it is from.
func (f *pins) addFrom(name, from string) {
	if version := versionOfArchive(name, from); version != "" {
		f.add(name, version, nil)
		return
	}
	name = strings.TrimSpace(name)
	p := npmPackage(name, "", nil)
	qualifier := "vcs_url"
	if isArchive(from) {
		qualifier = "download_url"
	}
	p.PURL = purl.Make(purl.NPM, "", name, "", []purl.Qualifier{{Key: qualifier, Value: publicURL(from)}}, "")
	if f.first(name, p.PURL) { // what may be secret in an address does not tell two packages apart
		f.facts.Packages = append(f.facts.Packages, p)
	}
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

// versionOfArchive reads "https://host/@s/name/-/name-1.2.3.tgz" and "file:../s-name-1.2.3.tgz"; empty where the archive is
// not named so.
func versionOfArchive(name, from string) string {
	if !isArchive(from) {
		return ""
	}
	from, _, _ = strings.Cut(from, "#")
	base := path.Base(from)
	version, ok := strings.CutPrefix(base, path.Base(name)+"-")
	if !ok { // npm pack puts the scope before
		if version, ok = strings.CutPrefix(base, strings.ReplaceAll(strings.TrimPrefix(name, "@"), "/", "-")+"-"); !ok {
			return ""
		}
	}
	version = trimArchive(version)
	if !startsWithDigit(version) || strings.Count(version, ".") < 2 || strings.ContainsAny(version, " ?&%") {
		return ""
	}
	return version
}

func isArchive(from string) bool {
	from, _, _ = strings.Cut(from, "#")
	return trimArchive(from) != from
}

func trimArchive(name string) string {
	for _, ending := range []string{".tgz", ".tar.gz", ".tar"} {
		if cut, ok := strings.CutSuffix(name, ending); ok {
			return cut
		}
	}
	return name
}

// isPath says whether a range leads to a folder of the project.
func isPath(spec string) bool {
	for _, prefix := range []string{"link:", "portal:", "workspace:"} {
		if strings.HasPrefix(spec, prefix) {
			return true
		}
	}
	for _, prefix := range []string{"file:", "./", "../", "/"} {
		if strings.HasPrefix(spec, prefix) {
			return !isArchive(spec)
		}
	}
	return false
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
