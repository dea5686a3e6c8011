package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// verifying sums up what is read through it.
type verifying struct {
	r    io.Reader
	want string
	sum  hash.Hash
}

func newVerifying(r io.Reader, digest string) *verifying {
	return &verifying{r: r, want: digest, sum: sha256.New()}
}

func (v *verifying) Read(p []byte) (int, error) {
	n, err := v.r.Read(p)
	v.sum.Write(p[:n])
	return n, err
}

func (v *verifying) verify() error {
	if got := "sha256:" + hex.EncodeToString(v.sum.Sum(nil)); got != v.want {
		return malformed("%s has the digest %s", v.want, got)
	}
	return nil
}
