package realroot

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// makeDebian runs debootstrap into a directory beside dir and renames it to dir when done. One process at a time does
// so; others wait for it and find it done.
func makeDebian(t testing.TB, dir, suite string) (err error) {
	t.Helper()
	tool, err := findDebootstrap()
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("debootstrap needs root")
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close() // gives the lock back
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("locking %s: %w", lock.Name(), err)
	}
	if whole(dir) {
		return nil
	}
	partial := dir + ".partial" // what a killed run left is under the lock too, and goes
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	defer os.RemoveAll(partial)

	t.Logf("making %s with debootstrap, once", dir)
	out, err := exec.CommandContext(t.Context(), tool, "--variant=minbase", suite, partial).CombinedOutput()
	if err != nil {
		return fmt.Errorf("running debootstrap: %w: %s", err, lastLine(out))
	}
	if err := removeDownloads(partial); err != nil {
		return err
	}
	return os.Rename(partial, dir)
}

// removeDownloads deletes what apt fetched, as images do, and keeps the directories, which are apt's.
func removeDownloads(root string) error {
	for _, pattern := range []string{"var/cache/apt/archives/*.deb", "var/cache/apt/*.bin", "var/lib/apt/lists/*_*"} {
		waste, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return err
		}
		for _, file := range waste {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// findDebootstrap also looks where a user's PATH often does not.
func findDebootstrap() (string, error) {
	if tool, err := exec.LookPath("debootstrap"); err == nil {
		return tool, nil
	}
	return exec.LookPath("/usr/sbin/debootstrap")
}

func lastLine(out []byte) []byte {
	out = bytes.TrimSpace(out)
	return out[bytes.LastIndexByte(out, '\n')+1:]
}
