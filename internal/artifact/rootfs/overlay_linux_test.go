package rootfs_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/hostile"
	"github.com/sightline-sec/sightline/internal/artifact/rootfs"
)

// layer lists the entries of a directory as a layer.
func layer(t *testing.T, root *os.Root, dir string) (entries []string, errs error) {
	t.Helper()
	err := rootfs.WalkLayer(t.Context(), root, dir, artifact.Limits{}, func(e *artifact.Entry) error {
		text := fmt.Sprintf("%d %s", e.Type, e.Path)
		if e.Type == artifact.File {
			b, err := io.ReadAll(io.LimitReader(e.Content.Reader(), 1<<20))
			if err != nil || strings.Contains(string(b), hostile.Marker) {
				t.Errorf("%s: %q, %v", e.Path, b, err)
			}
			text += " " + string(b)
		}
		if e.Link != "" {
			text += " -> " + e.Link
		}
		entries = append(entries, text)
		errs = errors.Join(errs, e.Err)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(entries)
	return entries, errs
}

func openRoot(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

func TestALayerTellsWhatItHides(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	top := mkdir(t, dir, "1/fs")
	write(t, top+"/etc/.wh.passwd", "", 0o644)
	write(t, top+"/etc/.wh..wh..opq", "", 0o644)
	write(t, top+"/.wh..wh.plnk", "", 0o644)
	write(t, top+"/etc/.wh...", "", 0o644)
	write(t, top+"/usr/file", "x", 0o644)
	write(t, top+"/usr/lib/file", "y", 0o644)
	want := []string{
		"2 etc", "2 usr", "2 usr/lib", "1 usr/file x", "1 usr/lib/file y",
		"5 etc/passwd", "6 etc", "7 etc/.wh...",
	}
	if err := unix.Setxattr(top+"/usr/lib", "user.overlay.opaque", []byte("y"), 0); err == nil {
		want = append(want, "6 usr/lib")
	} else {
		t.Logf("no attributes here: %v", err)
	}
	if err := unix.Setxattr(top+"/usr", "user.overlay.opaque", []byte("n"), 0); err != nil {
		t.Logf("no attributes here: %v", err)
	}
	if os.Geteuid() == 0 {
		if err := unix.Mknod(top+"/usr/gone", unix.S_IFCHR, 0); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mknod(top+"/usr/null", unix.S_IFCHR, int(unix.Mkdev(1, 3))); err != nil {
			t.Fatal(err)
		}
		want = append(want, "5 usr/gone", "7 usr/null")
		for path, value := range map[string]string{"": "y", "/etc": "y"} {
			if err := unix.Setxattr(top+path, "trusted.overlay.opaque", []byte(value), 0); err != nil {
				t.Fatal(err)
			}
		}
		want = append(want, "6 .", "6 etc")
	}
	slices.Sort(want)
	got, errs := layer(t, openRoot(t, dir), "1/fs")
	if diff := cmp.Diff(want, got); diff != "" || errs != nil {
		t.Errorf("%v %s", errs, diff)
	}
	// As a root file system the same names mean nothing.
	if n := len(list(t, open(t, top, rootfs.Options{}))); n < 9 {
		t.Errorf("%d entries", n)
	}
}

func TestALayerIsNotLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/secret", hostile.Marker, 0o644)
	top := mkdir(t, dir, "store/1/fs")
	for name, target := range map[string]string{"abs": dir, "up": "../../..", "file": "../../../secret", "self": "."} {
		if err := os.Symlink(target, top+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(top+"/fifo", 0o644); err != nil {
		t.Fatal(err)
	}
	got, errs := layer(t, openRoot(t, dir+"/store"), "1/fs")
	want := []string{"3 abs -> " + dir, "3 file -> ../../../secret", "3 self -> .", "3 up -> ../../..", "7 fifo"}
	if diff := cmp.Diff(want, got); diff != "" || errs != nil {
		t.Errorf("%v %s", errs, diff)
	}
	// Nor can the directory itself be a link out of the store.
	if err := os.Symlink(dir, dir+"/store/2"); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{"2", "../..", "/etc", "1/fs/up"} {
		err := rootfs.WalkLayer(t.Context(), openRoot(t, dir+"/store"), out, artifact.Limits{}, func(e *artifact.Entry) error {
			t.Errorf("%s: visited %s", out, e.Path)
			return fs.SkipAll
		})
		if err == nil {
			t.Errorf("%s was opened", out)
		}
	}
	if err := rootfs.WalkLayer(t.Context(), openRoot(t, dir), "none", artifact.Limits{}, nil); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestARedirectIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mkdir(t, dir, "fs/moved")
	if err := unix.Setxattr(dir+"/fs/moved", "user.overlay.redirect", []byte("/old"), 0); err != nil {
		t.Skipf("no attributes here: %v", err)
	}
	if _, errs := layer(t, openRoot(t, dir), "fs"); !errors.Is(errs, artifact.ErrUnsupported) {
		t.Errorf("%v", errs)
	}
}
