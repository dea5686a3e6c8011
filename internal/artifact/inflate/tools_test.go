package inflate_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	kgzip "github.com/klauspost/compress/gzip"

	"github.com/sightline-sec/sightline/internal/artifact/inflate"
)

// material gives what layers hold: a Go binary, source text, and bytes that do not compress.
func material(t testing.TB, each int) []byte {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	all := bytes.Clone(binary[:min(each, len(binary))])
	text := 0
	root := filepath.Join(runtime.GOROOT(), "src") //nolint:staticcheck // the tree of the toolchain which runs the test
	for _, pattern := range []string{"net/*.go", "runtime/*.go", "net/http/*.go", "cmd/compile/internal/ssa/*.go", "go/types/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if b = b[:min(len(b), each-text)]; len(b) > 0 {
				all = append(append(all, b...), make([]byte, 512-len(b)%512)...)
				text += len(b)
			}
		}
	}
	return append(all, noise(each/16)...)
}

// TestWhatToolsWrite takes the output of the encoders there are: each cuts blocks and builds codes in its own way.
func TestWhatToolsWrite(t *testing.T) {
	t.Parallel()
	const each = 1 << 20
	data := material(t, each)
	tools := map[string][]string{
		"gzip -1": {"gzip", "-c", "-1"}, "gzip -6": {"gzip", "-c"}, "gzip -9": {"gzip", "-c", "-9"}, "gzip --rsyncable": {"gzip", "-c", "--rsyncable"},
		"pigz": {"pigz", "-c", "-p", "3"}, "pigz -i": {"pigz", "-c", "-i", "-b", "64"}, "pigz -H": {"pigz", "-c", "-H"},
		"libdeflate -1": {"libdeflate-gzip", "-c", "-1"}, "libdeflate -12": {"libdeflate-gzip", "-c", "-12"},
	}
	for name, command := range tools {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Skip("not installed: ", err)
			}
			cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
			cmd.Stdin = bytes.NewReader(data)
			gz, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			got, err := ours(bytes.NewReader(gz))
			same(t, name, got, err, data, nil)
		})
	}
	t.Run("zopfli", func(t *testing.T) {
		t.Parallel()
		if _, err := exec.LookPath("zopfli"); err != nil {
			t.Skip("not installed: ", err)
		}
		file, part := filepath.Join(t.TempDir(), "file"), data[each-200_000:][:400_000]
		if err := os.WriteFile(file, part, 0o600); err != nil {
			t.Fatal(err)
		}
		gz, err := exec.CommandContext(t.Context(), "zopfli", "-c", "--i1", file).Output()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ours(bytes.NewReader(gz))
		same(t, "zopfli", got, err, part, nil)
	})
	for level := kgzip.StatelessCompression; level <= kgzip.BestCompression; level++ {
		var gz bytes.Buffer
		z, err := kgzip.NewWriterLevel(&gz, level)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := ours(&gz)
		same(t, "klauspost", got, err, data, nil)
	}
	for level := -2; level <= 9; level++ {
		got, err := ours(bytes.NewReader(compress(t, data, level)))
		same(t, "standard", got, err, data, nil)
	}
}

// TestPackageOfNPM takes a tarball as npm itself writes it.
func TestPackageOfNPM(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("not installed: ", err)
	}
	dir := t.TempDir()
	for name, b := range map[string][]byte{"package.json": []byte(`{"name":"one","version":"1.0.0"}`), "index.js": sample(200_000, 3)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "npm", "pack", "--silent", "--offline")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	gz, err := os.ReadFile(filepath.Join(dir, "one-1.0.0.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	want, wantErr := standard(gz)
	got, err := ours(bytes.NewReader(gz))
	same(t, "npm pack", got, err, want, wantErr)
}

// TestLayers compares on real layers: every *.gz of the folder that SIGHTLINE_LAYERS names.
func TestLayers(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("SIGHTLINE_LAYERS")
	if folder == "" {
		t.Skip("SIGHTLINE_LAYERS names no folder")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.gz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no layers in %s (%v)", folder, err)
	}
	for _, f := range files {
		gz, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		want, wantErr := standard(gz)
		got, err := ours(bytes.NewReader(gz))
		same(t, filepath.Base(f), got, err, want, wantErr)
	}
}

var _ io.WriterTo = (*inflate.Reader)(nil)
