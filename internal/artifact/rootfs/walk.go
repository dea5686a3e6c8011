package rootfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// readDirBatch is how many names are read at a time, so that an endless directory meets the limit.
const readDirBatch = 4096

// walk is one walk over a tree.
type walk struct {
	tree  *tree
	ctx   context.Context // the walk lives no longer
	visit func(*artifact.Entry) error
	count int64
	entry artifact.Entry
}

// directory visits what is in dir, whose path is prefix (empty for the root).
func (w *walk) directory(dir *os.Root, prefix string, depth int, dev uint64) error {
	names, err := w.names(dir)
	if err != nil {
		if _, is := errors.AsType[*artifact.ErrLimit](err); is || w.ctx.Err() != nil {
			return err
		}
		if prefix == "" {
			return fmt.Errorf("reading %s: %w", w.tree.meta.Name, err)
		}
		if err := w.problem(strings.TrimSuffix(prefix, "/"), artifact.Dir, err); err != nil {
			return err
		}
	}
	for _, name := range names {
		if w.ctx.Err() != nil {
			return context.Cause(w.ctx)
		}
		if err := w.one(dir, prefix, name, depth, dev); err != nil {
			return err
		}
	}
	return nil
}

// names lists a directory, sorted. With an error of reading come the names before it.
func (w *walk) names(dir *os.Root) ([]string, error) {
	f, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var names []string
	defer func() {
		slices.Sort(names)
		w.count += int64(len(names))
	}()
	for {
		batch, err := f.Readdirnames(readDirBatch)
		names = append(names, batch...)
		if w.count+int64(len(names)) > w.tree.limits.Files {
			return nil, &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("more than %d files", w.tree.limits.Files)}
		}
		if w.ctx.Err() != nil {
			return nil, context.Cause(w.ctx)
		}
		if errors.Is(err, io.EOF) || err == nil && len(batch) == 0 {
			return names, nil
		}
		if err != nil {
			return names, err
		}
	}
}

// one visits one name of dir.
func (w *walk) one(dir *os.Root, prefix, name string, depth int, dev uint64) error {
	path := prefix + name
	fi, err := dir.Lstat(name)
	if err != nil {
		return w.problem(path, 0, err)
	}
	if fi.IsDir() {
		if w.tree.names[name] || w.tree.paths[path] {
			return nil
		}
		return w.subdirectory(dir, path, name, fi, depth, dev)
	}
	e := &w.entry
	if w.tree.layer {
		if mark, is := hidden(prefix, name, fi); is {
			if mark.Type == 0 {
				return nil
			}
			*e = mark
			return w.visit(e)
		}
	}
	*e = artifact.Entry{Path: path, Type: artifact.Other, Mode: fi.Mode().Perm()}
	switch {
	case fi.Mode().IsRegular():
		c := &content{dir: dir, name: name, info: fi}
		defer c.close()
		e.Type, e.Size, e.Content = artifact.File, fi.Size(), c
	case fi.Mode()&fs.ModeSymlink != 0:
		e.Type = artifact.Symlink
		if e.Link, err = dir.Readlink(name); err != nil {
			return w.problem(path, 0, err)
		}
	}
	return w.visit(e)
}

func (w *walk) subdirectory(dir *os.Root, path, name string, fi fs.FileInfo, depth int, dev uint64) error {
	w.entry = artifact.Entry{Path: path, Type: artifact.Dir, Mode: fi.Mode().Perm()}
	if depth+1 >= w.tree.depth {
		w.entry.Err = &artifact.ErrLimit{
			Reason: artifact.NestingLimit, Detail: fmt.Sprintf("directories nested deeper than %d", w.tree.depth),
		}
		return w.visit(&w.entry)
	}
	sub, now, err := openDir(dir, name, fi)
	if err != nil {
		w.entry.Err = err
		return w.visit(&w.entry)
	}
	defer func() { _ = sub.Close() }()
	at := device(now)
	if at != dev && (w.tree.oneFS || isPseudo(sub)) {
		return w.visit(&w.entry) // the mount point is there; what is mounted is another thing
	}
	if err := w.visit(&w.entry); err != nil {
		return err
	}
	if w.tree.layer {
		if err := w.attributes(sub, path); err != nil {
			return err
		}
	}
	return w.directory(sub, path+"/", depth+1, at)
}

// openDir opens the directory that was seen under the name. A link that took its place meanwhile is noticed: what it led
// to is another file.
func openDir(dir *os.Root, name string, seen fs.FileInfo) (*os.Root, fs.FileInfo, error) {
	sub, err := dir.OpenRoot(name)
	if err != nil {
		return nil, nil, err
	}
	now, err := sub.Stat(".")
	if err != nil || !os.SameFile(seen, now) {
		_ = sub.Close()
		return nil, nil, fmt.Errorf("%s: %w", name, errChanged)
	}
	return sub, now, nil
}

var errChanged = errors.New("changed while it was read")

// problem visits an entry for the report.
func (w *walk) problem(path string, typ artifact.Type, err error) error {
	w.entry = artifact.Entry{Path: path, Type: typ, Err: err}
	return w.visit(&w.entry)
}

// content is a file that is opened when it is first asked for.
type content struct {
	dir  *os.Root
	name string
	info fs.FileInfo
	file *os.File
	err  error
	pos  int64
}

// open never blocks and never follows a link that took the file's place.
func (c *content) open() error {
	if c.file != nil || c.err != nil {
		return c.err
	}
	f, err := c.dir.OpenFile(c.name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		c.err = err
		return err
	}
	now, err := f.Stat()
	if err == nil && (!now.Mode().IsRegular() || !os.SameFile(c.info, now)) {
		err = fmt.Errorf("%s: %w", c.name, errChanged)
	}
	if err != nil {
		_ = f.Close()
		c.err = err
		return err
	}
	c.file = f
	return nil
}

func (c *content) close() {
	if c.file != nil {
		_ = c.file.Close()
		c.file = nil
	}
	c.err = fs.ErrClosed
}

// Reader reads on from where the last call left off.
func (c *content) Reader() io.Reader { return c }

// ReaderAt gives random access. An error of opening comes with the first read.
func (c *content) ReaderAt() io.ReaderAt { return c }

// Read gives as many bytes as the file had when it was seen. A file that became shorter is an error, not a short file.
func (c *content) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.ReadAt(p, c.pos)
	c.pos += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// ReadAt implements [io.ReaderAt] over the size that the entry states.
func (c *content) ReadAt(p []byte, off int64) (int, error) {
	if err := c.open(); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, fmt.Errorf("%s: negative offset", c.name)
	}
	left := c.info.Size() - off
	if left <= 0 {
		return 0, io.EOF
	}
	short := int64(len(p)) > left
	n, err := c.file.ReadAt(p[:min(int64(len(p)), left)], off)
	if errors.Is(err, io.EOF) && int64(n) < min(int64(len(p)), left) {
		return n, fmt.Errorf("%s: %w", c.name, errChanged)
	}
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}
