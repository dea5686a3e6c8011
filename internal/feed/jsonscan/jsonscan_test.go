package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/jsonscan"
)

// value reads any value into what encoding/json makes of it, with numbers kept as text.
func value(s *jsonscan.Scanner) any {
	switch c := s.Kind(); {
	case c == '{':
		m := map[string]any{}
		for key := range s.Object() {
			k := string(key)
			m[k] = value(s)
		}
		return m
	case c == '[':
		l := []any{}
		for range s.Array() {
			l = append(l, value(s))
		}
		return l
	case c == '"':
		return s.Text()
	case c == '-' || '0' <= c && c <= '9':
		return json.Number(s.Number())
	}
	var w any
	switch s.Kind() {
	case 't':
		w = true
	case 'f':
		w = false
	}
	s.Skip()
	return w
}

func oracle(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

var samples = []string{
	`{"a":[1,2.5e3,-7,"x"],"b":{"c":null,"d":true,"e":false},"f":""}`,
	" [ { } , [ ] , \"\\u00e9\\n\\\"\\\\\" , 0 ]\n",
	`"\\\\\""`,
	"[\"a\xffb\", \"\xed\xa0\x80\"]",
	`{"a":"\ud800"}`,
	`null`,
	`{"a":1,"a":2}`,
}

func TestReadsAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, in := range samples {
		s := jsonscan.New([]byte(in))
		got := value(s)
		if err := s.End(); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if diff := cmp.Diff(oracle(t, []byte(in)), got); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}

func TestWhatIsLeftIsSkipped(t *testing.T) {
	t.Parallel()
	s := jsonscan.New([]byte(`{"skip":{"x":["}","\"]"]},"want":"here","list":[[1],[2,3]],"last":"there"}`))
	var got []string
	for key := range s.Object() {
		switch string(key) {
		case "want", "last":
			got = append(got, s.Text())
		case "list":
			for i := range s.Array() {
				if i == 1 {
					for range s.Array() {
						got = append(got, s.Number())
					}
				}
			}
		}
	}
	if err := s.End(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"here", "2", "3", "there"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"empty":             ``,
		"cut short":         `{"a":[1,2`,
		"string cut short":  `{"a":"x`,
		"escape at the end": `{"a":"x\`,
		"no colon":          `{"a" 1}`,
		"no comma":          `[1 2]`,
		"trailing comma":    `[1,]`,
		"more after it":     `{} {}`,
		"deep":              strings.Repeat("[", 1e6),
		"deep and skipped":  `{"a":` + strings.Repeat(`{"b":`, 1e6),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := jsonscan.New([]byte(in))
			value(s)
			if err := s.End(); !errors.Is(err, jsonscan.ErrSyntax) {
				t.Errorf("error %v", err)
			}
			s = jsonscan.New([]byte(in))
			s.Skip()
			if err := s.End(); err == nil && name != "no comma" && name != "trailing comma" && name != "no colon" {
				t.Error("skipping told nothing")
			}
		})
	}
}

// FuzzScanner: valid JSON reads as encoding/json reads it, and skipping ends where reading does.
func FuzzScanner(f *testing.F) {
	for _, s := range samples {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := jsonscan.New(b)
		got := value(s)
		err := s.End()
		if !json.Valid(b) || strings.Contains(words(err), "nested") {
			return
		}
		if err != nil {
			t.Fatalf("valid JSON %q: %v", b, err)
		}
		if diff := cmp.Diff(oracle(t, b), got); diff != "" {
			t.Errorf("%q: %s", b, diff)
		}
		skip := jsonscan.New(b)
		skip.Skip()
		if err := skip.End(); err != nil {
			t.Errorf("skipping %q: %v", b, err)
		}
	})
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func BenchmarkSkip(b *testing.B) {
	text := []byte(`{"list":[` + strings.Repeat(`{"category":"product_version","name":"libgcrypt20-1.6.1-16.62.1.x86_64"},`, 1000) + `{}]}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s := jsonscan.New(text)
		s.Skip()
		if s.End() != nil {
			b.Fatal(s.Err())
		}
	}
}
