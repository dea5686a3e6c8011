package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// engineOf serves answers on a socket; the real engines are tried in internal/scan.
func engineOf(t *testing.T, handle http.HandlerFunc) Options {
	t.Helper()
	dir, err := os.MkdirTemp("", "e") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: handle, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { _ = srv.Serve(l); close(done) }()
	t.Cleanup(func() { _ = srv.Close(); <-done; _ = os.RemoveAll(dir) })
	opts := Options{}
	opts.Local.DockerHost = "unix://" + socket
	opts.Local.Storage, opts.Local.Containerd = []string{dir + "/none"}, dir+"/none"
	return opts
}

// saved is a docker-archive of one empty layer, and the ID of its image.
func saved(t *testing.T) (archive []byte, id string) {
	t.Helper()
	layer := make([]byte, 1024)
	config := fmt.Appendf(nil, `{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [%q]}}`, digestOf(layer))
	id = string(digestOf(config))
	name := strings.TrimPrefix(id, "sha256:") + ".json"
	manifest, err := json.Marshal([]map[string]any{{"Config": name, "Layers": []string{"l/layer.tar"}}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		name string
		body []byte
	}{{"l/layer.tar", layer}, {name, config}, {"manifest.json", manifest}} {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), id
}

func TestAnEngineThatMisbehaves(t *testing.T) {
	t.Parallel()
	archive, id := saved(t)
	whole := func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/get") {
			_, _ = w.Write(archive)
			return
		}
		fmt.Fprintf(w, `{"Id": %q, "RepoTags": ["app:1"], "Os": "linux", "Architecture": "amd64"}`, id)
	}
	for _, c := range []struct {
		name   string
		handle http.HandlerFunc
		err    error
	}{
		{"whole", whole, nil},
		{"it does not have it", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message": "No such image"}`)
		}, artifact.ErrNotFound},
		{"it is broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, artifact.ErrUnreachable},
		{"it sends elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://other.example/", http.StatusFound)
		}, artifact.ErrUnreachable},
		{"it answers with a page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, artifact.ErrUnreachable},
		{"it names no image", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"Id": "../../x"}`) }, artifact.ErrUnreachable},
		{"it answers without end", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}, &artifact.ErrLimit{}},
		{"the archive breaks off", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/get") {
				w.Header().Set("Content-Length", fmt.Sprint(len(archive)))
				_, _ = w.Write(archive[:2000])
				return
			}
			whole(w, r)
		}, artifact.ErrUnreachable},
		{"another platform", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/get") {
				whole(w, r)
				return
			}
			fmt.Fprintf(w, `{"Id": %q, "Os": "linux", "Architecture": "s390x"}`, id)
		}, artifact.ErrNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			src, err := OpenDocker(t.Context(), "app:1", engineOf(t, c.handle))
			if _, limit := c.err.(*artifact.ErrLimit); limit { //nolint:errorlint // the wanted kind
				if _, is := errors.AsType[*artifact.ErrLimit](err); !is {
					t.Errorf("%v", err)
				}
				return
			}
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if err == nil {
				if got := src.Artifact(); got.Format != "docker" || got.ImageID != id || got.Reference != "docker.io/library/app:1" {
					t.Errorf("%+v", got)
				}
				if err := src.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestABareNameIsOnlyItself: engines complete the beginning of an ID, which must not be taken for a name.
func TestABareNameIsOnlyItself(t *testing.T) {
	t.Parallel()
	archive, id := saved(t)
	opts := engineOf(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/get") {
			_, _ = w.Write(archive)
			return
		}
		fmt.Fprintf(w, `{"Id": %q, "RepoTags": ["app:1", "localhost/dev:2"], "Os": "linux", "Architecture": "amd64"}`, id)
	})
	digits := strings.TrimPrefix(id, "sha256:")
	for ref, has := range map[string]bool{
		"app:1": true, "docker.io/library/app:1": true, "dev:2": true, digits[:12]: true, id: true,
		"app:2": false, "app": false, digits[:6]: false, "other.example/app:1": false,
	} {
		src, denied, err := OpenLocal(t.Context(), ref, opts)
		if has != (err == nil) || !has && !errors.Is(err, artifact.ErrNotFound) || len(denied) > 0 {
			t.Errorf("%s: %v %v, want found: %v", ref, err, denied, has)
		}
		if err == nil {
			_ = src.Close()
		}
	}
	// One that does not answer is said not to have been asked.
	opts = engineOf(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if _, denied, err := OpenLocal(t.Context(), "app:1", opts); !errors.Is(err, artifact.ErrNotFound) || len(denied) != 1 {
		t.Errorf("%v %v", err, denied)
	}
}
