package ruby

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/extract"
)

func BenchmarkGemfileLock(b *testing.B) {
	var text strings.Builder
	text.WriteString("GEM\n  remote: https://registry.example/\n  specs:\n")
	for i := range 500 {
		fmt.Fprintf(&text, "    some-gem-%d (%d.2.3)\n      activesupport (>= 6.1)\n      rack (~> 2.2, >= 2.2.4)\n", i, i)
	}
	text.WriteString("\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  some-gem-1\n\nBUNDLED WITH\n   2.3.15\n")
	content := []byte(text.String())
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		var facts extract.Facts
		if err := (lock{}).Extract(b.Context(), extract.NewFile("Gemfile.lock", content, 0o644), &facts); err != nil || len(facts.Packages) != 501 {
			b.Fatal(len(facts.Packages), err)
		}
	}
}

func BenchmarkGemspec(b *testing.B) {
	var text strings.Builder
	text.WriteString("# -*- encoding: utf-8 -*-\n# stub: rails 6.1.7.10 ruby lib\n\nGem::Specification.new do |s|\n  s.name = \"rails\".freeze\n  s.version = \"6.1.7.10\"\n")
	text.WriteString("  s.licenses = [\"MIT\".freeze]\n")
	for i := range 40 {
		fmt.Fprintf(&text, "    s.add_runtime_dependency(%%q<gem-%d>.freeze, [\"= 6.1.7.10\"])\n", i)
	}
	text.WriteString("end\n")
	content := []byte(text.String())
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if s := scanSpec(content); s.name != "rails" || len(s.licenses) != 1 {
			b.Fatal(s)
		}
	}
}
