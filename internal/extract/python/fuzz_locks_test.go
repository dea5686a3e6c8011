package python

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"github.com/sightline-sec/sightline/internal/extract"
)

func packagesOf(t testing.TB, x extract.Extractor, path string, b []byte) ([]string, error) {
	t.Helper()
	var facts extract.Facts
	err := x.Extract(t.Context(), extract.NewFile(path, b, 0o644), &facts)
	var list []string
	for _, p := range facts.Packages {
		list = append(list, p.Name+"@"+p.Version+" "+p.PURL)
	}
	return list, err
}

func id(name, version string) string {
	p := pypiPackage(name, version, nil)
	return p.Name + "@" + p.Version + " " + p.PURL
}

// plain says whether fuzzed words can be a name and a version.
func plain(name, version string) bool {
	cut, rest := cutName(name)
	ok := cut != "" && rest == "" && version != "" && version[0] >= '0' && version[0] <= '9' && len(name)+len(version) < maxValue
	return ok && !strings.ContainsFunc(version, func(r rune) bool {
		return !strings.ContainsRune("-._+!", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
}

// What a TOML writer makes of packages is read as these packages again, whatever stands beside them.
func FuzzTOMLLock(f *testing.F) {
	f.Add("a", "1.0", "x = \"\"\"\ny", false)
	f.Add("A.b-c_d", "1!2.0rc1+x.y", "[[package]]\nname = \"z\"", true)
	f.Fuzz(func(t *testing.T, name, version, text string, pylock bool) {
		if !plain(name, version) || !utf8.ValidString(text) {
			return
		}
		list := []map[string]any{
			{"name": name, "version": version, "description": text, "dependencies": []any{map[string]string{"name": text}}, "files": []string{text}},
			{"name": name, "version": version, "extras": []string{text}},
			{"name": "folder", "version": version, "editable": true},
		}
		key := "package"
		if pylock {
			key = "packages"
			list[2] = map[string]any{"name": "folder", "directory": map[string]string{"path": text}}
		}
		b, err := toml.Marshal(map[string]any{"version": 1, "metadata": map[string]string{"x": text}, key: list})
		if err != nil {
			return
		}
		got, err := packagesOf(t, tomlLocks()[0], "poetry.lock", b)
		if want := []string{id(name, version)}; err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q\n%s", got, err, want, b)
		}
	})
}

// A pinned line is read, in every dress that a line can have; the rest of the file does not change that.
func FuzzRequirements(f *testing.F) {
	f.Add("a", "1.0", "x>=1")
	f.Add("A.b", "2!1.0", "-r x \\\n--hash=y")
	f.Add("b-c", "1.0rc1", "# x \\")
	f.Fuzz(func(t *testing.T, name, version, line string) {
		if !plain(name, version) || strings.HasPrefix(line, "\xff\xfe") || strings.HasPrefix(line, "\xfe\xff") {
			return
		}
		want := id(name, version)
		for i, dress := range []string{
			"%s==%s", "%s === %s ; python_version < '3'", "%s[x, y]==%s --hash=sha256:0 # z", "%s \\\n == \\\n %s \\\n --hash=x", "  %s (==%s)", "%s>=0,==%s,<9",
		} {
			text := fmt.Sprintf(dress, name, version)
			got, err := packagesOf(t, requirements{}, "requirements.txt", []byte(text))
			if err != nil || !slices.Equal(got, []string{want}) {
				t.Errorf("%d: %q: got %q, %v", i, text, got, err)
			}
			if strings.HasSuffix(strings.TrimRight(line, "\r\n"), `\`) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue // goes on in our line
			}
			got, err = packagesOf(t, requirements{}, "requirements.txt", []byte(line+"\n"+text+"\n"))
			if err != nil || !slices.Contains(got, want) {
				t.Errorf("%d: after %q: got %q, %v", i, line, got, err)
			}
		}
	})
}

func FuzzPipfileAndConda(f *testing.F) {
	f.Add("a", "1.0", `{"x":1}`)
	f.Add("b.c", "1!1", `[]`)
	f.Fuzz(func(t *testing.T, name, version, rest string) {
		if plain(name, version) && json.Valid([]byte(rest)) {
			text := fmt.Sprintf(`{"_meta":%s,"default":{%q:{"markers":"x","version":"==%s"}}}`, rest, name, version)
			if got, err := packagesOf(t, pipfileLock{}, "Pipfile.lock", []byte(text)); err != nil || !slices.Equal(got, []string{id(name, version)}) {
				t.Errorf("%s: got %q, %v", text, got, err)
			}
			text = fmt.Sprintf(`{"files":%s,"name":%q,"version":%q}`, rest, name, version)
			got, err := packagesOf(t, condaMeta{}, "conda-meta/x.json", []byte(text))
			if err != nil || len(got) != 1 || !strings.HasPrefix(got[0], name+"@"+version+" pkg:conda/") {
				t.Errorf("%s: got %q, %v", text, got, err)
			}
		}
		for file, x := range map[string]extract.Extractor{"Pipfile.lock": pipfileLock{}, "conda-meta/a.json": condaMeta{}} {
			if _, err := packagesOf(t, x, file, []byte(rest)); err == nil && !json.Valid([]byte(strings.TrimPrefix(rest, "\xef\xbb\xbf"))) {
				t.Errorf("%s: no error for %q", file, rest)
			}
		}
	})
}

func FuzzEgg(f *testing.F) {
	f.Add([]byte("PK\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := packagesOf(t, eggs{}, "a-1.0-py3.egg", b)
		if (err == nil) != (len(list) == 1) {
			t.Errorf("%q, %v", list, err)
		}
	})
}

func BenchmarkPoetryLock(b *testing.B) {
	const packages = 3000
	var text strings.Builder
	for i := range packages {
		fmt.Fprintf(&text, "[[package]]\nname = \"package-%d\"\nversion = \"%d.0\"\ndescription = \"One thing, done well\"\noptional = false\npython-versions = \">=3.8\"\ngroups = [\"main\"]\nfiles = [\n", i, i)
		for j := range 10 {
			fmt.Fprintf(&text, "    {file = \"package_%d-%d.0-cp3%d-manylinux.whl\", hash = \"sha256:%064d\"},\n", i, i, j, j)
		}
		text.WriteString("]\n\n[package.dependencies]\ncolorama = {version = \"*\", markers = \"sys_platform == 'win32'\"}\n\n")
	}
	content := []byte(text.String())
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if list, err := packagesOf(b, tomlLocks()[0], "poetry.lock", content); err != nil || len(list) != packages {
			b.Fatal(len(list), err)
		}
	}
}

func BenchmarkCondaMeta(b *testing.B) {
	var files []string
	for i := range 2000 {
		files = append(files, fmt.Sprintf("lib/python3.11/site-packages/package/module_%d.py", i))
	}
	content, err := json.Marshal(map[string]any{"files": files, "name": "a", "version": "1", "channel": "main", "license": "MIT"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if list, err := packagesOf(b, condaMeta{}, "conda-meta/a.json", content); err != nil || len(list) != 1 {
			b.Fatal(list, err)
		}
	}
}
