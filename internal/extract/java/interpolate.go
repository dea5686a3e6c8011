package java

import (
	"strings"
)

// coordinates are those of the project, with what it inherits; empty where a property is not in the file.
func (p *pom) coordinates() coordinates {
	c := p.inherited()
	return coordinates{plain(p.resolve(c.group)), plain(p.resolve(c.artifact)), plain(p.resolve(c.version))}
}

// inherited are the project's coordinates as written, in it or in its reference to a parent.
func (p *pom) inherited() coordinates {
	c := p.own
	if c.group == "" {
		c.group = p.parent.group
	}
	if c.version == "" {
		c.version = p.parent.version
	}
	return c
}

// Bounds of replacing properties by values that may hold properties again.
const (
	maxExpansions = 64
	maxExpanded   = 4096
)

// resolve replaces the properties in a value. What cannot be replaced stays, so that the value is no coordinate.
func (p *pom) resolve(value string) string {
	for range maxExpansions {
		start := strings.Index(value, "${")
		if start < 0 {
			break
		}
		length := strings.IndexByte(value[start:], '}')
		if length < 0 {
			break
		}
		// The innermost of nested ones, which Maven does not know either, fails by its name.
		v, ok := p.property(value[start+2 : start+length])
		if !ok || len(value)+len(v) > maxExpanded {
			break
		}
		value = value[:start] + v + value[start+length+1:]
	}
	return value
}

// property is the value of one property: of the project's own elements, which go by several names, or one that the file sets.
func (p *pom) property(name string) (string, bool) {
	element := name
	for _, prefix := range []string{"project.", "pom."} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			element = rest
			break
		}
	}
	c, prefixed := p.inherited(), element != name
	var v string
	switch element {
	case "groupId":
		v = c.group
	case "artifactId":
		v = c.artifact
	case "version":
		v = c.version
	case "parent.groupId":
		v = p.parent.group
	case "parent.artifactId":
		v = p.parent.artifact
	case "parent.version":
		v = p.parent.version
	default:
		v, ok := p.properties[name]
		return v, ok
	}
	if set, ok := p.properties[name]; ok && !prefixed {
		return set, true
	}
	return v, v != ""
}
