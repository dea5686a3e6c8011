package sbom

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// spdxTagValue reads the tag-value form of SPDX 2. A value may go over lines between <text> and </text>. A package ends
// where the next package, file, snippet or licence begins.
func (r *reader) spdxTagValue(b []byte) error {
	s := spdxReader{r: r}
	var items []*spdxItem // packages wait for the licences and relationships, which stand last
	var p *spdxItem
	var license struct{ id, name, text string }
	define := func() {
		if license.id != "" {
			s.define(license.id, license.name, license.text)
		}
	}
	document := true // until the first package, SPDXID and Annotation speak of the document
	for n := 1; len(b) > 0; n++ {
		var tag, value string
		var err error
		if tag, value, b, err = nextTag(b); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
		switch tag {
		case "SPDXVersion":
			if err := r.supported(strings.TrimPrefix(value, "SPDX-")); err != nil {
				return err
			}
		case "DocumentName":
			s.name = value
		case "PackageName":
			document = false
			p = &spdxItem{}
			p.name = value
			if len(items) <= r.most {
				items = append(items, p)
			} else {
				r.tooMany++
			}
		case "FileName", "SnippetSPDXID":
			document, p = false, nil
		case "LicenseID":
			define()
			document, p = false, nil
			license.id, license.name, license.text = value, "", ""
		case "LicenseName":
			license.name = value
		case "ExtractedText":
			license.text = value
		case "Relationship":
			if f := strings.Fields(value); len(f) == 3 {
				s.relate(f[0], f[1], f[2])
			}
		}
		if p != nil && !document {
			p.tag(tag, value)
		}
	}
	define()
	for _, p := range items {
		if err := s.add(p); err != nil {
			return err
		}
	}
	r.doc.Name = cmp.Or(r.doc.Name, s.name)
	return nil
}

func (p *spdxItem) tag(tag, value string) {
	switch tag {
	case "SPDXID":
		p.id = value
	case "PackageVersion":
		p.version = value
	case "PrimaryPackagePurpose":
		p.purpose(value)
	case "PackageLicenseDeclared":
		p.declared = value
	case "PackageSourceInfo":
		p.sourceInfo(value)
	case "PackageAttributionText", "AnnotationComment":
		p.annotation(value)
	case "ExternalRef":
		if f := strings.Fields(value); len(f) == 3 {
			p.reference(f[1], f[2])
		}
	}
}

// nextTag cuts one entry off; tag is empty for comments and blank lines.
func nextTag(b []byte) (tag, value string, rest []byte, err error) {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	if trimmed := bytes.TrimSpace(line); len(trimmed) == 0 || trimmed[0] == '#' {
		return "", "", rest, nil
	}
	head, body, ok := bytes.Cut(line, []byte(":"))
	tag = valid(bytes.TrimSpace(head))
	if !ok {
		return "", "", nil, fmt.Errorf("%w: no tag in %q", artifact.ErrCorrupt, cut(tag, 80))
	}
	body = bytes.TrimSpace(body)
	begin, is := bytes.CutPrefix(body, []byte("<text>"))
	if !is {
		return tag, valid(body), rest, nil
	}
	closing := []byte("</text>")
	if inside, _, closed := bytes.Cut(begin, closing); closed {
		return tag, valid(inside), rest, nil
	}
	inside, after, closed := bytes.Cut(rest, closing)
	if !closed {
		return "", "", nil, fmt.Errorf("%w: <text> of %s does not end", artifact.ErrCorrupt, cut(tag, 80))
	}
	_, rest, _ = bytes.Cut(after, []byte("\n"))
	return tag, valid(begin) + "\n" + valid(inside), rest, nil
}

func valid(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
