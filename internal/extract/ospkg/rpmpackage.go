package ospkg

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

const (
	maxRPMText    = 8192 // bytes of a licence or vendor; licences of Fedora's kernel and TeX have some thousand
	maxRPMStrings = 4096 // different strings of which one copy is kept
)

// rpmDatabase makes packages of headers, or of the lines of a manifest.
type rpmDatabase struct {
	facts      *extract.Facts
	complaints complaints

	records   int
	index     map[rpmIdentity]struct{}
	sources   []rpmSource // aligned with the packages
	paths     int         // of all packages
	pathBytes int
	texts     map[string]string // architectures, vendors, licences, source packages: few, and often repeated
	licenses  map[string][]string
	dirs      [][]byte
	buf       []byte
}

func newRPMDatabase(facts *extract.Facts, unit string) *rpmDatabase {
	return &rpmDatabase{
		facts: facts, complaints: complaints{unit: unit},
		index: map[rpmIdentity]struct{}{}, texts: map[string]string{}, licenses: map[string][]string{},
	}
}

type rpmIdentity struct{ name, version, arch string }

// rpmFields are what tells a package; slices of the file.
type rpmFields struct {
	name, version, release                []byte
	epoch                                 uint32
	arch, vendor, license, source, module []byte
}

// rpmSource is a source package as a header names it: without an epoch.
type rpmSource struct {
	rpm           string // bash-5.1.8-6.el9_1.src.rpm
	name, version string // bash, 5.1.8-6.el9_1
	epoch         string // of the binary package, with a colon
	same          bool   // the binary package has the source's version and release
}

// header takes a record of a database in, or complains; false where there is no room for more.
func (d *rpmDatabase) header(record []byte) bool {
	d.records++
	h, ok := parseRPMHeader(record)
	if !ok {
		d.complaints.add("a header that is damaged", d.records)
		return true
	}
	f := rpmFields{
		name: h.text(rpmName), version: h.text(rpmVersion), release: h.text(rpmRelease), arch: h.text(rpmArch),
		vendor: h.text(rpmVendor), license: h.text(rpmLicense), source: h.text(rpmSourceRPM), module: h.text(rpmModularityLabel),
	}
	if e := h.numbers(rpmEpoch, rpmInt32, 4); len(e) >= 4 {
		f.epoch = binary.BigEndian.Uint32(e)
	}
	p, more := d.add(&f)
	if p != nil {
		d.files(&h, p)
	}
	return more
}

// add takes a package in, or complains; more is false where there is no room.
func (d *rpmDatabase) add(f *rpmFields) (p *inventory.Package, more bool) {
	switch {
	case string(f.name) == "gpg-pubkey":
		return nil, true
	case !legalRPMName(f.name):
		d.complaints.add("a package without a name, or with one that rpm does not allow", d.records)
		return nil, true
	case !legalRPMVersion(f.version) || !legalRPMVersion(f.release):
		d.complaints.add("a package without version and release, or with ones that rpm does not allow", d.records)
		return nil, true
	case len(d.facts.Packages) == maxPackages:
		d.complaints.add(tooMany+" for one database; the rest is left out", d.records)
		return nil, false
	}
	epoch := ""
	if f.epoch != 0 {
		epoch = strconv.FormatUint(uint64(f.epoch), 10) + ":"
	}
	version := epoch + string(f.version) + "-" + string(f.release)
	id := rpmIdentity{string(f.name), version, ""}
	if legalVersion(f.arch) {
		id.arch = d.text(f.arch)
	}
	if _, twice := d.index[id]; twice {
		return nil, true // installed once, though two records say so
	}
	d.index[id] = struct{}{}
	pkg := inventory.Package{
		Name: id.name, Version: id.version, Arch: id.arch, Ecosystem: purl.RedHat,
		Vendor: d.text(f.vendor), Licenses: d.license(f.license),
	}
	pkg.Module, pkg.ModuleBuild = d.module(f.module)
	d.facts.Packages = append(d.facts.Packages, pkg)
	d.sources = append(d.sources, d.source(f.source, epoch, version[len(epoch):]))
	return &d.facts.Packages[len(d.facts.Packages)-1], true
}

// finish gives the packages their sources. A header names the source package without an epoch. The binary packages of a
// source have its epoch unless the packager gave one another, which comes with another version (perl's modules); so the
// epoch is taken from a package that has the source's version, itself or another of that source.
func (d *rpmDatabase) finish() {
	epochs := map[string]string{}
	for _, s := range d.sources {
		if s.same {
			epochs[s.rpm] = s.epoch
		}
	}
	all := make([]inventory.Source, len(d.sources))
	for i, s := range d.sources {
		p := &d.facts.Packages[i]
		p.Source = &all[i]
		if s.name == "" { // built by other tools than rpmbuild: the package is its own source
			all[i] = inventory.Source{Name: p.Name, Version: p.Version}
			continue
		}
		epoch := s.epoch
		if !s.same {
			epoch = epochs[s.rpm]
		}
		all[i] = inventory.Source{Name: s.name, Version: epoch + s.version}
	}
}

// source parts the file name of a source package, for a binary package of that epoch and version.
func (d *rpmDatabase) source(file []byte, epoch, version string) rpmSource {
	name, v, ok := splitSourceRPM(file)
	if !ok {
		return rpmSource{}
	}
	s := rpmSource{rpm: d.text(file), epoch: epoch}
	s.name, s.version = s.rpm[:len(name)], s.rpm[len(name)+1:len(name)+1+len(v)]
	s.same = s.version == version
	return s
}

