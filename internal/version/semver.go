package version

import (
	"cmp"
	"strings"
)

// parseSemver takes numbers[-prerelease][+build] apart. It is milder than SemVer 2.0.0, for advisories and lock files
// are too: "v" or "=" may come first, minor and patch may be missing or have company (NuGet has four numbers), leading
// zeros do not count, and a pre-release may follow the numbers without a hyphen, as in node-semver's loose mode,
// or with a dot.
func (v *Version) parseSemver(s string) (why string) {
	s = strings.TrimLeft(s, "=vV ")
	s, build, hasBuild := strings.Cut(s, "+")
	if hasBuild && !identifiers(build) {
		return "its build metadata is malformed"
	}
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n += digits(s[n:])
		if n+1 < len(s) && s[n] == '.' && isDigit(s[n+1]) {
			n++
		}
	}
	if n == 0 {
		return "it does not start with a number"
	}
	v.main, v.tail = s[:n], s[n:]
	if v.tail == "" {
		return ""
	}
	if c := v.tail[0]; (c == '-' || c == '.') && identifiers(v.tail[1:]) {
		v.tail = v.tail[1:]
		if c == '.' && (v.tail[0] == 'x' || v.tail[0] == 'X') {
			return "it stands for many versions"
		}
	}
	if !identifiers(v.tail) {
		return "its pre-release is malformed"
	}
	return ""
}

// identifiers says whether s is SemVer's dot-separated identifiers.
func identifiers(s string) bool {
	empty := true
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c) || isLetter(c) || c == '-':
			empty = false
		case c == '.' && !empty:
			empty = true
		default:
			return false
		}
	}
	return !empty
}

// parseGo reads the versions of modules ("v1.2.3", pseudo-versions, "+incompatible") and of Go itself ("go1.21.3",
// "1.22rc1"), which the Go vulnerability database writes as 1.21.3 and 1.22.0-rc.1.
func (v *Version) parseGo() (why string) {
	s, toolchain := strings.CutPrefix(v.raw, "go")
	if toolchain {
		s, _, _ = strings.Cut(s, " ") // go1.21.3 X:boringcrypto
		s, _, _ = strings.Cut(s, "-") // go1.21.3-vendor, as Go itself reads it
	}
	if why := v.parseSemver(s); why != "" {
		return why
	}
	// rc1 is rc.1, so that rc2 is before rc10. With a hyphen it is SemVer, and there rc10 is before rc2.
	if word := letters(v.tail); word > 0 && word < len(v.tail) && digits(v.tail[word:]) == len(v.tail)-word &&
		!strings.Contains(s, "-") {
		v.tail = v.tail[:word] + "." + v.tail[word:]
	}
	return ""
}

// compareSemver is the precedence of SemVer 2.0.0, section 11; words compares identifiers that are not numbers.
func compareSemver(a, b *Version, words func(a, b string) int) int {
	if c := compareRelease(a.main, b.main); c != 0 {
		return c
	}
	switch {
	case a.tail == "" && b.tail == "":
		return 0
	case a.tail == "":
		return +1
	case b.tail == "":
		return -1
	}
	return compareIdentifierLists(a.tail, b.tail, words)
}

// parsePub reads versions of Dart packages. They are SemVer, but there the build metadata counts.
func (v *Version) parsePub() (why string) {
	if _, build, ok := strings.Cut(v.raw, "+"); ok {
		v.epoch = build // not an epoch; pub has none
	}
	return v.parseSemver(v.raw)
}

func comparePub(a, b *Version) int {
	if c := compareSemver(a, b, strings.Compare); c != 0 {
		return c
	}
	return compareIdentifierLists(a.epoch, b.epoch, strings.Compare)
}

// compareIdentifierLists compares identifier by identifier; with all the same, the longer list is after the shorter.
func compareIdentifierLists(ra, rb string, words func(a, b string) int) int {
	for ra != "" && rb != "" {
		var ia, ib string
		ia, ra, _ = strings.Cut(ra, ".")
		ib, rb, _ = strings.Cut(rb, ".")
		if c := compareIdentifiers(ia, ib, words); c != 0 {
			return c
		}
	}
	switch {
	case ra != "":
		return +1
	case rb != "":
		return -1
	}
	return 0
}

func compareIdentifiers(a, b string, words func(a, b string) int) int {
	numA, numB := digits(a) == len(a), digits(b) == len(b)
	switch {
	case numA && numB:
		return compareNumbers(a, b)
	case numA:
		return -1
	case numB:
		return +1
	}
	return words(a, b)
}

// compareFold compares without regard to the case of ASCII letters, as NuGet does.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if ca, cb := upper(a[i]), upper(b[i]); ca != cb {
			return cmp.Compare(ca, cb)
		}
	}
	return cmp.Compare(len(a), len(b))
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}
