package purl

import (
	"slices"
	"strings"
)

// Qualifier is one key and value after the "?" of a purl. A qualifier without a value is as if it were not there.
type Qualifier struct{ Key, Value string }

// Make writes the canonical purl of a package.
//
// For packages of languages, name is the whole name in the ecosystem ("@babel/core", "github.com/a/b/v2",
// "org.apache.logging:log4j-core", "vendor/pkg") and namespace is empty: Make splits the name itself. For packages of
// distributions an empty namespace means the distribution's own ("debian", "alpine"). Qualifiers may come in any order;
// those without a value, and those whose key the specification does not allow, are left out. Without a name there is no
// purl, and the result is empty.
//
// The specification wants golang purls in lower case although Go's module paths are not: see [Parse].
func Make(e Ecosystem, namespace, name, version string, quals []Qualifier, subpath string) string {
	typ := e.Type()
	if namespace == "" {
		namespace, name = splitName(e, name)
	}
	if name == "" {
		return ""
	}
	lowerNamespace, lowerName := lowered(typ)
	if lowerNamespace {
		namespace = strings.ToLower(namespace)
	}
	if lowerName {
		name = strings.ToLower(name)
	}
	if typ == "pypi" {
		name = strings.ReplaceAll(name, "_", "-")
	}
	var few [8]Qualifier
	quals = canonicalQualifiers(few[:0], quals)

	size := len("pkg:///@?#") + len(typ) + len(namespace) + len(name) + len(version) + len(subpath)
	for _, q := range quals {
		size += len(q.Key) + len(q.Value) + 2
	}
	size += size/8 + 8 // some percent signs
	var b strings.Builder
	b.Grow(size)
	b.WriteString("pkg:")
	b.WriteString(typ)
	for segment := range strings.SplitSeq(namespace, "/") {
		if segment != "" {
			b.WriteByte('/')
			escape(&b, segment)
		}
	}
	b.WriteByte('/')
	escape(&b, name)
	if version != "" {
		b.WriteByte('@')
		escape(&b, version)
	}
	next := byte('?')
	for _, q := range quals {
		b.WriteByte(next)
		b.WriteString(q.Key)
		b.WriteByte('=')
		escape(&b, q.Value)
		next = '&'
	}
	next = '#'
	for segment := range strings.SplitSeq(subpath, "/") {
		if segment != "" && segment != "." && segment != ".." {
			b.WriteByte(next)
			escape(&b, segment)
			next = '/'
		}
	}
	return b.String()
}

// splitName takes the namespace out of an ecosystem's whole name.
func splitName(e Ecosystem, name string) (namespace, rest string) {
	switch e {
	case NPM, Go, Kubernetes, Packagist, GitHubActions, SwiftURL, VSCode:
		name = strings.Trim(name, "/")
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			return name[:i], name[i+1:]
		}
		return "", name
	case Maven:
		if group, artifact, ok := strings.Cut(name, ":"); ok {
			return group, artifact
		}
		return "", name
	}
	return e.vendor(), name
}

// lowered says which parts of a purl the definition of its type wants in lower case.
func lowered(typ string) (namespace, name bool) {
	switch typ {
	case "apk", "composer", "deb", "github", "golang", "hex":
		return true, true
	case "rpm":
		return true, false
	case "bitnami", "pub", "pypi":
		return false, true
	}
	return false, false
}

// canonicalQualifiers appends to dst the qualifiers that a purl may have: with a value, their keys in lower case,
// sorted and told once.
func canonicalQualifiers(dst, quals []Qualifier) []Qualifier {
	for _, q := range quals {
		q.Key = strings.ToLower(q.Key)
		if q.Value != "" && validKey(q.Key) {
			dst = append(dst, q)
		}
	}
	slices.SortStableFunc(dst, func(a, b Qualifier) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(dst, func(a, b Qualifier) bool { return a.Key == b.Key })
}

func validKey(key string) bool {
	for i := range len(key) {
		c := key[i]
		switch {
		case 'a' <= c && c <= 'z', c == '.', c == '-', c == '_':
		case '0' <= c && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return key != ""
}

// escape writes s percent-encoded. What may stand as it is, is the same in every part of a purl: ECMA-427, 5.4.
func escape(b *strings.Builder, s string) {
	plain := 0 // s[plain:i] waits to be written as it is
	for i := range len(s) {
		if unescaped(s[i]) {
			continue
		}
		b.WriteString(s[plain:i])
		const hex = "0123456789ABCDEF"
		b.WriteByte('%')
		b.WriteByte(hex[s[i]>>4])
		b.WriteByte(hex[s[i]&15])
		plain = i + 1
	}
	b.WriteString(s[plain:])
}

func unescaped(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~' || c == ':'
}
