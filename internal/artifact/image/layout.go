package image

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// OpenLayout opens an OCI image layout directory (OCI image-spec, image-layout.md). target is dir[:tag][@digest], where tag
// is the name that the index gives an image. Symbolic links in the layout are followed inside it only.
func OpenLayout(ctx context.Context, target string, opts Options) (artifact.Source, error) {
	dir, sel := splitTarget(target)
	root, err := openFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("opening OCI layout: %w", notFound(err))
	}
	s := newSource(opts)
	s.close = root.Close
	s.meta.Name, s.meta.Format = target, "oci-layout"
	if err := s.openOCI(ctx, &layoutStore{root}, sel); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("opening OCI layout %s: %w", dir, err)
	}
	return s, nil
}

// IsLayout says whether dir looks like an OCI image layout.
func IsLayout(dir string) bool {
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
		return false
	}
	if fi, err := os.Stat(dir + "/oci-layout"); err == nil && fi.Mode().IsRegular() {
		return true
	}
	index, err := os.Stat(dir + "/index.json")
	if err != nil || !index.Mode().IsRegular() {
		return false
	}
	blobs, err := os.Stat(dir + "/blobs")
	return err == nil && blobs.IsDir()
}

// ociStore is a store with an index at its top: a layout, in a directory or in an archive.
type ociStore interface {
	store
	index(ctx context.Context) ([]byte, error)
}

// openOCI finds the image in a layout and opens it.
func (s *source) openOCI(ctx context.Context, st ociStore, sel selection) error {
	want, err := s.opts.wanted()
	if err != nil {
		return err
	}
	b, err := st.index(ctx)
	if err != nil {
		return fmt.Errorf("reading index.json: %w", err)
	}
	index, err := parseManifest(b, "")
	if err != nil {
		return fmt.Errorf("reading index.json: %w", err)
	}
	if !index.isIndex() {
		return fmt.Errorf("%w: index.json is not an index", artifact.ErrCorrupt)
	}
	found, err := images(ctx, st, index, s.limits)
	if err != nil {
		return err
	}
	if found, err = keep(found, sel); err != nil {
		return err
	}
	pick := want
	if len(found) == 1 && found[0].desc.Platform == nil {
		pick = nil // the config is asked below
	}
	c, err := choose(ctx, st, found, pick)
	if err != nil {
		return err
	}
	m, err := readManifest(ctx, st, c.desc)
	if err != nil {
		return fmt.Errorf("reading manifest %s: %w", c.desc.Digest, err)
	}
	for _, name := range c.names {
		if isReference(name) {
			s.meta.RepoTags = append(s.meta.RepoTags, name)
		}
	}
	if err := s.openManifest(ctx, st, c.desc, m, false); err != nil {
		return err
	}
	return s.checkPlatform(want)
}

// layoutStore is a layout directory.
type layoutStore struct{ root *os.Root }

var _ ociStore = (*layoutStore)(nil)

func (l *layoutStore) index(context.Context) ([]byte, error) {
	return l.read("index.json", maxManifest)
}

func (l *layoutStore) manifest(ctx context.Context, d descriptor) ([]byte, error) {
	return l.blob(ctx, d, maxManifest)
}

func (l *layoutStore) blob(_ context.Context, d descriptor, limit int64) ([]byte, error) {
	dig, err := parseDigest(d.Digest)
	if err != nil {
		return nil, err
	}
	b, err := l.read(blobPath(dig), limit)
	if err != nil {
		return nil, err
	}
	return b, dig.verify(b)
}

func (l *layoutStore) layer(_ descriptor, dig digest) (opener, int64) {
	var size int64
	if fi, err := l.root.Stat(blobPath(dig)); err == nil && fi.Mode().IsRegular() {
		size = fi.Size()
	}
	return func(context.Context) (*opened, error) {
		f, size, err := l.open(blobPath(dig))
		if err != nil {
			return nil, err
		}
		return &opened{at: f, size: size, close: f.Close}, nil
	}, size
}

func blobPath(d digest) string { return "blobs/" + d.algorithm() + "/" + d.hex() }

func (l *layoutStore) read(name string, limit int64) ([]byte, error) {
	f, size, err := l.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readSmall(f, name, size, limit)
}

// open opens a regular file of the layout. What is not one (a FIFO would block) is refused.
func (l *layoutStore) open(name string) (*os.File, int64, error) {
	f, err := l.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, notFound(err)
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%w: %s is not a regular file", artifact.ErrCorrupt, name)
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	return f, fi.Size(), nil
}

// readSmall reads a whole file that is at most limit bytes long.
func readSmall(r io.Reader, name string, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, limitError(artifact.FileTooLarge, "%s has %d bytes, of which %d are read", name, size, limit)
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, limitError(artifact.FileTooLarge, "%s has more than %d bytes", name, limit)
	}
	return b, nil
}
