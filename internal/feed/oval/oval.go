// Package oval reads the OVAL definitions (https://oval.mitre.org/language/) that Oracle publishes for Oracle Linux and Microsoft for Azure Linux, as
// far as they tell packages and versions. It promises memory bounded by one definition for Oracle, whose criteria say in words what they test,
// and by the file for Azure Linux, which are small.
//
// It leaves out of Oracle's what is about packages built for Ksplice or FIPS, whose versions are no measure for the ordinary ones, and architectures.
package oval

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// Bounds of a file and of one element below definitions, tests, objects or states.
const (
	maxFile     = 8 << 30
	maxElement  = 64 << 20
	maxCriteria = 1 << 18 // of a definition
	maxDepth    = 64
	maxKept     = 1 << 20 // definitions, tests, objects and states that are held
)

// definition is one definition as it is written.
type definition struct {
	id, class, title, description, severity, patchable string
	issued                                             string // a day or a time
	refs                                               []ref
	cves                                               []cve
	platforms                                          []string
	criteria                                           *criteria
	count                                              int // criteria and criterions
}

type ref struct{ source, id, url string }

type cve struct{ id, cvss3 string }

// criteria is a node of the condition: all of it holds, or any.
type criteria struct {
	any      bool
	tests    []criterion
	children []*criteria
}

type criterion struct{ comment, test string }

// test is an rpminfo_test; object names the package, state the version.
type test struct{ object, state string }

type state struct{ operation, evr string }

// counted fails when an element is too big, so that no text of it grows without end.
type counted struct {
	r           io.Reader
	left, total int64
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("a definition of more than %d bytes", maxElement)}
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if c.total += int64(n); c.total > maxFile {
		return n, &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("more than %d bytes", int64(maxFile))}
	}
	return n, err
}

// handler is told what a file holds. What it does not want is nil.
type handler struct {
	definition func(*definition) error
	test       func(id string, t test) error
	object     func(id, name string) error
	state      func(id string, s state) error
}

// walk reads a file.
func walk(r io.Reader, h handler) error {
	in := &counted{r: r, left: maxElement}
	d := xml.NewDecoder(in)
	w := walker{h: h}
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			if len(w.path) > 0 || !w.root {
				return fmt.Errorf("%w: the file is cut short", artifact.ErrCorrupt)
			}
			return nil
		}
		if err != nil {
			if _, ok := errors.AsType[*artifact.ErrLimit](err); ok {
				return err
			}
			return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			err = w.start(t)
		case xml.EndElement:
			err = w.end(t.Name.Local)
			if len(w.path) == 2 { // an element below definitions, tests, ... ended
				in.left = maxElement
			}
		case xml.CharData:
			if len(w.path) > 3 {
				w.text.Write(t)
			}
		}
		if err != nil {
			return err
		}
	}
}

// walker follows the elements of a file.
type walker struct {
	h     handler
	path  []string
	root  bool
	text  strings.Builder
	def   *definition
	nest  []*criteria // open criteria
	id    string      // of the test, object or state
	test  test
	state state
	name  string
	cvss  string
}

func attribute(t xml.StartElement, name string) string {
	for i := range t.Attr {
		if t.Attr[i].Name.Local == name {
			return t.Attr[i].Value
		}
	}
	return ""
}

func (w *walker) start(t xml.StartElement) error {
	name := t.Name.Local
	if len(w.path) == 0 && (w.root || name != "oval_definitions") {
		return fmt.Errorf("%w: %.60q where oval_definitions should be", artifact.ErrCorrupt, name)
	}
	w.root = true
	if w.path = append(w.path, name); len(w.path) > maxDepth {
		return &artifact.ErrLimit{Reason: artifact.NestingLimit, Detail: fmt.Sprintf("elements nested deeper than %d", maxDepth)}
	}
	w.text.Reset()
	if len(w.path) < 3 {
		return nil
	}
	if len(w.path) == 3 {
		w.id, w.test, w.state, w.name = attribute(t, "id"), test{}, state{}, ""
		if name == "definition" && w.path[1] == "definitions" {
			w.def, w.nest = &definition{id: w.id, class: attribute(t, "class")}, nil
		}
		return nil
	}
	switch w.path[1] {
	case "definitions":
		return w.inDefinition(t)
	case "tests":
		switch name {
		case "object":
			w.test.object = attribute(t, "object_ref")
		case "state":
			w.test.state = attribute(t, "state_ref")
		}
	case "states":
		if name == "evr" {
			w.state.operation = attribute(t, "operation")
		}
	}
	return nil
}

