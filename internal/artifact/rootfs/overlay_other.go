//go:build !linux

package rootfs

import (
	"io/fs"
	"os"
)

func isZeroDevice(fs.FileInfo) bool { return false }

func overlayAttributes(*os.Root) (attributes, error) { return attributes{}, nil }
