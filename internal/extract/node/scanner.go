package node

import (
	"bytes"
	"encoding/json"
)

// scanner walks over JSON without decoding it.
type scanner struct {
	b  []byte
	at int
}

func (s *scanner) space() {
	for s.at < len(s.b) {
		switch s.b[s.at] {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return
		}
	}
}

// enter takes the byte c, and the space before it.
func (s *scanner) enter(c byte) bool {
	s.space()
	if s.at < len(s.b) && s.b[s.at] == c {
		s.at++
		return true
	}
	return false
}

// text takes a string and gives it in its quotes.
func (s *scanner) text() ([]byte, bool) {
	s.space()
	start := s.at
	if s.at >= len(s.b) || s.b[s.at] != '"' {
		return nil, false
	}
	s.at = endOfString(s.b, s.at)
	return s.b[start:max(start, s.at)], s.at > 0
}

// skip takes one value. Within objects and arrays it looks for strings and brackets only.
func (s *scanner) skip() bool {
	b, i := s.b, s.at
	if i >= len(b) {
		return false
	}
	switch b[i] {
	case '"':
		s.at = endOfString(b, i)
		return s.at > 0
	case '{', '[':
	default:
		for i < len(b) && !ends(b[i]) {
			i++
		}
		moved := i > s.at
		s.at = i
		return moved
	}
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = endOfString(b, i); i < 0 {
				s.at = -1
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				s.at = i + 1
				return true
			}
		}
		i++
	}
	s.at = -1
	return false
}

// damage tells a file that was cut from one that is something else. A scanner that ran out of bytes is at -1.
func (s *scanner) damage() error {
	if s.at < 0 || s.at >= len(s.b) {
		return errCut
	}
	return errSyntax
}

// ends says whether a byte ends a number or literal.
func ends(c byte) bool {
	switch c {
	case ',', '}', ']', ':', '"', '{', '[', ' ', '\n', '\t', '\r':
		return true
	}
	return false
}

// endOfString gives the offset behind the string that begins at b[at], -1 if it has no end. A quote is escaped if
// an odd number of backslashes stands before it.
func endOfString(b []byte, at int) int {
	from := at + 1
	for {
		i := bytes.IndexByte(b[from:], '"')
		if i < 0 {
			return -1
		}
		quote := from + i
		slash := quote
		for slash > from && b[slash-1] == '\\' {
			slash--
		}
		if (quote-slash)%2 == 0 {
			return quote + 1
		}
		from = quote + 1
	}
}

// unquote decodes a JSON string; a value of another type, or one that is too long, is empty.
func unquote(value []byte) string {
	if len(value) < 2 || value[0] != '"' || len(value) > maxValue {
		return ""
	}
	for _, c := range value[1 : len(value)-1] {
		if c == '\\' || c < ' ' || c >= 0x80 {
			var text string
			if json.Unmarshal(value, &text) != nil {
				return ""
			}
			return text
		}
	}
	return string(value[1 : len(value)-1])
}
