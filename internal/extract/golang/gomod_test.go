package golang_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/modfile"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/golang"
)

// extractNamed has one of the extractors read a file.
func extractNamed(t testing.TB, name, path, content string) extract.Facts {
	t.Helper()
	for _, x := range golang.Extractors() {
		if x.Name() != name {
			continue
		}
		var facts extract.Facts
		if err := x.Extract(t.Context(), extract.NewFile(path, []byte(content), 0o644), &facts); err != nil {
			facts.Report(artifact.Unparsable, err.Error())
		}
		return facts
	}
	t.Fatalf("no extractor %s", name)
	return extract.Facts{}
}

func TestGoMod(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
		report     string
	}{
		{
			name: "direct, indirect, replaced and excluded",
			text: "module example.com/app\n\ngo 1.22.1\n\ntoolchain go1.22.5\n\nrequire (\n\ta.example/a v1.2.3\n\tb.example/b v0.1.0 // indirect\n" +
				"\tc.example/c v1.0.0\n\td.example/d v1.0.0\n\te.example/e/v2 v2.0.1\n\tf.example/f v1.0.0+incompatible\n\tg.example/g v0.0.0-20240101000000-abcdef012345\n)\n" +
				"replace c.example/c => fork.example/c v1.0.1\nreplace d.example/d v1.0.0 => ../d\nreplace a.example/a v1.0.0 => x.example/x v1.0.0\nexclude e.example/e/v2 v2.0.1\n",
			want: []string{
				"a.example/a v1.2.3", "b.example/b v0.1.0", "d.example/d ", "e.example/e/v2 ", "example.com/app ", "f.example/f v1.0.0+incompatible",
				"fork.example/c v1.0.1", "g.example/g v0.0.0-20240101000000-abcdef012345", "stdlib 1.22.5",
			},
		},
		{name: "nothing required", text: "module example.com/app\n", want: []string{"example.com/app "}},
		{name: "the default toolchain has no version", text: "module a.example/b\ngo 1.25rc1\ntoolchain default\nrequire a.example/a v1.0.0\n", want: []string{"a.example/a v1.0.0", "a.example/b "}},
		{
			name: "before 1.17 the list is not complete", text: "module a.example/b\ngo 1.16\nrequire a.example/a v1.0.0\n",
			want: []string{"a.example/a v1.0.0", "a.example/b "}, report: "1.16 or older",
		},
		{name: "nor is it without a go line", text: "module a.example/b\nrequire a.example/a v1.0.0\n", want: []string{"a.example/a v1.0.0", "a.example/b "}, report: "1.16 or older"},
		{
			name: "a directive of tomorrow", text: "module a.example/b\ngo 1.30\nrequire a.example/a v1.0.0\nfuture (\n\tx y\n)\n",
			want: []string{"a.example/a v1.0.0", "a.example/b "}, report: "unknown block type: future",
		},
		{name: "damage", text: "module a.example/b\nrequire (\n a.example/a v1.0.0", report: "syntax error"},
		{name: "a version that is none", text: "module a.example/b\ngo 1.20\nrequire a.example/a latest\n", report: "version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			facts := extractNamed(t, "gomod", "go.mod", c.text)
			if diff := cmp.Diff(c.want, list(facts.Packages)); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			reports := ""
			for _, inc := range facts.Incomplete {
				reports += inc.Detail
			}
			if (c.report == "") != (reports == "") || !strings.Contains(reports, c.report) {
				t.Errorf("reported %q, want %q", reports, c.report)
			}
		})
	}
}

func TestVendoredModules(t *testing.T) {
	t.Parallel()
	facts := extractNamed(t, "govendor", "vendor/modules.txt", `# a.example/a v1.2.3
## explicit; go 1.20
a.example/a
a.example/a/sub
# b.example/b v1.0.0
## explicit
# c.example/c v1.0.0 => fork.example/c v1.0.1
c.example/c/x
# d.example/d v1.0.0 => ../d
## explicit
d.example/d
# e.example/e v1.0.0 =>
e.example/e
# f.example/f => ../f
# nothing
#
orphan
`)
	want := []string{"a.example/a v1.2.3", "d.example/d ", "fork.example/c v1.0.1"}
	if diff := cmp.Diff(want, list(facts.Packages)); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}

