package ruby

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// literals reads Ruby literals from the front of a piece of source. Nothing is evaluated: a string with an interpolation
// is no literal.
type literals struct{ b []byte }

func (l *literals) space() {
	l.b = bytes.TrimLeft(l.b, " \t")
}

// lines steps over white space and comments, ends of lines included, as inside brackets.
func (l *literals) lines() {
	for {
		l.b = bytes.TrimLeft(l.b, " \t\r\n")
		if len(l.b) == 0 || l.b[0] != '#' {
			return
		}
		end := bytes.IndexByte(l.b, '\n')
		if end < 0 {
			end = len(l.b)
		}
		l.b = l.b[end:]
	}
}

func (l *literals) take(s string) bool {
	if !bytes.HasPrefix(l.b, []byte(s)) {
		return false
	}
	l.b = l.b[len(s):]
	return true
}

// text reads one string with what RubyGems puts behind it.
func (l *literals) text() (string, bool) {
	s, ok := l.quoted()
	if !ok {
		return "", false
	}
	l.take(".freeze")
	return s, true
}

func (l *literals) quoted() (string, bool) {
	switch {
	case l.take(`"`):
		return l.until('"', true)
	case l.take(`'`):
		return l.until('\'', false)
	case len(l.b) >= 3 && l.b[0] == '%' && (l.b[1] == 'q' || l.b[1] == 'Q'):
		end, ok := closing(l.b[2])
		double := l.b[1] == 'Q'
		if !ok {
			return "", false
		}
		l.b = l.b[3:]
		return l.until(end, double)
	}
	return "", false
}

func closing(open byte) (byte, bool) {
	switch open {
	case '(':
		return ')', true
	case '[':
		return ']', true
	case '{':
		return '}', true
	case '<':
		return '>', true
	case '|', '!', '/':
		return open, true
	}
	return 0, false
}

// maxText bounds one string: all of a file's strings might lack their end.
const maxText = 512

// until reads up to the closing delimiter. Delimiters that nest within are not literals that anybody writes for a name.
func (l *literals) until(end byte, double bool) (string, bool) {
	i, limit := 0, min(len(l.b), maxText)
	for i < limit && l.b[i] != end && l.b[i] != '\\' && l.b[i] != '#' {
		i++
	}
	if i < limit && l.b[i] == end { // the usual case
		s := string(l.b[:i])
		l.b = l.b[i+1:]
		return s, true
	}
	if bytes.IndexByte(l.b[i:limit], end) < 0 {
		return "", false
	}
	var text strings.Builder
	for at := 0; at < limit; at++ {
		c := l.b[at]
		switch {
		case c == end:
			l.b = l.b[at+1:]
			return text.String(), true
		case c == '#' && double && at+1 < len(l.b) && bytes.IndexByte([]byte("{@$"), l.b[at+1]) >= 0:
			return "", false
		case c == '\\' && at+1 < len(l.b):
			at++
			if !double {
				if l.b[at] != end && l.b[at] != '\\' {
					text.WriteByte('\\')
				}
				text.WriteByte(l.b[at])
				continue
			}
			at += unescape(l.b[at:], &text) - 1
		default:
			text.WriteByte(c)
		}
	}
	return "", false
}

// unescape writes what follows a backslash in a double-quoted string, and gives the number of bytes that it read.
func unescape(b []byte, text *strings.Builder) int {
	switch b[0] {
	case 'n':
		text.WriteByte('\n')
	case 't':
		text.WriteByte('\t')
	case 'r':
		text.WriteByte('\r')
	case 'e':
		text.WriteByte(0x1b)
	case 'a':
		text.WriteByte('\a')
	case 'b':
		text.WriteByte('\b')
	case 'f':
		text.WriteByte('\f')
	case 'v':
		text.WriteByte('\v')
	case 'u':
		if n, r := codePoint(b[1:]); n > 0 {
			text.WriteRune(r)
			return n + 1
		}
		text.WriteByte('u')
	case 'x':
		n := 1
		for n < len(b) && n < 3 && isHex(b[n]) {
			n++
		}
		if v, err := strconv.ParseUint(string(b[1:n]), 16, 8); err == nil {
			text.WriteByte(byte(v))
		}
		return n
	default:
		text.WriteByte(b[0])
	}
	return 1
}

// codePoint reads XXXX or {X...}.
func codePoint(b []byte) (n int, r rune) {
	var digits []byte
	after := 0
	switch {
	case len(b) > 0 && b[0] == '{':
		end := bytes.IndexByte(b[:min(len(b), 10)], '}')
		if end < 0 {
			return 0, 0
		}
		digits, after = b[1:end], 2
	case len(b) >= 4:
		digits = b[:4]
	}
	v, err := strconv.ParseUint(string(digits), 16, 32)
	if err != nil || v > utf8.MaxRune {
		return 0, 0
	}
	return len(digits) + after, rune(v)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// maxList bounds the licences of one gem.
const maxList = 64

// list reads an array of strings, [..] or %w[..], or one string alone.
func (l *literals) list() ([]string, bool) {
	if l.take("%w") && len(l.b) > 0 {
		end, ok := closing(l.b[0])
		if !ok {
			return nil, false
		}
		l.b = l.b[1:]
		words, ok := l.until(end, false)
		l.take(".freeze")
		list := strings.Fields(words)
		return list[:min(len(list), maxList)], ok
	}
	if !l.take("[") {
		s, ok := l.text()
		return []string{s}, ok
	}
	var list []string
	for {
		l.lines()
		if l.take("]") {
			l.take(".freeze")
			return list, true
		}
		s, ok := l.text()
		if !ok || len(list) == maxList {
			return nil, false
		}
		list = append(list, s)
		l.lines()
		if !l.take(",") && !bytes.HasPrefix(l.b, []byte("]")) {
			return nil, false
		}
	}
}

// ended says whether the expression ends here: at the end of the line, a comment, or a condition that only asks whether
// this RubyGems knows the attribute.
func (l *literals) ended() bool {
	line, _, _ := bytes.Cut(l.b, []byte("\n"))
	rest := strings.TrimLeft(strings.TrimRight(string(line[:min(len(line), 256)]), " \t\r"), " \t")
	if rest == "" || rest[0] == '#' || rest[0] == ';' {
		return true
	}
	condition, ok := strings.CutPrefix(rest, "if ")
	_, asks, found := strings.Cut(condition, ".respond_to?")
	return ok && found && !strings.ContainsAny(asks, "&|")
}
