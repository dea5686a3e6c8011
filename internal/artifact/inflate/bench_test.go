package inflate_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	kgzip "github.com/klauspost/compress/gzip"

	"github.com/sightline-sec/sightline/internal/artifact/inflate"
)

// BenchmarkInflate sets ours against klauspost's and the standard library's decoder, on binaries, source text and noise
// compressed as builders of images do, and on each *.gz of the folder that SIGHTLINE_LAYERS names. Ratios of one run count:
// the machine may be busy.
func BenchmarkInflate(b *testing.B) {
	data := material(b, 16<<20)
	inputs := map[string][]byte{
		"mixture-6": compress(b, data, 6),
		"mixture-1": compress(b, data, 1),
		"binary-6":  compress(b, data[:16<<20], 6),
		"text-6":    compress(b, data[16<<20:len(data)-1<<20], 6),
		"noise-6":   compress(b, data[len(data)-1<<20:], 6),
		"blocks":    manyBlocks(),
	}
	if folder := os.Getenv("SIGHTLINE_LAYERS"); folder != "" {
		files, err := filepath.Glob(filepath.Join(folder, "*.gz"))
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range files {
			if inputs[filepath.Base(f)], err = os.ReadFile(f); err != nil {
				b.Fatal(err)
			}
		}
	}
	buf := make([]byte, 64<<10)
	var (
		r = inflate.NewRawReader(nil)
		k kgzip.Reader
		s gzip.Reader
	)
	read := func(b *testing.B, z interface {
		io.Reader
		Reset(src io.Reader) error
	}, gz []byte,
	) (n int) {
		if err := z.Reset(bufio.NewReaderSize(bytes.NewReader(gz), 64<<10)); err != nil {
			b.Fatal(err)
		}
		for {
			m, err := z.Read(buf)
			n += m
			if err == io.EOF { //nolint:errorlint // inside what is measured
				return n
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	ways := map[string]func(b *testing.B, gz []byte) int{
		"1-ours":      func(b *testing.B, gz []byte) int { return read(b, r, gz) },
		"3-klauspost": func(b *testing.B, gz []byte) int { return read(b, &k, gz) },
		"4-standard":  func(b *testing.B, gz []byte) int { return read(b, &s, gz) },
		"2-ours,next": func(b *testing.B, gz []byte) (n int) {
			if err := r.Reset(bytes.NewReader(gz)); err != nil {
				b.Fatal(err)
			}
			for {
				p, err := r.Next()
				n += len(p)
				if err == io.EOF { //nolint:errorlint // inside what is measured
					return n
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		},
	}
	for name, gz := range inputs {
		for way, decode := range ways {
			b.Run(name+"/"+way, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.SetBytes(int64(decode(b, gz)))
				}
			})
		}
	}
}

// manyBlocks is what slows a decoder down most: blocks that give one byte each, fixed and dynamic in turn.
func manyBlocks() []byte { return everyBlock(make([]byte, 100_000)) }
