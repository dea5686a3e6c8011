package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/scan"
)

// openTarget opens what is to be scanned, and says what to try where that does not work.
func (e *env) openTarget(ctx context.Context, target string, o scan.Options) (*scan.Target, error) {
	t, err := scan.Open(ctx, target, o)
	if err == nil {
		return t, nil
	}
	if errors.Is(err, scan.ErrTarget) {
		return nil, &Exit{Code: ExitUsage, Hint: "see sightline scan --help for what can be scanned", Err: err}
	}
	if ctx.Err() != nil {
		return nil, err
	}
	code, hint := classify(err)
	if scheme, rest, found := strings.Cut(target, ":"); found && isScheme(scheme) {
		hint = e.schemeHint(scheme, rest, err, hint)
	} else if _, serr := os.Stat(target); serr == nil && errors.Is(err, artifact.ErrNotFound) {
		hint = "" // it is there; what is in it was not found
	}
	return nil, &Exit{Code: code, Hint: hint, Err: err}
}

func isScheme(word string) bool {
	return slices.ContainsFunc(scan.Schemes(), func(s [2]string) bool { return s[0] == word })
}

// schemeHint says what to try where the kind of the target was forced. general is the hint for any kind.
func (e *env) schemeHint(scheme, rest string, err error, general string) string {
	switch scheme {
	case "docker", "podman", "containerd":
		return e.engineHint(scheme, err)
	case "registry":
		if errors.Is(err, artifact.ErrNotFound) {
			return "check the name, the tag and --platform"
		}
		return general
	}
	info, serr := os.Stat(rest)
	switch {
	case serr == nil && info.Mode().IsRegular() && (scheme == "rootfs" || scheme == "dir" || scheme == "oci"):
		return scheme + ": is for directories; for a file leave it out: sightline scan " + rest
	case errors.Is(err, artifact.ErrUnsupported):
		return "without a scheme the kind is found by looking: sightline scan " + rest
	}
	return ""
}

// engineHint says where an engine's images were looked for, and which variable names another place. It is empty for what is no engine, and
// where the error says already what to do.
func (e *env) engineHint(engine string, err error) string {
	missing, closed := errors.Is(err, artifact.ErrNotFound), errors.Is(err, fs.ErrPermission)
	switch engine {
	case "docker":
		switch host := e.getenv("DOCKER_HOST"); {
		case errors.Is(err, artifact.ErrUnreachable) && host != "":
			return "DOCKER_HOST=" + host + " is asked: it must name the socket of an engine that runs, as unix:///PATH; unset, " + dockerSockets + " are tried"
		case errors.Is(err, artifact.ErrUnreachable):
			return "start the engine, or name its socket by DOCKER_HOST=unix:///PATH; without it these are tried: " + dockerSockets
		case missing && host != "":
			return "'docker images' lists what that engine has; it is the one of DOCKER_HOST=" + host
		case missing:
			return "'docker images' lists what that engine has; DOCKER_HOST=unix:///PATH names another one, and registry: takes the image from its registry"
		}
	case "podman":
		switch where := e.storagePlaces(); {
		case closed:
			return "these stores are read on disk: " + where + "; STORAGE_ROOT=DIR names another one"
		case missing:
			return "'podman images' lists what is there; looked at: " + where + "; STORAGE_ROOT=DIR names another store"
		}
	case "containerd":
		where := "CONTAINERD_ROOT=" + e.getenv("CONTAINERD_ROOT")
		if e.getenv("CONTAINERD_ROOT") == "" {
			where = "/var/lib/containerd, as CONTAINERD_ROOT is not set (k3s: /var/lib/rancher/k3s/agent/containerd)"
		}
		if e.getenv("CONTAINERD_ADDRESS") != "" {
			where += "; CONTAINERD_ADDRESS is not asked"
		}
		space := "name space " + e.getenv("CONTAINERD_NAMESPACE") + ", as CONTAINERD_NAMESPACE says"
		if e.getenv("CONTAINERD_NAMESPACE") == "" {
			space = "all name spaces, as CONTAINERD_NAMESPACE is not set"
		}
		switch {
		case errors.Is(err, fs.ErrNotExist), closed:
			return "the store is read on disk, in " + where
		case missing:
			return fmt.Sprintf("'ctr -n NAMESPACE images ls' lists what is there; looked at: %s, %s", where, space)
		}
	}
	return ""
}

// dockerSockets are tried one after the other.
const dockerSockets = "/var/run/docker.sock, docker.sock in $XDG_RUNTIME_DIR, ~/.docker/run/docker.sock, /run/podman/podman.sock, podman/podman.sock in $XDG_RUNTIME_DIR"

// storagePlaces says where the stores of podman and its kin are looked for.
func (e *env) storagePlaces() string {
	if dir := e.getenv("STORAGE_ROOT"); dir != "" {
		return "STORAGE_ROOT=" + dir
	}
	if file := e.getenv("CONTAINERS_STORAGE_CONF"); file != "" {
		return "what CONTAINERS_STORAGE_CONF=" + file + " names"
	}
	files := "~/.config/containers/storage.conf and /etc/containers/storage.conf"
	if os.Geteuid() == 0 {
		files = "/etc/containers/storage.conf"
	}
	return "~/.local/share/containers/storage, /var/lib/containers/storage and what " + files + " name"
}

// environmentHelp is the part of the help about variables of other programs that are honoured.
const environmentHelp = `
ENVIRONMENT
  DOCKER_HOST              the engine's socket, unix:///PATH; else the first that is there of /var/run/docker.sock, those of
                           rootless Docker and Docker Desktop, and podman's
  STORAGE_ROOT             podman, buildah, CRI-O: the only store to look at; else those of CONTAINERS_STORAGE_CONF, or of the
                           user's and the system's storage.conf, ~/.local/share/containers/storage, /var/lib/containers/storage
  CONTAINERD_ROOT          containerd's root directory (default /var/lib/containerd); it is read on disk, and no socket is asked
  CONTAINERD_NAMESPACE     its name space (default: all of them)
  REGISTRY_AUTH_FILE       credentials of registries, before those of docker login (DOCKER_CONFIG) and podman login
  HTTPS_PROXY, NO_PROXY    and HTTP_PROXY: the way to registries
  TMPDIR                   where what comes from standard input or an engine is kept while it is read
Settings have variables of their own, SIGHTLINE_...: see docs/reference/settings.md.
`
