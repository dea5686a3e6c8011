package all_test

import (
	"os"
	"path"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/feed/all"
	"github.com/sightline-sec/sightline/internal/feed/feedtest"
)

func TestFeeds(t *testing.T) {
	t.Parallel()
	names, paths := map[string]bool{}, map[string]bool{}
	for _, f := range all.Feeds() {
		if names[f.Name()] || f.Name() == "" {
			t.Errorf("the name %q comes twice", f.Name())
		}
		names[f.Name()] = true
		if a := f.About(); a.Publisher == "" || a.License == "" || !strings.HasPrefix(a.URL, "https://") {
			t.Errorf("%s: %+v", f.Name(), a)
		}
		for _, r := range f.Resources() {
			if paths[r.Path] || path.Clean(r.Path) != r.Path || path.IsAbs(r.Path) || !strings.HasPrefix(r.URL, "https://") || strings.Contains(r.URL, " ") {
				t.Errorf("%s: %+v", f.Name(), r)
			}
			paths[r.Path] = true
		}
	}
}

// TestMirror holds the paths against a folder of real copies: what a feed needs is there, and nothing of its kind is left unread.
func TestMirror(t *testing.T) {
	t.Parallel()
	raw := feedtest.Real(t)
	for _, f := range all.Feeds() {
		found, optional := 0, f.Name() == "oracle" // of which no copy could be had
		for _, r := range f.Resources() {
			file, err := raw.Open(r.Path)
			if err == nil {
				found++
				_ = file.Close()
			} else if optional = optional || r.Optional; !optional || !os.IsNotExist(err) {
				t.Errorf("%s: %v", f.Name(), err)
			}
		}
		if want := map[string]int{"alpine-secdb": 41, "nvd": 24, "exploit-db": 2, "amazon": 6, "redhat": 1, "suse": 1}[f.Name()]; found != max(want, 1) && (found > 0 || !optional || want > 0) {
			t.Errorf("%s: %d files", f.Name(), found)
		}
	}
}
