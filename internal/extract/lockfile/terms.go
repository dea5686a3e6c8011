package lockfile

import (
	"errors"
	"strings"
)

// The lock files of Mix and rebar3 are terms of Elixir and of Erlang: tuples, lists, atoms and strings. They are read token
// by token; of each tuple only its first three fields are kept while it is open.

// field is the beginning of a tuple's element.
type field struct {
	kind byte   // 'a' an atom or a number, 's' a string, 't' a tuple, whose text is its second field; 0 for all else
	text string //
}

type tuple struct {
	open   byte // '{' or '['
	fields [3]field
	n      int    // the element that is being read
	key    string // of Elixir: what stands before the element that is being read, "key": or key:
}

// maxTerms is above what either program nests.
const maxTerms = 32

var (
	errDeepTerms = errors.New("terms nested too deep")
	errTerms     = errors.New("damaged term")
)

// maxToken bounds the names, versions and addresses that are kept.
const maxToken = 4096

// readTerms calls closed for each tuple that ends, with what it stands in: above is nil for the outermost. Comments begin
// with the byte comment.
func readTerms(b []byte, comment byte, closed func(t, above *tuple, depth int)) error {
	var stack []tuple
	top := func() *tuple {
		if len(stack) == 0 {
			return nil
		}
		return &stack[len(stack)-1]
	}
	set := func(kind byte, text string) {
		if t := top(); t != nil && t.n < len(t.fields) && t.fields[t.n].kind == 0 {
			t.fields[t.n] = field{kind, text}
		}
	}
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == comment && (i+1 == len(b) || b[i+1] != '{'):
			for i < len(b) && b[i] != '\n' {
				i++
			}
		case c == '{' || c == '[':
			if len(stack) == maxTerms {
				return errDeepTerms
			}
			stack = append(stack, tuple{open: c})
			i++
		case c == '}' || c == ']':
			t := top()
			if t == nil || t.open+2 != c { // in ASCII the closing brackets are two after the opening ones
				return errTerms
			}
			done := *t
			stack = stack[:len(stack)-1]
			if c == '}' {
				closed(&done, top(), len(stack))
				set('t', done.fields[1].text)
			}
			i++
		case c == ',':
			if t := top(); t != nil {
				t.n++
				t.key = ""
			}
			i++
		case c == '"' || c == '\'':
			text, n, ok := quotedTerm(b[i:])
			if !ok {
				return errTerms
			}
			i += n
			if i < len(b) && b[i] == ':' {
				i++
				if t := top(); t != nil {
					t.key = text
				}
				continue
			}
			kind := byte('s')
			if c == '\'' {
				kind = 'a'
			}
			set(kind, text)
		case isTermWord(c):
			start := i
			for i < len(b) && isTermWord(b[i]) {
				i++
			}
			word := string(b[start:min(i, start+maxToken)])
			if i < len(b) && b[i] == ':' {
				i++
				if t := top(); t != nil {
					t.key = word
				}
				continue
			}
			set('a', word)
		default: // white space, the colon of an atom, << and >>, =>, the full stop, the % of a map
			i++
		}
	}
	if len(stack) > 0 {
		return errTerms
	}
	return nil
}

func isTermWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '@' || c == '?' || c == '!'
}

// quotedTerm reads a string or an atom in quotes, and gives the number of bytes that it takes.
func quotedTerm(b []byte) (text string, n int, ok bool) {
	var s strings.Builder
	for i := 1; i < len(b); i++ {
		c := b[i]
		switch c {
		case b[0]:
			return s.String(), i + 1, true
		case '\\':
			if i++; i == len(b) {
				return "", 0, false
			}
			c = b[i]
		}
		if s.Len() < maxToken {
			s.WriteByte(c)
		}
	}
	return "", 0, false
}
