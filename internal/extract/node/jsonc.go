package node

import "bytes"

// plainJSON turns JSON with comments and trailing commas, as bun writes it, into JSON of the same length: both become
// spaces. Bytes inside strings stay.
func plainJSON(b []byte) []byte {
	out := bytes.Clone(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	comma := -1 // of the last comma, if nothing but space came since
	for i := 0; i < len(out); {
		switch c := out[i]; {
		case c == '"':
			comma = -1
			if i = endOfString(out, i); i < 0 {
				return out
			}
			continue
		case c == '/' && i+1 < len(out) && out[i+1] == '/':
			for i < len(out) && out[i] != '\n' {
				out[i] = ' '
				i++
			}
			continue
		case c == '/' && i+1 < len(out) && out[i+1] == '*':
			end := len(out)
			if j := bytes.Index(out[i+2:], []byte("*/")); j >= 0 {
				end = i + 2 + j + 2
			}
			for ; i < end; i++ {
				out[i] = ' '
			}
			continue
		case c == ',':
			comma = i
		case c == '}' || c == ']':
			if comma >= 0 {
				out[comma] = ' '
			}
			comma = -1
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
		default:
			comma = -1
		}
		i++
	}
	return out
}
