package node

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// fullDecode is the slow way that scanManifest must agree with for every valid JSON object.
func fullDecode(b []byte) (name, version string, license, licenses json.RawMessage, ok bool) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	var members map[string]json.RawMessage
	if json.Unmarshal(b, &members) != nil || members == nil {
		return "", "", nil, nil, false
	}
	text := func(key string) string {
		var s string
		if raw := members[key]; len(raw) > 0 && raw[0] == '"' {
			_ = json.Unmarshal(raw, &s)
		}
		return s
	}
	return text("name"), text("version"), members["license"], members["licenses"], true
}

func FuzzManifest(f *testing.F) {
	for _, s := range []string{
		`{"name":"a","version":"1.0.0","license":"MIT"}`,
		`{"name":"a","x":{"name":"b","y":["}",{"z":"\\\""}]},"version":"1","licenses":[{"type":"MIT"},"ISC"]}`,
		`{"n\u0061me":"\ud83d\ude00\ud83d","name":"é\xff","version":1e5,"license":{"type":"x"},"license":null}`,
		` { } `, `{"a":tru}`, `{"name":"a",}`, `{"name"}`, `[{"name":"a"}]`, `{"name":"a"}}`, "{\"name\":\"a\u0000\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := scanManifest(b)
		name, version, license, licenses, ok := fullDecode(b)
		if !ok {
			// What is no JSON may be found out or not; what is no object must be.
			if text := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n"); err == nil && !bytes.HasPrefix(text, []byte("{")) {
				t.Errorf("no error for %q", b)
			}
			return
		}
		if err != nil {
			t.Fatalf("valid JSON: %v", err)
		}
		want := manifest{name: name, version: version, licenses: declared(license, licenses)}
		if got.name != want.name || got.version != want.version || strings.Join(got.licenses, "\n") != strings.Join(want.licenses, "\n") {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// A place in the tree names a package if and only if the path splits into node_modules and names, one after another.
func FuzzPlace(f *testing.F) {
	for _, s := range []string{
		"node_modules/a/package.json", "a/node_modules/@s/b/node_modules/c/package.json", "package.json",
		"node_modules/.pnpm/a@1/node_modules/a/package.json", "node_modules/a/b/package.json", "node_modules//package.json",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if clean, escaped := artifact.CleanPath(path); clean != path || escaped {
			return // the walker gives no other
		}
		folder, inside, ok := place(path)
		if inside && !ok {
			t.Errorf("%q is inside and not ok", path)
		}
		if inside && !strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(path, "package.json"), "/"), "node_modules/"+folder) {
			t.Errorf("%q has folder %q", path, folder)
		}
		if again, _, ok := place("node_modules/top/" + path); inside && strings.HasPrefix(path, "node_modules/") && (!ok || again != folder) {
			t.Errorf("%q is %q, below another package %q", path, folder, again)
		}
	})
}

func FuzzLock(f *testing.F) {
	f.Add([]byte(`{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","dependencies":{"b":{"version":"npm:c@1"}}}}}`))
	f.Add([]byte(`{"lockfileVersion":3,"packages":{"":{"name":"x","version":"1"},"node_modules/@s/a":{"version":"1.0.0","license":"MIT"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		once, err := lockPackages(t, b)
		if err != nil {
			return
		}
		var indented bytes.Buffer
		if json.Indent(&indented, bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), "", " ") != nil {
			t.Fatalf("no error for what is no JSON")
		}
		twice, err := lockPackages(t, indented.Bytes())
		if err != nil || once != twice {
			t.Errorf("indented: %v\n%s\nbefore\n%s", err, twice, once)
		}
		seen := map[string]bool{}
		for line := range strings.Lines(once) {
			if seen[line] {
				t.Errorf("%s stands twice", line)
			}
			seen[line] = true
		}
	})
}
