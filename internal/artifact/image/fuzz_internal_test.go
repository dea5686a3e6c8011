package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// layerOf is a layer of bytes in memory, read one of the two ways.
func layerOf(b []byte, random bool, lim artifact.Limits) *layer {
	src := newSource(Options{Limits: lim})
	src.stored = int64(len(b))
	return &layer{src: src, size: -1, open: func(context.Context) (*opened, error) {
		o := &opened{size: int64(len(b)), close: func() error { return nil }}
		if random {
			o.at = bytes.NewReader(b)
		} else {
			o.r = struct{ io.Reader }{bytes.NewReader(b)}
		}
		return o, nil
	}}
}

// outcome is what a walk saw, as lines.
func outcome(l *layer) (lines []string, err error) {
	err = l.Walk(context.Background(), func(e *artifact.Entry) error {
		line := fmt.Sprintf("%d %q %q %q %d %v", e.Type, e.Path, e.Link, e.Escaped, e.Size, e.Err != nil)
		if e.Type == artifact.File {
			b, err := io.ReadAll(io.LimitReader(e.Content.Reader(), 1000))
			line += fmt.Sprintf(" %x %v", b, err != nil)
			if at := e.Content.ReaderAt(); at != nil {
				again := make([]byte, len(b))
				if n, err := at.ReadAt(again, 0); n != len(b) || err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(b, again) {
					line += " random access differs"
				}
			}
		}
		lines = append(lines, line)
		return nil
	})
	return lines, err
}

func addTarSeeds(f *testing.F) {
	f.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeDir, Name: "etc/"},
		{Typeflag: tar.TypeReg, Name: "etc/x", Size: 3},
		{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "../b"},
		{Typeflag: tar.TypeLink, Name: "c", Linkname: "/etc/x"},
		{Typeflag: tar.TypeReg, Name: "etc/.wh.x"},
		{Typeflag: tar.TypeReg, Name: ".wh..wh..opq"},
		{Typeflag: tar.TypeFifo, Name: "p"},
		{Typeflag: tar.TypeReg, Name: strings.Repeat("long/", 60) + "x", Format: tar.FormatPAX},
		{Typeflag: tar.TypeReg, Name: "../" + strings.Repeat("g", 200), Format: tar.FormatGNU},
	} {
		if err := w.WriteHeader(&h); err != nil {
			f.Fatal(err)
		}
		if h.Size > 0 {
			_, _ = w.Write([]byte("abc"))
		}
	}
	_ = w.Close()
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:1700])
	f.Add([]byte{})
	f.Add(make([]byte, 1024))
}

// FuzzWalk compares the two ways of reading a layer with each other, and the entries with what archive/tar gives.
func FuzzWalk(f *testing.F) {
	addTarSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if sniff(b) != plain {
			t.Skip()
		}
		stream, streamErr := outcome(layerOf(b, false, artifact.Limits{}))
		random, randomErr := outcome(layerOf(b, true, artifact.Limits{}))
		if diff := cmp.Diff(stream, random); diff != "" {
			t.Fatalf("stream and random access differ: %s", diff)
		}
		if (streamErr == nil) != (randomErr == nil) {
			t.Fatalf("stream: %v, random access: %v", streamErr, randomErr)
		}
		if streamErr != nil && !errors.Is(streamErr, artifact.ErrCorrupt) {
			if _, is := errors.AsType[*artifact.ErrLimit](streamErr); !is {
				t.Fatalf("an error of no kind: %v", streamErr)
			}
		}
		compareWithTar(t, b, random, randomErr)
	})
}

