package rootfs_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/hostile"
	"github.com/sightline-sec/sightline/internal/artifact/rootfs"
)

func mkdir(t testing.TB, parts ...string) string {
	t.Helper()
	p := filepath.Join(parts...)
	if err := os.MkdirAll(p, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t testing.TB, path, data string, mode fs.FileMode) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte(data), mode); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir string, opts rootfs.Options) artifact.Source {
	t.Helper()
	src, err := rootfs.Open(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	})
	return src
}

func list(t testing.TB, src artifact.Source) (lines []string) {
	t.Helper()
	err := src.Layers()[0].Walk(t.Context(), func(e *artifact.Entry) error {
		line := fmt.Sprintf("%d %s %q %d %v", e.Type, e.Path, e.Link, e.Size, e.Mode)
		if e.Err != nil {
			line += " !"
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestATreeIsListedInOrderAndLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/etc/os-release", "ID=x\n", 0o644)
	write(t, dir+"/bin/tool", "ELF", 0o755)
	write(t, dir+"/.git/config", "x", 0o644)
	for _, err := range []error{
		os.Symlink("/etc/passwd", dir+"/etc/passwd"), os.Symlink("..", dir+"/etc/up"), os.Symlink(dir, dir+"/self"),
		syscall.Mkfifo(dir+"/etc/fifo", 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		`2 .git "" 0 -rwxr-xr-x`, `1 .git/config "" 1 -rw-r--r--`,
		`2 bin "" 0 -rwxr-xr-x`, `1 bin/tool "" 3 -rwxr-xr-x`,
		`2 etc "" 0 -rwxr-xr-x`, `7 etc/fifo "" 0 -rw-------`, `1 etc/os-release "" 5 -rw-r--r--`,
		`3 etc/passwd "/etc/passwd" 0 -rwxrwxrwx`, `3 etc/up ".." 0 -rwxrwxrwx`,
		fmt.Sprintf("3 self %q 0 -rwxrwxrwx", dir),
	}
	root := open(t, dir, rootfs.Options{})
	for range 2 {
		if diff := cmp.Diff(want, list(t, root)); diff != "" {
			t.Error(diff)
		}
	}
	if got := root.Artifact(); got.Kind != artifact.RootFS || got.Format != "rootfs" || len(got.Layers) != 1 || got.Name != dir {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff(want[2:], list(t, open(t, dir, rootfs.Options{Kind: artifact.Directory}))); diff != "" {
		t.Errorf("a directory leaves out version control: %s", diff)
	}
	some := list(t, open(t, dir, rootfs.Options{Skip: []string{"/etc", "tool", "config"}}))
	if diff := cmp.Diff([]string{want[0], want[1], want[2], want[3], want[9]}, some); diff != "" {
		t.Errorf("skip /etc; only directories are skipped: %s", diff)
	}
}

func TestContentIsReadBothWaysAndOnlyDuringTheVisit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/f", "0123456789", 0o644)
	var kept artifact.Content
	err := open(t, dir, rootfs.Options{}).Layers()[0].Walk(t.Context(), func(e *artifact.Entry) error {
		kept = e.Content
		b, err := io.ReadAll(e.Content.Reader())
		if err != nil || string(b) != "0123456789" {
			t.Errorf("%q, %v", b, err)
		}
		p := make([]byte, 4)
		if n, err := e.Content.ReaderAt().ReadAt(p, 8); n != 2 || !errors.Is(err, io.EOF) || string(p[:2]) != "89" {
			t.Errorf("%d, %v, %q", n, err, p)
		}
		if n, err := e.Content.ReaderAt().ReadAt(p, 6); n != 4 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if _, err := e.Content.ReaderAt().ReadAt(p, -1); err == nil {
			t.Error("a negative offset must be an error")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kept.ReaderAt().ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after the visit: %v", err)
	}
}

func TestAFileThatChangesIsReportedAndTheWalkGoesOn(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	write(t, outside+"/secret", hostile.Marker, 0o644)
	for _, c := range []struct {
		name   string
		change func(path string) error
	}{
		{"vanishes", os.Remove},
		{"is replaced", func(p string) error {
			return errors.Join(os.WriteFile(p+".new", []byte("other"), 0o644), os.Rename(p+".new", p))
		}},
		{"becomes a link", func(p string) error { return errors.Join(os.Remove(p), os.Symlink(outside+"/secret", p)) }},
		{"becomes a FIFO", func(p string) error { return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o644)) }},
		{"is cut", func(p string) error { return os.Truncate(p, 3) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir+"/a", "0123456789", 0o644)
			write(t, dir+"/b", "x", 0o644)
			var seen []string
			err := open(t, dir, rootfs.Options{}).Layers()[0].Walk(t.Context(), func(e *artifact.Entry) error {
				seen = append(seen, e.Path)
				if e.Path != "a" {
					return nil
				}
				if err := c.change(dir + "/a"); err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(e.Content.Reader())
				if err == nil || strings.Contains(string(b), hostile.Marker) {
					t.Errorf("%q, %v", b, err)
				}
				return nil
			})
			if err != nil || !cmp.Equal(seen, []string{"a", "b"}) {
				t.Errorf("%v, %v", seen, err)
			}
		})
	}
}

func TestADirectoryThatBecomesALinkIsNotFollowed(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), t.TempDir()
	write(t, outside+"/secret", "x", 0o644)
	write(t, dir+"/a/f", "x", 0o644)
	write(t, dir+"/b/f", "x", 0o644)
	write(t, dir+"/c/f", "x", 0o644)
	var seen []string
	err := open(t, dir, rootfs.Options{}).Layers()[0].Walk(t.Context(), func(e *artifact.Entry) error {
		seen = append(seen, e.Path)
		if e.Path == "a" {
			return errors.Join(os.RemoveAll(dir+"/b"), os.Symlink(outside, dir+"/b"), os.RemoveAll(dir+"/c"))
		}
		if e.Path == "c" && e.Err == nil {
			t.Error("a directory that vanished must be reported")
		}
		return nil
	})
	if diff := cmp.Diff([]string{"a", "a/f", "b", "c"}, seen); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestWhatMayNotBeReadIsReported(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	write(t, dir+"/closed/f", "x", 0o644)
	write(t, dir+"/secret", "x", 0)
	if err := os.Chmod(dir+"/closed", 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir+"/closed", 0o755) })
	got := map[string]error{}
	err := open(t, dir, rootfs.Options{}).Layers()[0].Walk(t.Context(), func(e *artifact.Entry) error {
		got[e.Path] = e.Err
		if e.Type == artifact.File {
			_, got[e.Path] = io.ReadAll(e.Content.Reader())
		}
		return nil
	})
	if err != nil || !errors.Is(got["closed"], fs.ErrPermission) || !errors.Is(got["secret"], fs.ErrPermission) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 10 {
		write(t, fmt.Sprintf("%s/d/f%d", dir, i), "x", 0o644)
	}
	deep := mkdir(t, dir, strings.Repeat("n/", 40))
	write(t, deep+"/f", "x", 0o644)
	walk := func(lim artifact.Limits) (n int, inner, err error) {
		err = open(t, dir, rootfs.Options{Limits: lim}).Layers()[0].Walk(t.Context(), func(e *artifact.Entry) error {
			n++
			inner = errors.Join(inner, e.Err)
			return nil
		})
		return n, inner, err
	}
	reason := func(err error) artifact.Reason { inc, _ := artifact.AsIncomplete(err, "", nil); return inc.Reason }
	if n, inner, err := walk(artifact.Limits{}); n != 52 || inner != nil || err != nil {
		t.Errorf("%d entries, %v, %v", n, inner, err)
	}
	if _, _, err := walk(artifact.Limits{Files: 11}); reason(err) != artifact.FilesLimit {
		t.Errorf("files: %v", err)
	}
	if n, inner, err := walk(artifact.Limits{Nesting: 1}); n != 43 || reason(inner) != artifact.NestingLimit || err != nil {
		t.Errorf("nesting: %d entries, %v, %v", n, inner, err)
	}
	if _, _, err := walk(artifact.Limits{Time: 1}); reason(err) != artifact.TimeLimit {
		t.Errorf("time: %v", err)
	}
}

func TestTheHostLeavesOutPseudoFileSystems(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc here")
	}
	src := open(t, "/", rootfs.Options{})
	top := 0
	err := src.Layers()[0].Walk(t.Context(), func(e *artifact.Entry) error {
		for _, p := range []string{"proc/", "sys/", "dev/", "run/"} {
			if strings.HasPrefix(e.Path, p) {
				return fmt.Errorf("%s was visited", e.Path)
			}
		}
		if top++; top > 200_000 {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil || top == 0 {
		t.Errorf("%d entries, %v", top, err)
	}
	// Also by what is mounted, where the names are not told.
	n := 0
	err = open(t, "/", rootfs.Options{Skip: []string{
		"/usr", "/var", "/home", "/root", "/tmp", "/opt", "/srv", "/etc", "/mnt", "/media", "/work", "/dev", "/run", "/boot", "/nix",
	}}).Layers()[0].Walk(t.Context(), func(e *artifact.Entry) error {
		if strings.HasPrefix(e.Path, "proc/") {
			return fmt.Errorf("%s was visited", e.Path)
		}
		if n++; n > 200_000 {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestErrorsOfOpening(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/f", "x", 0o644)
	if _, err := rootfs.Open(t.Context(), dir+"/none", rootfs.Options{}); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, err := rootfs.Open(t.Context(), dir+"/f", rootfs.Options{}); err == nil {
		t.Error("a file is no tree")
	}
}

func TestHostileTreesEndAndTellNothing(t *testing.T) {
	t.Parallel()
	for _, c := range hostile.Cases() {
		if c.Form != hostile.RootFS {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			target, err := c.Write(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			err = open(t, target, rootfs.Options{}).Layers()[0].Walk(t.Context(), func(e *artifact.Entry) error {
				if !fs.ValidPath(e.Path) {
					t.Errorf("%q is not clean", e.Path)
				}
				if e.Type != artifact.File {
					return nil
				}
				b, err := io.ReadAll(io.LimitReader(e.Content.Reader(), 1<<20))
				if err != nil || strings.Contains(string(b), hostile.Marker) {
					t.Errorf("%s: %.100q, %v", e.Path, b, err)
				}
				return nil
			})
			if err != nil || time.Since(start) > time.Minute {
				t.Errorf("%v after %s", err, time.Since(start))
			}
		})
	}
}

func BenchmarkWalk(b *testing.B) {
	dir := b.TempDir()
	for i := range 2000 {
		write(b, fmt.Sprintf("%s/usr/lib/d%d/f%d", dir, i/40, i), "x", 0o644)
	}
	b.ReportAllocs()
	src := open(b, dir, rootfs.Options{})
	for b.Loop() {
		n := 0
		if err := src.Layers()[0].Walk(b.Context(), func(*artifact.Entry) error { n++; return nil }); err != nil || n != 2052 {
			b.Fatal(n, err)
		}
	}
}

func TestAFIFOInPlaceOfTheTreeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		_, err := rootfs.Open(t.Context(), fifo, rootfs.Options{})
		opened <- err
	}()
	select {
	case err := <-opened:
		if err == nil || !strings.Contains(err.Error(), "not a directory") {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for a writer")
	}
}
