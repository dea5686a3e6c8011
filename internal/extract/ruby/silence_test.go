package ruby_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// A file gives a gem, or is reported, or says in the way of its tool that there is none.
func TestNoFileIsPassedOverInSilence(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct{ empty, wrong []string }{ // what says that there is nothing, and what is something else
		"Gemfile.lock": {
			[]string{"GEM\n  remote: https://registry.example/\n  specs:\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n", "DEPENDENCIES\n"},
			[]string{"GEM\n  specs:\n", "PLATFORMS\n  ruby\n", "GEM\n  specs:\n\nDEPENDENCIES\n  rails\n", "GEM\n  specs:\n    a ()\nDEPENDENCIES\n  a\n", "BUNDLED WITH\n  x\n"},
		},
		"a.gemspec": {
			[]string{"Gem::Specification.new do |s|\n  s.name = NAME\nend\n", "Gem::Specification.load(path)\n"}, // computed
			nil,
		},
		"specifications/a-1.gemspec": {nil, []string{"Gem::Specification.new do |s|\n  s.name = \"a\"\nend\n"}},
	} {
		for i, content := range slices.Concat(c.empty, c.wrong, []string{"", "null", "[]", "{}", "text", "some text\n", "\x00\x01\x02\xff\xfe", "\n\n", "<xml/>"}) {
			facts, err := extractFile(t, artifact.Directory, file, content)
			if silent := len(facts.Packages) == 0 && len(facts.Incomplete) == 0 && err == nil; silent != (i < len(c.empty)) {
				t.Errorf("%s %.100q: %v, %v, %v", file, content, facts.Packages, facts.Incomplete, err)
			}
			for _, inc := range facts.Incomplete {
				if strings.HasPrefix(inc.Detail, "1 gems") {
					t.Error(inc.Detail)
				}
			}
		}
	}
}
