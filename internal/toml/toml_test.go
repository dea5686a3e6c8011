package toml

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

func TestPartsAreCountedOutsideOfStringsAndComments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                          0,
		"a = 1":                     1,
		"a.b.c = 1.5":               4,
		"[a.b]\nc = [1, 2]":         5,
		"[[a]]\n[[a]]":              4,
		"a = {b = 1, c = 2}":        5,
		"# a.b.c = [[[":             0,
		"a = 1 # .\nb = 2":          2,
		`a = ".=[{," # `:            1,
		`a = '.=[{,\' # `:           1,
		`"a.b" = "\"."`:             1,
		`a = """. \""" . """`:       1,
		"a = '''\n. \\'''\nb.c = 1": 3,
		"a = \"not ended\nb.c = 1":  3,
	} {
		if got := parts([]byte(text), 100); got != want {
			t.Errorf("%q has %d parts, want %d", text, got, want)
		}
	}
}

// What go-toml needs for documents of nothing but keys, or values, is bounded by the number of parts.
func TestMemoryIsBounded(t *testing.T) { //nolint:paralleltest // counts what the process allocates
	const most, each = 20_000, 1024
	for _, c := range []struct{ before, again, after string }{
		{"", "a.", "a = 1"},
		{"[", "a.", "a]"},
		{"x = [", "[],", "]"},
		{"x = [", "{},", "]"},
		{"x = [", "{a=1},", "]"},
		{"x = [", "1,", "]"},
		{"x = [", "1.5,", "]"},
		{"", "[a]\n", ""},
		{"", "[[a]]\n", ""},
		{"", "[[a]]\nb.c.d=1\n", ""},
		{"", "a=1\n", ""},
	} {
		within := []byte(c.before + strings.Repeat(c.again, (most-3)/parts([]byte(c.again), most)) + c.after)
		for _, into := range []any{&map[string]any{}, &struct{ X, A any }{}, &struct{ Y string }{}} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := Unmarshal(within, most, into)
			runtime.ReadMemStats(&after)
			if _, many := errors.AsType[*TooManyError](err); many {
				t.Errorf("%q: %v", c.again, err)
			}
			got := after.TotalAlloc - before.TotalAlloc
			if got > most*each {
				t.Errorf("%q into %T: %d bytes for each part", c.again, into, got/most)
			}
		}
		var v any
		err := Unmarshal([]byte(c.before+strings.Repeat(c.again, most+1)+c.after), most, &v)
		if many, ok := errors.AsType[*TooManyError](err); !ok || many.Most != most || v != nil {
			t.Errorf("%q is decoded: %v", c.again, err)
		}
	}
}

// Of what go-toml decodes, no key and no value escapes the count.
func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{
		"a = 1\n[b.c]\nd = [1, 2.5, {e = 'f'}]\n[[g]]\nh = 2020-01-02\n[[g]]\n",
		"a = \"\"\"x\\\"\"\"\"\"\nb = 1", "a = '''x''''\nb.c = ''''''", "a = \"\"\"\"\"\"\nb = [\n# ]\n1,\n]",
		"\"a\\\".\".'b' = \"\" # c.d\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var got map[string]any
		n := parts(b, len(b))
		if err := Unmarshal(b, n, &got); err != nil {
			if _, many := errors.AsType[*TooManyError](err); many {
				t.Fatalf("%d parts: %v", n, err)
			}
			return
		}
		if found := nodes(got); found > n {
			t.Fatalf("%q has %d parts, and %d keys and values: %v", b, n, found, got)
		}
		if n > 0 {
			if _, many := errors.AsType[*TooManyError](Unmarshal(b, n-1, &got)); !many {
				t.Fatalf("%q is decoded past the bound", b)
			}
		}
	})
}

// nodes counts the keys of tables and the members of arrays.
func nodes(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for _, of := range v {
			n += 1 + nodes(of)
		}
	case []any:
		for _, of := range v {
			n += 1 + nodes(of)
		}
	}
	return n
}

// A string of any kind is skipped as a whole, so that nothing in it counts.
func FuzzStrings(f *testing.F) {
	f.Add("a \" ' \\ # \n = . [")
	f.Add(`"""\"'''`)
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		b, err := toml.Marshal(map[string]string{"a": text})
		if err != nil {
			return
		}
		value := b[strings.IndexAny(string(b), "'\""):]
		if end := endOfString(value, 0); strings.TrimSpace(string(value[end:])) != "" {
			t.Errorf("%q: the string ends before %q", value, value[end:])
		}
	})
}
