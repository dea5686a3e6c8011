package redhat

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// build is a fix by a build of a module: "nodejs:18-8080020230306170042.63b34585". It names no package and no version of one, but the number is the
// version of the module, which installed packages have in their modularity labels. Its first digits are the minor release that it was built for
// (8.08.00), and the last 14 the time.
type build struct {
	major, module string
	minor         string // of the update stream that holds on to it; empty: main
	number        string
	severity      vuln.Severity
	date          time.Time
}

const stampLength = len("20230306170042")

// parseBuild reads "nodejs:18-8080020230306170042.63b34585".
func parseBuild(s string) (b build, ok bool) {
	name, rest, _ := strings.Cut(s, ":")
	i := strings.LastIndexByte(rest, '-')
	if i <= 0 || !nevra.Name(name) || !nevra.Name(rest[:i]) || rest[:i] == "flatpak" {
		return b, false
	}
	number, context, ok := strings.Cut(rest[i+1:], ".")
	if !ok || !nevra.Name(context) || len(number) < stampLength+len("90200") || len(number) > stampLength+len("100200") || strings.Trim(number, "0123456789") != "" {
		return b, false
	}
	b.module, b.number = name+":"+rest[:i], number
	return b, true
}

// platform is the minor release that the build was made for, as the first digits of its number.
func (b *build) platform() string { return b.number[:len(b.number)-stampLength-len("00")] }

// afterPlatform is higher than all builds for a minor release, and lower than those for the next.
func afterPlatform(platform string) string {
	return platform + strings.Repeat("9", len("00")+stampLength)
}

// ofMinor says whether the build was made for a minor release of its major one: "80800..." for 8.8.
func (b *build) ofMinor(minor string) bool {
	if len(minor) < 2 {
		minor = "0" + minor
	}
	return b.platform() == b.major+minor
}

// settleBuilds makes the builds of a record one verdict for each package that they mend. The name of such a package is that of the module's stream and of
// the source package, and its versions are numbers of builds. It takes what the record says otherwise of such a package, which a fix outdoes, out of the
// facts; unplaced counts the fixes of which the record does not tell the packages.
func settleBuilds(builds []build, facts []fact, named *mentions) (out []vuln.Affected, rest []fact, unplaced int) {
	slices.SortStableFunc(builds, func(a, b build) int {
		return cmp.Or(cmp.Compare(len(a.major), len(b.major)), strings.Compare(a.major, b.major), strings.Compare(a.module, b.module))
	})
	for len(builds) > 0 {
		n := 1
		for n < len(builds) && builds[n].major == builds[0].major && builds[n].module == builds[0].module {
			n++
		}
		of := builds[:n]
		builds = builds[n:]
		fixes := 0
		for _, b := range of {
			if b.minor == "" {
				fixes++
			}
		}
		if fixes == 0 {
			continue // an update stream alone does not say what is affected
		}
		packages := named.mended(of[0].module)
		if len(packages) == 0 {
			unplaced += fixes
		}
		for _, p := range packages {
			a := vuln.Affected{Namespace: string(purl.RedHat) + ":" + of[0].major, Package: of[0].module + "/" + p, Ranges: buildRanges(of)}
			for _, b := range of {
				if b.minor != "" {
					continue
				}
				a.Severity = max(a.Severity, b.severity)
				if a.FixedAt.IsZero() || !b.date.IsZero() && b.date.Before(a.FixedAt) {
					a.FixedAt = b.date
				}
			}
			out = append(out, a)
			facts = slices.DeleteFunc(facts, func(f fact) bool { return f.at == place{of[0].major, of[0].module, p} })
		}
	}
	return out, facts, unplaced
}