// The go command is the oracle: what it builds with is what go.mod and, after `go mod vendor`, modules.txt are read as.
func TestSourceTreeAgreesWithGoList(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go tool is not installed")
	}
	shared, err := project()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(shared)); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOPROXY=off")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go %v: %v", args, err)
		}
		return string(out)
	}
	format := `{{with .Module}}{{if .Replace}}{{if .Replace.Version}}{{.Replace.Path}} {{.Replace.Version}}{{else}}{{.Path}} {{end}}{{else}}{{.Path}} {{.Version}}{{end}}{{end}}`
	modulesOf := func(out string) []string {
		var names []string
		for line := range strings.Lines(out) {
			if line = strings.TrimSuffix(line, "\n"); line != "" {
				names = append(names, line)
			}
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
	want := modulesOf(command("list", "-mod=mod", "-deps", "-f", format, "."))
	if len(want) != 4 {
		t.Fatalf("go list gives %q", want)
	}
	b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, list(extractNamed(t, "gomod", "go.mod", string(b)).Packages)); diff != "" {
		t.Errorf("go.mod (-go list +got):\n%s", diff)
	}
	command("mod", "vendor")
	if b, err = os.ReadFile(filepath.Join(dir, "vendor/modules.txt")); err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(want, func(m string) bool { return strings.HasPrefix(m, "example.com/app ") })
	if diff := cmp.Diff(want, list(extractNamed(t, "govendor", "vendor/modules.txt", string(b)).Packages)); diff != "" {
		t.Errorf("modules.txt (-go list +got):\n%s\n%s", diff, b)
	}
}

func TestClaimsOfSourceTrees(t *testing.T) {
	t.Parallel()
	for _, x := range golang.Extractors()[1:] {
		c := x.Claims()[0]
		if !slices.Equal(c.In, []artifact.Kind{artifact.Directory}) {
			t.Errorf("%s is claimed in %v", c.Base, c.In)
		}
		dir := map[string]string{"go.mod": "", "modules.txt": "vendor/"}[c.Base]
		for path, want := range map[string]bool{
			dir + c.Base: true, "a/b/" + dir + c.Base: true, "testdata/" + dir + c.Base: false, "a/testdata/x/" + dir + c.Base: false,
			"_x/" + dir + c.Base: false, ".cache/" + dir + c.Base: false, "vendor/x/" + dir + c.Base: false, "node_modules/x/" + dir + c.Base: false,
		} {
			if got := c.Match(path); got != want {
				t.Errorf("%s is claimed: %v", path, got)
			}
		}
	}
	if c := golang.Extractors()[2].Claims()[0]; c.Match("modules.txt") || c.Match("x/modules.txt") {
		t.Error("a modules.txt that is in no vendor folder is claimed")
	}
}

