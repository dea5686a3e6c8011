package python

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/license"
)

// metadata is what matters of core metadata, see
// https://packaging.python.org/specifications/core-metadata/.
type metadata struct {
	name        string
	version     string
	expression  string   // License-Expression, since PEP 639
	license     string   // License; where the whole text stands there its first line, if that names a licence
	classifiers []string // of licences, without "License :: "
}

// Bounds of what is kept; values beyond them are as if they were not there.
const (
	maxValue       = 1 << 10
	maxClassifiers = 100
)

// readMetadata reads the headers up to the blank line before the description. They are those of an e-mail: names in
// any case, long values folded onto lines that begin with space. Where a name stands twice the first counts, as for
// importlib.metadata. A line that is no header and no fold ends the headers for Python's e-mail parser; it is
// stepped over here, since setuptools once wrote licence texts without their indent, and name and version below.
func readMetadata(b []byte) metadata {
	var m metadata
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	var name []byte  // of the header whose lines are being read
	var value []byte // of its first line
	folded := false  // a second one followed
	end := func() {
		if name != nil {
			m.set(name, value, folded)
		}
		name, folded = nil, false
	}
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if rest := bytes.TrimSpace(line); name != nil && len(rest) > 0 {
				if len(bytes.TrimSpace(value)) == 0 {
					value = rest
				} else {
					folded = true
				}
			}
			continue
		}
		end()
		if colon := bytes.IndexByte(line, ':'); colon > 0 {
			name, value = line[:colon], line[colon+1:]
		}
	}
	end()
	return m
}

// cutLine takes a line off. Lines end as Python has it for text files: LF, CR LF or CR.
func cutLine(b []byte) (line, rest []byte) {
	i := 0
	for i < len(b) && b[i] != '\n' && b[i] != '\r' {
		i++
	}
	if i == len(b) {
		return b, nil
	}
	line, rest = b[:i], b[i+1:]
	if b[i] == '\r' && len(rest) > 0 && rest[0] == '\n' {
		rest = rest[1:]
	}
	return line, rest
}

// set notes one header.
func (m *metadata) set(name, value []byte, folded bool) {
	is := func(header string) bool {
		return len(name) == len(header) && strings.EqualFold(string(name), header)
	}
	var field *string
	switch {
	case is("Name"):
		field = &m.name
	case is("Version"):
		field = &m.version
	case is("License-Expression"):
		field = &m.expression
	case is("License"):
		field = &m.license
	case is("Classifier"):
	default:
		return
	}
	value = bytes.TrimSpace(value)
	if len(value) == 0 || len(value) > maxValue {
		return
	}
	// The whole text of a licence is named by its first line, or begins with whose copyright it is.
	if folded && (field != &m.license || license.Expression([]string{string(value)}, license.Unclear) == "") {
		return
	}
	if field == nil {
		if c, ok := bytes.CutPrefix(value, []byte("License :: ")); ok && len(m.classifiers) < maxClassifiers {
			m.classifiers = append(m.classifiers, string(c))
		}
		return
	}
	if *field == "" {
		*field = strings.ToValidUTF8(string(value), "\uFFFD")
	}
}

// declared gives the licences, word for word: the expression where there is one, else the classifiers that mean exactly
// one licence, else what the License field says, else the remaining classifiers. Of a classifier it is the last part,
// "MIT License". A family, such as "BSD License", says less than the field beside it.
func (m *metadata) declared() []string {
	if m.expression != "" {
		return []string{m.expression}
	}
	var known, words []string
	for _, c := range m.classifiers {
		word := strings.TrimSpace(c[strings.LastIndex(":: "+c, ":: "):])
		if license.Expression([]string{word}, license.Unclear) != "" {
			known = append(known, word)
		} else if word != "OSI Approved" {
			words = append(words, word)
		}
	}
	field := m.license
	if strings.EqualFold(field, "unknown") || strings.EqualFold(field, "none") {
		field = ""
	}
	switch {
	case len(known) > 0:
		slices.Sort(known)
		return slices.Compact(known)
	case field != "":
		return []string{field}
	}
	return words
}
