//go:build !linux

package rootfs

import (
	"io/fs"
	"os"
)

const openFlags = 0

// device is not told apart here: there is one file system.
func device(fs.FileInfo) uint64 { return 0 }

// isPseudo knows no pseudo file systems outside Linux.
func isPseudo(*os.Root) bool { return false }
