// Package image opens container images: from a registry, from docker-archive and OCI-archive tars in files and streams, from
// OCI layout directories, and from the engines of this host (containerd's store, containers/storage, a Docker engine). Each
// is given as an [artifact.Source]. Layers are walked either as a stream (gzip, zstd, or plain bytes from the network) or
// with random access (plain tars in a file, directories into which an engine unpacked them), and callers need not know which.
//
// It promises that manifests and configs are those their digests name, that compressed blobs are checked against their
// digest while they are read, that nothing outside the named archive, directory, store or registry is touched (the URLs of
// foreign layers are never followed), and that memory and time stay within [artifact.Limits]. Stores are only read, and
// without their locks. Credentials go to the registry they were stored for and to the token server it names, and to no
// other host.
//
// What the layers mean together (whiteouts, links, replaced files) is left to the caller.
package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// Options say how an image is opened. The zero value is ready.
type Options struct {
	// Platform picks from an image of several: "linux/arm64", "linux/arm/v7". Default: for registries linux and the
	// architecture of this program; an archive or layout must then hold one image.
	Platform string
	// Format forces what an archive is taken for: "docker-archive" or "oci-archive". Default: found by looking.
	Format string
	// Limits bound what reading may cost. Default: see [artifact.Limits].
	Limits artifact.Limits
	// Registry says how registries are spoken to.
	Registry RegistryOptions
	// Local says where the engines of this host keep images.
	Local LocalOptions
	// VerifyPlain also checks the digests of plain (uncompressed) layers in files, which must then be read whole: it
	// gives up random access. Compressed layers and all that comes from a registry are always checked. Default: false.
	VerifyPlain bool
	// VerifyDiffIDs checks the bytes of each layer's tar against the diff id in the config, at the cost of one more
	// SHA-256. It gives up random access too. Default: false.
	VerifyDiffIDs bool
}

// source is an opened image.
type source struct {
	meta       artifact.Artifact
	layers     []artifact.LayerReader
	incomplete []artifact.Incomplete
	limits     artifact.Limits
	opts       Options
	close      func() error

	stored int64 // bytes of all distinct blobs, or of the archive
	spent  spent // by all layers together

	started   sync.Once
	deadline  time.Time
	bigWindow chan struct{} // held by the one decoder that may use a large zstd window
}

// spent counts what was used up.
type spent struct {
	bytes   atomic.Int64
	entries atomic.Int64
	names   atomic.Int64
}

var (
	_ artifact.Source   = (*source)(nil)
	_ artifact.Reporter = (*source)(nil)
)

func newSource(opts Options) *source {
	return &source{
		limits: opts.Limits.WithDefaults(), opts: opts,
		close: func() error { return nil }, bigWindow: make(chan struct{}, 1),
	}
}

// Artifact describes the image.
func (s *source) Artifact() artifact.Artifact { return s.meta }

// Layers are the layers, lowest first.
func (s *source) Layers() []artifact.LayerReader { return s.layers }

// Incomplete is what was left out or found odd at opening.
func (s *source) Incomplete() []artifact.Incomplete { return s.incomplete }

// Close releases the archive or the connections.
func (s *source) Close() error { return s.close() }

func (s *source) report(reason artifact.Reason, format string, args ...any) {
	s.incomplete = append(s.incomplete, artifact.Incomplete{Reason: reason, Detail: fmt.Sprintf(format, args...)})
}

// withDeadline gives ctx the time that is left for the artifact. The clock starts with the first walk.
func (s *source) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	s.started.Do(func() { s.deadline = time.Now().Add(s.limits.Time) })
	return context.WithDeadlineCause(ctx, s.deadline, &artifact.ErrLimit{
		Reason: artifact.TimeLimit, Detail: fmt.Sprintf("reading the image took longer than %s", s.limits.Time),
	})
}

// notFound adds the sentinel to an error about a missing file.
func notFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", artifact.ErrNotFound, err)
	}
	return err
}
