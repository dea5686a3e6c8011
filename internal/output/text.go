package output

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// steers says whether a character does something to a terminal or to the order of the text beside it, instead of
// showing: controls, marks of direction, tags, line separators, invisible formats.
func steers(c rune) bool {
	switch {
	case c < 0x20, 0x7f <= c && c <= 0x9f:
		return true
	case c < 0x61c:
		return false
	}
	switch {
	case c == 0x61c, 0x200b <= c && c <= 0x200f, 0x2028 <= c && c <= 0x202e, 0x2060 <= c && c <= 0x206f,
		c == 0xfeff, 0xfff9 <= c && c <= 0xfffb, 0xe0000 <= c && c <= 0xe007f:
		return true
	}
	return false
}

// plain makes a string from outside safe to print in a line: escape sequences and characters that steer are taken out,
// white space of all kinds is one blank.
func plain(s string) string {
	clean := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == ' ' && (i == 0 || s[i-1] == ' ' || i == len(s)-1) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	blank := false
	for i := 0; i < len(s); {
		if n := sequence(s[i:]); n > 0 {
			i += n
			continue
		}
		c, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case unicode.IsSpace(c):
			blank = true
			continue
		case steers(c):
			continue
		}
		if blank && b.Len() > 0 {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(c)
	}
	return b.String()
}

// sequence gives the length of the escape sequence (ECMA-48) at the start of s: CSI ... final byte, strings like OSC up
// to BEL or ST, and two-character ones. 0 means that there is none. One that does not end is taken as its introducer
// only, so that it hides nothing of the text.
func sequence(s string) int {
	n := 0
	var kind byte
	switch {
	case len(s) >= 2 && s[0] == 0x1b:
		n, kind = 2, s[1]
	case len(s) >= 2 && s[0] == 0xc2 && (s[1] == 0x9b || s[1] == 0x90 || s[1] == 0x9d || s[1] == 0x9e || s[1] == 0x9f):
		n, kind = 2, s[1]-0x40
	case len(s) > 0 && s[0] == 0x1b:
		return 1
	default:
		return 0
	}
	switch kind {
	case '[':
		for i := n; i < len(s); i++ {
			switch {
			case s[i] >= 0x40 && s[i] <= 0x7e:
				return i + 1
			case s[i] < 0x20 || s[i] > 0x3f:
				return n
			}
		}
	case ']', 'P', 'X', '^', '_':
		for i := n; i < len(s); i++ {
			switch {
			case s[i] == 0x07:
				return i + 1
			case s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\', s[i] == 0xc2 && i+1 < len(s) && s[i+1] == 0x9c:
				return i + 2
			case s[i] == 0x1b || s[i] == '\n':
				return n
			}
		}
	default:
		if kind < 0x20 || kind > 0x7e {
			return 1
		}
	}
	return n
}

// runeWidth is how many columns a terminal gives a character: two for the scripts of East Asia and for emoji, none for marks that
// combine.
func runeWidth(c rune) int {
	switch {
	case c < 0x300:
		return 1
	case unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case 0x1100 <= c && c <= 0x115f, 0x2e80 <= c && c <= 0x303e, 0x3041 <= c && c <= 0x4dbf, 0x4e00 <= c && c <= 0xa4cf,
		0xa960 <= c && c <= 0xa97f, 0xac00 <= c && c <= 0xd7a3, 0xf900 <= c && c <= 0xfaff, 0xfe30 <= c && c <= 0xfe6f,
		0xff00 <= c && c <= 0xff60, 0xffe0 <= c && c <= 0xffe6, 0x1f300 <= c && c <= 0x1f64f, 0x1f680 <= c && c <= 0x1f6ff,
		0x1f900 <= c && c <= 0x1f9ff, 0x20000 <= c && c <= 0x3fffd:
		return 2
	}
	return 1
}

func width(s string) int {
	n := 0
	for _, c := range s {
		n += runeWidth(c)
	}
	return n
}

// fit cuts a string to so many columns, with "…" for what is missing.
func fit(s string, columns int) string {
	if len(s) <= columns {
		return s
	}
	n, last := 0, 0
	for i, c := range s {
		w := runeWidth(c)
		if w == 0 && i-last > 16 { // marks heaped on one character
			return s[:last] + "…"
		}
		if n+w > columns-1 {
			if width(s[i:]) <= columns-n && len(s)-i <= 64 {
				return s
			}
			return s[:i] + "…"
		}
		if n += w; w > 0 {
			last = i
		}
	}
	return s
}

// fitEnd is fit for paths, of which the end says most.
func fitEnd(s string, columns int) string {
	if width(s) <= columns {
		return s
	}
	n := 0
	for i := len(s); i > 0; {
		c, size := utf8.DecodeLastRuneInString(s[:i])
		if n += runeWidth(c); n > columns-1 || len(s)-i > 4*columns {
			return "…" + s[i:]
		}
		i -= size
	}
	return s
}
