package image

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// maxStorageList bounds images.json and layers.json: some 100,000 records.
const maxStorageList = 64 << 20

// OpenStorage opens an image that podman, buildah or CRI-O keep in containers/storage on this host: by name as they would
// complete it, by digest, or by the beginning of its ID. Layers are read in place, where the overlay driver unpacked them.
// The error wraps [artifact.ErrNotFound] when no store has the image.
//
// The store of the user is looked at before that of the system. Its lists are replaced as whole files by those who write
// them, so no lock is needed to read them.
func OpenStorage(ctx context.Context, ref string, opts Options) (artifact.Source, error) {
	r, err := parseLocal(ref)
	if err != nil {
		return nil, err
	}
	return openStorage(ctx, r, opts)
}

const storageInstead = "podman save REF"

func openStorage(ctx context.Context, r reference, opts Options) (artifact.Source, error) {
	dirs, err := opts.Local.storageDirs()
	if err != nil {
		return nil, err
	}
	s := newSource(opts)
	all := &storages{}
	s.close = all.close
	var closed error // what could not be looked at
	for _, dir := range dirs {
		root, err := openStore(dir, "the store", storageInstead)
		if errors.Is(err, artifact.ErrNotFound) {
			continue
		}
		if err == nil {
			var st *storage
			if st, err = readStorage(root, dir); err == nil {
				all.stores = append(all.stores, st)
				continue
			}
			_ = root.Close()
			err = storeError(err, "the store", storageInstead)
		}
		closed = errors.Join(closed, fmt.Errorf("containers/storage in %s: %w", dir, err))
	}
	st, img, err := all.find(&r)
	if err == nil {
		if err = s.openStorageImage(ctx, all, st, img, r); err != nil {
			err = &foundError{err}
		}
	} else if errors.Is(err, artifact.ErrNotFound) && closed != nil {
		err = closed
	}
	if err != nil {
		_ = s.close()
		return nil, fmt.Errorf("containers/storage: %w", err)
	}
	return s, nil
}

// storages are the stores of this host, which may build on each other: layers of a store can lie in another one.
type storages struct{ stores []*storage }

func (all *storages) close() error {
	var err error
	for _, s := range all.stores {
		err = errors.Join(err, s.root.Close())
	}
	return err
}

// storage is one store.
type storage struct {
	root   *os.Root
	dir    string
	images []storageImage
	layers map[string]storageLayer // read when needed
}

// storageImage is a record of images.json.
type storageImage struct {
	ID             string            `json:"id"`
	Digest         string            `json:"digest"`
	Names          []string          `json:"names"`
	TopLayer       string            `json:"layer"`
	BigDataNames   []string          `json:"big-data-names"`
	BigDataDigests map[string]string `json:"big-data-digests"`

	driver string
}

// storageLayer is a record of layers.json.
type storageLayer struct {
	ID         string `json:"id"`
	Parent     string `json:"parent"`
	DiffDigest string `json:"diff-digest"`
}

// storageID is the form of IDs, which become names of directories here.
var storageID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// storageDrivers have lists of images of their own; only overlay's layers can be read.
var storageDrivers = []string{"overlay", "vfs", "btrfs", "zfs"}

// readStorage reads the lists of images.
func readStorage(root *os.Root, dir string) (*storage, error) {
	s := &storage{root: root, dir: dir}
	for _, driver := range storageDrivers {
		var found list[storageImage]
		err := readList(root, driver+"-images/images.json", &found)
		if errors.Is(err, artifact.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, img := range found.items {
			if storageID.MatchString(img.ID) {
				img.driver = driver
				s.images = append(s.images, img)
			}
		}
	}
	return s, nil
}

func readList(root *os.Root, name string, into any) error {
	b, err := (&layoutStore{root}).read(name, maxStorageList)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%w: parsing %s: %w", artifact.ErrCorrupt, name, err)
	}
	return nil
}

