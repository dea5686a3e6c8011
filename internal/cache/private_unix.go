//go:build unix

package cache

import (
	"fmt"
	"os"
	"syscall"
)

// private refuses a folder that somebody else could put results into.
func private(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: not a folder", os.ErrInvalid)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%w: its mode is %s", ErrUnsafe, info.Mode().Perm())
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() && st.Uid != 0 {
		return fmt.Errorf("%w: it belongs to user %d", ErrUnsafe, st.Uid)
	}
	return nil
}
