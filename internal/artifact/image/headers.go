package image

import (
	"archive/tar"
	"errors"
	"io"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	// oneHeader is what the headers of one file may take. archive/tar reads at most 1 MiB of each kind (PAX, long name,
	// long link), but as many of them as there are.
	oneHeader = 4 << 20
	// allHeaders and eachHeader bound the headers of an archive: they cost far more time to read than contents.
	allHeaders = 64 << 20
	eachHeader = 8 << 10
)

// headers reads the headers of a tar one after the other, and what they cost.
type headers struct {
	tr      *tar.Reader
	inNext  bool  // what is read now is headers
	sparse  bool  // what is read now may also be the rest of a sparse file, whose size in the archive is not known
	one     int64 // bytes of headers since the last file
	total   int64
	entries int64
	rest    bool // the current file has a content that was not passed over
}

// next moves to the next header. The error is io.EOF at the end.
func (h *headers) next(seeks bool) (*tar.Header, error) {
	if h.rest && !seeks {
		// Passed over here, so that what Next reads is headers.
		if _, err := io.Copy(io.Discard, h.tr); err != nil {
			return nil, err
		}
	}
	h.inNext, h.one = true, 0
	hdr, err := h.tr.Next()
	h.inNext = false
	if errors.Is(err, tar.ErrInsecurePath) && hdr != nil {
		err = nil // names are cleaned by whoever reads them
	}
	if err != nil {
		return nil, err
	}
	h.total += h.one
	if h.entries++; h.total > allHeaders && h.total > h.entries*eachHeader {
		return nil, limitError(artifact.BytesLimit, "the headers of %d files take %d bytes", h.entries, h.total)
	}
	h.sparse = isSparse(hdr)
	h.rest = !h.sparse
	return hdr, nil
}

// read is told of each read of the tar: n bytes into a buffer of the given size.
func (h *headers) read(n, buffer int) error {
	// Behind a sparse file archive/tar passes over contents in reads larger than a block.
	if !h.inNext || h.sparse && buffer > 512 {
		return nil
	}
	if h.one += int64(n); h.one > oneHeader {
		return limitError(artifact.BytesLimit, "the headers of one file take more than %d bytes", oneHeader)
	}
	return nil
}