// splitSourceRPM parts bash-5.1.8-6.el9_1.src.rpm into name and version with release; neither has a dash in its last
// parts. Source packages that may not be shipped whole are called nosrc.
func splitSourceRPM(file []byte) (name, version []byte, ok bool) {
	rest, ok := bytes.CutSuffix(file, []byte(".src.rpm"))
	if !ok {
		if rest, ok = bytes.CutSuffix(file, []byte(".nosrc.rpm")); !ok {
			return nil, nil, false
		}
	}
	release := bytes.LastIndexByte(rest, '-')
	if release <= 0 {
		return nil, nil, false
	}
	i := bytes.LastIndexByte(rest[:release], '-')
	if i <= 0 {
		return nil, nil, false
	}
	name, version = rest[:i], rest[i+1:]
	return name, version, legalRPMName(name) && legalVersion(version) && len(file) <= 2*maxWord
}

// files adds the files of a package: each is a base name and the number of its directory. Directories are left out, and what
// was not installed (documentation, by choice; another architecture's) or has been replaced by another package's.
func (d *rpmDatabase) files(h *rpmHeader, p *inventory.Package) {
	count, bases := h.strings(rpmBaseNames)
	if count == 0 {
		return
	}
	indexes := h.numbers(rpmDirIndexes, rpmInt32, 4)
	modes, states := h.numbers(rpmFileModes, rpmInt16, 2), h.numbers(rpmFileStates, rpmChar, 1)
	dirs, text := h.strings(rpmDirNames)
	if len(indexes) != 4*count || dirs > maxPaths {
		d.complaints.add("a package with a damaged list of files", d.records)
		return
	}
	d.dirs = d.dirs[:0]
	for range dirs {
		dir, rest, ok := bytes.Cut(text, []byte{0})
		if !ok {
			break
		}
		d.dirs, text = append(d.dirs, dir), rest
	}
	d.buf = d.buf[:0]
	paths := 0
	for i := range count {
		base, rest, ok := bytes.Cut(bases, []byte{0})
		dir := binary.BigEndian.Uint32(indexes[4*i:])
		if !ok || uint64(dir) >= uint64(len(d.dirs)) {
			d.complaints.add("a package with a damaged list of files", d.records)
			break
		}
		bases = rest
		const kinds, directory = 0o170000, 0o040000
		if len(modes) == 2*count && binary.BigEndian.Uint16(modes[2*i:])&kinds == directory {
			continue
		}
		const replaced, notInstalled, netShared, wrongColor = 1, 2, 3, 4
		if len(states) == count {
			switch states[i] {
			case replaced, notInstalled, netShared, wrongColor:
				continue
			}
		}
		if len(d.dirs[dir])+len(base) > maxPath || bytes.IndexByte(base, '\n') >= 0 || bytes.IndexByte(d.dirs[dir], '\n') >= 0 {
			d.complaints.add("a path that is too long, or has a line break", d.records)
			continue
		}
		d.paths++
		d.pathBytes += len(d.dirs[dir]) + len(base) + 1
		if d.paths > maxPaths || d.pathBytes > maxPathBytes {
			d.complaints.add("too many files for one database; the rest is left out", d.records)
			break
		}
		d.buf = append(append(append(d.buf, d.dirs[dir]...), base...), '\n')
		paths++
	}
	if paths == 0 {
		return
	}
	all := string(d.buf)
	owned := extract.Owned{Package: p.Name, Arch: p.Arch, Paths: make([]string, 0, paths)}
	for all != "" {
		var line string
		line, all = cutLine(all)
		if rel, ok := relative(line); ok {
			owned.Paths = append(owned.Paths, rel)
		}
	}
	if len(owned.Paths) > 0 {
		d.facts.Owned = append(d.facts.Owned, owned)
	}
}

// module parts a modularity label, name:stream:version:context[:arch], into the name and stream that advisories are about, and the build of it.
func (d *rpmDatabase) module(label []byte) (stream, build string) {
	name, rest, ok := bytes.Cut(label, []byte(":"))
	line, after, _ := bytes.Cut(rest, []byte(":"))
	if !ok || !legalVersion(name) || !legalVersion(line) {
		return "", ""
	}
	if number, context, _ := bytes.Cut(after, []byte(":")); legalVersion(number) && (len(context) == 0 || legalVersion(context)) {
		build = d.text(after)
	}
	return d.text(label[:len(name)+1+len(line)]), build
}

// text keeps one copy of a string that repeats, without what cannot be shown. One that is longer than any licence, and
// "(none)", which is how rpm prints that there is none, are no text.
func (d *rpmDatabase) text(b []byte) string {
	if len(b) == 0 || len(b) > maxRPMText {
		return ""
	}
	if s, ok := d.texts[string(b)]; ok {
		return s
	}
	s := strings.TrimSpace(visible(b))
	if s == "(none)" {
		s = ""
	}
	if len(d.texts) < maxRPMStrings {
		d.texts[string(b)] = s
	}
	return s
}

// license keeps the header's word, an SPDX expression in some distributions' packages. Packages share the slices, which
// nobody changes.
func (d *rpmDatabase) license(b []byte) []string {
	s := d.text(b)
	if s == "" {
		return nil
	}
	l, ok := d.licenses[s]
	if !ok {
		l = []string{s}
		if len(d.licenses) < maxRPMStrings {
			d.licenses[s] = l
		}
	}
	return l
}

// legalRPMName holds for what rpm builds packages of: it refuses separators of paths and dependencies, and little else.
func legalRPMName(s []byte) bool {
	return legalVersion(s) && bytes.IndexByte(s, '/') < 0
}

// legalRPMVersion holds for versions and releases: what parts epoch, version and release cannot be in them.
func legalRPMVersion(s []byte) bool {
	return legalVersion(s) && !bytes.ContainsAny(s, ":-/")
}
