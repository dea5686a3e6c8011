package python

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// eggs reads zipped eggs, from which Python imports as they are.
type eggs struct{}

var _ extract.Extractor = eggs{}

func (eggs) Name() string  { return "python-egg" }
func (eggs) Revision() int { return 2 }

func (eggs) Claims() []extract.Claim { return []extract.Claim{{Suffix: ".egg"}} }

// Bounds of what is read of one egg.
const (
	maxDirectory = 8 << 20 // its directory: 80,000 files
	maxHeaders   = 1 << 20 // its metadata, whose headers come first
)

func (eggs) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	in := &bounded{r: file.ReaderAt(), left: maxDirectory}
	archive, err := zip.NewReader(in, file.Size)
	if err != nil {
		if in.passed {
			return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("a directory of more than %d MiB", maxDirectory>>20)}
		}
		return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	in.left = -1
	for _, entry := range archive.File {
		if entry.Name != "EGG-INFO/PKG-INFO" {
			continue
		}
		r, err := entry.Open()
		if err != nil {
			return fmt.Errorf("metadata: %w", err)
		}
		b, err := io.ReadAll(io.LimitReader(r, maxHeaders))
		if err = errors.Join(err, r.Close()); err != nil && len(b) < maxHeaders { // closed early, its checksum is not known
			return fmt.Errorf("metadata: %w", err)
		}
		return addDistribution(b, file.Path+"/"+entry.Name, facts)
	}
	// An egg without metadata still says in its name what it is.
	return addDistribution(nil, file.Path+"/EGG-INFO/PKG-INFO", facts)
}

// bounded lets a number of bytes be read. The zip reader of the standard library makes an object of each entry of the
// directory that it reads, however many there are; this is what bounds it.
type bounded struct {
	r      io.ReaderAt
	left   int64 // negative: no bound
	passed bool
}

func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if b.left >= 0 {
		if b.left -= int64(len(p)); b.left < 0 {
			b.left, b.passed = 0, true
			return 0, io.ErrUnexpectedEOF
		}
	}
	return b.r.ReadAt(p, at)
}
