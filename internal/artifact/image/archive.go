package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
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
// compressed as a whole; it is then unpacked to an anonymous temporary file, since images must be read out of order.
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
	a, err := s.openTar(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("opening image archive %s: %w", name, err)
	}
	s.close = a.file.Close
	s.meta.Name = target
	if err := s.openMembers(ctx, a, sel); err != nil {
		_ = a.file.Close()
		return nil, fmt.Errorf("opening image archive %s: %w", name, err)
	}
	return s, nil
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

// archive is an outer tar with an index of its members.
type archive struct {
	file    *os.File
	size    int64
	members map[string]member
	damaged error // where the tar broke off
}

// member is a file of the archive, or a link to one.
type member struct {
	off, size int64
	link      string // path of the target; empty for a file
}

// openTar takes over f: it is closed or becomes the archive's.
func (s *source) openTar(ctx context.Context, f *os.File) (*archive, error) {
	var head [6]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close()
		return nil, err
	}
	if sniff(head[:n]) != plain {
		spooled, err := s.spool(ctx, f)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		f = spooled
	} else {
		fi, err := f.Stat()
		if err != nil {
			_ = f.Close()
			return nil, err
		}
		s.stored = fi.Size()
	}
	a := &archive{file: f, members: map[string]member{}}
	if err := a.scan(ctx); err != nil {
		_ = f.Close()
		return nil, err
	}
	return a, nil
}

// scan makes the index, passing over the contents. Where the tar is damaged, what came before is kept.
func (a *archive) scan(ctx context.Context) error {
	fi, err := a.file.Stat()
	if err != nil {
		return err
	}
	a.size = fi.Size()
	win := newWindow(ctx, a.file, a.size)
	for count := 0; ; count++ {
		hdr, err := win.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if _, is := errors.AsType[*artifact.ErrLimit](err); is {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			a.damaged = fmt.Errorf("%w: the archive breaks off after %d files: %w", artifact.ErrCorrupt, count, err)
			return nil
		}
		if count >= maxMembers {
			return limitError(artifact.FilesLimit, "more than %d files in the archive", maxMembers)
		}
		if len(hdr.Name) > maxMemberName || len(hdr.Linkname) > maxMemberName || isSparse(hdr) {
			continue
		}
		name, escaped := artifact.CleanPath(hdr.Name)
		if escaped {
			continue
		}
		switch hdr.Typeflag {
		case tar.TypeReg:
			a.members[name] = member{off: win.pos, size: hdr.Size}
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

func (a *archive) read(name string, limit int64) ([]byte, error) {
	m, err := a.find(name)
	if err != nil {
		return nil, err
	}
	b, err := readSmall(io.NewSectionReader(a.file, m.off, m.size), name, m.size, limit)
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
	return func(context.Context) (*opened, error) {
		return &opened{
			at: io.NewSectionReader(a.file, m.off, size), size: size,
			close: func() error { return nil },
		}, nil
	}, size
}

// openMembers finds out what kind of archive this is, and opens the image in it.
func (s *source) openMembers(ctx context.Context, a *archive, sel selection) error {
	stored := s.stored // the archive's size: what the manifest says of sizes does not count
	defer func() { s.stored = stored }()
	if a.damaged != nil {
		s.report(artifact.Corrupt, nil, "%v", a.damaged)
	}
	oci := a.has("index.json")
	if a.has("manifest.json") {
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
	return fmt.Errorf("%w: neither manifest.json nor index.json is in it: not an image archive", artifact.ErrUnsupported)
}

// archiveStore is an OCI layout in a tar.
type archiveStore struct{ a *archive }

var _ ociStore = (*archiveStore)(nil)

func (s *archiveStore) index() ([]byte, error) { return s.a.read("index.json", maxManifest) }

func (s *archiveStore) manifest(ctx context.Context, d descriptor) ([]byte, error) {
	return s.blob(ctx, d, maxManifest)
}

func (s *archiveStore) blob(_ context.Context, d descriptor, limit int64) ([]byte, error) {
	dig, err := parseDigest(d.Digest)
	if err != nil {
		return nil, err
	}
	b, err := s.a.read(blobPath(dig), limit)
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
