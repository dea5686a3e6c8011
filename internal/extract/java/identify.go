package java

import (
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// described is what one folder below META-INF/maven says.
type described struct {
	coordinates
	licenses []string
	by       string // the file that says so
}

// packages adds what an archive says of itself and of the copies in it.
func (r *reading) packages(z *zipFile, c *contents, at location) error {
	m, err := r.manifest(z, c.manifest, at)
	if err != nil {
		return err
	}
	f := splitFileName(path.Base(at.path()), m.versions())
	if f.noCode() && !c.classes.any {
		return nil
	}
	var list []described
	for _, e := range c.poms {
		d, err := r.describe(z, e, at)
		if err != nil {
			return err
		}
		if d.artifact != "" {
			list = append(list, d)
		}
	}
	own := mainOf(list, f, m)
	for i, d := range list {
		how := d.by
		if i == own {
			if d.version == "" {
				if d.version = firstOf(f.version, m.versions()); d.version != "" {
					how += ", version by its file name or manifest"
				}
			}
			if len(d.licenses) == 0 {
				d.licenses = m.licenses()
			}
		} else {
			how += " of a copy in this archive"
		}
		r.facts.Packages = append(r.facts.Packages, mavenPackage(d.group, d.artifact, d.version, d.licenses, at.in(how)))
	}
	if own >= 0 {
		return nil
	}
	d, ok := deriveOwn(f, m, c, at.path())
	if ok && d.version != "" { // without one there is nothing to match; what is nested in it counts by itself
		r.facts.Packages = append(r.facts.Packages, mavenPackage(d.group, d.artifact, d.version, m.licenses(), at.in(d.by)))
	}
	return nil
}

// maxManifest is far above the largest main sections, which list the packages that a bundle imports. What follows, an entry for each
// signed file, is not read.
const maxManifest = 512 << 10

func (r *reading) manifest(z *zipFile, e *zipEntry, at location) (manifest, error) {
	if e == nil {
		return manifest{}, nil
	}
	limit := min(e.size, maxManifest)
	if err := r.spend(workPerEntry+limit, at); err != nil {
		return nil, err
	}
	raw, err := z.raw(*e)
	if err != nil {
		return manifest{}, r.damage(err, at)
	}
	b, err := r.inflate(raw, *e, nil, limit)
	m, ended := parseManifest(b)
	if err != nil {
		return m, r.damage(err, at)
	}
	if !ended && limit < e.size {
		r.facts.Report(artifact.FileTooLarge, at.in("the manifest's main section is too long"))
	}
	return m, nil
}

// describe reads the two files of one folder: the properties, which were written when the code was built, and what they lack from
// the pom and from the folder's name.
func (r *reading) describe(z *zipFile, e pomEntries, at location) (described, error) {
	var d described
	if e.properties != nil {
		b, err := r.metadata(z, e.properties, at)
		if err != nil {
			return d, err
		}
		d.coordinates, d.by = parsePomProperties(string(b)), "pom.properties"
	}
	if e.pom != nil {
		b, err := r.metadata(z, e.pom, at)
		if err != nil {
			return d, err
		}
		if d.whole() {
			d.licenses, _ = licensesOfPom(b) // what else is wrong with it does not matter
		} else {
			p, err := parsePom(b)
			if err != nil {
				r.facts.Report(artifact.Unparsable, at.in(clip(e.pom.name)+": "+clip(err.Error())))
			}
			if p.entities {
				r.facts.Report(artifact.Unsupported, at.in(clip(e.pom.name)+": "+ownEntities))
			}
			d.licenses = p.licenses
			d.fill(p.coordinates())
			d.by = "pom.xml"
		}
	}
	if _, folder, ok := strings.Cut("/"+e.dir, "/META-INF/maven/"); ok && strings.Count(folder, "/") == 1 && !d.whole() {
		group, name, _ := strings.Cut(folder, "/")
		d.fill(coordinates{group: plain(group), artifact: plain(name)})
	}
	if d.artifact == "" {
		r.facts.Report(artifact.Unparsable, at.in(clip(e.dir)+": names no artifact"))
	}
	return d, nil
}

// fill takes what is missing from o; an artifact keeps its name only together with its group.
func (c *coordinates) fill(o coordinates) {
	if c.group == "" {
		c.group = o.group
	}
	if c.artifact == "" {
		c.artifact = o.artifact
	}
	if c.version == "" {
		c.version = o.version
	}
}

func firstOf(s string, list []string) string {
	if s != "" || len(list) == 0 {
		return s
	}
	return list[0]
}

// mainOf tells which of the described artifacts the archive itself is, or -1: the one that its file name or its manifest names; a single
// one also where they name none, since people rename files, unless the name has another version.
func mainOf(list []described, f fileName, m manifest) int {
	best, most := -1, 0
	for i, d := range list {
		if s := likeness(d, f, m); s > most {
			best, most = i, s
		}
	}
	if best < 0 && len(list) == 1 && (f.version == "" || f.version == list[0].version) {
		return 0
	}
	return best
}

// likeness says how surely an archive with this name and manifest is the artifact; 0 is not at all.
func likeness(d described, f fileName, m manifest) int {
	for _, name := range []string{d.artifact, d.group + "." + d.artifact} { // Quarkus puts the group into file names
		full := name + "-" + d.version
		switch {
		case f.stem == full:
			return 6
		case d.version != "" && strings.HasPrefix(f.stem, full+"-"):
			return 5
		case f.artifact == name, f.stem == name:
			return 4
		case strings.HasPrefix(f.stem, name+"-") && startsVersion(f.stem[len(name)+1:]):
			return 3
		}
	}
	switch {
	case m.bundle() != "" && (m.bundle() == d.artifact || isBundleOf(m.bundle(), d.group, d.artifact)):
		return 2
	case m.said("implementation-title") == d.artifact:
		return 2
	case isBundleOf(m.said("automatic-module-name"), d.group, d.artifact):
		return 1
	}
	return 0
}

// isBundleOf says whether the maven-bundle-plugin gives an artifact this symbolic name:
// https://felix.apache.org/documentation/subprojects/apache-felix-maven-bundle-plugin-bnd.html, "Default Behavior".
func isBundleOf(bundle, group, name string) bool {
	if bundle == "" || group == "" {
		return false
	}
	if bundle == group+"."+name {
		return true
	}
	last := group[strings.LastIndexByte(group, '.')+1:]
	if name == last {
		return bundle == group
	}
	rest, ok := strings.CutPrefix(name, last)
	return ok && bundle == group+"."+strings.TrimLeft(rest, ".-")
}
