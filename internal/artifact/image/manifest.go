package image

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	// maxManifest is what the distribution spec has registries accept, and what they do accept.
	maxManifest = 4 << 20
	maxConfig   = 8 << 20
	// maxListed bounds lists in manifests while they are parsed; what a scan reads of them is up to Limits.
	maxListed = 100_000
)

// descriptor points at a blob (OCI image-spec, descriptor.md).
type descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	URLs         []string          `json:"urls"`
	Platform     *platform         `json:"platform"`
	Annotations  map[string]string `json:"annotations"`
	ArtifactType string            `json:"artifactType"`
}

// manifest is an image manifest or an index, of Docker or OCI: the fields that are used.
type manifest struct {
	SchemaVersion int              `json:"schemaVersion"`
	MediaType     string           `json:"mediaType"`
	ArtifactType  string           `json:"artifactType"`
	Config        *descriptor      `json:"config"`
	Layers        list[descriptor] `json:"layers"`
	Manifests     list[descriptor] `json:"manifests"`
	FSLayers      json.RawMessage  `json:"fsLayers"`
}

// list is a JSON array of which at most maxListed elements are kept.
type list[T any] struct {
	items []T
	set   bool // it was there and not null
	more  int  // elements that were not kept
}

// UnmarshalJSON reads the array element by element.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	*l = list[T]{}
	if string(b) == "null" {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('[') {
		return fmt.Errorf("a list was expected: %w", artifact.ErrCorrupt)
	}
	l.set = true
	for dec.More() {
		if len(l.items) >= maxListed {
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				return err
			}
			l.more++
			continue
		}
		var item T
		if err := dec.Decode(&item); err != nil {
			return err
		}
		l.items = append(l.items, item)
	}
	return nil
}

func (l *list[T]) count() int { return len(l.items) + l.more }

// isIndex tells what the document is. Documents that could be taken for either, by one reader as an index and by another
// as an image, are refused by parseManifest.
func (m *manifest) isIndex() bool { return m.Manifests.set }

// parseManifest reads a manifest or index. mediaType is what the registry or descriptor says; it is only used to tell
// what cannot be read.
func parseManifest(b []byte, mediaType string) (*manifest, error) {
	if len(b) > maxManifest {
		return nil, limitError(artifact.FileTooLarge, "a manifest of %d bytes, of which %d are read", len(b), maxManifest)
	}
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("%w: parsing manifest: %w", artifact.ErrCorrupt, err)
	}
	if m.SchemaVersion == 1 || m.FSLayers != nil || strings.Contains(mediaType, "distribution.manifest.v1") {
		return nil, fmt.Errorf("%w: a manifest of Docker's schema 1; pull and push the image with a current tool", artifact.ErrUnsupported)
	}
	image := m.Config != nil || m.Layers.set
	if image && m.Manifests.set {
		return nil, fmt.Errorf("%w: a manifest that is an image and an index at once", artifact.ErrCorrupt)
	}
	if !image && !m.Manifests.set {
		return nil, fmt.Errorf("%w: a document that is neither an image manifest nor an index", artifact.ErrUnsupported)
	}
	if image && m.Config == nil {
		return nil, fmt.Errorf("%w: an image manifest without a config", artifact.ErrCorrupt)
	}
	return &m, nil
}

// isAttestation tells the statements about an image that buildkit puts beside it in an index.
func (d *descriptor) isAttestation() bool {
	return d.Annotations["vnd.docker.reference.type"] == "attestation-manifest" ||
		d.Platform != nil && d.Platform.OS == "unknown" && d.Platform.Architecture == "unknown"
}

// canBeImage is false for what the descriptor says is neither an image nor an index.
func (d *descriptor) canBeImage() bool {
	if d.isAttestation() {
		return false
	}
	switch d.MediaType {
	case "", "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
		"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
		"application/json":
		return true
	}
	return strings.Contains(d.MediaType, "distribution.manifest.v1") // refused later, with the reason
}

// isImageConfig tells configs of runnable images from those of other artifacts (charts, signatures, empty ones).
func isImageConfig(mediaType string) bool {
	switch mediaType {
	case "", "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json",
		"application/json", "application/octet-stream":
		return true
	}
	return false
}

// isForeign tells layers whose bytes are not meant to be stored with the image.
func (d *descriptor) isForeign() bool {
	return len(d.URLs) > 0 || strings.Contains(d.MediaType, "foreign") || strings.Contains(d.MediaType, "nondistributable")
}
