package php_test

import (
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/php"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// extractFile runs every extractor that claims the path in an artifact of that kind.
func extractFile(t testing.TB, kind artifact.Kind, name, content string) (extract.Facts, error) {
	t.Helper()
	var facts extract.Facts
	for _, x := range php.Extractors() {
		for _, c := range x.Claims() {
			if len(c.In) > 0 && !slices.Contains(c.In, kind) || c.Base != path.Base(name) || c.Match != nil && !c.Match(name) {
				continue
			}
			if err := x.Extract(t.Context(), extract.NewFile(name, []byte(content), 0o644), &facts); err != nil {
				return facts, err
			}
		}
	}
	return facts, nil
}

func names(packages []inventory.Package) string {
	var list []string
	for _, p := range packages {
		list = append(list, p.Name+"@"+p.Version)
	}
	return strings.Join(list, " ")
}

func TestInstalled(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":[`, 1_000_000)
	for _, c := range []struct {
		name, content, want string
		reports             int
		fails               bool
	}{
		{name: "Composer 1", content: `[{"name":"a/b","version":"v1.0.0","version_normalized":"1.0.0.0"},{"name":"c/d","version":"dev-main"}]`, want: "a/b@v1.0.0 c/d@dev-main"},
		{name: "Composer 2", content: `{"packages":[{"name":"a/b","version":"1.0.0","replace":{"x/y":"self.version"}}],"dev":true,"dev-package-names":["a/b"]}`, want: "a/b@1.0.0"},
		{name: "nothing installed", content: `{"packages":[],"dev":true,"dev-package-names":[]}`, want: ""},
		{name: "nothing installed by Composer 1", content: `[]`, want: ""},
		{name: "a byte order mark", content: "\xef\xbb\xbf" + `[{"name":"a/b","version":"1"}]`, want: "a/b@1"},
		{name: "twice", content: `[{"name":"a/b","version":"1"},{"name":"a/b","version":"1"}]`, want: "a/b@1"},
		{name: "packages that are none", content: `[{"name":"a/b"},7,{"name":1,"version":"2"},null,{"name":"c/d","version":"1"}]`, want: "c/d@1", reports: 1},
		{name: "a version of another type", content: `[{"name":"a/b","version":{}},{"name":"c/d","version":"1","license":7}]`, want: "c/d@1", reports: 1},
		{name: "cut off", content: `{"packages":[{"name":"a/b","version":"1"},{"name":"c/`, want: "a/b@1", fails: true},
		{name: "bytes behind", content: `[{"name":"a/b","version":"1"}] x`, want: "a/b@1", fails: true},
		{name: "another object", content: `{"name":"a/b","version":"1"}`, fails: true},
		{name: "packages of another type", content: `{"packages":{"a/b":"1"}}`, fails: true},
		{name: "text", content: `hello`, fails: true},
		{name: "a word", content: `"hello"`, fails: true},
		{name: "empty", content: ``, fails: true},
		{name: "deep", content: `{"packages":[{"name":"a/b","version":"1"}],"x":` + deep, want: "a/b@1", fails: true},
		{name: "deep in a package", content: `[{"name":"a/b","version":"1","x":` + deep, fails: true},
		{name: "many empty packages", content: `[` + strings.Repeat(`{},`, 1_000_000) + `{"name":"a/b","version":"1"}]`, want: "a/b@1", reports: 1},
	} {
		start := time.Now()
		facts, err := extractFile(t, artifact.Image, "app/vendor/composer/installed.json", c.content)
		if got := names(facts.Packages); got != c.want || (err != nil) != c.fails || len(facts.Incomplete) != c.reports {
			t.Errorf("%s: got %q, %v, %v, want %q", c.name, got, err, facts.Incomplete, c.want)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: took %v", c.name, took)
		}
	}
}

func TestPackage(t *testing.T) {
	t.Parallel()
	facts, err := extractFile(t, artifact.Image, "vendor/composer/installed.json",
		`[{"name":"Monolog/Monolog","version":"3.5.0","license":["MIT","proprietary"]},{"name":"a/b","version":"v1","license":"GPL-2.0+"}]`)
	if err != nil {
		t.Fatal(err)
	}
	want := []inventory.Package{
		{Name: "Monolog/Monolog", Version: "3.5.0", Ecosystem: "Packagist", PURL: "pkg:composer/monolog/monolog@3.5.0", Licenses: []string{"MIT", "proprietary"}},
		{Name: "a/b", Version: "v1", Ecosystem: "Packagist", PURL: "pkg:composer/a/b@v1", Licenses: []string{"GPL-2.0+"}},
	}
	if diff := cmp.Diff(want, facts.Packages); diff != "" {
		t.Error(diff)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	const content = `{"packages":[{"name":"a/b","version":"1"}],"packages-dev":[{"name":"c/d","version":"2"}]}`
	for name, want := range map[string]string{ // the kinds of artifact in which the file says something
		"vendor/composer/installed.json":         "image directory",
		"srv/www/lib/composer/installed.json":    "image directory",
		"srv/installed.json":                     "",
		"composer.lock":                          "directory",
		"app/composer.lock":                      "directory",
		"vendor/a/b/composer.lock":               "",
		"app/vendor/a/b/composer.lock":           "",
		"vendor/composer/tmp/installed.json":     "",
		"opt/x/vendor/composer/installed.json":   "image directory",
		"vendor/composer/composer/composer.json": "",
	} {
		var got []string
		for _, kind := range []artifact.Kind{artifact.Image, artifact.Directory} {
			facts, err := extractFile(t, kind, name, content)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if names(facts.Packages) == "a/b@1 c/d@2" {
				got = append(got, string(kind))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s counts in %q, want %q", name, got, want)
		}
	}
}
