package cli_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/sightline-sec/sightline/internal/artifact/hostile"
	"github.com/sightline-sec/sightline/internal/extract/realroot"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/exploit"
	"github.com/sightline-sec/sightline/internal/feed/osv"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// binaryDir is where the program is, removed when all tests have ended.
var binaryDir atomic.Pointer[string]

// binary builds the program as users get it, once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sightline-e2e-*")
	if err != nil {
		return "", err
	}
	binaryDir.Store(&dir)
	path := filepath.Join(dir, "sightline")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", path, "github.com/sightline-sec/sightline/cmd/sightline")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func buildBinary(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program and real images: not with -short")
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// ran is what one run of the program did.
type ran struct {
	status         int
	stdout, stderr string
	took           time.Duration // on the clock, which other tests share
	cpu            time.Duration // of the processor
	peak           int64         // bytes of resident memory
}

// run runs the program with folders of its own and no settings of the machine.
func run(t *testing.T, args ...string) ran {
	t.Helper()
	bin := buildBinary(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	home := t.TempDir()
	command := append([]string{bin}, args...)
	if args[0] == "unshare" {
		command = append([]string{"unshare", "-n", bin}, args[1:]...)
	}
	cmd := exec.CommandContext(ctx, "measured", command...)
	peak := filepath.Join(t.TempDir(), "peak")
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(), "PEAK=" + peak}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	r := ran{stdout: stdout.String(), stderr: stderr.String(), took: time.Since(start)}
	if x, ok := errors.AsType[*exec.ExitError](err); ok {
		r.status = x.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(peak)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(b), &r.peak, (*int64)(&r.cpu)); err != nil {
		t.Fatal(err)
	}
	return r
}

