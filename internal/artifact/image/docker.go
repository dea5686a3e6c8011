package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// dockerImage is one image of manifest.json, as docker save writes it.
type dockerImage struct {
	Config       string                `json:"Config"`
	RepoTags     []string              `json:"RepoTags"`
	Layers       list[string]          `json:"Layers"`
	LayerSources map[string]descriptor `json:"LayerSources"` // by diff id
}

func (d *dockerImage) label() string {
	if len(d.RepoTags) > 0 {
		return printable(strings.Join(d.RepoTags[:min(len(d.RepoTags), 3)], ", "))
	}
	return printable(strings.TrimSuffix(path.Base(d.Config), ".json"))
}

// errIncomplete says that manifest.json names what is not in the archive, while there is an index.json to try.
var errIncomplete = errors.New("manifest.json names files that are not there")

func (s *source) openDockerArchive(ctx context.Context, a *archive, sel selection, alsoOCI bool) error {
	b, err := a.read(ctx, "manifest.json", 4*maxManifest)
	if err != nil {
		return fmt.Errorf("reading manifest.json: %w", err)
	}
	var all list[dockerImage]
	if err := json.Unmarshal(b, &all); err != nil {
		if alsoOCI {
			return errIncomplete
		}
		return fmt.Errorf("reading manifest.json: %w: %w", artifact.ErrCorrupt, err)
	}
	img, err := s.chooseDocker(ctx, a, all.items, sel)
	if err != nil {
		return err
	}
	if alsoOCI && (!a.has(img.Config) || slices.ContainsFunc(img.Layers.items, func(l string) bool { return !a.has(l) })) {
		return errIncomplete
	}
	s.meta.Kind, s.meta.Format = artifact.Image, "docker-archive"
	s.meta.RepoTags = img.RepoTags
	cfg, err := s.dockerConfig(ctx, a, img.Config)
	if err != nil {
		return err
	}
	for _, name := range img.Layers.items {
		l := &layer{src: s, size: -1, member: name}
		meta := artifact.Layer{}
		l.open, meta.Size = a.opener(name)
		if dir, sum := path.Split(name); dir == "blobs/sha256/" || dir == "blobs/sha512/" {
			// The name is the digest of the bytes; layers of older archives have names that say nothing.
			if l.digest, err = parseDigest(path.Base(dir) + ":" + sum); err == nil {
				meta.Digest = string(l.digest)
			}
		}
		s.addLayer(l, meta, img.Layers.count())
	}
	s.alignConfig(cfg, img.Layers.count())
	for i := range s.meta.Layers {
		if src, ok := img.LayerSources[s.meta.Layers[i].DiffID]; ok && src.Digest == s.meta.Layers[i].Digest {
			s.meta.Layers[i].MediaType = src.MediaType
		}
	}
	if alsoOCI {
		s.crossCheck(ctx, a)
	}
	want, err := s.opts.wanted()
	if err != nil {
		return err
	}
	return s.checkPlatform(want)
}

// dockerConfig reads the config; the hex digits in its name are its digest.
func (s *source) dockerConfig(ctx context.Context, a *archive, name string) (*imageConfig, error) {
	b, err := a.read(ctx, name, maxConfig)
	if errors.Is(err, artifact.ErrNotFound) || errors.Is(err, artifact.ErrCorrupt) {
		s.report(artifact.Corrupt, "the image config cannot be read: %v", err)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading image config: %w", err)
	}
	id := digestOf(b)
	base := strings.TrimPrefix(strings.TrimSuffix(path.Base(name), ".json"), "sha256:")
	if named, err := parseDigest("sha256:" + base); err == nil && named != id {
		return nil, fmt.Errorf("%w: image config %s has the digest %s", artifact.ErrDigest, name, id)
	}
	s.meta.ImageID = string(id)
	return s.useConfig(b), nil
}

// chooseDocker picks one image of manifest.json.
func (s *source) chooseDocker(ctx context.Context, a *archive, all []dockerImage, sel selection) (*dockerImage, error) {
	want, err := s.opts.wanted()
	if err != nil {
		return nil, err
	}
	var kept []*dockerImage
	for i := range all {
		img := &all[i]
		if sel.tag != "" && !slices.ContainsFunc(img.RepoTags, func(t string) bool { return matchName(t, sel.tag) }) {
			continue
		}
		if sel.digest != "" && !strings.Contains(img.Config, strings.TrimPrefix(sel.digest, "sha256:")) {
			continue
		}
		kept = append(kept, img)
	}
	if len(kept) > 1 && want != nil {
		kept = slices.DeleteFunc(kept, func(img *dockerImage) bool {
			b, err := a.read(ctx, img.Config, maxConfig)
			if err != nil {
				return true
			}
			cfg, err := parseConfig(b)
			return err != nil || !cfg.platform().matches(*want)
		})
	}
	var names []string
	for i := range all[:min(len(all), maxNamed)] {
		names = append(names, all[i].label())
	}
	switch {
	case len(all) == 0:
		return nil, fmt.Errorf("%w: manifest.json names no image", artifact.ErrNotFound)
	case len(kept) == 0:
		return nil, fmt.Errorf("%w: no image %s here; there are: %s", artifact.ErrNotFound, sel, strings.Join(names, "; "))
	case len(kept) > 1:
		return nil, fmt.Errorf("%d images are here, name one by platform, tag or digest: %s", len(all), strings.Join(names, "; "))
	}
	return kept[0], nil
}

// crossCheck finds the image of manifest.json in index.json, which knows its manifest digest. An archive whose two lists
// disagree looks different to each tool that loads it.
func (s *source) crossCheck(ctx context.Context, a *archive) {
	st := &archiveStore{a}
	b, err := st.index(ctx)
	if err != nil {
		return
	}
	index, err := parseManifest(b, "")
	if err != nil || !index.isIndex() {
		return
	}
	found, err := images(ctx, st, index, s.limits)
	if err != nil {
		return
	}
	read := 0
	for _, c := range found[:min(len(found), maxIndexes)] {
		b, err := st.manifest(ctx, c.desc)
		if err != nil {
			continue
		}
		m, err := parseManifest(b, c.desc.MediaType)
		if err != nil || m.Config == nil || !isImageConfig(m.Config.MediaType) {
			continue
		}
		read++
		if m.Config.Digest != s.meta.ImageID {
			continue
		}
		s.meta.Digest, s.meta.MediaType = c.desc.Digest, c.desc.MediaType
		for i := range s.meta.Layers {
			if i < len(m.Layers.items) && m.Layers.items[i].Digest == s.meta.Layers[i].Digest {
				s.meta.Layers[i].MediaType = m.Layers.items[i].MediaType
			}
		}
		return
	}
	if read > 0 && s.meta.ImageID != "" {
		s.report(artifact.Corrupt, "manifest.json and index.json of the archive name different images; the one of manifest.json was read")
	}
}
