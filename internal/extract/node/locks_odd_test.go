package node_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract/node"
)

// What the lock files of testdata do not hold: sources that need a network of one's own, damage, forms of hand.
func TestOddLockFiles(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1100)
	for _, c := range []struct {
		name, extractor, file, content string
		want                           string
		reported                       string // part of what is reported
		fails                          bool
	}{
		{
			name: "yarn 1: alias, git, archive, folder, several ranges", extractor: "yarn-lock", file: "yarn.lock",
			content: "# yarn lockfile v1\n\n\n\"@s/a@^1.0.0\", \"@s/a@~1.0.1\":\n  version \"1.0.2\"\n  resolved \"https://registry.example/x.tgz#1\"\n  dependencies:\n    version \"9\"\n    b \"1\"\n" +
				"alias@npm:real@^3.0.0:\n  version \"3.1.0\"\n\"scoped-alias@npm:@s/real@3\":\n  version \"3.2.0\"\n" +
				"\"fromgit@git+ssh://git@example.com/x/y.git#v1\":\n  version \"4.0.0\"\n  resolved \"git+ssh://git@example.com/x/y.git#0123\"\n" +
				"\"folder@file:../folder\":\n  version \"0.0.1\"\n\"linked@link:../x\":\n  version \"0.0.0\"\n\"archive@file:x.tgz\":\n  version \"5.0.0\"\nplain@>=1:\n  version \"6.0.0\"\n",
			want: "@s/a@1.0.2 real@3.1.0 @s/real@3.2.0 fromgit@4.0.0 archive@5.0.0 plain@6.0.0",
		},
		{
			name: "yarn 1: CR LF", extractor: "yarn-lock", file: "yarn.lock", content: "a@1:\r\n  version \"1.0.0\"\r\n\r\nb@1:\r\n  version \"2.0.0\"\r\n",
			want: "a@1.0.0 b@2.0.0",
		},
		{
			name: "yarn 1: a merge that was not ended", extractor: "yarn-lock", file: "yarn.lock",
			content: "a@1:\n  version \"1.0.0\"\n<<<<<<<\nb@1:\n  version \"2.0.0\"\n=======\nb@1:\n  version \"2.1.0\"\n>>>>>>>\n",
			want:    "a@1.0.0 b@2.0.0 b@2.1.0", fails: true,
		},
		{name: "yarn: nothing pinned", extractor: "yarn-lock", file: "yarn.lock", content: "# yarn lockfile v1\n\n\n"},
		{
			name: "yarn berry: keys that are long, patches, git, portal, a resolution to another name", extractor: "yarn-lock", file: "yarn.lock",
			content: "__metadata:\n  version: 8\n\n? \"a@npm:" + long + ", a@npm:1\"\n:\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n  linkType: hard\n\n" +
				"\"b@npm:2.0.0, b@patch:b@npm%3A2.0.0#~/.yarn/patches/b.patch\":\n  version: 2.0.0\n  resolution: \"b@patch:b@npm%3A2.0.0#~/.yarn/patches/b.patch::version=2.0.0&hash=1\"\n  linkType: hard\n" +
				"\"c@https://example.com/c.git#commit=1\":\n  version: 3.0.0\n  resolution: \"c@https://example.com/c.git#commit=1\"\n  linkType: hard\n" +
				"\"d@portal:../d::locator=x%40workspace%3A.\":\n  version: 0.0.0-use.local\n  resolution: \"d@portal:../d::locator=x%40workspace%3A.\"\n  linkType: soft\n" +
				"\"alias@npm:@s/e@^1\":\n  version: 1.5.0\n  resolution: \"@s/e@npm:1.5.0\"\n  dependencies:\n    version: \"npm:^7\"\n  linkType: hard\n",
			want: "a@1.0.0 b@2.0.0 c@3.0.0 @s/e@1.5.0",
		},
		{
			name: "pnpm 5: another registry, git, peers, no version of the lock before", extractor: "pnpm-lock", file: "pnpm-lock.yaml",
			content: "lockfileVersion: 5.3\n\npackages:\n\n  /a/1.0.0_@babel+core@7.0.0:\n    resolution: {integrity: x}\n  /@s/b/2.0.0_react@17.0.2+x@1:\n    resolution: {integrity: x}\n" +
				"  npm.example.com/c/3.0.0:\n    resolution: {integrity: x}\n  npm.example.com/@s/d/4.0.0_a@1.0.0:\n    resolution: {integrity: x}\n" +
				"  github.com/x/y/0123456:\n    resolution: {tarball: 'https://codeload.github.com/x/y/tar.gz/0123456'}\n    name: y\n    version: 5.0.0\n    dev: false\n" +
				"  file:../out:\n    resolution: {directory: ../out, type: directory}\n    name: out\n    version: 1.0.0\n",
			want: "a@1.0.0 @s/b@2.0.0 c@3.0.0 @s/d@4.0.0 y@5.0.0",
		},
		{
			name: "pnpm 6: peers of peers, another registry, bundles", extractor: "pnpm-lock", file: "pnpm-lock.yaml",
			content: "lockfileVersion: '6.1'\npackages:\n  /a@1.0.0(b@2.0.0(c@3.0.0))(@s/d@4.0.0):\n    resolution: {integrity: x}\n  /a@1.0.0(b@2.1.0):\n    deprecated: |-\n      name: wrong\n      version: 9\n    resolution: {integrity: x}\n" +
				"  npm.example.com/@s/d@4.0.0:\n    resolution: {integrity: x}\n  /npm@10.0.0:\n    resolution: {integrity: x}\n    bundledDependencies:\n      - name: wrong\n    - version\n    dev: true\n",
			want: "a@1.0.0 @s/d@4.0.0 npm@10.0.0", reported: "npm@10.0.0: bring packages",
		},
		{
			name: "pnpm 9: two documents, patches, git, archives, an interpreter", extractor: "pnpm-lock", file: "pnpm-lock.yaml",
			content: "---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies: {}\npackages:\n  conf@1.0.0:\n    resolution: {integrity: x}\n\n---\nlockfileVersion: '9.0'\n\npackages:\n\n  '@s/a@1.0.0(patch_hash=x)':\n    resolution: {integrity: x}\n" +
				"  y@https://codeload.github.com/x/y/tar.gz/0123:\n    resolution: {tarball: https://codeload.github.com/x/y/tar.gz/0123}\n    version: 5.0.0\n" +
				"  z@git+https://example.com/z.git#0123:\n    resolution: {commit: 0123, repo: https://example.com/z.git, type: git}\n" +
				"  node@runtime:22.0.0:\n    resolution:\n      type: variations\n      variants:\n        - resolution:\n            archive: tarball\n    version: 22.0.0\n    hasBin: true\n" +
				"  out@file:out:\n    resolution:\n      directory: out\n      type: directory\n\nsnapshots:\n\n  wrong@9.9.9:\n    dependencies:\n      a: 1.0.0\n",
			want: "conf@1.0.0 @s/a@1.0.0 y@5.0.0 z@", reported: "node@runtime:22.0.0",
		},
		{name: "pnpm: no package", extractor: "pnpm-lock", file: "pnpm-lock.yaml", content: "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n"},
		{name: "pnpm: something else", extractor: "pnpm-lock", file: "pnpm-lock.yaml", content: "name: x\n", fails: true},
		{
			name: "pnpm: JSON, which is YAML", extractor: "pnpm-lock", file: "pnpm-lock.yaml",
			content: `{"lockfileVersion": "9.0", "packages": {"a@1.0.0": {}, "b@2.0.0(a@1.0.0)": {"x": [{"y": "}"}, ["name"]], "version": "2.0.0"},` + "\n" +
				`"out@file:out": {"resolution": {"directory": "out", "type": "directory"}}}, "snapshots": {"wrong@1": {}}}`,
			want: "a@1.0.0 b@2.0.0",
		},
		{
			name: "pnpm: flow style of every depth", extractor: "pnpm-lock", file: "pnpm-lock.yaml",
			content: "lockfileVersion: '9.0'\npackages: {a@1.0.0: {resolution: {integrity: x}}, # a comment }\n  '@s/b@2.0.0': {}, c@https://example.com/c.tgz: {version: 3.0.0},\n}\nsnapshots: {}\n" +
				"---\npackages: # a comment\n  /d@4.0.0: {resolution: {integrity: x}}\n  e@file:e: {resolution: {directory: e}, name: e, version: 1.0.0}\n",
			want: "a@1.0.0 @s/b@2.0.0 c@3.0.0 d@4.0.0",
		},
		{
			name: "pnpm: flow style that does not end", extractor: "pnpm-lock", file: "pnpm-lock.yaml",
			content: "lockfileVersion: '9.0'\npackages: {a@1.0.0: {}, b@2.0.0: [\n", want: "a@1.0.0 b@2.0.0", fails: true,
		},
		{
			name: "pnpm: aliases", extractor: "pnpm-lock", file: "pnpm-lock.yaml",
			content: "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      lodash-old:\n        specifier: npm:lodash@4.17.20\n        version: lodash@4.17.20\npackages:\n  lodash@4.17.20:\n    resolution: {integrity: x}\n" +
				"  name@npm:other@1.2.3:\n    resolution: {integrity: x}\n  name@npm:@s/other@1.2.4(react@18.0.0):\n    resolution: {integrity: x}\n",
			want: "lodash@4.17.20 other@1.2.3 @s/other@1.2.4",
		},
		{
			name: "pnpm 6: aliases", extractor: "pnpm-lock", file: "pnpm-lock.yaml",
			content: "lockfileVersion: '6.0'\ndependencies:\n  lodash-old:\n    specifier: npm:lodash@4.17.20\n    version: /lodash@4.17.20\npackages:\n  /lodash@4.17.20:\n    resolution: {integrity: x}\n",
			want:    "lodash@4.17.20",
		},
		{
			name: "pnpm: tabs", extractor: "pnpm-lock", file: "pnpm-lock.yaml",
			content: "lockfileVersion: '9.0'\npackages:\n\ta@1.0.0:\n\t\tresolution: {}\n", fails: true,
		},
		{
			name: "bun: comments, git, archives, a workspace", extractor: "bun-lock", file: "bun.lock",
			content: `{ // "packages": {
				"lockfileVersion": 1, /* "x": [ */ "packages": {
				"a": ["a@1.0.0", "", {}, "sha512-//x,"],
				"a/b": ["@s/b@2.0.0", "https://npm.example.com/b.tgz", {"dependencies": {"c": "1",},}, "sha512-x",],
				"g": ["g@git+ssh://git@example.com/x/g.git#0123", {}, "0123"],
				"h": ["h@github:x/h#0123", {}, "x-h-0123"],
				"t": ["t@https://user:secret@example.com/-/t-1.2.3.tgz?token=secret", {}],
				"u": ["u@https://user:secret@example.com/download.tgz?token=secret", {}],
				"w": ["w@workspace:packages/w"], "l": ["l@link:../l", {}], "r": ["r@root:", {}], "o": ["odd"], },
			}`,
			want: "a@1.0.0 @s/b@2.0.0 g@ h@ t@ u@", reported: "o: in the lock file",
		},
		{name: "bun: binary", extractor: "bun-lock", file: "bun.lockb", content: "#!/usr/bin/env bun\nbun-lockfile-format-v0\n\x02\x00", reported: "binary lock file"},
		{name: "bun: no JSON", extractor: "bun-lock", file: "bun.lock", content: `{"packages": {`, fails: true},
		{
			name: "deno 2", extractor: "deno-lock", file: "deno.lock",
			content: `{"version":"2","remote":{"https://deno.land/std@0.1.0/x.ts":"00"},"npm":{"specifiers":{"chalk@5":"chalk@5.3.0"},"packages":{"chalk@5.3.0":{"integrity":"x","dependencies":{}},"@s/a@1.0.0_b@2.0.0":{}}}}`,
			want:    "@s/a@1.0.0 chalk@5.3.0", reported: "1 module imported by its address",
		},
		{
			name: "deno 3", extractor: "deno-lock", file: "deno.lock",
			content: `{"version":"3","packages":{"specifiers":{"jsr:@std/path@1":"jsr:@std/path@1.0.0","npm:chalk@5":"npm:chalk@5.3.0"},"jsr":{"@std/path@1.0.0":{"integrity":"x"}},"npm":{"chalk@5.3.0":{"integrity":"x","dependencies":{}}}},"remote":{}}`,
			want:    "chalk@5.3.0 @jsr/std__path@1.0.0",
		},
		{
			name: "deno 4 and 5", extractor: "deno-lock", file: "deno.lock",
			content: `{"version":"5","specifiers":{"jsr:@std/path@1":"1.0.0","npm:chalk@5":"5.3.0"},"jsr":{"@std/path@1.0.0":{"integrity":"x"}},"npm":{"chalk@5.3.0":{"integrity":"x"},"packages@1.0.0":{},"odd":{}},"workspace":{"dependencies":["npm:chalk@5"]}}`,
			want:    "chalk@5.3.0 packages@1.0.0 @jsr/std__path@1.0.0", reported: "odd: in the lock file",
		},
		{name: "deno: no JSON", extractor: "deno-lock", file: "deno.lock", content: `{`, fails: true},
	} {
		facts, err := extractFile(t, c.extractor, "src/"+c.file, c.content)
		if got := names(facts.Packages); got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
		reported := ""
		for _, inc := range facts.Incomplete {
			reported += inc.Detail + "\n"
		}
		if (c.reported == "") != (reported == "") || !strings.Contains(reported, c.reported) {
			t.Errorf("%s: reported %q, want %q", c.name, reported, c.reported)
		}
		for _, p := range facts.Packages {
			if strings.Contains(p.PURL, "secret") || strings.Contains(reported, "secret") {
				t.Errorf("%s: tells a secret: %s, %s", c.name, p.PURL, reported)
			}
		}
	}
}

