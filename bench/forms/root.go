package forms

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// writeRoot unpacks the layers over one another, with the meaning that the OCI image specification gives whiteouts. The layers
// are our own, so names are trusted, but os.Root still keeps them inside.
func writeRoot(dir string, img Image) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for i, l := range img.Layers {
		plain, err := l.plain()
		if err != nil {
			return err
		}
		err = unpack(root, tar.NewReader(plain))
		if err := errors.Join(err, plain.Close()); err != nil {
			return fmt.Errorf("layer %d: %w", i, err)
		}
	}
	return nil
}

func unpack(root *os.Root, tr *tar.Reader) error {
	mine := map[string]bool{} // paths of this layer, which its whiteouts do not concern
	owner := os.Geteuid() == 0
	for {
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		if dir, base := path.Split(name); base == ".wh..wh..opq" {
			if err := empty(root, path.Clean(dir), mine); err != nil {
				return err
			}
			continue
		} else if gone, ok := strings.CutPrefix(base, ".wh."); ok {
			if err := root.RemoveAll(path.Join(dir, gone)); err != nil {
				return err
			}
			continue
		}
		for p := name; p != "." && !mine[p]; p = path.Dir(p) {
			mine[p] = true
		}
		if err := place(root, h, name, tr); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if owner && h.Typeflag != tar.TypeLink {
			_ = root.Lchown(name, h.Uid, h.Gid)
		}
		if h.Typeflag == tar.TypeReg || h.Typeflag == tar.TypeDir {
			if err := root.Chmod(name, h.FileInfo().Mode().Perm()); err != nil {
				return err
			}
		}
		if h.Typeflag == tar.TypeReg {
			if err := root.Chtimes(name, h.ModTime, h.ModTime); err != nil {
				return err
			}
		}
	}
}

// place makes one entry. Only a directory over a directory keeps what is there.
func place(root *os.Root, h *tar.Header, name string, content io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	old, err := root.Lstat(name)
	if err == nil && (!old.IsDir() || h.Typeflag != tar.TypeDir) {
		if err := root.RemoveAll(name); err != nil {
			return err
		}
	}
	switch h.Typeflag {
	case tar.TypeDir:
		if err == nil && old.IsDir() {
			return nil
		}
		return root.Mkdir(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, name)
	case tar.TypeLink:
		return root.Link(path.Clean(h.Linkname), name)
	case tar.TypeReg:
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Close())
	}
	return fmt.Errorf("type %c is not one that the corpus has", h.Typeflag)
}

func empty(root *os.Root, dir string, mine map[string]bool) error {
	f, err := root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	names, err := f.Readdirnames(-1)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	for _, n := range names {
		if p := path.Join(dir, filepath.ToSlash(n)); !mine[p] {
			if err := root.RemoveAll(p); err != nil {
				return err
			}
		}
	}
	return nil
}
