// Package forms writes one container image in each of the forms in which a scanner meets it: an OCI layout with gzip
// layers, one with zstd layers, a docker-archive with plain layers and an unpacked root. It promises that all forms of an
// image hold the same layers, that a layer is made once however many images share it, and that what is complete is
// not made again. What is in an image is left to bench/corpus.
package forms

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The names of the forms, which are those of the files and folders that Write makes.
const (
	Gzip    = "oci-gzip"
	Zstd    = "oci-zstd"
	Archive = "docker.tar"
	Root    = "rootfs"
)

// Epoch is the time that images claim, so that the same layers give the same image.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Image is what Write writes.
type Image struct {
	Name   string // folder below the corpus, also the tag
	Layers []Layer
	Only   []string // the forms to write; empty means all
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Write writes the forms of an image below dir that are not there yet.
func Write(dir string, img Image) error {
	only := img.Only
	if len(only) == 0 {
		only = []string{Gzip, Zstd, Archive, Root}
	}
	for _, form := range only {
		path := filepath.Join(dir, form)
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		partial := path + ".partial"
		if err := os.RemoveAll(partial); err != nil {
			return err
		}
		var err error
		switch form {
		case Gzip, Zstd:
			err = writeLayout(partial, img, form == Zstd)
		case Archive:
			err = writeArchive(partial, img)
		case Root:
			err = writeRoot(partial, img)
		default:
			err = fmt.Errorf("no such form")
		}
		if err != nil {
			return fmt.Errorf("writing %s of %s: %w", form, img.Name, err)
		}
		if err := os.Rename(partial, path); err != nil {
			return err
		}
	}
	return nil
}

// config is the image's configuration, the same bytes in every form.
func (img Image) config() ([]byte, error) {
	type history struct {
		Created   time.Time `json:"created"`
		CreatedBy string    `json:"created_by"`
	}
	var c struct {
		Architecture string         `json:"architecture"`
		OS           string         `json:"os"`
		Created      time.Time      `json:"created"`
		Config       map[string]any `json:"config"`
		History      []history      `json:"history"`
		RootFS       struct {
			Type    string   `json:"type"`
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	c.Architecture, c.OS, c.Created = "amd64", "linux", epoch
	c.Config = map[string]any{"Env": []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}}
	c.RootFS.Type = "layers"
	for _, l := range img.Layers {
		c.History = append(c.History, history{epoch, l.CreatedBy})
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, "sha256:"+l.DiffID)
	}
	return json.Marshal(c)
}

func writeLayout(dir string, img Image, zstd bool) error {
	blobs := filepath.Join(dir, "blobs", "sha256")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return err
	}
	put := func(b []byte, mediaType string) (descriptor, error) {
		sum := sha256.Sum256(b)
		d := descriptor{MediaType: mediaType, Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: int64(len(b))}
		return d, os.WriteFile(filepath.Join(blobs, hex.EncodeToString(sum[:])), b, 0o644)
	}
	cfg, err := img.config()
	if err != nil {
		return err
	}
	var m struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Config        descriptor   `json:"config"`
		Layers        []descriptor `json:"layers"`
	}
	m.SchemaVersion, m.MediaType = 2, "application/vnd.oci.image.manifest.v1+json"
	if m.Config, err = put(cfg, "application/vnd.oci.image.config.v1+json"); err != nil {
		return err
	}
	for _, l := range img.Layers {
		blob, suffix := l.Gzip, "gzip"
		if zstd {
			blob, suffix = l.Zstd, "zstd"
		}
		m.Layers = append(m.Layers, descriptor{
			MediaType: "application/vnd.oci.image.layer.v1.tar+" + suffix, Digest: "sha256:" + blob.Digest, Size: blob.Size,
		})
		// A layer that several images share is one file on disk, as it is in a real store.
		if err := os.Link(blob.path, filepath.Join(blobs, blob.Digest)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	manifest, err := json.Marshal(m)
	if err != nil {
		return err
	}
	d, err := put(manifest, m.MediaType)
	if err != nil {
		return err
	}
	d.Annotations = map[string]string{"org.opencontainers.image.ref.name": "latest"}
	index, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []descriptor{d},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "index.json"), index, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644)
}

func writeArchive(path string, img Image) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	tw := tar.NewWriter(f)
	cfg, err := img.config()
	if err != nil {
		return err
	}
	put := func(name string, size int64, r io.Reader) error {
		if err := tw.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: size, ModTime: epoch}); err != nil {
			return err
		}
		_, err := io.Copy(tw, r)
		return err
	}
	var names []string
	written := map[string]bool{}
	for _, l := range img.Layers {
		name := l.DiffID + "/layer.tar"
		names = append(names, name)
		if written[name] {
			continue
		}
		written[name] = true
		plain, err := l.plain()
		if err != nil {
			return err
		}
		err = put(name, l.Size, plain)
		if err := errors.Join(err, plain.Close()); err != nil {
			return err
		}
	}
	sum := sha256.Sum256(cfg)
	cfgName := hex.EncodeToString(sum[:]) + ".json"
	manifest, err := json.Marshal([]map[string]any{{
		"Config": cfgName, "RepoTags": []string{img.Reference()}, "Layers": names,
	}})
	if err != nil {
		return err
	}
	if err := put(cfgName, int64(len(cfg)), bytes.NewReader(cfg)); err != nil {
		return err
	}
	if err := put("manifest.json", int64(len(manifest)), bytes.NewReader(manifest)); err != nil {
		return err
	}
	return tw.Close()
}

// Reference is the name that the image has in archives and stores.
func (img Image) Reference() string { return "bench.example/" + filepath.Base(img.Name) + ":latest" }
