package golang_test

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/golang"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// stream is content without random access.
type stream struct{ r io.Reader }

func (s stream) Reader() io.Reader     { return s.r }
func (s stream) ReaderAt() io.ReaderAt { return nil }

// random is content with random access; it counts what is read.
type random struct {
	r     *bytes.Reader
	bytes int
	reads int
}

func (c *random) Reader() io.Reader     { return c.r }
func (c *random) ReaderAt() io.ReaderAt { return c }
func (c *random) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.bytes += n
	c.reads++
	return n, err
}

func newExtractor() extract.Extractor { return golang.Extractors()[0] }

func extractContent(t testing.TB, content artifact.Content, size int) extract.Facts {
	t.Helper()
	return extractWith(t, newExtractor(), content, size)
}

func extractWith(t testing.TB, x extract.Extractor, content artifact.Content, size int) extract.Facts {
	t.Helper()
	var facts extract.Facts
	file := extract.NewStreamFile("usr/bin/x", content, int64(size), 0o755)
	if err := x.Extract(t.Context(), file, &facts); err != nil {
		facts.Report(artifact.Unparsable, err.Error())
	}
	return facts
}

// both extracts as stream and with random access and fails if they differ.
func both(t testing.TB, b []byte) extract.Facts {
	t.Helper()
	at := extractContent(t, &random{r: bytes.NewReader(b)}, len(b))
	// Half of what is asked for finds what leans on full reads.
	streamed := extractContent(t, stream{iotest.HalfReader(bytes.NewReader(b))}, len(b))
	if diff := cmp.Diff(at, streamed); diff != "" {
		t.Errorf("random access and stream differ (-random +stream):\n%s", diff)
	}
	return at
}

func list(packages []inventory.Package) []string {
	var names []string
	for _, p := range packages {
		names = append(names, p.Name+" "+p.Version)
	}
	slices.Sort(names)
	return names
}

