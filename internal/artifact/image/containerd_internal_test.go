package image

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/hostile"
)

// containerdByHand makes a store with the images (name space/name to digest) and blobs. The real containerd is tried in
// internal/scan.
func containerdByHand(t *testing.T, images map[string]string, blobs ...string) string {
	t.Helper()
	dir := t.TempDir()
	file := func(name, body string) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(body), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range append(blobs, "a blob of another image") {
		file(containerdContent+"/"+blobPath(digestOf([]byte(b))), b)
	}
	file("secret", hostile.Marker)
	put(t, filepath.Join(dir, containerdMeta), func(top *bbolt.Bucket) {
		for image, digest := range images {
			ns, name, _ := strings.Cut(image, "/")
			target := nested(t, top, ns, "images", name, "target")
			if err := errors.Join(target.Put([]byte("digest"), []byte(digest)), target.Put([]byte("size"), binary.AppendVarint(nil, 1))); err != nil {
				t.Fatal(err)
			}
		}
	})
	return dir
}

// put writes a database whose top is the bucket v1.
func put(t *testing.T, path string, fill func(*bbolt.Bucket)) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(tx *bbolt.Tx) error {
		top, err := tx.CreateBucketIfNotExists([]byte("v1"))
		if err == nil {
			fill(top)
		}
		return err
	}), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func nested(t *testing.T, b *bbolt.Bucket, path ...string) *bbolt.Bucket {
	t.Helper()
	for _, name := range path {
		var err error
		if b, err = b.CreateBucketIfNotExists([]byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// oneLayer is an image of one layer: its documents, and the digests of manifest and layer.
func oneLayer(arch, layer string) (config, manifest string) {
	config = fmt.Sprintf(`{"os": "linux", "architecture": %q, "rootfs": {"diff_ids": [%q]}}`, arch, digestOf([]byte(layer)))
	manifest = fmt.Sprintf(`{"schemaVersion": 2, "config": {"digest": %q}, "layers": [{"digest": %q, "size": %d}]}`,
		digestOf([]byte(config)), digestOf([]byte(layer)), len(layer))
	return config, manifest
}

func TestContainerdByHand(t *testing.T) {
	t.Parallel()
	layer := string(make([]byte, 1024))
	armConfig, arm := oneLayer("arm64", layer)
	amdConfig, amd := oneLayer("amd64", layer)
	sum := func(s string) string { return string(digestOf([]byte(s))) }
	index := fmt.Sprintf(`{"schemaVersion": 2, "manifests": [
		{"digest": %q, "platform": {"os": "linux", "architecture": "amd64"}}, {"digest": %q, "platform": {"os": "linux", "architecture": "arm64"}},
		{"digest": "sha256:%s", "platform": {"os": "linux", "architecture": "s390x"}}]}`, sum(amd), sum(arm), id(1))
	const name = "docker.io/library/app:1"
	for _, c := range []struct {
		name     string
		images   map[string]string
		blobs    []string
		platform string
		want     string // its platform
		err      error
	}{
		{"an image", map[string]string{"default/" + name: sum(arm)}, []string{arm, armConfig, layer}, "", "linux/arm64", nil},
		{"of an index what was pulled", map[string]string{"default/" + name: sum(index)}, []string{index, arm, armConfig, layer}, "", "linux/arm64", nil},
		{
			"of an index what is asked for",
			map[string]string{"default/" + name: sum(index)},
			[]string{index, arm, armConfig, amd, amdConfig, layer},
			"linux/arm64", "linux/arm64", nil,
		},
		{"what was not pulled is not here", map[string]string{"default/" + name: sum(index)}, []string{index, arm, armConfig, layer}, "linux/amd64", "", artifact.ErrNotFound},
		{"nothing of an index", map[string]string{"default/" + name: sum(index)}, []string{index}, "", "", artifact.ErrNotFound},
		{"the manifest is gone", map[string]string{"default/" + name: sum(arm)}, nil, "", "", artifact.ErrNotFound},
		{"a digest that is a path", map[string]string{"default/" + name: "sha256:../../../secret"}, nil, "", "", artifact.ErrCorrupt},
		{"a digest without digits", map[string]string{"default/" + name: "x"}, nil, "", "", artifact.ErrCorrupt},
		{"another name", map[string]string{"default/docker.io/library/other:1": sum(arm)}, []string{arm, armConfig}, "", "", artifact.ErrNotFound},
		{"no images", nil, nil, "", "", artifact.ErrNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			opts := Options{Platform: c.platform}
			opts.Local.Containerd = containerdByHand(t, c.images, c.blobs...)
			src, err := OpenContainerd(t.Context(), "app:1", opts)
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if err != nil {
				return
			}
			defer func() { _ = src.Close() }()
			got := src.Artifact()
			if got.Platform != c.want || got.Reference != name || got.Layers[0].DiffID != sum(layer) {
				t.Errorf("%+v", got)
			}
			for _, l := range src.Layers() {
				if err := l.Walk(t.Context(), func(*artifact.Entry) error { return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestLayersOfSnapshots has the blob of one layer, the snapshot of another, and neither of a third.
func TestLayersOfSnapshots(t *testing.T) {
	t.Parallel()
	layer := string(make([]byte, 1024))
	diffs := []string{string(digestOf([]byte(layer))), "sha256:" + id(1), "sha256:" + id(2)}
	config := fmt.Sprintf(`{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [%q, %q, %q]}}`, diffs[0], diffs[1], diffs[2])
	manifest := fmt.Sprintf(`{"schemaVersion": 2, "config": {"digest": %q}, "layers": [{"digest": %q, "size": 1024}, {"digest": "sha256:%s", "size": 5}, {"digest": "sha256:%s", "size": 6}]}`,
		digestOf([]byte(config)), digestOf([]byte(layer)), id(5), id(6))
	dir := containerdByHand(t, map[string]string{"k8s.io/docker.io/library/app:1": string(digestOf([]byte(manifest)))}, layer, config, manifest)
	chain := nextChain(nextChain("", diffs[0]), diffs[1])
	put(t, filepath.Join(dir, containerdMeta), func(top *bbolt.Bucket) {
		if err := nested(t, top, "k8s.io", "snapshots", "overlayfs", chain).Put([]byte("name"), []byte("k8s.io/7/"+chain)); err != nil {
			t.Fatal(err)
		}
	})
	put(t, filepath.Join(dir, containerdOverlayDB), func(top *bbolt.Bucket) {
		if err := nested(t, top, "snapshots", "k8s.io/7/"+chain).Put([]byte("id"), binary.AppendUvarint(nil, 300)); err != nil {
			t.Fatal(err)
		}
	})
	fs := filepath.Join(dir, containerdOverlay, "snapshots/300/fs")
	if err := errors.Join(os.MkdirAll(fs, 0o755), os.WriteFile(fs+"/file", []byte("x"), 0o644)); err != nil {
		t.Fatal(err)
	}
	opts := Options{}
	opts.Local.Containerd = dir
	src, err := OpenContainerd(t.Context(), "app:1", opts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	var seen []string
	var errs []error
	for i, l := range src.Layers() {
		errs = append(errs, l.Walk(t.Context(), func(e *artifact.Entry) error {
			seen = append(seen, fmt.Sprintf("%d %s", i, e.Path))
			return nil
		}))
	}
	if diff := cmp.Diff([]string{"1 file"}, seen); diff != "" || errs[0] != nil || errs[1] != nil || !errors.Is(errs[2], artifact.ErrNotFound) {
		t.Errorf("%v %s", errs, diff)
	}
}
