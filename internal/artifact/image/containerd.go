package image

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/bolt"
)

// Where containerd keeps what is needed here, below its root directory: the names of plugins, the same since 1.0.
const (
	containerdMeta      = "io.containerd.metadata.v1.bolt/meta.db"
	containerdContent   = "io.containerd.content.v1.content"
	containerdOverlay   = "io.containerd.snapshotter.v1.overlayfs"
	containerdOverlayDB = containerdOverlay + "/metadata.db"
)

// maxImages bounds what is looked at of one name space.
const maxImages = 100_000

// containerdOrder is in which order name spaces are looked at; all others come behind.
var containerdOrder = []string{"k8s.io", "default", "moby", "buildkit"}

// OpenContainerd opens an image of a containerd store on this host: by name as an engine would complete it, by the exact
// name that containerd has, by digest, or by the beginning of an image ID. The store is read on disk, whether containerd
// runs or not; containerd is not asked. Layers whose blobs were discarded after unpacking are read from the
// snapshots of the overlayfs snapshotter.
//
// All name spaces are looked at unless one is named. The error wraps [artifact.ErrNotFound] when none has the image,
// and says so when name spaces have different images of that name.
func OpenContainerd(ctx context.Context, ref string, opts Options) (artifact.Source, error) {
	r, err := parseLocal(ref)
	if err != nil {
		return nil, err
	}
	return openContainerd(ctx, r, opts)
}

func openContainerd(ctx context.Context, r reference, opts Options) (artifact.Source, error) {
	o := &opts.Local
	dir := firstSet(o.Containerd, o.env("CONTAINERD_ROOT"), "/var/lib/containerd")
	const instead = "ctr -n NAMESPACE images export - REF"
	root, err := openStore(dir, "the containerd store", instead)
	if err != nil {
		return nil, fmt.Errorf("opening the containerd store: %w", err)
	}
	s := newSource(opts)
	s.close = root.Close
	if err := s.openContainerd(ctx, root, r); err != nil {
		_ = s.close()
		return nil, fmt.Errorf("containerd store %s: %w", dir, storeError(err, "the store", instead))
	}
	return s, nil
}

