package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	fetchAttempts = 5 // without a byte in between
	fetchWait     = 200 * time.Millisecond
)

// fetcher downloads blobs into files beside the database, where an interrupted download is found again.
type fetcher struct {
	src      Source
	out      string
	progress func(done, total int64)
	fetched  int64 // bytes that came over the wire
	wait     time.Duration
}

func (f *fetcher) partName(d Descriptor) string {
	return filepath.Join(filepath.Dir(f.out), "."+filepath.Base(f.out)+"."+d.Digest[len("sha256:"):][:16]+".part")
}

// tidy removes all partial downloads.
func (f *fetcher) tidy() {
	names, _ := filepath.Glob(filepath.Join(filepath.Dir(f.out), "."+filepath.Base(f.out)+".*.part")) // nothing is lost when it fails
	for _, n := range names {
		_ = os.Remove(n)
	}
}

// fetch gives a file with a blob's bytes, verified. What a former download left is taken up.
func (f *fetcher) fetch(ctx context.Context, d Descriptor) (_ *os.File, err error) {
	name := f.partName(d)
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is in the way of the download", name)
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making room for the download: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	for {
		had, sum, err := f.complete(ctx, file, d)
		if err != nil {
			return nil, fmt.Errorf("fetching %s: %w", d.Digest, err)
		}
		if sum == d.Digest {
			if _, err := file.Seek(0, io.SeekStart); err != nil {
				return nil, err
			}
			return file, nil
		}
		if err := file.Truncate(0); err != nil {
			return nil, err
		}
		if had == 0 {
			return nil, malformed("%s has the digest %s", d.Digest, sum)
		}
		// What lay there from before was of no use: once more from the start.
	}
}

// complete downloads what is missing of a file. It says how many bytes were there before.
func (f *fetcher) complete(ctx context.Context, file *os.File, d Descriptor) (had int64, sum string, err error) {
	h := sha256.New()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, "", err
	}
	if had, err = io.Copy(h, io.LimitReader(file, d.Size+1)); err != nil {
		return 0, "", err
	}
	if had > d.Size {
		h.Reset()
		had = 0
		if err := file.Truncate(0); err != nil {
			return 0, "", err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return 0, "", err
		}
	}
	at, failures := had, 0
	for at < d.Size {
		n, err := f.some(ctx, d, at, io.MultiWriter(file, h))
		at += n
		f.fetched += n
		if err == nil {
			continue
		}
		if failures++; n > 0 {
			failures = 1
		}
		if ctx.Err() != nil {
			return had, "", context.Cause(ctx)
		}
		if _, disk := errors.AsType[*fs.PathError](err); disk || errors.Is(err, artifact.ErrNotFound) || failures >= fetchAttempts {
			return had, "", err
		}
		select {
		case <-time.After(f.wait << failures):
		case <-ctx.Done():
		}
	}
	return had, "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// some downloads from one offset on until the source breaks off.
func (f *fetcher) some(ctx context.Context, d Descriptor, at int64, w io.Writer) (int64, error) {
	rc, err := f.src.Blob(ctx, d, at)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rc.Close() }()
	total := int64(0)
	for {
		n, err := io.CopyN(w, rc, min(1<<20, d.Size-at-total))
		total += n
		if f.progress != nil {
			f.progress(at+total, d.Size)
		}
		switch {
		case at+total == d.Size:
			return total, nil
		case errors.Is(err, io.EOF):
			return total, fmt.Errorf("%w: it breaks off after %d of %d bytes", artifact.ErrUnreachable, at+total, d.Size)
		case err != nil:
			return total, err
		}
	}
}
