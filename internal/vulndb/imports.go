package vulndb

import (
	"slices"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// Imports are written as: count; for each its path, and as counts and strings its symbols, GOOS and GOARCH.
//
// To know too few symbols would call a vulnerable binary clean. What is beyond these bounds is therefore not cut but given up: no imports
// mean that all of the module is vulnerable.
const (
	maxImports       = 1000    // of one claim
	maxImportSymbols = 20_000  // of one claim
	maxSymbols       = 1 << 20 // paths, symbols and the like in a block
)

// usableImports gives what can be kept of a claim's imports: all or nothing.
func usableImports(list []vuln.Import) []vuln.Import {
	if len(list) > maxImports || countSymbols(list) > maxImportSymbols {
		return nil
	}
	for i := range list {
		if list[i].Path == "" || len(list[i].Path) > maxString {
			return nil
		}
		for _, words := range [...][]string{list[i].Symbols, list[i].GOOS, list[i].GOARCH} {
			if slices.ContainsFunc(words, func(s string) bool { return s == "" || len(s) > maxString }) {
				return nil
			}
		}
	}
	return list
}

func countSymbols(list []vuln.Import) int {
	n := len(list)
	for i := range list {
		n += len(list[i].Symbols) + len(list[i].GOOS) + len(list[i].GOARCH)
	}
	return n
}

func appendImports(b []byte, list []vuln.Import) []byte {
	b = appendInt(b, len(list))
	for i := range list {
		b = appendString(b, list[i].Path)
		for _, words := range [...][]string{list[i].Symbols, list[i].GOOS, list[i].GOARCH} {
			b = appendInt(b, len(words))
			for _, s := range words {
				b = appendString(b, s)
			}
		}
	}
	return b
}

// importTexts copies the rest of a block once, when the first import is met, and cuts the strings of all imports from it: the standard
// library's block has thousands. It also bounds them.
type importTexts struct {
	text string
	left int
}

// take says whether n strings or imports follow, and may.
func (t *importTexts) take(c *cursor, n int) bool {
	if t != nil {
		if t.left -= n; t.left < 0 {
			c.fail()
			return false
		}
	}
	return n > 0
}

func (t *importTexts) string(c *cursor) string {
	if t == nil {
		return c.string()
	}
	if t.text == "" {
		t.text = string(c.b)
	}
	n := len(c.bytes(c.count(1)))
	return t.text[c.at-n : c.at]
}

// readImports reads what appendImports wrote. With nil every string is a copy of its own.
func readImports(c *cursor, t *importTexts) []vuln.Import {
	n := c.count(4)
	if !t.take(c, n) {
		return nil
	}
	list := make([]vuln.Import, n)
	for i := range list {
		list[i].Path = t.string(c)
		for _, to := range [...]*[]string{&list[i].Symbols, &list[i].GOOS, &list[i].GOARCH} {
			if n := c.count(1); t.take(c, n) {
				*to = make([]string, n)
				for k := range *to {
					(*to)[k] = t.string(c)
				}
			}
		}
		if c.bad {
			return nil
		}
	}
	return list
}
