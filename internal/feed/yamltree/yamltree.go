// Package yamltree reads the YAML in which repositories of advisories keep their records, ten times faster than a full YAML library, which would
// take longer than all else in the making of a database. It promises for what it accepts the tree that YAML 1.2 gives, and work and memory
// bounded by the text's size for any bytes. It refuses, with [ErrSyntax], what those records have no need of and what makes YAML dangerous: anchors and aliases, tags,
// keys that are not plain or quoted words, several documents in a text, tabs before contents, and deep nesting. What a scalar means, a number or a date, is left to the reader.
package yamltree

import (
	"errors"
	"fmt"
	"strings"
)

// MaxDepth bounds how deep values nest.
const MaxDepth = 50

// ErrSyntax says that the text is not YAML, or uses what this package does not read.
var ErrSyntax = errors.New("is not the YAML that it should be")

// Kind of a node.
type Kind uint8

// The kinds.
const (
	Scalar Kind = iota
	Sequence
	Mapping
)

// Node is a value. A nil node is an absent one: all methods take it.
type Node struct {
	Kind   Kind
	Text   string   // of a scalar
	Quoted bool     // in quotes or as a block: then it is text, whatever it looks like
	Keys   []string // of a mapping, each once
	Items  []*Node  // of a sequence; or the values of Keys
}

// Get gives the value of a key; nil where there is none or n is no mapping.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Mapping {
		return nil
	}
	for i, k := range n.Keys {
		if k == key {
			return n.Items[i]
		}
	}
	return nil
}

