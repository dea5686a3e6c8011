package image

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"unicode"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	// maxIndexes bounds how many indexes are read to find one image.
	maxIndexes = 64
	// maxNamed bounds what an error lists.
	maxNamed = 20
)

// store is where the blobs of an image lie.
type store interface {
	// manifest gives the bytes of a manifest or index, checked against the descriptor's digest.
	manifest(ctx context.Context, d descriptor) ([]byte, error)
	// blob gives a small blob whole, checked against its digest, at most limit bytes.
	blob(ctx context.Context, d descriptor, limit int64) ([]byte, error)
	// layer says how the layer is opened, without opening it, and how many bytes are stored of it.
	layer(d descriptor, dig digest) (opener, int64)
}

// candidate is an image manifest that an index names.
type candidate struct {
	desc  descriptor
	names []string // what the index calls it: tags or whole references
	under []string // digests of the indexes that lead to it
}

// label is how an error speaks of the candidate.
func (c candidate) label() string {
	var parts []string
	for _, name := range c.names {
		parts = append(parts, printable(name))
	}
	if c.desc.Platform != nil {
		parts = append(parts, printable(c.desc.Platform.String()))
	}
	return strings.Join(append(parts, printable(c.desc.Digest)), " ")
}

// printable makes what an image says of itself safe for a terminal, and short.
func printable(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// resolver finds the images below an index.
type resolver struct {
	store   store
	nesting int
	indexes int
	seen    map[string]int // digest -> place in found, or -1 for an index
	found   []candidate
}

// collect walks the index and those in it. under are the digests of the indexes that lead to m.
func (r *resolver) collect(ctx context.Context, m *manifest, names, under []string) error {
	if len(under) >= r.nesting {
		return limitError(artifact.NestingLimit, "indexes nested deeper than %d", r.nesting)
	}
	if r.indexes++; r.indexes > maxIndexes {
		return limitError(artifact.NestingLimit, "more than %d indexes for one image", maxIndexes)
	}
	for _, d := range m.Manifests.items {
		if !d.canBeImage() {
			continue
		}
		names := names
		if n := d.Annotations["io.containerd.image.name"]; n != "" {
			names = []string{n}
		} else if n := d.Annotations["org.opencontainers.image.ref.name"]; n != "" {
			names = []string{n}
		}
		if i, known := r.seen[d.Digest]; known {
			if i >= 0 {
				r.found[i].names = append(r.found[i].names, names...) // one image, two tags
			}
			continue
		}
		r.seen[d.Digest] = -1
		if strings.Contains(d.MediaType, "index") || strings.Contains(d.MediaType, "manifest.list") {
			sub, err := readManifest(ctx, r.store, d)
			if errors.Is(err, artifact.ErrNotFound) {
				continue // a sparse index: what was not copied cannot be meant
			}
			if err != nil {
				return err
			}
			if sub.isIndex() {
				if err := r.collect(ctx, sub, names, append(under, d.Digest)); err != nil {
					return err
				}
				continue
			}
		}
		r.seen[d.Digest] = len(r.found)
		r.found = append(r.found, candidate{d, slices.Clone(names), slices.Clone(under)})
	}
	return nil
}

func readManifest(ctx context.Context, s store, d descriptor) (*manifest, error) {
	b, err := s.manifest(ctx, d)
	if err != nil {
		return nil, err
	}
	return parseManifest(b, d.MediaType)
}

// images lists what the index holds.
func images(ctx context.Context, s store, index *manifest, lim artifact.Limits) ([]candidate, error) {
	r := &resolver{store: s, nesting: lim.Nesting, seen: map[string]int{}}
	if err := r.collect(ctx, index, nil, nil); err != nil {
		return nil, err
	}
	return r.found, nil
}

// choose picks one image. want is nil where any platform will do as long as there is no choice.
func choose(ctx context.Context, s store, found []candidate, want *platform) (candidate, error) {
	if len(found) == 0 {
		return candidate{}, fmt.Errorf("%w: the index names no image", artifact.ErrNotFound)
	}
	if want == nil {
		if len(found) == 1 {
			return found[0], nil
		}
		// One image for several platforms: the one for this machine, as a registry would give. Of several images only the user knows.
		if !slices.ContainsFunc(found, func(c candidate) bool { return !slices.Equal(c.names, found[0].names) }) {
			if here, err := choose(ctx, s, found, &platform{"linux", runtime.GOARCH, "", ""}); err == nil {
				return here, nil
			}
		}
		return candidate{}, fmt.Errorf("%d images are here, name one by platform, tag or digest: %s", len(found), labels(found))
	}
	best := -1
	var bestPlatform platform
	for i := range found {
		p := found[i].desc.Platform
		if p == nil && i < maxIndexes {
			p = platformOf(ctx, s, found[i].desc)
			found[i].desc.Platform = p
		}
		if p == nil || !p.matches(*want) {
			continue
		}
		if best >= 0 && !p.better(bestPlatform, *want) {
			if p.normal() == bestPlatform.normal() && !slices.Equal(found[i].names, found[best].names) {
				return candidate{}, fmt.Errorf("several images for %s are here, name one by tag or digest: %s", want, labels(found))
			}
			continue
		}
		best, bestPlatform = i, *p
	}
	if best < 0 {
		return candidate{}, fmt.Errorf("%w: no image for %s; there are: %s", artifact.ErrNotFound, want, labels(found))
	}
	return found[best], nil
}

// platformOf reads the platform from the image's config; nil if that cannot be read.
func platformOf(ctx context.Context, s store, d descriptor) *platform {
	m, err := readManifest(ctx, s, d)
	if err != nil || m.Config == nil {
		return nil
	}
	b, err := s.blob(ctx, *m.Config, maxConfig)
	if err != nil {
		return nil
	}
	c, err := parseConfig(b)
	if err != nil {
		return nil
	}
	p := c.platform()
	return &p
}

func labels(found []candidate) string {
	var names []string
	for _, c := range found[:min(len(found), maxNamed)] {
		names = append(names, c.label())
	}
	s := strings.Join(names, "; ")
	if len(found) > maxNamed {
		s += fmt.Sprintf("; and %d more", len(found)-maxNamed)
	}
	return s
}

// wanted is the platform of the options; nil where none was asked for.
func (o *Options) wanted() (*platform, error) {
	if o.Platform == "" {
		return nil, nil
	}
	p, err := parsePlatform(o.Platform)
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// open fills the source from an image manifest.
func (s *source) openManifest(ctx context.Context, st store, d descriptor, m *manifest, fromNetwork bool) error {
	if m.isIndex() {
		return fmt.Errorf("%w: an index where an image manifest was named", artifact.ErrCorrupt)
	}
	if !isImageConfig(m.Config.MediaType) {
		return fmt.Errorf("%w: not a container image but an artifact of type %.100q", artifact.ErrUnsupported, m.Config.MediaType)
	}
	s.meta.Kind = artifact.Image
	s.meta.Digest = d.Digest
	s.meta.MediaType = d.MediaType
	if m.MediaType != "" {
		s.meta.MediaType = m.MediaType
	}
	cfg, err := s.openConfig(ctx, st, *m.Config)
	if err != nil {
		return err
	}
	stored := map[digest]bool{}
	for _, ld := range m.Layers.items {
		dig, err := parseDigest(ld.Digest)
		l := &layer{src: s, digest: dig, size: ld.Size, always: fromNetwork}
		switch {
		case err != nil:
			l.open = failing(err)
		case ld.Size < 0:
			l.open = failing(fmt.Errorf("%w: layer %s has the size %d", artifact.ErrCorrupt, dig, ld.Size))
		default:
			var size int64
			l.open, size = st.layer(ld, dig)
			if ld.isForeign() {
				l.open = foreign(l.open, ld)
			}
			if !stored[dig] {
				stored[dig] = true
				s.addStored(size)
			}
		}
		s.addLayer(l, artifact.Layer{Digest: string(dig), Size: max(ld.Size, 0), MediaType: ld.MediaType}, m.Layers.count())
	}
	s.alignConfig(cfg, m.Layers.count())
	return nil
}

// addStored counts the bytes that all reading starts from.
func (s *source) addStored(n int64) {
	if s.stored += n; s.stored < 0 {
		s.stored = 1<<63 - 1
	}
}

// openConfig reads the config; one that is damaged or missing is reported, and the layers are read without it.
func (s *source) openConfig(ctx context.Context, st store, d descriptor) (*imageConfig, error) {
	b, err := st.blob(ctx, d, maxConfig)
	if err != nil {
		if errors.Is(err, artifact.ErrNotFound) || errors.Is(err, artifact.ErrCorrupt) {
			s.report(artifact.Corrupt, "the image config cannot be read: %v", err)
			return nil, nil
		}
		return nil, fmt.Errorf("reading image config: %w", err)
	}
	s.meta.ImageID = d.Digest
	return s.useConfig(b), nil
}

func (s *source) useConfig(b []byte) *imageConfig {
	cfg, err := parseConfig(b)
	if err != nil {
		s.report(artifact.Unparsable, "%v", err)
		return nil
	}
	s.meta.Config = cfg.export()
	if cfg.OS != "" || cfg.Architecture != "" {
		s.meta.Platform = cfg.platform().String()
	}
	return cfg
}

// addLayer appends a layer, unless there are too many. total is how many the manifest names.
func (s *source) addLayer(l *layer, meta artifact.Layer, total int) {
	if len(s.layers) >= s.limits.Layers {
		if len(s.incomplete) == 0 || s.incomplete[len(s.incomplete)-1].Reason != artifact.LayersLimit {
			s.report(artifact.LayersLimit, "%d layers, of which the lowest %d are read", total, s.limits.Layers)
		}
		return
	}
	l.index = len(s.layers)
	meta.Index = l.index
	s.layers = append(s.layers, l)
	s.meta.Layers = append(s.meta.Layers, meta)
}

// alignConfig gives the layers what the config knows of them.
func (s *source) alignConfig(cfg *imageConfig, total int) {
	if cfg == nil {
		return
	}
	ids := cfg.RootFS.DiffIDs
	if ids.count() != total {
		s.report(artifact.Corrupt, "the image has %d layers, its config lists %d", total, ids.count())
	}
	by := cfg.createdBy(total)
	for i := range s.meta.Layers {
		if ids.count() == total && i < len(ids.items) {
			if id, err := parseDigest(ids.items[i]); err == nil {
				s.meta.Layers[i].DiffID = string(id)
				s.layers[i].(*layer).diffID = id
			}
		}
		if by != nil {
			s.meta.Layers[i].CreatedBy = by[i]
		}
	}
}

// failing is a layer that cannot be opened.
func failing(err error) opener {
	return func(context.Context) (*opened, error) { return nil, err }
}

// foreign explains a layer that is not stored with its image. Its URLs are not followed: whoever wrote the manifest
// chose them.
func foreign(open opener, d descriptor) opener {
	return func(ctx context.Context) (*opened, error) {
		o, err := open(ctx)
		if errors.Is(err, artifact.ErrNotFound) {
			return nil, fmt.Errorf("%w: layer %s is not stored with the image, and its URLs are not followed", artifact.ErrUnsupported, d.Digest)
		}
		return o, err
	}
}

// checkPlatform compares the image with what was asked for, where there was no index to choose from.
func (s *source) checkPlatform(want *platform) error {
	if want == nil || s.meta.Config == nil {
		return nil
	}
	have := platform{s.meta.Config.OS, s.meta.Config.Architecture, s.meta.Config.Variant, ""}
	if have.Variant == "" {
		have.Variant = want.Variant // configs often leave it to the index
	}
	if have.OS != "" && !have.matches(*want) {
		return fmt.Errorf("%w: no image for %s; the only one is for %s", artifact.ErrNotFound, want, printable(have.String()))
	}
	return nil
}

// matchName says whether what an index calls an image is what the user asked for: the whole name, or its tag.
func matchName(name, want string) bool {
	if name == want || strings.TrimPrefix(name, "docker.io/library/") == want || strings.TrimPrefix(name, "docker.io/") == want {
		return true
	}
	i := strings.LastIndexByte(name, ':')
	return i > strings.LastIndexByte(name, '/') && name[i+1:] == want
}

// keep returns the candidates that the selection means: all of them if it is empty.
func keep(found []candidate, sel selection) ([]candidate, error) {
	if sel.tag == "" && sel.digest == "" {
		return found, nil
	}
	kept := slices.DeleteFunc(slices.Clone(found), func(c candidate) bool {
		named := slices.ContainsFunc(c.names, func(name string) bool { return matchName(name, sel.tag) })
		pointed := c.desc.Digest == sel.digest || slices.Contains(c.under, sel.digest)
		return sel.tag != "" && !named || sel.digest != "" && !pointed
	})
	if len(kept) == 0 {
		return nil, fmt.Errorf("%w: no image %s here; there are: %s", artifact.ErrNotFound, sel, labels(found))
	}
	return kept, nil
}
