package image

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// digest is a checked "sha256:<hex>" or "sha512:<hex>"; its parts are safe in file names and URLs.
type digest string

func parseDigest(s string) (digest, error) {
	alg, sum, _ := strings.Cut(s, ":")
	size := map[string]int{"sha256": 64, "sha512": 128}[alg]
	if size == 0 || len(sum) != size || strings.Trim(sum, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%w: %.100q is not a digest", artifact.ErrCorrupt, s)
	}
	return digest(s), nil
}

func (d digest) algorithm() string { alg, _, _ := strings.Cut(string(d), ":"); return alg }
func (d digest) hex() string       { _, sum, _ := strings.Cut(string(d), ":"); return sum }

func (d digest) hash() (hash.Hash, error) {
	switch d.algorithm() {
	case "sha256":
		return sha256.New(), nil
	case "sha512":
		return sha512.New(), nil
	}
	return nil, fmt.Errorf("%w: digest algorithm of %s", artifact.ErrUnsupported, d)
}

func sumDigest(alg string, h hash.Hash) digest {
	return digest(alg + ":" + hex.EncodeToString(h.Sum(nil)))
}

// digestOf is the sha256 digest of b.
func digestOf(b []byte) digest {
	sum := sha256.Sum256(b)
	return digest("sha256:" + hex.EncodeToString(sum[:]))
}

// verify compares b with the digest.
func (d digest) verify(b []byte) error {
	h, err := d.hash()
	if err != nil {
		return err
	}
	h.Write(b)
	if got := sumDigest(d.algorithm(), h); got != d {
		return fmt.Errorf("%w: %s has the digest %s", artifact.ErrDigest, d, got)
	}
	return nil
}
