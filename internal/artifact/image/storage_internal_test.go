package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/hostile"
)

// handMade is a store as podman writes it, of which a case spoils something.
type handMade struct {
	images []storageImage
	layers []storageLayer
	files  map[string]string // below the root
}

const storageDigits = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

func id(n int) string { return fmt.Sprintf("%s%x", storageDigits, n) }

// newHandMade has one image of two layers, a file in each.
func newHandMade() *handMade {
	config := `{"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:` + id(1) + `", "sha256:` + id(2) + `"]}}`
	configDigest := string(digestOf([]byte(config)))
	manifest := fmt.Sprintf(`{"schemaVersion": 2, "config": {"digest": %q, "size": %d}, "layers": [{"digest": "sha256:%s", "size": 7}, {"digest": "sha256:%s", "size": 8}]}`,
		configDigest, len(config), id(3), id(4))
	img := storageImage{
		ID: strings.TrimPrefix(configDigest, "sha256:"), Digest: string(digestOf([]byte(manifest))), Names: []string{"docker.io/library/app:1"},
		TopLayer: id(2), BigDataNames: []string{configDigest, "manifest"}, driver: "overlay",
	}
	return &handMade{
		images: []storageImage{img},
		layers: []storageLayer{{ID: id(1), DiffDigest: "sha256:" + id(1)}, {ID: id(2), Parent: id(1), DiffDigest: "sha256:" + id(2)}},
		files: map[string]string{
			img.bigData("manifest"):           manifest,
			img.bigData(configDigest):         config,
			"overlay/" + id(1) + "/diff/low":  "low",
			"overlay/" + id(2) + "/diff/high": "high",
			"secret":                          hostile.Marker,
		},
	}
}

