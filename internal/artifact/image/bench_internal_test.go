package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// bigTar is a layer of about 100 MB: 6,000 files of 16 KB on average, compressible about 3 to 1.
func bigTar(b *testing.B) []byte {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	body := make([]byte, 64<<10)
	for i := range body {
		body[i] = "etaoin shrdlu{}()0123\n"[r.IntN(22)]
	}
	for i := range 6000 {
		n := int64(r.IntN(32 << 10))
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: fmt.Sprintf("usr/lib/dir%d/file%d.py", i/50, i), Mode: 0o644, Size: n}); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Write(body[len(body)-int(n):]); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func BenchmarkWalk(b *testing.B) {
	data := bigTar(b)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(data)
	_ = z.Close()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		data   []byte
		random bool
		read   bool
		digest bool
	}{
		{"plain/skipped", data, true, false, false},
		{"plain/read", data, true, true, false},
		{"stream/skipped", data, false, false, false},
		{"gzip/skipped", zipped.Bytes(), false, false, false},
		{"gzip/read", zipped.Bytes(), false, true, false},
		{"gzip/digest", zipped.Bytes(), false, false, true},
		{"zstd/skipped", enc.EncodeAll(data, nil), false, false, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				l := layerOf(c.data, c.random, artifact.Limits{})
				if c.digest {
					l.digest = digestOf(nil)
				}
				err := l.Walk(b.Context(), func(e *artifact.Entry) error {
					if c.read && e.Type == artifact.File {
						_, err := io.Copy(io.Discard, e.Content.Reader())
						return err
					}
					return nil
				})
				if err != nil && !c.digest {
					b.Fatal(err)
				}
			}
		})
	}
}
