package rootfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// WalkLayer visits a directory that holds one layer of an overlay file system, as container engines unpack it: dir below
// root. What the directory hides of the layers below is visited as [artifact.Whiteout] and [artifact.Opaque], however it is
// written: as a character device 0/0 and an attribute of the directory (overlayfs), or as a file with the prefix .wh.
// (fuse-overlayfs where it may make no devices). It promises what the package promises of a tree, for the one walk.
//
// See https://docs.kernel.org/filesystems/overlayfs.html.
func WalkLayer(ctx context.Context, root *os.Root, dir string, limits artifact.Limits, visit func(*artifact.Entry) error) error {
	top, err := root.OpenRoot(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", artifact.ErrNotFound, err)
		}
		return err
	}
	defer func() { _ = top.Close() }()
	fi, err := top.Stat(".")
	if err != nil {
		return err
	}
	limits = limits.WithDefaults()
	t := &tree{meta: artifact.Artifact{Name: dir}, limits: limits, depth: depthOf(limits), layer: true}
	w := &walk{tree: t, ctx: ctx, visit: visit}
	err = w.attributes(top, ".")
	if err == nil {
		err = w.directory(top, "", 0, device(fi))
	}
	if errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}

// Whiteouts as files, which overlayfs of the FUSE kind took from the layers' tars.
const (
	whiteout     = ".wh."
	whiteoutMeta = ".wh..wh."
	opaque       = ".wh..wh..opq"
)

// attributes visits what the attributes of a directory of a layer say.
func (w *walk) attributes(dir *os.Root, path string) error {
	a, err := overlayAttributes(dir)
	if err != nil {
		return w.problem(path, 0, err)
	}
	if a.redirect {
		return w.problem(path, artifact.Dir, fmt.Errorf("%w: a directory whose contents are those of another one below (overlay redirect)", artifact.ErrUnsupported))
	}
	if !a.opaque {
		return nil
	}
	w.entry = artifact.Entry{Type: artifact.Opaque, Path: path}
	return w.visit(&w.entry)
}

// attributes of a directory in a layer.
type attributes struct{ opaque, redirect bool }

// hidden turns a name that hides something below into the entry for it. is is false for all other names; an entry
// without a type is bookkeeping that is not visited.
func hidden(prefix, name string, fi fs.FileInfo) (e artifact.Entry, is bool) {
	dir := strings.TrimSuffix(prefix, "/")
	switch {
	case fi.Mode()&fs.ModeCharDevice != 0 && isZeroDevice(fi):
		return artifact.Entry{Type: artifact.Whiteout, Path: prefix + name}, true
	case !strings.HasPrefix(name, whiteout):
		return artifact.Entry{}, false
	case name == opaque:
		if dir == "" {
			dir = "."
		}
		return artifact.Entry{Type: artifact.Opaque, Path: dir}, true
	case strings.HasPrefix(name, whiteoutMeta):
		return artifact.Entry{}, true
	}
	below := strings.TrimPrefix(name, whiteout)
	if below == "" || below == "." || below == ".." {
		// It would delete the directory it stands in, or the one above.
		return artifact.Entry{Type: artifact.Other, Path: prefix + name, Escaped: prefix + name}, true
	}
	return artifact.Entry{Type: artifact.Whiteout, Path: prefix + below}, true
}