// compareWithTar takes from archive/tar the names that must appear, in order, and the end.
func compareWithTar(t *testing.T, b []byte, lines []string, walkErr error) {
	t.Helper()
	tr := tar.NewReader(bytes.NewReader(b))
	var want []string
	for {
		hdr, err := tr.Next()
		if errors.Is(err, io.EOF) {
			if walkErr != nil {
				t.Fatalf("archive/tar reads to the end, the walk says %v", walkErr)
			}
			break
		}
		if err != nil {
			if walkErr == nil {
				t.Fatalf("archive/tar says %v, the walk reads to the end", err)
			}
			break
		}
		clean, _ := artifact.CleanPath(hdr.Name)
		if !strings.Contains(hdr.Name, ".wh.") && len(hdr.Name) <= maxPath && len(hdr.Linkname) <= maxPath && clean != "." &&
			slices.Contains([]byte("01234567DS"), hdr.Typeflag) {
			want = append(want, fmt.Sprintf("%q", clean))
		}
	}
	var got []string
	for _, l := range lines {
		path := strings.SplitN(l, " ", 2)[1]
		q, err := quotedPrefix(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(q, ".wh.") && q != `"."` && !strings.HasPrefix(l, fmt.Sprint(artifact.Whiteout)) && !strings.HasPrefix(l, fmt.Sprint(artifact.Opaque)) {
			got = append(got, q)
		}
	}
	// A name of ".wh." in one is the other's whiteout; what is left must be the same.
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("archive/tar (-) and the walk (+): %s", diff)
	}
}

func quotedPrefix(s string) (string, error) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i+1], nil
		}
	}
	return "", fmt.Errorf("no quoted string in %s", s)
}

// FuzzUnpack feeds anything as a compressed layer: whatever comes, it ends within the limits, and each path is clean.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x01, 0x00, 0x00})
	f.Add([]byte{0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0, 0x28, 0xb5, 0x2f, 0xfd})
	const most = 1 << 20
	f.Fuzz(func(t *testing.T, b []byte) {
		l := layerOf(b, len(b)%2 == 0, artifact.Limits{TotalBytes: most})
		err := l.Walk(t.Context(), func(e *artifact.Entry) error {
			if !fs.ValidPath(strings.ToValidUTF8(e.Path, "?")) {
				t.Fatalf("%q is not clean", e.Path)
			}
			return nil
		})
		if got := l.src.spent.bytes.Load(); got > 2*most {
			t.Fatalf("%d bytes were unpacked, %d are allowed", got, most)
		}
		if err != nil {
			if _, ok := artifact.AsIncomplete(err, "", nil); !ok {
				t.Fatalf("an error that would end the scan: %v", err)
			}
		}
	})
}

// FuzzManifest parses manifests and configs: whatever is accepted holds what the rest of the package relies on.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"config":{"digest":"sha256:x"},"layers":[{"digest":"y","size":-1}]}`))
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"platform":{"os":"linux"}}]}`))
	f.Add([]byte(`{"schemaVersion":2,"config":{},"layers":[],"Manifests":[]}`))
	f.Add([]byte(`{"created":"x","config":{"Cmd":"a","ExposedPorts":{"80/tcp":{}}},"rootfs":{"diff_ids":["sha256:z"]},"history":[{"created_by":"a"},{"empty_layer":true}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseManifest(b, ""); err == nil {
			if m.isIndex() == (m.Config != nil || m.Layers.set) {
				t.Fatalf("%q: an index and an image, or neither", b)
			}
			for _, d := range slices.Concat(m.Layers.items, m.Manifests.items) {
				if dig, err := parseDigest(d.Digest); err == nil && !fs.ValidPath(blobPath(dig)) {
					t.Fatalf("%q becomes the path %q", d.Digest, blobPath(dig))
				}
			}
		} else if _, ok := artifact.AsIncomplete(err, "", nil); !ok {
			t.Fatal(err)
		}
		c, err := parseConfig(b)
		if err != nil {
			return
		}
		out := c.export()
		if !slices.IsSorted(out.ExposedPorts) || len(out.History) != len(c.History.items) {
			t.Fatalf("%q: %+v", b, out)
		}
		made := 0
		for _, h := range out.History {
			if !h.EmptyLayer {
				made++
			}
		}
		if by := c.createdBy(made); len(by) != made {
			t.Fatalf("%d steps made layers, %d are told", made, len(by))
		}
		if by := c.createdBy(made + 1); by != nil {
			t.Fatalf("a history of %d steps is aligned with %d layers", made, made+1)
		}
	})
}
