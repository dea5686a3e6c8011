package yamltree

import (
	"fmt"
	"strings"
)

// flow reads collections in brackets.
type flow struct {
	s   string
	i   int
	bad string
}

func (f *flow) fail(what string) *Node {
	if f.bad == "" {
		f.bad = what
	}
	return &Node{}
}

// space passes over white space and comments.
func (f *flow) space() {
	for f.i < len(f.s) {
		switch c := f.s[f.i]; {
		case c == ' ', c == '\t', c == '\r', c == '\n':
			f.i++
		case c == '#' && f.i > 0 && strings.IndexByte(" \t\n", f.s[f.i-1]) >= 0:
			if n := strings.IndexByte(f.s[f.i:], '\n'); n >= 0 {
				f.i += n
			} else {
				f.i = len(f.s)
			}
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end.
func (f *flow) peek() byte {
	if f.i < len(f.s) {
		return f.s[f.i]
	}
	return 0
}

// value reads the value at the position.
func (f *flow) value(depth int) *Node {
	if depth > MaxDepth {
		return f.fail(fmt.Sprintf("nested deeper than %d", MaxDepth))
	}
	switch f.peek() {
	case 0:
		return f.fail("a value without end")
	case '"', '\'':
		text, n, ok := quoted(f.s[f.i:])
		if !ok {
			return f.fail("a quoted value that is broken or has no end")
		}
		f.i += n
		return &Node{Text: text, Quoted: true}
	case '[':
		f.i++
		return f.sequence(depth)
	case '{':
		f.i++
		return f.mapping(depth)
	}
	return f.plain()
}

func (f *flow) sequence(depth int) *Node {
	n := &Node{Kind: Sequence}
	for f.bad == "" {
		if f.space(); f.peek() == ']' {
			f.i++
			return n
		}
		n.Items = append(n.Items, f.value(depth+1))
		if f.space(); !f.comma(']') {
			return f.fail("no comma between values")
		}
	}
	return n
}

// comma takes a comma, and is true as well before the closing bracket.
func (f *flow) comma(bracket byte) bool {
	if f.peek() == ',' {
		f.i++
		return true
	}
	return f.peek() == bracket
}

func (f *flow) mapping(depth int) *Node {
	n := &Node{Kind: Mapping}
	for f.bad == "" {
		if f.space(); f.peek() == '}' {
			f.i++
			return n
		}
		start := f.i
		key := f.value(depth + 1)
		if key.Kind != Scalar || strings.IndexByte(f.s[start:f.i], '\n') >= 0 {
			return f.fail("a key that is no word")
		}
		if f.space(); f.peek() != ':' || f.i+1 < len(f.s) && strings.IndexByte(" \t\r\n,[]{}", f.s[f.i+1]) < 0 {
			return f.fail("no colon after a key")
		}
		f.i++
		if len(n.Keys) >= 64 || n.Get(key.Text) != nil {
			return f.fail("the same key again, or too many in brackets")
		}
		value := &Node{}
		if f.space(); f.peek() != ',' && f.peek() != '}' {
			value = f.value(depth + 1)
		}
		n.Keys, n.Items = append(n.Keys, key.Text), append(n.Items, value)
		if f.space(); !f.comma('}') {
			return f.fail("no comma between values")
		}
	}
	return n
}

// plain reads a scalar without quotes, of one line: no record has longer ones in brackets.
func (f *flow) plain() *Node {
	rest := f.s[f.i:]
	if !plainStart(rest, true) {
		return f.fail("a value in brackets that begins with " + fmt.Sprintf("%q", rest[0]))
	}
	n := 0
	for ; n < len(rest); n++ {
		c := rest[n]
		if c == ',' || c == '[' || c == ']' || c == '{' || c == '}' || c == '\n' || c == '\r' ||
			c == ':' && (n+1 == len(rest) || strings.IndexByte(" \t\r\n,[]{}", rest[n+1]) >= 0) ||
			c == '#' && n > 0 && (rest[n-1] == ' ' || rest[n-1] == '\t') {
			break
		}
	}
	f.i += n
	return &Node{Text: strings.TrimRight(rest[:n], " \t")}
}
