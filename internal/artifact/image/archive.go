package image

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	// maxMembers bounds the files of an outer archive: an image has a few for each layer, and archives may hold many images.
	maxMembers = 200_000
	// maxMemberName is far above what any tool writes; longer names are nobody's blobs.
	maxMemberName = 512
	// maxHops bounds links between members: old docker save linked equal layers.
	maxHops = 8
)

// OpenArchive opens a tar that holds images, as docker save or an OCI layout: target is path[:tag][@digest]. The tar may be
// compressed as a whole; it can then be read only front to back, and the source is an [artifact.Ordered] one.
//
// Archives of current docker save are both at once. manifest.json is preferred where all that it names is there, since
// it knows the names of the image; else index.json is taken. Where the two name different images this is reported.
func OpenArchive(ctx context.Context, target string, opts Options) (artifact.Source, error) {
	name, sel := splitTarget(target)
	s := newSource(opts)
	f, err := openRegular(name)
	if err != nil {
		return nil, fmt.Errorf("opening image archive: %w", err)
	}
	fi, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("opening image archive: %w", err)
	}
	s.meta.Name = target
	src, err := s.openKept(ctx, f, fi.Size(), sel)
	if err != nil {
		return nil, fmt.Errorf("opening image archive %s: %w", name, err)
	}
	return src, nil
}

// orderedSource is an image on a tape.
type orderedSource struct {
	*source
	a *archive
}

var _ artifact.Ordered = (*orderedSource)(nil)

// Order lists the layers as they lie in the archive.
func (s *orderedSource) Order() []int {
	order := make([]int, len(s.layers))
	for i := range order {
		order[i] = i
	}
	at := func(i int) int64 {
		l, is := s.layers[i].(*layer)
		if !is {
			return 0
		}
		m, err := s.a.find(cmp.Or(l.member, blobPath(l.digest)))
		if err != nil {
			return 0
		}
		return m.off
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(at(a), at(b)) })
	return order
}

// openRegular opens a file, and never waits for a FIFO or device.
func openRegular(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, notFound(err)
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%w: %s is not a regular file", artifact.ErrUnsupported, name)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// archive is an outer tar with an index of its members. It is read with random access, or from a tape where it is compressed.
type archive struct {
	file    backing
	size    int64
	tape    *tape // nil for a plain tar
	members map[string]member
	damaged error // where the tar broke off
}

// member is a file of the archive, or a link to one.
type member struct {
	off, size int64
	link      string // path of the target; empty for a file
}

// openTar takes over f: it is closed or becomes the archive's.
func (s *source) openTar(ctx context.Context, f backing, size int64) (*archive, error) {
	var head [6]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close()
		return nil, err
	}
	s.stored = size
	a := &archive{file: f, size: size, members: map[string]member{}}
	if sniff(head[:n]) != plain {
		a.tape = newTape(f, size, s)
	}
	if err := a.scan(ctx); err != nil {
		_ = f.Close()
		return nil, err
	}
	return a, nil
}

func (a *archive) close() error {
	if a.tape != nil {
		return a.tape.close()
	}
	return a.file.Close()
}

// scan makes the index, passing over the contents. Where the tar is damaged, what came before is kept.
func (a *archive) scan(ctx context.Context) error {
	count := 0
	err := a.headers(ctx, func(hdr *tar.Header, off int64) error {
		if count++; count > maxMembers {
			return limitError(artifact.FilesLimit, "more than %d files in the archive", maxMembers)
		}
		a.add(hdr, off)
		return nil
	})
	if a.tape != nil {
		a.size = a.tape.size
	}
	if _, is := errors.AsType[*artifact.ErrLimit](err); is {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, artifact.ErrUnsupported) {
		return err
	}
	if err != nil {
		a.damaged = fmt.Errorf("%w: the archive breaks off after %d files: %w", artifact.ErrCorrupt, count, err)
	}
	return nil
}

// headers tells of each header, and where the content behind it begins.
func (a *archive) headers(ctx context.Context, tell func(hdr *tar.Header, off int64) error) error {
	if a.tape != nil {
		return a.tape.index(ctx, tell)
	}
	win := newWindow(ctx, a.file, a.size)
	for {
		hdr, err := win.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = tell(hdr, win.pos)
		}
		if err != nil {
			return err
		}
	}
}

// add takes a member into the index.
func (a *archive) add(hdr *tar.Header, off int64) {
	if len(hdr.Name) > maxMemberName || len(hdr.Linkname) > maxMemberName || isSparse(hdr) {
		return
	}
	name, escaped := artifact.CleanPath(hdr.Name)
	if escaped {
		return
	}
	switch hdr.Typeflag {
	case tar.TypeReg:
		a.members[name] = member{off: off, size: hdr.Size}
	case tar.TypeLink:
		target, _ := artifact.CleanPath(hdr.Linkname)
		a.members[name] = member{link: target}
	case tar.TypeSymlink:
		if !path.IsAbs(hdr.Linkname) {
			target, _ := artifact.CleanPath(path.Dir(name) + "/" + hdr.Linkname)
			a.members[name] = member{link: target}
		}
	}
}

