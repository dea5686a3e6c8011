package image_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/image"
)

// item is an entry for a test's tar.
type item struct {
	typ        byte
	name, data string
	mode       int64
}

func tarOf(t testing.TB, items ...item) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, it := range items {
		h := &tar.Header{Typeflag: it.typ, Name: it.name, Mode: 0o644 | it.mode}
		if it.typ == tar.TypeReg {
			h.Size = int64(len(it.data))
		} else {
			h.Linkname, it.data = it.data, ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, it.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zst(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(b, nil)
}

// fixed is a layer whose stored bytes, tar and media type are given. ggcr would have its own ideas.
type fixed struct {
	stored, tar []byte
	mediaType   types.MediaType
}

func hashOf(b []byte) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", sha256.Sum256(b))}
}
func (f fixed) Digest() (v1.Hash, error) { return hashOf(f.stored), nil }
func (f fixed) DiffID() (v1.Hash, error) { return hashOf(f.tar), nil }
func (f fixed) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(f.stored)), nil
}

func (f fixed) Uncompressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(f.tar)), nil
}
func (f fixed) Size() (int64, error)                { return int64(len(f.stored)), nil }
func (f fixed) MediaType() (types.MediaType, error) { return f.mediaType, nil }

// sample is an image of a gzip, a zstd and a plain layer, with a step of its history that made none.
func sample(t testing.TB, platform v1.Platform) v1.Image {
	t.Helper()
	base := tarOf(t,
		item{typ: tar.TypeDir, name: "./etc/"},
		item{typ: tar.TypeReg, name: "./etc/os-release", data: "ID=debian\n"},
		item{typ: tar.TypeReg, name: "/abs/" + strings.Repeat("long", 60), data: platform.Architecture},
		item{typ: tar.TypeReg, name: "bin/tool", data: strings.Repeat("ELF", 50_000), mode: 0o755},
	)
	second := tarOf(t,
		item{typ: tar.TypeReg, name: "etc/.wh.passwd"},
		item{typ: tar.TypeReg, name: "var/.wh..wh..opq"},
		item{typ: tar.TypeSymlink, name: "lib", data: "/usr/lib"},
		item{typ: tar.TypeLink, name: "bin/again", data: "/bin/tool"},
	)
	third := tarOf(t, item{typ: tar.TypeReg, name: "app/package.json", data: `{"name":"x"}`}, item{typ: tar.TypeFifo, name: "run/pipe"})
	img, err := mutate.Append(mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1),
		mutate.Addendum{Layer: fixed{gz(t, base), base, types.OCILayer}, History: v1.History{CreatedBy: "ADD base"}, MediaType: types.OCILayer},
		mutate.Addendum{History: v1.History{CreatedBy: "ENV A=b", EmptyLayer: true}},
		mutate.Addendum{Layer: fixed{zst(t, second), second, types.OCILayerZStd}, History: v1.History{CreatedBy: "RUN rm"}, MediaType: types.OCILayerZStd},
		mutate.Addendum{Layer: fixed{third, third, types.OCIUncompressedLayer}, History: v1.History{CreatedBy: "COPY app"}, MediaType: types.OCIUncompressedLayer},
	)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture, cfg.Variant = platform.OS, platform.Architecture, platform.Variant
	cfg.Config = v1.Config{
		User: "app", Env: []string{"A=b"}, Entrypoint: []string{"/bin/tool"}, Cmd: []string{"run"}, WorkingDir: "/app",
		Labels: map[string]string{"org.opencontainers.image.title": "sample"}, StopSignal: "SIGINT",
		ExposedPorts: map[string]struct{}{"80/tcp": {}, "443/tcp": {}}, Volumes: map[string]struct{}{"/data": {}},
		Healthcheck: &v1.HealthConfig{Test: []string{"CMD", "true"}},
	}
	if img, err = mutate.ConfigFile(img, cfg); err != nil {
		t.Fatal(err)
	}
	return img
}

var amd64 = v1.Platform{OS: "linux", Architecture: "amd64"}

