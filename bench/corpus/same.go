package main

import (
	"bytes"
	"io"
	"os"
)

// sameBytes compares two files of one size.
func sameBytes(a, b string) bool {
	fa, err := os.Open(a)
	if err != nil {
		return false
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return false
	}
	defer fb.Close()
	bufA, bufB := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errA := io.ReadFull(fa, bufA)
		k, errB := io.ReadFull(fb, bufB)
		if n != k || !bytes.Equal(bufA[:n], bufB[:k]) {
			return false
		}
		if errA != nil || errB != nil {
			return errA == errB && (errA == io.EOF || errA == io.ErrUnexpectedEOF) //nolint:errorlint // ReadFull gives these two as they are
		}
	}
}
