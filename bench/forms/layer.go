package forms

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// Layer is one made layer.
type Layer struct {
	CreatedBy string `json:"created_by"`
	DiffID    string `json:"diff_id"` // hex
	Size      int64  `json:"size"`    // of the plain tar
	Files     int    `json:"files"`
	Gzip      Blob   `json:"gzip"`
	Zstd      Blob   `json:"zstd"`
}

// Blob is a layer as it is stored.
type Blob struct {
	Digest string `json:"digest"` // hex
	Size   int64  `json:"size"`
	path   string
}

// Pool keeps made layers, each in a folder of its own.
type Pool struct{ Dir string }

// Find returns a layer that was made before.
func (p Pool) Find(name string) (Layer, bool) {
	var l Layer
	dir := filepath.Join(p.Dir, name)
	b, err := os.ReadFile(filepath.Join(dir, "layer.json"))
	if err != nil || json.Unmarshal(b, &l) != nil {
		return Layer{}, false
	}
	l.Gzip.path, l.Zstd.path = filepath.Join(dir, "gzip"), filepath.Join(dir, "zstd")
	return l, true
}

// Layer returns the layer of that name, and makes it with fill where it is not there. The blobs are compressed as
// the common builders do it: gzip of the standard library at its default level, zstd at its default level.
func (p Pool) Layer(name, createdBy string, fill func(*Tree) error) (Layer, error) {
	if l, ok := p.Find(name); ok {
		return l, nil
	}
	dir := filepath.Join(p.Dir, name)
	if err := os.RemoveAll(dir); err != nil {
		return Layer{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Layer{}, err
	}
	l := Layer{CreatedBy: createdBy}
	if err := l.make(dir, fill); err != nil {
		return Layer{}, fmt.Errorf("making layer %s: %w", name, err)
	}
	b, err := json.MarshalIndent(l, "", "\t")
	if err != nil {
		return Layer{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, "layer.json"), b, 0o644); err != nil {
		return Layer{}, err
	}
	l, _ = p.Find(name)
	return l, nil
}

func (l *Layer) make(dir string, fill func(*Tree) error) error {
	gz, err := startBlob(filepath.Join(dir, "gzip"), func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, 6) })
	if err != nil {
		return err
	}
	zs, err := startBlob(filepath.Join(dir, "zstd"), func(w io.Writer) (io.WriteCloser, error) {
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	})
	if err != nil {
		return errors.Join(err, gz.finish(err, &l.Gzip))
	}
	diff := &meter{hash: sha256.New()}
	tw := tar.NewWriter(io.MultiWriter(diff, gz.in, zs.in))
	tree := &Tree{tw: tw, seen: map[inode]string{}}
	err = fill(tree)
	if err == nil {
		err = tw.Close()
	}
	errGz, errZs := gz.finish(err, &l.Gzip), zs.finish(err, &l.Zstd)
	if err == nil { // else both have it too
		err = errors.Join(errGz, errZs)
	}
	l.DiffID, l.Size, l.Files = diff.sum(), diff.n, tree.entries
	return err
}

// plain opens the layer without compression; reading to the end is left to the caller.
func (l Layer) plain() (io.ReadCloser, error) {
	f, err := os.Open(l.Zstd.path)
	if err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{d, closer(func() error { d.Close(); return f.Close() })}, nil
}

type closer func() error

func (c closer) Close() error { return c() }

// blobWriter compresses on a goroutine of its own.
type blobWriter struct {
	in   *io.PipeWriter
	done chan error
	out  *meter
}

func startBlob(path string, compress func(io.Writer) (io.WriteCloser, error)) (*blobWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	b := &blobWriter{in: w, done: make(chan error, 1), out: &meter{hash: sha256.New(), w: f}}
	c, err := compress(b.out)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	go func() {
		_, err := io.CopyBuffer(c, struct{ io.Reader }{r}, make([]byte, 1<<20))
		err = errors.Join(err, c.Close(), f.Close())
		_ = r.CloseWithError(err)
		b.done <- err
	}()
	return b, nil
}

func (b *blobWriter) finish(err error, to *Blob) error {
	_ = b.in.CloseWithError(err)
	err = <-b.done
	to.Digest, to.Size = b.out.sum(), b.out.n
	return err
}

// meter counts and hashes what passes.
type meter struct {
	hash hash.Hash
	w    io.Writer
	n    int64
}

func (m *meter) Write(p []byte) (int, error) {
	m.n += int64(len(p))
	_, _ = m.hash.Write(p)
	if m.w == nil {
		return len(p), nil
	}
	return m.w.Write(p)
}

func (m *meter) sum() string { return hex.EncodeToString(m.hash.Sum(nil)) }
