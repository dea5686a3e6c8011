package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// LocalOptions say where the engines of this host keep their images. The zero value looks where they do by default.
type LocalOptions struct {
	// Containerd is the root directory of containerd. Default: $CONTAINERD_ROOT, else /var/lib/containerd.
	Containerd string
	// Namespace of containerd. Default: $CONTAINERD_NAMESPACE, else all of them.
	Namespace string
	// Storage lists directories of containers/storage (podman, buildah, CRI-O). Default: $STORAGE_ROOT, else those that
	// storage.conf names, else /var/lib/containers/storage and the user's own.
	Storage []string
	// DockerHost is the address of a Docker engine, or of podman's service. Default: $DOCKER_HOST, else the first socket
	// that is there of /var/run/docker.sock and those that rootless engines use.
	DockerHost string
	// Getenv reads the environment. Default: [os.Getenv].
	Getenv func(string) string
}

func (o *LocalOptions) env(key string) string {
	if o.Getenv != nil {
		return o.Getenv(key)
	}
	return os.Getenv(key)
}

// home is a path in the user's home directory, or below the directory that the variable names instead.
func (o *LocalOptions) home(variable, instead, rest string) string {
	if dir := o.env(variable); dir != "" {
		return filepath.Join(dir, rest)
	}
	if dir := o.env("HOME"); dir != "" {
		return filepath.Join(dir, instead, rest)
	}
	return ""
}

// OpenLocal opens an image that an engine of this host has under just that name: a Docker engine is asked first, then
// containers/storage, then containerd are looked at. It is for names without a scheme, so it is quick where nobody has the
// image: the error then wraps [artifact.ErrNotFound]. denied says which of them could not be asked, and why.
func OpenLocal(ctx context.Context, ref string, opts Options) (src artifact.Source, denied []string, err error) {
	r, err := parseLocal(ref)
	if err != nil {
		return nil, nil, err
	}
	r.exact = true
	for _, engine := range []struct {
		name string
		open func(context.Context, reference, Options) (artifact.Source, error)
	}{{"docker", openDocker}, {"podman", openStorage}, {"containerd", openContainerd}} {
		src, err := engine.open(ctx, r, opts)
		if err == nil {
			return src, nil, nil
		}
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		_, found := errors.AsType[*foundError](err)
		switch {
		case errors.Is(err, artifact.ErrNotFound): // also: only for another platform
		case found:
			return nil, nil, fmt.Errorf("%s: %w", engine.name, err)
		default:
			why := err.Error()
			if errors.Is(err, fs.ErrPermission) {
				why = "permission denied"
			}
			denied = append(denied, engine.name+" ("+why+")")
		}
	}
	return nil, denied, fmt.Errorf("%w: no engine of this host has %s", artifact.ErrNotFound, ref)
}

// foundError says that an engine has the image that was named, and it could not be opened.
type foundError struct{ err error }

func (e *foundError) Error() string { return e.err.Error() }
func (e *foundError) Unwrap() error { return e.err }

// reference is an image as a user names it to an engine.
type reference struct {
	written string
	repo    string // docker.io/library/alpine; empty where it can only be an ID
	short   string // the repository as written, where it is without a registry
	tag     string
	digest  string
	id      string // hexadecimal digits that may begin an image ID
	exact   bool   // only what bears the name; IDs that are long
}

// imageID is what engines take for the beginning of an ID.
var imageID = regexp.MustCompile(`^(?:sha256:)?([0-9a-f]{4,64})$`)

// exactID is how many digits of an ID engines print: fewer may be a name.
const exactID = 12

