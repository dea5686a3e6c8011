// Package artifact holds the words for what is scanned: an artifact (image, root file system, directory, SBOM),
// its layers, the entries of a layer and the image config. It promises one contract, [Source], behind which the
// two ways of reading stand (a stream of compressed layers, random access to plain ones), so that callers do not
// know which one they were given. Reading itself belongs to the family: artifact/image and artifact/rootfs.
package artifact

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Kind says what sort of thing is scanned.
type Kind string

// The kinds of artifact.
const (
	Image     Kind = "image"     // a container image with layers and a config
	RootFS    Kind = "rootfs"    // an unpacked root file system, or the host itself
	Directory Kind = "directory" // a source tree: lock files count, an OS package database does not have to be there
	SBOM      Kind = "sbom"      // a bill of materials: packages as stated, nothing was seen
)

// Artifact says what was scanned. Digests are in the form "sha256:<hex>".
type Artifact struct {
	Kind        Kind     `json:"kind"`
	Name        string   `json:"name"`                   // the target as the user wrote it, without a scheme prefix
	Format      string   `json:"format"`                 // registry, docker, containers-storage, containerd, docker-archive, oci-archive, oci-layout, rootfs, directory, cyclonedx, spdx
	Reference   string   `json:"reference,omitempty"`    // full registry reference, where there is one
	Digest      string   `json:"digest,omitempty"`       // manifest digest
	ImageID     string   `json:"image_id,omitempty"`     // digest of the image config
	MediaType   string   `json:"media_type,omitempty"`   // of the manifest
	Platform    string   `json:"platform,omitempty"`     // os/architecture[/variant]
	RepoTags    []string `json:"repo_tags,omitempty"`    // names the archive gives
	RepoDigests []string `json:"repo_digests,omitempty"` // name@digest
	Config      *Config  `json:"config,omitempty"`
	Layers      []Layer  `json:"layers,omitempty"` // lowest first
}

// Layer describes one layer of an image.
type Layer struct {
	Index     int    `json:"index"`                // 0 is the lowest
	DiffID    string `json:"diff_id,omitempty"`    // digest of the uncompressed tar
	Digest    string `json:"digest,omitempty"`     // digest of the blob as stored; empty where it is not known
	Size      int64  `json:"size"`                 // bytes of the blob as stored
	MediaType string `json:"media_type,omitempty"` //
	CreatedBy string `json:"created_by,omitempty"` // the history entry behind it
}

// Ref is the short form of the layer that packages and findings carry.
func (l Layer) Ref() *LayerRef {
	return &LayerRef{Index: l.Index, DiffID: l.DiffID, Digest: l.Digest}
}

// LayerRef points at a layer of the artifact.
type LayerRef struct {
	Index  int    `json:"index"`
	DiffID string `json:"diff_id,omitempty"`
	Digest string `json:"digest,omitempty"`
}

// Config is the part of an image config (OCI image-spec, config.md) that speaks of how the image runs and was made.
type Config struct {
	Created      *time.Time        `json:"created,omitempty"`
	Author       string            `json:"author,omitempty"`
	OS           string            `json:"os,omitempty"`
	Architecture string            `json:"architecture,omitempty"`
	Variant      string            `json:"variant,omitempty"`
	User         string            `json:"user"`
	Env          []string          `json:"env,omitempty"`
	Entrypoint   []string          `json:"entrypoint,omitempty"`
	Cmd          []string          `json:"cmd,omitempty"`
	WorkingDir   string            `json:"working_dir,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	ExposedPorts []string          `json:"exposed_ports,omitempty"` // sorted
	Volumes      []string          `json:"volumes,omitempty"`       // sorted
	StopSignal   string            `json:"stop_signal,omitempty"`
	Healthcheck  json.RawMessage   `json:"healthcheck,omitempty"`
	History      []History         `json:"history,omitempty"`
}

// History is one step of how an image was made.
type History struct {
	Created    *time.Time `json:"created,omitempty"`
	CreatedBy  string     `json:"created_by,omitempty"`
	Author     string     `json:"author,omitempty"`
	Comment    string     `json:"comment,omitempty"`
	EmptyLayer bool       `json:"empty_layer,omitempty"`
}

// Incomplete is something that was not read, or not read as written, and why. A scan that has any says so; nothing
// is cut silently.
type Incomplete struct {
	Path   string    `json:"path"` // inside the artifact; empty when the whole layer or artifact is meant
	Layer  *LayerRef `json:"layer,omitempty"`
	Reason Reason    `json:"reason"`
	Detail string    `json:"detail,omitempty"`
}

// Reason is why something is incomplete.
type Reason string

// The reasons.
const (
	FileTooLarge     Reason = "file_too_large"    // larger than Limits.FileBytes
	BytesLimit       Reason = "bytes_limit"       // the artifact's decompressed bytes passed Limits.TotalBytes
	RatioLimit       Reason = "ratio_limit"       // a layer expands more than Limits.Ratio allows
	FilesLimit       Reason = "files_limit"       // more entries than Limits.Files
	LayersLimit      Reason = "layers_limit"      // more layers than Limits.Layers
	NestingLimit     Reason = "nesting_limit"     // archives, indexes or paths nested deeper than Limits.Nesting
	PackagesLimit    Reason = "packages_limit"    // more packages, or files of packages, than a scan keeps
	TimeLimit        Reason = "time_limit"        // Limits.Time ran out
	PathEscape       Reason = "path_escape"       // an entry's name or link left the root; it was read inside the root, as a runtime does
	BrokenLink       Reason = "broken_link"       // a claimed path is a link that leads nowhere or in a circle
	Corrupt          Reason = "corrupt"           // damaged or truncated bytes; what came before was used
	Unreadable       Reason = "unreadable"        // permission, I/O error
	Unparsable       Reason = "unparsable"        // an extractor could not understand the file
	Unsupported      Reason = "unsupported"       // recognised, but this form is not read (encrypted, packed by upx, ...)
	DigestMismatch   Reason = "digest_mismatch"   // the bytes are not those that the manifest or config names
	UnknownRelease   Reason = "unknown_release"   // the distribution or release has no data in the database
	UnorderedVersion Reason = "unordered_version" // a version that its ecosystem's order does not accept
)

// SortIncomplete brings entries into the order of results: by layer, path, reason, detail.
func SortIncomplete(list []Incomplete) {
	index := func(i Incomplete) int {
		if i.Layer == nil {
			return -1
		}
		return i.Layer.Index
	}
	slices.SortFunc(list, func(a, b Incomplete) int {
		return cmp.Or(cmp.Compare(index(a), index(b)), cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
	})
}
