package version

import (
	"cmp"
	"strings"
)

// The kinds of item of a Python version, in the order in which they follow the release. Items without a number have
// the number "".
const (
	pypiAlpha int8 = iota
	pypiBeta
	pypiCandidate
	pypiPost
	pypiDev
)

// parsePyPI takes [N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local] apart, with all the spellings of PEP 440, appendix B.
// What is not of that form has no order: pip has refused it since 2022.
func (v *Version) parsePyPI() (why string) {
	const malformed = "it does not follow PEP 440"
	s := strings.TrimPrefix(strings.ToLower(v.raw), "v")
	if n := digits(s); n > 0 && n < len(s) && s[n] == '!' {
		v.epoch, s = s[:n], s[n+1:]
	}
	n := digits(s)
	if n == 0 {
		return malformed
	}
	release := n // without trailing zeros
	for n+1 < len(s) && s[n] == '.' && isDigit(s[n+1]) {
		d := digits(s[n+1:])
		if strings.Trim(s[n+1:n+1+d], "0") != "" {
			release = n + 1 + d
		}
		n += 1 + d
	}
	if strings.Trim(s[:release], "0") == "" {
		release = 0
	}
	v.main, s = s[:release], s[n:]

	s = v.pypiItem(s, pypiWord{"alpha", pypiAlpha}, pypiWord{"a", pypiAlpha}, pypiWord{"beta", pypiBeta},
		pypiWord{"b", pypiBeta}, pypiWord{"rc", pypiCandidate}, pypiWord{"c", pypiCandidate},
		pypiWord{"preview", pypiCandidate}, pypiWord{"pre", pypiCandidate})
	if len(s) > 1 && s[0] == '-' && isDigit(s[1]) { // 1.0-1 is 1.0.post1
		n := 1 + digits(s[1:])
		v.items = append(v.items, item{pypiPost, s[1:n]})
		s = s[n:]
	} else {
		s = v.pypiItem(s, pypiWord{"post", pypiPost}, pypiWord{"rev", pypiPost}, pypiWord{"r", pypiPost})
	}
	s = v.pypiItem(s, pypiWord{"dev", pypiDev})
	if s == "" {
		return ""
	}
	local, ok := strings.CutPrefix(s, "+")
	if !ok || !pypiLocal(local) {
		return malformed
	}
	v.tail = local
	return ""
}

type pypiWord struct {
	word string
	kind int8
}

// pypiItem reads [sep]word[[sep]N] from the start of s, if one of the words is there, and returns what follows.
func (v *Version) pypiItem(s string, words ...pypiWord) (rest string) {
	at := pypiSeparator(s)
	for _, w := range words {
		after, ok := strings.CutPrefix(s[at:], w.word)
		if !ok {
			continue
		}
		after = after[pypiSeparator(after):] // whether a number follows or not
		n := digits(after)
		v.items = append(v.items, item{w.kind, after[:n]})
		return after[n:]
	}
	return s
}

// pypiSeparator counts the separators, one or none, at the start of s.
func pypiSeparator(s string) int {
	if s != "" && (s[0] == '.' || s[0] == '-' || s[0] == '_') {
		return 1
	}
	return 0
}

// pypiLocal says whether s is letters and digits in segments.
func pypiLocal(s string) bool {
	empty := true
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c) || isLetter(c):
			empty = false
		case (c == '.' || c == '-' || c == '_') && !empty:
			empty = true
		default:
			return false
		}
	}
	return !empty
}

func comparePyPI(a, b *Version) int {
	if c := compareNumbers(a.epoch, b.epoch); c != 0 {
		return c
	}
	if c := compareRelease(a.main, b.main); c != 0 {
		return c
	}
	preA, postA, devA := pypiKeys(a.items)
	preB, postB, devB := pypiKeys(b.items)
	return cmp.Or(
		preA.compare(preB),
		postA.compare(postB),
		devA.compare(devB),
		compareLocal(a.tail, b.tail),
	)
}

// compareRelease compares dotted numbers; a missing one is zero.
func compareRelease(a, b string) int {
	for a != "" || b != "" {
		var na, nb string
		na, a, _ = strings.Cut(a, ".")
		nb, b, _ = strings.Cut(b, ".")
		if c := compareNumbers(na, nb); c != 0 {
			return c
		}
	}
	return 0
}

// pypiKey is one part of a version's key: first its place, then its number.
type pypiKey struct {
	place  int
	number string
}

func (k pypiKey) compare(o pypiKey) int {
	return cmp.Or(cmp.Compare(k.place, o.place), compareNumbers(k.number, o.number))
}

// pypiKeys fills in what the version does not say: without a pre-release it is after all of them, unless it is only a
// development release, which is before them; without a post-release before those; and after its development releases.
func pypiKeys(items []item) (pre, post, dev pypiKey) {
	const before, after = -1, 100
	pre, post, dev = pypiKey{place: after}, pypiKey{place: before}, pypiKey{place: after}
	for _, it := range items {
		switch key := (pypiKey{int(it.kind), it.text}); it.kind {
		case pypiPost:
			post = key
		case pypiDev:
			dev = key
		default:
			pre = key
		}
	}
	if pre.place == after && post.place == before && dev.place != after {
		pre.place = before
	}
	return pre, post, dev
}

// compareLocal compares the parts after "+": any is after none, numbers are after words, longer is after shorter.
func compareLocal(a, b string) int {
	for a != "" && b != "" {
		var sa, sb string
		sa, a = cutLocal(a)
		sb, b = cutLocal(b)
		numA, numB := digits(sa) == len(sa), digits(sb) == len(sb)
		var c int
		switch {
		case numA && numB:
			c = compareNumbers(sa, sb)
		case numA:
			c = +1
		case numB:
			c = -1
		default:
			c = strings.Compare(sa, sb)
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(min(1, len(a)), min(1, len(b)))
}

func cutLocal(s string) (segment, rest string) {
	if i := strings.IndexAny(s, ".-_"); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}
