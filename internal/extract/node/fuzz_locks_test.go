package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/sightline-sec/sightline/internal/extract"
)

func packagesOf(t testing.TB, x extract.Extractor, path string, b []byte) ([]string, error) {
	t.Helper()
	var facts extract.Facts
	err := x.Extract(t.Context(), extract.NewFile(path, b, 0o644), &facts)
	var list []string
	for _, p := range facts.Packages {
		list = append(list, p.Name+"@"+p.Version+" "+p.PURL)
	}
	return list, err
}

// plainName says whether fuzzed words can be a name and a version.
func plainName(name, version string) bool {
	ok := func(s string) bool {
		return len(s) < 100 && !strings.ContainsFunc(s, func(r rune) bool {
			return r > 0x7e || !strings.ContainsRune("-._+", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
	}
	return name != "" && ok(name) && name[0] != '.' && startsWithDigit(version) && ok(version) && !strings.Contains(version, "_")
}

// What a YAML writer makes of packages, in the forms of every version, is read as these packages again.
func FuzzPnpmRoundTrip(f *testing.F) {
	f.Add("a", "1.0.0", "b", "2.0.0-rc.1", "it's\n  x: y", uint8(0))
	f.Add("a.b", "0", "null", "1e5", "# x", uint8(1))
	f.Add("true", "1.0.0", "0", "1_0", "- a\n- b", uint8(2))
	f.Add("a", "1.0.0", "b", "2.0.0", "}],{\"x\": [", uint8(5))
	f.Fuzz(func(t *testing.T, name, version, peer, other, text string, form uint8) {
		if !plainName(name, version) || !plainName(peer, other) || !utf8.ValidString(text) {
			return
		}
		scoped := "@" + peer + "/" + name
		var keys []string
		lockVersion := "9.0"
		switch form % 3 {
		case 0:
			lockVersion = "5.3"
			keys = []string{"/" + name + "/" + version, "/" + scoped + "/" + version + "_" + peer + "@" + other}
		case 1:
			lockVersion = "6.0"
			keys = []string{"/" + name + "@" + version, "/" + scoped + "@" + version + "(" + peer + "@" + other + ")"}
		case 2:
			keys = []string{name + "@" + version, scoped + "@" + version}
		}
		entry := map[string]any{"resolution": map[string]string{"integrity": text}, "deprecated": text, "engines": map[string]string{"version": "9", "x": text}}
		file := map[string]any{
			"lockfileVersion": lockVersion, "packages": map[string]any{keys[0]: entry, keys[1]: entry},
			"snapshots": map[string]any{"wrong@1": entry}, "importers": map[string]any{".": entry},
		}
		b, err := yaml.Marshal(file)
		if err != nil {
			return
		}
		if form/3%2 == 1 { // JSON is YAML in flow style
			if b, err = json.Marshal(file); err != nil {
				return
			}
		}
		if bytes.Contains(b, []byte("!!")) {
			return // not as pnpm writes
		}
		got, err := packagesOf(t, pnpmLock{}, "pnpm-lock.yaml", b)
		want := []string{npmID(name, version), npmID(scoped, version)}
		slices.Sort(want)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q\n%s", got, err, want, b)
		}
	})
}

func npmID(name, version string) string {
	p := npmPackage(name, version, nil)
	return p.Name + "@" + p.Version + " " + p.PURL
}

// Lock files that a YAML reader accepts too have the same keys for it.
func FuzzBlocks(f *testing.F) {
	f.Add("a:\n  b: 1\n  'c d':\n    - e: f\n  ? g\n  :\n    h: |-\n      i: j\nk:\n- l\n")
	f.Add("packages:\n\n  /a/1.0.0:\n    resolution: {integrity: x}\n# c\n\"q\\u0061\": 'it''s'\n")
	f.Fuzz(func(t *testing.T, text string) {
		type place struct {
			depth int
			key   string
		}
		var got []place
		if blocks([]byte(text), splitYAML, func(depth int, key, _ []byte) {
			got = append(got, place{depth, string(key)})
		}) != nil {
			return
		}
		for i, p := range got {
			if p.depth < 0 || p.depth >= maxDepth || i == 0 && p.depth != 0 || i > 0 && p.depth > got[i-1].depth+2 {
				t.Fatalf("key %d of %q is at depth %d", i, text, p.depth)
			}
		}
		if strings.ContainsAny(text, "?&*!|>%@`{}[],#\t\r\"") || strings.Contains(text, "--") || strings.Contains(text, "...") || strings.HasPrefix(text, "\xef\xbb\xbf") || !utf8.ValidString(text) {
			return // what only a whole YAML reader knows
		}
		for line := range strings.Lines(text) {
			if strings.Count(line, "'")%2 != 0 {
				return // a string that goes on at the margin, which neither tool writes
			}
		}
		var whole yaml.Node
		if yaml.Unmarshal([]byte(text), &whole) != nil || len(whole.Content) != 1 || whole.Content[0].Kind != yaml.MappingNode {
			return
		}
		var top []string
		for _, p := range got {
			if p.depth == 0 {
				top = append(top, scalar([]byte(p.key)))
			}
		}
		var want []string
		for i, n := range whole.Content[0].Content {
			if i%2 == 0 {
				want = append(want, n.Value)
			}
		}
		if !slices.Equal(top, want) {
			t.Errorf("%q: keys %q, YAML has %q", text, top, want)
		}
	})
}

// The keys of a collection in flow style are those that a YAML reader finds in it, at the same depths.
func FuzzFlow(f *testing.F) {
	f.Add("{a: b, 'c': {d: [e, {f: g}], h: {}}, i: 'j'}")
	f.Add("{\"a\":{\"b\":[1,2],\"c\":null},\n  x y: # z }\n  http://w, v}")
	f.Fuzz(func(t *testing.T, text string) {
		if !strings.HasPrefix(text, "{") || strings.ContainsAny(text, "?&*!|>%@`\t\r\\\u0085\u2028\u2029\ufeff") {
			return // what only a whole YAML reader knows
		}
		var got []string
		end, ok := flow([]byte(text), 0, 0, func(depth int, key, _ []byte) { got = append(got, fmt.Sprintf("%d %s", depth, scalar(key))) })
		var whole yaml.Node
		if err := yaml.Unmarshal([]byte(text), &whole); err != nil || len(whole.Content) != 1 {
			if end < 0 || end > len(text) {
				t.Errorf("%q ends at %d", text, end)
			}
			return
		}
		if !ok || strings.TrimSpace(text[end:]) != "" {
			return // reported
		}
		var want []string
		var walk func(n *yaml.Node, depth int)
		walk = func(n *yaml.Node, depth int) {
			for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
				if k := n.Content[i]; depth < maxDepth {
					want = append(want, fmt.Sprintf("%d %s", depth, k.Value))
				}
				walk(n.Content[i+1], depth+1)
			}
		}
		walk(whole.Content[0], 0)
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, YAML has %q", text, got, want)
		}
	})
}