// Null says whether n is absent or stands for nothing.
func (n *Node) Null() bool {
	if n == nil {
		return true
	}
	if n.Kind != Scalar || n.Quoted {
		return false
	}
	switch n.Text {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}

// String is the text of a scalar; empty for what is null or no scalar.
func (n *Node) String() string {
	if n.Null() || n.Kind != Scalar {
		return ""
	}
	return n.Text
}

// Strings gives the texts of a sequence of scalars, or the one of a scalar. It is false when n is or holds anything else.
func (n *Node) Strings() ([]string, bool) {
	switch {
	case n.Null():
		return nil, true
	case n.Kind == Scalar:
		return []string{n.Text}, true
	case n.Kind == Mapping:
		return nil, false
	}
	out := make([]string, 0, len(n.Items))
	for _, item := range n.Items {
		if item.Kind != Scalar {
			return nil, false
		}
		out = append(out, item.String())
	}
	return out, true
}

// Parse reads a text of one document.
func Parse(text []byte) (*Node, error) {
	p := &parser{text: string(text)}
	if err := p.split(); err != nil {
		return nil, err
	}
	var n *Node
	if p.next() {
		n = p.block(-1, 0)
	} else {
		n = &Node{}
	}
	if p.err == nil && p.next() {
		p.fail("more after the end, or less indented than it should be")
	}
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

// line is a line of the text without its break: where it starts and ends, and how many spaces it begins with.
type line struct{ start, end, indent int }

func (l line) blank() bool { return l.start+l.indent >= l.end }

type parser struct {
	text  string
	lines []line
	at    int // index of the current line
	err   error
}

// split cuts the text into lines, and takes the marks of a document away.
func (p *parser) split() error {
	p.text = strings.TrimPrefix(p.text, "\ufeff")
	if err := printable(p.text); err != nil {
		return err
	}
	p.lines = make([]line, 0, strings.Count(p.text, "\n")+1)
	marked := false
	for start := 0; start < len(p.text); {
		end, next := len(p.text), len(p.text)
		if i := strings.IndexByte(p.text[start:], '\n'); i >= 0 {
			end, next = start+i, start+i+1
		}
		if end > start && p.text[end-1] == '\r' {
			end--
		}
		l := line{start: start, end: end}
		for l.start+l.indent < l.end && p.text[l.start+l.indent] == ' ' {
			l.indent++
		}
		s := p.text[start:end]
		start = next
		switch {
		case strings.HasPrefix(s, "---") && (len(s) == 3 || s[3] == ' ' || s[3] == '\t'):
			rest := strings.TrimSpace(s[3:])
			if marked || rest != "" && rest[0] != '#' || !p.empty() {
				return fmt.Errorf("%w: more than one document", ErrSyntax)
			}
			marked = true
			continue
		case strings.HasPrefix(s, "..."):
			if strings.TrimSpace(p.text[start:]) != "" || strings.TrimSpace(s[3:]) != "" {
				return fmt.Errorf("%w: more after the end of the document", ErrSyntax)
			}
			return nil
		case strings.HasPrefix(s, "%") && p.empty():
			return fmt.Errorf("%w: a directive", ErrSyntax)
		}
		p.lines = append(p.lines, l)
	}
	return nil
}

// empty says whether no line so far has contents.
func (p *parser) empty() bool {
	for _, l := range p.lines {
		if !l.blank() && p.text[l.start+l.indent] != '#' {
			return false
		}
	}
	p.lines = p.lines[:0] // they need not be looked at again
	return true
}

// printable refuses what YAML does not allow in a text, and line breaks that only some take for such.
func printable(s string) error {
	for i, r := range s {
		switch {
		case r == '\t', r == '\n':
		case r == '\r' && i+1 < len(s) && s[i+1] == '\n':
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r == 0xfeff, r == 0xfffe, r == 0xffff, r == 0x2028, r == 0x2029,
			r == 0xfffd && !strings.HasPrefix(s[i:], "\ufffd"):
			return fmt.Errorf("%w: a character that does not belong there, at byte %d", ErrSyntax, i)
		}
	}
	return nil
}

func (p *parser) fail(what string) *Node {
	if p.err == nil {
		p.err = fmt.Errorf("%w: %s at line %d", ErrSyntax, what, p.at+1)
	}
	return &Node{}
}

// next goes to the next line with contents. It is false at the end, or after an error.
func (p *parser) next() bool {
	for ; p.err == nil && p.at < len(p.lines); p.at++ {
		if l := p.lines[p.at]; !l.blank() && p.text[l.start+l.indent] != '#' {
			if p.text[l.start+l.indent] == '\t' {
				if strings.TrimSpace(p.text[l.start:l.end]) == "" {
					continue
				}
				p.fail("a tab before contents")
				return false
			}
			return true
		}
	}
	return false
}

// content is what the current line holds, without its indentation.
func (p *parser) content() string {
	l := p.lines[p.at]
	return p.text[l.start+l.indent : l.end]
}

// entry says whether s begins with an item of a sequence.
func entry(s string) bool {
	return s[0] == '-' && (len(s) == 1 || s[1] == ' ' || s[1] == '\t')
}

// block reads the value at the current line, whose indentation is more than parent.
func (p *parser) block(parent, depth int) *Node {
	if depth > MaxDepth {
		return p.fail(fmt.Sprintf("nested deeper than %d", MaxDepth))
	}
	s, indent := p.content(), p.lines[p.at].indent
	if entry(s) {
		return p.sequence(indent, depth)
	}
	if _, _, ok := p.key(s); ok {
		return p.mapping(indent, depth)
	}
	return p.value(s, parent, depth)
}

func (p *parser) sequence(indent, depth int) *Node {
	n := &Node{Kind: Sequence}
	for p.next() && p.lines[p.at].indent == indent {
		s := p.content()
		if !entry(s) {
			break
		}
		// What follows the hyphen reads as a line of its own that is indented by as much.
		skip := 1
		for skip < len(s) && s[skip] == ' ' {
			skip++
		}
		if rest := s[skip:]; rest == "" || rest[0] == '#' {
			n.Items = append(n.Items, p.below(indent, false, depth))
			continue
		} else if rest[0] == '\t' {
			return p.fail("a tab before contents")
		}
		p.lines[p.at].indent += skip
		n.Items = append(n.Items, p.block(indent, depth+1))
	}
	return n
}

// below reads the value that begins on a line after its key or hyphen; null where there is none.
func (p *parser) below(indent int, ofKey bool, depth int) *Node {
	p.at++
	if !p.next() {
		return &Node{}
	}
	switch in := p.lines[p.at].indent; {
	case in > indent:
		return p.block(indent, depth+1)
	case in == indent && ofKey && entry(p.content()):
		return p.sequence(indent, depth+1) // the hyphens of a key's sequence need no indentation
	}
	return &Node{}
}

func (p *parser) mapping(indent, depth int) *Node {
	n := &Node{Kind: Mapping}
	var seen map[string]bool
	for p.next() && p.lines[p.at].indent == indent {
		s := p.content()
		if entry(s) {
			break
		}
		key, rest, ok := p.key(s)
		if !ok {
			return p.fail("no key")
		}
		if seen == nil && len(n.Keys) >= 16 {
			seen = make(map[string]bool, 64)
			for _, k := range n.Keys {
				seen[k] = true
			}
		}
		if seen[key] || seen == nil && n.Get(key) != nil {
			return p.fail("the same key again")
		}
		if seen != nil {
			seen[key] = true
		}
		n.Keys = append(n.Keys, key)
		if rest = strings.TrimLeft(rest, " \t"); rest == "" || rest[0] == '#' {
			n.Items = append(n.Items, p.below(indent, true, depth))
			continue
		}
		n.Items = append(n.Items, p.value(rest, indent, depth+1))
	}
	return n
}

// key cuts a key of a mapping off s.
func (p *parser) key(s string) (key, rest string, ok bool) {
	switch s[0] {
	case '"', '\'':
		key, n, ok := quoted(s)
		if !ok || strings.IndexByte(s[:n], '\n') >= 0 {
			return "", "", false
		}
		rest := strings.TrimLeft(s[n:], " \t")
		if rest == "" || rest[0] != ':' || len(rest) > 1 && rest[1] != ' ' && rest[1] != '\t' {
			return "", "", false
		}
		return key, rest[1:], true
	}
	if !plainStart(s, false) {
		return "", "", false
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ':':
			if i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '\t' {
				return strings.TrimRight(s[:i], " \t"), s[i+1:], i <= 1024
			}
		case '#':
			if i > 0 && (s[i-1] == ' ' || s[i-1] == '\t') {
				return "", "", false
			}
		}
	}
	return "", "", false
}
