package php

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/extract"
)

func packagesOf(b []byte) (list []string, err error) {
	var facts extract.Facts
	err = read(b, true, &facts)
	for _, p := range facts.Packages {
		list = append(list, fmt.Sprintf("%q %q %q", p.Name, p.Version, p.Licenses))
	}
	return list, err
}

// Where there is no error the file is JSON, and a decoder that holds the whole of it finds the same packages.
func FuzzComposer(f *testing.F) {
	f.Add([]byte(`[{"name":"a/b","version":"1","license":["MIT"]},{"name":"a/b","version":"1"}]`))
	f.Add([]byte(`{"x":[{}],"packages":[{"name":"a/b","version":"1","license":"MIT"},{"name":"c","version":"2","license":[1,"x"]}],"packages-dev":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := packagesOf(b)
		if err != nil {
			return
		}
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
		if !json.Valid(b) {
			t.Fatal("no error for what is no JSON")
		}
		var want []any
		dec := json.NewDecoder(bytes.NewReader(b))
		if bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("[")) {
			if err := dec.Decode(&want); err != nil {
				t.Fatal(err)
			}
		} else {
			// The last of several members of one name counts here, each of them there.
			if bytes.Count(b, []byte(`"packages`)) > 1 || bytes.Contains(b, []byte(`\u`)) {
				return
			}
			var object map[string]any
			if err := dec.Decode(&object); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"packages", "packages-dev"} {
				list, _ := object[key].([]any)
				want = append(want, list...)
			}
		}
		count, seen := 0, map[string]bool{}
		for _, v := range want {
			p, _ := v.(map[string]any)
			name, _ := p["name"].(string)
			version, _ := p["version"].(string)
			if name, version = strings.TrimSpace(name), strings.TrimSpace(version); name != "" && version != "" && !seen[name+"\x00"+version] {
				seen[name+"\x00"+version] = true
				count++
			}
		}
		if lower := bytes.ToLower(b); bytes.Count(lower, []byte(`name"`)) != bytes.Count(b, []byte(`"name"`)) ||
			bytes.Count(lower, []byte(`version"`)) != bytes.Count(b, []byte(`"version"`)) {
			return // encoding/json takes "Name" for name
		}
		if len(got) != count {
			t.Errorf("got %d packages, want %d: %q", len(got), count, got)
		}
	})
}

func BenchmarkInstalled(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"packages":[`)
	for i := range 200 {
		if i > 0 {
			text.WriteString(",")
		}
		fmt.Fprintf(&text, `{"name":"vendor/package-%d","version":"v%d.1.0","version_normalized":"%d.1.0.0","source":{"type":"git","url":"https://git.example/p.git","reference":"0123456789abcdef0123456789abcdef01234567"},
			"require":{"php":">=8.1","psr/log":"^3"},"autoload":{"psr-4":{"Vendor\\Package\\":"src/"}},"license":["MIT"],"authors":[{"name":"A","email":"a@example.com"}],
			"description":"A library that does one thing and does it well","keywords":["a","b"],"install-path":"../vendor/package-%d"}`, i, i, i, i)
	}
	text.WriteString(`],"dev":true,"dev-package-names":[]}`)
	content := []byte(text.String())
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if list, err := packagesOf(content); err != nil || len(list) != 200 {
			b.Fatal(len(list), err)
		}
	}
}