// project is a module with what build information can hold: a dependency, one replaced by another module and one
// replaced by a directory. It needs only modules that this test binary was built with.
var project = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sightline-golang-")
	if err != nil {
		return "", err
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return "", err
	}
	sync, err := required(root, "golang.org/x/sync")
	if err != nil {
		return "", err
	}
	gocmp, err := required(root, "github.com/google/go-cmp")
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"go.sum":         string(sums),
		"local/go.mod":   "module example.com/local\n",
		"local/local.go": "package local\n\nfunc Name() string { return \"local\" }\n",
		"go.mod": "module example.com/app\n\ngo 1.25\n\nrequire (\n\texample.com/local v0.0.0\n\texample.com/fork v1.0.0\n\tgithub.com/google/go-cmp " + gocmp + "\n)\n" +
			"replace example.com/local => ./local\nreplace example.com/fork => golang.org/x/sync " + sync + "\n",
		"main.go": `package main

import (
	"example.com/fork/errgroup"
	"example.com/local"
	"github.com/google/go-cmp/cmp"
)

func main() {
	var g errgroup.Group
	g.Go(func() error { println(cmp.Equal(local.Name(), "x")); return nil })
	_ = g.Wait()
}
`,
	} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range []func() (string, error){project, calls} {
		if dir, err := dir(); err == nil {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", os.ErrNotExist
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

func required(root, path string) (string, error) {
	b, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == path {
			return f[1], nil
		}
	}
	return "", os.ErrNotExist
}

// compile builds the project and gives the binary.
func compile(t testing.TB, env []string, flags ...string) (string, []byte) {
	t.Helper()
	dir, err := project()
	if err != nil {
		t.Fatal(err)
	}
	return compileIn(t, dir, env, flags...)
}

// compileIn builds the program in a folder and gives the binary.
func compileIn(t testing.TB, dir string, env []string, flags ...string) (string, []byte) {
	t.Helper()
	return compileWith(t, dir, env, append([]string{"-mod=mod", "-buildvcs=false"}, flags...)...)
}

// compileWith is compileIn without flags that old toolchains do not have.
func compileWith(t testing.TB, dir string, env []string, flags ...string) (string, []byte) {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go tool is not installed")
	}
	out := filepath.Join(t.TempDir(), "app")
	cmd := exec.CommandContext(t.Context(), goTool, append([]string{"build", "-o", out}, append(flags, ".")...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append([]string{"GOWORK=off", "GOFLAGS=", "GOPROXY=off", "CGO_ENABLED=0"}, env...)...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %v: %v\n%s", flags, err, msg)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return out, b
}

// goVersion asks the go tool, and makes the list of packages of its answer.
func goVersion(t testing.TB, file string) []string {
	t.Helper()
	type module struct {
		Path, Version string
		Replace       *module
	}
	var info struct {
		GoVersion string
		Main      module
		Deps      []module
	}
	msg, err := exec.CommandContext(t.Context(), "go", "version", "-m", "-json", file).Output()
	if err != nil {
		t.Fatalf("go version: %v", err)
	}
	if err := json.Unmarshal(msg, &info); err != nil {
		t.Fatal(err)
	}
	want := []string{"stdlib " + strings.TrimPrefix(strings.Fields(info.GoVersion)[0], "go")}
	for _, m := range append(info.Deps, info.Main) {
		switch {
		case m.Path == "":
		case m.Replace != nil && strings.HasPrefix(m.Replace.Path, "."):
			want = append(want, m.Path+" ")
		case m.Replace != nil:
			want = append(want, m.Replace.Path+" "+m.Replace.Version)
		default:
			want = append(want, m.Path+" "+strings.TrimPrefix(m.Version, "(devel)"))
		}
	}
	slices.Sort(want)
	return want
}

func TestBinariesAgreeWithGoVersion(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		env   []string
		flags []string
		cc    bool
		long  bool
	}{
		{name: "plain"},
		{name: "stripped", flags: []string{"-ldflags=-s -w"}},
		{name: "trimpath without build id", flags: []string{"-trimpath", "-ldflags=-buildid="}},
		{name: "position independent", flags: []string{"-buildmode=pie"}},
		{name: "external linker", env: []string{"CGO_ENABLED=1"}, flags: []string{"-ldflags=-linkmode=external"}, cc: true},
		{name: "external linker, position independent, stripped", env: []string{"CGO_ENABLED=1"}, flags: []string{"-buildmode=pie", "-ldflags=-linkmode=external -s -w"}, cc: true},
		{name: "windows", env: []string{"GOOS=windows", "GOARCH=amd64"}, long: true},
		{name: "windows stripped", env: []string{"GOOS=windows", "GOARCH=amd64"}, flags: []string{"-ldflags=-s -w"}, long: true},
		{name: "darwin", env: []string{"GOOS=darwin", "GOARCH=arm64"}, long: true},
		{name: "32 bits", env: []string{"GOOS=linux", "GOARCH=386"}, long: true},
		{name: "big endian", env: []string{"GOOS=linux", "GOARCH=s390x"}, long: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.long && testing.Short() {
				t.Skip("compiles the standard library for another platform")
			}
			if _, err := exec.LookPath("gcc"); c.cc && err != nil {
				t.Skip("gcc is not installed")
			}
			file, b := compile(t, c.env, c.flags...)
			facts := both(t, b)
			want := goVersion(t, file)
			if len(want) < 5 {
				t.Fatalf("go version -m lists only %q", want)
			}
			if diff := cmp.Diff(want, list(facts.Packages)); diff != "" {
				t.Errorf("packages (-go version -m +got):\n%s", diff)
			}
			if len(facts.Incomplete) > 0 {
				t.Errorf("reported %v", facts.Incomplete)
			}
		})
	}
}

func TestPackagesHavePURLs(t *testing.T) {
	t.Parallel()
	_, b := compile(t, nil)
	got := map[string]string{}
	for _, p := range both(t, b).Packages {
		got[p.Name] = p.PURL
		if p.Ecosystem != "Go" {
			t.Errorf("%s is of %s", p.Name, p.Ecosystem)
		}
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	version, err := required(root, "github.com/google/go-cmp")
	if err != nil {
		t.Fatal(err)
	}
	if want := "pkg:golang/github.com/google/go-cmp@" + version; got["github.com/google/go-cmp"] != want {
		t.Errorf("purl is %q, want %q", got["github.com/google/go-cmp"], want)
	}
	if want := "pkg:golang/example.com/local"; got["example.com/local"] != want {
		t.Errorf("purl of the module replaced by a directory is %q, want %q", got["example.com/local"], want)
	}
	if got := got["stdlib"]; !strings.HasPrefix(got, "pkg:golang/stdlib@1.") {
		t.Errorf("purl of the standard library is %q", got)
	}
}

// The go tool itself contains the magic in its code, and has many modules.
func TestToolchainBinary(t *testing.T) {
	t.Parallel()
	file, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go tool is not installed")
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goVersion(t, file), list(both(t, b).Packages)); diff != "" {
		t.Errorf("packages (-go version -m +got):\n%s", diff)
	}
}

