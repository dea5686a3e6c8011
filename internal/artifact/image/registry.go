package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// RegistryOptions say how registries are spoken to.
type RegistryOptions struct {
	// Insecure lists registries (host[:port]) that may be spoken to over plain HTTP or with certificates that cannot be
	// checked; "*" means all. Those on this machine's loopback addresses may always use plain HTTP. Default: none.
	Insecure []string
	// Mirrors are asked first, in order, before the registry that is the key: "docker.io": {"mirror.example/hub"}. Each is
	// host[:port][/prefix], and gets no credentials but those stored for itself. Default: none.
	Mirrors map[string][]string
	// CAFile adds certificates (PEM) to those the system trusts. Default: none.
	CAFile string
	// Username and Password, or Token (a registry token, sent as Bearer), are used for the registry of the reference and
	// no other. Default: what Keychain finds.
	Username, Password, Token string
	// Keychain finds credentials. Default: $REGISTRY_AUTH_FILE, Docker's config.json with its credential helpers, then
	// Podman's auth.json.
	Keychain authn.Keychain
	// UserAgent names this program to registries. Default: "sightline".
	UserAgent string
	// Attempts is how often a request is tried when the registry is busy or the connection breaks. Default: 4.
	Attempts int
}

// accepted are the media types that are understood, or refused with a reason.
var accepted = strings.Join([]string{
	"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1",
}, ", ")

// OpenRegistry opens an image of a registry by reference: name[:tag][@digest]. Only manifests and the config are fetched now;
// layers come when they are walked, each time anew. Errors wrap [artifact.ErrUnreachable] when no answer or no permission
// could be had, and [artifact.ErrNotFound] when the registry does not have the image.
func OpenRegistry(ctx context.Context, ref string, opts Options) (artifact.Source, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, fmt.Errorf("image reference %q: %w", ref, err)
	}
	want, err := opts.wanted()
	if err != nil {
		return nil, err
	}
	places, err := endpoints(parsed, opts.Registry)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, at := range places {
		s := newSource(opts)
		s.meta.Name, s.meta.Format, s.meta.Reference = ref, "registry", parsed.Name()
		err := s.openRemote(ctx, at, want, parsed.Context().Name())
		if err == nil {
			return s, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", at.ref.Context().RegistryStr(), err))
		if ctx.Err() != nil {
			break
		}
	}
	// The origin has the last word; what the mirrors said stands behind it.
	slices.Reverse(errs)
	err = errs[0]
	for _, mirror := range errs[1:] {
		err = fmt.Errorf("%w; mirror %v", err, mirror) //nolint:errorlint // the kind of the origin's error counts
	}
	return nil, fmt.Errorf("opening %s: %w", parsed.Name(), err)
}

// endpoint is one place to ask for an image.
type endpoint struct {
	ref    name.Reference
	auth   authn.Keychain
	plain  bool // plain HTTP and unchecked certificates are allowed
	origin bool
}

// endpoints lists the mirrors, then the registry itself.
func endpoints(ref name.Reference, opts RegistryOptions) ([]endpoint, error) {
	reg := ref.Context().RegistryStr()
	mirrors := opts.Mirrors[reg]
	if reg == name.DefaultRegistry && mirrors == nil {
		mirrors = opts.Mirrors["docker.io"]
	}
	keys := opts.Keychain
	if keys == nil {
		keys = newKeychain()
	}
	var out []endpoint
	for _, m := range mirrors {
		sep := ":"
		if _, digest := ref.(name.Digest); digest {
			sep = "@"
		}
		r, err := name.ParseReference(strings.TrimSuffix(m, "/") + "/" + ref.Context().RepositoryStr() + sep + ref.Identifier())
		if err != nil {
			return nil, fmt.Errorf("mirror %q: %w", m, err)
		}
		out = append(out, endpoint{ref: r, auth: keys, plain: opts.insecure(r.Context().RegistryStr())})
	}
	own := keys
	if opts.Username != "" || opts.Password != "" || opts.Token != "" {
		own = fixedKeychain{reg, authn.FromConfig(authn.AuthConfig{
			Username: opts.Username, Password: opts.Password, RegistryToken: opts.Token,
		})}
	}
	return append(out, endpoint{ref: ref, auth: own, plain: opts.insecure(reg), origin: true}), nil
}