func TestOriginsInPURLs(t *testing.T) {
	t.Parallel()
	facts, err := extractFile(t, "npm-lock", "package-lock.json", `{"lockfileVersion":1,"dependencies":{
		"a":{"version":"git+ssh://git@example.com/x/a.git#0123"},
		"b":{"version":"git+https://token@example.com/x/b.git#0123"},
		"c":{"version":"https://example.com/download.tgz"},
		"d":{"version":"https://registry.example/d/-/d-1.2.3-rc.1.tgz"},
		"@s/e":{"version":"https://registry.example/@s/e/-/e-2.0.0.tgz"},
		"@s/f":{"version":"file:../s-f-3.0.0.tgz"},
		"g":{"version":"file:../x.tgz"},
		"h":{"version":"github:x/h#0123"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range facts.Packages {
		got = append(got, p.PURL)
	}
	want := []string{
		"pkg:npm/%40s/e@2.0.0", "pkg:npm/%40s/f@3.0.0",
		"pkg:npm/a?vcs_url=git%2Bssh:%2F%2Fgit%40example.com%2Fx%2Fa.git%230123",
		"pkg:npm/b?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fx%2Fb.git%230123",
		"pkg:npm/c?download_url=https:%2F%2Fexample.com%2Fdownload.tgz",
		"pkg:npm/d@1.2.3-rc.1", "pkg:npm/g", "pkg:npm/h?vcs_url=github:x%2Fh%230123",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestAllLockFilesCountInDirectoriesOnly(t *testing.T) {
	t.Parallel()
	for _, x := range node.Extractors() {
		if !strings.HasSuffix(x.Name(), "-lock") {
			continue
		}
		for _, c := range x.Claims() {
			if !slices.Equal(c.In, []artifact.Kind{artifact.Directory}) || c.Match("a/node_modules/b/"+c.Base) || !c.Match("a/"+c.Base) {
				t.Errorf("%s: %s is claimed in %v", x.Name(), c.Base, c.In)
			}
		}
	}
}

func TestHostileLockFiles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads many megabytes on one goroutine, where nothing races")
	}
	const size = 8 << 20
	deep := func() string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return "packages:\n" + b.String()
	}()
	for name, content := range map[string]string{
		"deep":          deep,
		"one line":      strings.Repeat("a", size),
		"one key":       "packages:\n  " + strings.Repeat("a", size) + "@1:\n    version: 1\n",
		"quotes":        "packages:\n  " + strings.Repeat("'", size) + ":\n",
		"escapes":       "\"" + strings.Repeat(`\"`, size/2) + "\":\n",
		"colons":        strings.Repeat(":\n", size/2),
		"spaces":        strings.Repeat(" ", size),
		"long keys":     strings.Repeat("? a\n", size/4),
		"comments":      "{" + strings.Repeat("/*", size/2),
		"commas":        "{" + strings.Repeat(",", size),
		"brackets":      strings.Repeat("[", size),
		"flows":         strings.Repeat("a: {\n", size/5),
		"deep flows":    "packages: {" + strings.Repeat("a: {", size/4),
		"broad flows":   "packages: {" + strings.Repeat("a: {}, ", size/7) + "}",
		"broken flows":  strings.Repeat("a: {b: "+strings.Repeat("c,", 100)+"d e: f: g}\n", size/230),
		"many packages": "lockfileVersion: '9.0'\npackages:\n" + strings.Repeat("  a@1.0.0:\n", size/11),
		"odd packages":  "lockfileVersion: '9.0'\npackages:\n" + strings.Repeat("  a b:\n", size/7),
	} {
		for extractor, file := range map[string]string{"yarn-lock": "yarn.lock", "pnpm-lock": "pnpm-lock.yaml", "bun-lock": "bun.lock", "deno-lock": "deno.lock"} {
			start := time.Now()
			facts, _ := extractFile(t, extractor, file, content)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("%s, %s: took %v", extractor, name, took)
			}
			if len(facts.Packages) > 1 {
				t.Errorf("%s, %s: %d packages", extractor, name, len(facts.Packages))
			}
			for _, inc := range facts.Incomplete {
				if len(inc.Detail) > 2000 {
					t.Errorf("%s, %s: a report of %d bytes", extractor, name, len(inc.Detail))
				}
			}
		}
	}
}
