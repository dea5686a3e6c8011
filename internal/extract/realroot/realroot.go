// Package realroot gives tests a real root file system, as a distribution's own installer makes it, to compare our
// reading with what the distribution's own tools say. It promises a root that is whole and the same for all callers,
// or a skipped test with the reason. It is imported by tests only; making images of a root is left to them.
package realroot

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Debian returns the path of a minbase root of Debian 12 (bookworm), installed by debootstrap. The first caller on a
// machine makes it, which takes about a minute, root and a network; it then stays in the user's cache directory for
// all later ones. Callers must not change it.
//
// The test is skipped when the root is missing and cannot be made here, or SIGHTLINE_REALROOT=off asks for it.
func Debian(t testing.TB) string {
	t.Helper()
	return debian(t, "bookworm")
}

func debian(t testing.TB, suite string) string {
	t.Helper()
	if os.Getenv("SIGHTLINE_REALROOT") == "off" {
		t.Skip("no real Debian root: SIGHTLINE_REALROOT=off")
	}
	cache, err := os.UserCacheDir() // honours XDG_CACHE_HOME
	if err != nil {
		t.Skipf("no real Debian root: %v", err)
	}
	dir := filepath.Join(cache, "sightline-test", "debian-"+suite+"-minbase")
	if whole(dir) {
		return dir
	}
	if err := makeDebian(t, dir, suite); err != nil {
		t.Skipf("no real Debian root: %v", err)
	}
	if !whole(dir) {
		t.Fatalf("debootstrap ended well, but %s has no package database", dir)
	}
	return dir
}

// whole says whether the root is there: it is renamed to its place when all of it is made, so one file speaks for all.
func whole(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "var/lib/dpkg/status"))
	return !errors.Is(err, os.ErrNotExist)
}
