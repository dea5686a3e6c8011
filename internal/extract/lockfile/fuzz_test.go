package lockfile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/sightline-sec/sightline/internal/extract"
)

// flatten lists the scalars of a YAML document with their paths, as readYAML's events tell them; ok is false for what it does
// not read.
func flatten(n *yaml.Node, at string, list *[]string) (ok bool) {
	if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return false
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return len(n.Content) == 1 && flatten(n.Content[0], at, list)
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if k.Kind != yaml.ScalarNode {
				return false
			}
			if v.Kind == yaml.ScalarNode {
				*list = append(*list, fmt.Sprintf("%s/%q=%q", at, k.Value, v.Value))
				continue
			}
			*list = append(*list, fmt.Sprintf("%s/%q=%q", at, k.Value, ""))
			if !flatten(v, fmt.Sprintf("%s/%q", at, k.Value), list) {
				return false
			}
		}
	case yaml.SequenceNode:
		for _, v := range n.Content {
			if v.Kind == yaml.ScalarNode {
				*list = append(*list, fmt.Sprintf("%s/%q=%q", at, "-", v.Value))
			} else if !flatten(v, fmt.Sprintf("%s/%q", at, "-"), list) {
				return false
			}
		}
	default:
		return false
	}
	return true
}

// What readYAML understands in full, it understands as a full YAML reader does.
func FuzzYAML(f *testing.F) {
	for _, s := range []string{
		"packages:\n  a:\n    description:\n      name: a\n    version: \"1.0\"\nsdks:\n  dart: \">=3\"\n",
		"packages:\n- completed:\n    hackage: a-1@sha256:bb,1\n  original:\n    x: 'it''s'\nsnapshots:\n- original: lts\n",
		"PODS:\n  - A (1):\n    - B (= 1)\n  - \"C+d (2)\"\n\nX:\n  :path: a # b\n",
		"---\na: b\n# c\n\"d e\": f\n", "a:\n- b\n- c: d\n  e: f\ng: h\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !utf8.Valid(b) || len(b) > 4000 {
			return
		}
		var got []string
		odd := readYAML(b, func(e yamlEvent) {
			var line strings.Builder
			for _, p := range e.path {
				fmt.Fprintf(&line, "/%q", p)
			}
			key := e.key
			if key == "" {
				if len(e.path) == 0 || !e.item || e.path[len(e.path)-1] != "-" {
					t.Errorf("no key, and not an item: %+v", e)
				}
				fmt.Fprintf(&line, "=%q", e.value)
			} else {
				fmt.Fprintf(&line, "/%q=%q", key, e.value)
			}
			got = append(got, line.String())
		})
		var doc yaml.Node
		if odd > 0 || len(got) == 0 || yaml.Unmarshal(b, &doc) != nil || doc.Kind == 0 {
			return
		}
		var want []string
		if !flatten(&doc, "", &want) {
			t.Fatalf("read as if it were plain: %q", b)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
	})
}

// Terms are read as they were written, whatever stands in their strings.
func FuzzTerms(f *testing.F) {
	f.Add("cowboy", "2.9.0", "%{#\"")
	f.Fuzz(func(t *testing.T, name, version, other string) {
		_ = readTerms([]byte(name+version+other), '#', func(*tuple, *tuple, int) {}) // any bytes
		for _, r := range name {
			if !isTermWord(byte(r)) || r >= utf8.RuneSelf {
				return
			}
		}
		if name == "" || len(name)+len(version)+len(other) > 1000 || !utf8.ValidString(version) || strings.TrimSpace(version) != version {
			return
		}
		quote := func(s string) string {
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		}
		for _, c := range []struct {
			read func([]byte, *pins) error
			text string
		}{
			{readMix, fmt.Sprintf("%%{\n  # %%{\n  %s: {:hex, :%s, %s, %s, [:mix], [{:x, %s, [hex: :x]}], %s},\n}\n", quote(other), name, quote(version), quote(other), quote(version), quote(other))},
			{readRebar, fmt.Sprintf("%% {\n{\"1.2.0\",\n[{<<%s>>,{pkg,<<%s>>,<<%s>>},0}]}.\n[\n{pkg_hash,[\n {<<%s>>, <<%s>>}]}\n].\n", quote(other), quote(name), quote(version), quote(name), quote(other))},
		} {
			var facts extract.Facts
			found := pins{facts: &facts}
			if err := c.read([]byte(c.text), &found); err != nil || len(facts.Packages) != 1 || found.odd > 0 {
				t.Fatalf("%v, %v\n%s", facts.Packages, err, c.text)
			}
			if p := facts.Packages[0]; p.Name != name || p.Version != version {
				t.Errorf("got %q %q from\n%s", p.Name, p.Version, c.text)
			}
		}
	})
}

