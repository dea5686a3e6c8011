package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync/atomic"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	// ratioFrom is how much may be decompressed before ratios are looked at: small files of zeros are common.
	ratioFrom = 256 << 20
	// nameBytes is what an entry's names may hold on average. Limits.Files entries of this size are the most that
	// a caller who keeps all paths must hold.
	nameBytes = 64
	// trailerBytes are decompressed past the end of an archive to reach the checksum behind its padding.
	trailerBytes = 1 << 20
)

// meter charges one walk of one layer to the limits of the artifact.
type meter struct {
	layer *layer
	ctx   context.Context // of this walk; the meter lives no longer
	raw   *rawReader      // the input of the decompressor; nil with random access
	out   int64           // bytes that came out of it
	count int64
	names int64
}

// raise lifts mark to n, adds the difference to total, and returns the total.
func raise(mark, total *atomic.Int64, n int64) int64 {
	for {
		old := mark.Load()
		if n <= old {
			return total.Load()
		}
		if mark.CompareAndSwap(old, n) {
			return total.Add(n - old)
		}
	}
}

// unpacked charges n bytes.
func (m *meter) unpacked(n int64) error {
	m.out += n
	src := m.layer.src
	total := raise(&m.layer.bytes, &src.spent.bytes, m.out)
	lim := src.limits
	if total > lim.TotalBytes {
		return limitError(artifact.BytesLimit, "more than %d bytes when decompressed", lim.TotalBytes)
	}
	if m.raw != nil && m.out > ratioFrom && m.out/lim.Ratio > m.raw.n {
		return limitError(artifact.RatioLimit, "%d bytes were decompressed from %d, more than %d to 1", m.out, m.raw.n, lim.Ratio)
	}
	if total > ratioFrom && total/lim.Ratio > src.stored {
		return limitError(artifact.RatioLimit, "%d bytes were decompressed from an image of %d, more than %d to 1", total, src.stored, lim.Ratio)
	}
	return nil
}

// entry charges one entry with its names.
func (m *meter) entry(names int) error {
	m.count++
	m.names += int64(names)
	src := m.layer.src
	if n := raise(&m.layer.entries, &src.spent.entries, m.count); n > src.limits.Files {
		return limitError(artifact.FilesLimit, "more than %d files", src.limits.Files)
	}
	if n := raise(&m.layer.names, &src.spent.names, m.names); n/nameBytes > src.limits.Files {
		return limitError(artifact.FilesLimit, "the names of files take %d bytes, more than %d for each of %d files", n, nameBytes, src.limits.Files)
	}
	return nil
}

func limitError(reason artifact.Reason, format string, args ...any) error {
	return &artifact.ErrLimit{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// rawReader is a blob as stored: counted, hashed if asked, and ended by its context. It remembers the error of the
// file or connection, so that this is not taken for damage by whoever decodes the bytes.
type rawReader struct {
	r   io.Reader
	ctx context.Context
	n   int64
	sum hash.Hash
	alg string
	err error
}

func (r *rawReader) check(d digest) error {
	sum, err := d.hash()
	r.sum, r.alg = sum, d.algorithm()
	return err
}

func (r *rawReader) digest() digest { return sumDigest(r.alg, r.sum) }

func (r *rawReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.ctx.Err() != nil {
		r.err = context.Cause(r.ctx)
		return 0, r.err
	}
	n, err := r.r.Read(p)
	r.n += int64(n)
	if r.sum != nil {
		r.sum.Write(p[:n])
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// tarReader is a layer's tar as it comes out of the decompressor, charged to the meter. Errors of decoding are made
// [artifact.ErrCorrupt] here.
type tarReader struct {
	r     io.Reader
	m     *meter
	heads *headers
	sum   hash.Hash
	want  digest
	err   error
}

func newTarReader(r io.Reader, m *meter) *tarReader {
	t := &tarReader{r: r, m: m, heads: &headers{}}
	t.heads.tr = tar.NewReader(t)
	return t
}

func (t *tarReader) next() (*tar.Header, error) { return t.heads.next(false) }

func (t *tarReader) check(d digest) error {
	sum, err := d.hash()
	t.sum, t.want = sum, d
	return err
}

func (t *tarReader) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.r.Read(p)
	if t.sum != nil {
		t.sum.Write(p[:n])
	}
	limit := t.m.unpacked(int64(n))
	if limit == nil {
		limit = t.heads.read(n, len(p))
	}
	if limit != nil {
		t.err = limit
		return n, limit
	}
	if err != nil {
		t.err = err
		if !errors.Is(err, io.EOF) {
			t.err = decodeError(err, t.m.raw)
		}
	}
	return n, t.err
}

// finish reads the padding behind the archive, so that checksums of the compression are seen, and compares the diff id.
func (t *tarReader) finish() error {
	limit := int64(trailerBytes)
	if t.sum != nil {
		limit = 1<<63 - 1
	}
	n, err := io.CopyN(io.Discard, t, limit)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if t.sum == nil || n == limit {
		return nil
	}
	if got := sumDigest(t.want.algorithm(), t.sum); got != t.want {
		return fmt.Errorf("%w: the layer's tar has the digest %s, the config says %s", artifact.ErrDigest, got, t.want)
	}
	return nil
}

// decodeError tells damage from an input that could not be read.
func decodeError(err error, raw *rawReader) error {
	if raw != nil && raw.err != nil {
		return raw.err
	}
	if _, is := errors.AsType[*artifact.ErrLimit](err); is {
		return err
	}
	if errors.Is(err, artifact.ErrCorrupt) || errors.Is(err, artifact.ErrUnsupported) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
}
