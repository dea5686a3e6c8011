// Package pack carries the vulnerability database from who builds it to who scans with it: as an OCI artifact of a registry, or
// of one file that is an OCI layout. The artifact is a core, the details, a patch from each of the last files that were published, and a
// signature.
//
// It promises that the file which arrives is the very file that was published, bit for bit, whether it came whole or as a patch;
// that nothing is believed before a trusted key has signed it, and that the signature has an end; that downloads go on where they
// were cut off; and that what is in place stays until the new file is whole and verified. A registry is hostile until the signature
// holds: sizes are bounded and memory does not grow with them.
//
// Speaking to registries is the work of artifact/image, which fills in [Source] and [Sink]. What is inside the file is vulndb's.
package pack

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// Media types. The artifact type is that of the manifest.
const (
	ArtifactType  = "application/vnd.sightline.db.v1"
	ConfigType    = "application/vnd.sightline.db.config.v1+json"
	CoreType      = "application/vnd.sightline.db.core.v1+zstd"
	DetailsType   = "application/vnd.sightline.db.details.v1" // texts, which are compressed already
	PatchType     = "application/vnd.sightline.db.patch.v1"
	SignatureType = "application/vnd.sightline.db.signature.v1+json"
	envelopeType  = "application/vnd.dsse.envelope.v1+json"
	manifestType  = "application/vnd.oci.image.manifest.v1+json"
	indexType     = "application/vnd.oci.image.index.v1+json"
	emptyType     = "application/vnd.oci.empty.v1+json"
)

// Annotations of a patch.
const (
	fromAnnotation = "dev.sightline.db.from" // checksum of the file that it is applied to
	toAnnotation   = "dev.sightline.db.to"
)

// Bounds on what an artifact may hold.
const (
	maxManifest   = 1 << 20
	maxConfig     = 1 << 20
	maxEnvelope   = 64 << 10
	maxPatches    = 7
	maxSignatures = 8
	maxFile       = 4 << 30 // of the database
)

// ErrUntrusted is wrapped by errors about a database whose signature is missing, wrong, expired, or not by a trusted key.
var ErrUntrusted = errors.New("the database cannot be trusted")

// ErrOlder is wrapped by errors about a database that is older than the one in place.
var ErrOlder = errors.New("the database is older than the one in place")

// ErrUndated says that a database has no date, by which those who pull it could tell whether it is newer than theirs.
var ErrUndated = errors.New("none of its feeds has a date, and pulls tell by it which database is newer")

// ErrMalformed is wrapped by errors about an artifact that is no database, or not whole.
var ErrMalformed = errors.New("not a database artifact")

// ErrBusy says that another pull is at work on the same file.
var ErrBusy = errors.New("another pull into this file is at work; wait for its end")

// Config is what the artifact says of the file: the config blob.
type Config struct {
	Format    int             `json:"format"` // of the file
	AsOf      time.Time       `json:"as_of"`
	SHA256    string          `json:"sha256"` // of the file: 64 hex digits
	Size      int64           `json:"size"`
	DetailsAt int64           `json:"details_at"` // the file is the core up to here, and the details
	Feeds     []vuln.FeedInfo `json:"feeds"`      // with licence and attribution
}

// Descriptor points at a blob or manifest.
type Descriptor struct {
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Digest       string            `json:"digest"`
	Size         int64             `json:"size"`
	Annotations  map[string]string `json:"annotations,omitempty"`
}

// Source is where artifacts are read from. Errors wrap artifact.ErrNotFound where there is no such thing, and artifact.ErrUnreachable
// where no answer could be had.
type Source interface {
	// Manifest gives the bytes of the manifest of that digest, tag or, when empty, of the name that the source was opened with. It
	// reads no more than limit bytes. The caller verifies digests.
	Manifest(ctx context.Context, reference string, limit int64) ([]byte, error)
	// Blob opens a blob from an offset on. The caller verifies the digest, and reads no more than d.Size.
	Blob(ctx context.Context, d Descriptor, offset int64) (io.ReadCloser, error)
}

// Sink is where artifacts are written to.
type Sink interface {
	// PutBlob stores a blob, which open gives as often as it is needed. One that is there already is not sent again.
	PutBlob(ctx context.Context, d Descriptor, open func() (io.ReadCloser, error)) error
	// PutManifest stores a manifest under a tag, or, when empty, under the name that the sink was opened with.
	PutManifest(ctx context.Context, tag string, d Descriptor, b []byte) error
}
