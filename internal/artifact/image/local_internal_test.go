package image

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
)

func TestNamesAreCompletedAsEnginesDo(t *testing.T) {
	t.Parallel()
	const sum = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, c := range []struct{ ref, full, id string }{
		{"alpine", "docker.io/library/alpine:latest", ""},
		{"alpine:3.20", "docker.io/library/alpine:3.20", ""},
		{"grafana/loki", "docker.io/grafana/loki:latest", ""},
		{"index.docker.io/library/alpine", "docker.io/library/alpine:latest", ""},
		{"docker.io/alpine", "docker.io/library/alpine:latest", ""},
		{"localhost/app:1", "localhost/app:1", ""},
		{"host:5000/app", "host:5000/app:latest", ""},
		{"registry.example/a/b:1@" + sum, "registry.example/a/b@" + sum, ""},
		{"alpine@" + sum, "docker.io/library/alpine@" + sum, ""},
		{"cafe", "docker.io/library/cafe:latest", "cafe"},
		{sum, sum, sum[7:]},
		{"sha256:0123", "sha256:0123", "0123"},
	} {
		r, err := parseLocal(c.ref)
		if err != nil || r.full() != c.full || r.id != c.id {
			t.Errorf("%s: %s, ID %q, %v; want %s, %q", c.ref, r.full(), r.id, err, c.full, c.id)
		}
	}
	for _, bad := range []string{"", "../../containers/json", "a b", "alpine@sha256:12", "UPPER/case", "app\x00", "a?all=1", "http://host/a"} {
		if r, err := parseLocal(bad); err == nil {
			t.Errorf("%q is %+v", bad, r)
		}
	}
	r, _ := parseLocal("app:1")
	if diff := cmp.Diff([]string{"docker.io/library/app:1", "localhost/app:1", "app:1"}, r.names()); diff != "" {
		t.Error(diff)
	}
	r.exact = true
	if diff := cmp.Diff([]string{"docker.io/library/app:1", "localhost/app:1"}, r.names()); diff != "" {
		t.Error(diff)
	}
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"alpine:3.20", "a/b@sha256:" + strings.Repeat("0", 64), "localhost:1/x", "cafe", "x..y/z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		r, err := parseLocal(ref)
		if err != nil || r.repo == "" {
			return
		}
		if p := "/" + r.written; path.Clean(p) != p || strings.ContainsAny(p, "?#% \x00\n") {
			t.Errorf("%q could mean another path to an engine", ref)
		}
		again, err := parseLocal(r.full())
		if err != nil || again.full() != r.full() {
			t.Errorf("%q is completed to %q, and that to %q, %v", ref, r.full(), again.full(), err)
		}
		if !r.sameRepo(r.full()) {
			t.Errorf("%q is not of its own repository %q", r.full(), r.repo)
		}
	})
}

func TestWhereStoresAre(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	conf := filepath.Join(dir, "storage.conf")
	text := "[storage]\ndriver = \"overlay\"\ngraphroot = \"/data/$WHO/storage\"\nimagestore = \"\"\n" +
		"[storage.options]\nadditionalimagestores = [\"/ro/images\", \"relative\"]\n"
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"CONTAINERS_STORAGE_CONF": conf, "WHO": "me", "HOME": dir}
	o := LocalOptions{Getenv: func(k string) string { return env[k] }}
	got, err := o.storageDirs()
	if diff := cmp.Diff([]string{"/data/me/storage", "/ro/images"}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	delete(env, "CONTAINERS_STORAGE_CONF")
	if got, err = o.storageDirs(); err != nil || got[0] != dir+"/.local/share/containers/storage" || !slices.Contains(got, systemStorage) {
		t.Errorf("%v, %v", got, err)
	}
	env["STORAGE_ROOT"] = "/x"
	if got, err = o.storageDirs(); err != nil || !slices.Equal(got, []string{"/x"}) {
		t.Errorf("%v, %v", got, err)
	}
	delete(env, "STORAGE_ROOT")
	for _, bad := range []string{"[storage\n", strings.Repeat("#", 2<<20)} {
		if err := os.WriteFile(conf, []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		env["CONTAINERS_STORAGE_CONF"] = conf
		if got, err := o.storageDirs(); err == nil {
			t.Errorf("%.20q: %v", bad, got)
		}
	}

	for host, want := range map[string]error{"unix:///x/y.sock": nil, "tcp://host:2375": artifact.ErrUnsupported, "ssh://host": artifact.ErrUnsupported} {
		env["DOCKER_HOST"] = host
		socket, err := o.dockerSocket(false)
		if !errors.Is(err, want) || want == nil && socket != "/x/y.sock" {
			t.Errorf("%s: %s, %v", host, socket, err)
		}
		if _, err := o.dockerSocket(true); want != nil && !errors.Is(err, artifact.ErrNotFound) {
			t.Errorf("%s for a bare name: %v", host, err)
		}
	}
}