func (s *source) openContainerd(ctx context.Context, root *os.Root, r reference) error {
	meta, err := openPlain(root, containerdMeta)
	if err != nil {
		return err
	}
	defer func() { _ = meta.Close() }()
	o := &s.opts.Local
	namespace := firstSet(o.Namespace, o.env("CONTAINERD_NAMESPACE"))
	var found []containerdImage
	err = bolt.View(ctx, meta, func(b *bolt.Bucket) (err error) {
		found, err = findContainerd(b, namespace, &r)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading meta.db: %w", boltError(err))
	}
	img, err := pickContainerd(found, namespace, &r)
	if err != nil {
		return err
	}
	content, err := root.OpenRoot(containerdContent)
	if err != nil {
		return &foundError{err}
	}
	s.close = func() error { return errors.Join(content.Close(), root.Close()) }
	blobs := &layoutStore{content}
	if err := s.openStored(ctx, blobs, descriptor{Digest: img.digest, MediaType: img.mediaType}); err != nil {
		return &foundError{fmt.Errorf("%s in name space %s: %w", printable(img.name), printable(img.namespace), err)}
	}
	s.meta.Format = "containerd"
	s.setNames(r, img.names)
	if err := s.readSnapshots(ctx, root, blobs, meta); err != nil {
		return &foundError{err}
	}
	return nil
}

// boltError says what the errors of bolt mean for an artifact.
func boltError(err error) error {
	if errors.Is(err, bolt.ErrCorrupt) {
		return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	return err
}

// openPlain opens a regular file below root and never waits for another.
func openPlain(root *os.Root, name string) (*os.File, error) {
	f, _, err := (&layoutStore{root}).open(name)
	return f, err
}

// containerdImage is a record of containerd's metadata.
type containerdImage struct {
	namespace, name   string
	digest, mediaType string
	names             []string // all of the name space that point at the digest
}

// findContainerd looks the reference up. The bucket layout is v1/<name space>/images/<name>/target/{digest,mediatype}.
func findContainerd(top *bolt.Bucket, namespace string, r *reference) ([]containerdImage, error) {
	v1, err := top.Bucket("v1")
	if err != nil || v1 == nil {
		return nil, err
	}
	spaces := []string{namespace}
	if namespace == "" {
		spaces = nil
		if err := v1.Each(func(key string, _ []byte, sub *bolt.Bucket) error {
			if sub != nil {
				spaces = append(spaces, key)
			}
			return nil
		}); err != nil {
			return nil, err
		}
		rank := func(ns string) int {
			if i := slices.Index(containerdOrder, ns); i >= 0 {
				return i
			}
			return len(containerdOrder)
		}
		slices.SortStableFunc(spaces, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	}
	var found []containerdImage
	for _, ns := range spaces {
		images, err := v1.Bucket(ns, "images")
		if err != nil {
			return nil, err
		}
		if images == nil {
			continue
		}
		img, err := findImage(images, r)
		if err != nil {
			return nil, err
		}
		if img.digest == "" {
			continue
		}
		img.namespace = ns
		if err := eachTarget(images, func(name, digest, _ string) error {
			if digest == img.digest {
				img.names = append(img.names, name)
			}
			return nil
		}); err != nil {
			return nil, err
		}
		found = append(found, img)
	}
	return found, nil
}

// findImage finds the image in one name space: by name, else by going over all of them for a digest or ID.
func findImage(images *bolt.Bucket, r *reference) (containerdImage, error) {
	for _, name := range r.names() {
		image, err := images.Bucket(name)
		if err != nil {
			return containerdImage{}, err
		}
		if image == nil {
			continue
		}
		digest, mediaType, err := targetOf(image)
		if err != nil || digest != "" {
			return containerdImage{name: name, digest: digest, mediaType: mediaType}, err
		}
	}
	var found containerdImage
	if r.digest == "" && r.id == "" {
		return found, nil
	}
	err := eachTarget(images, func(name, digest, mediaType string) error {
		var is bool
		if r.digest != "" {
			is = digest == r.digest && r.sameRepo(name)
		} else {
			is = r.hasID(digest) || strings.HasPrefix(name, "sha256:") && r.hasID(name)
		}
		switch {
		case !is:
		case found.digest != "" && found.digest != digest:
			return fmt.Errorf("%s begins the IDs of several images, among them %s and %s", r.id, printable(found.name), printable(name))
		case found.digest == "":
			found = containerdImage{name: name, digest: digest, mediaType: mediaType}
		}
		return nil
	})
	return found, err
}

func targetOf(image *bolt.Bucket) (digest, mediaType string, err error) {
	t, err := image.Bucket("target")
	if err != nil || t == nil {
		return "", "", err
	}
	d, err := t.Value("digest")
	if err != nil {
		return "", "", err
	}
	m, err := t.Value("mediatype")
	return string(d), string(m), err
}

func eachTarget(images *bolt.Bucket, tell func(name, digest, mediaType string) error) error {
	n := 0
	return images.Each(func(name string, _ []byte, sub *bolt.Bucket) error {
		if sub == nil {
			return nil
		}
		if n++; n > maxImages {
			return bolt.ErrStop
		}
		digest, mediaType, err := targetOf(sub)
		if err != nil || digest == "" {
			return err
		}
		return tell(name, digest, mediaType)
	})
}

// pickContainerd takes the image of the first name space, unless another one has a different image of that name.
func pickContainerd(found []containerdImage, namespace string, r *reference) (containerdImage, error) {
	if len(found) == 0 {
		where := "any name space"
		if namespace != "" {
			where = "name space " + namespace
		}
		return containerdImage{}, fmt.Errorf("%w: no image %s in %s", artifact.ErrNotFound, r.written, where)
	}
	for _, other := range found[1:] {
		if other.digest != found[0].digest {
			return containerdImage{}, &foundError{fmt.Errorf("name spaces %s and %s have different images %s (%s, %s): name one of them in CONTAINERD_NAMESPACE",
				printable(found[0].namespace), printable(other.namespace), r.written, printable(found[0].digest), printable(other.digest))}
		}
	}
	return found[0], nil
}

// openStored opens the image that a store's record points at: a manifest, or an index of which the store may have a part.
func (s *source) openStored(ctx context.Context, st store, d descriptor) error {
	want, err := s.opts.wanted()
	if err != nil {
		return err
	}
	m, err := readManifest(ctx, st, d)
	if err != nil {
		return fmt.Errorf("reading manifest %s: %w", printable(d.Digest), err)
	}
	if m.isIndex() {
		found, err := images(ctx, st, m, s.limits)
		if err != nil {
			return err
		}
		here := slices.DeleteFunc(slices.Clone(found), func(c candidate) bool {
			_, err := st.manifest(ctx, c.desc)
			return errors.Is(err, artifact.ErrNotFound)
		})
		if len(found) > 0 && len(here) == 0 {
			return fmt.Errorf("%w: of the index %s no image is stored here; it names: %s", artifact.ErrNotFound, d.Digest, labels(found))
		}
		pick := want
		if len(here) == 1 && here[0].desc.Platform == nil {
			pick = nil
		}
		c, err := choose(ctx, st, here, pick)
		if err != nil {
			return err
		}
		d = c.desc
		if m, err = readManifest(ctx, st, d); err != nil {
			return fmt.Errorf("reading manifest %s: %w", d.Digest, err)
		}
	}
	if err := s.openManifest(ctx, st, d, m, false); err != nil {
		return err
	}
	return s.checkPlatform(want)
}

// readSnapshots finds the unpacked directories of the layers whose blobs are not there: containerd may discard them
// (discard_unpacked_layers), and images may be pulled without them.
func (s *source) readSnapshots(ctx context.Context, root *os.Root, blobs *layoutStore, meta *os.File) error {
	missing := map[int]string{} // layer to chain ID
	chain := ""
	for i, l := range s.meta.Layers {
		if l.DiffID == "" {
			return nil // without the config there is no way from a layer to its snapshot
		}
		chain = nextChain(chain, l.DiffID)
		if _, err := blobs.root.Stat(blobPath(digest(l.Digest))); l.Digest != "" && errors.Is(err, fs.ErrNotExist) {
			missing[i] = chain
		}
	}
	if len(missing) == 0 {
		return nil
	}
	dirs, err := snapshots(ctx, root, meta, missing)
	if err != nil {
		return err
	}
	for i, dir := range dirs {
		s.readUnpacked(i, root, dir)
	}
	return nil
}

// nextChain is the chain ID of a layer on top of those below (OCI image-spec, config.md).
func nextChain(below, diffID string) string {
	if below == "" {
		return diffID
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(below+" "+diffID)))
}

// snapshots gives the directories, below root, of those layers that are unpacked. containerd names snapshots by chain
// ID (v1/<name space>/snapshots/overlayfs/<chain ID>/name) and the snapshotter numbers them (v1/snapshots/<name>/id).
func snapshots(ctx context.Context, root *os.Root, meta *os.File, chains map[int]string) (map[int]string, error) {
	names := map[int]string{}
	err := bolt.View(ctx, meta, func(b *bolt.Bucket) error {
		clear(names)
		v1, err := b.Bucket("v1")
		if err != nil || v1 == nil {
			return err
		}
		return v1.Each(func(_ string, _ []byte, ns *bolt.Bucket) error {
			if ns == nil {
				return nil
			}
			all, err := ns.Bucket("snapshots", "overlayfs")
			if err != nil || all == nil {
				return err
			}
			for i, chain := range chains {
				one, err := all.Bucket(chain)
				if err != nil {
					return err
				}
				if one == nil {
					continue
				}
				name, err := one.Value("name")
				if err != nil {
					return err
				}
				names[i] = string(name)
			}
			return nil
		})
	})
	if err != nil || len(names) == 0 {
		return nil, boltError(err)
	}
	db, err := openPlain(root, containerdOverlayDB)
	if err != nil {
		return nil, nil // without the snapshotter the layers are missing, which reading them will say
	}
	defer func() { _ = db.Close() }()
	dirs := map[int]string{}
	err = bolt.View(ctx, db, func(b *bolt.Bucket) error {
		clear(dirs)
		for i, name := range names {
			one, err := b.Bucket("v1", "snapshots", name)
			if err != nil {
				return err
			}
			if one == nil {
				continue
			}
			id, err := one.Value("id")
			if err != nil {
				return err
			}
			if n, k := binary.Uvarint(id); k > 0 {
				dirs[i] = fmt.Sprintf("%s/snapshots/%d/fs", containerdOverlay, n)
			}
		}
		return nil
	})
	return dirs, boltError(err)
}
