package java

import (
	"bytes"
	"strings"
)

// deriveOwn names an archive that Maven's metadata does not: by its place in a repository, its file name and its manifest. ok is false
// for what is no package: a Java runtime's own classes, and archives that hold and say nothing.
func deriveOwn(f fileName, m manifest, c *contents, at string) (d described, ok bool) {
	if m["specification-title"] == "Java Platform API Specification" || m["implementation-title"] == "Java Runtime Environment" {
		return d, false
	}
	// Plugins of Jenkins, https://www.jenkins.io/doc/developer/plugin-development/
	if g, name := m.said("group-id"), plain(m.said("short-name")); isGroupID(g) && name != "" {
		return described{coordinates: coordinates{g, name, asVersion(m.said("plugin-version"))}, by: "its manifest"}, true
	}
	said := m.said("implementation-title")
	if f.version == "" && m.versions() == nil && said == "" && m.bundle() == "" && !c.classes.any && len(c.nested) == 0 {
		return d, false
	}
	if place, ok := repositoryPlace(at); ok {
		if !startsVersion(place.version) {
			place.version = firstOf("", m.versions())
		}
		return described{coordinates: place, by: "its place in a repository"}, true
	}
	d.artifact, d.version, d.by = f.artifact, f.version, "its file name"
	if f.version == "" {
		d.version = firstOf("", m.versions())
		if d.version != "" {
			d.by = "its file name and manifest"
		}
		if isArtifactID(said) && said != f.artifact {
			d.artifact, d.by = said, "its manifest"
		}
	}
	if group, artifact, how := groupOf(d.artifact, d.version, m, &c.classes); group != "" {
		d.group, d.artifact = group, artifact
		d.by += ", group by " + how
	} else {
		d.by += "; its group cannot be told"
	}
	d.artifact, d.version = strings.ToValidUTF8(d.artifact, "?"), strings.ToValidUTF8(d.version, "?")
	return d, d.artifact != ""
}

// isArtifactID says whether a title is written like the name of an artifact.
func isArtifactID(s string) bool {
	letters := false
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z':
			letters = true
		case isDigit(c), c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return letters
}

// isGroupID says whether a name is written like a group with a domain.
func isGroupID(s string) bool {
	return isArtifactID(s) && strings.Contains(s, ".") && !bytes.ContainsAny([]byte(s[:1]+s[len(s)-1:]), ".-_0123456789")
}

// repositoryPlace reads the coordinates from where a file lies: group/artifact/version/artifact-version.jar as in Maven's
// repositories, group/artifact/version/hash/file.jar as in Gradle's cache.
func repositoryPlace(at string) (coordinates, bool) {
	s := strings.Split(at, "/")
	n := len(s)
	if n >= 6 && len(s[n-2]) <= 40 && len(s[n-2]) >= 32 && s[n-6] == "files-2.1" {
		return coordinates{group: plain(s[n-5]), artifact: plain(s[n-4]), version: plain(s[n-3])}, plain(s[n-5]) != "" && plain(s[n-4]) != ""
	}
	if n < 4 {
		return coordinates{}, false
	}
	base, version, name, groups := s[n-1], s[n-2], s[n-3], s[:n-3]
	if !strings.HasPrefix(base, name+"-"+version) {
		return coordinates{}, false
	}
	start := -1
	for i, g := range groups {
		switch g {
		case "repository", "maven-repo", "m2", ".m2", "maven2", "repo":
			start = i + 1
		case "org", "com", "net", "io", "edu", "gov", "jakarta", "javax":
			if start < 0 {
				start = i
			}
		}
	}
	if start < 0 || start >= len(groups) {
		return coordinates{}, false
	}
	c := coordinates{group: plain(strings.Join(groups[start:], ".")), artifact: plain(name), version: plain(version)}
	return c, c.group != "" && c.artifact != ""
}
