package feed

import (
	"compress/gzip"
	"fmt"
	"io"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// ReadAll reads all of r, at most limit bytes; what is bigger is an [artifact.ErrLimit].
func ReadAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, tooBig(limit)
	}
	return b, nil
}

// Gunzip reads the contents of a gzip stream, at most limit bytes of them: a reader past that returns an [artifact.ErrLimit].
func Gunzip(r io.Reader, limit int64) (io.Reader, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	return &bounded{r: z, left: limit, limit: limit}, nil
}

// bounded is a reader that says so when it ends early, where io.LimitedReader would pretend the end of the file.
type bounded struct {
	r           io.Reader
	left, limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		n, err := b.r.Read(one[:])
		if n > 0 {
			return 0, tooBig(b.limit)
		}
		return 0, err
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func tooBig(limit int64) error {
	return &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("more than %d bytes", limit)}
}
