package version

import (
	"cmp"
	"strings"
)

// parseRPM takes [epoch:]version[-release] apart. What stands before a colon and is not a number is no epoch.
func (v *Version) parseRPM() (why string) {
	rest := v.raw
	if strings.ContainsAny(rest, " \t\n\v\f\r") {
		return "it has spaces"
	}
	if epoch, after, ok := strings.Cut(rest, ":"); ok && digits(epoch) == len(epoch) {
		if epoch != "" {
			if why := checkEpoch(epoch); why != "" {
				return why
			}
		}
		v.epoch, rest = epoch, after
	}
	v.main = rest
	if i := strings.LastIndexByte(rest, '-'); i >= 0 {
		v.main, v.tail = rest[:i], rest[i+1:]
	}
	return ""
}

func compareRPM(a, b *Version) int {
	return cmp.Or(
		compareNumbers(a.epoch, b.epoch),
		compareRPMPart(a.main, b.main),
		compareRPMPart(a.tail, b.tail),
	)
}

// compareRPMPart is rpmvercmp: runs of letters and runs of digits are compared in turn, whatever separates them; "~" is
// before the end of a version and "^" right after it. See
// https://rpm-software-management.github.io/rpm/man/rpm-version.7.
func compareRPMPart(a, b string) int {
	for {
		a, b = skipSeparators(a), skipSeparators(b)
		switch tildeA, tildeB := first(a, '~'), first(b, '~'); {
		case tildeA && tildeB:
			a, b = a[1:], b[1:]
			continue
		case tildeA:
			return -1
		case tildeB:
			return +1
		}
		switch caretA, caretB := first(a, '^'), first(b, '^'); {
		case caretA && caretB:
			a, b = a[1:], b[1:]
			continue
		case caretA && b == "", caretB && a != "":
			return +1
		case caretA, caretB:
			return -1
		}
		if a == "" || b == "" {
			return cmp.Compare(len(a), len(b))
		}
		if isDigit(a[0]) != isDigit(b[0]) { // numbers are newer than words
			if isDigit(a[0]) {
				return +1
			}
			return -1
		}
		if isDigit(a[0]) {
			na, nb := digits(a), digits(b)
			if c := compareNumbers(a[:na], b[:nb]); c != 0 {
				return c
			}
			a, b = a[na:], b[nb:]
			continue
		}
		na, nb := letters(a), letters(b)
		if c := strings.Compare(a[:na], b[:nb]); c != 0 {
			return c
		}
		a, b = a[na:], b[nb:]
	}
}

func first(s string, c byte) bool { return s != "" && s[0] == c }

func skipSeparators(s string) string {
	for i := range len(s) {
		if c := s[i]; isDigit(c) || isLetter(c) || c == '~' || c == '^' {
			return s[i:]
		}
	}
	return ""
}
