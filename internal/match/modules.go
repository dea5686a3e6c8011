package match

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// about parts the rows of an rpm into those that are about the subject and those about other module streams; rows about the
// other kind of package, source or binary, are neither. Where all are about it, which is common, nothing is copied.
func about(versions []string, rows []vulndb.Row, q question, s subject) (kept, strange []vulndb.Row) {
	kind := func(r *vulndb.Row) bool { return r.Binary && s.binary || !r.Binary && s.source }
	stream := func(r *vulndb.Row) bool { return inStream(versions, r, q.module, s.version) }
	all := true
	for i := range rows {
		if !kind(&rows[i]) || !stream(&rows[i]) {
			all = false
			break
		}
	}
	if all {
		return rows, nil
	}
	for i := range rows {
		switch r := &rows[i]; {
		case !kind(r):
		case stream(r):
			kept = append(kept, *r)
		default:
			strange = append(strange, *r)
		}
	}
	return kept, strange
}

// inStream says whether a row speaks of packages in the module stream ("nodejs:18"; empty: of packages outside of modules). A row that does not
// name its stream is taken as of the package's own where its fixed versions are of the same upstream line: streams are named after
// the line where they differ by it, and versions of several streams do not compare.
func inStream(versions []string, r *vulndb.Row, module, installed string) bool {
	if module == "" && r.Module != "" {
		return moduleBuild(installed) // its label was lost, and its release still tells that it is of some stream
	}
	if r.Module != vuln.AnyModule {
		return r.Module == module && (module != "" || !moduleBuild(installed))
	}
	_, line, _ := strings.Cut(module, ":")
	if !ofLine(installed, line) {
		return true // the stream is not named after a line of this package
	}
	return !slices.ContainsFunc(r.Intervals, func(in vulndb.Interval) bool {
		return in.Fixed >= 0 && !ofLine(versions[in.Fixed], line)
	})
}

// moduleBuild says whether a release says that it was built as part of a module: "1.module_el8.6.0+2904+41b41fb0".
func moduleBuild(version string) bool {
	return strings.Contains(version, ".module_") || strings.Contains(version, ".module+")
}

// buildOf is what is looked up of a package by the build of the module that it is of. Red Hat's records name a module's fixes by its builds and not by the
// versions of packages; the rows are found under the stream and the source package, "nodejs:18/nodejs". Rebuilds of the same modules have builds
// of their own, and other releases: ".module_el8.5.0+..." for Red Hat's ".module+el8.5.0+...".
func buildOf(p *inventory.Package, source string) subject {
	number, _, _ := strings.Cut(p.ModuleBuild, ":")
	if p.Module == "" || number == "" || !strings.Contains(p.Version, ".module+") {
		return subject{}
	}
	return subject{name: p.Module + "/" + source, version: number, source: true, build: true}
}

// lostBuild says whether advisories name builds of the package's module, and its own is not known.
func (m *matcher) lostBuild(p *inventory.Package, q question) (bool, error) {
	if p.Module == "" || q.subjects[2].build {
		return false, nil
	}
	_, has, err := m.db.Package(q.namespace, p.Module+"/"+q.subjects[0].name)
	if err != nil {
		return false, fmt.Errorf("looking up builds of %s in %s: %w", p.Module, q.namespace, err)
	}
	return has, nil
}

// module is the stream of which the versions of the table are builds; empty where they are those of packages.
func (t *table) module() string {
	if !t.build {
		return ""
	}
	module, _, _ := strings.Cut(t.name, "/")
	return module
}

// ofLine says whether the upstream version behind the epoch is the line or begins with it: 18.20.4 is of the line 18.
func ofLine(version, line string) bool {
	if _, after, found := strings.Cut(version, ":"); found {
		version = after
	}
	rest, ok := strings.CutPrefix(version, line)
	return ok && line != "" && (rest == "" || rest[0] == '.' || rest[0] == '-')
}

// judgeStrange notes the vulnerabilities that only advisories of other module streams see in the installed version.
func (m *matcher) judgeStrange(t *table, module string, a *answer) error {
	for i := range t.strange {
		r := &t.strange[i]
		if r.Status != vuln.StatusAffected && r.Status != vuln.StatusWontFix {
			continue
		}
		if _, _, ok := t.holds(&t.installed, r); !ok || slices.ContainsFunc(a.hits, func(h *hit) bool { return h.ordinal == r.Vuln }) {
			continue
		}
		record, err := m.vulnerability(r.Vuln)
		if err != nil {
			return err
		}
		if n := len(a.beaten); n > 0 && a.beaten[n-1].Vulnerability == record.ID {
			continue // one entry tells it
		}
		a.beaten = append(a.beaten, finding.Suppressed{
			Vulnerability: record.ID, Reason: finding.OtherModule, Severity: cmp.Or(r.Severity, record.Severity),
			Detail: fmt.Sprintf("%s of %s is about %s; the package is of %s", r.Advisory, r.Feed, moduleName(r.Module), moduleName(module)),
		})
	}
	return nil
}

// moduleName names a stream for a person.
func moduleName(module string) string {
	switch module {
	case "":
		return "no module"
	case vuln.AnyModule:
		return "another module stream"
	}
	return "the module " + module
}