// asGo117 turns a binary's build information into the form of Go 1.13 to 1.17. Today's linker still makes the two
// variables that its header pointed to.
func asGo117(t testing.TB, b []byte) []byte {
	t.Helper()
	b = bytes.Clone(b)
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	addr := map[string]uint64{}
	for _, s := range symbols {
		addr[s.Name] = s.Value
	}
	section := f.Section(".go.buildinfo")
	header := b[section.Offset:][:section.Size]
	if !bytes.HasPrefix(header, []byte("\xff Go buildinf:")) {
		t.Fatal("section without magic")
	}
	clear(header[14:])
	header[14] = 8
	binary.LittleEndian.PutUint64(header[16:], addr["runtime.buildVersion"])
	binary.LittleEndian.PutUint64(header[24:], addr["runtime.modinfo"])
	return b
}

func TestPointerFormOfGo117(t *testing.T) {
	t.Parallel()
	file, b := compile(t, nil)
	old := asGo117(t, b)
	if info, err := buildinfo.Read(bytes.NewReader(old)); err != nil || len(info.Deps) == 0 {
		t.Fatalf("debug/buildinfo does not read the old form: %v %v", info, err)
	}
	if diff := cmp.Diff(goVersion(t, file), list(both(t, old).Packages)); diff != "" {
		t.Errorf("packages (-go version -m +got):\n%s", diff)
	}

	// Without the mark of a Go linker a stream does not remember the strings: this is reported.
	_, b = compile(t, nil, "-ldflags=-buildid=")
	old = asGo117(t, b)
	if got := extractContent(t, &random{r: bytes.NewReader(old)}, len(old)); len(got.Packages) < 5 {
		t.Errorf("random access found %v", list(got.Packages))
	}
	got := extractContent(t, stream{bytes.NewReader(old)}, len(old))
	if len(got.Packages) > 0 || len(got.Incomplete) != 1 || got.Incomplete[0].Reason != artifact.Unsupported {
		t.Errorf("stream without mark: %v, %v", list(got.Packages), got.Incomplete)
	}
}

func TestRandomAccessReadsLittle(t *testing.T) {
	t.Parallel()
	_, b := compile(t, nil)
	content := &random{r: bytes.NewReader(b)}
	extractContent(t, content, len(b))
	t.Logf("read %d of %d bytes in %d reads", content.bytes, len(b), content.reads)
	// The headers, the build information, and the names of functions.
	if content.bytes > 256<<10 {
		t.Errorf("read %d bytes, more than 256 KiB", content.bytes)
	}
}

func TestFatMachO(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles the standard library for another platform")
	}
	file, b := compile(t, []string{"GOOS=darwin", "GOARCH=arm64"})
	fat := make([]byte, 1<<14)
	for i, v := range []uint32{0xcafebabe, 1, 0x0100000c, 0, 1 << 14, uint32(len(b)), 14} {
		binary.BigEndian.PutUint32(fat[4*i:], v)
	}
	fat = append(fat, b...)
	if _, err := buildinfo.Read(bytes.NewReader(fat)); err != nil {
		t.Fatalf("debug/buildinfo does not read the fat file: %v", err)
	}
	if diff := cmp.Diff(goVersion(t, file), list(both(t, fat).Packages)); diff != "" {
		t.Errorf("packages (-go version -m +got):\n%s", diff)
	}
}

func TestGoBinaryWithoutBuildInformationIsReported(t *testing.T) {
	t.Parallel()
	_, b := compile(t, nil)
	b = bytes.ReplaceAll(b, []byte("\xff Go buildinf:"), []byte("no build info!"))
	facts := both(t, b)
	if len(facts.Packages) > 0 || len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != artifact.Unsupported {
		t.Errorf("got %v, %v", list(facts.Packages), facts.Incomplete)
	}
}

func TestPackedByUPX(t *testing.T) {
	t.Parallel()
	upx, err := exec.LookPath("upx")
	if err != nil {
		t.Skip("upx is not installed")
	}
	file, _ := compile(t, nil)
	if msg, err := exec.CommandContext(t.Context(), upx, "-1", file).CombinedOutput(); err != nil {
		t.Fatalf("upx: %v\n%s", err, msg)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	facts := both(t, b)
	if len(facts.Incomplete) != 1 || !strings.Contains(facts.Incomplete[0].Detail, "upx") {
		t.Errorf("reported %v", facts.Incomplete)
	}
}