// measured is a command of its own in this test binary: it runs its arguments and writes the peak of resident memory and the
// processor time into the file $PEAK. In between stands a fresh process, since the kernel counts what a process held before exec, too, and a test that has
// made bombs is large.
func measured() {
	cmd := exec.CommandContext(context.Background(), os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
	if ru, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		if err := os.WriteFile(os.Getenv("PEAK"), []byte(fmt.Sprint(ru.Maxrss<<10, " ", ru.Utime.Nano()+ru.Stime.Nano())), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// scanJSON scans a target and reads the result.
func scanJSON(t *testing.T, args ...string) *finding.Result {
	t.Helper()
	args = append(args, "--format", "json")
	r := run(t, args...)
	if r.status != 0 {
		t.Fatalf("%s: exit status %d\n%s", strings.Join(args, " "), r.status, r.stderr)
	}
	var res finding.Result
	if err := json.Unmarshal([]byte(r.stdout), &res); err != nil {
		t.Fatal(err)
	}
	return &res
}

// repoRoot is the folder of go.mod.
func repoRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above the working directory")
	return ""
}

// realDB builds a database from the real feeds of Debian and npm.
func realDB(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SIGHTLINE_FEEDS")
	if dir == "" {
		dir = filepath.Join(repoRoot(t), "..", "shared", "feeds")
	}
	raw, err := feed.Dir(dir)
	if err != nil {
		t.Skipf("no real feeds: %v (SIGHTLINE_FEEDS names their folder)", err)
	}
	defer raw.Close()
	path := filepath.Join(t.TempDir(), "real.db")
	var inputs []vulndb.Input
	for _, f := range []feed.Feed{osv.New("Debian"), osv.New("npm"), exploit.KEV()} {
		inputs = append(inputs, vulndb.Input{Feed: f, Raw: raw})
	}
	if _, err := vulndb.Build(t.Context(), path, inputs, vulndb.BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}

// verdicts are what must be the same whatever way an image came in.
func verdicts(r *finding.Result) (packages, findings []string) {
	for _, p := range r.Packages {
		packages = append(packages, p.PURL)
	}
	for _, f := range r.Findings {
		findings = append(findings, fmt.Sprintf("%s %s %s fixed=%s", f.Package.PURL, f.Vulnerability.ID, f.Severity, f.FixedVersion))
	}
	slices.Sort(packages)
	slices.Sort(findings)
	return packages, findings
}

// tarOf makes a layer of a folder, as root's files.
func tarOf(t *testing.T, root string, w io.Writer) {
	t.Helper()
	tw := tar.NewWriter(w)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		link := ""
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			if link, err = os.Readlink(p); err != nil {
				return err
			}
		case !info.IsDir() && !info.Mode().IsRegular():
			return nil
		}
		h, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		if h.Name = rel; info.IsDir() {
			h.Name += "/"
		}
		if err := tw.WriteHeader(h); err != nil || !info.Mode().IsRegular() {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(tw, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
}

func layerOf(t *testing.T, path string) v1.Layer {
	t.Helper()
	l, err := tarball.LayerFromFile(path, tarball.WithCompressionLevel(1))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestSameImageEveryWay scans one image, a real Debian 12 with an application on top, in each form in which images come:
// the findings are the same, and the packages are those of dpkg-query.
func TestSameImageEveryWay(t *testing.T) {
	root := realroot.Debian(t)
	buildBinary(t)
	db := realDB(t)
	dir := t.TempDir()

	// The application: two packages, and a file of the base deleted.
	app := filepath.Join(dir, "app")
	for p, text := range map[string]string{
		"srv/node_modules/lodash/package.json":   `{"name": "lodash", "version": "4.17.15", "license": "MIT"}`,
		"srv/node_modules/minimist/package.json": `{"name": "minimist", "version": "1.2.0"}`,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(app, p)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(app, p), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var layers []v1.Layer
	for i, folder := range []string{root, app} {
		path := filepath.Join(dir, fmt.Sprintf("layer%d.tar", i))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		tarOf(t, folder, f)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		layers = append(layers, layerOf(t, path))
	}
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cfg.OS, cfg.Architecture, cfg.Config.User = "linux", "amd64", "1000:1000"
	if img, err = mutate.ConfigFile(img, cfg); err != nil {
		t.Fatal(err)
	}

	ref, err := name.NewTag("example.test/app:1")
	if err != nil {
		t.Fatal(err)
	}
	dockerArchive := filepath.Join(dir, "docker.tar")
	if err := tarball.WriteToFile(dockerArchive, ref, img); err != nil {
		t.Fatal(err)
	}
	ociLayout := filepath.Join(dir, "oci")
	p, err := layout.Write(ociLayout, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AppendImage(img); err != nil {
		t.Fatal(err)
	}
	ociArchive := filepath.Join(dir, "oci.tar")
	f, err := os.Create(ociArchive)
	if err != nil {
		t.Fatal(err)
	}
	tarOf(t, ociLayout, f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(registry.New())
	defer srv.Close()
	inRegistry := strings.TrimPrefix(srv.URL, "http://") + "/team/app:1"
	tag, err := name.NewTag(inRegistry, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, img); err != nil {
		t.Fatal(err)
	}
	unpacked := filepath.Join(dir, "root")
	if err := os.Mkdir(unpacked, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{root, app} {
		if out, err := exec.CommandContext(t.Context(), "cp", "-a", from+"/.", unpacked).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}

	first := scanJSON(t, "scan", dockerArchive, "--db", db)
	wantPackages, wantFindings := verdicts(first)
	if len(wantFindings) < 50 || first.Summary.KEV.Total() == 0 && first.Summary.Fixable.Total() == 0 {
		t.Fatalf("only %d findings: %+v", len(wantFindings), first.Summary)
	}
	if first.Artifact.Config == nil || first.Artifact.Config.User != "1000:1000" {
		t.Errorf("the image config did not travel: %+v", first.Artifact.Config)
	}
	for _, c := range []struct{ form, target string }{
		{"oci-layout", ociLayout},
		{"oci-archive", ociArchive},
		{"registry", "registry:" + inRegistry},
		{"rootfs", unpacked},
	} {
		t.Run(c.form, func(t *testing.T) {
			args := []string{"scan", c.target, "--db", db}
			if c.form == "registry" {
				args = append(args, "--insecure-registry", strings.TrimPrefix(srv.URL, "http://"))
			}
			got := scanJSON(t, args...)
			if got.Artifact.Format != c.form {
				t.Errorf("seen as %s", got.Artifact.Format)
			}
			packages, findings := verdicts(got)
			if d := cmp.Diff(wantPackages, packages); d != "" {
				t.Errorf("packages (-docker-archive +%s):\n%s", c.form, d)
			}
			if d := cmp.Diff(wantFindings, findings); d != "" {
				t.Errorf("findings (-docker-archive +%s):\n%s", c.form, d)
			}
			if len(got.Incomplete) > 0 {
				t.Errorf("incomplete: %+v", got.Incomplete)
			}
		})
	}

	t.Run("packages are dpkg-query's", func(t *testing.T) {
		query, err := exec.LookPath("dpkg-query")
		if err != nil {
			t.Skip("no dpkg-query here")
		}
		out, err := exec.CommandContext(t.Context(), query, "--admindir="+root+"/var/lib/dpkg", "-W",
			"-f=${db:Status-Abbrev}${Package} ${Version} ${Architecture} ${source:Package} ${source:Version}\n").Output()
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for line := range strings.Lines(string(out)) {
			if rest, ok := strings.CutPrefix(line, "ii "); ok {
				want = append(want, strings.TrimSpace(rest))
			}
		}
		for _, p := range first.Packages {
			if p.OS() {
				got = append(got, strings.Join([]string{p.Name, p.Version, p.Arch, p.Source.Name, p.Source.Version}, " "))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-dpkg-query +sightline):\n%s", d)
		}
	})

	t.Run("without a network nothing changes", func(t *testing.T) {
		if out, err := exec.CommandContext(t.Context(), "unshare", "-n", "true").CombinedOutput(); err != nil {
			t.Skipf("cannot make a network namespace here: %v %s", err, out)
		}
		for _, target := range []string{dockerArchive, ociLayout, unpacked} {
			_, want := verdicts(scanJSON(t, "scan", target, "--db", db))
			_, got := verdicts(scanJSON(t, "unshare", "scan", target, "--db", db))
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-with +without a network):\n%s", target, d)
			}
		}
		if r := run(t, "unshare", "db", "update"); r.status != 4 {
			t.Errorf("db update without a network: exit status %d, want 4\n%s", r.status, r.stderr)
		} else if !strings.Contains(r.stderr, "hint: ") || r.took > time.Minute {
			t.Errorf("db update without a network took %s and said:\n%s", r.took, r.stderr)
		}
	})
}

// TestHostileInputs runs the program over the corpus: each case ends in a clear error or an incomplete result, within ten seconds and
// 512 MiB, and nothing of the host is shown or changed.
func TestHostileInputs(t *testing.T) {
	buildBinary(t)
	for _, c := range hostile.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			dir := t.TempDir()
			target, err := c.Write(dir)
			if err != nil {
				t.Fatal(err)
			}
			before := listing(t, dir)
			r := run(t, "scan", target, "--format", "json")
			// Processor time: the clock also counts what runs beside this test.
			if r.cpu > 10*time.Second || r.took > time.Minute {
				t.Errorf("took %s of the processor, %s on the clock", r.cpu, r.took)
			}
			if r.peak > 512<<20 {
				t.Errorf("took %d MiB of memory", r.peak>>20)
			}
			if strings.Contains(r.stdout+r.stderr, "panic") || strings.Contains(r.stderr, "goroutine ") {
				t.Errorf("it panicked:\n%s", r.stderr)
			}
			if strings.Contains(r.stdout+r.stderr, hostile.Marker) {
				t.Error("the content of a file of the host is in the output")
			}
			if d := cmp.Diff(before, listing(t, dir)); d != "" {
				t.Errorf("files changed:\n%s", d)
			}
			switch r.status {
			case 0:
			case 3, 2:
				if !strings.HasPrefix(r.stderr, "sightline: ") {
					t.Errorf("exit status %d without a word: %q", r.status, r.stderr)
				}
			default:
				t.Errorf("exit status %d\n%s", r.status, r.stderr)
			}
			if r.stdout != "" && !json.Valid([]byte(r.stdout)) {
				t.Error("the output is not JSON")
			}
		})
	}
}

// listing is every path below a folder with its size.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		list = append(list, fmt.Sprintf("%s %d %s", p, info.Size(), info.Mode()))
		if d.IsDir() && len(p) > 1000 {
			return filepath.SkipDir // deeper than any name that the kernel takes
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