// serve starts a registry in this process. wrap may be nil.
func serve(t testing.TB, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	h := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func push(t testing.TB, ref string, img v1.Image) {
	t.Helper()
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(r, img); err != nil {
		t.Fatal(err)
	}
}

func writeLayout(t testing.TB, imgs ...v1.Image) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layout")
	p, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for i, img := range imgs {
		cfg, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		err = p.AppendImage(img, layout.WithPlatform(v1.Platform{OS: cfg.OS, Architecture: cfg.Architecture, Variant: cfg.Variant}),
			layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": fmt.Sprintf("tag%d", i)}))
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tarDir makes a tar of a directory's files.
func tarDir(t testing.TB, dir string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeFile(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// read walks all layers and gives each entry as a line.
func read(t testing.TB, src artifact.Source) []string {
	t.Helper()
	var lines []string
	for i, l := range src.Layers() {
		err := l.Walk(t.Context(), func(e *artifact.Entry) error {
			line := fmt.Sprintf("%d %d %s %q %d %v %q", i, e.Type, e.Path, e.Link, e.Size, e.Mode, e.Escaped)
			if e.Type == artifact.File {
				b, err := io.ReadAll(e.Content.Reader())
				if err != nil {
					return err
				}
				line += fmt.Sprintf(" %x", sha256.Sum256(b))
				if at := e.Content.ReaderAt(); at != nil {
					again, err := io.ReadAll(io.NewSectionReader(at, 0, e.Size))
					if err != nil || !bytes.Equal(b, again) {
						t.Errorf("%s: random access gives other bytes (%v)", e.Path, err)
					}
				}
			}
			lines = append(lines, line)
			return nil
		})
		if err != nil {
			t.Errorf("layer %d: %v", i, err)
		}
	}
	return lines
}

func closing(t testing.TB, src artifact.Source, err error) artifact.Source {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	})
	return src
}

func TestOneImageIsTheSameHoweverItIsStored(t *testing.T) {
	t.Parallel()
	img := sample(t, amd64)
	ref := serve(t, nil) + "/org/sample:v1"
	push(t, ref, img)
	dir := writeLayout(t, img)
	tag, err := name.NewTag("example.com/sample:v1")
	if err != nil {
		t.Fatal(err)
	}
	var docker bytes.Buffer
	if err := tarball.Write(tag, img, &docker); err != nil {
		t.Fatal(err)
	}
	oci := tarDir(t, dir)
	opts := image.Options{Platform: "linux/amd64"}
	archive := func(b []byte) func() (artifact.Source, error) {
		return func() (artifact.Source, error) { return image.OpenArchive(t.Context(), writeFile(t, "a.tar", b), opts) }
	}
	verified := opts
	verified.VerifyPlain, verified.VerifyDiffIDs = true, true
	ways := []struct {
		name, format string
		open         func() (artifact.Source, error)
	}{
		{"registry", "registry", func() (artifact.Source, error) { return image.OpenRegistry(t.Context(), ref, opts) }},
		{"layout", "oci-layout", func() (artifact.Source, error) { return image.OpenLayout(t.Context(), dir, opts) }},
		{"layout by tag", "oci-layout", func() (artifact.Source, error) { return image.OpenLayout(t.Context(), dir+":tag0", opts) }},
		{"layout, all checked", "oci-layout", func() (artifact.Source, error) { return image.OpenLayout(t.Context(), dir, verified) }},
		{"docker-archive", "docker-archive", archive(docker.Bytes())},
		{"docker-archive in gzip", "docker-archive", archive(gz(t, docker.Bytes()))},
		{"OCI-archive", "oci-archive", archive(oci)},
		{"OCI-archive in zstd", "oci-archive", archive(zst(t, oci))},
	}
	var want []string
	var wantConfig *artifact.Config
	for _, w := range ways {
		src, err := w.open()
		src = closing(t, src, err)
		got := read(t, src)
		if want == nil {
			want, wantConfig = got, src.Artifact().Config
			if len(want) != 10 {
				t.Fatalf("%d entries: %q", len(want), want)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", w.name, diff)
		}
		meta := src.Artifact()
		if diff := cmp.Diff(wantConfig, meta.Config); diff != "" {
			t.Errorf("%s: config: %s", w.name, diff)
		}
		if meta.Format != w.format || meta.Platform != "linux/amd64" || meta.Kind != artifact.Image {
			t.Errorf("%s: %s, %s, %s", w.name, meta.Format, meta.Platform, meta.Kind)
		}
		id, _ := img.ConfigName()
		if meta.ImageID != id.String() {
			t.Errorf("%s: image id %s", w.name, meta.ImageID)
		}
		var by []string
		for i, l := range meta.Layers {
			by = append(by, l.CreatedBy)
			layers, _ := img.Layers()
			diffID, _ := layers[i].DiffID()
			if l.DiffID != diffID.String() || l.Index != i || l.Size <= 0 {
				t.Errorf("%s: layer %+v", w.name, l)
			}
		}
		if diff := cmp.Diff([]string{"ADD base", "RUN rm", "COPY app"}, by); diff != "" {
			t.Errorf("%s: created by: %s", w.name, diff)
		}
		if inc := src.(artifact.Reporter).Incomplete(); len(inc) > 0 {
			t.Errorf("%s: %+v", w.name, inc)
		}
		if again := read(t, src); !cmp.Equal(got, again) {
			t.Errorf("%s: walked twice gives another answer", w.name)
		}
	}
}

func TestConfigIsToldWhole(t *testing.T) {
	t.Parallel()
	src, err := image.OpenLayout(t.Context(), writeLayout(t, sample(t, amd64)), image.Options{})
	c := closing(t, src, err).Artifact().Config
	c.History, c.Created = nil, nil
	want := &artifact.Config{
		OS: "linux", Architecture: "amd64", User: "app", Env: []string{"A=b"}, Entrypoint: []string{"/bin/tool"}, Cmd: []string{"run"},
		WorkingDir: "/app", Labels: map[string]string{"org.opencontainers.image.title": "sample"}, ExposedPorts: []string{"443/tcp", "80/tcp"},
		Volumes: []string{"/data"}, StopSignal: "SIGINT", Healthcheck: []byte(`{"Test":["CMD","true"]}`),
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestRandomAccessIsOfferedForPlainTarsInFilesOnly(t *testing.T) {
	t.Parallel()
	src, err := image.OpenLayout(t.Context(), writeLayout(t, sample(t, amd64)), image.Options{})
	src = closing(t, src, err)
	var got []bool
	for _, l := range src.Layers() {
		if err := l.Walk(t.Context(), func(e *artifact.Entry) error {
			if e.Type == artifact.File {
				got = append(got, e.Content.ReaderAt() != nil)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]bool{false, false, false, true}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSeveralImages(t *testing.T) {
	t.Parallel()
	arm := v1.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"}
	dir := writeLayout(t, sample(t, amd64), sample(t, arm))
	_, err := image.OpenLayout(t.Context(), dir, image.Options{})
	if err == nil || !strings.Contains(err.Error(), "linux/arm64/v8") || !strings.Contains(err.Error(), "tag0") {
		t.Errorf("the error must list what is there: %v", err)
	}
	for target, opts := range map[string]image.Options{
		dir: {Platform: "linux/arm64"}, dir + ":tag1": {}, dir + ":tag1 ": {Platform: "arm64"},
	} {
		src, err := image.OpenLayout(t.Context(), strings.TrimSpace(target), opts)
		if got := closing(t, src, err).Artifact().Platform; got != "linux/arm64/v8" {
			t.Errorf("%s: %s", target, got)
		}
	}
	_, err = image.OpenLayout(t.Context(), dir, image.Options{Platform: "linux/s390x"})
	if err == nil || !strings.Contains(err.Error(), "linux/amd64") {
		t.Errorf("the error must list what is there: %v", err)
	}
	if _, err := image.OpenLayout(t.Context(), dir+":nothing", image.Options{}); err == nil {
		t.Error("a tag that is not there must be an error")
	}
}

func TestDetectFile(t *testing.T) {
	t.Parallel()
	img := sample(t, amd64)
	dir := writeLayout(t, img)
	tag, _ := name.NewTag("example.com/sample:v1")
	var docker bytes.Buffer
	if err := tarball.Write(tag, img, &docker); err != nil {
		t.Fatal(err)
	}
	oci := tarDir(t, dir)
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"docker", docker.Bytes(), "docker-archive"},
		{"docker in gzip", gz(t, docker.Bytes()), "docker-archive"},
		{"docker in zstd", zst(t, docker.Bytes()), "docker-archive"},
		{"OCI", oci, "oci-archive"},
		{"OCI in gzip", gz(t, oci), "oci-archive"},
		{"a layer", tarOf(t, item{typ: tar.TypeReg, name: "etc/x"}), ""},
		{"text", []byte("hello"), ""},
		{"JSON", []byte(`{"bomFormat":"CycloneDX"}`), ""},
		{"nothing", nil, ""},
		{"broken gzip", gz(t, oci)[:5], ""},
	} {
		got, err := image.DetectFile(t.Context(), writeFile(t, "f", c.b))
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	if !image.IsLayout(dir) || image.IsLayout(t.TempDir()) || image.IsLayout(dir+"/index.json") {
		t.Error("a layout is taken for none, or something else for a layout")
	}
	if _, err := image.DetectFile(t.Context(), dir+"/none"); err == nil {
		t.Error("a missing file must be an error")
	}
}

func TestSkipAllEndsTheWalkWithoutAnError(t *testing.T) {
	t.Parallel()
	src, err := image.OpenLayout(t.Context(), writeLayout(t, sample(t, amd64)), image.Options{})
	src = closing(t, src, err)
	n := 0
	if err := src.Layers()[0].Walk(t.Context(), func(*artifact.Entry) error { n++; return fs.SkipAll }); err != nil || n != 1 {
		t.Errorf("%d visits, %v", n, err)
	}
	stop := fmt.Errorf("stop")
	if err := src.Layers()[0].Walk(t.Context(), func(*artifact.Entry) error { return stop }); err != stop { //nolint:errorlint // it must come back as it is
		t.Errorf("%v", err)
	}
}

func TestLimitsCutAndASecondWalkIsNotChargedAgain(t *testing.T) {
	t.Parallel()
	dir := writeLayout(t, sample(t, amd64))
	open := func(l artifact.Limits) artifact.Source {
		src, err := image.OpenLayout(t.Context(), dir, image.Options{Limits: l})
		return closing(t, src, err)
	}
	walk := func(src artifact.Source) (reasons []artifact.Reason) {
		for _, l := range src.Layers() {
			if err := l.Walk(t.Context(), func(*artifact.Entry) error { return nil }); err != nil {
				inc, _ := artifact.AsIncomplete(err, "", nil)
				reasons = append(reasons, inc.Reason)
			}
		}
		return reasons
	}
	exact := open(artifact.Limits{Files: 10})
	for range 3 {
		if got := walk(exact); got != nil {
			t.Errorf("10 files of 10 allowed: %v", got)
		}
	}
	if got := walk(open(artifact.Limits{Files: 9})); !cmp.Equal(got, []artifact.Reason{artifact.FilesLimit}) {
		t.Errorf("9 files: %v", got)
	}
	if got := walk(open(artifact.Limits{TotalBytes: 1000})); len(got) == 0 || got[0] != artifact.BytesLimit {
		t.Errorf("1,000 bytes: %v", got)
	}
	if got := walk(open(artifact.Limits{Time: 1})); len(got) != 3 || got[0] != artifact.TimeLimit {
		t.Errorf("1 ns: %v", got)
	}
	cut := open(artifact.Limits{Layers: 2})
	if inc := cut.(artifact.Reporter).Incomplete(); len(cut.Layers()) != 2 || len(inc) != 1 || inc[0].Reason != artifact.LayersLimit {
		t.Errorf("2 layers: %d, %v", len(cut.Layers()), inc)
	}
}

func TestMissingThings(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none")
	_, a := image.OpenArchive(t.Context(), none, image.Options{})
	_, l := image.OpenLayout(t.Context(), none, image.Options{})
	for _, err := range []error{a, l} {
		if !isNotFound(err) {
			t.Errorf("%v does not wrap ErrNotFound", err)
		}
	}
}
