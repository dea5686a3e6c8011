package java

import (
	"bytes"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// contents are the entries of an archive that matter.
type contents struct {
	manifest *zipEntry
	poms     []pomEntries // one for each folder below META-INF/maven
	nested   []zipEntry
	classes  classTree
}

// pomEntries are the two files that Maven leaves in META-INF/maven/group/artifact.
type pomEntries struct {
	dir             string
	properties, pom *zipEntry
}

// contents reads the central directory. What was found before an error counts.
func (r *reading) contents(z *zipFile, at location) (*contents, error) {
	c := &contents{}
	byDir := map[string]int{}
	wanted, asked := 0, 0
	err := z.each(r.scratch.directory, func(rec record) error {
		if asked++; asked%4096 == 0 && r.alive() != nil {
			return r.alive()
		}
		kind := classify(rec.name)
		if kind == isClass {
			c.classes.add(rec.name)
		}
		if kind == isClass || kind == isOther {
			return nil
		}
		if wanted++; wanted > maxWanted {
			return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: "it has more archives and poms than are looked into"}
		}
		e, err := rec.entry()
		if err != nil {
			return r.damage(err, at)
		}
		e.name = strings.ToValidUTF8(e.name, "?")
		switch kind {
		case isManifest:
			c.manifest = &e
		case isNested:
			c.nested = append(c.nested, e)
		default:
			dir := path.Dir(e.name)
			i, known := byDir[dir]
			if !known {
				i = len(c.poms)
				byDir[dir] = i
				c.poms = append(c.poms, pomEntries{dir: dir})
			}
			if kind == isProperties {
				c.poms[i].properties = &e
			} else {
				c.poms[i].pom = &e
			}
		}
		return nil
	})
	return c, err
}

type entryKind uint8

const (
	isOther entryKind = iota
	isClass
	isManifest
	isProperties
	isPom
	isNested
)

// classify tells what an entry is by its name.
func classify(name []byte) entryKind {
	const manifest = "META-INF/MANIFEST.MF"
	switch {
	case bytes.HasSuffix(name, []byte(".class")):
		return isClass
	case len(name) == len(manifest) && strings.EqualFold(string(name), manifest):
		return isManifest
	case bytes.HasSuffix(name, []byte("/pom.properties")) && inMaven(name):
		return isProperties
	case bytes.HasSuffix(name, []byte("/pom.xml")) && inMaven(name):
		return isPom
	}
	if _, ok := isArchive(name); ok {
		return isNested
	}
	return isOther
}

// inMaven says whether the name is below META-INF/maven of the archive, or of the classes of a web application.
func inMaven(name []byte) bool {
	if len(name) > maxName {
		return false
	}
	for _, root := range []string{"WEB-INF/classes/", "BOOT-INF/classes/", "APP-INF/classes/"} {
		if rest, ok := bytes.CutPrefix(name, []byte(root)); ok {
			name = rest
			break
		}
	}
	return bytes.HasPrefix(name, []byte("META-INF/maven/"))
}
