//go:build unix

package image_test

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact/image"
)

// A FIFO in the place of a folder is refused at once: to open it would wait for its writer.
func TestAFIFOIsNoFolder(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := image.OpenLayout(ctx, name, image.Options{})
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a FIFO was opened as a layout")
		}
	case <-ctx.Done():
		t.Fatal("waits for the writer of a FIFO")
	}
}
