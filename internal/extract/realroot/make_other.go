//go:build !linux

package realroot

import (
	"errors"
	"testing"
)

func makeDebian(testing.TB, string, string) error {
	return errors.New("debootstrap runs on Linux only")
}