func (w *walker) inDefinition(t xml.StartElement) error {
	if w.def == nil {
		return nil
	}
	switch t.Name.Local {
	case "reference":
		w.def.refs = append(w.def.refs, ref{attribute(t, "source"), attribute(t, "ref_id"), attribute(t, "ref_url")})
	case "issued":
		w.def.issued = attribute(t, "date")
	case "cve":
		w.cvss = attribute(t, "cvss3")
	case "criteria":
		c := &criteria{any: strings.EqualFold(attribute(t, "operator"), "OR")}
		if n := len(w.nest); n > 0 {
			w.nest[n-1].children = append(w.nest[n-1].children, c)
		} else if w.def.criteria == nil {
			w.def.criteria = c
		}
		w.nest = append(w.nest, c)
		w.def.count++
	case "criterion":
		if n := len(w.nest); n > 0 {
			w.nest[n-1].tests = append(w.nest[n-1].tests, criterion{attribute(t, "comment"), attribute(t, "test_ref")})
		}
		w.def.count++
	}
	if w.def.count > maxCriteria {
		return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("a definition of more than %d criteria", maxCriteria)}
	}
	return nil
}

func (w *walker) end(name string) error {
	n := len(w.path)
	if n == 0 || w.path[n-1] != name {
		return fmt.Errorf("%w: %.60q ends where it does not begin", artifact.ErrCorrupt, name)
	}
	section := ""
	if n > 1 {
		section = w.path[1]
	}
	w.path = w.path[:n-1]
	switch {
	case n == 3:
		return w.done(section, name)
	case n < 3:
		return nil
	}
	text := strings.TrimSpace(w.text.String())
	switch section {
	case "definitions":
		w.texts(name, text)
	case "objects":
		if name == "name" {
			w.name = text
		}
	case "states":
		if name == "evr" {
			w.state.evr = text
		}
	}
	return nil
}

func (w *walker) texts(name, text string) {
	if w.def == nil {
		return
	}
	switch name {
	case "title":
		w.def.title = text
	case "description":
		w.def.description = text
	case "severity":
		w.def.severity = text
	case "patchable":
		w.def.patchable = text
	case "advisory_date":
		w.def.issued = text
	case "platform":
		w.def.platforms = append(w.def.platforms, text)
	case "cve":
		w.def.cves = append(w.def.cves, cve{text, w.cvss})
	case "criteria":
		if n := len(w.nest); n > 0 {
			w.nest = w.nest[:n-1]
		}
	}
}

// done hands over an element.
func (w *walker) done(section, name string) error {
	switch {
	case section == "definitions" && name == "definition" && w.def != nil && w.h.definition != nil:
		d := w.def
		w.def = nil
		return w.h.definition(d)
	case section == "tests" && w.h.test != nil:
		return w.h.test(w.id, w.test)
	case section == "objects" && w.h.object != nil:
		return w.h.object(w.id, w.name)
	case section == "states" && w.h.state != nil:
		return w.h.state(w.id, w.state)
	}
	return nil
}

func validCVE(id string) bool {
	rest, ok := strings.CutPrefix(id, "CVE-")
	year, number, found := strings.Cut(rest, "-")
	return ok && found && len(year) == 4 && len(number) >= 4 && len(number) < 12 && strings.Trim(year+number, "0123456789") == ""
}
