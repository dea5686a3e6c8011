//go:build !unix

package cache

import (
	"fmt"
	"os"
)

// private looks at no permissions where they are not those of Unix.
func private(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%w: not a folder", os.ErrInvalid)
	}
	return err
}
