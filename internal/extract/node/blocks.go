package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// maxDepth bounds how deep blocks nest; what lies deeper is stepped over. Lock files of yarn and pnpm nest five deep.
const maxDepth = 32

// blocks walks over the lines of a file of nested blocks, as yarn and pnpm write it: mappings in YAML's block style, a
// key a line, deeper lines below it. A general YAML reader takes some thirty times as long and, with its aliases and tags,
// reads more into a file than these tools ever write; see the benchmark.
//
// visit is called for each key with its depth, outermost 0. Lists, comments, and values that go on over further lines
// are stepped over; what follows a key on its line is its value, raw. Of a collection in flow style the value is its first
// bracket, and the keys in it are visited too. A line that is none of this is the error, after all others were visited.
func blocks(b []byte, split func(line []byte) (key, value []byte, ok bool), visit func(depth int, key, value []byte)) error {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	var indents [maxDepth]int // of the blocks that are open
	open := 0
	closed := -1  // lines deeper than this belong to a value
	asked := -1   // indent of a long key whose colon is still to come
	flows := true // until one is damaged: where that one ends is not known, and to look for it twice could take long
	var problem error
	odd := func(number int, what string) {
		if problem == nil {
			problem = fmt.Errorf("line %d %s", number, what)
		}
	}
	for at, number := 0, 1; at < len(b); number++ {
		start := at
		line, rest, _ := bytes.Cut(b[at:], []byte("\n"))
		at = len(b) - len(rest)
		line = bytes.TrimRight(line, " \t\r")
		text := bytes.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if len(text) == 0 || text[0] == '#' || closed >= 0 && indent > closed {
			continue
		}
		collection := func(from, depth int) {
			end, ok := 0, false
			if flows {
				end, ok = flow(b, from, depth, visit)
			}
			if flows = ok; !ok {
				odd(number, "begins a collection that has no end, or is none")
				return
			}
			number += bytes.Count(b[start:end], []byte("\n"))
			line, rest, _ := bytes.Cut(b[end:], []byte("\n"))
			at = len(b) - len(rest)
			if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
				odd(number, "goes on behind its collection")
			}
		}
		closed = -1
		for open > 0 && indents[open-1] >= indent {
			open--
		}
		switch {
		case open == 0 && (bytes.HasPrefix(text, []byte("---")) || bytes.Equal(text, []byte("..."))):
			continue // between documents; pnpm writes two
		case open == 0 && (text[0] == '{' || text[0] == '['):
			closed = indent
			collection(start+indent, 0)
			continue
		case asked == indent && text[0] == ':' && (len(text) == 1 || text[1] == ' '):
			// What follows belongs to the long key before.
			if asked = -1; len(text) > 1 || open == maxDepth {
				closed = indent
				continue
			}
			indents[open] = indent
			open++
			continue
		case text[0] == '-' && (len(text) == 1 || text[1] == ' '):
			closed = indent
			continue
		case open == maxDepth:
			closed = indent
			continue
		}
		long := bytes.HasPrefix(text, []byte("? ")) // a key of more than 1,024 bytes
		key, value, ok := text[min(2, len(text)):], []byte(nil), true
		if !long {
			key, value, ok = split(text)
			ok = ok && text[0] != '\t'
		}
		if !ok {
			odd(number, "is no key with a value")
			closed = indent
			continue
		}
		asked = -1
		switch {
		case long:
			visit(open, key, nil)
			asked = indent
		case len(value) == 0:
			visit(open, key, nil)
			indents[open] = indent
			open++
		case value[0] == '{' || value[0] == '[':
			visit(open, key, value[:1])
			closed = indent
			collection(start+len(line)-len(value), open+1)
		default:
			visit(open, key, value)
			closed = indent
		}
	}
	return problem
}

// splitYAML cuts a line of YAML, "key: value", at the colon.
func splitYAML(line []byte) (key, value []byte, ok bool) {
	var end int
	switch line[0] {
	case '"':
		end = endOfString(line, 0)
	case '\'':
		end = endOfQuoted(line)
	default:
		if end = bytes.Index(line, []byte(": ")); end < 0 && line[len(line)-1] == ':' {
			end = len(line) - 1
		}
	}
	if end <= 0 || end >= len(line) || line[end] != ':' {
		return nil, nil, false
	}
	value = line[end+1:]
	if len(value) > 0 && value[0] != ' ' {
		return nil, nil, false
	}
	if value = bytes.TrimLeft(value, " "); len(value) > 0 && value[0] == '#' {
		value = nil
	}
	return bytes.TrimRight(line[:end], " "), value, true
}

// endOfQuoted gives the offset behind a string in single quotes, where a quote is written twice; -1 if it has no end.
func endOfQuoted(line []byte) int {
	for i := 1; i < len(line); i++ {
		if line[i] != '\'' {
			continue
		}
		if i+1 < len(line) && line[i+1] == '\'' {
			i++
			continue
		}
		return i + 1
	}
	return -1
}

// scalar reads a plain or quoted value. One that is too long for a name is empty.
func scalar(raw []byte) string {
	if len(raw) == 0 || len(raw) > maxValue {
		return ""
	}
	switch last := raw[len(raw)-1]; {
	case len(raw) < 2 || raw[0] != last:
	case last == '\'':
		return strings.ReplaceAll(string(raw[1:len(raw)-1]), "''", "'")
	case last == '"':
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return text
		}
	}
	return string(raw)
}
