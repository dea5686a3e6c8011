package license

import (
	"slices"
	"strings"
	"sync"
)

// maxExpression is the longest licence expression that is looked at; longer ones are names.
const maxExpression = 1000

// IsID says whether s is an id of the SPDX License List, spelled as there.
func IsID(s string) bool {
	_, ok := slices.BinarySearch(licenseIDs[:], s)
	return ok
}

// IsException says whether an id of the list is one that follows WITH. The list of CycloneDX does not tell them apart
// from licences; the names do, but for a few licences that are named after their exception.
func IsException(s string) bool {
	switch s {
	case "Linux-syscall-note", "GPL-CC-1.0":
		return true
	case "CAL-1.0-Combined-Work-Exception", "MPL-2.0-no-copyleft-exception":
		return false
	}
	return strings.Contains(s, "exception") && !strings.Contains(s, "-with-") && IsID(s)
}

// IsExpression says whether s is an SPDX licence expression (SPDX 2.3, Annex D) of ids on the list. References to
// licences that another document defines (LicenseRef-...) make it none, since here nothing defines them.
func IsExpression(s string) bool {
	if len(s) > maxExpression {
		return false
	}
	tokens := strings.Fields(parentheses.Replace(s))
	rest, ok := compound(tokens)
	return ok && len(rest) == 0
}

var parentheses = strings.NewReplacer("(", " ( ", ")", " ) ")

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
	if !IsID(id) && !IsID(strings.TrimSuffix(id, "+")) || IsException(id) {
		return nil, false
	}
	tokens = tokens[1:]
	if len(tokens) > 0 && tokens[0] == "WITH" {
		if len(tokens) < 2 || !IsException(tokens[1]) {
			return nil, false
		}
		tokens = tokens[2:]
	}
	return tokens, true
}

// keyed are the ids of licences by their key, where it is one's alone: "The ISC License" has the key of ISC.
var keyed = sync.OnceValue(func() map[string]string {
	ids, shared := map[string]string{}, map[string]bool{}
	for _, id := range licenseIDs {
		if IsException(id) {
			continue
		}
		k := key(id)
		if _, dup := ids[k]; dup {
			shared[k] = true
		}
		ids[k] = id
	}
	for k := range shared {
		delete(ids, k)
	}
	return ids
})

type foldedID struct{ lower, id string }

// folded are the ids in lower case, sorted.
var folded = sync.OnceValue(func() []foldedID {
	list := make([]foldedID, len(licenseIDs))
	for i, id := range licenseIDs {
		list[i] = foldedID{strings.ToLower(id), id}
	}
	slices.SortFunc(list, func(a, b foldedID) int { return strings.Compare(a.lower, b.lower) })
	return list
})
