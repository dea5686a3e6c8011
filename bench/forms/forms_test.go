package forms

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestALayerIsTheSameInAllItsForms unpacks the blobs again and compares with what the layer says of itself.
func TestALayerIsTheSameInAllItsForms(t *testing.T) {
	t.Parallel()
	pool := Pool{Dir: t.TempDir()}
	fill := func(tr *Tree) error {
		return errors.Join(tr.Mkdir("a"), tr.File("a/b", "content"), tr.Hardlink("a/c", "a/b"), tr.Symlink("a/d", "b"))
	}
	l, err := pool.Layer("one", "RUN", fill)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(l.Gzip.path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := l.plain()
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for name, r := range map[string]io.Reader{"gzip": zr, "zstd": plain} {
		h := sha256.New()
		if n, err := io.Copy(h, r); err != nil || n != l.Size || hex.EncodeToString(h.Sum(nil)) != l.DiffID {
			t.Errorf("%s unpacks to %d bytes of %x, %v; the layer says %d of %s", name, n, h.Sum(nil), err, l.Size, l.DiffID)
		}
	}
	b, err := os.ReadFile(l.Gzip.path)
	if sum := sha256.Sum256(b); err != nil || hex.EncodeToString(sum[:]) != l.Gzip.Digest {
		t.Errorf("the digest of the gzip blob is not that of its bytes, %v", err)
	}
	again, err := Pool{Dir: t.TempDir()}.Layer("one", "RUN", fill)
	if err != nil || again.DiffID != l.DiffID || again.Gzip.Digest != l.Gzip.Digest {
		t.Errorf("the same layer made again is another one, %v", err)
	}
	if _, err := pool.Layer("one", "RUN", func(*Tree) error { return errors.New("made twice") }); err != nil {
		t.Error(err)
	}
}

func TestAFailedLayerIsNotKept(t *testing.T) {
	t.Parallel()
	pool := Pool{Dir: t.TempDir()}
	broken := errors.New("no network")
	if _, err := pool.Layer("x", "", func(*Tree) error { return broken }); !errors.Is(err, broken) || err.Error() != "making layer x: no network" {
		t.Errorf("got %v", err)
	}
	if _, ok := pool.Find("x"); ok {
		t.Error("half a layer was kept")
	}
}

func TestRootIsWhatLayersSayTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pool := Pool{Dir: filepath.Join(dir, "layers")}
	var img Image
	img.Name = "x"
	for i, fill := range []func(*Tree) error{
		func(tr *Tree) error {
			return errors.Join(tr.Mkdir("hidden"), tr.File("hidden/low", "1"), tr.Mkdir("dir"), tr.File("dir/in", "1"), tr.File("gone", "1"), tr.File("file", "1"), tr.File("kept", "low"))
		},
		func(tr *Tree) error {
			return errors.Join(tr.File("hidden/high", "2"), tr.Opaque("hidden"), tr.File("dir", "2"), tr.Remove("gone"), tr.Mkdir("file"), tr.File("file/in", "2"),
				tr.Hardlink("second", "kept"))
		},
	} {
		l, err := pool.Layer(string(rune('a'+i)), "RUN", fill)
		if err != nil {
			t.Fatal(err)
		}
		img.Layers = append(img.Layers, l)
	}
	if err := Write(dir, img); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	root := filepath.Join(dir, Root)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(root, p)
		got[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"hidden/high": "2", "dir": "2", "file/in": "2", "kept": "low", "second": "low"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	f, err := os.Open(filepath.Join(dir, Archive))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sizes := map[string]int64{}
	for tr := tar.NewReader(f); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sizes[h.Name] = h.Size
	}
	for _, l := range img.Layers {
		if sizes[l.DiffID+"/layer.tar"] != l.Size {
			t.Errorf("the archive has %d bytes of layer %s, want %d", sizes[l.DiffID+"/layer.tar"], l.DiffID, l.Size)
		}
	}
}
