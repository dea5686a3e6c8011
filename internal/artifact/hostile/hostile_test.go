package hostile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact/hostile"
)

func TestCorpusHasTheClassesAndDistinctNames(t *testing.T) {
	t.Parallel()
	cases := hostile.Cases()
	if len(cases) < 40 {
		t.Errorf("%d cases, want 40 at least", len(cases))
	}
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Name] || c.About == "" {
			t.Errorf("case %q: a second time, or without a word on what it tries", c.Name)
		}
		seen[c.Name] = true
	}
}

func TestCanariesLieBesideTheTarget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target, err := hostile.Cases()[0].Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"status", "os-release"} {
		b, err := os.ReadFile(filepath.Join(dir, "outside", name))
		if err != nil || !strings.Contains(string(b), hostile.Marker) {
			t.Errorf("%s: %v, does not hold the marker", name, err)
		}
	}
	if b, err := os.ReadFile(target); err != nil || strings.Contains(string(b), hostile.Marker) {
		t.Errorf("the target must not hold the marker itself: %v", err)
	}
}
