package yamltree_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/yamltree"
)

// show writes a tree so that two of them can be compared.
func show(n *yamltree.Node) any {
	switch {
	case n.Kind == yamltree.Scalar && n.Null():
		return nil
	case n.Kind == yamltree.Scalar:
		return fmt.Sprintf("%t %s", n.Quoted, n.Text)
	case n.Kind == yamltree.Sequence:
		out := []any{}
		for _, i := range n.Items {
			out = append(out, show(i))
		}
		return out
	}
	out := map[string]any{}
	for i, k := range n.Keys {
		out[k] = show(n.Items[i])
	}
	return out
}

// oracle is the same tree by the YAML library.
func oracle(text []byte) (any, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return nil, err
	}
	if n.Kind == 0 {
		return nil, nil
	}
	return showYAML(n.Content[0]), nil
}

func showYAML(n *yaml.Node) any {
	switch n.Kind {
	case yaml.SequenceNode:
		out := []any{}
		for _, i := range n.Content {
			out = append(out, showYAML(i))
		}
		return out
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[n.Content[i].Value] = showYAML(n.Content[i+1])
		}
		return out
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return nil
		}
		return fmt.Sprintf("%t %s", n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0, n.Value)
	}
	return fmt.Sprint("kind ", n.Kind)
}

var texts = []string{
	"", "# nothing\n", "---\na: b\n", "a: b\n...\n", "\ufeffa: 1\r\nb: 2\r\n",
	"a:\n- b\n- c: d\n  e: f\n-\n  g\n- - h\n  - i\nj:\n  - k\n", "a:\nb: ~\nc: null # no\nd: ''\n",
	"a: b c\n  d\n\n  e # f\n", "a: 'b''c'\n", "a: \"b\\n\\\"c\\u00e9\\x41\\\n   d\n\n  e f\"\n", "a: 'b\n\n\n  c  \n  d'\n", "\"a\": b\n'c' : d\n",
	"a: |\n  b\n   c\n\n  d\n\n\ne: |-\n  f\ng: |+\n  h\n\ni: >\n  j\n  k\n\n  l\n    m\n  n\n", "a: |2-\n    b\n  c\n", "a: |\n\nb: c\n", "a: |",
	"a: [b, 'c', \"d\", {e: f}, [], {}]\n", "a: [\n  b, # c\n  d,\n  ]\n", "a: ['>=1.0.0', '<2.0']\n", "versions: ['>=1.0', '<2.0']  # x\n",
	"2.x:\n    time: 2022-02-04 06:52:21\n1:\n  a: b\n", "a: http://b/#c\n", "a: b#c\n", "a: -1\nb: ?c\nd: :e\n", "- a\n- b: |\n    c\n  d: e\n", "just words\n  and more",
	"a : b\n", "a:    b   \n", "a:\n    b\n    c\n", "a: >-\n\n  b\n\n\n   c\n",
}

func TestAsTheLibraryReadsIt(t *testing.T) {
	t.Parallel()
	for _, text := range texts {
		got, err := yamltree.Parse([]byte(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		want, err := oracle([]byte(text))
		if err != nil {
			t.Errorf("%q: the library: %v", text, err)
		}
		if diff := cmp.Diff(want, show(got)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	var steps strings.Builder
	for i := range 100 {
		fmt.Fprintf(&steps, "%sa:\n", strings.Repeat(" ", i))
	}
	for _, text := range []string{
		"a: &b c\n", "a: *b\n", "a: !!str b\n", "? a\n: b\n", "--- a\n", "a: b\n---\nc: d\n", "%YAML 1.2\n---\na: b\n", "a:\n\tb: c\n",
		"a: b: c\n", "a: b\na: c\n", "a: [b\n", "a: 'b\n", "a: \"\\q\"\n", "a: {b: c, b: d}\n", "a: [b] c\n", "  a: b\nc: d\n", "a: b\n  c: d\n", "a\x00: b\n", "a: \xff\n",
		"a: @b\n", "a: |x\n  b\n", "a: [b,\nc]\n", "a: " + deep, steps.String(), "- a\nb: c\n",
	} {
		if n, err := yamltree.Parse([]byte(text)); !errors.Is(err, yamltree.ErrSyntax) {
			t.Errorf("%.40q: %v, %v", text, show(n), err)
		}
	}
}

func TestNodes(t *testing.T) {
	t.Parallel()
	n, err := yamltree.Parse([]byte("a: b\nc: [d, ~, 'null']\ne: {f: g}\nh: ~\n"))
	if err != nil {
		t.Fatal(err)
	}
	list, ok := n.Get("c").Strings()
	if diff := cmp.Diff([]string{"d", "", "null"}, list); diff != "" || !ok {
		t.Error(diff, ok)
	}
	if one, ok := n.Get("a").Strings(); !ok || len(one) != 1 || one[0] != "b" {
		t.Error(one, ok)
	}
	if _, ok := n.Get("e").Strings(); ok {
		t.Error("a mapping is no list")
	}
	if n.Get("e").Get("f").String() != "g" || n.Get("e").String() != "" || !n.Get("h").Null() || !n.Get("x").Null() || n.Get("x").Get("y") != nil {
		t.Error(show(n))
	}
}

// each calls do for the YAML files of the repositories of advisories.
func each(t testing.TB, do func(name string, text []byte)) {
	raw := feedtest.Real(t)
	for _, path := range []string{
		"github/rubysec/ruby-advisory-db/master.tar.gz", "github/FriendsOfPHP/security-advisories/master.tar.gz", "github/pypa/advisory-database/main.tar.gz",
	} {
		f, err := raw.Open(path)
		if err != nil {
			t.Skip(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		for r := tar.NewReader(z); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(h.Name, ".yml") && !strings.HasSuffix(h.Name, ".yaml") {
				continue
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			do(h.Name, text)
		}
	}
}

// TestReal holds every record of three repositories against the YAML library.
func TestReal(t *testing.T) {
	t.Parallel()
	n := 0
	each(t, func(name string, text []byte) {
		n++
		got, err := yamltree.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		want, err := oracle(text)
		if err != nil {
			t.Errorf("%s: the library: %v", name, err)
		}
		if diff := cmp.Diff(want, show(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	})
	if n != 1381+1593+2661 {
		t.Errorf("%d files", n)
	}
}

func BenchmarkParse(b *testing.B) {
	var all [][]byte
	size := 0
	each(b, func(_ string, text []byte) {
		all = append(all, text)
		size += len(text)
	})
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, text := range all {
			if _, err := yamltree.Parse(text); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// FuzzParse: what is accepted is YAML, and the tree is the library's.
func FuzzParse(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := yamltree.Parse(text)
		if err != nil {
			return
		}
		want, err := oracle(text)
		if err != nil {
			t.Fatalf("%q reads as %v; the library: %v", text, show(got), err)
		}
		if diff := cmp.Diff(want, show(got)); diff != "" {
			t.Fatalf("%q: %s", text, diff)
		}
	})
}