func parseLocal(ref string) (reference, error) {
	r := reference{written: ref}
	if m := imageID.FindStringSubmatch(ref); m != nil {
		r.id = m[1]
		if strings.HasPrefix(ref, "sha256:") {
			return r, nil
		}
	}
	rest := ref
	if before, after, found := strings.Cut(ref, "@"); found {
		d, err := parseDigest(after)
		if err != nil {
			return r, fmt.Errorf("image reference %.200q: %w", ref, err)
		}
		rest, r.digest = before, string(d)
	}
	if _, err := name.ParseReference(ref, name.WeakValidation); err != nil {
		return r, fmt.Errorf("image reference %.200q: %w", ref, err)
	}
	for part := range strings.SplitSeq(rest, "/") {
		if part == "" || part == "." || part == ".." { // which would be another path to an engine
			return r, fmt.Errorf("image reference %.200q: not a name", ref)
		}
	}
	repo := rest
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		repo, r.tag = rest[:i], rest[i+1:]
	}
	if r.tag == "" && r.digest == "" {
		r.tag = "latest"
	}
	r.repo, r.short = canonical(repo)
	return r, nil
}

// canonical gives a repository its registry, as all engines do. short is what stood there without one.
func canonical(repo string) (full, short string) {
	first, rest, found := strings.Cut(repo, "/")
	if !found || !strings.ContainsAny(first, ".:") && first != "localhost" {
		first, rest, short = "docker.io", repo, repo
	}
	if first == "index.docker.io" {
		first = "docker.io"
	}
	if first == "docker.io" && !strings.Contains(rest, "/") {
		rest = "library/" + rest
	}
	return first + "/" + rest, short
}

// full is the whole name.
func (r *reference) full() string {
	s := r.repo
	switch {
	case s == "":
		return r.written
	case r.digest != "":
		return s + "@" + r.digest
	}
	return s + ":" + r.tag
}

// names are what stores may call the image, the best first.
func (r *reference) names() []string {
	if r.repo == "" {
		return []string{r.written}
	}
	names := []string{r.full()}
	if r.short != "" && r.digest == "" {
		names = append(names, "localhost/"+r.short+":"+r.tag) // what podman build and podman load make of a short name
	}
	if !r.exact {
		names = append(names, r.written) // containerd takes any name
	}
	return names
}

// hasID says whether the digits that were asked for begin an ID.
func (r *reference) hasID(id string) bool {
	if r.id == "" || r.exact && len(r.id) < exactID {
		return false
	}
	return strings.HasPrefix(strings.TrimPrefix(id, "sha256:"), r.id)
}

// sameRepo says whether a stored name is of the repository that was asked for.
func (r *reference) sameRepo(stored string) bool {
	repo, _, _ := strings.Cut(stored, "@")
	if i := strings.LastIndexByte(repo, ':'); i > strings.LastIndexByte(repo, '/') {
		repo = repo[:i]
	}
	full, _ := canonical(repo)
	return full == r.repo
}

// openStore opens the directory of a store. That it is there and closed to this user is another thing than that it is not there.
func openStore(dir, what, instead string) (*os.Root, error) {
	root, err := openFolder(dir)
	if err != nil {
		return nil, storeError(err, what, instead)
	}
	return root, nil
}

// openFolder opens a directory, and never waits for the writer of a FIFO that has its name.
func openFolder(dir string) (*os.Root, error) {
	fi, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOTDIR}
	}
	return os.OpenRoot(dir)
}

func storeError(err error, what, instead string) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w (%s belongs to root: run as root, or scan standard input: %s | sightline scan -)", err, what, instead)
	}
	return notFound(err)
}

// setNames gives the names that the image has in its store, and the one by which it was meant.
func (s *source) setNames(r reference, names []string) {
	s.meta.Name = r.written
	var full []string
	for _, n := range names {
		other, err := parseLocal(n)
		switch {
		case err != nil || other.repo == "":
			continue // containerd keeps images under their IDs too, and under any name
		case other.digest != "":
			s.meta.RepoDigests = append(s.meta.RepoDigests, n)
		default:
			s.meta.RepoTags = append(s.meta.RepoTags, n)
		}
		full = append(full, other.full())
	}
	for _, want := range r.names() {
		if slices.Contains(full, want) {
			s.meta.Reference = want
			return
		}
	}
	switch {
	case r.digest != "":
		s.meta.Reference = r.full()
	case len(full) > 0:
		s.meta.Reference = full[0] // it was named by ID
	}
}

// firstSet is the first of the values that is not empty.
func firstSet(values ...string) string { return cmp.Or(values...) }
