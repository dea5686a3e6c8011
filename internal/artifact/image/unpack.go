package image

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// form is how bytes are compressed. It is found by looking: media types lie.
type form uint8

const (
	plain form = iota
	gzipped
	zstandard
	bzipped
	xzipped
)

func sniff(head []byte) form {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzipped
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return zstandard
	case len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte{0x2a, 0x4d, 0x18}):
		return zstandard // a skippable frame comes first
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzipped
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return xzipped
	}
	return plain
}

const (
	// smallWindow is what every zstd decoder must offer by RFC 8878, and what builders of images use.
	smallWindow = 8 << 20
	// bigWindow is the most that the zstd tool itself takes unasked (--long=27). One layer at a time may use it.
	bigWindow = 128 << 20
)

// unpack gives the decompressed bytes of in. done must be called at the end.
func unpack(ctx context.Context, src *source, in *bufio.Reader, f form) (r io.Reader, done func(), err error) {
	switch f {
	case gzipped:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
		}
		return z, func() { _ = z.Close() }, nil
	case zstandard:
		return unpackZstd(ctx, src, in)
	case bzipped:
		return nil, nil, fmt.Errorf("%w: bzip2 compression", artifact.ErrUnsupported)
	case xzipped:
		return nil, nil, fmt.Errorf("%w: xz compression", artifact.ErrUnsupported)
	}
	return in, func() {}, nil
}

func unpackZstd(ctx context.Context, src *source, in *bufio.Reader) (io.Reader, func(), error) {
	window, release := uint64(smallWindow), func() {}
	head, _ := in.Peek(zstd.HeaderMaxSize)
	var h zstd.Header
	err := h.Decode(head)
	if err != nil || h.Skippable || h.WindowSize > smallWindow || h.SingleSegment && h.FrameContentSize > smallWindow {
		select {
		case src.bigWindow <- struct{}{}:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
		window, release = bigWindow, func() { <-src.bigWindow }
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		release()
		return nil, nil, fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	return &zstdReader{z, window}, func() { z.Close(); release() }, nil
}

// zstdReader names the limit behind the decoder's refusal.
type zstdReader struct {
	z      *zstd.Decoder
	window uint64
}

func (r *zstdReader) Read(p []byte) (int, error) {
	n, err := r.z.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = fmt.Errorf("%w: zstd frame with a window of more than %d MiB", artifact.ErrUnsupported, r.window>>20)
	}
	return n, err
}
