package sbom

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// maxElements is how deep XML elements may be nested before the document is refused; each level of components takes
// two, and what a component holds of its own takes a few.
const maxElements = 100

// cycloneDXXML reads https://cyclonedx.org/docs/1.6/xml/, token by token.
func (r *reader) cycloneDXXML(b []byte) error {
	x := xmlReader{r: r}
	dec := xml.NewDecoder(bytes.NewReader(b))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return r.supported(r.doc.SpecVersion)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			err = x.start(t)
		case xml.EndElement:
			err = x.end()
		case xml.CharData:
			x.text.Write(t)
		}
		if err != nil {
			return err
		}
	}
}

// xmlReader keeps the way from the root to the token, and the components that are open on it.
type xmlReader struct {
	r     *reader
	path  []string
	text  bytes.Buffer
	open  []*component
	place struct{ location, context string } // of an occurrence
	prop  string                             // name of the property
}

func (x *xmlReader) start(t xml.StartElement) error {
	x.text.Reset()
	if len(x.path) == 0 {
		i := strings.LastIndexByte(t.Name.Space, '/')
		if err := x.r.supported(t.Name.Space[i+1:]); err != nil {
			return err
		}
	}
	if len(x.path) >= maxElements {
		return &artifact.ErrLimit{Reason: artifact.NestingLimit, Detail: fmt.Sprintf("elements nested more than %d deep", maxElements)}
	}
	x.path = append(x.path, t.Name.Local)
	switch {
	case x.at("component"):
		x.open = append(x.open, &component{kind: attr(t, "type")})
	case x.at("occurrence"):
		x.place.location, x.place.context = "", attr(t, "additionalContext")
	case x.at("property"):
		x.prop = attr(t, "name")
	}
	return nil
}

func (x *xmlReader) end() error {
	text := strings.TrimSpace(x.text.String())
	x.text.Reset()
	defer func() { x.path = x.path[:len(x.path)-1] }()
	switch {
	case x.at("bom", "metadata", "properties", "property"):
		x.r.facts.add(x.prop, text)
		return nil
	case len(x.open) == 0 || len(x.path) < 2:
		return nil
	}
	c := x.open[len(x.open)-1]
	switch {
	case x.at("bom", "metadata", "component"):
		x.open = x.open[:len(x.open)-1]
		x.r.describe(c)
	case x.at("component"):
		x.open = x.open[:len(x.open)-1]
		if x.path[len(x.path)-2] == "components" {
			return x.keep(c)
		}
	case x.at("component", "group"):
		c.group = text
	case x.at("component", "name"):
		c.name = text
	case x.at("component", "version"):
		c.version = text
	case x.at("component", "purl"):
		c.purl = text
	case x.at("component", "licenses", "expression"),
		x.at("component", "licenses", "license", "id"), x.at("component", "licenses", "license", "name"):
		if text != "" {
			c.licenses = append(c.licenses, text)
		}
	case x.at("component", "properties", "property"):
		c.facts.add(x.prop, text)
	case x.at("occurrence", "location"):
		x.place.location = strings.TrimPrefix(text, "/")
	case x.at("occurrence", "additionalContext"):
		x.place.context = text
	case x.at("component", "evidence", "occurrences", "occurrence"):
		if x.place.location != "" && x.r.place() {
			c.evidence = append(c.evidence, evidenceOf(x.place.location, x.place.context))
		}
	}
	return nil
}

// keep takes a component in, unless it is of a tool, or part of a pedigree or the like, or too deep.
func (x *xmlReader) keep(c *component) error {
	for _, name := range x.path {
		switch name {
		case "tools", "pedigree", "formulation", "declarations", "annotations", "vulnerabilities":
			return nil
		}
	}
	if len(x.open) > x.r.limits.Nesting {
		x.r.reportNesting()
		return nil
	}
	return x.r.add(c)
}

// at says whether the way to the token ends in these names.
func (x *xmlReader) at(names ...string) bool {
	if len(x.path) < len(names) {
		return false
	}
	for i, name := range names {
		if x.path[len(x.path)-len(names)+i] != name {
			return false
		}
	}
	return true
}

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
