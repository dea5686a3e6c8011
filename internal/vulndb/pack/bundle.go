package pack

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// A bundle is an artifact in one file: a tar of an OCI image layout, as other tools read it too. Its index names the database
// "database", and each signature by its tag.
const (
	bundleName    = "database"
	refAnnotation = "org.opencontainers.image.ref.name"
	maxMembers    = 1000
)

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []Descriptor `json:"manifests"`
}

// BundleWriter writes a bundle. It is a [Sink]; Close writes what is last, and leaves the underlying writer open.
type BundleWriter struct {
	tar   *tar.Writer
	there map[string]bool
	index index
}

var _ Sink = (*BundleWriter)(nil)

// NewBundleWriter begins a bundle.
func NewBundleWriter(w io.Writer) (*BundleWriter, error) {
	b := &BundleWriter{tar: tar.NewWriter(w), there: map[string]bool{}, index: index{SchemaVersion: 2, MediaType: indexType}}
	return b, b.member("oci-layout", 30, strings.NewReader(`{"imageLayoutVersion":"1.0.0"}`))
}

// member writes a file. Times are fixed: the same artifact gives the same bundle.
func (b *BundleWriter) member(name string, size int64, r io.Reader) error {
	if err := b.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := io.CopyN(b.tar, r, size)
	return err
}

// PutBlob writes a blob.
func (b *BundleWriter) PutBlob(_ context.Context, d Descriptor, open func() (io.ReadCloser, error)) error {
	if b.there[d.Digest] {
		return nil
	}
	b.there[d.Digest] = true
	rc, err := open()
	if err != nil {
		return err
	}
	v := newVerifying(rc, d.Digest)
	if err = b.member(blobName(d.Digest), d.Size, v); err == nil {
		err = v.verify()
	}
	return errors.Join(err, rc.Close())
}

// PutManifest writes a manifest and names it.
func (b *BundleWriter) PutManifest(ctx context.Context, tag string, d Descriptor, raw []byte) error {
	if tag == "" {
		tag = bundleName
	}
	if err := b.PutBlob(ctx, d, inMemory(d.MediaType, raw).open); err != nil {
		return err
	}
	d.Annotations = map[string]string{refAnnotation: tag}
	b.index.Manifests = append(b.index.Manifests, d)
	return nil
}

// Close writes the index.
func (b *BundleWriter) Close() error {
	raw, err := json.Marshal(b.index)
	if err != nil {
		return err
	}
	if err := b.member("index.json", int64(len(raw)), strings.NewReader(string(raw))); err != nil {
		return err
	}
	return b.tar.Close()
}

func blobName(digest string) string { return "blobs/" + strings.Replace(digest, ":", "/", 1) }

// Bundle is a bundle that is read. It is a [Source].
type Bundle struct {
	file    *os.File
	members map[string]span
	index   index
}

type span struct{ at, size int64 }

var _ Source = (*Bundle)(nil)

// OpenBundle opens a bundle. Its error wraps [ErrMalformed] where the file is none.
func OpenBundle(name string) (_ *Bundle, err error) {
	info, err := os.Stat(name) // before opening it, since opening a named pipe would wait
	if err != nil {
		return nil, fmt.Errorf("opening the bundle: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, malformed("%s is not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the bundle: %w", err)
	}
	b := &Bundle{file: f, members: map[string]span{}}
	if err := b.read(); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("reading the bundle %s: %w", name, err)
	}
	return b, nil
}

func (b *Bundle) read() error {
	tr := tar.NewReader(b.file)
	for n := 0; ; n++ {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return malformed("not a tar archive, or cut short: %v", err)
		}
		if n >= maxMembers {
			return malformed("more than %d files", maxMembers)
		}
		at, err := b.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(h.Name, "./")
		if _, twice := b.members[name]; h.Typeflag == tar.TypeReg && !twice {
			b.members[name] = span{at, h.Size}
		}
	}
	raw, err := b.small("index.json", maxManifest)
	if err != nil {
		return malformed("it has no index")
	}
	if err := json.Unmarshal(raw, &b.index); err != nil {
		return malformed("its index cannot be read")
	}
	return nil
}

func (b *Bundle) small(name string, limit int64) ([]byte, error) {
	s, ok := b.members[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s in the bundle", artifact.ErrNotFound, name)
	}
	if s.size > limit {
		return nil, malformed("%s has %d bytes, of which %d are read", name, s.size, limit)
	}
	return io.ReadAll(io.NewSectionReader(b.file, s.at, s.size))
}

// Manifest gives a manifest by tag or digest; by an empty reference the database's.
func (b *Bundle) Manifest(_ context.Context, reference string, limit int64) ([]byte, error) {
	if reference == "" {
		reference = bundleName
	}
	for _, d := range b.index.Manifests {
		if !isDigest(d.Digest) || d.Annotations[refAnnotation] != reference && d.Digest != reference {
			continue
		}
		raw, err := b.small(blobName(d.Digest), limit)
		if err == nil && digestOf(raw) != d.Digest {
			return nil, malformed("%s has the digest %s", d.Digest, digestOf(raw))
		}
		return raw, err
	}
	return nil, fmt.Errorf("%w: %q in the bundle", artifact.ErrNotFound, reference)
}

// Blob opens a blob.
func (b *Bundle) Blob(_ context.Context, d Descriptor, offset int64) (io.ReadCloser, error) {
	s, ok := b.members[blobName(d.Digest)]
	if !ok {
		return nil, fmt.Errorf("%w: %s in the bundle", artifact.ErrNotFound, d.Digest)
	}
	if s.size != d.Size || offset > s.size {
		return nil, malformed("%s has %d bytes, not %d", d.Digest, s.size, d.Size)
	}
	return io.NopCloser(io.NewSectionReader(b.file, s.at+offset, s.size-offset)), nil
}

// Close closes the file.
func (b *Bundle) Close() error { return b.file.Close() }
