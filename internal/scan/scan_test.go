package scan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract/all"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/sample"
	"github.com/sightline-sec/sightline/internal/scan"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func sampleImage(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	if err := sample.Write(&b); err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), "sample.tar"), b.String())
}

func starter(t testing.TB) *vulndb.DB {
	t.Helper()
	db, err := vulndb.Starter()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestKindIsFoundByLooking(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(p string) string { return filepath.Join(dir, p) }
	write(t, at("root/etc/os-release"), "ID=debian\nVERSION_ID=12\n")
	write(t, at("layout/oci-layout"), `{"imageLayoutVersion": "1.0.0"}`)
	write(t, at("layout/index.json"), `{"schemaVersion": 2, "manifests": []}`)
	write(t, at("source/package-lock.json"), `{"lockfileVersion": 3, "packages": {}}`)
	write(t, at("bom.json"), `{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}`)
	write(t, at("notes.tar"), "not a tar")
	write(t, at("registry:odd/file"), "x")
	write(t, at("nothing"), "")
	write(t, at("result.json"), `{"schema_version": "1", "artifact": {}}`)
	img := sampleImage(t)
	for _, c := range []struct{ name, target, format, fails string }{
		{"an image archive", img, "docker-archive", ""},
		{"a root file system has an os-release", at("root"), "rootfs", ""},
		{"any other directory is a source directory", at("source"), "directory", ""},
		{"a scheme forces the kind", "dir:" + at("root"), "directory", ""},
		{"a forced kind that does not fit is an error", "docker-archive:" + at("bom.json"), "", "archive"},
		{"an archive is not taken for the other kind", "oci-archive:" + img, "", "not an OCI archive"},
		{"a bill of materials", at("bom.json"), "cyclonedx", ""},
		{"a layout without an image is an error", at("layout"), "", "layout"},
		{"a file that is nothing is no target", at("notes.tar"), "", "neither an image archive"},
		{"a path that is not there is not a registry's", "./none", "", "not found"},
		{"nor is a name with the ending of an archive", "none.tar", "", "not found"},
		{"an empty name", "sbom:", "", "empty"},
		{"an empty file", at("nothing"), "", "an empty file"},
		{"a saved result", at("result.json"), "", "sightline diff"},
		{"what is no image's name", "a b", "", "no name of an image"},
		{"nor is a URL", "http://registry.example/app", "", "no name of an image"},
		{"nor is an unknown scheme", "tarball:app:1", "", "no name of an image"},
		{"nor are capitals", "docker:UPPER", "", "in lower case"},
		{"a device", "/dev/null", "", "neither a file nor a directory"},
		{"an odd scheme is a part of the name", at("registry:odd"), "directory", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			target, err := scan.Open(t.Context(), c.target, scan.Options{})
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("got %v, want an error about %q", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			if target.Artifact.Format != c.format {
				t.Errorf("format %s, want %s", target.Artifact.Format, c.format)
			}
		})
	}
}

// TestNamesOfImages has each form of a reference pass to those who know better: engines that are not there, which is another error.
func TestNamesOfImages(t *testing.T) {
	t.Parallel()
	const sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	o := scan.Options{}
	o.Registry.Local.Storage, o.Registry.Local.Containerd = []string{t.TempDir()}, t.TempDir()
	for _, name := range []string{
		"alpine", "alpine:3.20", "a/b_c/d-e.f:V1.2_3-x", "localhost:5000/app", "registry.example/a/b:1@sha256:" + sum, "alpine@sha256:" + sum,
		"[::1]:5000/app:1", "cafe0123", sum, "sha256:" + sum, "HOST.example/app", "a__b",
	} {
		for _, engine := range []string{"podman:", "containerd:"} {
			if _, err := scan.Open(t.Context(), engine+name, o); err == nil || errors.Is(err, scan.ErrTarget) {
				t.Errorf("%s%s: %v", engine, name, err)
			}
		}
	}
}

func run(t testing.TB, target string, o scan.Options) *finding.Result {
	t.Helper()
	o.Extractors = all.Extractors()
	opened, err := scan.Open(t.Context(), target, o)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	r, err := scan.Run(t.Context(), opened, starter(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRunIsTheSameButForTheRun(t *testing.T) {
	t.Parallel()
	img := sampleImage(t)
	encode := func(workers int, at time.Time) string {
		r := run(t, img, scan.Options{Workers: workers, Now: func() time.Time { return at }})
		if !r.Run.StartedAt.Equal(at) {
			t.Errorf("started at %s", r.Run.StartedAt)
		}
		r.Run = finding.Run{}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	want := encode(1, now)
	for workers := 2; workers < 6; workers++ {
		if d := cmp.Diff(want, encode(workers, now.Add(time.Hour))); d != "" {
			t.Fatalf("%d workers:\n%s", workers, d)
		}
	}
}

func TestStaleness(t *testing.T) {
	t.Parallel()
	img := sampleImage(t)
	asOf := starter(t).Meta().AsOf
	for _, c := range []struct {
		age   time.Duration
		says  string
		stale bool
	}{{time.Hour, "1h", false}, {47 * time.Hour, "47h", false}, {12 * 24 * time.Hour, "12d", true}, {-time.Hour, "0h", false}} {
		r := run(t, img, scan.Options{Now: func() time.Time { return asOf.Add(c.age) }})
		if r.Run.DatabaseAge != c.says || r.Run.DatabaseStale != c.stale {
			t.Errorf("age %s: %q, stale %v", c.age, r.Run.DatabaseAge, r.Run.DatabaseStale)
		}
	}
}

// TestAgeIsOfTheFeedThatAnswered has a database with a fresh feed for one ecosystem and an old one for another.
func TestAgeIsOfTheFeedThatAnswered(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	advisory := func(feed, ns string, at time.Time) vuln.Advisory {
		return vuln.Advisory{Feed: feed, ID: "X-" + ns, Published: at, Modified: at, Affected: []vuln.Affected{{Namespace: ns, Package: "a", Ranges: []vuln.Range{{Fixed: "1.0.0"}}}}}
	}
	b, err := vulndb.BuildBytes(t.Context(), vulndb.BuildOptions{},
		advisory("osv/npm", "npm", now.AddDate(0, 0, -1)), advisory("osv/PyPI", "PyPI", now.AddDate(0, 0, -20)))
	if err != nil {
		t.Fatal(err)
	}
	db, err := vulndb.OpenBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := scan.Open(t.Context(), sampleImage(t), scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	r, err := scan.Run(t.Context(), opened, db, scan.Options{Extractors: all.Extractors(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Run.DatabaseAge != "20d" || r.Run.DatabaseFeed != "osv/PyPI" || !r.Run.DatabaseStale {
		t.Errorf("%+v", r.Run)
	}
}

func TestPartial(t *testing.T) {
	t.Parallel()
	r := &finding.Result{Incomplete: []artifact.Incomplete{
		{Path: "a.jar", Reason: artifact.Corrupt},
		{Reason: artifact.UnknownRelease},
		{Reason: artifact.BytesLimit, Layer: &artifact.LayerRef{Index: 3}},
	}}
	if lost := scan.Partial(r); len(lost) != 1 || lost[0].Layer.Index != 3 {
		t.Errorf("got %+v", lost)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	_, err := scan.Open(t.Context(), "registry:127.0.0.1:1/app", scan.Options{})
	if !errors.Is(err, artifact.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

// BenchmarkScan is a whole scan of the sample image, from opening the archive to the result.
func BenchmarkScan(b *testing.B) {
	img := sampleImage(b)
	b.ReportAllocs()
	for b.Loop() {
		if r := run(b, img, scan.Options{}); len(r.Packages) != 22 {
			b.Fatal(len(r.Packages))
		}
	}
}

// TestTheTimeLimitBoundsOpening asks a registry that accepts connections and never answers, and reads a pipe that nobody writes to.
func TestTheTimeLimitBoundsOpening(t *testing.T) {
	t.Parallel()
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = w.Close(), r.Close() })
	for _, target := range []string{"registry:" + silent.Addr().String() + "/app:1", "-"} {
		start := time.Now()
		_, err := scan.Open(t.Context(), target, scan.Options{Stdin: r, Limits: artifact.Limits{Time: 300 * time.Millisecond}})
		lim, is := errors.AsType[*artifact.ErrLimit](err)
		if !is || lim.Reason != artifact.TimeLimit {
			t.Errorf("%s: %v", target, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: it took %s", target, took)
		}
	}
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	archive, err := os.ReadFile(sampleImage(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, target, in, format, fails string }{
		{"an archive", "-", string(archive), "docker-archive", ""},
		{"a forced kind", "docker-archive:-", string(archive), "docker-archive", ""},
		{"a forced kind that it is not", "oci-archive:-", string(archive), "", "not an OCI archive"},
		{"an SBOM", "-", `{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}`, "cyclonedx", ""},
		{"nothing", "-", "", "", "empty"},
		{"text", "-", "hello", "", "neither an image archive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			target, err := scan.Open(t.Context(), c.target, scan.Options{Stdin: strings.NewReader(c.in)})
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("got %v, want an error about %q", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			if target.Artifact.Format != c.format || target.Artifact.Name != "-" {
				t.Errorf("%s, format %s, want %s", target.Artifact.Name, target.Artifact.Format, c.format)
			}
		})
	}
	_, err = scan.Open(t.Context(), "-", scan.Options{Stdin: strings.NewReader(string(archive)), Limits: artifact.Limits{TotalBytes: 1000}})
	if lim, is := errors.AsType[*artifact.ErrLimit](err); !is || lim.Reason != artifact.BytesLimit {
		t.Errorf("past the limit: %v", err)
	}
}
