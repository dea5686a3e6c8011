package java

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// pom is what matters of a project object model. https://maven.apache.org/pom.html
type pom struct {
	own, parent  coordinates
	properties   map[string]string
	licenses     []string
	dependencies []dependency
	managed      []dependency
	entities     bool // it declares entities of its own
}

// ownEntities says that text is missing from what a pom says: entities of its own are not expanded, since few bytes of them can stand for gigabytes.
const ownEntities = "pom: it declares entities of its own, which are not expanded"

// dependency is one element of a pom's dependencies, as written.
type dependency struct {
	coordinates
	kind, classifier, scope string
}

// Bounds of a pom: depth is far above what the model has.
const (
	maxPomDepth  = 256
	maxPomValue  = 64 << 10
	maxPomValues = 20_000
)

// parsePom reads a pom. With an error comes what was read before it.
func parsePom(b []byte) (*pom, error) { return parsePomUntil(b, "") }

// licensesOfPom reads no more of a pom than its licences, which stand near its front; most poms inherit theirs and have none.
func licensesOfPom(b []byte) ([]string, error) {
	if !bytes.Contains(b, []byte("<licenses")) {
		return nil, nil
	}
	p, err := parsePomUntil(b, "licenses")
	return p.licenses, err
}

// parsePomUntil reads a pom token by token, up to the end of that element of the project.
func parsePomUntil(b []byte, last string) (*pom, error) {
	p := &pom{properties: map[string]string{}}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	d.Entity = xml.HTMLEntity
	d.CharsetReader = charset
	var (
		path   []string
		text   strings.Builder
		dep    dependency
		values int
	)
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			if len(path) > 0 {
				return p, fmt.Errorf("pom: %w", io.ErrUnexpectedEOF)
			}
			return p, nil
		}
		if err != nil {
			return p, fmt.Errorf("pom: %w", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(path) >= maxPomDepth {
				return p, fmt.Errorf("pom: elements are nested deeper than %d", maxPomDepth)
			}
			path = append(path, t.Name.Local)
			text.Reset()
			if t.Name.Local == "dependency" {
				dep = dependency{}
			}
		case xml.Directive:
			p.entities = p.entities || bytes.Contains(t, []byte("<!ENTITY"))
		case xml.CharData:
			if text.Len()+len(t) <= maxPomValue {
				text.Write(t)
			}
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != t.Name.Local {
				return p, fmt.Errorf("pom: </%s> ends nothing", clip(t.Name.Local))
			}
			if path[0] == "project" {
				if p.take(path[1:], strings.TrimSpace(text.String()), &dep) {
					values++
				}
			}
			if values > maxPomValues {
				return p, fmt.Errorf("pom: more than %d values", maxPomValues)
			}
			if len(path) == 2 && path[1] == last {
				return p, nil
			}
			path = path[:len(path)-1]
			text.Reset()
		}
	}
}

// take keeps the value of one element, by its path below project.
func (p *pom) take(path []string, value string, dep *dependency) bool {
	last := ""
	if len(path) > 0 {
		last = path[len(path)-1]
	}
	switch {
	case len(path) == 1:
		return p.own.set(last, value)
	case len(path) == 2 && path[0] == "parent":
		return p.parent.set(last, value)
	case len(path) == 2 && path[0] == "properties":
		p.properties[last] = value
		return true
	case len(path) == 3 && path[0] == "licenses" && last == "name" && value != "":
		p.licenses = append(p.licenses, strings.ToValidUTF8(value, "?"))
		return true
	}
	managed := len(path) > 0 && path[0] == "dependencyManagement"
	if managed {
		path = path[1:]
	}
	if len(path) < 2 || path[0] != "dependencies" || path[1] != "dependency" {
		return false
	}
	switch {
	case len(path) == 2 && managed:
		p.managed = append(p.managed, *dep)
	case len(path) == 2:
		p.dependencies = append(p.dependencies, *dep)
	case len(path) == 3:
		switch last {
		case "type":
			dep.kind = value
		case "classifier":
			dep.classifier = value
		case "scope":
			dep.scope = value
		default:
			return dep.set(last, value)
		}
	}
	return true
}

func (c *coordinates) set(element, value string) bool {
	switch element {
	case "groupId":
		c.group = value
	case "artifactId":
		c.artifact = value
	case "version":
		c.version = value
	default:
		return false
	}
	return true
}

// charset reads the encodings that poms declare besides UTF-8.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252":
		return &latin1{in: in}, nil
	}
	return nil, fmt.Errorf("encoding %q is not read", clip(label))
}

// latin1 turns bytes into UTF-8; of the three encodings that it stands for only letters of names differ.
type latin1 struct {
	in  io.Reader
	out []byte
}

func (l *latin1) Read(p []byte) (int, error) {
	if len(l.out) == 0 {
		var buf [512]byte
		n, err := l.in.Read(buf[:])
		for _, c := range buf[:n] {
			l.out = append(l.out, string(rune(c))...)
		}
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, l.out)
	l.out = l.out[n:]
	return n, nil
}
