package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	// engineAnswer is for what an engine knows without work; engineQuick where it is only asked on the way to a registry.
	engineAnswer = 30 * time.Second
	engineQuick  = 3 * time.Second
	maxInspect   = 8 << 20
)

// OpenDocker opens an image of a Docker engine on this host, or of podman's service, which speaks the same: by name, digest or
// ID as the engine takes it. The engine is asked once for the archive that docker save would write, which is kept as
// [Keep] does: saving is work for the engine, and the layers of the archive are read side by side.
//
// Errors wrap [artifact.ErrUnreachable] when there is no engine to be asked, and [artifact.ErrNotFound] when it does not have
// the image.
func OpenDocker(ctx context.Context, ref string, opts Options) (artifact.Source, error) {
	r, err := parseLocal(ref)
	if err != nil {
		return nil, err
	}
	return openDocker(ctx, r, opts)
}

func openDocker(ctx context.Context, r reference, opts Options) (artifact.Source, error) {
	socket, err := opts.Local.dockerSocket(r.exact)
	if err != nil {
		return nil, err
	}
	e := newEngine(socket)
	defer e.http.CloseIdleConnections()
	img, err := e.inspect(ctx, &r)
	if err != nil {
		return nil, fmt.Errorf("asking the engine at %s: %w", socket, err)
	}
	if opts.Platform == "" {
		opts.Platform = img.platform()
	}
	opts.Format = ""
	s := newSource(opts)
	src, err := s.openEngine(ctx, e, img)
	if err != nil {
		return nil, &foundError{fmt.Errorf("%s in the engine at %s: %w", r.written, socket, err)}
	}
	s.meta.Format, s.meta.RepoTags = "docker", nil
	s.setNames(r, slices.Concat(img.RepoTags, img.RepoDigests))
	return src, nil
}

// dockerSocket finds the engine's socket.
func (o *LocalOptions) dockerSocket(exact bool) (string, error) {
	host := firstSet(o.DockerHost, o.env("DOCKER_HOST"))
	if path, is := strings.CutPrefix(host, "unix://"); is {
		return path, nil
	}
	if host != "" {
		if exact {
			return "", fmt.Errorf("%w: the engine at %s is on another host", artifact.ErrNotFound, printable(host))
		}
		return "", fmt.Errorf("%w: the engine at %s: only unix:// sockets are asked; scan standard input: docker save REF | sightline scan -",
			artifact.ErrUnsupported, printable(host))
	}
	places := []string{"/var/run/docker.sock"}
	if dir := o.env("XDG_RUNTIME_DIR"); dir != "" {
		places = append(places, filepath.Join(dir, "docker.sock"))
	}
	if home := o.env("HOME"); home != "" {
		places = append(places, filepath.Join(home, ".docker/run/docker.sock"))
	}
	places = append(places, "/run/podman/podman.sock")
	if dir := o.env("XDG_RUNTIME_DIR"); dir != "" {
		places = append(places, filepath.Join(dir, "podman/podman.sock"))
	}
	for _, p := range places {
		if fi, err := os.Stat(p); err == nil && fi.Mode()&fs.ModeSocket != 0 {
			return p, nil
		}
	}
	if exact {
		return "", fmt.Errorf("%w: no engine runs here", artifact.ErrNotFound)
	}
	return "", fmt.Errorf("%w: no Docker engine runs here: there is no socket %s, and DOCKER_HOST is not set", artifact.ErrUnreachable, places[0])
}

// engine is a Docker engine behind a socket.
type engine struct{ http *http.Client }

func newEngine(socket string) *engine {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	return &engine{&http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, "unix", socket)
			},
			DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// engineImage is what is read of the engine's answer about an image.
type engineImage struct {
	ID           string   `json:"Id"`
	RepoTags     []string `json:"RepoTags"`
	RepoDigests  []string `json:"RepoDigests"`
	OS           string   `json:"Os"`
	Architecture string   `json:"Architecture"`
	Variant      string   `json:"Variant"`
}

// platform is what the engine would run, which decides where it has the image for several.
func (i *engineImage) platform() string {
	if i.OS == "" || i.Architecture == "" {
		return ""
	}
	return platform{OS: i.OS, Architecture: i.Architecture, Variant: i.Variant}.String()
}

// inspect asks what the engine knows of an image.
func (e *engine) inspect(ctx context.Context, r *reference) (*engineImage, error) {
	wait := engineAnswer
	if r.exact {
		wait = engineQuick
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("%w: no answer in %s", artifact.ErrUnreachable, wait))
	defer cancel()
	body, err := e.call(ctx, "/images/"+r.written+"/json")
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	b, err := readSmall(body, "the answer", 0, maxInspect)
	if err != nil {
		return nil, engineError(ctx, err)
	}
	var img engineImage
	if err := json.Unmarshal(b, &img); err != nil {
		return nil, fmt.Errorf("%w: parsing the answer: %w", artifact.ErrUnreachable, err)
	}
	if _, err := parseDigest(img.ID); err != nil {
		if _, err := parseDigest("sha256:" + img.ID); err != nil {
			return nil, fmt.Errorf("%w: the answer names no image", artifact.ErrUnreachable)
		}
		img.ID = "sha256:" + img.ID
	}
	if r.exact && !img.is(r) {
		return nil, fmt.Errorf("%w: no image has the name %s", artifact.ErrNotFound, r.written)
	}
	return &img, nil
}

// is says whether the image bears the name: engines also complete IDs.
func (i *engineImage) is(r *reference) bool {
	if r.hasID(i.ID) {
		return true
	}
	if r.digest != "" {
		return slices.ContainsFunc(i.RepoDigests, func(n string) bool { return strings.HasSuffix(n, "@"+r.digest) && r.sameRepo(n) })
	}
	return slices.ContainsFunc(i.RepoTags, func(n string) bool {
		other, err := parseLocal(n)
		return err == nil && slices.Contains(r.names(), other.full())
	})
}

// openEngine has the image saved and opens the archive. It is asked for by ID: the name may come to mean another image
// meanwhile.
func (s *source) openEngine(ctx context.Context, e *engine, img *engineImage) (artifact.Source, error) {
	body, err := e.call(ctx, "/images/"+img.ID+"/get")
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	kept, size, err := keepStream(ctx, body, s.limits.TotalBytes)
	if err != nil {
		return nil, fmt.Errorf("reading the saved image: %w", engineError(ctx, err))
	}
	return s.openKept(ctx, kept, size, selection{})
}

// call sends a GET request. The caller closes the body.
func (e *engine) call(ctx context.Context, path string) (io.ReadCloser, error) {
	u := url.URL{Scheme: "http", Host: "engine", Path: path}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := e.http.Do(req)
	if err != nil {
		return nil, engineError(ctx, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer func() { _ = resp.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	var answer struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(said, &answer) != nil {
		answer.Message = string(said)
	}
	kind := artifact.ErrUnreachable
	if resp.StatusCode == http.StatusNotFound {
		kind = artifact.ErrNotFound
	}
	return nil, fmt.Errorf("%w: it says: %s (%s)", kind, printable(strings.TrimSpace(answer.Message)), resp.Status)
}

// engineError tells what kept the engine from answering.
func engineError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if u, is := errors.AsType[*url.Error](err); is {
		err = u.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w (the socket is for root and the engine's group: run as one of them, or scan standard input: docker save REF | sightline scan -)",
			artifact.ErrUnreachable, err)
	}
	if _, is := errors.AsType[*artifact.ErrLimit](err); is {
		return err
	}
	return fmt.Errorf("%w: %w", artifact.ErrUnreachable, err)
}
