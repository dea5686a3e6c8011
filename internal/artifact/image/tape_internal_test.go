package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// TestTape reads parts of a compressed archive in random order: each is what was put in, and no file appears beside it.
func TestTape(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	var plain bytes.Buffer
	tw := tar.NewWriter(&plain)
	want := map[string][]byte{}
	for i := range 12 {
		b := make([]byte, 1+rng.IntN(2*keepMember))
		for j := range b {
			b[j] = byte(rng.UintN(256))
		}
		name := fmt.Sprintf("blob%d", i)
		want[name] = b
		if err := errors.Join(tw.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(b))})); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(plain.Bytes())
	_ = z.Close()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.tar.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newSource(Options{}).openTar(t.Context(), f, int64(packed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.close() }()
	if len(a.members) != len(want) || a.tape == nil {
		t.Fatalf("%d members", len(a.members))
	}
	for range 20 {
		name := fmt.Sprintf("blob%d", rng.IntN(len(want)))
		open, size := a.opener(name)
		o, err := open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(o.r)
		if err := errors.Join(err, o.close()); err != nil || int64(len(got)) != size || !bytes.Equal(got, want[name]) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("files beside the archive: %v %v", left, err)
	}
}

// TestTapeIsNotReadForEver asks for the same large part again and again.
func TestTapeIsNotReadForEver(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	tw := tar.NewWriter(z)
	const size = 40 << 20
	if err := tw.WriteHeader(&tar.Header{Name: "blob", Typeflag: tar.TypeReg, Mode: 0o644, Size: size}); err != nil {
		t.Fatal(err)
	}
	_, _ = io.CopyN(tw, zeroReader{}, size)
	_ = tw.Close()
	_ = z.Close()
	path := filepath.Join(t.TempDir(), "a.tar.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newSource(Options{}).openTar(t.Context(), f, int64(packed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.close() }()
	for n := range 100 {
		open, _ := a.opener("blob")
		o, err := open(t.Context())
		if err == nil {
			_, err = io.Copy(io.Discard, o.r)
			_ = o.close()
		}
		if lim, is := errors.AsType[*artifact.ErrLimit](err); is {
			if lim.Reason != artifact.BytesLimit || n < 5 {
				t.Errorf("after %d passes: %v", n, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Error("read 100 times")
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }
