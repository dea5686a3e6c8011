//go:build unix

package vulndb

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// readFile maps the file, so that only the pages that are looked at are read, and all processes share them.
func readFile(path string) (data []byte, mapped bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = f.Close() }() // the mapping holds the file
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	size := info.Size()
	if size == 0 || size != int64(int(size)) {
		return nil, false, fmt.Errorf("%s: %w", path, corrupt("its length is %d", size))
	}
	data, err = unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		// Some network and FUSE file systems cannot map.
		data, err = os.ReadFile(path)
		return data, false, err
	}
	return data, true, nil
}

func unmap(data []byte) error { return unix.Munmap(data) }
