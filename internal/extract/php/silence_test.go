package php_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// A list gives a package, or is reported, or says in the way of Composer that there is none.
func TestNoListIsPassedOverInSilence(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct{ empty, wrong []string }{ // what says that there is nothing, and what is something else
		"composer.lock": {
			[]string{`{"content-hash":"0","packages":[],"packages-dev":[]}`, `{"packages":[],"packages-dev":null}`},
			[]string{`{"packages-dev":[]}`, `{"packages":null,"packages-dev":null}`, `{"packages":{}}`, `{"packages":{"a/b":{"version":"1"}}}`, `{"packages":[null]}`, `{"packages":[{}]}`, `[{"name":"a/b","version":"1"}]`, "[]"},
		},
		"vendor/composer/installed.json": {
			[]string{`{"packages":[],"dev":true,"dev-package-names":[]}`, "[]"}, // Composer 2 and 1
			[]string{`{"dev":true}`, `{"packages":{}}`, `[[]]`, `["a/b"]`, `[{"name":"a/b"}]`},
		},
	} {
		for i, content := range slices.Concat(c.empty, c.wrong, []string{"", "null", "{}", "text", "some text\n", "0", `"x"`, "\x00\x01\x02\xff\xfe", "\n\n", "<xml/>"}) {
			facts, err := extractFile(t, artifact.Directory, file, content)
			if silent := len(facts.Packages) == 0 && len(facts.Incomplete) == 0 && err == nil; silent != (i < len(c.empty)) {
				t.Errorf("%s %.100q: %v, %v, %v", file, content, facts.Packages, facts.Incomplete, err)
			}
			for _, inc := range facts.Incomplete {
				if strings.HasPrefix(inc.Detail, "1 packages") {
					t.Error(inc.Detail)
				}
			}
		}
	}
}
