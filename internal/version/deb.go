package version

import (
	"cmp"
	"strings"
)

// parseDeb takes [epoch:]upstream[-revision] apart, as dpkg does when it reads its own database: what dpkg only warns
// of (an upstream version without a digit in front, odd characters) has an order too.
// See deb-version(7).
func (v *Version) parseDeb() (why string) {
	rest := v.raw
	if strings.ContainsAny(rest, " \t\n\v\f\r") {
		return "it has spaces"
	}
	if epoch, after, ok := strings.Cut(rest, ":"); ok {
		if why := checkEpoch(epoch); why != "" {
			return why
		}
		if after == "" {
			return "nothing follows the epoch"
		}
		v.epoch, rest = strings.TrimLeft(epoch, "0"), after
	}
	v.main = rest
	if i := strings.LastIndexByte(rest, '-'); i >= 0 {
		v.main, v.tail = rest[:i], rest[i+1:]
		if v.tail == "" {
			return "the revision is empty"
		}
	}
	if v.main == "" {
		return "there is no upstream version"
	}
	return ""
}

// checkEpoch says what is wrong with an epoch: it is a number that fits into 31 bits.
func checkEpoch(epoch string) (why string) {
	if epoch == "" || digits(epoch) < len(epoch) {
		return "the epoch is not a number"
	}
	if compareNumbers(epoch, "2147483647") > 0 {
		return "the epoch is too big"
	}
	return ""
}

func compareDeb(a, b *Version) int {
	return cmp.Or(
		compareNumbers(a.epoch, b.epoch),
		compareDebPart(a.main, b.main),
		compareDebPart(a.tail, b.tail),
	)
}

// compareDebPart compares runs of non-digits and of digits in turn.
func compareDebPart(a, b string) int {
	for a != "" || b != "" {
		for a != "" && !isDigit(a[0]) || b != "" && !isDigit(b[0]) {
			if c := cmp.Compare(debWeight(a), debWeight(b)); c != 0 {
				return c
			}
			// Equal weights that are not those of an end or a digit are equal bytes.
			a, b = a[1:], b[1:]
		}
		na, nb := digits(a), digits(b)
		if c := compareNumbers(a[:na], b[:nb]); c != 0 {
			return c
		}
		a, b = a[na:], b[nb:]
	}
	return 0
}

// debWeight orders the first byte of s: "~" is before the end, which is as good as a digit; then come letters, then
// all else.
func debWeight(s string) int {
	switch {
	case s == "" || isDigit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case isLetter(s[0]):
		return int(s[0])
	}
	return int(s[0]) + 256
}
