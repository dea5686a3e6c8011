package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// writeJSON writes the result as docs/reference/result.schema.json describes it.
func writeJSON(w io.Writer, r *finding.Result) error {
	if err := stream(w, withLists(r)); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// stream writes what encode would, but an element of a list at a time: a result may be a hundred times larger than any
// one of its findings.
func stream(w io.Writer, r *finding.Result) error {
	s := streamer{w: w}
	s.enc = json.NewEncoder(&s.buf)
	s.enc.SetEscapeHTML(false)
	v := reflect.ValueOf(r).Elem()
	sep := "{\n"
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		f := v.Field(i)
		if options == "omitempty" && (f.IsZero() || f.Kind() == reflect.Slice && f.Len() == 0) {
			continue
		}
		s.text(sep + `  "` + name + `": `)
		sep = ",\n"
		if f.Kind() != reflect.Slice || f.Len() == 0 {
			s.value(f, "  ")
			continue
		}
		next := "[\n    "
		for n := range f.Len() {
			s.text(next)
			s.value(f.Index(n), "    ")
			next = ",\n    "
		}
		s.text("\n  ]")
	}
	s.text("\n}\n")
	return s.err
}

// streamer writes until the first error.
type streamer struct {
	w   io.Writer
	buf bytes.Buffer
	enc *json.Encoder
	err error
}

func (s *streamer) value(v reflect.Value, prefix string) {
	s.buf.Reset()
	s.enc.SetIndent(prefix, "  ")
	if err := s.enc.Encode(v.Addr().Interface()); err != nil && s.err == nil {
		s.err = err
	}
	s.bytes(bytes.TrimSuffix(s.buf.Bytes(), []byte("\n")))
}

func (s *streamer) text(t string) { s.bytes([]byte(t)) }

func (s *streamer) bytes(b []byte) {
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
}

// withLists gives a copy in which lists that are always there are [] and not null, for those who walk them in jq.
func withLists(r *finding.Result) *finding.Result {
	c := *r
	c.Findings = append([]finding.Finding{}, r.Findings...)
	for i := range c.Findings {
		f := &c.Findings[i]
		if f.Matches == nil {
			f.Matches = []finding.Match{}
		}
		if f.Vulnerability.Aliases == nil {
			v := *f.Vulnerability
			v.Aliases = []string{}
			f.Vulnerability = &v
		}
	}
	if c.Fixes == nil {
		c.Fixes = []finding.Fix{}
	}
	if c.Packages == nil {
		c.Packages = []inventory.Package{}
	}
	return &c
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
// between writes; encoding/json writes a value at once.
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
