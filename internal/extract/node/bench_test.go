package node

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/extract"
)

func lockPackages(t testing.TB, b []byte) (string, error) {
	var facts extract.Facts
	err := lock{}.Extract(t.Context(), extract.NewFile("package-lock.json", b, 0o644), &facts)
	var text strings.Builder
	for _, p := range facts.Packages {
		fmt.Fprintf(&text, "%q %q %q %s\n", p.Name, p.Version, p.Licenses, p.PURL)
	}
	return text.String(), err
}

// manifestLike is a package.json of the usual shape.
func manifestLike(members int) []byte {
	var b strings.Builder
	b.WriteString("{\n  \"name\": \"@scope/name\",\n  \"version\": \"1.2.3\",\n  \"license\": \"MIT\",\n")
	b.WriteString("  \"description\": \"A library that does one thing and does it well, as they say\",\n  \"dependencies\": {\n")
	for i := range members {
		fmt.Fprintf(&b, "    \"dependency-%d\": \"^%d.0.0\",\n", i, i)
	}
	b.WriteString("    \"last\": \"1\"\n  },\n  \"files\": [\"dist\", \"src\", \"README.md\"]\n}\n")
	return []byte(b.String())
}

func BenchmarkPackageJSON(b *testing.B) {
	for _, members := range []int{5, 40, 400} {
		content := manifestLike(members)
		b.Run(fmt.Sprintf("scan/%d", len(content)), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				if _, err := scanManifest(content); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("encoding-json/%d", len(content)), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				var m struct {
					Name, Version string
					License       json.RawMessage
					Licenses      json.RawMessage
				}
				if err := json.Unmarshal(content, &m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLock(b *testing.B) {
	var text strings.Builder
	text.WriteString(`{"lockfileVersion":3,"packages":{"":{"name":"x","version":"1"}`)
	for i := range 1000 {
		fmt.Fprintf(&text, `,"node_modules/p%d":{"version":"%d.0.0","resolved":"https://example.com/p","integrity":"sha512-abc","license":"MIT"}`, i, i)
	}
	text.WriteString("}}")
	content := []byte(text.String())
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, err := lockPackages(b, content); err != nil {
			b.Fatal(err)
		}
	}
}
