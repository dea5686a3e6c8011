package ruby

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sightline-sec/sightline/internal/extract"
)

// specLine is how Bundler itself reads a gem's line, after the four blanks.
var specLine = regexp.MustCompile(`^([^ ].*?)(?: \(([^-\n]*)(?:-(.*))?\))(!)?$`)

// slowLock is the reading of a lock file with Bundler's own pattern.
func slowLock(text string) []string {
	var list []string
	section := ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, "\r")
		switch {
		case line == "":
		case line[0] != ' ':
			section = line
		case slices.Contains([]string{"GEM", "GIT", "PATH", "PLUGIN SOURCE"}, section):
			if m := specLine.FindStringSubmatch(strings.TrimPrefix(line, "    ")); m != nil && strings.HasPrefix(line, "    ") && m[2] != "" {
				list = append(list, m[1]+" "+m[2])
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func FuzzLock(f *testing.F) {
	f.Add("GEM\n  remote: x\n  specs:\n    a (1.0)\n      b (~> 2)\n    b (2.0-x86_64-linux)!\n\nDEPENDENCIES\n  a\n")
	f.Add("PATH\r\n  specs:\r\n    a-b (1)\r\nBUNDLED WITH\r\n  2.1\r\n")
	f.Add("GIT\n    ()\n    a ((1)\n    a (1) (2)\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "BUNDLED WITH") || !utf8.ValidString(text) || strings.ContainsAny(text, "\r\ufeff") {
			return // read apart
		}
		for line := range strings.Lines(text) {
			if len(line) > 1000 || strings.HasSuffix(strings.TrimRight(line, "\n"), " ") {
				return // cut, or trimmed
			}
		}
		var facts extract.Facts
		_ = lock{}.Extract(t.Context(), extract.NewFile("Gemfile.lock", []byte(text), 0o644), &facts)
		var got []string
		for _, p := range facts.Packages {
			got = append(got, p.Name+" "+p.Version)
		}
		slices.Sort(got)
		if want := slowLock(text); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// dump writes a string as Ruby's String#dump does, for what these tests need.
func dump(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '#' && i+1 < len(s) && strings.ContainsRune("{$@", rune(s[i+1])):
			b.WriteString(`\#`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r >= 0x10000:
			fmt.Fprintf(&b, `\u{%X}`, r)
		case r >= 0x80:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// What is written as RubyGems writes it is read again.
func FuzzGemspec(f *testing.F) {
	f.Add("rails", "6.1.7", "MIT")
	f.Add("a\\b\"c", "#{x}", "\x01\U0001f600")
	f.Fuzz(func(t *testing.T, name, version, license string) {
		_ = scanSpec([]byte(name + version + license)) // any bytes
		if !utf8.ValidString(name) || !utf8.ValidString(version) || !utf8.ValidString(license) || len(name)+len(version)+len(license) > 100 {
			return
		}
		want := spec{name: strings.TrimSpace(name), version: strings.TrimSpace(version), platform: "java"}
		if l := strings.TrimSpace(license); l != "" {
			want.licenses = []string{l}
		}
		got := scanSpec([]byte("# -*- encoding: utf-8 -*-\n\nGem::Specification.new do |s|\n  s.name = " + dump(name) +
			".freeze\n  s.version = " + dump(version) + "\n  s.platform = \"java\".freeze\n  s.licenses = [" + dump(license) + ".freeze]\nend\n"))
		if got.name != want.name || got.version != want.version || got.platform != want.platform || !slices.Equal(got.licenses, want.licenses) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Source of any shape gives no more than what stands in it, and licences are bounded.
func FuzzSource(f *testing.F) {
	f.Add("Gem::Specification.new do |s|\ns.name='a'\ns.version = %q<1>\ns.licenses = %w[a b]\nend")
	f.Add("x\n# stub: a 1 ruby lib\nGem::Specification.new { |s|\ns.licenses = [\n'a', # c\n\"b\"]\n}")
	f.Fuzz(func(t *testing.T, text string) {
		s := scanSpec([]byte(text))
		size := len(s.name) + len(s.version) + len(s.platform)
		for _, l := range s.licenses {
			size += len(l)
		}
		if size > 2*len(text) || len(s.licenses) > maxList {
			t.Errorf("%d bytes of %d, %d licences", size, len(text), len(s.licenses))
		}
	})
}
