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
// are stepped over; what follows a key on its line is its value, raw. A line that is none of this is the error, after all
// others were visited.
func blocks(b []byte, split func(line []byte) (key, value []byte, ok bool), visit func(depth int, key, value []byte)) error {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	var indents [maxDepth]int // of the blocks that are open
	open := 0
	closed := -1 // lines deeper than this belong to a value
	asked := -1  // indent of a long key whose colon is still to come
	var problem error
	for number := 1; len(b) > 0; number++ {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		b = rest
		line = bytes.TrimRight(line, " \t\r")
		text := bytes.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if len(text) == 0 || text[0] == '#' || closed >= 0 && indent > closed {
			continue
		}
		closed = -1
		for open > 0 && indents[open-1] >= indent {
			open--
		}
		switch {
		case open == 0 && (bytes.HasPrefix(text, []byte("---")) || bytes.Equal(text, []byte("..."))):
			continue // between documents; pnpm writes two
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
			if problem == nil {
				problem = fmt.Errorf("line %d is no key with a value", number)
			}
			closed = indent
			continue
		}
		visit(open, key, value)
		asked = -1
		switch {
		case long:
			asked = indent
		case len(value) > 0:
			closed = indent
		default:
			indents[open] = indent
			open++
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
	return bytes.TrimRight(line[:end], " "), bytes.TrimLeft(value, " "), true
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