// find follows links inside the archive.
func (a *archive) find(name string) (member, error) {
	clean, escaped := artifact.CleanPath(name)
	for range maxHops {
		m, ok := a.members[clean]
		if !ok || escaped {
			err := fmt.Errorf("%w: %.200q in the archive", artifact.ErrNotFound, name)
			if a.damaged != nil {
				err = fmt.Errorf("%w (%w)", err, a.damaged)
			}
			return member{}, err
		}
		if m.link == "" {
			return m, nil
		}
		clean = m.link
	}
	return member{}, fmt.Errorf("%w: %.200q is a link in a circle", artifact.ErrCorrupt, name)
}

func (a *archive) has(name string) bool { _, err := a.find(name); return err == nil }

func (a *archive) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	m, err := a.find(name)
	if err != nil {
		return nil, err
	}
	r, done, err := a.section(ctx, m.off, m.size)
	if err != nil {
		return nil, err
	}
	defer func() { _ = done() }()
	b, err := readSmall(r, name, m.size, limit)
	if err == nil && int64(len(b)) < m.size {
		return nil, fmt.Errorf("%w: %s is cut off", artifact.ErrCorrupt, name)
	}
	return b, err
}

// opener opens a member. One that is cut off is given as far as it goes.
func (a *archive) opener(name string) (opener, int64) {
	m, err := a.find(name)
	if err != nil {
		return failing(err), 0
	}
	size := min(m.size, max(a.size-m.off, 0))
	return func(ctx context.Context) (*opened, error) {
		if a.tape == nil {
			return &opened{
				at: io.NewSectionReader(a.file, m.off, size), size: size,
				close: func() error { return nil },
			}, nil
		}
		r, done, err := a.tape.section(ctx, m.off, size)
		if err != nil {
			return nil, err
		}
		return &opened{r: r, size: size, close: done}, nil
	}, size
}

// section reads a part of the archive's bytes; done must be called at the end.
func (a *archive) section(ctx context.Context, off, size int64) (r io.Reader, done func() error, err error) {
	if a.tape != nil {
		return a.tape.section(ctx, off, size)
	}
	return io.NewSectionReader(a.file, off, size), func() error { return nil }, nil
}

// openMembers finds out what kind of archive this is, and opens the image in it.
func (s *source) openMembers(ctx context.Context, a *archive, sel selection) error {
	stored := s.stored // the archive's size: what the manifest says of sizes does not count
	defer func() { s.stored = stored }()
	if a.damaged != nil {
		s.report(artifact.Corrupt, "%v", a.damaged)
	}
	oci := a.has("index.json") && s.opts.Format != "docker-archive"
	if a.has("manifest.json") && s.opts.Format != "oci-archive" {
		err := s.openDockerArchive(ctx, a, sel, oci)
		if !errors.Is(err, errIncomplete) {
			return err
		}
	}
	if oci {
		s.meta.Format = "oci-archive"
		return s.openOCI(ctx, &archiveStore{a}, sel)
	}
	if a.damaged != nil {
		return a.damaged
	}
	switch s.opts.Format {
	case "docker-archive":
		return fmt.Errorf("%w: there is no manifest.json in it: not a docker-archive", artifact.ErrUnsupported)
	case "oci-archive":
		return fmt.Errorf("%w: there is no index.json in it: not an OCI archive", artifact.ErrUnsupported)
	}
	return fmt.Errorf("%w: neither manifest.json nor index.json is in it: not an image archive", artifact.ErrUnsupported)
}

// archiveStore is an OCI layout in a tar.
type archiveStore struct{ a *archive }

var _ ociStore = (*archiveStore)(nil)

func (s *archiveStore) index(ctx context.Context) ([]byte, error) {
	return s.a.read(ctx, "index.json", maxManifest)
}

func (s *archiveStore) manifest(ctx context.Context, d descriptor) ([]byte, error) {
	return s.blob(ctx, d, maxManifest)
}

func (s *archiveStore) blob(ctx context.Context, d descriptor, limit int64) ([]byte, error) {
	dig, err := parseDigest(d.Digest)
	if err != nil {
		return nil, err
	}
	b, err := s.a.read(ctx, blobPath(dig), limit)
	if err != nil {
		return nil, err
	}
	return b, dig.verify(b)
}

func (s *archiveStore) layer(_ descriptor, dig digest) (opener, int64) {
	return s.a.opener(blobPath(dig))
}

// isReference tells a whole image name from a bare tag.
func isReference(name string) bool { return strings.ContainsAny(name, "/:") }
