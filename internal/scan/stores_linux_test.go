package scan_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"golang.org/x/sys/unix"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/image"
	"github.com/sightline-sec/sightline/internal/extract/realroot"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/scan"
)

// These tests run the engines themselves, each with a directory of its own, as root. Where one is missing its part is skipped.

const storeRef = "example.test/team/app:1"

// need skips the test where a tool is missing, or root.
func need(t testing.TB, tools ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts engines")
	}
	if os.Geteuid() != 0 {
		t.Skip("engines are started as root")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
}

func command(t testing.TB, tool string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, out)
	}
}

// engineDir is a directory that engines may mount things in. Its path is short, as that of a socket must be.
func engineDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mounts, _ := os.ReadFile("/proc/self/mounts")
		for line := range strings.Lines(string(mounts)) {
			if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], dir+"/") {
				_ = unix.Unmount(f[1], unix.MNT_DETACH)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// daemon starts an engine, waits for its socket, and ends it with the test.
func daemon(t testing.TB, socket, tool string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	for range 300 {
		if c, err := new(net.Dialer).DialContext(ctx, "unix", socket); err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-done:
			t.Skipf("%s does not run here: %s", tool, log.Bytes())
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Skipf("%s does not answer", tool)
}

// containerd starts containerd and gives its root and socket.
func containerd(t testing.TB) (root, socket string) {
	t.Helper()
	need(t, "containerd", "ctr")
	dir := engineDir(t)
	root, socket = dir+"/root", dir+"/sock"
	conf := fmt.Sprintf("version = 2\nroot = %q\nstate = %q\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = %q\n", root, dir+"/state", socket)
	daemon(t, socket, "containerd", "-c", write(t, dir+"/config.toml", conf))
	return root, socket
}

// layered makes an image of layers with what a merged file system must get right: a file deleted, a directory hidden,
// a database replaced; and with what no one may follow.
func layered(t testing.TB) string {
	t.Helper()
	const osRelease = "ID=debian\nVERSION_ID=\"12\"\n"
	npm := func(name, version string) string { return fmt.Sprintf(`{"name": %q, "version": %q}`, name, version) }
	deb := func(names ...string) string {
		var b strings.Builder
		for _, n := range names {
			fmt.Fprintf(&b, "Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n\n", n)
		}
		return b.String()
	}
	return archiveOf(t, [][]tar.Header{
		{
			{Name: "etc/os-release", Linkname: osRelease},
			{Name: "var/lib/dpkg/status", Linkname: deb("base-files", "zlib1g")},
			{Name: "srv/node_modules/lodash/package.json", Linkname: npm("lodash", "4.17.15")},
			{Name: "srv/node_modules/minimist/package.json", Linkname: npm("minimist", "1.2.0")},
			{Name: "opt/app/node_modules/qs/package.json", Linkname: npm("qs", "6.7.0")},
			{Name: "opt/host", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
			{Name: "opt/up", Typeflag: tar.TypeSymlink, Linkname: "../../../../../../etc/passwd"},
			{Name: "opt/node_modules", Typeflag: tar.TypeSymlink, Linkname: "/usr/share/nodejs"},
			{Name: "opt/fifo", Typeflag: tar.TypeFifo},
		},
		{
			{Name: "srv/node_modules/.wh.lodash"},
			{Name: "opt/app/node_modules/.wh..wh..opq"},
			{Name: "opt/app/node_modules/left-pad/package.json", Linkname: npm("left-pad", "1.3.0")},
		},
		{
			{Name: "var/lib/dpkg/status", Linkname: deb("base-files", "openssl", "zlib1g")},
			{Name: "srv/copy/node_modules/axios/package.json", Linkname: npm("axios", "0.21.0")},
		},
	})
}

// archiveOf writes a docker-archive. In the headers of files Linkname is the content.
func archiveOf(t testing.TB, layers [][]tar.Header) string {
	t.Helper()
	var tars []func() (io.ReadCloser, error)
	for _, entries := range layers {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range entries {
			body := ""
			h.Mode = 0o644
			if h.Typeflag == 0 {
				h.Typeflag, body, h.Linkname, h.Size = tar.TypeReg, h.Linkname, "", int64(len(h.Linkname))
			}
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, body); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		tars = append(tars, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	}
	return pack(t, tars)
}

func pack(t testing.TB, tars []func() (io.ReadCloser, error)) string {
	t.Helper()
	img := empty.Image
	for i, open := range tars {
		l, err := tarball.LayerFromOpener(open, tarball.WithCompressionLevel(gzip.BestSpeed))
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.Append(img, mutate.Addendum{Layer: l, History: v1.History{CreatedBy: fmt.Sprintf("step %d", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cfg.OS, cfg.Architecture, cfg.Config.User = "linux", "amd64", "1000:1000"
	if img, err = mutate.ConfigFile(img, cfg); err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewTag(storeRef)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := tarball.WriteToFile(path, ref, img); err != nil {
		t.Fatal(err)
	}
	return path
}

// told is what must not depend on where an image lies: all but the digests of blobs, which each store writes as it likes.
func told(r *finding.Result) (packages, findings, layers []string) {
	for _, p := range r.Packages {
		at := "-"
		if p.Layer != nil {
			at = fmt.Sprintf("%d %s", p.Layer.Index, p.Layer.DiffID)
		}
		packages = append(packages, fmt.Sprintf("%s in layer %s", p.PURL, at))
	}
	for _, f := range r.Findings {
		findings = append(findings, fmt.Sprintf("%s %s %s fixed=%s", f.Package.PURL, f.Vulnerability.ID, f.Severity, f.FixedVersion))
	}
	for _, l := range r.Artifact.Layers {
		layers = append(layers, fmt.Sprintf("%d %s %s", l.Index, l.DiffID, l.CreatedBy))
	}
	slices.Sort(packages)
	slices.Sort(findings)
	return packages, findings, append(layers, r.Artifact.ImageID)
}

// sameAs scans a target and compares.
func sameAs(t *testing.T, want *finding.Result, target, format string, o scan.Options) *finding.Result {
	t.Helper()
	got := run(t, target, o)
	if got.Artifact.Format != format {
		t.Errorf("format %s, want %s", got.Artifact.Format, format)
	}
	packages, findings, layers := told(want)
	p, f, l := told(got)
	if diff := cmp.Diff(packages, p); diff != "" {
		t.Errorf("%s: packages\n%s", target, diff)
	}
	if diff := cmp.Diff(findings, f); diff != "" {
		t.Errorf("%s: findings\n%s", target, diff)
	}
	if diff := cmp.Diff(layers, l); diff != "" {
		t.Errorf("%s: layers\n%s", target, diff)
	}
	if diff := cmp.Diff(want.Artifact.Config, got.Artifact.Config); diff != "" {
		t.Errorf("%s: config\n%s", target, diff)
	}
	if diff := cmp.Diff(want.Incomplete, got.Incomplete); diff != "" {
		t.Errorf("%s: incomplete\n%s", target, diff)
	}
	return got
}

func TestOneImageIsTheSameInEachStore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		make func(testing.TB) string
		some []string // packages that there must be
		none []string // and must not
	}{
		{"whiteouts", layered, []string{"minimist", "left-pad", "openssl", "axios"}, []string{"lodash", "qs"}},
		{"Debian", debianImage, []string{"dpkg", "apt", "lodash"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			archive := c.make(t)
			want := run(t, archive, scan.Options{})
			names := map[string]bool{}
			for _, p := range want.Packages {
				names[p.Name] = true
			}
			for _, n := range c.some {
				if !names[n] {
					t.Errorf("no %s in %v", n, names)
				}
			}
			for _, n := range c.none {
				if names[n] {
					t.Errorf("%s is deleted", n)
				}
			}
			t.Run("stdin", func(t *testing.T) { t.Parallel(); stdin(t, archive, want) })
			t.Run("containerd", func(t *testing.T) { t.Parallel(); inContainerd(t, archive, want) })
			t.Run("podman", func(t *testing.T) { t.Parallel(); inPodman(t, archive, want) })
			t.Run("docker", func(t *testing.T) { t.Parallel(); inDocker(t, archive, want) })
		})
	}
}

// debianImage is a real Debian, with an application on top. A short run takes of it what the package manager keeps and says of itself: the
// programs would be inflated five times over, which the race detector makes minutes of.
func debianImage(t testing.TB) string {
	t.Helper()
	root := realroot.Debian(t)
	base := filepath.Join(t.TempDir(), "base.tar")
	whole := []string{"."}
	if testing.Short() {
		whole = []string{"./etc", "./usr/lib/os-release", "./usr/share/doc", "./var/lib/dpkg"}
	}
	command(t, "tar", append([]string{"-C", root, "--numeric-owner", "-cf", base}, whole...)...)
	app := t.TempDir()
	write(t, app+"/srv/node_modules/lodash/package.json", `{"name": "lodash", "version": "4.17.15"}`)
	top := filepath.Join(t.TempDir(), "top.tar")
	command(t, "tar", "-C", app, "-cf", top, ".")
	return pack(t, []func() (io.ReadCloser, error){
		func() (io.ReadCloser, error) { return os.Open(base) }, func() (io.ReadCloser, error) { return os.Open(top) },
	})
}

// pipe gives a file's bytes as a pipe does.
func pipe(t testing.TB, path, filter string) io.Reader {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filter, "-c", path)
	if filter == "cat" {
		cmd = exec.CommandContext(t.Context(), "cat", path)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() { _ = r.Close(); _ = cmd.Wait() })
	return r
}

func stdin(t *testing.T, archive string, want *finding.Result) {
	for _, filter := range []string{"cat", "gzip", "zstd"} {
		if _, err := exec.LookPath(filter); err != nil {
			t.Logf("%s is not installed", filter)
			continue
		}
		sameAs(t, want, "-", "docker-archive", scan.Options{Stdin: pipe(t, archive, filter)})
	}
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := sameAs(t, want, "-", "docker-archive", scan.Options{Stdin: f})
	if diff := cmp.Diff(want.Artifact.Layers, got.Artifact.Layers); diff != "" {
		t.Error(diff)
	}
}

func inContainerd(t *testing.T, archive string, want *finding.Result) {
	root, socket := containerd(t)
	ctr := func(args ...string) { command(t, "ctr", append([]string{"-a", socket}, args...)...) }
	ctr("-n", "k8s.io", "images", "import", "--snapshotter", "overlayfs", archive)
	o := scan.Options{}
	o.Registry.Local.Containerd = root
	got := sameAs(t, want, "containerd:"+storeRef, "containerd", o)
	if got.Artifact.Reference != storeRef || !slices.Contains(got.Artifact.RepoTags, storeRef) || got.Artifact.Digest == "" {
		t.Errorf("names: %+v", got.Artifact)
	}
	for _, l := range got.Artifact.Layers {
		blob, err := os.Stat(filepath.Join(root, "io.containerd.content.v1.content/blobs/sha256", strings.TrimPrefix(l.Digest, "sha256:")))
		if err != nil || blob.Size() != l.Size {
			t.Errorf("layer %d is stated to be %s with %d bytes: %v", l.Index, l.Digest, l.Size, err)
		}
	}
	sameAs(t, want, "containerd:"+got.Artifact.Digest, "containerd", o)
	sameAs(t, want, "containerd:example.test/team/app@"+got.Artifact.Digest, "containerd", o)

	// Another name space with the same image is no question, one with another image of that name is.
	ctr("-n", "default", "images", "import", "--no-unpack", archive)
	sameAs(t, want, "containerd:"+storeRef, "containerd", o)
	other := archiveOf(t, [][]tar.Header{{{Name: "etc/os-release", Linkname: "ID=alpine\nVERSION_ID=3.20.0\n"}}})
	ctr("-n", "other", "images", "import", "--no-unpack", other)
	if _, err := scan.Open(t.Context(), "containerd:"+storeRef, o); err == nil || !strings.Contains(err.Error(), "k8s.io and other") {
		t.Errorf("two images of one name: %v", err)
	}
	o.Registry.Local.Namespace = "k8s.io"
	sameAs(t, want, "containerd:"+storeRef, "containerd", o)
	o.Registry.Local.Namespace = "none"
	if _, err := scan.Open(t.Context(), "containerd:"+storeRef, o); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("a name space that is not there: %v", err)
	}

	// What containerd does with discard_unpacked_layers: the blobs go, the snapshots stay.
	o.Registry.Local.Namespace = "k8s.io"
	for _, l := range got.Artifact.Layers {
		for _, ns := range []string{"k8s.io", "default"} {
			ctr("-n", ns, "content", "rm", l.Digest)
		}
	}
	gone := func() bool {
		return !slices.ContainsFunc(got.Artifact.Layers, func(l artifact.Layer) bool {
			_, err := os.Stat(filepath.Join(root, "io.containerd.content.v1.content/blobs/sha256", strings.TrimPrefix(l.Digest, "sha256:")))
			return err == nil
		})
	}
	for range 100 { // its garbage collector
		if gone() {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if !gone() {
		t.Fatal("the blobs are still there")
	}
	again := sameAs(t, want, "containerd:"+storeRef, "containerd", o)
	if diff := cmp.Diff(got.Artifact.Layers, again.Artifact.Layers); diff != "" {
		t.Errorf("layers of snapshots: %s", diff)
	}
}

func inPodman(t *testing.T, archive string, want *finding.Result) {
	need(t, "podman")
	dir := engineDir(t)
	podman := []string{"--root", dir + "/root", "--runroot", dir + "/run", "--storage-driver", "overlay"}
	command(t, "podman", append(slices.Clone(podman), "load", "-i", archive)...)
	o := scan.Options{}
	o.Registry.Local.Storage = []string{dir + "/none", dir + "/root"}
	got := sameAs(t, want, "podman:"+storeRef, "containers-storage", o)
	if got.Artifact.Reference != storeRef || !slices.Contains(got.Artifact.RepoTags, storeRef) || got.Artifact.Digest == "" {
		t.Errorf("names: %+v", got.Artifact)
	}
	id := strings.TrimPrefix(want.Artifact.ImageID, "sha256:")
	for _, target := range []string{id[:12], id, want.Artifact.ImageID, "example.test/team/app@" + got.Artifact.Digest} {
		sameAs(t, want, "podman:"+target, "containers-storage", o)
	}
	if _, err := scan.Open(t.Context(), "podman:example.test/team/app:2", o); !errors.Is(err, artifact.ErrNotFound) {
		t.Errorf("another tag: %v", err)
	}

	t.Run("built", func(t *testing.T) {
		if len(want.Artifact.Layers) != 3 {
			t.Skip("the small image is enough")
		}
		// A layer that podman itself makes, of a container whose file was deleted.
		write(t, dir+"/ctx/Containerfile", "FROM "+storeRef+"\nCOPY package.json /srv/node_modules/express/package.json\nLABEL a=b\n")
		write(t, dir+"/ctx/package.json", `{"name": "express", "version": "4.17.1"}`)
		command(t, "podman", append(slices.Clone(podman), "build", "--isolation", "chroot", "-t", "built:dev", dir+"/ctx")...)
		saved := filepath.Join(t.TempDir(), "built.tar")
		command(t, "podman", append(slices.Clone(podman), "save", "-o", saved, "built:dev")...)
		got := sameAs(t, run(t, saved, scan.Options{}), "podman:built:dev", "containers-storage", o)
		if got.Artifact.Reference != "localhost/built:dev" || len(got.Artifact.Layers) != len(want.Artifact.Layers)+1 {
			t.Errorf("%+v", got.Artifact)
		}
	})
	t.Run("socket", func(t *testing.T) {
		socket := dir + "/podman.sock"
		daemon(t, socket, "podman", append(slices.Clone(podman), "system", "service", "--time=0", "unix://"+socket)...)
		o := scan.Options{}
		o.Registry.Local.DockerHost = "unix://" + socket
		sameAs(t, want, "docker:"+storeRef, "docker", o)
		if _, err := scan.Open(t.Context(), "docker:example.test/team/app:2", o); !errors.Is(err, artifact.ErrNotFound) {
			t.Errorf("another tag: %v", err)
		}
	})
	t.Run("vfs", func(t *testing.T) {
		if len(want.Artifact.Layers) != 3 {
			t.Skip("the small image is enough")
		}
		vfs := []string{"--root", dir + "/vfs", "--runroot", dir + "/vfsrun", "--storage-driver", "vfs"}
		command(t, "podman", append(vfs, "load", "-i", archive)...)
		o := scan.Options{}
		o.Registry.Local.Storage = []string{dir + "/vfs"}
		if _, err := scan.Open(t.Context(), "podman:"+storeRef, o); !errors.Is(err, artifact.ErrUnsupported) {
			t.Errorf("a driver that is not read: %v", err)
		}
	})
}

func inDocker(t *testing.T, archive string, want *finding.Result) {
	need(t, "dockerd")
	_, containerdSocket := containerd(t)
	dir := engineDir(t)
	socket := dir + "/sock"
	daemon(t, socket, "dockerd", "--data-root", dir+"/root", "--exec-root", dir+"/exec", "-p", dir+"/pid", "-H", "unix://"+socket,
		"--iptables=false", "--ip6tables=false", "--bridge=none", "--containerd", containerdSocket)
	need(t, "curl")
	command(t, "curl", "-sSf", "--unix-socket", socket, "-X", "POST", "-H", "Content-Type: application/x-tar",
		"-T", archive, "http://engine/images/load")
	o := scan.Options{}
	o.Registry.Local.DockerHost = "unix://" + socket
	got := sameAs(t, want, "docker:"+storeRef, "docker", o)
	if got.Artifact.Reference != storeRef || !slices.Contains(got.Artifact.RepoTags, storeRef) {
		t.Errorf("names: %+v", got.Artifact)
	}
	sameAs(t, want, "docker:"+strings.TrimPrefix(want.Artifact.ImageID, "sha256:")[:12], "docker", o)

	// A bare name is the image that is here; the registry of that name does not exist.
	o.Registry.Local.Storage, o.Registry.Local.Containerd = []string{dir + "/none"}, dir+"/none"
	sameAs(t, want, storeRef, "docker", o)
	o.Registry.Registry.Attempts = 1
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if got, err := scan.Open(ctx, "registry:"+storeRef, o); err == nil {
		t.Errorf("registry: is not the engine: %+v", got.Artifact)
	}
}

// TestReadingWhileContainerdWrites imports and deletes images while one that stays is looked up and scanned.
func TestReadingWhileContainerdWrites(t *testing.T) {
	t.Parallel()
	root, socket := containerd(t)
	stays := layered(t)
	command(t, "ctr", "-a", socket, "images", "import", stays)
	want := run(t, stays, scan.Options{})
	other := sampleImage(t)
	ctx, stop := context.WithCancel(t.Context())
	writes := make(chan error, 1)
	go func() {
		n := 0
		for ctx.Err() == nil {
			for _, args := range [][]string{
				{"images", "import", "--no-unpack", other},
				{"images", "tag", "docker.io/library/sightline-demo:latest", fmt.Sprintf("example.test/n%d:1", n)},
				{"images", "rm", "docker.io/library/sightline-demo:latest", fmt.Sprintf("example.test/n%d:1", n)},
			} {
				if out, err := exec.CommandContext(ctx, "ctr", append([]string{"-a", socket}, args...)...).CombinedOutput(); err != nil && ctx.Err() == nil {
					writes <- fmt.Errorf("ctr %v: %w\n%s", args, err, out)
					return
				}
			}
			n++
		}
		if n < 3 {
			writes <- fmt.Errorf("only %d rounds of writing", n)
			return
		}
		writes <- nil
	}()
	o := scan.Options{}
	o.Registry.Local.Containerd = root
	reads := 0
	for start := time.Now(); time.Since(start) < 4*time.Second && !t.Failed(); reads++ {
		sameAs(t, want, "containerd:"+storeRef, "containerd", o)
		if _, err := scan.Open(t.Context(), "containerd:example.test/none:1", o); !errors.Is(err, artifact.ErrNotFound) {
			t.Errorf("a name that is not there: %v", err)
		}
	}
	stop()
	if err := <-writes; err != nil {
		t.Error(err)
	}
	t.Logf("%d scans while images came and went", reads)
}

// TestAFailingLookIsCheap: a name that no engine has goes to the registry at once.
func TestAFailingLookIsCheap(t *testing.T) {
	root, socket := containerd(t)
	command(t, "ctr", "-a", socket, "images", "import", layered(t))
	var o image.Options
	o.Local.Containerd, o.Local.Storage, o.Local.DockerHost = root, []string{root + "/none"}, "unix://"+root+"/none"
	quickest := time.Hour
	for range 20 {
		start := time.Now()
		if _, _, err := image.OpenLocal(t.Context(), "example.test/none:1", o); !errors.Is(err, artifact.ErrNotFound) {
			t.Fatal(err)
		}
		quickest = min(quickest, time.Since(start))
	}
	t.Logf("the quickest of 20 took %s", quickest)
	if quickest > 5*time.Millisecond {
		t.Errorf("%s", quickest)
	}
}
