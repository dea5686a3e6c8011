package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/image"
	"github.com/sightline-sec/sightline/internal/artifact/rootfs"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/sbom"
)

// ErrTarget marks a target that does not say what to scan: an unknown scheme, an empty name.
var ErrTarget = errors.New("not a target")

// Target is an opened target: an artifact whose files are to be read, or a document that states packages.
type Target struct {
	Artifact artifact.Artifact

	source artifact.Source
	stated *inventory.Inventory
}

// Close releases what the target holds open.
func (t *Target) Close() error {
	if t.source == nil {
		return nil
	}
	return t.source.Close()
}

// Schemes are the prefixes by which a user forces the kind of a target, each with a word of help.
var schemes = []struct{ name, help string }{
	{"registry", "an image in a registry, without looking here: registry:alpine:3.20"},
	{"docker", "an image of a Docker engine here, by its socket (DOCKER_HOST)"},
	{"podman", "an image of podman, buildah or CRI-O here, in containers/storage"},
	{"containerd", "an image in containerd's store here; CONTAINERD_NAMESPACE names one of several name spaces"},
	{"docker-archive", "a tar made by docker save or podman save; - reads one, or an SBOM, from standard input"},
	{"oci-archive", "a tar of an OCI layout"},
	{"oci", "an OCI layout directory, with :TAG or @DIGEST where it holds several images"},
	{"rootfs", "an unpacked root file system; rootfs:/ is this host"},
	{"dir", "a source directory; lock files count"},
	{"sbom", "a CycloneDX or SPDX document"},
}

// Schemes lists the prefixes and what they stand for.
func Schemes() [][2]string {
	list := make([][2]string, 0, len(schemes))
	for _, s := range schemes {
		list = append(list, [2]string{s.name, s.help})
	}
	return list
}

// Open opens a target. A scheme prefix forces its kind; without one, what lies on disk under that name is looked at,
// and a name that is nothing on disk is a reference: to an image that an engine of this host has under just that name,
// else to one in a registry. "-" is standard input. Opening takes as long as Limits.Time at most. Errors wrap
// [ErrTarget], artifact.ErrNotFound, artifact.ErrUnreachable, artifact.ErrCorrupt or the cause.
func Open(ctx context.Context, target string, o Options) (*Target, error) {
	limit := o.Limits.WithDefaults().Time
	bounded, cancel := context.WithTimeoutCause(ctx, limit, &artifact.ErrLimit{
		Reason: artifact.TimeLimit, Detail: fmt.Sprintf("opening took longer than %s", limit),
	})
	defer cancel()
	t, err := open(bounded, target, o)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		if _, said := errors.AsType[*artifact.ErrLimit](err); !said {
			err = fmt.Errorf("%w (%w)", context.Cause(bounded), err)
		}
	}
	return t, err
}

func open(ctx context.Context, target string, o Options) (*Target, error) {
	img := o.Registry
	img.Platform, img.Limits = o.Platform, o.Limits
	if target == "-" {
		return openStdin(ctx, o, img)
	}
	scheme, rest, found := strings.Cut(target, ":")
	if !found || !slices.ContainsFunc(schemes, func(s struct{ name, help string }) bool { return s.name == scheme }) {
		scheme, rest = "", target
	}
	if rest == "" {
		return nil, fmt.Errorf("%w: the name is empty", ErrTarget)
	}
	forced := scheme
	if scheme == "" {
		var err error
		if scheme, err = look(ctx, rest); err != nil {
			return nil, err
		}
	}
	switch scheme {
	case "registry", "docker", "podman", "containerd":
		if !imageReference.MatchString(rest) {
			return nil, fmt.Errorf("%w: %.200q is no name of an image: write NAME, NAME:TAG or NAME@DIGEST in lower case, behind HOST/ where it is of another registry", ErrTarget, rest)
		}
	}
	var src artifact.Source
	var err error
	switch scheme {
	case "registry":
		if forced == "" {
			src, err = openReference(ctx, rest, img)
		} else {
			src, err = image.OpenRegistry(ctx, rest, img)
		}
	case "docker":
		src, err = image.OpenDocker(ctx, rest, img)
	case "podman":
		src, err = image.OpenStorage(ctx, rest, img)
	case "containerd":
		src, err = image.OpenContainerd(ctx, rest, img)
	case "docker-archive", "oci-archive":
		img.Format = forced
		if rest == "-" {
			return openStdin(ctx, o, img)
		}
		src, err = image.OpenArchive(ctx, rest, img)
	case "oci":
		src, err = image.OpenLayout(ctx, rest, img)
	case "rootfs":
		src, err = rootfs.Open(ctx, rest, rootfs.Options{Kind: artifact.RootFS, Limits: o.Limits})
	case "dir":
		src, err = rootfs.Open(ctx, rest, rootfs.Options{Kind: artifact.Directory, Limits: o.Limits})
	case "sbom":
		if rest == "-" {
			return openStdin(ctx, o, img)
		}
		return openSBOM(ctx, rest, o.Limits)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", rest, notFound(err))
	}
	t := &Target{Artifact: src.Artifact(), source: src}
	t.Artifact.Name = rest
	return t, nil
}

