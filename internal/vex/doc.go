// Package vex reads and writes VEX documents (Vulnerability Exploitability eXchange): statements by somebody who knows a product that a
// vulnerability does not affect it, is fixed, or is being looked into. It reads and writes OpenVEX, CSAF 2.0's VEX profile
// and CycloneDX.
//
// It promises that a statement holds only for what it names: a product that is a package holds for that package, one that is an image for
// that image, and a component of a product for that component in that product. A statement without a product holds for nothing. What
// a document says that cannot be understood is told, never guessed.
package vex

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/feed/jsonscan"
)

// Document is one VEX document.
type Document struct {
	Name       string // of the file, or where it came from
	Format     string // openvex, csaf, cyclonedx
	ID         string
	Author     string
	At         time.Time // of its last revision
	Version    []int     // of several documents with one ID the highest is in force; nil where it is no number, or several with dots
	Statements []Statement
	// Skipped are parts that could not be understood, for a person.
	Skipped []string
}

// Statement says one thing of one or more vulnerabilities' names in some products.
type Statement struct {
	Vulnerabilities []string // ids of one vulnerability
	Products        []Product
	Status          Status
	Justification   string // OpenVEX's words, where the document has one
	Impact          string // in the author's words
	Action          string // what to do, in the author's words
	At              time.Time
}

// Status is what a statement says, in OpenVEX's words.
type Status string

// The statuses. Those of other formats are told in these words.
const (
	NotAffected        Status = "not_affected"
	Affected           Status = "affected"
	Fixed              Status = "fixed"
	UnderInvestigation Status = "under_investigation"
)

// Product names what a statement is about: the names are of one thing, and one of them that fits suffices.
type Product struct {
	Names      []string  // as written: purls, image references, digests, CPEs
	Components []Product // where set, the statement is about these inside the product only
	Versions   []string  // where not nil, only packages of these versions are meant; sorted
}

// The justifications of OpenVEX (spec v0.2.0, "Status Justifications").
const (
	ComponentNotPresent     = "component_not_present"
	CodeNotPresent          = "vulnerable_code_not_present"
	CodeNotInExecutePath    = "vulnerable_code_not_in_execute_path"
	CodeNotControllable     = "vulnerable_code_cannot_be_controlled_by_adversary"
	MitigationsAlreadyExist = "inline_mitigations_already_exist"
	maxDocument             = 64 << 20
	maxStatements           = 1 << 20
	maxSkipped              = 100
	maxNameLength           = 8192
	maxBranches             = 1 << 18
	maxInside               = 1 << 16 // components of a statement times products that they are in (OpenVEX v0.0.1)
	maxNames                = 1000    // of a vulnerability
)

// ErrFormat says that a file is no VEX document of a known format.
var ErrFormat = errors.New("not a VEX document: neither OpenVEX, CSAF nor CycloneDX JSON")

// Read reads a document of any of the formats. The name goes into messages and results.
func Read(b []byte, name string) (*Document, error) {
	if len(b) > maxDocument {
		return nil, fmt.Errorf("reading %s: larger than %d MiB", name, maxDocument>>20)
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	format, err := formatOf(b)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w (%w)", name, ErrFormat, err)
	}
	d := &Document{Name: name, Format: format}
	switch format {
	case "csaf":
		err = d.readCSAF(b)
	case "cyclonedx":
		err = d.readCycloneDX(b)
	case "openvex":
		err = d.readOpenVEX(b)
	default:
		err = ErrFormat
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(d.Statements) > maxStatements {
		return nil, fmt.Errorf("reading %s: more than %d statements", name, maxStatements)
	}
	return d, nil
}

// formatOf tells the format by what only documents of that format say.
func formatOf(b []byte) (format string, err error) {
	s := jsonscan.New(b)
	context, bom, csaf := false, false, false
	isContext := func() {
		if s.Kind() == '"' {
			context = bytes.Contains(s.Bytes(), []byte("openvex")) || context
		}
	}
	for key := range s.Object() {
		switch string(key) {
		case "@context":
			if isContext(); s.Kind() == '[' {
				for range s.Array() {
					isContext()
				}
			}
		case "bomFormat":
			bom = s.Kind() == '"' && string(s.Bytes()) == "CycloneDX"
		case "document":
			if s.Kind() != '{' {
				break
			}
			for key := range s.Object() {
				if string(key) == "csaf_version" && s.Kind() == '"' {
					csaf = len(s.Bytes()) > 0
				}
			}
		}
	}
	switch err = s.End(); {
	case err != nil:
	case csaf:
		format = "csaf"
	case bom:
		format = "cyclonedx"
	case context:
		format = "openvex"
	}
	return format, err
}

func (d *Document) skip(format string, args ...any) {
	if len(d.Skipped) < maxSkipped {
		d.Skipped = append(d.Skipped, fmt.Sprintf(format, args...))
	}
}

// add takes a statement in if it says something of something.
func (d *Document) add(s Statement) {
	named := s.Products[:0]
	for _, p := range s.Products {
		if len(p.Names) > 0 {
			named = append(named, p)
		}
	}
	lost := len(s.Products) - len(named)
	s.Products = named
	switch {
	case len(s.Vulnerabilities) == 0:
		d.skip("a statement names no vulnerability")
	case lost > 0 && len(named) > 0:
		d.skip("of the statement about %.100q %d products have no name that can be looked for", s.Vulnerabilities[0], lost)
		d.Statements = append(d.Statements, s)
	case lost > 0:
		d.skip("the statement about %.100q holds for nothing: none of its products has a name that can be looked for", s.Vulnerabilities[0])
	case len(s.Products) == 0:
		d.skip("the statement about %.100q names no product, so that it holds for nothing", s.Vulnerabilities[0])
	default:
		d.Statements = append(d.Statements, s)
	}
}

// newer gives the later of two times.
func newer(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// versionOf reads 3 and 1.2.0; nil for others.
func versionOf(s string) (list []int) {
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil
		}
		list = append(list, n)
	}
	return list
}

// timeOf reads a timestamp; zero where there is none.
func timeOf(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
