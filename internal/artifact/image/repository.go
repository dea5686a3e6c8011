package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	gcr "github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// Repository is a repository of a registry, for artifacts that are no images. What is read from it is not verified.
type Repository struct {
	remote *remote
	origin endpoint
	opts   RegistryOptions
}

// OpenRepository opens the repository of a reference: name[:tag][@digest]. Mirrors are asked first. Errors wrap
// [artifact.ErrUnreachable] when no answer or no permission could be had.
func OpenRepository(ctx context.Context, ref string, opts RegistryOptions) (*Repository, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, fmt.Errorf("reference %q: %w", ref, err)
	}
	places, err := endpoints(parsed, opts)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, at := range places {
		r, err := dial(ctx, at, opts)
		if err == nil && !at.origin {
			if _, _, err = r.get(ctx, "/manifests/"+parsed.Identifier(), accepted, maxManifest); err != nil {
				r.close() // a mirror that does not have it
			}
		}
		if err == nil {
			return &Repository{r, places[len(places)-1], opts}, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", at.ref.Context().RegistryStr(), err))
	}
	return nil, fmt.Errorf("opening %s: %w", parsed.Context().Name(), errors.Join(errs...))
}

// OpenRepositoryToWrite is [OpenRepository] of the registry itself, whatever mirrors it has. Nothing is asked of it yet.
func OpenRepositoryToWrite(ref string, opts RegistryOptions) (*Repository, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, fmt.Errorf("reference %q: %w", ref, err)
	}
	if _, digest := parsed.(name.Digest); digest {
		return nil, fmt.Errorf("reference %q: write a tag, not a digest", ref)
	}
	places, err := endpoints(parsed, opts)
	if err != nil {
		return nil, err
	}
	return &Repository{origin: places[len(places)-1], opts: opts}, nil
}

// Close ends the connections.
func (r *Repository) Close() {
	if r.remote != nil {
		r.remote.close()
	}
}

// Manifest gives at most limit bytes of the manifest of that tag or digest; by an empty reference, of the one that was opened. What a
// digest names is verified.
func (r *Repository) Manifest(ctx context.Context, reference string, limit int64) ([]byte, error) {
	if reference == "" {
		reference = r.remote.ref.Identifier()
	}
	b, _, err := r.remote.get(ctx, "/manifests/"+reference, accepted, limit)
	if err != nil {
		return nil, err
	}
	if dig, err := parseDigest(reference); err == nil {
		return b, dig.verify(b)
	}
	return b, nil
}

// Blob opens a blob of a known size from an offset on. A server that does not know ranges is read from the start. The body that
// stands still for a minute ends in an error; going on is left to the caller.
func (r *Repository) Blob(ctx context.Context, digest string, size, offset int64) (io.ReadCloser, error) {
	dig, err := parseDigest(digest)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	b := &flow{cancel: cancel, timer: time.AfterFunc(stallTimeout, func() { cancel(errStalled) })}
	head, code := http.Header{}, http.StatusOK
	if offset > 0 {
		head.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, size-1))
		code = http.StatusPartialContent
	}
	resp, err := r.remote.do(ctx, "/blobs/"+string(dig), head, code, http.StatusOK) //nolint:bodyclose // the body is kept in b, which Close closes
	if err != nil {
		b.end()
		return nil, err
	}
	b.body = resp.Body
	if resp.StatusCode == http.StatusPartialContent {
		var from int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &from); err != nil || from != offset {
			_ = b.Close()
			return nil, fmt.Errorf("%w: the registry answers with another part of the blob", artifact.ErrUnreachable)
		}
		return b, nil
	}
	if _, err := io.CopyN(io.Discard, b, offset); err != nil {
		_ = b.Close()
		return nil, explain(err)
	}
	return b, nil
}

// flow is a body that may not stand still.
type flow struct {
	body   io.ReadCloser
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func (b *flow) Read(p []byte) (int, error) {
	b.timer.Reset(stallTimeout)
	n, err := b.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) { // io.ErrUnexpectedEOF is not io.EOF
		err = explain(err)
	}
	return n, err
}

func (b *flow) end() {
	b.timer.Stop()
	b.cancel(nil)
}

// Close ends the download.
func (b *flow) Close() error {
	b.end()
	return b.body.Close()
}

func (r *Repository) writing(ctx context.Context) ([]gcr.Option, name.Repository, func(), error) {
	repo := r.origin.ref.Context()
	t, err := newTransport(repo.RegistryStr(), r.origin.plain, r.opts)
	if err != nil {
		return nil, repo, nil, err
	}
	if r.origin.plain {
		if repo, err = name.NewRepository(repo.Name(), name.Insecure); err != nil {
			return nil, repo, nil, err
		}
	}
	return []gcr.Option{gcr.WithContext(ctx), gcr.WithTransport(t), gcr.WithAuthFromKeychain(r.origin.auth)}, repo, t.CloseIdleConnections, nil
}

// PutBlob sends a blob, unless it is there already.
func (r *Repository) PutBlob(ctx context.Context, digest, mediaType string, size int64, open func() (io.ReadCloser, error)) error {
	dig, err := v1.NewHash(digest)
	if err != nil {
		return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	options, repo, done, err := r.writing(ctx)
	if err != nil {
		return err
	}
	defer done()
	return explain(gcr.WriteLayer(repo, &upload{dig, types.MediaType(mediaType), size, open}, options...))
}

// PutManifest sends a manifest under a tag; by an empty tag, under the one that was opened.
func (r *Repository) PutManifest(ctx context.Context, tag, mediaType string, b []byte) error {
	options, repo, done, err := r.writing(ctx)
	if err != nil {
		return err
	}
	defer done()
	if tag == "" {
		tag = r.origin.ref.Identifier()
	}
	return explain(gcr.Put(repo.Tag(tag), raw{b, types.MediaType(mediaType)}, options...))
}

// upload is a blob as go-containerregistry sends it.
type upload struct {
	digest    v1.Hash
	mediaType types.MediaType
	size      int64
	open      func() (io.ReadCloser, error)
}

var _ v1.Layer = (*upload)(nil)

// Digest is that of the bytes.
func (u *upload) Digest() (v1.Hash, error) { return u.digest, nil }

// DiffID is the digest too: these are no layers of images.
func (u *upload) DiffID() (v1.Hash, error) { return u.digest, nil }

// Compressed gives the bytes.
func (u *upload) Compressed() (io.ReadCloser, error) { return u.open() }

// Uncompressed gives the same bytes.
func (u *upload) Uncompressed() (io.ReadCloser, error) { return u.open() }

// Size is how many there are.
func (u *upload) Size() (int64, error) { return u.size, nil }

// MediaType is the blob's.
func (u *upload) MediaType() (types.MediaType, error) { return u.mediaType, nil }

// raw is a manifest as go-containerregistry sends it.
type raw struct {
	b         []byte
	mediaType types.MediaType
}

// RawManifest gives the bytes.
func (m raw) RawManifest() ([]byte, error) { return m.b, nil }

// MediaType is the manifest's.
func (m raw) MediaType() (types.MediaType, error) { return m.mediaType, nil }
