package node

// maxFlow bounds how deep flow collections nest. What pnpm writes in this style nests two deep.
const maxFlow = 1000

// flow walks over a collection in YAML's flow style, {a: b, c: [d]}, of which JSON is a part; b[at] is its first bracket. It may go
// over many lines. visit is called for the keys of mappings as in [blocks]: depth is that of the members of the outermost
// collection. Lists, and what is in them, are stepped over. ok is false where the collection has no end, or is none.
func flow(b []byte, at, depth int, visit func(depth int, key, value []byte)) (end int, ok bool) {
	var open []byte // the brackets that are open
	lists := 0      // those of them that are lists
	var key []byte  // of the innermost mapping, before its value
	colon, full := false, false
	emit := func(value []byte) {
		if d := depth + len(open) - 1; key != nil && lists == 0 && d < maxDepth {
			visit(d, key, value)
		}
		key, colon, full = nil, false, true
	}
	for i := at; i < len(b); {
		inMap := len(open) > 0 && open[len(open)-1] == '{'
		switch c := b[i]; {
		case c == ' ' || c == '\n' || c == '\r' || c == '\t':
			i++
		case c == '#' && i > at && isSpace(b[i-1]):
			for i < len(b) && b[i] != '\n' {
				i++
			}
		case c == '{' || c == '[':
			if inMap && !colon || full || len(open) == maxFlow {
				return 0, false
			}
			emit(b[i : i+1])
			full = false
			if open = append(open, c); c == '[' {
				lists++
			}
			i++
		case c == '}' || c == ']':
			if open[len(open)-1]+2 != c { // in ASCII the closing brackets are two after the opening ones
				return 0, false
			}
			if key != nil {
				emit(nil)
			}
			if open = open[:len(open)-1]; c == ']' {
				lists--
			}
			i++
			if len(open) == 0 {
				return i, true
			}
			full = true
		case c == ',':
			if key != nil {
				emit(nil)
			}
			full = false
			i++
		case c == ':' && inMap && key != nil && !colon && (endsPlain(b, i) || key[0] == '"' || key[0] == '\''): // only behind quotes without a space
			colon = true
			i++
		default:
			text, next := flowScalar(b, i)
			switch {
			case next < 0 || full || len(text) == 0:
				return 0, false
			case !inMap:
				full = true
			case key == nil:
				key = text
			case !colon:
				return 0, false
			default:
				emit(text)
			}
			i = next
		}
	}
	return 0, false
}

// flowScalar takes a scalar, raw; next is negative where it has no end.
func flowScalar(b []byte, at int) (text []byte, next int) {
	switch b[at] {
	case '"':
		next = endOfString(b, at)
	case '\'':
		if next = endOfQuoted(b[at:]); next >= 0 {
			next += at
		}
	default:
		next = at
		for next < len(b) && !endsPlain(b, next) {
			next++
		}
		end := next
		for end > at && isSpace(b[end-1]) {
			end--
		}
		return b[at:end], next
	}
	if next < 0 {
		return nil, -1
	}
	return b[at:next], next
}

// endsPlain says whether a scalar without quotes ends before b[i].
func endsPlain(b []byte, i int) bool {
	switch b[i] {
	case ',', '[', ']', '{', '}', '\n':
		return true
	case ':':
		return i+1 == len(b) || isSpace(b[i+1]) || b[i+1] == ',' || b[i+1] == '}' || b[i+1] == ']'
	case '#':
		return isSpace(b[i-1])
	}
	return false
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
