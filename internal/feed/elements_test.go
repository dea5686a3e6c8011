package feed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
)

func elements(r io.Reader) (out []string, err error) {
	for b, err := range feed.Elements(r, "list") {
		if err != nil {
			return out, err
		}
		out = append(out, string(b))
	}
	return out, nil
}

func TestElements(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want []string
		err  error
	}{
		"the array among other members":     {` {"a": {"list":[9]}, "s":"]}\"", "list" : [ {"x":"}"} , 1, "two", [3,[4]], null ], "z": [ ] } `, []string{`{"x":"}"}`, `1`, `"two"`, `[3,[4]]`, `null`}, nil},
		"an empty array":                    {`{"list":[]}`, nil, nil},
		"a file that is cut short":          {`{"list":[{"a":1},{"b":`, []string{`{"a":1}`}, artifact.ErrCorrupt},
		"a file that is cut after an array": {`{"list":[1]`, []string{`1`}, artifact.ErrCorrupt},
		"no such array":                     {`{"other":[1]}`, nil, artifact.ErrCorrupt},
		"not an array":                      {`{"list":{"a":1}}`, nil, artifact.ErrCorrupt},
		"not an object":                     {`[1]`, nil, artifact.ErrCorrupt},
		"an error page":                     {`<html>`, nil, artifact.ErrCorrupt},
		"nothing":                           {``, nil, artifact.ErrCorrupt},
		"a comma too many":                  {`{"list":[1,]}`, []string{`1`}, artifact.ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(tt.text), iotest.OneByteReader(strings.NewReader(tt.text))} {
				got, err := elements(r)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
				if !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
			}
		})
	}
	t.Run("an error of the reader is handed on", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("broken")
		if _, err := elements(io.MultiReader(strings.NewReader(`{"list":[1,`), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Error(err)
		}
	})
	t.Run("a caller may stop", func(t *testing.T) {
		t.Parallel()
		for b, err := range feed.Elements(strings.NewReader(`{"list":[1,2,3`), "list") {
			if err != nil || string(b) != "1" {
				t.Errorf("%s, %v", b, err)
			}
			break
		}
	})
}

// endless repeats a text for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.at]
		e.at = (e.at + 1) % len(e.text)
	}
	return len(p), nil
}

func TestElementsEndlessly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ head, again string }{
		"an endless string":   {`{"list":["`, `a`},
		"endless nesting":     {`{"list":[`, `[`},
		"endless values":      {`{"list":[[`, `1,`},
		"an endless key":      {`{"`, `a`},
		"an endless number":   {`{"list":[`, `1`},
		"an endless neighbor": {`{"other":{"a":"`, `a`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := elements(io.MultiReader(strings.NewReader(tt.head), &endless{text: tt.again}))
			if _, is := errors.AsType[*artifact.ErrLimit](err); !is || time.Since(start) > time.Minute {
				t.Errorf("error %v after %s", err, time.Since(start))
			}
		})
	}
}

// FuzzElements compares with encoding/json, for every text that is JSON.
func FuzzElements(f *testing.F) {
	f.Add([]byte(`{"list":[1,{"a":[{"b":"\\\""}]},"x"],"z":1}`))
	f.Add([]byte(`{"a":{"list":[1]},"list":[[],{}]}`))
	f.Add([]byte("{\"list\":[ 1 ,\t2\n]}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := elements(bytes.NewReader(b))
		if !json.Valid(b) || bytes.Count(b, []byte("list")) != 1 || bytes.ContainsRune(b, '\\') {
			return // a key may come twice or be spelled with escapes, and then the two differ as they may
		}
		var doc struct {
			List *[]json.RawMessage `json:"list"`
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(b, &object) != nil || object == nil || object["list"] == nil || json.Unmarshal(b, &doc) != nil || doc.List == nil {
			if err == nil {
				t.Fatalf("no error for %q", b)
			}
			return
		}
		if err != nil {
			if _, limit := errors.AsType[*artifact.ErrLimit](err); limit {
				return
			}
			t.Fatalf("%q: %v", b, err)
		}
		var want []string
		for _, m := range *doc.List {
			want = append(want, string(m))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkElements(b *testing.B) {
	doc := []byte(`{"list":[` + strings.Repeat(`{"id":"CVE-2020-1","descriptions":[{"lang":"en","value":"`+strings.Repeat("words ", 60)+`"}],"n":[1,2,3]},`, 999) + `{}]}`)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := elements(bytes.NewReader(doc)); err != nil {
			b.Fatal(err)
		}
	}
}