// buildRanges says which builds of a stream of a module are affected. In each minor release the last fix mends what comes after it there; the main
// stream's last one mends all that follows.
func buildRanges(builds []build) []vuln.Range {
	last := map[string]build{} // platform -> its last fix; of one that the main stream mends, the main stream's
	final := ""                // the platform of the main stream's last
	for _, b := range builds {
		if b.minor != "" && !b.ofMinor(b.minor) {
			continue
		}
		at := b.platform()
		have, ok := last[at]
		if ok && (have.minor == "") != (b.minor == "") {
			if b.minor != "" {
				continue
			}
			ok = false
		}
		if !ok || compare(b.number, have.number) > 0 {
			last[at] = b
		}
		if b.minor == "" && (final == "" || compare(at, final) > 0) {
			final = at
		}
	}
	ordered := make([]build, 0, len(last))
	for at, b := range last {
		if compare(at, final) <= 0 {
			ordered = append(ordered, b)
		}
	}
	slices.SortFunc(ordered, func(a, b build) int { return compare(a.number, b.number) })
	var ranges []vuln.Range
	from := "0"
	for _, b := range ordered {
		r := vuln.Range{Introduced: from, Fixed: b.number}
		if b.minor != "" { // to install is the main stream's
			r.Fixed, r.Limit = "", b.number
		}
		ranges = append(ranges, r)
		from = afterPlatform(b.platform())
	}
	return ranges
}

// mentions are the names of packages in a record, from which is told what a module's fix is about.
type mentions struct {
	title    string   // the component that it begins with: "nodejs" of "nodejs: HTTP request smuggling"
	packages []string // outside of modules
	modular  []modular
}

// modular is a package which the record names in a stream of a module.
type modular struct {
	module, name string // the module without its stream
	affected     bool
}

func newMentions(title string) *mentions {
	m := &mentions{}
	if component, _, ok := strings.Cut(title, ":"); ok && nevra.Name(component) {
		m.title = component
	}
	return m
}

// row takes in the package of a row of affected_release or package_state.
func (m *mentions) row(pkg string, s state) {
	if n, ok := nevra.Parse(pkg); ok {
		m.packages = append(m.packages, n.Name)
		return
	}
	module, name, ok := component(pkg)
	switch {
	case !ok:
	case module == "":
		m.packages = append(m.packages, name)
	default:
		module, _, _ = strings.Cut(module, ":")
		m.modular = append(m.modular, modular{base(module), name, s != notAffected})
	}
}

// base is the module whose sources the builds for developers ("virt-devel") share.
func base(module string) string { return strings.TrimSuffix(module, "-devel") }

// mended names the source packages of a module that its fix is about, as far as the record tells. An erratum ships all packages of the module anew, whichever
// it mends, and the record names none of them. But it does name
//
//   - packages of the module's other streams: those that are affected there, or where there are no others, those that are not;
//   - packages outside of modules: the one that has the module's name, or else the one that the title begins with.
//
// What nodejs carries along (npm and all below it) is part of the package nodejs.
func (m *mentions) mended(stream string) []string {
	module, _, _ := strings.Cut(stream, ":")
	module = base(module)
	var out, cleared []string
	for _, p := range m.modular {
		switch {
		case p.module != module:
		case p.affected:
			out = append(out, p.name)
		default:
			cleared = append(cleared, p.name)
		}
	}
	if len(out) == 0 && !strings.HasSuffix(module, "-toolset") && module != "python27" && slices.Contains(m.packages, module) { // those have an empty package of their name
		out = append(out, module)
	}
	switch title := strings.ToLower(m.title); {
	case title == module:
		out = append(out, module)
	case title == "python" || title == "cpython":
		switch module {
		case "python27":
			out = append(out, "python2")
		case "python38", "python39":
			out = append(out, module)
		}
	case len(out) > 0 || title == "golang" && module != "go-toolset" || title == "jquery" || title == "bootstrap" || title == "tomcat":
		// What other packages carry along is none of the module's, though it is elsewhere.
	case slices.Contains(m.packages, m.title):
		out = append(out, m.title)
	}
	switch {
	case len(out) > 0:
	case len(cleared) > 0:
		out = cleared
	case module == "nodejs":
		out = append(out, module)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