// find looks the reference up in all stores, the better kinds of match first.
func (all *storages) find(r *reference) (*storage, *storageImage, error) {
	for _, name := range r.names() {
		if st, img := all.first(func(i *storageImage) bool { return slices.Contains(i.Names, name) }); img != nil {
			return st, img, nil
		}
	}
	if r.digest != "" {
		st, img := all.first(func(i *storageImage) bool {
			return i.hasDigest(r.digest) && slices.ContainsFunc(i.Names, r.sameRepo)
		})
		if img != nil {
			return st, img, nil
		}
	}
	if r.id != "" {
		st, img := all.first(func(i *storageImage) bool { return r.hasID(i.ID) || r.hasID(i.Digest) })
		if img != nil {
			if _, other := all.first(func(i *storageImage) bool { return i.ID != img.ID && r.hasID(i.ID) }); other != nil {
				return nil, nil, fmt.Errorf("%s begins the IDs of several images, among them %s and %s", r.id, img.ID, other.ID)
			}
			return st, img, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: no image %s", artifact.ErrNotFound, r.written)
}

func (all *storages) first(is func(*storageImage) bool) (*storage, *storageImage) {
	for _, s := range all.stores {
		for i := range s.images {
			if is(&s.images[i]) {
				return s, &s.images[i]
			}
		}
	}
	return nil, nil
}

// hasDigest says whether the manifest, or one of those stored with the image, has the digest.
func (i *storageImage) hasDigest(digest string) bool {
	if i.Digest == digest {
		return true
	}
	for name, d := range i.BigDataDigests {
		if d == digest && strings.HasPrefix(name, "manifest") {
			return true
		}
	}
	return false
}

// bigData is the name of the file in which a store keeps a document with an image: names with other characters than
// those of most file systems are encoded.
func (i *storageImage) bigData(key string) string {
	file := key
	if strings.Trim(key, ".0123456789abcdefghijklmnopqrstuvwxyz") != "" {
		file = "=" + base64.StdEncoding.EncodeToString([]byte(key))
	}
	return i.driver + "-images/" + i.ID + "/" + file
}

func (s *source) openStorageImage(ctx context.Context, all *storages, st *storage, img *storageImage, r reference) error {
	if img.driver != "overlay" {
		return fmt.Errorf("%w: %s is kept by the storage driver %s, of which layers cannot be read in place; scan standard input: %s | sightline scan -",
			artifact.ErrUnsupported, r.written, img.driver, storageInstead)
	}
	b, err := (&layoutStore{st.root}).read(img.bigData("manifest"), maxManifest)
	if err != nil {
		return fmt.Errorf("reading the manifest of %s: %w", img.ID, err)
	}
	found := &storageBlobs{all: all, store: st, image: img, manifests: map[string][]byte{}}
	d := descriptor{Digest: string(digestOf(b))}
	found.manifests[d.Digest] = b
	if err := s.openStored(ctx, found, d); err != nil {
		return err
	}
	s.meta.Format = "containers-storage"
	s.setNames(r, img.Names)
	return s.readStorageLayers(all, found)
}

// storageBlobs are the manifests and configs of an image, and of those that its index names.
type storageBlobs struct {
	all       *storages
	store     *storage
	image     *storageImage // changes to the one whose config is read
	manifests map[string][]byte
}

var _ store = (*storageBlobs)(nil)

func (b *storageBlobs) manifest(_ context.Context, d descriptor) ([]byte, error) {
	dig, err := parseDigest(d.Digest)
	if err != nil {
		return nil, err
	}
	if m, ok := b.manifests[d.Digest]; ok {
		return m, nil
	}
	st, img := b.all.first(func(i *storageImage) bool { return i.hasDigest(d.Digest) })
	if img == nil {
		return nil, fmt.Errorf("%w: manifest %s", artifact.ErrNotFound, dig)
	}
	files := &layoutStore{st.root}
	m, err := files.read(img.bigData("manifest-"+d.Digest), maxManifest)
	if errors.Is(err, artifact.ErrNotFound) {
		m, err = files.read(img.bigData("manifest"), maxManifest)
	}
	if err != nil {
		return nil, err
	}
	return m, dig.verify(m)
}

// blob reads a config, which is a document of the image that it makes.
func (b *storageBlobs) blob(_ context.Context, d descriptor, limit int64) ([]byte, error) {
	dig, err := parseDigest(d.Digest)
	if err != nil {
		return nil, err
	}
	st, img := b.store, b.image
	if !slices.Contains(img.BigDataNames, d.Digest) {
		if st, img = b.all.first(func(i *storageImage) bool { return slices.Contains(i.BigDataNames, d.Digest) }); img == nil {
			return nil, fmt.Errorf("%w: config %s", artifact.ErrNotFound, dig)
		}
	}
	data, err := (&layoutStore{st.root}).read(img.bigData(d.Digest), limit)
	if err != nil {
		return nil, err
	}
	b.store, b.image = st, img
	return data, dig.verify(data)
}

// layer is never a blob here.
func (b *storageBlobs) layer(d descriptor, _ digest) (opener, int64) {
	return failing(fmt.Errorf("%w: layer %s is not in the store", artifact.ErrNotFound, d.Digest)), 0
}

// readStorageLayers finds the directories of the layers, from the top layer of the image down.
func (s *source) readStorageLayers(all *storages, found *storageBlobs) error {
	type place struct {
		store *storage
		layer storageLayer
	}
	var chain []place
	for id := found.image.TopLayer; id != ""; {
		if len(chain) > maxListed {
			return fmt.Errorf("%w: the layers of image %s lie in a circle", artifact.ErrCorrupt, found.image.ID)
		}
		st, l, err := all.layer(found.store, id)
		if err != nil {
			return err
		}
		chain = append(chain, place{st, l})
		id = l.Parent
	}
	slices.Reverse(chain)
	if len(chain) < len(s.layers) {
		return fmt.Errorf("%w: the manifest of image %s has %d layers, the store %d", artifact.ErrCorrupt, found.image.ID, len(s.layers), len(chain))
	}
	for i, p := range chain[:len(s.layers)] {
		if want := s.meta.Layers[i].DiffID; want != "" && p.layer.DiffDigest != "" && p.layer.DiffDigest != want {
			s.report(artifact.DigestMismatch, "layer %d of the store has the diff id %s, the config says %s", i, printable(p.layer.DiffDigest), want)
		}
		dir := "overlay/" + p.layer.ID
		if _, err := p.store.root.Stat(dir + "/composefs-data"); err == nil {
			if l, is := s.layers[i].(*layer); is {
				l.open = failing(fmt.Errorf("%w: the layer is kept as composefs; scan standard input: %s | sightline scan -", artifact.ErrUnsupported, storageInstead))
			}
			continue
		}
		s.readUnpacked(i, p.store.root, dir+"/diff")
	}
	return nil
}

// layer finds a layer, first in the image's own store.
func (all *storages) layer(own *storage, id string) (*storage, storageLayer, error) {
	if !storageID.MatchString(id) {
		return nil, storageLayer{}, fmt.Errorf("%w: %.100q is no ID of a layer", artifact.ErrCorrupt, id)
	}
	for _, s := range append([]*storage{own}, all.stores...) {
		if err := s.readLayers(); err != nil {
			return nil, storageLayer{}, fmt.Errorf("%s: %w", s.dir, err)
		}
		if l, ok := s.layers[id]; ok {
			return s, l, nil
		}
	}
	return nil, storageLayer{}, fmt.Errorf("%w: layer %s is in no store", artifact.ErrNotFound, id)
}

func (s *storage) readLayers() error {
	if s.layers != nil {
		return nil
	}
	var found list[storageLayer]
	if err := readList(s.root, "overlay-layers/layers.json", &found); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.layers = make(map[string]storageLayer, len(found.items))
	for _, l := range found.items {
		s.layers[l.ID] = l
	}
	return nil
}
