package version

import (
	"cmp"
	"strings"
)

// parseNumbers checks versions that are only numbers: those of Hackage, with dots between them, and of CRAN, with dots
// or hyphens.
func (v *Version) parseNumbers(separators string) (why string) {
	for rest := v.raw; ; {
		n := digits(rest)
		if n == 0 {
			return "it is not numbers only"
		}
		if n == len(rest) {
			return ""
		}
		if !strings.Contains(separators, rest[n:n+1]) {
			return "it is not numbers only"
		}
		rest = rest[n+1:]
	}
}

// compareNumberLists compares number by number; with all the same, the longer one is after the shorter.
func compareNumberLists(a, b string) int {
	for a != "" && b != "" {
		na, nb := digits(a), digits(b)
		if c := compareNumbers(a[:na], b[:nb]); c != 0 {
			return c
		}
		a, b = a[min(len(a), na+1):], b[min(len(b), nb+1):]
	}
	return cmp.Compare(min(1, len(a)), min(1, len(b)))
}
