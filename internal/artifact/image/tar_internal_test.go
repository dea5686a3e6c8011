package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/sightline-sec/sightline/internal/artifact"
)

func TestEntriesMeanWhatARuntimeMakesOfThem(t *testing.T) {
	t.Parallel()
	const (
		file, dir, link, hard, white, opq, other = artifact.File, artifact.Dir, artifact.Symlink, artifact.Hardlink, artifact.Whiteout, artifact.Opaque, artifact.Other
	)
	for _, c := range []struct {
		hdr  tar.Header
		want string // type, path, link, escaped; empty for nothing
	}{
		{tar.Header{Typeflag: tar.TypeReg, Name: "/etc/x"}, fmt.Sprintf("%d etc/x", file)},
		{tar.Header{Typeflag: tar.TypeDir, Name: "./"}, fmt.Sprintf("%d .", dir)},
		{tar.Header{Typeflag: 0, Name: "old/"}, fmt.Sprintf("%d old", dir)},
		{tar.Header{Typeflag: tar.TypeReg, Name: "../x"}, fmt.Sprintf("%d x  ../x", file)},
		{tar.Header{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "../../x"}, fmt.Sprintf("%d l ../../x", link)},
		{tar.Header{Typeflag: tar.TypeLink, Name: "h", Linkname: "/./a//b"}, fmt.Sprintf("%d h a/b", hard)},
		{tar.Header{Typeflag: tar.TypeLink, Name: "h", Linkname: "../../b"}, fmt.Sprintf("%d h b ../../b", hard)},
		{tar.Header{Typeflag: tar.TypeReg, Name: "a/.wh.b"}, fmt.Sprintf("%d a/b", white)},
		{tar.Header{Typeflag: tar.TypeReg, Name: ".wh.b"}, fmt.Sprintf("%d b", white)},
		{tar.Header{Typeflag: tar.TypeReg, Name: ".wh..b"}, fmt.Sprintf("%d .b", white)},
		{tar.Header{Typeflag: tar.TypeChar, Name: "a/.wh.b"}, fmt.Sprintf("%d a/b", white)},
		{tar.Header{Typeflag: tar.TypeReg, Name: "a/.wh..wh..opq"}, fmt.Sprintf("%d a", opq)},
		{tar.Header{Typeflag: tar.TypeReg, Name: ".wh..wh..opq"}, fmt.Sprintf("%d .", opq)},
		{tar.Header{Typeflag: tar.TypeReg, Name: "a/.wh.."}, fmt.Sprintf("%d a/.wh..  a/.wh..", other)},
		{tar.Header{Typeflag: tar.TypeReg, Name: "a/.wh..."}, fmt.Sprintf("%d a/.wh...  a/.wh...", other)},
		{tar.Header{Typeflag: tar.TypeReg, Name: ".wh."}, fmt.Sprintf("%d .wh.  .wh.", other)},
		{tar.Header{Typeflag: tar.TypeReg, Name: ".wh..wh.plnk/1.2"}, ""},
		{tar.Header{Typeflag: tar.TypeReg, Name: "a/.wh..wh.orph"}, ""},
		{tar.Header{Typeflag: tar.TypeChar, Name: "dev/null", Devmajor: 1, Devminor: 3}, fmt.Sprintf("%d dev/null", other)},
		{tar.Header{Typeflag: tar.TypeChar, Name: "a"}, fmt.Sprintf("%d a", other)},
		{tar.Header{Typeflag: tar.TypeFifo, Name: "p"}, fmt.Sprintf("%d p", other)},
		{tar.Header{Typeflag: tar.TypeSymlink, Name: ".", Linkname: "/"}, "0 .  !"},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		typ := c.hdr.Typeflag
		if err := w.WriteHeader(&c.hdr); err != nil {
			t.Fatalf("%s: %v", c.hdr.Name, err)
		}
		_ = w.Close()
		raw := b.Bytes()
		if typ == 0 {
			raw[156] = 0 // the writer makes it a '0' or a '5'
			fixChecksum(raw)
		}
		var got string
		err := layerOf(raw, true, artifact.Limits{}).Walk(t.Context(), func(e *artifact.Entry) error {
			got += strings.TrimRight(fmt.Sprintf("%d %s %s %s", e.Type, e.Path, e.Link, e.Escaped), " ")
			if e.Err != nil {
				got += "  !"
			}
			return nil
		})
		if err != nil || got != c.want {
			t.Errorf("%c %q: %q, %v; want %q", typ, c.hdr.Name, got, err, c.want)
		}
	}
}

