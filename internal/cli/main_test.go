package cli_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sightline-sec/sightline/internal/cli"
	"github.com/sightline-sec/sightline/internal/sample"
)

func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){
		"sightline": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"measured":  measured,
	})
}

// tidy runs the tests and removes what they share.
type tidy struct{ *testing.M }

// Run runs them.
func (m tidy) Run() int {
	defer func() {
		if dir := binaryDir.Load(); dir != nil {
			_ = os.RemoveAll(*dir)
		}
	}()
	return m.M.Run()
}

// TestStories runs the command line as people do: each file in testdata is a story.
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			for _, dir := range []string{"HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"} {
				e.Setenv(dir, filepath.Join(e.WorkDir, "."+strings.ToLower(dir)))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"makeimage": makeImage,
			"samejson":  sameJSON,
			"json":      jsonPath,
			"zip":       zipFolder,
			"serve":     serve,
			"registry":  serveRegistry,
			"damage":    damage,
			"touch":     touch,
			"copyself":  copySelf,
		},
	})
}

// exits runs a command and checks its exit status, which testscript's own exec does not tell apart.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND [ARG...]")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		x, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("running %s: %v", args[1], err)
		}
		got = x.ExitCode()
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("%s: exit status %d, want %s\n%s", strings.Join(args[1:], " "), got, args[0], ts.ReadFile("stderr"))
	}
}

// makeImage writes the sample image as a docker-archive.
func makeImage(ts *testscript.TestScript, _ bool, args []string) {
	var buf bytes.Buffer
	ts.Check(sample.Write(&buf))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), buf.Bytes(), 0o644))
}

// sameJSON compares two results without their run blocks and what a target's form changes: samejson A B [KEY...] leaves out
// further top-level keys.
func sameJSON(ts *testscript.TestScript, neg bool, args []string) {
	read := func(name string) map[string]any {
		var v map[string]any
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &v))
		for _, k := range append([]string{"run"}, args[2:]...) {
			delete(v, k)
		}
		return v
	}
	if d := cmp.Diff(read(args[0]), read(args[1])); (d != "") != neg {
		ts.Fatalf("%s and %s (-/+):\n%s", args[0], args[1], d)
	}
}

// jsonPath checks a value: json FILE a.b.0.c VALUE.
func jsonPath(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	for key := range strings.SplitSeq(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			i := 0
			if key == "len" {
				v = len(x)
				continue
			}
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(x) {
				ts.Fatalf("%s: no element %q of %d", args[1], key, len(x))
			}
			v = x[i]
		default:
			v = nil
		}
	}
	if got := fmt.Sprint(v); (got == args[2]) == neg {
		ts.Fatalf("%s in %s is %q", args[1], args[0], got)
	}
}

// zipFolder makes a zip of the files in a folder: zip FOLDER FILE.
func zipFolder(ts *testscript.TestScript, _ bool, args []string) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	names, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*"))
	ts.Check(err)
	sort.Strings(names)
	for _, n := range names {
		w, err := z.Create(filepath.Base(n))
		ts.Check(err)
		b, err := os.ReadFile(n)
		ts.Check(err)
		_, err = w.Write(b)
		ts.Check(err)
	}
	ts.Check(z.Close())
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[1])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), buf.Bytes(), 0o644))
}

// serve serves a folder on localhost and puts its URL into a variable: serve FOLDER VARIABLE.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	srv := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(srv.Close)
	ts.Setenv(args[1], srv.URL)
}

// serveRegistry runs a registry in this process and puts its host into a variable.
func serveRegistry(ts *testscript.TestScript, _ bool, args []string) {
	srv := httptest.NewServer(registry.New())
	ts.Defer(srv.Close)
	ts.Setenv(args[0], strings.TrimPrefix(srv.URL, "http://"))
}

// damage cuts a file, or turns bits of it: damage cut|flip FILE OFFSET.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[1])
	b, err := os.ReadFile(path)
	ts.Check(err)
	at := 0
	if _, err := fmt.Sscan(args[2], &at); err != nil || at >= len(b) {
		ts.Fatalf("offset %s of %d bytes", args[2], len(b))
	}
	if at < 0 {
		at += len(b)
	}
	switch args[0] {
	case "cut":
		b = b[:at]
	case "flip":
		b[at] ^= 0xff
	}
	ts.Check(os.WriteFile(path, b, 0o644))
}

// touch makes a file some seconds younger than now, since servers tell times in whole seconds: touch FILE SECONDS.
func touch(ts *testscript.TestScript, _ bool, args []string) {
	n, err := time.ParseDuration(args[1] + "s")
	ts.Check(err)
	at := time.Now().Add(n)
	ts.Check(os.Chtimes(ts.MkAbs(args[0]), at, at))
}

// copySelf links this very program to a path: a Go binary with modules and functions.
func copySelf(ts *testscript.TestScript, _ bool, args []string) {
	self, err := os.Executable()
	ts.Check(err)
	to := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(to), 0o755))
	if os.Link(self, to) == nil {
		return
	}
	b, err := os.ReadFile(self)
	ts.Check(err)
	ts.Check(os.WriteFile(to, b, 0o755))
}
