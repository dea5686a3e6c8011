package sbom

import (
	"slices"
	"strings"
)

// maxExpression is the longest licence expression that is looked at; longer ones are names.
const maxExpression = 1000

// isLicenseID says whether s is an id of the SPDX License List, spelled as there.
func isLicenseID(s string) bool {
	_, ok := slices.BinarySearch(licenseIDs[:], s)
	return ok
}

// isException says whether an id of the list is one that follows WITH. The list of CycloneDX does not tell them apart
// from licences; the names do, but for a few licences that are named after their exception.
func isException(s string) bool {
	switch s {
	case "Linux-syscall-note", "GPL-CC-1.0":
		return true
	case "CAL-1.0-Combined-Work-Exception", "MPL-2.0-no-copyleft-exception":
		return false
	}
	return strings.Contains(s, "exception") && !strings.Contains(s, "-with-") && isLicenseID(s)
}

// isExpression says whether s is an SPDX licence expression (SPDX 2.3, Annex D) of ids on the list. References to
// licences that another document defines (LicenseRef-...) make it none, since here nothing defines them.
func isExpression(s string) bool {
	if len(s) > maxExpression {
		return false
	}
	tokens := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
	rest, ok := compound(tokens)
	return ok && len(rest) == 0
}

// compound reads simple { (AND | OR) simple }; which binds tighter does not matter here.
func compound(tokens []string) (rest []string, ok bool) {
	for {
		if tokens, ok = simple(tokens); !ok {
			return nil, false
		}
		if len(tokens) == 0 || tokens[0] != "AND" && tokens[0] != "OR" {
			return tokens, true
		}
		tokens = tokens[1:]
	}
}

// simple reads an id, with its exception where there is one, or an expression in parentheses.
func simple(tokens []string) (rest []string, ok bool) {
	if len(tokens) == 0 {
		return nil, false
	}
	if tokens[0] == "(" {
		rest, ok = compound(tokens[1:])
		if !ok || len(rest) == 0 || rest[0] != ")" {
			return nil, false
		}
		return rest[1:], true
	}
	id := tokens[0]
	if !isLicenseID(id) && !isLicenseID(strings.TrimSuffix(id, "+")) || isException(id) {
		return nil, false
	}
	tokens = tokens[1:]
	if len(tokens) > 0 && tokens[0] == "WITH" {
		if len(tokens) < 2 || !isException(tokens[1]) {
			return nil, false
		}
		tokens = tokens[2:]
	}
	return tokens, true
}