func fixChecksum(h []byte) {
	copy(h[148:156], "        ")
	sum := 0
	for _, c := range h[:512] {
		sum += int(c)
	}
	copy(h[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

// TestArchivesOfGNUTarAreReadAsGNUTarWroteThem uses the real tool: long names, hard links and sparse files in each of its forms.
func TestArchivesOfGNUTarAreReadAsGNUTarWroteThem(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("tar")
	if err != nil {
		t.Skip("no tar here")
	}
	dir := t.TempDir()
	long := strings.Repeat("long-directory-name/", 15)
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, long), 0o755),
		os.WriteFile(filepath.Join(dir, long, "file"), []byte("long"), 0o644),
		os.WriteFile(filepath.Join(dir, "a"), []byte("linked"), 0o755),
		os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "b")),
		os.WriteFile(filepath.Join(dir, "sparse"), []byte("head"), 0o644),
		os.Truncate(filepath.Join(dir, "sparse"), 3<<20),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, "sparse"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("tail"), 3<<20-4); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	sparse := append([]byte("head"), make([]byte, 3<<20-8)...)
	sparse = append(sparse, "tail"...)
	want := map[string]string{"a": "linked", "sparse": string(sparse), long + "file": "long"}
	for _, form := range [][]string{
		{"--format=gnu"},
		{"--format=oldgnu"},
		{"--format=pax"},
		{"--format=pax", "--sparse", "--sparse-version=0.0"},
		{"--format=pax", "--sparse", "--sparse-version=0.1"},
		{"--format=pax", "--sparse", "--sparse-version=1.0"},
		{"--format=gnu", "--sparse"},
	} {
		args := append([]string{"-C", dir, "--sort=name", "-cf", "-"}, form...)
		out, err := exec.CommandContext(t.Context(), tool, append(args, ".")...).Output()
		if err != nil {
			t.Skipf("this tar does not do %v: %v", form, err)
		}
		for _, random := range []bool{true, false} {
			got := map[string]string{}
			var links []string
			err := layerOf(out, random, artifact.Limits{}).Walk(t.Context(), func(e *artifact.Entry) error {
				switch e.Type {
				case artifact.Hardlink:
					links = append(links, e.Path+" "+e.Link)
				case artifact.File:
					b, err := io.ReadAll(e.Content.Reader())
					if int64(len(b)) != e.Size {
						t.Errorf("%v: %s: %d bytes, %d stated", form, e.Path, len(b), e.Size)
					}
					got[e.Path] = string(b)
					return err
				}
				return nil
			})
			if err != nil || len(links) != 1 || links[0] != "b a" {
				t.Errorf("%v: %v, %v", form, links, err)
			}
			for name, data := range want {
				if got[name] != data {
					t.Errorf("%v: %.40s: %d bytes, want %d", form, name, len(got[name]), len(data))
				}
			}
		}
	}
}

func TestZstdWindowsUpTo128MiBAreReadOneAtATime(t *testing.T) {
	t.Parallel()
	var plainTar bytes.Buffer
	w := tar.NewWriter(&plainTar)
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "x", Size: 1})
	_, _ = w.Write([]byte("x"))
	_ = w.Close()
	for _, c := range []struct {
		window int
		fits   bool
	}{{1 << 20, true}, {8 << 20, true}, {64 << 20, true}, {128 << 20, true}, {256 << 20, false}} {
		var b bytes.Buffer
		z, err := zstd.NewWriter(&b, zstd.WithWindowSize(c.window), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(false))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = z.Write(plainTar.Bytes()[:600])
		_ = z.Flush() // the size is not known to the frame
		_, _ = z.Write(plainTar.Bytes()[600:])
		_ = z.Close()
		l := layerOf(b.Bytes(), true, artifact.Limits{})
		n := 0
		err = l.Walk(t.Context(), func(*artifact.Entry) error { n++; return nil })
		if (err == nil && n == 1) != c.fits {
			t.Errorf("window of %d MiB: %d entries, %v", c.window>>20, n, err)
		}
		if len(l.src.bigWindow) != 0 {
			t.Error("the slot for large windows was not given back")
		}
	}
}

