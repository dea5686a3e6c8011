package version

import (
	"cmp"
	"slices"
	"strings"
)

// item is a piece of a version that does not fit into the parts of [Version].
type item struct {
	kind int8 // what it is; each order has kinds of its own
	text string
}

// The kinds of item of a Maven version. What Maven keeps as a list of numbers, qualifiers and at its end another such
// list, is here one row: everything after mavenList is in the inner list.
const (
	mavenNumber int8 = iota
	mavenWord
	mavenList
)

// parseMaven takes the version apart as the ComparableVersion of Maven 3.8 does. Any string is a version to Maven; those
// with the characters of an unresolved property or of a range are refused, for they stand for something else.
// See https://maven.apache.org/pom.html#version-order-specification.
func (v *Version) parseMaven() (why string) {
	if i := strings.IndexAny(v.raw, " \t\r\n${}[](),"); i >= 0 {
		return "it is not resolved"
	}
	s := strings.ToLower(v.raw)
	items := make([]item, 0, 8)
	open := func() { items = append(items, item{kind: mavenList}) }
	fresh := true // the innermost list is empty
	add := func(piece string, followedByDigit bool) {
		items = append(items, mavenItem(piece, followedByDigit))
		fresh = false
	}
	start, number := 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.' || c == '-':
			add(s[start:i], false)
			start = i + 1
			if c == '-' {
				open()
				fresh = true
			}
		case isDigit(c):
			if !number && i > start { // x1 is -x-1
				if !fresh {
					open()
				}
				add(s[start:i], true)
				start = i
				open()
				fresh = true
			}
			number = true
		default:
			if number && i > start { // 1x is 1-x
				add(s[start:i], false)
				start = i
				open()
				fresh = true
			}
			number = false
		}
	}
	if start < len(s) {
		if !number && !fresh { // .x is -x
			open()
		}
		add(s[start:], false)
	}
	v.items = trimMaven(items)
	return ""
}

func mavenItem(piece string, followedByDigit bool) item {
	if piece == "" {
		return item{mavenNumber, ""}
	}
	if digits(piece) == len(piece) {
		return item{mavenNumber, strings.TrimLeft(piece, "0")}
	}
	switch piece {
	case "ga", "final", "release":
		piece = ""
	case "cr":
		piece = "rc"
	case "a":
		if followedByDigit {
			piece = "alpha"
		}
	case "b":
		if followedByDigit {
			piece = "beta"
		}
	case "m":
		if followedByDigit {
			piece = "milestone"
		}
	}
	return item{mavenWord, piece}
}

// trimMaven drops what says nothing at the end of each list: zeros, releases, empty lists.
func trimMaven(items []item) []item {
	write := len(items) // items[write:] are kept
	end := true         // at the end of a list, but for the list inside it
	for _, it := range slices.Backward(items) {
		switch {
		case it.kind == mavenList:
			end = true
			if write == len(items) { // empty
				continue
			}
		case end && it.text == "":
			continue
		default:
			end = false
		}
		write--
		items[write] = it
	}
	return items[write:]
}

func compareMaven(a, b []item) int {
	for i := 0; i < len(a) || i < len(b); i++ {
		switch {
		case i >= len(a):
			return -compareMavenNothing(b[i:])
		case i >= len(b):
			return compareMavenNothing(a[i:])
		}
		if c := compareMavenItem(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// compareMavenNothing compares a rest with no rest.
func compareMavenNothing(rest []item) int {
	for _, it := range rest {
		switch {
		case it.kind == mavenNumber && it.text != "":
			return +1
		case it.kind == mavenWord && it.text != "":
			return cmp.Compare(mavenQualifier(it.text), mavenQualifier(""))
		}
	}
	return 0
}

// compareMavenItem orders a word before a list before a number.
func compareMavenItem(a, b item) int {
	if a.kind != b.kind {
		rank := [...]int{mavenWord: 0, mavenList: 1, mavenNumber: 2}
		return cmp.Compare(rank[a.kind], rank[b.kind])
	}
	if a.kind == mavenNumber {
		return compareNumbers(a.text, b.text)
	}
	qa, qb := mavenQualifier(a.text), mavenQualifier(b.text)
	if qa == unknownQualifier && qb == unknownQualifier {
		return strings.Compare(a.text, b.text)
	}
	return cmp.Compare(qa, qb)
}

const unknownQualifier = 7

// mavenQualifier gives the place of a qualifier; no qualifier is a release.
func mavenQualifier(s string) int {
	switch s {
	case "alpha":
		return 0
	case "beta":
		return 1
	case "milestone":
		return 2
	case "rc":
		return 3
	case "snapshot":
		return 4
	case "":
		return 5
	case "sp":
		return 6
	}
	return unknownQualifier
}
