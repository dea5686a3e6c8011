package match

import (
	"fmt"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// unmatched is why packages of an ecosystem could not be matched.
type unmatched struct {
	ecosystem purl.Ecosystem
	why       reason
}

type reason uint8

const (
	_           reason = iota
	noDistro           // no distribution was recognised
	noRelease          // its release was not
	otherDistro        // the packages are not those of the distribution
	noData             // the database does not know the namespace
	noGroup            // the archive does not say of which group it is
	noModules          // it is built in an rpm module, and no advisory about it speaks of modules
	noBuild            // advisories name builds of its module, and its own is not known
)

// reportUnmatched gives one entry for each reason and ecosystem.
func (m *matcher) reportUnmatched() {
	for u, n := range m.missed {
		partly := u.why == noModules || u.why == noBuild
		if u.ecosystem.OS() && !partly {
			m.out.Unjudged += n
		}
		m.out.Incomplete = append(m.out.Incomplete, artifact.Incomplete{
			Reason: artifact.UnknownRelease,
			Detail: plural(n, string(u.ecosystem)+" package") + map[bool]string{false: " not matched: ", true: " not wholly matched: "}[partly] + m.explain(u),
		})
	}
}

func (m *matcher) explain(u unmatched) string {
	d := m.inv.Distro
	switch u.why {
	case noDistro:
		return "no distribution was recognised; is etc/os-release missing?"
	case noGroup:
		return "nothing in their archives says of which group they are, and advisories go by group and name"
	case noModules:
		return "they are built in rpm modules, and the database has no advisory about them that speaks of modules; for Red Hat only its VEX archive names all"
	case noBuild:
		return "advisories name builds of the rpm modules that they are of, and which builds these are is not known: their modularity labels are missing or cut short, or others than Red Hat built them"
	case noRelease:
		name := d.PrettyName
		if name == "" {
			name = d.ID + " " + d.VersionID
		}
		return fmt.Sprintf("the release of %q is not known", name)
	case otherDistro:
		return "the distribution is " + d.Namespace
	}
	ns := string(u.ecosystem)
	if u.ecosystem.OS() {
		ns = d.Namespace
	}
	return fmt.Sprintf("the database has no data for %s; `sightline db status` lists what it has", ns)
}

// report tells what could not be judged as written in one package.
func (m *matcher) report(p *inventory.Package, a *answer) {
	if a.unordered == "" && a.unreadable == "" {
		return
	}
	inc := artifact.Incomplete{Layer: p.Layer, Reason: artifact.UnorderedVersion}
	if len(p.Evidence) > 0 {
		inc.Path = p.Evidence[0].Path
	}
	for _, detail := range []string{a.unordered, a.unreadable} {
		if detail != "" {
			inc.Detail = fmt.Sprintf("%s package %s: %s", p.Ecosystem, p.Name, detail)
			m.out.Incomplete = append(m.out.Incomplete, inc)
		}
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
