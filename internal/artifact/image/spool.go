package image

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// spool unpacks a compressed archive to a temporary file without a name: nothing is left behind, however the program
// ends. The limits of a layer hold for it.
func (s *source) spool(ctx context.Context, f *os.File) (*os.File, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s.stored = fi.Size()
	raw := &rawReader{r: f, ctx: ctx}
	in := bufio.NewReaderSize(raw, 64<<10)
	head, _ := in.Peek(6)
	unpacked, done, err := unpack(ctx, s, in, sniff(head))
	if err != nil {
		return nil, err
	}
	defer done()
	out, err := os.CreateTemp(tempDir(s.opts.TempDir), "sightline-*.tar")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file to unpack the archive: %w", err)
	}
	if err := errors.Join(os.Remove(out.Name()), s.copy(out, unpacked, raw)); err != nil {
		_ = out.Close()
		return nil, err
	}
	return out, nil
}

func (s *source) copy(out io.Writer, in io.Reader, raw *rawReader) error {
	buf := make([]byte, 256<<10)
	var total int64
	for {
		n, err := in.Read(buf)
		total += int64(n)
		if total > s.limits.TotalBytes {
			return limitError(artifact.BytesLimit, "more than %d bytes when decompressed", s.limits.TotalBytes)
		}
		if total > ratioFrom && total/s.limits.Ratio > raw.n {
			return limitError(artifact.RatioLimit, "%d bytes were decompressed from %d, more than %d to 1", total, raw.n, s.limits.Ratio)
		}
		if _, werr := out.Write(buf[:n]); werr != nil {
			return fmt.Errorf("unpacking the archive to a temporary file: %w", werr)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return decodeError(err, raw)
		}
	}
}

func tempDir(chosen string) string {
	if d := cmp.Or(chosen, os.Getenv("TMPDIR")); d != "" {
		return d
	}
	// By the file system hierarchy standard /tmp may be memory, and /var/tmp is for what is large.
	if fi, err := os.Stat("/var/tmp"); err == nil && fi.IsDir() {
		return "/var/tmp"
	}
	return os.TempDir()
}
