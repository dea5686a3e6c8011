package match_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/all"
	"github.com/sightline-sec/sightline/internal/feed/osv"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// feedsDir is a mirror of real feeds: $SIGHTLINE_FEEDS, or ../shared/feeds beside the repository. The test is skipped
// where there is none.
func feedsDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("SIGHTLINE_FEEDS")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if filepath.Dir(root) == root {
				t.Fatal("no go.mod above the test")
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "../shared/feeds")
	}
	if _, err := os.Stat(filepath.Join(dir, "osv")); err != nil {
		t.Skipf("no real feeds: %v", err)
	}
	return dir
}

// openDB builds a database from the OSV feeds of some ecosystems.
func openDB(t testing.TB, ecosystems ...string) *vulndb.DB {
	t.Helper()
	var feeds []feed.Feed
	for _, e := range ecosystems {
		feeds = append(feeds, osv.New(e))
	}
	path := filepath.Join(t.TempDir(), "test.db")
	build(t, path, feeds)
	return open(t, path)
}

// openFullDB opens a database of all feeds, for benchmarks. It is built once and kept in the user's cache: remove
// match-bench.db there to build it anew.
func openFullDB(t testing.TB) *vulndb.DB {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("no cache: %v", err)
	}
	path := filepath.Join(cache, "sightline-test", "match-bench.db")
	if db, err := vulndb.Open(path); err == nil {
		t.Cleanup(func() { db.Close() })
		return db
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Skipf("no cache: %v", err)
	}
	t.Logf("building %s, once", path)
	build(t, path, all.Feeds())
	return open(t, path)
}

func build(t testing.TB, path string, feeds []feed.Feed) {
	t.Helper()
	raw, err := feed.Dir(feedsDir(t))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var inputs []vulndb.Input
	for _, f := range feeds {
		there := true
		for _, r := range f.Resources() {
			file, err := raw.Open(r.Path)
			if errors.Is(err, os.ErrNotExist) && !r.Optional {
				there = false
			}
			if err == nil {
				file.Close()
			}
		}
		if there {
			inputs = append(inputs, vulndb.Input{Feed: f, Raw: raw})
		}
	}
	report, err := vulndb.Build(t.Context(), path, inputs, vulndb.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("built from %d feeds: %d vulnerabilities, %d rows, %d bytes", len(inputs), report.Vulnerabilities, report.Rows, report.Bytes)
}

func open(t testing.TB, path string) *vulndb.DB {
	t.Helper()
	db, err := vulndb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
