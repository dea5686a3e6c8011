package version

import (
	"cmp"
	"strings"
)

// The kinds of item of a Composer version, in the order of PHP's version_compare. There, the place of a number is after
// the pre-releases and before the patches.
const (
	composerUnknown int8 = iota
	composerDev
	composerAlpha
	composerBeta
	composerRC
	composerNumber
	composerPatch
)

// parseComposer normalises the version as composer/semver does: four numbers, or a date; then a stability with numbers
// of its own; then -dev. What composer refuses after the numbers ("6.0.0-GM") is in advisories all the same, and has its
// place as in PHP's version_compare, on which composer rests. Branches ("dev-main") have no order.
// See https://getcomposer.org/doc/articles/versions.md.
func (v *Version) parseComposer() (why string) {
	s := strings.ToLower(v.raw)
	switch {
	case strings.HasPrefix(s, "dev-"), s == "master", s == "trunk", s == "default":
		return "a branch is not a version"
	case strings.ContainsAny(s, " \t\r\n,"):
		return "it is not one version"
	}
	s, _, _ = strings.Cut(s, "@") // a stability flag: 1.0@beta
	if release, build, ok := strings.Cut(s, "+"); ok && build != "" {
		s = release
	}
	s = strings.TrimPrefix(s, "v")
	v.items = make([]item, 0, 8)
	s, branch := v.composerNumbers(s)
	if len(v.items) == 0 {
		return "it does not start with a number"
	}
	numbers := len(v.items)
	if !v.composerStability(s) {
		v.items = v.items[:numbers]
		if !v.composerWords(s) {
			return "it has a character that no version has"
		}
	}
	if last := v.items[len(v.items)-1]; branch && last.kind != composerDev {
		return "a branch is not a version"
	}
	return ""
}

// composerNumbers reads the numbers and returns what follows. A branch has "x" in place of a number.
func (v *Version) composerNumbers(s string) (rest string, branch bool) {
	n := digits(s)
	if n == 0 {
		return s, false
	}
	date := n > 5 || n == 4 && len(s) > 5 && (s[4] == '-' || s[4] == ':') && isDigit(s[5])
	v.items = append(v.items, item{composerNumber, s[:n]})
	s = s[n:]
	if date {
		for len(s) > 1 && (s[0] == '.' || s[0] == ':' || s[0] == '-') && isDigit(s[1]) && len(v.items) < 9 {
			n := 1 + digits(s[1:])
			v.items = append(v.items, item{composerNumber, s[1:n]})
			s = s[n:]
		}
		return s, false
	}
	for len(v.items) < 4 && len(s) > 1 && s[0] == '.' {
		switch {
		case isDigit(s[1]) && !branch:
			n := 1 + digits(s[1:])
			v.items = append(v.items, item{composerNumber, s[1:n]})
			s = s[n:]
			continue
		case s[1] == 'x' || s[1] == '*':
			branch = true
			v.items = append(v.items, item{composerNumber, "9999999"})
			s = s[2:]
			continue
		}
		break
	}
	missing := "0"
	if branch {
		missing = "9999999"
	}
	for len(v.items) < 4 {
		v.items = append(v.items, item{composerNumber, missing})
	}
	return s, branch
}

// composerStability reads [sep]word[numbers][sep]dev, and says whether that was all.
func (v *Version) composerStability(s string) bool {
	if s == "" {
		return true
	}
	if s[0] == '.' || s[0] == '_' || s[0] == '-' {
		s = s[1:]
	}
	stable := false
	for _, w := range [...]struct {
		word string
		kind int8
	}{
		{"stable", composerNumber},
		{"beta", composerBeta},
		{"b", composerBeta},
		{"rc", composerRC},
		{"alpha", composerAlpha},
		{"a", composerAlpha},
		{"patch", composerPatch},
		{"pl", composerPatch},
		{"p", composerPatch},
	} {
		after, found := strings.CutPrefix(s, w.word)
		if !found {
			continue
		}
		s = after
		stable = w.kind == composerNumber
		if !stable {
			v.items = append(v.items, item{w.kind, ""})
		}
		for {
			at := 0
			if s != "" && (s[0] == '.' || s[0] == '-') {
				at = 1
			}
			n := digits(s[at:])
			if n == 0 {
				break
			}
			if !stable {
				v.items = append(v.items, item{composerNumber, s[at : at+n]})
			}
			s = s[at+n:]
		}
		break
	}
	if after, found := strings.CutSuffix(s, "dev"); found && (after == "" || after == "." || after == "-") {
		if !stable {
			v.items = append(v.items, item{composerDev, ""})
		}
		s = ""
	}
	return s == ""
}

// composerWords reads what is no stability: numbers and words in any order. A word that version_compare does not know
// is before all that it does. It says whether there was anything else.
func (v *Version) composerWords(s string) bool {
	for s != "" {
		switch c := s[0]; {
		case c == '.' || c == '-' || c == '_' || c == '+':
			s = s[1:]
		case isDigit(c):
			n := digits(s)
			v.items = append(v.items, item{composerNumber, s[:n]})
			s = s[n:]
		case isLetter(c):
			n := letters(s)
			v.items = append(v.items, item{composerWord(s[:n]), ""})
			s = s[n:]
		default:
			return false
		}
	}
	return true
}

// composerWord gives the place of a word by its start, as version_compare does.
func composerWord(s string) int8 {
	switch {
	case strings.HasPrefix(s, "dev"):
		return composerDev
	case s[0] == 'a':
		return composerAlpha
	case s[0] == 'b':
		return composerBeta
	case strings.HasPrefix(s, "rc"):
		return composerRC
	case s[0] == 'p':
		return composerPatch
	}
	return composerUnknown
}

// compareComposer is PHP's version_compare.
func compareComposer(a, b []item) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Or(cmp.Compare(a[i].kind, b[i].kind), compareNumbers(a[i].text, b[i].text)); c != 0 {
			return c
		}
	}
	switch {
	case len(a) > len(b):
		return composerRest(a[len(b)])
	case len(a) < len(b):
		return -composerRest(b[len(a)])
	}
	return 0
}

// composerRest compares the first of what one version has more with nothing.
func composerRest(it item) int {
	if it.kind < composerNumber {
		return -1
	}
	return +1
}
