//go:build !unix

package vulndb

import "os"

// readFile reads the whole file where mapping is not at hand.
func readFile(path string) (data []byte, mapped bool, err error) {
	data, err = os.ReadFile(path)
	return data, false, err
}

func unmap([]byte) error { return nil }
