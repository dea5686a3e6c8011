// Package rootfs opens an unpacked root file system, a source tree, or the host itself as an [artifact.Source] of one layer
// with random access.
//
// It promises to read below the given directory only: each directory is opened relative to the one above it and a
// symbolic link is reported, not followed, also when it takes a directory's place during the walk. FIFOs, devices and sockets
// are never opened. A file that cannot be read, changes or vanishes is reported as an entry and does not end the walk. The
// order is that of sorted names, a directory before what is in it. Contents are opened when they are asked for, and
// closed when the visit ends.
package rootfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// Options say how a tree is opened. The zero value is ready.
type Options struct {
	// Kind is [artifact.RootFS] or [artifact.Directory]. Default: RootFS.
	Kind artifact.Kind
	// Limits bound the walk: Files, Time, and Nesting (directories may be nested 32 times as deep as that; 256 with the
	// default). Contents are not decompressed here, so the other limits are the caller's. Default: see [artifact.Limits].
	Limits artifact.Limits
	// OneFileSystem leaves out what is mounted below the directory. Pseudo file systems (proc, sysfs, cgroup, ...) mounted
	// there are left out always. Default: false.
	OneFileSystem bool
	// Skip lists directories that are left out with all that is in them: a name (".git") at any depth, or with a leading slash
	// a path from the root ("/var/cache"). Default: [DefaultSkip].
	Skip []string
}

// DefaultSkip is what is left out unless Options.Skip says otherwise. In a source tree that is the version control's own
// storage. On the running system ("/") it is what the kernel and services make up at run time, and where container engines
// keep the file systems of containers and images, which are artifacts of their own.
func DefaultSkip(kind artifact.Kind, path string) []string {
	if kind == artifact.Directory {
		return []string{".git", ".hg", ".svn"}
	}
	if !isHost(path) {
		return nil
	}
	return []string{
		"/proc", "/sys", "/dev", "/run",
		"/var/lib/docker", "/var/lib/containerd", "/var/lib/containers/storage", "/var/lib/kubelet/pods",
	}
}

// openRoot opens a directory. To open a FIFO would wait for somebody who writes into it.
func openRoot(path string) (*os.Root, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("not a directory")}
	}
	return os.OpenRoot(path)
}

// isHost says whether path is the root of the running system.
func isHost(path string) bool {
	root, err := os.Stat("/")
	if err != nil {
		return false
	}
	fi, err := os.Stat(path)
	return err == nil && os.SameFile(root, fi)
}

// levels is how deep directories may be nested for each unit of Limits.Nesting.
const levels = 32

func depthOf(lim artifact.Limits) int { return min(lim.Nesting, 1<<20) * levels }

// tree is an opened directory.
type tree struct {
	meta   artifact.Artifact
	root   *os.Root
	limits artifact.Limits
	depth  int
	oneFS  bool
	layer  bool            // of an overlay file system: see [WalkLayer]
	names  map[string]bool // skipped at any depth
	paths  map[string]bool // skipped by path

	started  sync.Once
	deadline time.Time
}

var (
	_ artifact.Source      = (*tree)(nil)
	_ artifact.LayerReader = (*tree)(nil)
)

// Open opens the directory at path. A symbolic link to a directory is followed for path itself. The error wraps
// [artifact.ErrNotFound] when nothing is there.
func Open(ctx context.Context, path string, opts Options) (artifact.Source, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	kind := opts.Kind
	if kind == "" {
		kind = artifact.RootFS
	}
	root, err := openRoot(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", artifact.ErrNotFound, err)
		}
		return nil, fmt.Errorf("opening %s: %w", kind, err)
	}
	lim := opts.Limits.WithDefaults()
	t := &tree{
		meta:   artifact.Artifact{Kind: kind, Name: path, Format: string(kind), Layers: []artifact.Layer{{}}},
		root:   root,
		limits: lim,
		depth:  depthOf(lim),
		oneFS:  opts.OneFileSystem,
		names:  map[string]bool{}, paths: map[string]bool{},
	}
	skip := opts.Skip
	if skip == nil {
		skip = DefaultSkip(kind, path)
	}
	for _, s := range skip {
		if anchored, ok := strings.CutPrefix(s, "/"); ok {
			t.paths[filepath.ToSlash(filepath.Clean(anchored))] = true
		} else {
			t.names[s] = true
		}
	}
	return t, nil
}

// Artifact describes the tree.
func (t *tree) Artifact() artifact.Artifact { return t.meta }

// Layers is the tree as one layer.
func (t *tree) Layers() []artifact.LayerReader { return []artifact.LayerReader{t} }

// Close closes the directory.
func (t *tree) Close() error { return t.root.Close() }

// Walk visits the tree. See [artifact.LayerReader]. The root itself is not visited.
func (t *tree) Walk(ctx context.Context, visit func(*artifact.Entry) error) error {
	t.started.Do(func() { t.deadline = time.Now().Add(t.limits.Time) })
	ctx, cancel := context.WithDeadlineCause(ctx, t.deadline, &artifact.ErrLimit{
		Reason: artifact.TimeLimit, Detail: fmt.Sprintf("reading the tree took longer than %s", t.limits.Time),
	})
	defer cancel()
	// Closing t.root is the caller's; the walk has its own handle, which goes with the directories below it.
	top, err := t.root.OpenRoot(".")
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.meta.Name, err)
	}
	defer func() { _ = top.Close() }()
	fi, err := top.Stat(".")
	if err != nil {
		return fmt.Errorf("reading %s: %w", t.meta.Name, err)
	}
	w := &walk{tree: t, ctx: ctx, visit: visit}
	err = w.directory(top, "", 0, device(fi))
	if errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}
