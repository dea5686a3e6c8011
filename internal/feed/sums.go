package feed

import (
	"compress/gzip"
	"context"
	"crypto/md5" //nolint:gosec // what upstream gives; against damage, not against forgery
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/outbound"
)

// verify checks the partial copy, which is whole now, against every checksum that upstream gives, and returns its SHA-256.
func (d *download) verify(ctx context.Context) (string, error) {
	want, err := d.published(ctx)
	if err != nil {
		return "", err
	}
	f, err := d.root.Open(d.name + ".part")
	if err != nil {
		return "", err
	}
	defer f.Close()
	whole := sha256.New()
	hashes := map[string]hash.Hash{"sha256": whole}
	for _, s := range d.state.Part.Sums {
		switch s.Algorithm {
		case "md5":
			hashes[s.Algorithm] = md5.New() //nolint:gosec // as above
		case "crc32c":
			hashes[s.Algorithm] = crc32.New(crc32.MakeTable(crc32.Castagnoli))
		}
	}
	var all []io.Writer
	for _, h := range hashes {
		all = append(all, h)
	}
	if _, err := io.Copy(io.MultiWriter(all...), f); err != nil {
		return "", err
	}
	for _, s := range d.state.Part.Sums {
		if h := hashes[s.Algorithm]; h != nil && string(h.Sum(nil)) != string(s.Value) {
			return "", errSum(s.Algorithm)
		}
	}
	got := hex.EncodeToString(whole.Sum(nil))
	if want.contents != "" {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return "", err
		}
		inner, err := sumGunzipped(f)
		if err != nil {
			return "", err
		}
		if inner != want.contents {
			return "", errSum("sha256")
		}
	}
	if want.file != "" && got != want.file {
		return "", errSum("sha256")
	}
	return got, nil
}

func (d *download) sha256(name string) (string, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func sumGunzipped(r io.Reader) (string, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return "", fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(z, maxContents)); err != nil {
		return "", fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

const (
	maxContents = 64 << 30
	maxSumFile  = 1 << 20
)

// sumFile is what a checksum file says, in lower-case hex.
type sumFile struct{ file, contents string }

// published gives the checksum that the index told, or fetches the checksum file where there is one. Mirrors may be without.
func (d *download) published(ctx context.Context) (sumFile, error) {
	if d.sum != "" {
		return sumFile{file: d.sum}, nil
	}
	if d.sumURL == "" {
		return sumFile{}, nil
	}
	resp, err := d.client.Get(ctx, d.sumURL, outbound.Conditions{})
	if errors.Is(err, artifact.ErrNotFound) {
		return sumFile{}, nil
	}
	if err != nil {
		return sumFile{}, err
	}
	defer resp.Body.Close()
	b, err := ReadAll(resp.Body, maxSumFile)
	if err != nil {
		return sumFile{}, err
	}
	of := d.res.Path
	if len(d.steps) > 0 {
		of = d.url
	}
	return parseSumFile(d.res.Sum, path.Base(of), string(b))
}

// parseSumFile reads NVD's ".meta" ("sha256:ABC..." on a line of its own) or the output of sha256sum.
func parseSumFile(name, of, text string) (sumFile, error) {
	for line := range strings.Lines(text) {
		if strings.HasSuffix(name, ".meta") {
			if sum, ok := strings.CutPrefix(strings.TrimSpace(line), "sha256:"); ok && isSHA256(sum) {
				return sumFile{contents: strings.ToLower(sum)}, nil
			}
			continue
		}
		fields := strings.Fields(line)
		if len(fields) == 0 || !isSHA256(fields[0]) {
			continue
		}
		if len(fields) == 1 || strings.TrimPrefix(fields[1], "*") == of {
			return sumFile{file: strings.ToLower(fields[0])}, nil
		}
	}
	return sumFile{}, fmt.Errorf("the checksum file %s beside it holds no SHA-256", name)
}

func isSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}
