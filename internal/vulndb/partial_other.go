//go:build !unix

package vulndb

import (
	"os"
	"path/filepath"
)

func createPartial(out string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(out), "."+filepath.Base(out)+".*.partial")
}

func clearPartial(string) {}

func moveInto(f *os.File, out string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), out)
}

func syncDir(string) error { return nil }
