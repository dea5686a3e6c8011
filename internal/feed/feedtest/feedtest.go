// Package feedtest holds what the tests of feeds share: real feeds where they are at hand, files in memory, and the promises of
// [feed.Feed] as a test.
package feedtest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Real opens copies of real feeds: the folder that SIGHTLINE_FEEDS names, or ../shared/feeds beside the repository. It skips the test where there are none.
func Real(t testing.TB) *feed.Folder {
	t.Helper()
	if testing.Short() {
		t.Skip("reads whole feeds")
	}
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
			up := filepath.Dir(root)
			if up == root {
				t.Skip("no go.mod above the test")
			}
			root = up
		}
		dir = filepath.Join(root, "..", "shared", "feeds")
	}
	raw, err := feed.Dir(dir)
	if err != nil {
		t.Skipf("no copies of real feeds (name a folder in SIGHTLINE_FEEDS): %v", err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	return raw
}

// Files is a [feed.Raw] in memory.
type Files map[string][]byte

// Open opens a file of the map.
func (f Files) Open(path string) (feed.File, error) {
	b, ok := f[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return &file{Reader: bytes.NewReader(b)}, nil
}

type file struct{ *bytes.Reader }

func (f *file) Close() error               { return nil }
func (f *file) Stat() (fs.FileInfo, error) { return info{f.Size()}, nil }

type info struct{ size int64 }

func (i info) Name() string     { return "memory" }
func (i info) Size() int64      { return i.size }
func (info) Mode() fs.FileMode  { return 0o444 }
func (info) ModTime() time.Time { return time.Time{} }
func (info) IsDir() bool        { return false }
func (info) Sys() any           { return nil }

// Parse runs a feed and keeps all that it says.
func Parse(t testing.TB, f feed.Feed, raw feed.Raw) (said []*vuln.Advisory, skipped []feed.Skipped, err error) {
	t.Helper()
	err = f.Parse(t.Context(), raw, func(a *vuln.Advisory) error {
		said = append(said, a)
		return nil
	}, func(s feed.Skipped) { skipped = append(skipped, s) })
	return said, skipped, err
}

// Run checks the promises of the contract with files that the feed can read.
func Run(t *testing.T, f feed.Feed, raw feed.Raw) {
	t.Run("a feed's answer is the same each time", func(t *testing.T) {
		one, skippedOne, err := Parse(t, f, raw)
		if err != nil {
			t.Fatal(err)
		}
		two, skippedTwo, err := Parse(t, f, raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, two); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(skippedOne, skippedTwo); diff != "" {
			t.Error(diff)
		}
		if len(one) == 0 {
			t.Error("it said nothing")
		}
		for _, a := range one {
			if a.Feed != f.Name() || a.ID == "" {
				t.Fatalf("feed %q, id %q", a.Feed, a.ID)
			}
		}
	})
	t.Run("an error of emit ends it", func(t *testing.T) {
		stop := errors.New("enough")
		calls := 0
		err := f.Parse(t.Context(), raw, func(*vuln.Advisory) error {
			calls++
			return stop
		}, func(feed.Skipped) {})
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("%d calls, error %v", calls, err)
		}
	})
	t.Run("missing files are told as such", func(t *testing.T) {
		if _, _, err := Parse(t, f, Files{}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("error %v", err)
		}
	})
}
