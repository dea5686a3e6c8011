package ospkg

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// DpkgCopyright reads the licences of Debian packages from usr/share/doc/NAME/copyright.
//
// A machine-readable file (DEP-5, https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/) names the
// licences of its files: each expression is one licence of the package, as it is written. Of any other file only the mentions of
// /usr/share/common-licenses are read; those of GNU's licences keep the folder before them ("common-licenses/GPL-2"), since the text may or may
// not go on with "or any later version", so that nobody takes them for what DEP-5 means by the name.
//
// A doc directory that is a link to another package's is not followed: that package's licences are told for itself.
type DpkgCopyright struct{}

var _ extract.Extractor = DpkgCopyright{}

// Bounds of what is taken for a licence, so that a hostile file is not copied into the inventory.
const (
	maxLicense  = 256  // bytes of one; longer ones are prose
	maxLicenses = 1000 // of one package; the kernel's firmware has about 60
)

// Name implements [extract.Extractor].
func (DpkgCopyright) Name() string { return "dpkg-copyright" }

// Revision implements [extract.Extractor].
func (DpkgCopyright) Revision() int { return 2 }

// Claims implements [extract.Extractor].
func (DpkgCopyright) Claims() []extract.Claim {
	return []extract.Claim{{Base: "copyright", Match: func(p string) bool {
		rest, ok := strings.CutPrefix(p, "usr/share/doc/")
		return ok && strings.Count(rest, "/") == 1
	}}}
}

// Extract implements [extract.Extractor].
func (DpkgCopyright) Extract(ctx context.Context, f *extract.File, facts *extract.Facts) error {
	var found licenses
	text := bytes.TrimPrefix(f.Bytes(), []byte("\ufeff"))
	var err error
	if machineReadable(text) {
		err = found.dep5(ctx, text)
	} else {
		found.common(text)
	}
	if found.cut {
		facts.Report(artifact.Unparsable, "more than a thousand licences; the rest is left out")
	}
	if list := found.sorted(); len(list) > 0 {
		facts.Licenses = append(facts.Licenses, extract.License{Package: path.Base(path.Dir(f.Path)), Licenses: list})
	}
	return err
}

// machineReadable says whether the first field is the Format of DEP-5, or of its drafts.
func machineReadable(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	field, _, ok := bytes.Cut(text[:min(len(text), 64)], []byte(":"))
	return ok && (fieldIs(field, "format") || fieldIs(field, "format-specification"))
}

// licenses collects distinct licences.
type licenses struct {
	set  map[string]bool
	seen map[string]bool // expressions as they are written: a file repeats a few many times over
	cut  bool
}

func (l *licenses) addExpression(written []byte) {
	if l.cut || l.seen[string(written)] {
		return
	}
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	s := string(written)
	if len(l.seen) < maxLicenses {
		l.seen[s] = true
	}
	l.add(s)
}

func (l *licenses) add(name string) {
	switch {
	case l.set[name]:
	case len(l.set) == maxLicenses:
		l.cut = true
	default:
		if l.set == nil {
			l.set = map[string]bool{}
		}
		l.set[name] = true
	}
}

func (l *licenses) sorted() []string {
	list := make([]string, 0, len(l.set))
	for name := range l.set {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// dep5 adds the License of the header and of each Files stanza. A License stanza without Files only gives the text of a
// licence that a Files stanza names; such stanzas count where no other has a licence.
func (l *licenses) dep5(ctx context.Context, text []byte) error {
	var alone licenses
	var license []byte // of this stanza
	files, header := false, true
	end := func() {
		if len(license) > 0 {
			into := &alone
			if files || header {
				into = l
			}
			into.addExpression(license)
		}
		license, files = nil, false
	}
	inStanza := false
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
		if len(bytes.TrimSpace(line)) == 0 {
			if inStanza {
				end()
				header, inStanza = false, false
			}
			continue
		}
		inStanza = true
		switch line[0] {
		case 'L', 'l':
			if v, ok := fieldValue(line, "license"); ok && plainText(v, maxLicense) {
				license = v
			}
		case 'F', 'f':
			if _, ok := fieldValue(line, "files"); ok {
				files = true
			}
		}
	}
	end()
	if len(l.set) == 0 {
		*l = alone
	}
	return nil
}

func fieldValue(line []byte, name string) ([]byte, bool) {
	if len(line) <= len(name) || line[len(name)] != ':' || !fieldIs(line[:len(name)], name) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name)+1:]), true
}

// common adds what the text names of /usr/share/common-licenses.
func (l *licenses) common(text []byte) {
	const mention = "/usr/share/common-licenses/"
	for {
		_, after, ok := bytes.Cut(text, []byte(mention))
		if !ok {
			return
		}
		text = after
		n := 0
		for n < len(text) && n < 64 && strings.IndexByte(licenseBytes, text[n]) >= 0 {
			n++
		}
		name := strings.TrimRight(string(text[:n]), ".-+")
		if name == "" {
			continue
		}
		if gnu(name) {
			name = "common-licenses/" + name
		}
		l.add(name)
	}
}

// gnu says whether the name is of a licence whose SPDX id must say "only" or "or later".
func gnu(name string) bool {
	for _, family := range []string{"GPL", "LGPL", "AGPL", "GFDL"} {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return false
}

const licenseBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+"

// plainText says whether a field is one line of printable UTF-8, not empty and not longer than limit.
func plainText(s []byte, limit int) bool {
	if len(s) == 0 || len(s) > limit || !utf8.Valid(s) {
		return false
	}
	return !bytes.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
