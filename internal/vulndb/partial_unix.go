//go:build unix

package vulndb

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// partialName is the pattern of files beside out that are being written.
func partialName(out string) string { return "." + filepath.Base(out) + ".*.partial" }

// createPartial makes a file that will take out's place. It is locked for as long as it is written.
func createPartial(out string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(out), partialName(out))
	if err != nil {
		return nil, err
	}
	_ = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) // without locks, nobody clears it away: see clearPartial
	return f, nil
}

// clearPartial removes what builds that were killed left behind: files that nobody holds a lock on. A build which has made
// its file this very moment may not have locked it yet, so empty files stay.
func clearPartial(out string) {
	names, _ := filepath.Glob(filepath.Join(filepath.Dir(out), partialName(out))) // nothing is lost when it fails
	for _, n := range names {
		f, err := os.Open(n)
		if err != nil {
			continue
		}
		if info, err := f.Stat(); err == nil && info.Size() > 0 && unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = os.Remove(n)
		}
		_ = f.Close()
	}
}

// moveInto renames while f is still open and locked, so that clearPartial cannot take it for a left-over.
func moveInto(f *os.File, out string) error {
	if err := os.Rename(f.Name(), out); err != nil {
		return err
	}
	return f.Close()
}

// syncDir makes a rename in the folder last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // it was only read
	return d.Sync()
}
