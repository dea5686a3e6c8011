package version

import (
	"cmp"
	"strings"
)

// parseUpstream takes a version apart that no package manager made and no standard governs, as the makers of nginx, OpenSSL, Python or the JDK
// write theirs: numbers, then perhaps words and numbers (1.0.2k, 9.2p1, 3.13.0rc2, 9.0.0.M1, 1.8.0_392). What divides them says nothing; what
// follows a plus sign tells builds of one version apart (17.0.9+9), of which no advisory speaks, and does not count.
// main is the numbers in front, tail the rest in lower case.
func (v *Version) parseUpstream() (why string) {
	s := v.raw
	if len(s) > 1 && (s[0] == 'v' || s[0] == 'V') {
		s = s[1:]
	}
	s, _, _ = strings.Cut(s, "+")
	if s == "" || !isDigit(s[0]) {
		return "it does not start with a number"
	}
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && !isLetter(c) && !isDivider(c) {
			return "it is not numbers and words"
		}
	}
	n := digits(s)
	for n+1 < len(s) && isDivider(s[n]) && isDigit(s[n+1]) {
		n += 1 + digits(s[n+1:])
	}
	v.main, v.tail = s[:n], strings.ToLower(s[n:])
	// Java's other spelling: 8u392 is 1.8.0_392.
	if u, ok := strings.CutPrefix(v.tail, "u"); ok && digits(s) == n && u != "" && digits(u) == len(u) {
		v.main, v.tail = "1."+v.main+".0_"+u, ""
	}
	return ""
}

func isDivider(c byte) bool { return c == '.' || c == '-' || c == '_' || c == '~' }

// compareUpstream compares the numbers in front, a missing one being zero; then the rest, where a word of something unfinished is before nothing, and
// nothing is before a number and any other word.
func compareUpstream(a, b *Version) int {
	for ra, rb := a.main, b.main; ra != "" || rb != ""; {
		na, nb := digits(ra), digits(rb)
		if c := compareNumbers(ra[:na], rb[:nb]); c != 0 {
			return c
		}
		ra, rb = ra[min(len(ra), na+1):], rb[min(len(rb), nb+1):]
	}
	for ra, rb := a.tail, b.tail; ; {
		var sa, sb upstreamSegment
		sa, ra = nextUpstream(ra)
		sb, rb = nextUpstream(rb)
		c := cmp.Or(cmp.Compare(sa.rank, sb.rank), compareNumbers(sa.number, sb.number), strings.Compare(sa.word, sb.word))
		if c != 0 || sa.rank == upstreamEnd {
			return c
		}
	}
}

// upstreamSegment is one number or word after the first word.
type upstreamSegment struct {
	rank         upstreamRank
	number, word string // one of them
}

// upstreamRank orders segments of different kinds.
type upstreamRank uint8

const (
	upstreamSnapshot upstreamRank = iota
	upstreamPreview
	upstreamAlpha
	upstreamBeta
	upstreamMilestone
	upstreamCandidate
	upstreamEnd
	upstreamNumber
	upstreamWord
)

// nextUpstream cuts the first segment off s.
func nextUpstream(s string) (upstreamSegment, string) {
	for s != "" && isDivider(s[0]) {
		s = s[1:]
	}
	switch n := digits(s); {
	case s == "":
		return upstreamSegment{rank: upstreamEnd}, ""
	case n > 0:
		return upstreamSegment{rank: upstreamNumber, number: s[:n]}, s[n:]
	}
	n := letters(s)
	word, rest := s[:n], s[n:]
	numbered := rest != "" && isDigit(rest[0])
	rank := upstreamWord
	switch {
	case word == "dev" || word == "devel" || word == "snapshot" || word == "nightly" || word == "canary":
		rank = upstreamSnapshot
	case word == "pre" || word == "preview" || word == "prerelease" || word == "ea":
		rank = upstreamPreview
	// A letter alone is OpenSSL's way to count its fixes: 1.0.2b; before a number it is Python's for something unfinished: 3.13.0b1.
	case word == "alpha" || word == "a" && numbered:
		rank = upstreamAlpha
	case word == "beta" || word == "b" && numbered:
		rank = upstreamBeta
	case word == "milestone" || word == "m" && numbered:
		rank = upstreamMilestone
	case word == "rc" || word == "cr" || word == "c" && numbered:
		rank = upstreamCandidate
	case word == "p" || word == "pl" || word == "patch" || word == "patchlevel":
		word = "p"
	}
	if rank < upstreamEnd {
		word = ""
	}
	return upstreamSegment{rank: rank, word: word}, rest
}