// A lock file of yarn 1 that is made of packages gives these packages.
func FuzzYarnRoundTrip(f *testing.F) {
	f.Add("a", "1.0.0", "b", "2.0.0", ">=1 || ^2, x: \"y\"", false)
	f.Add("a", "1.0.0", "b", "2.0.0", "npm:z@1", true)
	f.Fuzz(func(t *testing.T, name, version, second, other, text string, berry bool) {
		if !plainName(name, version) || !plainName(second, other) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) || !utf8.ValidString(text) || name == "__metadata" {
			return
		}
		quote := func(s string) string { b, _ := json.Marshal(s); return string(b) }
		scoped := "@" + second + "/" + name
		var b strings.Builder
		if berry {
			b.WriteString("__metadata:\n  version: 8\n")
			for _, p := range [][2]string{{name, version}, {scoped, other}} {
				fmt.Fprintf(&b, "\n%s:\n  version: %s\n  resolution: %s\n  dependencies:\n    version: %s\n  linkType: hard\n",
					quote(p[0]+"@npm:"+text), p[1], quote(p[0]+"@npm:"+p[1]), quote(text))
			}
		} else {
			fmt.Fprintf(&b, "# yarn lockfile v1\n\n%s, %s:\n  version %s\n  resolved \"x\"\n  dependencies:\n    version %s\n\n%s:\n  version %s\n",
				quote(name+"@^1"), quote(name+"@"+text), quote(version), quote(text), quote("alias@npm:"+scoped+"@"+other), quote(other))
		}
		got, err := packagesOf(t, yarnLock{}, "yarn.lock", []byte(b.String()))
		want := []string{npmID(name, version), npmID(scoped, other)}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q\n%s", got, err, want, b.String())
		}
	})
}

