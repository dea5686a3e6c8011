package sbom

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
)

// A bill of materials may hold a million things that are of no use here. These few functions walk JSON where it lies,
// without a copy and without recursion, and decode only the strings that are wanted. They are made for bytes that
// json.Valid accepted; on others they still end, stay inside the slice and take linear time, so that a look at the
// head of a file may use them too.

// skip gives the index after the value that begins at b[i].
func skip(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for i < len(b) {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return len(b)
	}
	for i < len(b) && !strings.ContainsRune(",]} \t\r\n", rune(b[i])) {
		i++
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// members walks the members of an object; for anything else there are none.
func members(b []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		i := space(b, 0)
		if i >= len(b) || b[i] != '{' {
			return
		}
		for i = space(b, i+1); i < len(b) && b[i] == '"'; {
			end := skipString(b, i)
			key := text(b[i:end])
			if i = space(b, end); i >= len(b) || b[i] != ':' {
				return
			}
			i = space(b, i+1)
			end = skip(b, i)
			if !yield(key, b[i:end]) {
				return
			}
			if i = space(b, end); i >= len(b) || b[i] != ',' {
				return
			}
			i = space(b, i+1)
		}
	}
}

// elements walks the elements of an array; for anything else there are none.
func elements(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		i := space(b, 0)
		if i >= len(b) || b[i] != '[' {
			return
		}
		for i = space(b, i+1); i < len(b) && b[i] != ']'; {
			end := skip(b, i)
			if end == i || !yield(b[i:end]) {
				return
			}
			if i = space(b, end); i >= len(b) || b[i] != ',' {
				return
			}
			i = space(b, i+1)
		}
	}
}

// text decodes a string; anything else is "".
func text(b []byte) string {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return ""
	}
	if bytes.IndexByte(b, '\\') < 0 {
		return strings.ToValidUTF8(string(b[1:len(b)-1]), "\uFFFD")
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		return ""
	}
	return s
}

// place is where the string member of a name goes.
type place struct {
	key string
	to  *string
}

// fields decodes string members of an object into their places and ignores the others.
func fields(b []byte, places ...place) {
	for key, raw := range members(b) {
		for _, p := range places {
			if p.key == key {
				*p.to = text(raw)
			}
		}
	}
}
