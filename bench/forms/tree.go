package forms

import (
	"archive/tar"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type inode struct{ dev, ino uint64 }

// Tree is a layer in the making.
type Tree struct {
	tw      *tar.Writer
	seen    map[inode]string // names of files with more than one link
	entries int
}

func (t *Tree) header(h *tar.Header) error {
	t.entries++
	if h.ModTime.IsZero() {
		h.ModTime = epoch
	}
	return t.tw.WriteHeader(h)
}

// File adds a file; parents are the caller's matter.
func (t *Tree) File(name, content string) error { return t.file(name, []byte(content), 0o644) }

// Program adds an executable file.
func (t *Tree) Program(name string, content []byte) error { return t.file(name, content, 0o755) }

func (t *Tree) file(name string, content []byte, mode int64) error {
	if err := t.header(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := t.tw.Write(content)
	return err
}

// Mkdir adds a directory.
func (t *Tree) Mkdir(name string) error {
	return t.header(&tar.Header{Name: name + "/", Typeflag: tar.TypeDir, Mode: 0o755})
}

// Hardlink adds a link to a file of this layer or of one below.
func (t *Tree) Hardlink(name, target string) error {
	return t.header(&tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeLink, Mode: 0o644})
}

// Symlink adds a symbolic link.
func (t *Tree) Symlink(name, target string) error {
	return t.header(&tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink, Mode: 0o777})
}

// Remove deletes a path of the layers below.
func (t *Tree) Remove(name string) error {
	return t.file(path.Join(path.Dir(name), ".wh."+path.Base(name)), nil, 0o644)
}

// Opaque hides what the layers below have in a directory.
func (t *Tree) Opaque(dir string) error { return t.file(dir+"/.wh..wh..opq", nil, 0o644) }

// Dir adds what lies below a directory on disk as prefix, except what skip names (paths below dir, slash-separated; a
// skipped directory is skipped with all in it). Sockets and devices are left out, hardlinks are kept.
func (t *Tree) Dir(dir, prefix string, skip func(name string, d fs.DirEntry) bool) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil || rel == "." {
			return err
		}
		rel = filepath.ToSlash(rel)
		if skip != nil && skip(rel, d) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type()&(fs.ModeDevice|fs.ModeSocket|fs.ModeNamedPipe|fs.ModeCharDevice) != 0 {
			return nil
		}
		return t.onDisk(p, path.Join(prefix, rel))
	})
}

// OnDisk adds one file of the disk as name, following no link.
func (t *Tree) OnDisk(file, name string) error { return t.onDisk(file, name) }

func (t *Tree) onDisk(file, name string) error {
	fi, err := os.Lstat(file)
	if err != nil {
		return err
	}
	link := ""
	if fi.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(file); err != nil {
			return err
		}
	}
	h, err := tar.FileInfoHeader(fi, link)
	if err != nil {
		return err
	}
	h.Name = name
	if fi.IsDir() {
		h.Name += "/"
	}
	// Names of users and times besides the file's own differ between machines and say nothing.
	h.Uname, h.Gname, h.AccessTime, h.ChangeTime = "", "", time.Time{}, time.Time{}
	h.ModTime = h.ModTime.Truncate(time.Second)
	h.Format = tar.FormatUnknown
	if st, ok := fi.Sys().(*syscall.Stat_t); ok && st.Nlink > 1 && fi.Mode().IsRegular() {
		id := inode{uint64(st.Dev), st.Ino} //nolint:unconvert // the type of Dev differs between systems
		if first, ok := t.seen[id]; ok {
			h.Typeflag, h.Linkname, h.Size = tar.TypeLink, first, 0
			return t.header(h)
		}
		t.seen[id] = name
	}
	if err := t.header(h); err != nil || !fi.Mode().IsRegular() {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(t.tw, f)
	return err
}

// Beneath says whether name is dir or lies in it.
func Beneath(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }
