package ospkg

import (
	"bytes"
	"context"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Apk reads the installed database of apk (apk-tools 2 and 3), which has one line a field, named by one letter, and an
// empty line after each package:
//
//	P:busybox      name              F:bin      directory, relative to the root
//	V:1.36.1-r5    version           R:busybox  file in the directory last named
//	A:x86_64       architecture      a: M: Z:   mode and checksum of what was last named
//	o:busybox      source package
//	L:GPL-2.0-only licences
//
// The source package has the version of its binaries. Virtual packages (".build-deps"), which hold what others depend on
// and no files, are packages here as they are in "apk info".
type Apk struct{}

var _ extract.Extractor = Apk{}

// Name implements [extract.Extractor].
func (Apk) Name() string { return "apk" }

// Revision implements [extract.Extractor].
func (Apk) Revision() int { return 1 }

// Claims implements [extract.Extractor].
func (Apk) Claims() []extract.Claim {
	return []extract.Claim{
		{Path: "lib/apk/db/installed"},
		{Path: "usr/lib/apk/db/installed"}, // where /lib is part of /usr (Wolfi; apk-tools 3 can)
	}
}

// Extract implements [extract.Extractor].
func (Apk) Extract(ctx context.Context, f *extract.File, facts *extract.Facts) error {
	d := apkDatabase{facts: facts}
	err := d.read(ctx, f.Bytes())
	d.complaints.report(facts)
	return err
}

type apkDatabase struct {
	facts      *extract.Facts
	packages   int
	paths      int // of all packages
	pathBytes  int
	arches     interned
	licenses   map[string][]string
	complaints complaints
}

// apkPackage is one package being read; slices of the file.
type apkPackage struct {
	line                                 int
	name, version, arch, origin, license []byte
	dir                                  []byte
	hasDir                               bool
	paths                                []byte // the files, each with "\n" after it
	files                                int
}

func (d *apkDatabase) read(ctx context.Context, text []byte) error {
	d.licenses = map[string][]string{}
	var p apkPackage
	for n := 1; len(text) > 0; n++ {
		if n%65536 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var line []byte
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			line, text = text, nil
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) < 2 { // apk, too, takes a line of one byte as the end of a package
			d.end(&p)
			continue
		}
		if line[1] != ':' {
			d.complaints.add("a line that is not a letter, a colon and a value", n)
			continue
		}
		if p.line == 0 {
			p.line = n
		}
		d.field(&p, line[0], line[2:], n)
	}
	d.end(&p)
	return nil
}

func (d *apkDatabase) field(p *apkPackage, letter byte, value []byte, line int) {
	switch letter {
	case 'P':
		p.name = value
	case 'V':
		p.version = value
	case 'A':
		p.arch = value
	case 'o':
		p.origin = value
	case 'L':
		p.license = value
	case 'F':
		p.dir, p.hasDir = value, true
	case 'R':
		if !p.hasDir {
			d.complaints.add("a file before any directory", line)
			return
		}
		if len(p.dir)+len(value) >= maxPath {
			d.complaints.add("a path that is too long", line)
			return
		}
		// A long directory before many short files would make much of few bytes.
		d.paths++
		d.pathBytes += len(p.dir) + len(value) + 2
		if d.paths > maxPaths || d.pathBytes > maxPathBytes {
			d.complaints.add("too many files for one database; the rest is left out", line)
			return
		}
		if len(p.dir) > 0 {
			p.paths = append(append(p.paths, p.dir...), '/')
		}
		p.paths = append(append(p.paths, value...), '\n')
		p.files++
	}
}

// end takes the package in, or complains, and makes p ready for the next.
func (d *apkDatabase) end(p *apkPackage) {
	defer func() { *p = apkPackage{paths: p.paths[:0]} }()
	switch {
	case p.line == 0:
		return
	case !legalName(p.name):
		d.complaints.add("a package without a name, or with one that apk does not allow", p.line)
		return
	case !legalVersion(p.version):
		d.complaints.add("a package without a version, or with one that apk does not allow", p.line)
		return
	case d.packages == maxPackages:
		d.complaints.add(tooMany+" for one database; the rest is left out", p.line)
		return
	}
	d.packages++
	pkg := inventory.Package{Name: string(p.name), Version: string(p.version), Ecosystem: purl.Alpine}
	if legalVersion(p.arch) {
		pkg.Arch = d.arches.of(p.arch)
	}
	pkg.Source = &inventory.Source{Name: pkg.Name, Version: pkg.Version}
	if legalName(p.origin) && !bytes.Equal(p.origin, p.name) {
		pkg.Source.Name = string(p.origin)
	}
	pkg.Licenses = d.license(p.license)
	d.facts.Packages = append(d.facts.Packages, pkg)
	if p.files == 0 {
		return
	}
	all := string(p.paths)
	paths := make([]string, 0, p.files)
	for all != "" {
		var line string
		line, all = cutLine(all)
		if rel, ok := relative(line); ok {
			paths = append(paths, rel)
		}
	}
	d.facts.Owned = append(d.facts.Owned, extract.Owned{Package: pkg.Name, Paths: paths})
}

// license keeps the field as it is: an SPDX expression in today's packages. Packages share the slices, which nobody
// changes; few are different.
func (d *apkDatabase) license(field []byte) []string {
	field = bytes.TrimSpace(field)
	if !plainText(field, maxLicense) {
		return nil
	}
	if l, ok := d.licenses[string(field)]; ok {
		return l
	}
	l := []string{string(field)}
	if len(d.licenses) < 4096 {
		d.licenses[l[0]] = l
	}
	return l
}
