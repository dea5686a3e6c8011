package sbom

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/inventory"
)

// cycloneDX reads https://cyclonedx.org/docs/1.6/json/. The described thing itself, metadata.component, is no package
// of it.
func (r *reader) cycloneDX(b []byte) error {
	for key, raw := range members(b) {
		switch key {
		case "specVersion":
			if err := r.supported(text(raw)); err != nil {
				return err
			}
		case "metadata":
			if err := r.cycloneDXMetadata(raw); err != nil {
				return err
			}
		case "components":
			if err := r.cycloneDXComponents(raw, 0); err != nil {
				return err
			}
		}
	}
	return r.supported(r.doc.SpecVersion)
}

func (r *reader) cycloneDXMetadata(b []byte) error {
	for key, raw := range members(b) {
		switch key {
		case "component":
			c, nested := r.cycloneDXComponent(raw)
			r.describe(&c)
			if err := r.cycloneDXComponents(nested, 1); err != nil {
				return err
			}
		case "properties":
			cycloneDXProperties(raw, &r.facts)
		}
	}
	return nil
}

// describe takes the described thing in.
func (r *reader) describe(c *component) {
	if r.doc.Name == "" {
		r.doc.Name = c.name
	}
	for name, values := range c.facts {
		if r.facts == nil {
			r.facts = facts{}
		}
		r.facts[name] = append(r.facts[name], values...)
	}
}

func (r *reader) cycloneDXComponents(b []byte, depth int) error {
	if depth > r.limits.Nesting {
		if len(b) > 0 {
			r.reportNesting()
		}
		return nil
	}
	for raw := range elements(b) {
		c, nested := r.cycloneDXComponent(raw)
		if err := r.add(&c); err != nil {
			return err
		}
		if err := r.cycloneDXComponents(nested, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) cycloneDXComponent(b []byte) (c component, nested []byte) {
	for key, raw := range members(b) {
		switch key {
		case "type":
			c.kind = text(raw)
		case "group":
			c.group = text(raw)
		case "name":
			c.name = text(raw)
		case "version":
			c.version = text(raw)
		case "purl":
			c.purl = text(raw)
		case "licenses":
			c.licenses = cycloneDXLicenses(raw)
		case "properties":
			cycloneDXProperties(raw, &c.facts)
		case "components":
			nested = raw
		case "evidence":
			for key, raw := range members(raw) {
				if key == "occurrences" {
					c.evidence = r.cycloneDXOccurrences(raw)
				}
			}
		}
	}
	return c, nested
}

func cycloneDXProperties(b []byte, f *facts) {
	for raw := range elements(b) {
		var name string
		var value []byte
		for key, raw := range members(raw) {
			switch key {
			case "name":
				name = text(raw)
			case "value":
				value = raw
			}
		}
		if known(name) { // most are not
			f.add(name, text(value))
		}
	}
}

func (r *reader) cycloneDXOccurrences(b []byte) (list []inventory.Evidence) {
	for raw := range elements(b) {
		if !r.place() {
			break
		}
		var location, context string
		fields(raw, place{"location", &location}, place{"additionalContext", &context})
		if location = strings.TrimPrefix(location, "/"); location != "" {
			list = append(list, evidenceOf(location, context))
		}
	}
	return list
}

func cycloneDXLicenses(b []byte) (list []string) {
	for raw := range elements(b) {
		for key, raw := range members(raw) {
			var id, name string
			switch key {
			case "expression":
				id = text(raw)
			case "license":
				fields(raw, place{"id", &id}, place{"name", &name})
			}
			if id == "" {
				id = name
			}
			if id != "" {
				list = append(list, id)
			}
		}
	}
	return list
}
