package ospkg

import (
	"bytes"
	"context"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// adminDirs are the places of dpkg's database: dpkg's own, and where images with an empty /var keep it (bootc after
// rpm's example; Endless OS).
func adminDirs() []string {
	return []string{"var/lib/dpkg", "usr/lib/sysimage/dpkg", "usr/share/dpkg/database"}
}

// Dpkg reads dpkg's status database, and the status.d directory of distroless images, which has one control file a
// package.
//
// A package counts when its files may be on the disk: in every state of dpkg(1) but not-installed and config-files. On a
// system at rest those are the packages that dpkg-query -W shows as "ii" (or "hi": on hold; "ri": to be removed). The
// files of status.d are plain control files without a Status; there a package counts unless its Status says otherwise.
type Dpkg struct{}

var _ extract.Extractor = Dpkg{}

// Name implements [extract.Extractor].
func (Dpkg) Name() string { return "dpkg" }

// Revision implements [extract.Extractor].
func (Dpkg) Revision() int { return 1 }

// Claims implements [extract.Extractor].
func (Dpkg) Claims() []extract.Claim {
	var claims []extract.Claim
	for _, d := range adminDirs() {
		claims = append(claims, extract.Claim{Path: d + "/status"})
	}
	notSums := func(p string) bool { return path.Ext(p) != ".md5sums" }
	return append(claims, extract.Claim{Dir: "var/lib/dpkg/status.d", Match: notSums})
}

// Extract implements [extract.Extractor].
func (Dpkg) Extract(ctx context.Context, f *extract.File, facts *extract.Facts) error {
	d := database{statusOptional: strings.HasPrefix(f.Path, "var/lib/dpkg/status.d/")}
	err := d.read(ctx, f.Bytes())
	facts.Packages = append(facts.Packages, d.packages...)
	d.complaints.report(facts)
	return err
}

// database collects the packages of a status file.
type database struct {
	statusOptional bool

	packages   []inventory.Package
	index      map[nameArch]int // of packages; made at the first one
	arches     interned
	sources    []inventory.Source // a block from which Source pointers are given out
	buf        []byte
	complaints complaints
}

type nameArch struct{ name, arch string }

func (d *database) read(ctx context.Context, text []byte) error {
	// A stanza of dpkg has about a kilobyte.
	d.packages = make([]inventory.Package, 0, min(len(text)/1024+1, 4096))
	r := stanzas{rest: text}
	for n := 0; ; n++ {
		if n%1024 == 1023 && ctx.Err() != nil {
			return ctx.Err()
		}
		var s stanza
		if !r.next(&s) {
			return nil
		}
		d.add(&s)
	}
}

// add takes a stanza in, or complains.
func (d *database) add(s *stanza) {
	switch {
	case len(s.name) == 0:
		if len(s.status) != 0 || len(s.version) != 0 {
			d.complaints.add("a stanza without a Package field", s.line)
		}
		return
	case len(s.status) == 0:
		if !d.statusOptional {
			d.complaints.add("a package without a Status field, which dpkg takes as not installed", s.line)
			return
		}
	case !unpacked(s.status):
		return
	}
	switch {
	case !legalName(s.name) || s.name[0] == '.':
		d.complaints.add("a package name that dpkg does not allow", s.line)
		return
	case !legalVersion(s.version):
		d.complaints.add("a package without a version, or with one that dpkg does not allow", s.line)
		return
	}
	p := d.build(s)
	key := nameArch{p.Name, p.Arch}
	if i, ok := d.index[key]; ok {
		d.packages[i] = p // dpkg refuses to read on; the later one is more likely true
		return
	}
	if len(d.packages) == maxPackages {
		d.complaints.add(tooMany+" for one database; the rest is left out", s.line)
		return
	}
	if d.index == nil {
		d.index = make(map[nameArch]int, cap(d.packages))
	}
	d.index[key] = len(d.packages)
	d.packages = append(d.packages, p)
}

// unpacked says whether the last word of a Status field ("install ok installed") is a state with files on the disk.
func unpacked(status []byte) bool {
	state := status[bytes.LastIndexByte(status, ' ')+1:]
	switch string(state) {
	case "installed", "unpacked", "half-configured", "half-installed", "triggers-awaited", "triggers-pending":
		return true
	}
	return false
}

// build makes the package of a stanza; the strings of its own share one allocation.
func (d *database) build(s *stanza) inventory.Package {
	sourceName, sourceVersion := splitSource(s.source)
	ownName, ownVersion := legalName(sourceName) && !bytes.Equal(sourceName, s.name), legalVersion(sourceVersion)
	d.buf = append(append(d.buf[:0], s.name...), s.version...)
	if ownName {
		d.buf = append(d.buf, sourceName...)
	}
	if ownVersion {
		d.buf = append(d.buf, sourceVersion...)
	}
	all := string(d.buf)
	take := func(n int) (s string) {
		s, all = all[:n], all[n:]
		return s
	}
	p := inventory.Package{Name: take(len(s.name)), Version: take(len(s.version)), Ecosystem: purl.Debian}
	if legalVersion(s.arch) {
		p.Arch = d.arches.of(s.arch)
	}
	if len(d.sources) == cap(d.sources) {
		d.sources = make([]inventory.Source, 0, 64)
	}
	// Without a version of its own the source has the binary's. A binary rebuild (+b1) always has one.
	src := inventory.Source{Name: p.Name, Version: p.Version}
	if ownName {
		src.Name = take(len(sourceName))
	}
	if ownVersion {
		src.Version = take(len(sourceVersion))
	}
	d.sources = append(d.sources, src)
	p.Source = &d.sources[len(d.sources)-1]
	return p
}

// splitSource parts "glibc (2.36-9)" as dpkg does: the name ends at the first space, the version is between the first
// parenthesis and its end.
func splitSource(field []byte) (name, version []byte) {
	name, _, _ = bytes.Cut(field, []byte(" "))
	if _, after, ok := bytes.Cut(field, []byte("(")); ok {
		version, _, _ = bytes.Cut(after, []byte(")"))
		version = bytes.TrimSpace(version)
	}
	return name, version
}
