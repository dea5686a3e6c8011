package realroot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDebianIsABookwormRoot(t *testing.T) {
	t.Parallel()
	root := Debian(t)
	release, err := os.ReadFile(filepath.Join(root, "etc/os-release"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(release), "VERSION_CODENAME=bookworm\n") {
		t.Errorf("etc/os-release of %s does not name bookworm:\n%s", root, release)
	}
	if again := Debian(t); again != root {
		t.Errorf("second call gave %s, first %s", again, root)
	}
}

func TestOffSkips(t *testing.T) {
	t.Setenv("SIGHTLINE_REALROOT", "off")
	skipped := false
	t.Run("off", func(t *testing.T) {
		defer func() { skipped = t.Skipped() }()
		Debian(t)
	})
	if !skipped {
		t.Error("SIGHTLINE_REALROOT=off did not skip")
	}
}
