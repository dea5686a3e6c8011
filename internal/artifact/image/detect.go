package image

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// detectBytes of a compressed archive are unpacked to see what it is; of a plain one all headers are looked at.
const detectBytes = 64 << 20

// DetectFile tells by looking whether path is an image archive: "docker-archive", "oci-archive", or "" for anything else. For an
// archive that is both it says docker-archive. The error is of reading the file; damage is not an error.
func DetectFile(ctx context.Context, path string) (string, error) {
	f, err := openRegular(path)
	if err != nil {
		if errors.Is(err, artifact.ErrUnsupported) {
			return "", nil
		}
		return "", fmt.Errorf("looking at %s: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	fi, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("looking at %s: %w", path, err)
	}
	kind, err := detect(ctx, f, fi.Size())
	if err != nil {
		return "", fmt.Errorf("looking at %s: %w", path, err)
	}
	return kind, nil
}

// Detect tells what [DetectFile] tells of a file.
func (k *Kept) Detect(ctx context.Context) (string, error) { return detect(ctx, k, k.size) }

func detect(ctx context.Context, f io.ReaderAt, size int64) (string, error) {
	var head [6]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if sniff(head[:n]) == plain {
		return detectTar(newWindow(ctx, f, size)), nil
	}
	in := bufio.NewReaderSize(&rawReader{r: io.NewSectionReader(f, 0, size), ctx: ctx}, 64<<10)
	unpacked, done, err := unpack(ctx, newSource(Options{}), in, sniff(head[:n]))
	if err != nil {
		return "", nil // damaged or of another compression: not an image archive
	}
	defer done()
	m := &meter{layer: &layer{src: newSource(Options{})}, ctx: ctx}
	return detectTar(newTarReader(io.LimitReader(unpacked, detectBytes), m)), nil
}

// detectTar looks at the names in a tar until they tell. What it cannot see in a bounded part of a compressed archive is
// guessed from the names that come first.
func detectTar(heads nexter) string {
	guess := ""
	for range maxMembers {
		hdr, err := heads.next()
		if err != nil {
			return guess
		}
		name, _ := artifact.CleanPath(hdr.Name)
		switch {
		case name == "manifest.json":
			return "docker-archive"
		case name == "oci-layout", name == "index.json":
			guess = "oci-archive"
		case guess != "":
		case strings.HasPrefix(name, "blobs/sha256/"):
			guess = "oci-archive"
		case path.Base(name) == "layer.tar", isHexName(name):
			guess = "docker-archive"
		}
	}
	return guess
}

// isHexName is true for <digest>.json, <digest>.tar and <digest>/... at the top of the archives of older tools.
func isHexName(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	top = strings.TrimPrefix(top, "sha256:")
	top, _, _ = strings.Cut(top, ".")
	return len(top) == 64 && strings.Trim(top, "0123456789abcdef") == ""
}