func (h *handMade) write(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	images, err := json.Marshal(h.images)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := json.Marshal(h.layers)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"overlay-images/images.json": string(images), "overlay-layers/layers.json": string(layers)}
	for _, files := range []map[string]string{all, h.files} {
		for name, body := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// storedFiles opens an image and lists its files, with the error of opening or reading.
func storedFiles(ctx context.Context, ref string, dirs ...string) (files []string, err error) {
	opts := Options{}
	opts.Local.Storage = dirs
	src, err := OpenStorage(ctx, ref, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	for i, l := range src.Layers() {
		if bad := l.Walk(ctx, func(e *artifact.Entry) error {
			if e.Type == artifact.File {
				files = append(files, fmt.Sprintf("%d %s", i, e.Path))
			}
			return nil
		}); bad != nil {
			err = errors.Join(err, bad)
		}
	}
	return files, err
}

func TestStorageByHand(t *testing.T) {
	t.Parallel()
	whole := []string{"0 low", "1 high"}
	for _, c := range []struct {
		name  string
		spoil func(*handMade)
		want  []string
		err   error
	}{
		{"whole", func(*handMade) {}, whole, nil},
		{"the layers lie in a circle", func(h *handMade) { h.layers[0].Parent = id(2) }, nil, artifact.ErrCorrupt},
		{"a layer is not listed", func(h *handMade) { h.layers = h.layers[1:] }, nil, artifact.ErrNotFound},
		{"an ID is a path", func(h *handMade) {
			h.images[0].TopLayer = "../../.."
			h.layers = append(h.layers, storageLayer{ID: "../../.."})
		}, nil, artifact.ErrCorrupt},
		{"too few layers", func(h *handMade) { h.images[0].TopLayer = id(1) }, nil, artifact.ErrCorrupt},
		{"a directory is gone", func(h *handMade) { delete(h.files, "overlay/"+id(2)+"/diff/high") }, whole[:1], artifact.ErrNotFound},
		{"another manifest", func(h *handMade) { h.files[h.images[0].bigData("manifest")] = `{"schemaVersion": 2}` }, nil, artifact.ErrUnsupported},
		{"another config", func(h *handMade) { h.files[h.images[0].bigData(h.images[0].BigDataNames[0])] = `{}` }, nil, artifact.ErrDigest},
		{"composefs", func(h *handMade) { h.files["overlay/"+id(1)+"/composefs-data/composefs.blob"] = "x" }, whole[1:], artifact.ErrUnsupported},
		{"an image's ID is a path", func(h *handMade) { h.images[0].ID = "../../../x" }, nil, artifact.ErrNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHandMade()
			c.spoil(h)
			got, err := storedFiles(t.Context(), "app:1", h.write(t))
			if diff := cmp.Diff(c.want, got); diff != "" || !errors.Is(err, c.err) || (c.err == nil) != (err == nil) {
				t.Errorf("%v, want %v %s", err, c.err, diff)
			}
		})
	}
}

func TestLayersOfOneStoreMayLieInAnother(t *testing.T) {
	t.Parallel()
	base, top := newHandMade(), newHandMade()
	base.images, base.layers = nil, base.layers[:1]
	top.layers = top.layers[1:]
	delete(top.files, "overlay/"+id(1)+"/diff/low")
	got, err := storedFiles(t.Context(), "app:1", top.write(t), base.write(t))
	if diff := cmp.Diff([]string{"0 low", "1 high"}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestAStoreThatLiesAboutDiffIDsIsReported(t *testing.T) {
	t.Parallel()
	h := newHandMade()
	h.layers[1].DiffDigest = "sha256:" + id(9)
	opts := Options{}
	opts.Local.Storage = []string{h.write(t)}
	src, err := OpenStorage(t.Context(), "app:1", opts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	odd := src.(artifact.Reporter).Incomplete()
	if len(odd) != 1 || odd[0].Reason != artifact.DigestMismatch {
		t.Errorf("%+v", odd)
	}
	if l := src.Artifact().Layers[1]; l.DiffID != "sha256:"+id(2) || l.Digest != "sha256:"+id(4) || l.Size != 8 {
		t.Errorf("%+v", l)
	}
}

func TestALinkInAStoreIsNotFollowedOutOfIt(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	if err := os.WriteFile(outside+"/secret", []byte(hostile.Marker), 0o644); err != nil {
		t.Fatal(err)
	}
	h := newHandMade()
	dir := h.write(t)
	diff := filepath.Join(dir, "overlay", id(2), "diff")
	if err := errors.Join(os.RemoveAll(diff), os.Symlink(outside, diff)); err != nil {
		t.Fatal(err)
	}
	got, err := storedFiles(t.Context(), "app:1", dir)
	if d := cmp.Diff([]string{"0 low"}, got); d != "" || err == nil {
		t.Errorf("%v %s", err, d)
	}
}

// FuzzStorageLists reads lists that say anything: what is opened lies below the store, and layers are as many as the
// manifest has, each in a directory of its own place.
func FuzzStorageLists(f *testing.F) {
	h := newHandMade()
	images, _ := json.Marshal(h.images)
	layers, _ := json.Marshal(h.layers)
	f.Add(string(images), string(layers))
	f.Add(strings.ReplaceAll(string(images), id(2), "../../x"), string(layers))
	f.Add(`[{"id": null}]`, `[{}]`)
	f.Add(strings.Repeat("[", 20000), "null")
	base := h.write(f)
	f.Fuzz(func(t *testing.T, images, layers string) {
		for name, text := range map[string]string{"images": images, "layers": layers} {
			if err := os.WriteFile(filepath.Join(base, "overlay-"+name, name+".json"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		opts := Options{}
		opts.Local.Storage = []string{base}
		src, err := OpenStorage(t.Context(), "app:1", opts)
		if err != nil {
			return
		}
		defer func() { _ = src.Close() }()
		if len(src.Layers()) != 2 || len(src.Artifact().Layers) != 2 {
			t.Errorf("%d layers, %+v", len(src.Layers()), src.Artifact().Layers)
		}
		for i, l := range src.Layers() {
			u, is := l.(*unpackedLayer)
			if !is {
				continue
			}
			if place := strings.Split(u.dir, "/"); len(place) != 3 || !fs.ValidPath(u.dir) || !storageID.MatchString(place[1]) {
				t.Errorf("layer %d in %q", i, u.dir)
			}
		}
	})
}