// imageReference holds for all that can be the name of an image, and for IDs. What engines and registries make of it is image's work.
var imageReference = regexp.MustCompile(`^(?:[A-Za-z0-9.:\[\]-]+/)?[a-z0-9_.-]+(?:/[a-z0-9_.-]+)*(?::[A-Za-z0-9_.-]+)?(?:@[A-Za-z0-9_+.-]+:[0-9A-Za-z]+)?$`)

// openReference opens the image of a name without a scheme: one that is here already is not fetched.
func openReference(ctx context.Context, ref string, img image.Options) (artifact.Source, error) {
	src, denied, err := image.OpenLocal(ctx, ref, img)
	if err == nil || ctx.Err() != nil {
		return src, err
	}
	if !errors.Is(err, artifact.ErrNotFound) {
		return nil, fmt.Errorf("%w (registry:%s is the one in the registry)", err, ref)
	}
	src, err = image.OpenRegistry(ctx, ref, img)
	if err != nil && len(denied) > 0 {
		err = fmt.Errorf("%w; not looked at here: %s", err, strings.Join(denied, ", "))
	}
	return src, err
}

// look finds the kind of a target without a scheme.
func look(ctx context.Context, name string) (string, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		if _, lerr := os.Lstat(name); looksLikePath(name) || lerr == nil { // there, as a link to nothing
			return "", fmt.Errorf("opening %s: %w", name, artifact.ErrNotFound)
		}
		// path[:tag] and path[@digest] of a layout
		if dir := layoutOf(name); dir != "" {
			return "oci", nil
		}
		return "registry", nil
	case err != nil:
		if !looksLikePath(name) {
			return "registry", nil // a reference may hold what no path on disk can: name too long, not a directory
		}
		return "", fmt.Errorf("opening %s: %w", name, err)
	case info.IsDir() && image.IsLayout(name):
		return "oci", nil
	case info.IsDir() && isRoot(name):
		return "rootfs", nil
	case info.IsDir():
		return "dir", nil
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%w: %s is neither a file nor a directory", ErrTarget, name)
	}
	kind, err := image.DetectFile(ctx, name)
	if err != nil {
		return "", fmt.Errorf("opening %s: %w", name, err)
	}
	if kind != "" {
		return kind, nil
	}
	head, err := readHead(name)
	if err != nil {
		return "", fmt.Errorf("opening %s: %w", name, err)
	}
	if _, ok := sbom.Detect(head); ok {
		return "sbom", nil
	}
	switch {
	case len(head) == 0:
		return "", fmt.Errorf("%w: %s is an empty file", ErrTarget, name)
	case finding.IsResult(head):
		return "", fmt.Errorf("%w: %s is the result of a scan, which 'sightline diff' and 'sightline explain --from' read", ErrTarget, name)
	}
	return "", fmt.Errorf("%w: %s is neither an image archive (docker-archive, oci-archive) nor an SBOM (CycloneDX, SPDX)", ErrTarget, name)
}

