// Package jsonscan reads the few members that a feed wants out of big JSON records, several times faster than encoding/json, which
// parses all of a record to find them. It promises that valid JSON reads as encoding/json reads it, and work and memory bounded by the
// text's size for any bytes. Of what is skipped it checks only how brackets and strings nest.
package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// MaxDepth bounds how deep values nest.
const MaxDepth = 100

// ErrSyntax says that the text is not JSON, or not of the shape that was asked for.
var ErrSyntax = errors.New("is not the JSON that it should be")

// Scanner walks one JSON text from its beginning to its end. After the first error all that it is asked for is empty, and [Scanner.Err]
// tells the error. null reads as an empty value of any kind. The loops over objects and arrays are to be walked to their end.
type Scanner struct {
	b    []byte
	i    int
	open int // objects and arrays around the position
	err  error
}

// New begins at the start of b, which is not to change while the scanner is used.
func New(b []byte) *Scanner {
	s := &Scanner{}
	s.Reset(b)
	return s
}

// Reset begins anew with b.
func (s *Scanner) Reset(b []byte) {
	*s = Scanner{b: b}
	s.space()
}

// Err is the first error.
func (s *Scanner) Err() error { return s.err }

// End says whether all was read without error, to the end of the text; it is to be asked when the outermost value was read.
func (s *Scanner) End() error {
	if s.space(); s.err == nil && s.i < len(s.b) {
		s.fail("more after the end")
	}
	return s.err
}

// Object walks the members of the object at the position and yields their names, good until the next step. The body of the loop reads the member's value;
// one that it leaves is skipped.
func (s *Scanner) Object() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if !s.enter('{', "an object") {
			return
		}
		for n := 0; s.more('}', n); n++ {
			key := s.Bytes()
			s.space()
			if !s.take(':') {
				s.fail("no colon after a name")
				return
			}
			if s.space(); !s.step(func() bool { return yield(key) }) {
				return
			}
		}
		s.open--
	}
}

// Array walks the elements of the array at the position and yields their indexes. The body of the loop reads the element; one that it leaves is skipped.
func (s *Scanner) Array() iter.Seq[int] {
	return func(yield func(int) bool) {
		if !s.enter('[', "an array") {
			return
		}
		for n := 0; s.more(']', n); n++ {
			if !s.step(func() bool { return yield(n) }) {
				return
			}
		}
		s.open--
	}
}

// enter takes an opening bracket. It is false where there is nothing to walk.
func (s *Scanner) enter(bracket byte, what string) bool {
	if s.null() {
		return false
	}
	if s.err != nil || !s.take(bracket) {
		s.fail("not " + what)
		return false
	}
	if s.open++; s.open > MaxDepth {
		s.fail(fmt.Sprintf("nested deeper than %d", MaxDepth))
		return false
	}
	return true
}

// more says whether an element follows, after n of them, and takes what is before it.
func (s *Scanner) more(bracket byte, n int) bool {
	if s.space(); s.err != nil {
		return false
	}
	if s.take(bracket) {
		return false
	}
	if n > 0 {
		if !s.take(',') {
			s.fail("no comma between values")
			return false
		}
		s.space()
	}
	return true
}

// step lets the body of a loop read the value at the position. It is false when the walk ends.
func (s *Scanner) step(body func() bool) bool {
	at, open := s.i, s.open
	ok := body()
	if s.err == nil && s.i == at {
		s.Skip()
	}
	return ok && s.err == nil && s.open == open
}

// Text reads a string.
func (s *Scanner) Text() string { return string(s.Bytes()) }

// Bytes reads a string; the bytes are good while the text is.
func (s *Scanner) Bytes() []byte {
	if s.null() || s.err != nil {
		return nil
	}
	start := s.i
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		s.fail("not a string")
		return nil
	}
	if !s.quoted() {
		return nil
	}
	raw := s.b[start:s.i]
	if in := raw[1 : len(raw)-1]; bytes.IndexByte(in, '\\') < 0 {
		if !utf8.Valid(in) {
			// One replacement for each bad byte, as encoding/json does.
			return []byte(strings.Map(func(r rune) rune { return r }, string(in)))
		}
		return in
	}
	var decoded string
	if err := json.Unmarshal(raw, &decoded); err != nil {
		s.fail("a string with a bad escape")
		return nil
	}
	return []byte(decoded)
}

// Number reads a number or a string, and gives its text: some writers quote numbers.
func (s *Scanner) Number() string {
	if s.i < len(s.b) && s.b[s.i] == '"' {
		return s.Text()
	}
	if s.null() || s.err != nil {
		return ""
	}
	start := s.i
	if c := s.peek(); c != '-' && (c < '0' || c > '9') {
		s.fail("not a number")
		return ""
	}
	s.word()
	return string(s.b[start:s.i])
}

// Kind is the first byte of the value at the position: one of { [ " t f n - or a digit; 0 at the end.
func (s *Scanner) Kind() byte { return s.peek() }

// Skip passes over the value at the position.
func (s *Scanner) Skip() {
	if s.err != nil {
		return
	}
	switch s.peek() {
	case '"':
		s.quoted()
	case '{', '[':
		s.nested()
	case 0, ',', ':', '}', ']':
		s.fail("no value")
	default:
		s.word()
	}
}

func (s *Scanner) nested() {
	b, depth := s.b, 0
	for i := s.i; i < len(b); i++ {
		switch b[i] {
		case '"':
			s.i = i
			if !s.quoted() {
				return
			}
			i = s.i - 1
		case '{', '[':
			if depth++; s.open+depth > MaxDepth {
				s.fail(fmt.Sprintf("nested deeper than %d", MaxDepth))
				return
			}
		case '}', ']':
			if depth--; depth == 0 {
				s.i = i + 1
				return
			}
		}
	}
	s.i = len(b)
	s.fail("cut short")
}

// quoted passes over the string whose opening quote is at the position.
func (s *Scanner) quoted() bool {
	for i := s.i + 1; ; {
		n := bytes.IndexByte(s.b[i:], '"')
		if n < 0 {
			s.i = len(s.b)
			s.fail("a string without end")
			return false
		}
		i += n + 1
		slashes := 0
		for k := i - 2; k > s.i && s.b[k] == '\\'; k-- {
			slashes++
		}
		if slashes%2 == 0 {
			s.i = i
			return true
		}
	}
}

// word passes over a number, true, false or null.
func (s *Scanner) word() {
	for ; s.i < len(s.b); s.i++ {
		switch s.b[s.i] {
		case ',', ':', '}', ']', '{', '[', '"', ' ', '\t', '\n', '\r':
			return
		}
	}
}

func (s *Scanner) null() bool {
	if s.peek() != 'n' || s.err != nil || !bytes.HasPrefix(s.b[s.i:], []byte("null")) {
		return false
	}
	s.i += 4
	return true
}

func (s *Scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

func (s *Scanner) peek() byte {
	if s.i >= len(s.b) {
		return 0
	}
	return s.b[s.i]
}

func (s *Scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

func (s *Scanner) fail(what string) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: %s at byte %d", ErrSyntax, what, s.i)
	}
}

// Raw reads a value of any kind and gives its text, good while the scanner's text is.
func (s *Scanner) Raw() []byte {
	start := s.i
	s.Skip()
	if s.err != nil {
		return nil
	}
	return s.b[start:s.i]
}
