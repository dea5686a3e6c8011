package sbom

import (
	"bytes"
	"strings"
)

// headBytes is how far Detect looks for the signs of XML and of tag-value text.
const headBytes = 4096

// Detect says which format the bytes are in, by the words that the formats demand. The head of a document is enough
// where those words stand in it; damage further down is for [Read] to find.
func Detect(b []byte) (format string, ok bool) {
	format, _ = detect(b)
	return format, format != ""
}

// encoding is how a format is written down.
type encoding int

const (
	inJSON encoding = iota
	inXML
	inTagValue
)

func detect(b []byte) (string, encoding) {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(b) == 0 {
		return "", 0
	}
	head := b[:min(len(b), headBytes)]
	switch b[0] {
	case '{':
		for key, raw := range members(b) {
			switch {
			case key == "bomFormat" && text(raw) == "CycloneDX":
				return CycloneDX, inJSON
			case key == "spdxVersion" && strings.HasPrefix(text(raw), "SPDX-"),
				key == "SPDXID" && text(raw) == "SPDXRef-DOCUMENT": // writers that sort keys put the version behind all packages
				return SPDX, inJSON
			}
		}
	case '<':
		if bytes.Contains(head, []byte("http://cyclonedx.org/schema/bom")) {
			return CycloneDX, inXML
		}
	default:
		for line := range bytes.Lines(head) {
			if bytes.HasPrefix(line, []byte("SPDXVersion:")) {
				return SPDX, inTagValue
			}
		}
	}
	return "", 0
}
