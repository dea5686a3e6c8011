package feed_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/sightline-sec/sightline/internal/feed"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "mirror")
	if err := os.MkdirAll(filepath.Join(dir, "osv", "Rocky Linux"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"mirror/osv/Rocky Linux/all.zip", "secret"} {
		if err := os.WriteFile(filepath.Join(top, p), []byte("bytes"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	raw, err := feed.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	f, err := raw.Open("osv/Rocky Linux/all.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); string(b) != "bytes" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := raw.Open("osv/Debian/all.zip"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	for _, p := range []string{"../secret", "link", filepath.Join(top, "secret"), "osv", "osv/../../secret"} {
		if f, err := raw.Open(p); err == nil {
			_ = f.Close()
			t.Errorf("%s opened", p)
		}
	}
}
