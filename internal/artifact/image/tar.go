package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// Whiteouts as the OCI image-spec has them (layer.md), which took them from aufs.
const (
	whiteout     = ".wh."
	whiteoutMeta = ".wh..wh."
	opaque       = ".wh..wh..opq"
)

const (
	maxPath   = 4096 // PATH_MAX: no runtime could create a longer one
	maxNotes  = 20   // entries of a layer that are reported one by one as unusable
	paxSparse = "GNU.sparse."
)

// nexter gives the headers of a tar.
type nexter interface{ next() (*tar.Header, error) }

// walkTar visits the entries of one layer's tar. Where there is a window, contents are offered with random access.
func walkTar(tr *tar.Reader, heads nexter, win *window, m *meter, visit func(*artifact.Entry) error) error {
	w := &tarWalk{tr: tr, win: win, m: m, visit: visit}
	for {
		hdr, err := heads.next()
		if errors.Is(err, io.EOF) {
			return w.finish()
		}
		if err != nil {
			return w.readError(err)
		}
		if m.ctx.Err() != nil {
			return context.Cause(m.ctx)
		}
		if err := w.step(hdr); err != nil {
			return err
		}
	}
}

// tarWalk is one walk over one tar.
type tarWalk struct {
	tr    *tar.Reader
	win   *window
	m     *meter
	visit func(*artifact.Entry) error
	entry artifact.Entry // used again for each visit
	notes int            // entries that were not usable
}

func (w *tarWalk) readError(err error) error {
	if w.win != nil {
		if w.m.ctx.Err() != nil {
			return context.Cause(w.m.ctx)
		}
		if _, is := errors.AsType[*fs.PathError](err); is {
			return err // the file itself
		}
	}
	return decodeError(err, w.m.raw)
}

func (w *tarWalk) step(hdr *tar.Header) error {
	e := &w.entry
	*e = artifact.Entry{Mode: fs.FileMode(hdr.Mode).Perm()}
	switch hdr.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		e.Type = artifact.File
		if hdr.Size == 0 && strings.HasSuffix(hdr.Name, "/") {
			e.Type = artifact.Dir // as archivers before POSIX wrote directories
		}
	case tar.TypeDir, 'D': // D is GNU tar's directory with a list of names
		e.Type = artifact.Dir
	case tar.TypeSymlink:
		e.Type, e.Link = artifact.Symlink, hdr.Linkname
	case tar.TypeLink:
		e.Type = artifact.Hardlink
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		e.Type = artifact.Other
	default:
		return w.m.entry(0) // headers for the archiver: global PAX records, volume labels, continued files
	}
	if len(hdr.Name) > maxPath || len(hdr.Linkname) > maxPath {
		if err := w.m.entry(0); err != nil {
			return err
		}
		return w.unusable(fmt.Errorf("%w: a name of %d bytes, of which a path may have %d",
			artifact.ErrUnsupported, max(len(hdr.Name), len(hdr.Linkname)), maxPath))
	}
	if err := w.m.entry(len(hdr.Name) + len(hdr.Linkname)); err != nil {
		return err
	}
	name, escaped := artifact.CleanPath(hdr.Name)
	e.Path = name
	if escaped {
		e.Escaped = hdr.Name
	}
	if e.Type == artifact.Hardlink {
		if e.Link, escaped = artifact.CleanPath(hdr.Linkname); escaped {
			e.Escaped = hdr.Linkname
		}
	}
	if skip := w.whiteouts(hdr.Name); skip {
		return nil
	}
	if e.Path == "." && e.Type != artifact.Dir && e.Type != artifact.Opaque {
		return w.unusable(fmt.Errorf("%w: an entry in place of the root directory", artifact.ErrCorrupt))
	}
	if e.Type == artifact.File {
		e.Size = hdr.Size
		e.Content = w.content(hdr)
	}
	return w.call()
}

// whiteouts turns the entry into the mark that its name makes it. skip is true for the bookkeeping of aufs.
func (w *tarWalk) whiteouts(written string) (skip bool) {
	e := &w.entry
	dir, base := ".", e.Path
	if i := strings.LastIndexByte(base, '/'); i >= 0 {
		dir, base = base[:i], base[i+1:]
	}
	if strings.HasPrefix(e.Path, whiteoutMeta) && e.Path != opaque {
		return true // .wh..wh.plnk/..., .wh..wh.aufs: at the root, with what lies below
	}
	switch {
	case base == opaque:
		*e = artifact.Entry{Type: artifact.Opaque, Path: dir, Escaped: e.Escaped}
	case strings.HasPrefix(base, whiteoutMeta):
		return true
	case strings.HasPrefix(base, whiteout):
		name := base[len(whiteout):]
		if name == "" || name == "." || name == ".." {
			// It would delete the directory it stands in, or the one above: reported, and nothing more.
			*e = artifact.Entry{Type: artifact.Other, Path: e.Path, Escaped: written}
			return false
		}
		if dir != "." {
			name = dir + "/" + name
		}
		*e = artifact.Entry{Type: artifact.Whiteout, Path: name, Escaped: e.Escaped}
	}
	return false
}

func (w *tarWalk) content(hdr *tar.Header) artifact.Content {
	if isSparse(hdr) {
		return &tarContent{w: w, sparse: true}
	}
	c := &tarContent{w: w}
	if w.win != nil && hdr.Size <= w.win.size-w.win.pos {
		c.at = io.NewSectionReader(w.win.at, w.win.pos, hdr.Size)
	}
	return c
}

func isSparse(hdr *tar.Header) bool {
	if hdr.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for k := range hdr.PAXRecords {
		if strings.HasPrefix(k, paxSparse) {
			return true
		}
	}
	return false
}

// unusable reports an entry that has no place in a file system.
func (w *tarWalk) unusable(err error) error {
	if w.notes++; w.notes > maxNotes {
		return nil
	}
	w.entry = artifact.Entry{Path: ".", Err: err}
	return w.call()
}

func (w *tarWalk) finish() error {
	if w.notes <= maxNotes {
		return nil
	}
	w.entry = artifact.Entry{Path: ".", Err: fmt.Errorf("%w: %d more entries that have no place in a file system", artifact.ErrCorrupt, w.notes-maxNotes)}
	return w.call()
}

func (w *tarWalk) call() error {
	if err := w.visit(&w.entry); err != nil {
		return &visitError{err}
	}
	return nil
}

// tarContent is the content of the current entry.
type tarContent struct {
	w      *tarWalk
	at     io.ReaderAt
	sparse bool
}

// Reader reads on from where the last call left off.
func (c *tarContent) Reader() io.Reader { return c }

// ReaderAt is nil for streams and for sparse files.
func (c *tarContent) ReaderAt() io.ReaderAt { return c.at }

func (c *tarContent) Read(p []byte) (int, error) {
	if c.w.m.ctx.Err() != nil {
		return 0, context.Cause(c.w.m.ctx)
	}
	n, err := c.w.tr.Read(p)
	if c.sparse {
		// The zeros of holes cost nothing in the archive: what is read of them is charged like decompressed bytes.
		if limit := c.w.m.unpacked(int64(n)); limit != nil {
			return n, limit
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = c.w.readError(err)
	}
	return n, err
}