// JSON means the same with and without comments and trailing commas; what is JSON stays so.
func FuzzPlainJSON(f *testing.F) {
	f.Add([]byte(`{"packages":{"a":["a@1.0.0","",{},"x"],"b":["b@https://x/b-1.2.3.tgz"]}}`))
	f.Add([]byte(`{"//":["/*",",]",1.5e3,null]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if !json.Valid(b) {
			if out := plainJSON(b); len(out) > len(b) {
				t.Errorf("%q grew to %q", b, out)
			}
			return
		}
		if out := plainJSON(b); !bytes.Equal(out, b) {
			t.Errorf("%q became %q", b, out)
		}
		var indented bytes.Buffer
		if json.Indent(&indented, b, "", "  ") != nil {
			return
		}
		var dirty strings.Builder
		for line := range strings.Lines(indented.String()) { // a line ends behind a value or an opening bracket
			text := strings.TrimRight(line, "\n")
			if last := strings.TrimSpace(text); last != "" && !strings.ContainsAny(last[len(last)-1:], ",{[:") && last != indented.String() {
				text += " /* , ] */"
			}
			dirty.WriteString(text + " // x\n")
		}
		var want, got any
		if json.Unmarshal(b, &want) != nil {
			return
		}
		if err := json.Unmarshal(plainJSON([]byte(dirty.String())), &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s\nbecame %v, %v", dirty.String(), got, err)
		}
	})
}

func FuzzBunAndDeno(f *testing.F) {
	f.Add([]byte(`{"packages":{"a":["a@1.0.0","",{},"x"],"b":["b@https://x/b-1.2.3.tgz",{}],"c":["c@workspace:c"]}}`))
	f.Add([]byte(`{"version":"4","npm":{"a@1.0.0":{}},"jsr":{"@s/a@1.0.0":{}}}`))
	f.Add([]byte(`{"version":"2","npm":{"packages":{"a@1.0.0_b@1":{}}},"remote":{"https://x":"y"}}`))
	f.Add([]byte(`{"version":"3","packages":{"npm":{"a@1.0.0":{}},"jsr":{"@s/a@1.0.0":{}}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for file, x := range map[string]extract.Extractor{"bun.lock": bunLock{}, "deno.lock": denoLock{}} {
			list, err := packagesOf(t, x, file, b)
			if err == nil && file == "deno.lock" && !json.Valid(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))) {
				t.Errorf("no error for what is no JSON")
			}
			slices.Sort(list)
			if len(slices.Compact(slices.Clone(list))) != len(list) {
				t.Errorf("%s: %q has doubles", file, list)
			}
			for _, p := range list {
				if strings.HasPrefix(p, "@ ") || len(p) > 20*len(b) { // a byte that is not UTF-8 is %25EF%25BF%25BD in a purl
					t.Errorf("%s: %q", file, p)
				}
			}
		}
	})
}

func lockLike(packages int, form string) []byte {
	var b strings.Builder
	b.WriteString(map[string]string{"pnpm": "lockfileVersion: '9.0'\n\npackages:\n", "berry": "__metadata:\n  version: 8\n", "yarn": "# yarn lockfile v1\n\n"}[form])
	for i := range packages {
		switch form {
		case "pnpm":
			fmt.Fprintf(&b, "\n  '@scope/package-%d@%d.0.0':\n    resolution: {integrity: sha512-%086d==}\n    engines: {node: '>=6.9.0'}\n    peerDependencies:\n      react: ^18.2.0\n", i, i, i)
		case "berry":
			fmt.Fprintf(&b, "\n\"@scope/package-%d@npm:^%d.0.0\":\n  version: %d.0.0\n  resolution: \"@scope/package-%d@npm:%d.0.0\"\n  dependencies:\n    \"@babel/helper\": \"npm:^7.24.7\"\n    picocolors: \"npm:^1.0.0\"\n  checksum: 10c0/%0128d\n  languageName: node\n  linkType: hard\n", i, i, i, i, i, i)
		case "yarn":
			fmt.Fprintf(&b, "\n\"@scope/package-%d@^%d.0.0\":\n  version \"%d.0.0\"\n  resolved \"https://registry.example/package-%d.tgz#%040d\"\n  integrity sha512-%086d==\n  dependencies:\n    picocolors \"^1.0.0\"\n", i, i, i, i, i, i)
		}
	}
	if form == "pnpm" {
		b.WriteString("\nsnapshots:\n")
		for i := range packages {
			fmt.Fprintf(&b, "\n  '@scope/package-%d@%d.0.0(react@18.2.0)':\n    dependencies:\n      picocolors: 1.1.1\n      react: 18.2.0\n", i, i)
		}
	}
	return []byte(b.String())
}

func BenchmarkLocksOfBlocks(b *testing.B) {
	const packages = 5000
	for form, x := range map[string]extract.Extractor{"pnpm": pnpmLock{}, "berry": yarnLock{}, "yarn": yarnLock{}} {
		content := lockLike(packages, form)
		b.Run(form, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if list, err := packagesOf(b, x, "yarn.lock", content); err != nil || len(list) != packages {
					b.Fatal(len(list), err)
				}
			}
		})
		if form == "yarn" {
			continue
		}
		b.Run(form+"/yaml", func(b *testing.B) { // what a general reader takes
			b.ReportAllocs()
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				var v map[string]any
				if err := yaml.Unmarshal(content, &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
