package version

import "strings"

// parseGem takes a version of RubyGems apart: numbers and words, with dots between them or where digits meet letters.
// main holds the numbers before the first word, tail the rest, both without the zeros at their end. A hyphen stands
// for the word "pre". See https://docs.ruby-lang.org/en/master/Gem/Version.html.
func (v *Version) parseGem() (why string) {
	s := v.raw
	if !gemValid(s) {
		return "RubyGems does not allow it"
	}
	main, tail := 0, 0 // the ends of both parts, without zeros
	word := -1         // where the first word is
	for rest := s; rest != ""; {
		at := len(s) - len(rest)
		var segment string
		segment, rest = gemSegment(rest)
		if segment == "" {
			break
		}
		end := len(s) - len(rest)
		number := isDigit(segment[0])
		if word < 0 && !number {
			word = at
		}
		if number && strings.Trim(segment, "0") == "" {
			continue
		}
		if word < 0 {
			main = end
		} else {
			tail = end
		}
	}
	v.main = s[:main]
	if word >= 0 {
		v.tail = s[word:tail]
	}
	return ""
}

// gemValid is Gem::Version's pattern: [0-9]+(\.[0-9a-zA-Z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?
func gemValid(s string) bool {
	release, pre, hasPre := strings.Cut(s, "-")
	n := digits(release)
	return n > 0 && (n == len(release) || release[n] == '.' && identifiers(release[n+1:])) && (!hasPre || identifiers(pre))
}

// gemSegment cuts the first number or word off s; the segment is empty when there is none.
func gemSegment(s string) (segment, rest string) {
	for s != "" && s[0] == '.' {
		s = s[1:]
	}
	switch {
	case s == "":
		return "", ""
	case s[0] == '-':
		return "pre", s[1:]
	case isDigit(s[0]):
		n := digits(s)
		return s[:n], s[n:]
	}
	n := letters(s)
	return s[:n], s[n:]
}

// compareGem compares segment by segment; a missing one is zero, and a word is before any number.
func compareGem(a, b *Version) int {
	ra, rb := [2]string{a.main, a.tail}, [2]string{b.main, b.tail}
	for {
		sa, moreA := nextGem(&ra)
		sb, moreB := nextGem(&rb)
		if !moreA && !moreB {
			return 0
		}
		numA, numB := isDigit(sa[0]), isDigit(sb[0])
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
}

// nextGem takes the next segment of main and tail, or a zero after the last.
func nextGem(parts *[2]string) (segment string, more bool) {
	for i := range parts {
		if segment, parts[i] = gemSegment(parts[i]); segment != "" {
			return segment, true
		}
	}
	return "0", false
}
