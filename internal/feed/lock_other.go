//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package feed

import "os"

// lock does nothing where there is no flock.
func lock(*os.Root) (unlock func(), err error) { return func() {}, nil }
