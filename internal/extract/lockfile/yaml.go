package lockfile

import (
	"bytes"
	"strings"
)

// The lock files of Dart, CocoaPods and Stack are YAML as one program writes it: a block of mappings and lists with short
// scalars, each on its line. That much is read here, line by line and in constant memory, without what makes YAML
// expensive to read from strangers (anchors, tags, flows). Lines beyond it are counted and reported, not guessed.

// yamlEvent is one line: "key: value", "key:" or "- value".
type yamlEvent struct {
	path  []string // the keys above; "-" is an item of a list
	key   string   // empty for an item that is a scalar
	value string
	item  bool // the first line of an item: path ends in "-"
}

// yamlBlock is an open mapping or list.
type yamlBlock struct {
	indent int
	list   bool
	key    string // of a mapping: the last
	open   bool   // the last key or item has no value yet: a block may follow
}

// maxYAMLDepth is above what any of the formats nests.
const maxYAMLDepth = 16

const (
	maxYAMLLine = 4096
	// oddYAML are characters that may end a line, or that may not stand in one.
	oddYAML   = "\t\x00\ufeff" + oddBreaks
	oddBreaks = "\r\u0085\u2028\u2029"
)

// yamlReader holds the place in the file.
type yamlReader struct {
	blocks []yamlBlock
	path   []string
	emit   func(yamlEvent)
}

// readYAML gives the lines to emit and returns how many were not understood. The path is valid during the call only.
func readYAML(b []byte, emit func(yamlEvent)) (odd int) {
	r := yamlReader{emit: emit}
	first, skip, skipItems := true, -1, false // what stands below a line that was not understood is passed over with it
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, " \r\n")
		text := bytes.TrimLeft(line, " ")
		if len(text) == 0 || text[0] == '#' && !bytes.ContainsAny(text, oddBreaks) {
			continue
		}
		if first && string(line) == "---" {
			first = false
			continue
		}
		first = false
		indent, item := len(line)-len(text), text[0] == '-'
		if skip >= 0 && (indent > skip || indent == skip && item && skipItems) {
			continue
		}
		skip = -1
		if len(text) > maxYAMLLine || bytes.ContainsAny(text, oddYAML) || !r.line(indent, string(text)) {
			odd++
			skip, skipItems = indent, !item
		}
	}
	return odd
}

// line takes in one line; it says whether it was understood.
func (r *yamlReader) line(indent int, text string) bool {
	rest, item := strings.CutPrefix(text, "- ")
	if !item {
		key, value, isKey, ok := splitYAML(text)
		if !ok || !isKey || !r.enter(indent, false) {
			return false // among others: goes on from the line above
		}
		r.member(key, value, false)
		return true
	}
	rest = strings.TrimLeft(rest, " ")
	if rest == "" || strings.HasPrefix(rest, "- ") || rest == "-" { // a list in a list
		return false
	}
	key, value, isKey, ok := splitYAML(rest)
	if !ok || !r.enter(indent, true) {
		return false
	}
	list := &r.blocks[len(r.blocks)-1]
	list.open = isKey
	if !isKey {
		r.emit(yamlEvent{path: r.above(len(r.blocks)), value: value, item: true})
		return true
	}
	if !r.enter(indent+len(text)-len(rest), false) {
		return false
	}
	r.member(key, value, true)
	return true
}

// enter closes the blocks that a line at this indent ends, and opens one for it where it begins one. A list may stand at the
// indent of the key that it belongs to.
func (r *yamlReader) enter(indent int, list bool) bool {
	for n := len(r.blocks) - 1; n >= 0; n-- {
		top := &r.blocks[n]
		switch {
		case top.indent == indent && top.list == list:
			return true
		case top.indent > indent, top.indent == indent && top.list:
			r.blocks = r.blocks[:n]
			continue
		case !top.open || len(r.blocks) == maxYAMLDepth:
			return false
		}
		top.open = false
		r.blocks = append(r.blocks, yamlBlock{indent: indent, list: list})
		return true
	}
	// Once the outermost block is closed there is no other.
	if cap(r.blocks) > 0 || indent > 0 {
		return false
	}
	r.blocks = append(r.blocks, yamlBlock{list: list})
	return true
}

// member takes a key into the innermost block, which is a mapping.
func (r *yamlReader) member(key, value string, item bool) {
	top := &r.blocks[len(r.blocks)-1]
	top.key, top.open = key, value == ""
	r.emit(yamlEvent{path: r.above(len(r.blocks) - 1), key: key, value: value, item: item})
}

// above is the path of the outermost n blocks.
func (r *yamlReader) above(n int) []string {
	r.path = r.path[:0]
	for _, b := range r.blocks[:n] {
		if b.list {
			r.path = append(r.path, "-")
		} else {
			r.path = append(r.path, b.key)
		}
	}
	return r.path
}

// splitYAML takes "key: value", "key:" or a scalar apart.
func splitYAML(text string) (key, value string, isKey, ok bool) {
	if text[0] == '"' || text[0] == '\'' {
		s, rest, ok := quotedYAML(text)
		if !ok {
			return "", "", false, false
		}
		if rest, found := strings.CutPrefix(rest, ":"); found && (rest == "" || rest[0] == ' ') {
			value, ok := scalarYAML(strings.TrimLeft(rest, " "))
			return s, value, true, ok
		}
		return "", s, false, restYAML(rest)
	}
	at := strings.Index(text+" ", ": ")
	if comment := strings.Index(text, " #"); comment >= 0 && comment < at {
		at = -1
	}
	if at < 0 {
		value, ok := scalarYAML(text)
		return "", value, false, ok
	}
	key = strings.TrimRight(text[:at], " ")
	if key == "" || !plainYAML(key) {
		return "", "", false, false
	}
	rest := strings.TrimLeft(text[at+1:], " ")
	if rest == "{}" || rest == "[]" {
		return key, "", true, true
	}
	value, ok = scalarYAML(rest)
	return key, value, true, ok
}

// scalarYAML reads the value of a line. Empty collections are as good as nothing.
func scalarYAML(text string) (string, bool) {
	switch {
	case text == "", text[0] == '#':
		return "", true
	case text[0] == '"', text[0] == '\'':
		s, rest, ok := quotedYAML(text)
		return s, ok && restYAML(rest)
	}
	if i := strings.Index(text, " #"); i >= 0 {
		text = strings.TrimRight(text[:i], " ")
	}
	return text, plainYAML(text) && !strings.Contains(text+" ", ": ")
}

// plainYAML says whether a scalar may stand without quotes.
func plainYAML(text string) bool {
	return strings.IndexByte("{}[]&*!|>%@`,?-\"'#:~=<", text[0]) < 0 || text[0] == ':' && len(text) > 1 && text[1] != ' '
}

func restYAML(rest string) bool {
	return rest == "" || strings.HasPrefix(strings.TrimLeft(rest, " "), "#") && rest[0] == ' '
}

// quotedYAML reads a scalar in quotes; of the escapes those which the three programs write.
func quotedYAML(text string) (value, rest string, ok bool) {
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case c == quote && quote == '\'' && i+1 < len(text) && text[i+1] == '\'':
			b.WriteByte(c)
			i++
		case c == quote:
			return b.String(), text[i+1:], b.Len() > 0
		case c == '\\' && quote == '"':
			i++
			if i == len(text) || text[i] != '"' && text[i] != '\\' && text[i] != '/' {
				return "", "", false
			}
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