func TestOldDockerArchivesLinkEqualLayers(t *testing.T) {
	t.Parallel()
	inner := func(name string) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name})
		_ = w.Close()
		return b.String()
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	put := func(h tar.Header, data string) {
		h.Size = int64(len(data))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(data))
	}
	put(tar.Header{Typeflag: tar.TypeReg, Name: "aaa/layer.tar"}, inner("x"))
	put(tar.Header{Typeflag: tar.TypeSymlink, Name: "bbb/layer.tar", Linkname: "../aaa/layer.tar"}, "")
	put(tar.Header{Typeflag: tar.TypeLink, Name: "ccc/layer.tar", Linkname: "bbb/layer.tar"}, "")
	put(tar.Header{Typeflag: tar.TypeReg, Name: "c.json"}, `{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["a","b","c"]}}`)
	put(tar.Header{Typeflag: tar.TypeReg, Name: "manifest.json"}, `[{"Config":"c.json","RepoTags":["old:1"],"Layers":["aaa/layer.tar","bbb/layer.tar","ccc/layer.tar"]}]`)
	_ = w.Close()
	path := filepath.Join(t.TempDir(), "old.tar")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	src, err := OpenArchive(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	var got []string
	for i, l := range src.Layers() {
		if err := l.Walk(t.Context(), func(e *artifact.Entry) error { got = append(got, fmt.Sprint(i, e.Path)); return nil }); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"0x", "1x", "2x"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"old:1"}, src.Artifact().RepoTags); diff != "" {
		t.Error(diff)
	}
}

// TestAnArchiveThatIsBothIsTakenAsDockersAndKnowsItsManifest has the shape of what docker save writes since version 25.
func TestAnArchiveThatIsBothIsTakenAsDockersAndKnowsItsManifest(t *testing.T) {
	t.Parallel()
	var layer bytes.Buffer
	lw := tar.NewWriter(&layer)
	_ = lw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "x"})
	_ = lw.Close()
	l := layer.Bytes()
	cfg := fmt.Appendf(nil, `{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[%q]}}`, digestOf(l))
	man := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":%q,"size":%d}]}`,
		digestOf(cfg), len(cfg), digestOf(l), len(l))
	files := map[string][]byte{
		"oci-layout":          []byte(`{"imageLayoutVersion":"1.0.0"}`),
		"index.json":          fmt.Appendf(nil, `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":%d,"annotations":{"io.containerd.image.name":"docker.io/library/both:1","org.opencontainers.image.ref.name":"1"}}]}`, digestOf(man), len(man)),
		"manifest.json":       fmt.Appendf(nil, `[{"Config":%q,"RepoTags":["both:1"],"Layers":[%q]}]`, blobPath(digestOf(cfg)), blobPath(digestOf(l))),
		blobPath(digestOf(l)): l, blobPath(digestOf(cfg)): cfg, blobPath(digestOf(man)): man,
	}
	write := func(leaveOut string) string {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for name, data := range files {
			if name != leaveOut {
				_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data))})
				_, _ = w.Write(data)
			}
		}
		_ = w.Close()
		p := filepath.Join(t.TempDir(), "both.tar")
		if err := os.WriteFile(p, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for leaveOut, format := range map[string]string{"": "docker-archive", "manifest.json": "oci-archive", "index.json": "docker-archive"} {
		src, err := OpenArchive(t.Context(), write(leaveOut), Options{})
		if err != nil {
			t.Fatal(err)
		}
		meta := src.Artifact()
		_ = src.Close()
		wantDigest := string(digestOf(man))
		if leaveOut == "index.json" {
			wantDigest = "" // nothing knows it
		}
		if meta.Format != format || meta.Digest != wantDigest || meta.ImageID != string(digestOf(cfg)) || meta.Layers[0].Digest != string(digestOf(l)) {
			t.Errorf("without %q: %+v", leaveOut, meta)
		}
		if len(src.(artifact.Reporter).Incomplete()) > 0 {
			t.Errorf("without %q: %v", leaveOut, src.(artifact.Reporter).Incomplete())
		}
	}
}
