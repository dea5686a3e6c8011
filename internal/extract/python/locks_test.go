package python_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/python"
	"github.com/sightline-sec/sightline/internal/purl"
)

func ids(facts extract.Facts) []string {
	var list []string
	for _, p := range facts.Packages {
		list = append(list, p.Name+"@"+p.Version)
	}
	return list
}

func reports(facts extract.Facts) string {
	var b strings.Builder
	for _, inc := range facts.Incomplete {
		b.WriteString(inc.Detail + "\n")
	}
	return b.String()
}

// What the real tools wrote gives what was then installed from it; testdata/locks/README.md says how it was made.
func TestLockFilesAreWhatIsInstalledFromThem(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/locks/*/*")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range files {
		dir := filepath.Dir(file)
		list, err := os.ReadFile(filepath.Join(dir, "want"))
		if err != nil || filepath.Base(file) == "want" {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		facts, ok, err := extractFile(t, filepath.Base(file), content)
		if !ok || err != nil {
			t.Errorf("%s: %v, %v", file, ok, err)
		}
		var got []string
		for _, p := range facts.Packages {
			got = append(got, purl.NormalizeName(purl.PyPI, p.Name)+"@"+p.Version)
		}
		slices.Sort(got)
		if diff := cmp.Diff(strings.Fields(string(list)), got); diff != "" {
			t.Errorf("%s (-installed +got):\n%s", file, diff)
		}
		if r := reports(facts); r != "" {
			t.Errorf("%s: reported %s", file, r)
		}
		compared++
	}
	if compared < 6 {
		t.Errorf("only %d files compared", compared)
	}
}

func TestOddLockFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, content string
		want, purls         string
		reported            string
		fails               bool
	}{
		{
			name: "poetry 2: groups, sources", path: "poetry.lock",
			content: "[[package]]\nname = \"a\"\nversion = \"1.0\"\ngroups = [\"main\", \"dev\"]\nmarkers = \"python_version < \\\"3\\\"\"\nfiles = [\n    {file = \"a.whl\", hash = \"sha256:0\"},\n]\n\n[package.dependencies]\nversion = \"*\"\n\n" +
				"[[package]]\nname = \"g\"\nversion = \"2.0\"\n[package.source]\ntype = \"git\"\nurl = \"https://example.com/g.git\"\nreference = \"HEAD\"\nresolved_reference = \"0123\"\n\n" +
				"[[package]]\nname = \"d\"\nversion = \"0.1\"\n[package.source]\ntype = \"directory\"\nurl = \"../d\"\n\n[[package]]\nname = \"f\"\nversion = \"3.0\"\n[package.source]\ntype = \"file\"\nurl = \"f-3.0.tar.gz\"\n\n[metadata]\nlock-version = \"2.1\"\n",
			want: "a@1.0 g@2.0 f@3.0",
		},
		{
			name: "uv: the project, workspaces, folders, git, wheels", path: "uv.lock",
			content: "version = 1\nrevision = 3\nrequires-python = \">=3.12\"\n\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\ndependencies = [\n    { name = \"a\", marker = \"x\" },\n]\n\n[package.metadata]\nrequires-dist = [{ name = \"a\", specifier = \"==9\" }]\n\n" +
				"[[package]]\nname = \"member\"\nsource = { editable = \"packages/member\" }\n[[package]]\nname = \"d\"\nversion = \"1\"\nsource = { directory = \"d\" }\n" +
				"[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://registry.example/simple\" }\nsdist = { url = \"https://x\", hash = \"sha256:0\", size = 1 }\nwheels = [\n    { url = \"https://x\", hash = \"sha256:0\", size = 1 },\n]\n" +
				"[[package]]\nname = \"g\"\nversion = \"2.0\"\nsource = { git = \"https://example.com/g?rev=1#0123\" }\n[[package]]\nname = \"w\"\nversion = \"3.0\"\nsource = { path = \"w-3.0-py3-none-any.whl\" }\n[[package]]\nname = \"a\"\nversion = \"1.1\"\nsource = { registry = \"https://registry.example/simple\" }\n",
			want: "a@1.0 g@2.0 w@3.0 a@1.1",
		},
		{
			name: "pdm: folders, git", path: "pdm.lock",
			content: "[[package]]\nname = \"a\"\nversion = \"1.0\"\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nextras = [\"x\"]\n[[package]]\nname = \"p\"\nversion = \"0.1\"\npath = \"./p\"\n[[package]]\nname = \"e\"\nversion = \"0.1\"\neditable = true\npath = \"./e\"\n" +
				"[[package]]\nname = \"g\"\ngit = \"https://user:secret@example.com/g.git\"\nref = \"main\"\nrevision = \"0123\"\n",
			want: "a@1.0 g@", purls: "pkg:pypi/g?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fg.git%400123",
		},
		{
			name: "pylock: all sources", path: "pylock.dev.toml",
			content: "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\nindex = \"https://registry.example/simple\"\n[[packages.wheels]]\nname = \"a-1.0-py3-none-any.whl\"\nhashes = {sha256 = \"0\"}\n" +
				"[[packages]]\nname = \"d\"\n[packages.directory]\npath = \".\"\neditable = true\n[[packages]]\nname = \"g\"\n[packages.vcs]\ntype = \"git\"\nurl = \"https://example.com/g.git\"\ncommit-id = \"0123\"\n" +
				"[[packages]]\nname = \"z\"\n[packages.archive]\nurl = \"https://example.com/z-2.0.tar.gz\"\n[[packages]]\nname = \"y\"\n[packages.archive]\nurl = \"https://example.com/main.zip?token=secret\"\nhashes = {sha256 = \"0\"}\n",
			want: "a@1.0 g@ z@2.0 y@", purls: "pkg:pypi/y?download_url=https:%2F%2Fexample.com%2Fmain.zip",
		},
		{name: "TOML of another kind", path: "poetry.lock", content: "x = 1\n", fails: true},
		{name: "no TOML", path: "uv.lock", content: "[[package]]\nname = ", fails: true},
		{
			name: "Pipfile: categories, git, loose", path: "Pipfile.lock",
			content: `{"_meta":{"hash":{"sha256":"0"}},"default":{"a":{"version":"==1.0","markers":"x"},"l":{"version":"*"},"f":{"path":".","editable":true}},"docs":{"g":{"git":"https://example.com/g.git","ref":"0123"},"u":{"file":"https://example.com/u-2.0.tar.gz"}}}`,
			want:    "a@1.0 g@ u@2.0", reported: "l: not pinned",
		},
		{name: "Pipfile: a category of another type", path: "Pipfile.lock", content: `{"default":{"a":{"version":"==1.0"}},"x":[1]}`, want: "a@1.0", fails: true},
		{name: "Pipfile: no JSON", path: "Pipfile.lock", content: `{`, fails: true},
		{
			name: "requirements: what can stand in a line", path: "src/requirements-dev.txt",
			content: "# comment\n\na==1.0  # why\nB.b[extra, two] == 2.0 ; python_version < \"3\"\nc===3.0-odd\nd>=1,==4.0\ne (==5.0)\nf==6.0 \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\ng==7.*\nh>=8\ni\n" +
				"-r other.txt\n-r requirements-more.txt\n--constraint=constraints.txt\n-i https://user:secret@registry.example/simple\n-e ./folder\n-e git+https://user:secret@example.com/j.git@v1#egg=j\n" +
				"k @ https://example.com/k-10.0-py3-none-any.whl ; x\n./l-11.0.tar.gz\nhttps://user:secret@example.com/x?y\n./folder\nm@git+ssh://git@example.com/m\nq @ file:///croot/q/work\n!!\nn~=1.0\no==12.0;x\np<2\n",
			want: "a@1.0 B.b@2.0 c@3.0-odd d@4.0 e@5.0 f@6.0 j@ k@10.0 l@11.0 m@ o@12.0", reported: "g, h, i, n, p, q: not pinned",
		},
		{name: "requirements: files included", path: "requirements.txt", content: "-r base.in\n-r requirements/x.txt\n-rdev-requirements.txt\n-c c.txt\n", reported: "base.in, c.txt: included"},
		{name: "requirements: of PowerShell", path: "requirements.txt", content: "\xff\xfea\x00=\x00=\x001\x00\r\x00\n\x00b\x00=\x00=\x002\x00", want: "a@1 b@2"},
		{name: "requirements: a page of prose", path: "requirements.txt", content: "We need a computer, and time.\n", reported: "We need a computer"},
		{name: "requirements: a folder of them", path: "requirements/dev.txt", content: "a==1", want: "a@1"},
	} {
		facts, ok, err := extractFile(t, c.path, []byte(c.content))
		got := strings.Join(ids(facts), " ")
		if !ok || got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: got %q, %v, %v, want %q", c.name, got, ok, err, c.want)
		}
		all := reports(facts)
		if (all == "") != (c.reported == "") || !strings.Contains(all, c.reported) {
			t.Errorf("%s: reported %q, want %q", c.name, all, c.reported)
		}
		for _, p := range facts.Packages {
			all += p.PURL + "\n"
		}
		if strings.Contains(all, "secret") {
			t.Errorf("%s: tells a secret: %s", c.name, all)
		}
		if !strings.Contains(all, c.purls) {
			t.Errorf("%s: %s, want %s", c.name, all, c.purls)
		}
	}
}

func TestLockFilesCountInDirectoriesOnly(t *testing.T) {
	t.Parallel()
	everywhere := []string{"python", "python-egg", "python-vendored", "conda"}
	for _, x := range python.Extractors() {
		for _, c := range x.Claims() {
			if slices.Contains(everywhere, x.Name()) != (len(c.In) == 0) || len(c.In) > 0 && !slices.Equal(c.In, []artifact.Kind{artifact.Directory}) {
				t.Errorf("%s is claimed in %v", x.Name(), c.In)
			}
		}
	}
}

func TestHostileLockFiles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads many megabytes on one goroutine, where nothing races")
	}
	const size = 8 << 20
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	before := memory.Sys
	for name, content := range map[string]string{
		"deep arrays":   "x = " + strings.Repeat("[", size),
		"deep tables":   "x = " + strings.Repeat("{a=", size/3),
		"dotted keys":   strings.Repeat("a.", size/2) + "a = 1",
		"long headers":  "[" + strings.Repeat("a.", size/2) + "a]\n",
		"many packages": strings.Repeat("[[package]]\nname=\"a\"\nversion=\"1\"\n", size/32),
		"one line":      strings.Repeat("a", size),
		"backslashes":   strings.Repeat("\\\n", size/2),
		"joined lines":  strings.Repeat("# \\\n", size/4),
		"options":       strings.Repeat("-r x\n", size/5),
		"loose":         strings.Repeat("a b\n", size/4),
		"at signs":      strings.Repeat("a@", size/2),
		"deep JSON":     strings.Repeat(`{"default":`, size/11),
	} {
		for _, p := range []string{"poetry.lock", "pylock.toml", "Pipfile.lock", "requirements.txt", "x/_vendor/vendor.txt", "conda-meta/a.json", "a.egg"} {
			start := time.Now()
			facts, _, _ := extractFile(t, p, []byte(content))
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("%s, %s: took %v", p, name, took)
			}
			if runtime.ReadMemStats(&memory); memory.Sys > before+1<<30 {
				t.Fatalf("%s, %s: %d MiB of memory", p, name, memory.Sys>>20)
			}
			if len(facts.Packages) > 1 {
				t.Errorf("%s, %s: %d packages", p, name, len(facts.Packages))
			}
			if r := reports(facts); len(r) > 5000 {
				t.Errorf("%s, %s: reports of %d bytes", p, name, len(r))
			}
		}
	}
}
