package java

import (
	"bytes"
	"strings"
)

// manifest is the main section of a META-INF/MANIFEST.MF: values by name in lower case.
type manifest map[string]string

// parseManifest reads the main section, which the first empty line ends; ended is false where there is none. Lines are at most 72
// bytes long and go on behind a space on the next. The JAR file specification, "JAR Manifest".
func parseManifest(b []byte) (m manifest, ended bool) {
	m = manifest{}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	var name string
	var value []byte
	flush := func() {
		if name != "" {
			m[name] = strings.ToValidUTF8(strings.TrimSpace(string(value)), "?")
		}
		name, value = "", nil
	}
	for len(b) > 0 {
		line := b
		if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
			line = b[:i]
			n := 1
			if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
				n = 2
			}
			b = b[i+n:]
		} else {
			b = nil
		}
		if len(line) == 0 {
			flush()
			return m, true
		}
		if line[0] == ' ' {
			value = append(value, line[1:]...)
			continue
		}
		flush()
		if n, v, ok := bytes.Cut(line, []byte(":")); ok {
			name, value = strings.ToLower(string(bytes.TrimSpace(n))), bytes.Clone(v)
		}
	}
	flush()
	return m, false
}

// said is a value that tells something: builds leave placeholders behind.
func (m manifest) said(name string) string {
	v := m[name]
	if strings.ContainsAny(v, "$@\n") || len(v) > 256 {
		return ""
	}
	switch strings.ToLower(v) {
	case "unknown", "unspecified", "undefined", "null", "none", "n/a", "project":
		return ""
	}
	return v
}

// bundle is the symbolic name of an OSGi bundle, without its directives. OSGi Core, 3.2.1.6.
func (m manifest) bundle() string {
	v, _, _ := strings.Cut(m.said("bundle-symbolicname"), ";")
	return strings.TrimSpace(v)
}

// versions are what the manifest says of the version, best first. A specification's version is that of what the jar implements,
// and counts only where nothing else is said.
func (m manifest) versions() []string {
	var list []string
	for _, name := range []string{"implementation-version", "bundle-version", "specification-version"} {
		if v := asVersion(m.said(name)); v != "" {
			list = append(list, v)
		}
	}
	return list
}

// asVersion is the version at the beginning of a value: "1.2.3 (build 7)" begins with one, "trunk" does not.
func asVersion(v string) string {
	v = strings.Trim(v, `"'`)
	if i := strings.IndexAny(v, " \t,;("); i >= 0 {
		v = v[:i]
	}
	digits := v
	if len(v) > 1 && (v[0] == 'v' || v[0] == 'V') {
		digits = v[1:]
	}
	if digits == "" || !isDigit(digits[0]) {
		return ""
	}
	return digits
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// licenses are the licences of a bundle: names or addresses, separated by commas, each with attributes behind semicolons.
// OSGi Core, 3.2.1.10.
func (m manifest) licenses() []string {
	var list []string
	for _, clause := range splitQuoted(m["bundle-license"], ',') {
		name := strings.Trim(strings.TrimSpace(splitQuoted(clause, ';')[0]), `"`)
		if name != "" && name != "<<EXTERNAL>>" && !strings.Contains(name, "${") {
			list = append(list, name)
		}
	}
	return list
}

// splitQuoted splits outside of double quotes; at least one part.
func splitQuoted(s string, sep byte) []string {
	var parts []string
	start, quoted := 0, false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}
