package toml

import "bytes"

// parts counts what a decoder would have to keep: dots, equals signs, brackets and commas outside of strings and comments. It
// stops behind most.
func parts(b []byte, most int) int {
	n := 0
	for i := 0; i < len(b); {
		switch c := b[i]; c {
		case '#':
			end := bytes.IndexByte(b[i:], '\n')
			if end < 0 {
				return n
			}
			i += end
		case '"', '\'':
			i = endOfString(b, i)
			continue
		case '.', '=', '[', '{', ',':
			if n++; n > most {
				return n
			}
		}
		i++
	}
	return n
}

// endOfString gives the offset behind the string that begins at b[at]. Strings of one line end with it, so that what is
// no TOML is not taken for one long string.
func endOfString(b []byte, at int) int {
	quote, long := b[at], []byte("\"\"\"")
	if quote == '\'' {
		long = []byte("'''")
	}
	if bytes.HasPrefix(b[at:], long) {
		for i := at + 3; ; {
			j := bytes.Index(b[i:], long)
			if j < 0 {
				return len(b)
			}
			i += j
			slash := i
			for quote == '"' && slash > at+3 && b[slash-1] == '\\' {
				slash--
			}
			if (i-slash)%2 == 0 {
				return i + 3
			}
			i++
		}
	}
	for i := at + 1; i < len(b); i++ {
		switch {
		case b[i] == '\\' && quote == '"':
			i++
		case b[i] == quote:
			return i + 1
		case b[i] == '\n':
			return i
		}
	}
	return len(b)
}
