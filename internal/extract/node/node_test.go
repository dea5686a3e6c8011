package node_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/node"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// extractFile runs the extractor of that name if it claims the path.
func extractFile(t testing.TB, name, path, content string) (extract.Facts, error) {
	t.Helper()
	var facts extract.Facts
	for _, x := range node.Extractors() {
		if x.Name() != name {
			continue
		}
		for _, c := range x.Claims() {
			if strings.HasSuffix("/"+path, "/"+c.Base) && (c.Match == nil || c.Match(path)) {
				return facts, x.Extract(t.Context(), extract.NewFile(path, []byte(content), 0o644), &facts)
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

func TestPlacesOfPackageJSON(t *testing.T) {
	t.Parallel()
	const file = `{"name": "p", "version": "1.0.0"}`
	for path, want := range map[string]string{
		"package.json":                          "p@1.0.0",
		"app/package.json":                      "p@1.0.0",
		"opt/yarn-v1.22.19/package.json":        "p@1.0.0",
		"usr/lib/node_modules/npm/package.json": "p@1.0.0",
		"usr/lib/node_modules/npm/node_modules/@npmcli/arborist/package.json":   "p@1.0.0",
		"app/node_modules/a/node_modules/b/package.json":                        "p@1.0.0",
		"app/node_modules/.pnpm/a@1.0.0/node_modules/@s/a/package.json":         "p@1.0.0",
		"app/node_modules/.pnpm/a@1.0.0_b@2/node_modules/a/lib/package.json":    "",
		"app/node_modules/.pnpm/package.json":                                   "",
		"app/node_modules/a/lib/package.json":                                   "",
		"app/node_modules/a/test/fixtures/node_modules/b/package.json":          "",
		"app/node_modules/@s/package.json":                                      "",
		"app/node_modules/package.json":                                         "",
		"app/node_modules/a/node_modules/package.json":                          "",
		"app/node_modules/@s/a/node_modules/@s/b/node_modules/c/d/package.json": "",
		"app/node_modules/@s/a/node_modules/@s/b/node_modules/c/package.json":   "p@1.0.0",
		"app/not_node_modules/a/lib/package.json":                               "p@1.0.0",
	} {
		facts, err := extractFile(t, "npm", path, file)
		if got := names(facts.Packages); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
		}
	}
}

func TestPackageJSON(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":[`, 1_000_000)
	for _, c := range []struct {
		name, content string
		want          string // packages in node_modules/dir
		licenses      string
		fails         bool
	}{
		{name: "the members that count", content: `{"name":"@s/a","version":"1.2.3","license":"MIT"}`, want: "@s/a@1.2.3", licenses: "MIT"},
		{name: "in any order, between others", content: `{"scripts":{"name":"x","t":["}","\"{"]},"version":"1.0.0","n":-1.5e3,"b":[true,null],"name":"a"}`, want: "a@1.0.0"},
		{name: "the last of two", content: `{"name":"a","version":"1.0.0","name":"b","version":"2.0.0"}`, want: "b@2.0.0"},
		{name: "escapes", content: `{"n\u0061me":"\u0061","version":"1.0.0"}`, want: "a@1.0.0"},
		{name: "names in another case do not count", content: `{"Name":"x","VERSION":"9","name":"a","version":"1.0.0"}`, want: "a@1.0.0"},
		{name: "byte order mark", content: "\xef\xbb\xbf" + `{"name":"a","version":"1.0.0"}`, want: "a@1.0.0"},
		{name: "versions as written", content: `{"name":"a","version":"=v1.0.0"}`, want: "a@=v1.0.0"},
		{name: "no version", content: `{"name":"a"}`, want: "a@"},
		{name: "no name: that of the folder", content: `{"version":"1.0.0"}`, want: "dir@1.0.0"},
		{name: "members of other types", content: `{"name":{"a":1},"version":1,"license":7}`, want: "dir@"},
		{name: "licence as object", content: `{"name":"a","version":"1.0.0","license":{"type":"ISC","url":"x"}}`, want: "a@1.0.0", licenses: "ISC"},
		{name: "licences as list", content: `{"name":"a","version":"1.0.0","licenses":[{"type":"MIT","url":"x"},"BSD"]}`, want: "a@1.0.0", licenses: "MIT, BSD"},
		{name: "licence before licences", content: `{"name":"a","version":"1.0.0","licenses":["BSD"],"license":"MIT"}`, want: "a@1.0.0", licenses: "MIT"},
		{name: "a word that is no licence", content: `{"name":"a","version":"1.0.0","license":"SEE LICENSE IN x"}`, want: "a@1.0.0", licenses: "SEE LICENSE IN x"},
		{name: "bytes behind the object", content: `{"name":"a","version":"1.0.0"} x`, want: "a@1.0.0", fails: true},
		{name: "cut off", content: `{"name":"a","version":"1.0.0","x":{"y`, want: "a@1.0.0", fails: true},
		{name: "cut off before the version", content: `{"name":"a","versi`, fails: true},
		{name: "empty", content: ``, fails: true},
		{name: "a list", content: `[]`, fails: true},
		{name: "text", content: `hello`, fails: true},
		{name: "deep", content: `{"name":"a","version":"1.0.0","x":` + deep, want: "a@1.0.0", fails: true},
		{name: "deep and closed", content: `{"x":` + deep + `1` + strings.Repeat(`]}`, 1_000_000) + `,"name":"a","version":"1.0.0"}`, want: "a@1.0.0"},
		{name: "a name of 100 MB", content: `{"name":"` + strings.Repeat("a", 100_000_000) + `","version":"1.0.0"}`, want: "dir@1.0.0"},
		{name: "backslashes only", content: `{"name":"a","version":"1.0.0","x":"` + strings.Repeat(`\"`, 20_000_000) + `"}`, want: "a@1.0.0"},
		{name: "many members", content: `{` + strings.Repeat(`"a":1,`, 5_000_000) + `"name":"a","version":"1.0.0"}`, want: "a@1.0.0"},
	} {
		start := time.Now()
		facts, err := extractFile(t, "npm", "node_modules/dir/package.json", c.content)
		if got := names(facts.Packages); got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
		if len(facts.Packages) > 0 && strings.Join(facts.Packages[0].Licenses, ", ") != c.licenses {
			t.Errorf("%s: licences %q, want %q", c.name, facts.Packages[0].Licenses, c.licenses)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: took %v", c.name, took)
		}
	}
}

func TestPackageJSONOutsideNodeModulesNeedsNameAndVersion(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`{"name":"a","version":"1.0.0"}`: "a@1.0.0",
		`{"name":"a"}`:                   "",
		`{"version":"1.0.0"}`:            "",
		`{"type":"module"}`:              "",
	} {
		facts, err := extractFile(t, "npm", "srv/app/package.json", content)
		if got := names(facts.Packages); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", content, got, err, want)
		}
	}
}

func TestPURL(t *testing.T) {
	t.Parallel()
	facts, err := extractFile(t, "npm", "node_modules/@babel/core/package.json", `{"name":"@babel/core","version":"7.0.0"}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []inventory.Package{{Name: "@babel/core", Version: "7.0.0", Ecosystem: "npm", PURL: "pkg:npm/%40babel/core@7.0.0"}}
	if diff := cmp.Diff(want, facts.Packages); diff != "" {
		t.Error(diff)
	}
}

func TestLockFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, content, want string
		licenses            string // of the last package
		fails               bool
	}{
		{
			name: "version 1: nested, bundled, alias, git, folder",
			content: `{"name":"app","version":"1.0.0","lockfileVersion":1,"requires":true,"dependencies":{
				"b":{"version":"2.0.0","dev":true,"requires":{"a":"1"},"dependencies":{"a":{"version":"1.0.0","bundled":true}}},
				"a":{"version":"1.1.0"},
				"alias":{"version":"npm:@s/real@3.0.0"},
				"fromgit":{"version":"git+ssh://git@example.com/x/y.git#0123","from":"fromgit@x/y"},
				"tarball":{"version":"file:../x.tgz"},
				"folder":{"version":"file:../folder"}}}`,
			want: "a@1.1.0 @s/real@3.0.0 b@2.0.0 a@1.0.0 fromgit@ tarball@",
		},
		{
			name: "version 3: links, workspaces, alias, the same package twice",
			content: `{"name":"app","lockfileVersion":3,"packages":{
				"":{"name":"app","version":"1.0.0","license":"Apache-2.0"},
				"node_modules/a":{"version":"1.0.0"},
				"node_modules/b/node_modules/a":{"version":"1.0.0"},
				"node_modules/alias":{"name":"@s/real","version":"3.0.0","license":"MIT"},
				"node_modules/ws":{"resolved":"packages/ws","link":true},
				"packages/ws":{"version":"0.1.0"},
				"packages/wt":{"name":"@s/wt","version":"0.2.0"}}}`, // the project's own folders
			want:     "a@1.0.0 @s/real@3.0.0",
			licenses: "MIT",
		},
		{
			name:    "version 2: the packages, not the dependencies that repeat them",
			content: `{"name":"app","version":"1.0.0","lockfileVersion":2,"packages":{"node_modules/a":{"version":"1.0.0"}},"dependencies":{"z":{"version":"9.0.0"}}}`,
			want:    "a@1.0.0",
		},
		{
			name:    "a member of another type",
			content: `{"lockfileVersion":3,"packages":{"node_modules/a":{"version":1},"node_modules/b":{"version":"1.0.0"}}}`,
			want:    "a@ b@1.0.0", fails: true,
		},
		{name: "no JSON", content: `{"packages":{`, fails: true},
		{name: "deep", content: strings.Repeat(`{"dependencies":{"a":`, 100_000), fails: true},
	} {
		facts, err := extractFile(t, "npm-lock", "src/package-lock.json", c.content)
		if got := names(facts.Packages); got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
		if n := len(facts.Packages); n > 0 && strings.Join(facts.Packages[n-1].Licenses, ", ") != c.licenses {
			t.Errorf("%s: licences %q, want %q", c.name, facts.Packages[n-1].Licenses, c.licenses)
		}
	}
}

func TestLockFilesCountInDirectoriesOnly(t *testing.T) {
	t.Parallel()
	for _, x := range node.Extractors() {
		for _, c := range x.Claims() {
			if x.Name() == "npm-lock" && !slices.Equal(c.In, []artifact.Kind{artifact.Directory}) {
				t.Errorf("%s is claimed in %v", c.Base, c.In)
			}
		}
	}
	facts, err := extractFile(t, "npm-lock", "node_modules/a/npm-shrinkwrap.json", `{"dependencies":{"a":{"version":"1.0.0"}}}`)
	if len(facts.Packages) > 0 || err != nil {
		t.Errorf("shrinkwrap of an installed package: %v, %v", facts.Packages, err)
	}
}