// For all formats and any bytes: no package stands twice or without a name, none is larger than the file, and the ends of
// lines make no difference.
func FuzzAll(f *testing.F) {
	seeds := []string{
		"packages:\n  a:\n    source: hosted\n    version: \"1\"\n",
		"%{\"a\": {:hex, :a, \"1\"}, b: {:git, \"x\", \"y\", []}}",
		"{\"1.2.0\",[{<<\"a\">>,{pkg,<<\"a\">>,<<\"1\">>},0},{<<\"b\">>,{git,\"x\",{ref,\"y\"}},0}]}.",
		`{"Packages":{"a":{"Version":"1","Source":"Bioconductor","License":"MIT"}}}`,
		"PackratFormat: 1\n\nPackage: a\nVersion: 1\n",
		`{"pins":[{"identity":"a","location":"git@h:x/a.git","state":{"version":null,"revision":"b"}}]}`,
		"PODS:\n  - A/B (1):\n    - C\n",
		`{"graph_lock":{"nodes":{"1":{"ref":"a/1@b/c#d","python_requires":["p/1"]}}},"requires":["z/1%2"]}`,
		"[requires]\na/1 # b\nc/[>1]\n",
		"packages:\n- completed:\n    hackage: a-1@sha256:b\n",
		"constraints: any.a ==1,\n  b ==2\n",
	}
	for i, s := range seeds {
		f.Add(uint8(i), []byte(s))
	}
	var readers []file
	for _, x := range Extractors() {
		if r, ok := x.(file); ok {
			readers = append(readers, r)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		r := readers[int(which)%len(readers)]
		list := func(b []byte) ([]string, bool) {
			var facts extract.Facts
			err := r.Extract(t.Context(), extract.NewFile(r.bases[0], b, 0o644), &facts)
			var list []string
			for _, p := range facts.Packages {
				if p.Name == "" || p.PURL == "" || len(p.Name)+len(p.Version) > 3*len(b) || !utf8.ValidString(p.Name+p.Version) {
					t.Errorf("%s: %+v", r.name, p)
				}
				list = append(list, p.PURL)
			}
			return list, err == nil
		}
		once, ok := list(b)
		if sorted := slices.Sorted(slices.Values(once)); len(slices.Compact(sorted)) != len(once) {
			t.Errorf("%s: twice: %q", r.name, once)
		}
		if bytes.ContainsAny(b, "\r\"'") {
			return // may stand within a string
		}
		again, okAgain := list(bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")))
		if !slices.Equal(once, again) || ok != okAgain {
			t.Errorf("%s: got %q, with carriage returns %q", r.name, once, again)
		}
	})
}

// Of an R package's description the first record counts, and its fields as they stand.
func FuzzDescription(f *testing.F) {
	f.Add("cli", "3.6.0", "MIT + file LICENSE")
	f.Fuzz(func(t *testing.T, name, version, license string) {
		for _, s := range []string{name, version, license} {
			if strings.ContainsAny(s, "\r\n/") || strings.TrimSpace(s) != s || s == "" || len(s) > 1000 || !utf8.ValidString(s) || s == "." || s == ".." {
				return
			}
		}
		text := "Title: " + license + "\n  Package: other\nPackage: " + name + "\nVersion: " + version + "\nLicense: " + license + "\nBuilt: R 4\n\nPackage: " + license + "\n"
		var facts extract.Facts
		err := rInstalled{}.Extract(t.Context(), extract.NewFile("lib/"+name+"/DESCRIPTION", []byte(text), 0o644), &facts)
		if err != nil || len(facts.Packages) != 1 {
			t.Fatalf("%v, %v\n%s", facts.Packages, err, text)
		}
		if p := facts.Packages[0]; p.Name != name || p.Version != version || p.Licenses[0] != license {
			t.Errorf("got %+v\n%s", p, text)
		}
	})
}