func (o *RegistryOptions) insecure(host string) bool {
	return slices.Contains(o.Insecure, "*") || slices.Contains(o.Insecure, host)
}

// openRemote opens the image at one endpoint.
func (s *source) openRemote(ctx context.Context, at endpoint, want *platform, repo string) error {
	r, err := dial(ctx, at, s.opts.Registry)
	if err != nil {
		return err
	}
	if err := s.openReference(ctx, r, want, repo); err != nil {
		r.close()
		return err
	}
	s.close = func() error { r.close(); return nil }
	return nil
}

func (s *source) openReference(ctx context.Context, r *remote, want *platform, repo string) error {
	b, d, err := r.top(ctx)
	if err != nil {
		return err
	}
	m, err := parseManifest(b, d.MediaType)
	if err != nil {
		return err
	}
	top := d.Digest
	fromIndex := m.isIndex()
	if fromIndex {
		found, err := images(ctx, r, m, s.limits)
		if err != nil {
			return err
		}
		pick := want
		if pick == nil {
			host := hostPlatform()
			pick = &host
		}
		c, err := choose(ctx, r, found, pick)
		if err != nil {
			return err
		}
		d = c.desc
		if m, err = readManifest(ctx, r, d); err != nil {
			return fmt.Errorf("reading manifest %s: %w", d.Digest, err)
		}
	}
	if err := s.openManifest(ctx, r, d, m, true); err != nil {
		return err
	}
	s.meta.RepoDigests = []string{repo + "@" + d.Digest}
	if top != d.Digest {
		s.meta.RepoDigests = append(s.meta.RepoDigests, repo+"@"+top)
	}
	if fromIndex {
		return nil
	}
	return s.checkPlatform(want)
}

// remote is a repository in a registry.
type remote struct {
	ref      name.Reference
	base     string // scheme://host/v2/repository
	client   *http.Client
	idle     func()
	attempts int
}

var _ store = (*remote)(nil)

func dial(ctx context.Context, at endpoint, opts RegistryOptions) (*remote, error) {
	repo := at.ref.Context()
	reg := repo.Registry
	base, err := newTransport(reg.RegistryStr(), at.plain, opts)
	if err != nil {
		return nil, err
	}
	if at.plain {
		if reg, err = name.NewRegistry(reg.RegistryStr(), name.Insecure); err != nil {
			return nil, fmt.Errorf("registry %s: %w", at.ref.Context().RegistryStr(), err)
		}
	}
	auth, err := authn.Resolve(ctx, at.auth, repo)
	if err != nil {
		return nil, fmt.Errorf("%w: reading credentials: %w", artifact.ErrUnreachable, err)
	}
	attempts := cmp.Or(opts.Attempts, 4)
	var rt http.RoundTripper
	err = retry(ctx, attempts, func() error {
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		rt, err = transport.NewWithContext(ctx, reg, auth, base, []string{repo.Scope(transport.PullScope)})
		return explain(err)
	})
	if err != nil {
		base.CloseIdleConnections()
		return nil, err
	}
	scheme := "https"
	if reg.Scheme() == "http" {
		scheme = "http" // the transport turns it back to https where the registry spoke that
	}
	return &remote{
		ref: at.ref, base: scheme + "://" + reg.RegistryStr() + "/v2/" + repo.RepositoryStr(), attempts: attempts,
		client: &http.Client{Transport: rt, CheckRedirect: checkRedirect}, idle: base.CloseIdleConnections,
	}, nil
}

func (r *remote) close() { r.idle() }

