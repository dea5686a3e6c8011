package image_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/hostile"
	"github.com/sightline-sec/sightline/internal/artifact/image"
)

const (
	hostileTime   = 10 * time.Second
	hostileMemory = 512 << 20
)

// TestHostileImagesEndInBoundedTimeAndMemory is not parallel: it measures the memory of the whole process.
func TestHostileImagesEndInBoundedTimeAndMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("makes bombs")
	}
	for _, c := range hostile.Cases() {
		if c.Form == hostile.RootFS {
			continue // in artifact/rootfs
		}
		t.Run(c.Name, func(t *testing.T) {
			dir := t.TempDir()
			target, err := c.Write(dir)
			if err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, dir)
			debug.FreeOSMemory()
			peak := watchMemory(t)
			start, cpu := time.Now(), cpuTime(t)
			said := readHostile(t, c, target)
			// Of wall and CPU time the smaller counts: the machine may have more to do than this test.
			if took := min(time.Since(start), cpuTime(t)-cpu); took > hostileTime {
				t.Errorf("took %s", took)
			}
			used := peak()
			if used > hostileMemory {
				t.Errorf("used %d MiB", used>>20)
			}
			if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
				t.Errorf("changed files: %s", diff)
			}
			t.Logf("%v, CPU %v, %d MiB: %.300s", time.Since(start).Round(time.Millisecond), (cpuTime(t) - cpu).Round(time.Millisecond), used>>20, strings.Join(said, " | "))
		})
	}
}

// readHostile opens and walks like a scan does, checks each entry, and returns what was not read and why.
func readHostile(t *testing.T, c hostile.Case, target string) (said []string) {
	t.Helper()
	note := func(format string, args ...any) {
		s := fmt.Sprintf(format, args...)
		if strings.Contains(s, hostile.Marker) {
			t.Errorf("leaks a file of the host: %s", s)
		}
		said = append(said, s)
	}
	opts := image.Options{Platform: "linux/amd64"}
	var src artifact.Source
	var err error
	if c.Form == hostile.Layout {
		src, err = image.OpenLayout(t.Context(), target, opts)
	} else {
		if _, err := image.DetectFile(t.Context(), target); err != nil {
			note("detect: %v", err)
		}
		src, err = image.OpenArchive(t.Context(), target, opts)
	}
	if err != nil {
		note("open: %v", err)
		return said
	}
	defer func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, inc := range src.(artifact.Reporter).Incomplete() {
		note("%s: %s", inc.Reason, inc.Detail)
	}
	meta := src.Artifact()
	note("%d layers", len(meta.Layers))
	if len(meta.Layers) != len(src.Layers()) {
		t.Errorf("%d layers are described, %d can be read", len(meta.Layers), len(src.Layers()))
	}
	if meta.Config != nil {
		note("user %q", meta.Config.User)
	}
	entries := 0
	for i, l := range src.Layers() {
		err := l.Walk(t.Context(), func(e *artifact.Entry) error {
			entries++
			checkEntry(t, e)
			if e.Escaped != "" && entries < 50 {
				note("escaped %.60q", e.Escaped)
			}
			if e.Err != nil && entries < 50 {
				note("%.60s: %v", e.Path, e.Err)
			}
			if e.Type != artifact.File {
				return nil
			}
			content, err := io.ReadAll(io.LimitReader(e.Content.Reader(), 1<<20))
			if bytes.Contains(content, []byte(hostile.Marker)) {
				t.Errorf("%s: content of the host", e.Path)
			}
			if err != nil {
				note("content of %.60s: %v", e.Path, err)
			}
			return nil
		})
		if err != nil {
			inc, ok := artifact.AsIncomplete(err, "", meta.Layers[i].Ref())
			if !ok {
				t.Errorf("layer %d: an error that ends the scan: %v", i, err)
			}
			if len(said) < 50 {
				note("%s: %s", inc.Reason, inc.Detail)
			}
		}
	}
	note("%d entries", entries)
	return said
}

func checkEntry(t *testing.T, e *artifact.Entry) {
	t.Helper()
	paths := []string{e.Path}
	if e.Type == artifact.Hardlink {
		paths = append(paths, e.Link)
	}
	for _, p := range paths {
		if !fs.ValidPath(strings.ToValidUTF8(p, "?")) {
			t.Errorf("%.200q is not a clean path below the root", p)
		}
	}
	if e.Path == "." && e.Type != artifact.Dir && e.Type != artifact.Opaque && e.Err == nil {
		t.Errorf("an entry of type %d in place of the root", e.Type)
	}
	if (e.Type == artifact.File) != (e.Content != nil) {
		t.Errorf("%.200q: type %d, content %v", e.Path, e.Type, e.Content)
	}
	if e.Size < 0 {
		t.Errorf("%.200q: %d bytes", e.Path, e.Size)
	}
}

// snapshot lists what is in dir, with sizes and times.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := os.Lstat(p)
		if err != nil {
			return err
		}
		out[p] = fmt.Sprint(fi.Mode(), fi.Size(), fi.ModTime().UnixNano())
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return out
}

// watchMemory gives the most heap that was in use until it is called, above what is in use now.
func watchMemory(t *testing.T) func() int64 {
	t.Helper()
	var most atomic.Int64
	var start runtime.MemStats
	runtime.ReadMemStats(&start)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), int64(m.HeapInuse)-int64(start.HeapInuse)))
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(stop)
		<-done
		return most.Load()
	}
}

// cpuTime is what the process used so far.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
