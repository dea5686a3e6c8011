package lockfile

import (
	"bytes"
	"context"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// rInstalled reads the DESCRIPTION of installed packages of R, in whichever library. An installed package lies in a folder of its
// own name, and says when it was built; those that are a part of R itself need not.
type rInstalled struct{}

var _ extract.Extractor = rInstalled{}

func (rInstalled) Name() string  { return "r" }
func (rInstalled) Revision() int { return 1 }

func (rInstalled) Claims() []extract.Claim { return []extract.Claim{{Base: "DESCRIPTION"}} }

func (rInstalled) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	for d := range dcf(file.Bytes()) {
		name, version, license := clean(d.pkg), clean(d.version), clean(d.license)
		if name == "" || version == "" || name != path.Base(path.Dir(file.Path)) || d.built == "" && !strings.HasPrefix(license, "Part of R ") {
			break // a source tree, a test's fixture, or something else that has a description
		}
		p := inventory.Package{
			Name: name, Version: version, Ecosystem: purl.CRAN, PURL: purl.Make(purl.CRAN, "", name, version, nil, ""),
		}
		if d.bioconductor {
			p.Ecosystem, p.PURL = purl.Bioconductor, purl.Make(purl.Bioconductor, "", name, version, nil, "")
		}
		if license != "" {
			p.Licenses = []string{license}
		}
		facts.Packages = append(facts.Packages, p)
		break
	}
	return nil
}

// description is what matters of one record.
type description struct {
	pkg, version, license, built, source, format string
	bioconductor                                 bool
}

// maxField bounds a field's value.
const maxField = 4096

// dcf reads the records of a file in R's Debian control format, see R's read.dcf.
func dcf(b []byte) func(yield func(description) bool) {
	return func(yield func(description) bool) {
		var d description
		var into *string
		some := false
		for line := range bytes.Lines(b) {
			line = bytes.TrimRight(line, " \t\r\n")
			switch {
			case len(line) == 0:
				if some && !yield(d) {
					return
				}
				d, into, some = description{}, nil, false
				continue
			case line[0] == ' ' || line[0] == '\t':
				if into != nil && len(*into) < maxField {
					text := bytes.TrimLeft(line, " \t")
					*into += " " + string(text[:min(len(text), maxField)])
				}
				continue
			}
			some = true
			key, value, ok := bytes.Cut(line, []byte(":"))
			if !ok {
				into = nil
				continue
			}
			into = d.field(string(key[:min(len(key), 32)]))
			if into != nil {
				value = bytes.TrimLeft(value, " \t")
				*into = string(value[:min(len(value), maxField)])
			}
		}
		if some {
			yield(d)
		}
	}
}

func (d *description) field(key string) *string {
	switch key {
	case "Package":
		return &d.pkg
	case "Version":
		return &d.version
	case "License":
		return &d.license
	case "Built":
		return &d.built
	case "Source":
		return &d.source
	case "PackratFormat":
		return &d.format
	case "biocViews":
		d.bioconductor = true
	}
	return nil
}

// rEcosystem is where a package comes from that a lock file's Source names. One from GitHub and the like is taken for the
// package of that name in CRAN, of which it is nearly always a later state.
func rEcosystem(source string) purl.Ecosystem {
	if strings.EqualFold(source, "bioconductor") {
		return purl.Bioconductor
	}
	return purl.CRAN
}

// readPackrat reads packrat.lock: a record about the file, then one a package.
func readPackrat(b []byte, found *pins) error {
	known := false
	for d := range dcf(b) {
		switch {
		case d.format != "":
			known = true
		case d.pkg != "" && d.version != "":
			known = true
			found.add(pin{ecosystem: rEcosystem(d.source), name: d.pkg, version: d.version})
		default:
			found.odd++
		}
	}
	if !known {
		found.odd = 0 // one word for the whole
		return errForm
	}
	found.empty = true
	return nil
}

// readRenv reads renv.lock, see https://rstudio.github.io/renv/reference/lockfiles.html. Since renv 1.1 it has the licences.
func readRenv(b []byte, found *pins) error {
	known, entries := false, 0
	err := readJSON(b, found, func(r *reader, key string) error {
		if key != "Packages" {
			return r.skip()
		}
		known = true
		return r.members(func(name string) error {
			entries++
			var p struct{ Package, Version, Source, License string }
			ok, err := r.value(&p)
			switch {
			case err != nil:
				return err
			case p.Version == "":
				if ok {
					found.odd++
				}
				return nil
			case p.Package != "":
				name = p.Package
			}
			q := pin{ecosystem: rEcosystem(p.Source), name: name, version: p.Version}
			if license := clean(p.License); license != "" {
				q.licenses = []string{license}
			}
			found.add(q)
			return nil
		})
	})
	if err == nil && !known {
		err = errForm
	}
	found.empty = entries == 0
	return err
}