// top fetches what the reference names.
func (r *remote) top(ctx context.Context) ([]byte, descriptor, error) {
	b, mediaType, err := r.get(ctx, "/manifests/"+r.ref.Identifier(), accepted, maxManifest)
	if err != nil {
		return nil, descriptor{}, err
	}
	d := descriptor{MediaType: mediaType, Digest: string(digestOf(b)), Size: int64(len(b))}
	if _, ok := r.ref.(name.Digest); ok {
		dig, err := parseDigest(r.ref.Identifier())
		if err != nil {
			return nil, d, err
		}
		if err := dig.verify(b); err != nil {
			return nil, d, err
		}
		d.Digest = string(dig)
	}
	return b, d, nil
}

func (r *remote) manifest(ctx context.Context, d descriptor) ([]byte, error) {
	return r.checked(ctx, "/manifests/", d, maxManifest)
}

func (r *remote) blob(ctx context.Context, d descriptor, limit int64) ([]byte, error) {
	return r.checked(ctx, "/blobs/", d, limit)
}

func (r *remote) checked(ctx context.Context, kind string, d descriptor, limit int64) ([]byte, error) {
	dig, err := parseDigest(d.Digest)
	if err != nil {
		return nil, err
	}
	if d.Size > limit {
		return nil, limitError(artifact.FileTooLarge, "%s has %d bytes, of which %d are read", dig, d.Size, limit)
	}
	b, _, err := r.get(ctx, kind+string(dig), accepted, limit)
	if err != nil {
		return nil, err
	}
	return b, dig.verify(b)
}

// get fetches something small.
func (r *remote) get(ctx context.Context, path, accept string, limit int64) (b []byte, mediaType string, err error) {
	err = retry(ctx, r.attempts, func() error {
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		resp, err := r.do(ctx, path, http.Header{"Accept": {accept}}, http.StatusOK)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if b, err = io.ReadAll(io.LimitReader(resp.Body, limit+1)); err != nil {
			return explain(err)
		}
		if int64(len(b)) > limit {
			return limitError(artifact.FileTooLarge, "the registry answers with more than %d bytes for %s", limit, path)
		}
		mediaType, _, _ = strings.Cut(resp.Header.Get("Content-Type"), ";")
		return nil
	})
	return b, mediaType, err
}

// do asks once. The answer's body must be closed where there is no error.
func (r *remote) do(ctx context.Context, path string, head http.Header, codes ...int) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header = head
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, explain(err)
	}
	if err := transport.CheckError(resp, codes...); err != nil {
		_ = resp.Body.Close()
		if wait := retryAfter(resp); wait > 0 {
			return nil, &busyError{explain(err), wait}
		}
		return nil, explain(err)
	}
	return resp, nil
}

func (r *remote) layer(d descriptor, dig digest) (opener, int64) {
	return func(ctx context.Context) (*opened, error) {
		b := &remoteBlob{remote: r, ctx: ctx, path: "/blobs/" + string(dig), size: d.Size}
		if err := retry(ctx, r.attempts, b.connect); err != nil {
			return nil, err
		}
		return &opened{r: b, size: d.Size, close: b.Close}, nil
	}, d.Size
}

// explain gives an error of a registry its kind: not there, or not to be had.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if _, is := errors.AsType[*artifact.ErrLimit](err); is || errors.Is(err, artifact.ErrUnreachable) {
		return err
	}
	if t, is := errors.AsType[*transport.Error](err); is {
		switch t.StatusCode {
		case http.StatusNotFound:
			return fmt.Errorf("%w: %w", artifact.ErrNotFound, err)
		case http.StatusUnauthorized, http.StatusForbidden:
			return fmt.Errorf("%w: no permission (log in, or check the name: some registries say so of images they do not have): %w", artifact.ErrUnreachable, err)
		}
	}
	return fmt.Errorf("%w: %w", artifact.ErrUnreachable, err)
}
