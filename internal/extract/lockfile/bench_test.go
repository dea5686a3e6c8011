package lockfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/extract"
)

func BenchmarkPubspec(b *testing.B) {
	var text strings.Builder
	text.WriteString("packages:\n")
	for i := range 200 {
		fmt.Fprintf(&text, "  p%d:\n    dependency: transitive\n    description:\n      name: p%d\n      sha256: \"947bfcf187f74dbc5e146c9eb9c0f10c\"\n"+
			"      url: \"https://registry.example\"\n    source: hosted\n    version: \"%d.0.0\"\n", i, i, i)
	}
	content := []byte(text.String())
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		var facts extract.Facts
		if err := readPubspec(content, &pins{facts: &facts}); err != nil || len(facts.Packages) != 200 {
			b.Fatal(len(facts.Packages), err)
		}
	}
}

func BenchmarkMixLock(b *testing.B) {
	var text strings.Builder
	text.WriteString("%{\n")
	for i := range 200 {
		fmt.Fprintf(&text, `  "p%d": {:hex, :p%d, "%d.0.0", "865dd8b6607e14cf03282e10e934023a", [:mix], [{:x, "~> 1.0", [hex: :x, repo: "hexpm"]}], "hexpm", "2c729f93"},`+"\n", i, i, i)
	}
	text.WriteString("}\n")
	content := []byte(text.String())
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		var facts extract.Facts
		if err := readMix(content, &pins{facts: &facts}); err != nil || len(facts.Packages) != 200 {
			b.Fatal(len(facts.Packages), err)
		}
	}
}
