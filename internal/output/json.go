package output

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/sightline-sec/sightline/internal/finding"
)

// writeJSON writes the result as docs/reference/result.schema.json describes it.
func writeJSON(w io.Writer, r *finding.Result) error {
	if err := encode(w, r); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

func encode(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// escaper writes JSON on and spells the characters that steer a terminal as \u escapes: encoding/json does so with
// those below U+0020 only, and leaves DEL, the C1 controls (U+009B begins an escape sequence) and those that turn the
// direction of writing. Such characters stand in strings only, so that the meaning stays. Characters must not be split
// between writes; encoding/json writes a document at once.
type escaper struct{ w io.Writer }

func (e escaper) Write(b []byte) (int, error) {
	var out []byte // nil as long as nothing was found
	done := 0
	for i := 0; i < len(b); {
		if b[i] != 0x7f && b[i] != 0xc2 && b[i] != 0xd8 && b[i] != 0xe2 && b[i] != 0xef && b[i] != 0xf3 {
			i++
			continue
		}
		c, n := utf8.DecodeRune(b[i:])
		if steers(c) {
			out = append(out, b[done:i]...)
			if c > 0xffff {
				c -= 0x10000
				out = fmt.Appendf(out, `\u%04x`, 0xd800+c>>10)
				c = 0xdc00 + c&0x3ff
			}
			out = fmt.Appendf(out, `\u%04x`, c)
			done = i + n
		}
		i += n
	}
	if done == 0 {
		return e.w.Write(b)
	}
	if _, err := e.w.Write(append(out, b[done:]...)); err != nil {
		return 0, err
	}
	return len(b), nil
}