func looksLikePath(name string) bool {
	if filepath.IsAbs(name) || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") || name == "." || name == ".." {
		return true
	}
	for _, ext := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".json", ".spdx", ".xml"} {
		if strings.HasSuffix(name, ext) {
			return true
		}
	}
	return false
}

// layoutOf gives the directory of "dir:tag" or "dir@sha256:..." where that is an OCI layout.
func layoutOf(name string) string {
	for _, sep := range []string{"@", ":"} {
		if i := strings.LastIndex(name, sep); i > 0 && image.IsLayout(name[:i]) {
			return name[:i]
		}
	}
	return ""
}

// isRoot says whether a directory is a root file system: it has an os-release or a package database.
func isRoot(dir string) bool {
	for _, p := range []string{"etc/os-release", "usr/lib/os-release", "var/lib/dpkg/status", "var/lib/dpkg/status.d", "lib/apk/db/installed", "usr/lib/apk/db/installed"} {
		if _, err := os.Lstat(filepath.Join(dir, p)); err == nil {
			return true
		}
	}
	return false
}

func readHead(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 64<<10))
}

// openStdin opens what is piped in: an image archive or an SBOM.
func openStdin(ctx context.Context, o Options, img image.Options) (*Target, error) {
	in := o.Stdin
	if in == nil {
		in = os.Stdin
	}
	if f, is := in.(*os.File); is {
		if info, err := f.Stat(); err == nil && info.Mode()&fs.ModeCharDevice != 0 {
			return nil, fmt.Errorf("%w: nothing is piped into standard input", ErrTarget)
		}
	}
	kept, err := image.Keep(ctx, in, o.Limits)
	if err != nil {
		return nil, fmt.Errorf("reading standard input: %w", err)
	}
	head := make([]byte, 64<<10)
	n, err := kept.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		_ = kept.Close()
		return nil, fmt.Errorf("reading standard input: %w", err)
	}
	if _, ok := sbom.Detect(head[:n]); ok {
		defer kept.Close()
		return readSBOM(ctx, "-", io.NewSectionReader(kept, 0, kept.Size()), o.Limits)
	}
	kind, err := kept.Detect(ctx)
	switch {
	case err != nil:
		err = fmt.Errorf("reading standard input: %w", err)
	case n == 0:
		err = fmt.Errorf("%w: standard input is empty", ErrTarget)
	case kind == "":
		err = fmt.Errorf("%w: standard input is neither an image archive (docker-archive, oci-archive) nor an SBOM (CycloneDX, SPDX)", ErrTarget)
	}
	if err != nil {
		_ = kept.Close()
		return nil, err
	}
	src, err := image.OpenKept(ctx, kept, img)
	if err != nil {
		return nil, fmt.Errorf("opening standard input: %w", err)
	}
	t := &Target{Artifact: src.Artifact(), source: src}
	t.Artifact.Name = "-"
	return t, nil
}

func openSBOM(ctx context.Context, name string, limits artifact.Limits) (*Target, error) {
	// Before opening, since opening a named pipe would wait for its writer.
	if info, err := os.Stat(name); err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, notFound(err))
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a file", ErrTarget, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, notFound(err))
	}
	defer f.Close()
	return readSBOM(ctx, name, f, limits)
}

func readSBOM(ctx context.Context, name string, r io.Reader, limits artifact.Limits) (*Target, error) {
	most := limits.WithDefaults().FileBytes
	b, err := io.ReadAll(io.LimitReader(r, min(most, 1<<62)+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	doc, err := sbom.Read(ctx, b, limits)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	t := &Target{Artifact: doc.Artifact, stated: &doc.Inventory}
	t.Artifact.Name = name
	return t, nil
}

// notFound gives a missing file the sentinel that all kinds of artifact share.
func notFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) && !errors.Is(err, artifact.ErrNotFound) && !errors.Is(err, artifact.ErrUnreachable) {
		return fmt.Errorf("%w: %w", artifact.ErrNotFound, err)
	}
	return err
}
