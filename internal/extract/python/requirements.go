package python

import (
	"bytes"
	"context"
	"encoding/binary"
	"path"
	"strings"
	"unicode/utf16"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// requirements reads requirements files in source trees, see
// https://pip.pypa.io/en/stable/reference/requirements-file-format/. What is pinned with == or === counts, whatever its
// markers say. The rest tells no version: it is reported by name, and so are files that are included under a name that is
// not claimed itself.
type requirements struct{}

var _ extract.Extractor = requirements{}

func (requirements) Name() string  { return "requirements" }
func (requirements) Revision() int { return 2 }

func (requirements) Claims() []extract.Claim {
	return []extract.Claim{{Suffix: ".txt", In: []artifact.Kind{artifact.Directory}, Match: isRequirements}}
}

// isRequirements knows requirements.txt, requirements-dev.txt, dev_requirements.txt and requirements/dev.txt.
func isRequirements(p string) bool {
	base := path.Base(p)
	return strings.HasPrefix(base, "requirements") || strings.HasSuffix(base, "requirements.txt") ||
		path.Base(path.Dir(p)) == "requirements" && strings.HasSuffix(base, ".txt")
}

func (requirements) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	found := newPins(facts)
	defer found.done()
	var loose, odd, included names
	for line := range logicalLines(decodeText(file.Bytes())) {
		r := parseRequirement(line)
		switch {
		case r.include != "":
			if !isRequirements(path.Join(path.Dir(file.Path), r.include)) || path.Ext(r.include) != ".txt" {
				included.add(r.include)
			}
		case r.option:
		case r.name == "":
			odd.add(clip(r.text))
		case r.version != "":
			found.add(r.name, r.version)
		case r.from != "":
			found.addFrom(r.name, r.from)
		default:
			loose.add(r.name)
		}
	}
	report(facts, loose, "not pinned to one version, and not judged")
	report(facts, odd, "without a name and version, and not judged")
	report(facts, included, "included, and not read under this name")
	return nil
}

// vendored reads the list of what a package brings copies of, such as pip/_vendor/vendor.txt: an image has these copies
// without metadata of their own.
type vendored struct{}

var _ extract.Extractor = vendored{}

func (vendored) Name() string  { return "python-vendored" }
func (vendored) Revision() int { return 2 }

func (vendored) Claims() []extract.Claim {
	match := func(p string) bool { return vendoredBy(p) != "" }
	return []extract.Claim{{Base: "vendor.txt", Match: match}, {Base: "vendored.txt", Match: match}}
}

func (vendored) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	found := newPins(facts)
	defer found.done()
	found.evidence = vendorEvidence(file.Path)
	var loose names
	for line := range logicalLines(decodeText(file.Bytes())) {
		switch r := parseRequirement(line); {
		case r.option || r.include != "":
		case r.name != "" && r.version != "":
			found.add(r.name, r.version)
		default:
			loose.add(clip(r.name + r.text))
		}
	}
	report(facts, loose, "without a version, and not judged")
	return nil
}

// vendoredBy is the package in whose folder of copies a file lies: pip for site-packages/pip/_vendor/rich/x; empty where it
// lies in none.
func vendoredBy(p string) string {
	for _, folder := range []string{"/_vendor/", "/vendored/"} {
		if i := strings.LastIndex(p, folder); i > 0 {
			return path.Base(p[:i])
		}
	}
	return ""
}

func vendorEvidence(p string) []inventory.Evidence {
	if by := vendoredBy(p); by != "" {
		return []inventory.Evidence{{Detail: "vendored by " + by}}
	}
	return nil
}

// decodeText reads UTF-16 with a byte order mark, which PowerShell writes, and UTF-8.
func decodeText(b []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, 0, len(b)/2)
	for b = b[2:]; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	return []byte(string(utf16.Decode(units)))
}

// logicalLines joins lines that end in a backslash, takes comments off and leaves blank lines out, as pip does.
func logicalLines(b []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		var joined strings.Builder
		flush := func() bool {
			text := joined.String()
			joined.Reset()
			text = strings.TrimSpace(withoutComment(text))
			return text == "" || yield(text)
		}
		for len(b) > 0 {
			var line []byte
			line, b = cutLine(b)
			if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && trimmed[0] == '#' {
				joined.WriteByte(' ')
				joined.Write(line)
				if !flush() {
					return
				}
				continue
			}
			if head, more := bytes.CutSuffix(line, []byte(`\`)); more {
				joined.Write(head)
				continue
			}
			joined.Write(line)
			if !flush() {
				return
			}
		}
		flush()
	}
}

// withoutComment cuts at a # that begins the line or follows space.
func withoutComment(s string) string {
	for i := range len(s) {
		if s[i] == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t') {
			return s[:i]
		}
	}
	return s
}
