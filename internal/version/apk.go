package version

import (
	"cmp"
	"strings"
)

// An apk version is number{.number}...{letter}{_suffix{number}}...{~hash}{-r#}. See
// https://man.archlinux.org/man/extra/apk-tools/apk-package.5 and the rules in apk-tools's version tests.

// apkKind tells the parts of an apk version apart. Where two versions first differ in kind, the one whose part comes
// later here is the older one: "1.2" goes on with a number after "1" where "1a" goes on with a letter.
type apkKind uint8

const (
	apkFirst    apkKind = iota // the first number
	apkNumber                  // another number, after a dot
	apkLetter                  // one lower-case letter
	apkSuffix                  // _alpha
	apkSuffixNo                // the 2 of _alpha2
	apkHash                    // ~1234abcd
	apkRevision                // the 3 of -r3
	apkEnd
	apkInvalid
)

// apkReader reads an apk version part by part.
type apkReader struct {
	rest   string
	kind   apkKind
	text   string // of the part: digits, letter, hash
	suffix int    // apkSuffix: its place in the order; 0 is a version without one
}

// apkSuffixOrder gives the place of a suffix around a version that has none, 0; false if there is no such suffix.
func apkSuffixOrder(s string) (int, bool) {
	switch s {
	case "alpha":
		return -4, true
	case "beta":
		return -3, true
	case "pre":
		return -2, true
	case "rc":
		return -1, true
	case "cvs":
		return 1, true
	case "svn":
		return 2, true
	case "git":
		return 3, true
	case "hg":
		return 4, true
	case "p":
		return 5, true
	}
	return 0, false
}

// start reads the first number.
func (r *apkReader) start() {
	r.number(apkFirst)
}

// take makes the next n bytes the part's text.
func (r *apkReader) take(kind apkKind, n int) {
	r.kind, r.text, r.rest = kind, r.rest[:n], r.rest[n:]
}

func (r *apkReader) number(kind apkKind) {
	r.take(kind, digits(r.rest))
	if r.text == "" {
		r.kind = apkInvalid
	}
}

// next reads the next part. The order of the kinds is also the order in which they may follow each other.
func (r *apkReader) next() {
	if r.rest == "" {
		r.kind, r.text = apkEnd, ""
		return
	}
	switch c := r.rest[0]; {
	case 'a' <= c && c <= 'z' && r.kind <= apkNumber:
		r.take(apkLetter, 1)
	case c == '.' && r.kind <= apkNumber:
		r.rest = r.rest[1:]
		r.number(apkNumber)
	case isDigit(c) && r.kind == apkLetter: // 6.6.2p1, as apk before its version 3 has it
		r.number(apkNumber)
	case isDigit(c) && r.kind == apkSuffix:
		r.number(apkSuffixNo)
	case c == '_' && r.kind <= apkSuffixNo:
		r.rest = r.rest[1:]
		n := 0
		for n < len(r.rest) && 'a' <= r.rest[n] && r.rest[n] <= 'z' {
			n++
		}
		r.take(apkSuffix, n)
		var ok bool
		if r.suffix, ok = apkSuffixOrder(r.text); !ok {
			r.kind = apkInvalid
		}
	case c == '~' && r.kind < apkHash:
		r.rest = r.rest[1:]
		n := 0
		for n < len(r.rest) && (isDigit(r.rest[n]) || 'a' <= r.rest[n] && r.rest[n] <= 'f') {
			n++
		}
		r.take(apkHash, n)
		if n == 0 {
			r.kind = apkInvalid
		}
	case strings.HasPrefix(r.rest, "-r") && r.kind < apkRevision:
		r.rest = r.rest[2:]
		r.number(apkRevision)
	default:
		r.kind = apkInvalid
	}
}

// parseAPK asks only for a number at the start and for bytes that versions are made of. apk itself compares versions
// which it would not let into a package today, as far as they make sense, and Alpine's database has some ("1.8.31p1-r0").
func (v *Version) parseAPK() (why string) {
	if !isDigit(v.raw[0]) {
		return "it does not start with a number"
	}
	for i := range len(v.raw) {
		if c := v.raw[i]; !isDigit(c) && !isLetter(c) && !strings.ContainsRune("._~-+", rune(c)) {
			return "it has a character that no version has"
		}
	}
	return ""
}

// compareAPK compares two versions part by part, up to the first that is not valid in either.
func compareAPK(versionA, versionB string) int {
	a, b := apkReader{rest: versionA}, apkReader{rest: versionB}
	a.start()
	b.start()
	for a.kind == b.kind && a.kind < apkEnd {
		if c := compareAPKPart(&a, &b); c != 0 {
			return c
		}
		a.next()
		b.next()
	}
	switch {
	case a.kind == b.kind:
		return 0
	case a.kind == apkSuffix && a.suffix < 0:
		return -1
	case b.kind == apkSuffix && b.suffix < 0:
		return +1
	}
	return cmp.Compare(b.kind, a.kind)
}

func compareAPKPart(a, b *apkReader) int {
	switch a.kind {
	case apkNumber:
		if a.text[0] == '0' || b.text[0] == '0' { // 1.05 is before 1.1, as a decimal fraction would be
			return strings.Compare(a.text, b.text)
		}
		return compareNumbers(a.text, b.text)
	case apkFirst, apkSuffixNo, apkRevision:
		return compareNumbers(a.text, b.text)
	case apkSuffix:
		return cmp.Compare(a.suffix, b.suffix)
	}
	return strings.Compare(a.text, b.text)
}
