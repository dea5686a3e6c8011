package node_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/node"
)

func archiveOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err == nil {
			_, err = f.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cached runs the extractor of caches if it claims the path.
func cached(t testing.TB, path string, content []byte) (facts extract.Facts, err error) {
	t.Helper()
	for _, x := range node.Extractors() {
		if x.Name() == "yarn-cache" && x.Claims()[0].Match(path) {
			err = x.Extract(t.Context(), extract.NewFile(path, content, 0o644), &facts)
		}
	}
	return facts, err
}

func TestYarnCache(t *testing.T) {
	t.Parallel()
	const at = "app/.yarn/cache/@s-a-npm-1.0.0-0123456789-0123456789.zip"
	own := []string{"node_modules/@s/a/package.json", `{"name":"@s/a","version":"1.0.0","license":"MIT"}`}
	for _, c := range []struct {
		name, path string
		content    []byte
		want       string
		fails      bool
		reported   bool
	}{
		{name: "a package", content: archiveOf(t, append(own, "node_modules/@s/a/index.js", "x")...), want: "@s/a@1.0.0"},
		{
			name:    "what it bundles, not its fixtures",
			content: archiveOf(t, append(own, "node_modules/@s/a/node_modules/b/package.json", `{"name":"b","version":"2.0.0"}`, "node_modules/@s/a/test/package.json", `{"name":"c","version":"3.0.0"}`)...),
			want:    "@s/a@1.0.0 b@2.0.0",
		},
		{name: "the cache of a user", path: "root/.yarn/berry/cache/a-npm-1-10c0.zip", content: archiveOf(t, own...), want: "@s/a@1.0.0"},
		{name: "any other archive", path: "srv/cache/a.zip", content: archiveOf(t, own...)},
		{name: "no package", content: archiveOf(t, "a.txt", "x"), reported: true},
		{name: "no archive", content: []byte("PK\x03\x04"), fails: true},
		{name: "a manifest that is too large", content: archiveOf(t, own[0], `{"name":"a","version":"1.0.0","x":"`+strings.Repeat("x", 5<<20)+`"}`), fails: true},
		{name: "a manifest that is broken", content: archiveOf(t, append(own, "node_modules/@s/a/node_modules/b/package.json", `{`)...), want: "@s/a@1.0.0", fails: true},
	} {
		if c.path == "" {
			c.path = at
		}
		facts, err := cached(t, c.path, c.content)
		if got := names(facts.Packages); got != c.want || (err != nil) != c.fails || (len(facts.Incomplete) > 0) != c.reported {
			t.Errorf("%s: got %q, %v, %v, want %q", c.name, got, err, facts.Incomplete, c.want)
		}
	}
}

func TestYarnCacheBoundsItsDirectory(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads many megabytes on one goroutine, where nothing races")
	}
	files := make([]string, 0, 300_000)
	for i := range 150_000 {
		files = append(files, fmt.Sprintf("node_modules/a/%030d", i), "")
	}
	_, err := cached(t, ".yarn/cache/a.zip", archiveOf(t, files...))
	if limit, ok := errors.AsType[*artifact.ErrLimit](err); !ok || limit.Reason != artifact.FilesLimit {
		t.Errorf("got %v", err)
	}
}
