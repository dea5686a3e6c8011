package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// isZeroDevice tells the device that stands for a whiteout.
func isZeroDevice(fi fs.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Rdev == 0
}

// overlayAttributes reads what overlayfs keeps in a directory's attributes: trusted.* when root mounted it, user.* in a
// user's own name space, and fuse-overlayfs' own.
func overlayAttributes(dir *os.Root) (a attributes, err error) {
	f, err := dir.Open(".")
	if err != nil {
		return a, err
	}
	defer func() { _ = f.Close() }()
	fd := int(f.Fd())
	list := make([]byte, 4096)
	n, err := unix.Flistxattr(fd, list)
	switch {
	case errors.Is(err, unix.ENOTSUP), n == 0 && err == nil:
		return a, nil
	case errors.Is(err, unix.ERANGE):
		list = make([]byte, 64<<10) // XATTR_LIST_MAX
		n, err = unix.Flistxattr(fd, list)
	}
	if err != nil {
		return a, fmt.Errorf("reading attributes: %w", err)
	}
	for name := range strings.SplitSeq(string(list[:n]), "\x00") {
		switch name {
		case "trusted.overlay.opaque", "user.overlay.opaque", "user.fuseoverlayfs.opaque":
			var value [8]byte
			k, err := unix.Fgetxattr(fd, name, value[:])
			if err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.ERANGE) {
				return a, fmt.Errorf("reading attribute %s: %w", name, err)
			}
			a.opaque = a.opaque || err == nil && k == 1 && value[0] == 'y'
		case "trusted.overlay.redirect", "user.overlay.redirect", "user.fuseoverlayfs.redirect":
			a.redirect = true
		}
	}
	return a, nil
}