// The main module's version, in real builds, as the linker's flags tell it.
func TestMainModuleOfReleases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ flags, version, detail string }{
		{"-s -w -X main.version=1.2.3", "v1.2.3", "-ldflags -X main.version=1.2.3"},
		{"-X 'main.version=v1.2.3-rc.1'", "v1.2.3-rc.1", "-ldflags -X main.version=v1.2.3-rc.1"},
		{"-X=example.com/app/build.Version=v2.0.0", "v2.0.0", "-ldflags -X example.com/app/build.Version=v2.0.0"},
		{"-X main.version=v1.2.3-4-gabcdef0", "v1.2.3+4.gabcdef0", "-ldflags -X main.version=v1.2.3-4-gabcdef0"},
		{"-X main.GitVersion=v1.2.3-dirty", "v1.2.3+dirty", "-ldflags -X main.GitVersion=v1.2.3-dirty"},
		{"-X main.version=1.2", "v1.2.0", "-ldflags -X main.version=1.2"},
		{"-X main.version=1.2.3 -X main.Version=v1.2.3", "v1.2.3", "-ldflags -X main.Version=v1.2.3"},
		{"-X main.version=1.2.3 -X main.appVersion=1.2.4", "", ""},
		{"-X main.version=dev", "", ""},
		{"-X main.version=20240101", "", ""},
		{"-X main.version=0.0.0", "", ""},
		{"-X main.goVersion=1.22.1 -X main.apiVersion=1.0.0", "", ""},
		{"-X other.example/lib.version=1.2.3", "", ""},
		{"-X example.com/apple.version=1.2.3", "", ""},
		{"-s -w", "", ""},
	} {
		t.Run(c.flags, func(t *testing.T) {
			t.Parallel()
			_, b := compile(t, nil, "-ldflags="+c.flags)
			for _, p := range both(t, b).Packages {
				if p.Name != "example.com/app" {
					if len(p.Evidence) > 0 {
						t.Errorf("%s has evidence %v", p.Name, p.Evidence)
					}
					continue
				}
				detail := ""
				for _, e := range p.Evidence {
					detail = e.Detail
				}
				if p.Version != c.version || detail != c.detail || !strings.HasSuffix("@"+strings.ReplaceAll(c.version, "+", "%2B"), p.PURL[len("pkg:golang/example.com/app"):]) {
					t.Errorf("version is %q (%s), want %q (%s); purl %s", p.Version, detail, c.version, c.detail, p.PURL)
				}
			}
		})
	}
}

// modfile is the oracle for what is required; what the extractor adds to it are replacements.
func FuzzGoMod(f *testing.F) {
	f.Add("module example.com/app\ngo 1.22\ntoolchain go1.22.5\nrequire a.example/a v1.2.3 // indirect\nreplace a.example/a => ./a\n")
	f.Add("module x\nrequire (\n\ta.b/c v1.0.0\n)\nexclude a.b/c v1.0.0\nunknown z\n")
	f.Add("module \"x\"\nrequire `a.b/c` v1.0.0")
	f.Fuzz(func(t *testing.T, text string) {
		facts := extractNamed(t, "gomod", "go.mod", text)
		parsed, err := modfile.Parse("go.mod", []byte(text), nil)
		if err != nil {
			if len(facts.Incomplete) == 0 {
				t.Error("damage is not reported")
			}
			return
		}
		most := len(parsed.Require) + 2
		if len(facts.Packages) > most {
			t.Errorf("%d packages of %d requirements", len(facts.Packages), len(parsed.Require))
		}
		names := map[string]bool{}
		for _, p := range facts.Packages {
			names[p.Name+" "+p.Version] = true
		}
		for _, r := range parsed.Require {
			if len(parsed.Replace)+len(parsed.Exclude) == 0 && !names[r.Mod.Path+" "+r.Mod.Version] {
				t.Errorf("%v is not in %v", r.Mod, names)
			}
		}
	})
}

func FuzzVendor(f *testing.F) {
	f.Add("# a.example/a v1.2.3\n## explicit\na.example/a\n# c v1.0.0 => d v1.0.1\nc\n")
	f.Fuzz(func(t *testing.T, text string) {
		facts := extractNamed(t, "govendor", "vendor/modules.txt", text)
		if _, err := json.Marshal(facts.Packages); err != nil {
			t.Error(err)
		}
		for _, p := range facts.Packages {
			if p.Name == "" || !strings.Contains(text, p.Name) || !strings.Contains(text, p.Version) || strings.ContainsAny(p.Name+p.Version, " \n\t") {
				t.Errorf("%q %q is not what the file says", p.Name, p.Version)
			}
		}
		if n := strings.Count("\n"+text, "\n# "); len(facts.Packages) > n+strings.Count(text, "\n ")+strings.Count(text, "\n\t")+strings.Count(text, "\r") {
			t.Errorf("%d packages of %d lines", len(facts.Packages), n)
		}
	})
}
