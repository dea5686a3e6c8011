package python_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/python"
)

// extractFile runs the extractor if it claims the path; ok says whether it does.
func extractFile(t testing.TB, p string, content []byte) (facts extract.Facts, ok bool, err error) {
	t.Helper()
	for _, x := range python.Extractors() {
		for _, c := range x.Claims() {
			if (c.Base == path.Base(p) || c.Suffix != "" && c.Suffix == path.Ext(p)) && (c.Match == nil || c.Match(p)) {
				return facts, true, x.Extract(t.Context(), extract.NewFile(p, content, 0o644), &facts)
			}
		}
	}
	return facts, false, nil
}

func TestClaims(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]bool{
		"usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA":            true,
		"usr/lib/python3/dist-packages/six-1.16.0.egg-info":                      true,
		"usr/lib/python3/dist-packages/PyJWT-2.6.0.egg-info/PKG-INFO":            true,
		"usr/lib/python3/site-packages/a-1.0-py3.11.egg/EGG-INFO/PKG-INFO":       true,
		"app/lib/setuptools/_vendor/packaging-24.2.dist-info/METADATA":           true,
		"usr/lib/python3/dist-packages/six-1.16.0.dist-info/RECORD":              false,
		"src/six-1.16.0/PKG-INFO":                                                false,
		"usr/share/doc/METADATA":                                                 false,
		"usr/lib/python3/dist-packages/PyJWT-2.6.0.egg-info/requires.txt":        false,
		"usr/lib/python3/dist-packages/six-1.16.0.dist-info/licenses/x/METADATA": false,
	} {
		if _, got, _ := extractFile(t, p, []byte("Name: a\nVersion: 1\n")); got != want {
			t.Errorf("%s: claimed is %v, want %v", p, got, want)
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	const wheel = "x/some_name-9.9.dist-info/METADATA"
	for _, c := range []struct {
		name, path, content  string
		want, purl, licenses string
	}{
		{
			name:    "a wheel of today",
			content: "Metadata-Version: 2.4\nName: Foo_Bar.baz\nVersion: 1.0.post1\nLicense-Expression: MIT OR Apache-2.0\nLicense-File: LICENSE\n\n# Foo\nName: other\n",
			want:    "Foo_Bar.baz@1.0.post1", purl: "pkg:pypi/foo-bar-baz@1.0.post1", licenses: "MIT OR Apache-2.0",
		},
		{
			name:    "header names in any case, CR LF, space around values",
			content: "metadata-version: 1.0\r\nNAME:  a \r\nversion:\t2!1.0+local\r\n\r\nversion: 3\r\n",
			want:    "a@2!1.0+local", purl: "pkg:pypi/a@2%211.0%2Blocal",
		},
		{
			name:    "a value on the next line",
			content: "Name:\n a\nVersion:\n        1.0\nSummary: x\n folded\n",
			want:    "a@1.0", purl: "pkg:pypi/a@1.0",
		},
		{
			name:    "folds hold no headers",
			content: "Metadata-Version: 2.1\nDescription: long\n        Name: wrong\n        |Version: 7\nName: a\nVersion: 1.0\n",
			want:    "a@1.0", purl: "pkg:pypi/a@1.0",
		},
		{
			name:    "classifiers that name one licence",
			content: "Name: a\nVersion: 1.0\nLicense: whatever\nClassifier: Programming Language :: Python\nClassifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)\n",
			want:    "a@1.0", purl: "pkg:pypi/a@1.0", licenses: "GNU General Public License v3 or later (GPLv3+), MIT License",
		},
		{
			name:    "the licence field where classifiers name a family",
			content: "Name: a\nVersion: 1.0\nLicense: BSD-3-Clause\nClassifier: License :: OSI Approved :: BSD License\n",
			want:    "a@1.0", purl: "pkg:pypi/a@1.0", licenses: "BSD-3-Clause",
		},
		{
			name:    "a family where there is nothing better",
			content: "Name: a\nVersion: 1.0\nLicense: UNKNOWN\nClassifier: License :: OSI Approved :: BSD License\nClassifier: License :: OSI Approved\n",
			want:    "a@1.0", purl: "pkg:pypi/a@1.0", licenses: "BSD License",
		},
		{
			name:    "a whole licence text is none",
			content: "Name: a\nVersion: 1.0\nLicense: Copyright (c) me\n        \n        Permission is granted\nClassifier: License :: Public Domain\n",
			want:    "a@1.0", purl: "pkg:pypi/a@1.0", licenses: "Public Domain",
		},
		{
			name:    "a whole licence text whose first line names it",
			content: "Name: a\nVersion: 1.0\nLicense: MIT License\n        \n        Permission is granted\n",
			want:    "a@1.0", purl: "pkg:pypi/a@1.0", licenses: "MIT License",
		},
		{
			name:    "text that lost its indent",
			content: "Metadata-Version: 1.0\nLicense: Copyright\nPermission is granted\nName: a\nVersion: 1.0\n",
			want:    "a@1.0", purl: "pkg:pypi/a@1.0", licenses: "Copyright",
		},
		{
			name: "the first of two", content: "Name: a\nVersion: 1.0\nName: b\nVersion: 2.0\n",
			want: "a@1.0", purl: "pkg:pypi/a@1.0",
		},
		{name: "byte order mark", content: "\xef\xbb\xbfName: a\nVersion: 1.0\n", want: "a@1.0", purl: "pkg:pypi/a@1.0"},
		{name: "no end of line", content: "Name: a\nVersion: 1.0", want: "a@1.0", purl: "pkg:pypi/a@1.0"},
		{name: "no version: that of the directory", content: "Name: a\n", want: "a@9.9", purl: "pkg:pypi/a@9.9"},
		{name: "nothing but the directory", content: "\n", want: "some_name@9.9", purl: "pkg:pypi/some-name@9.9"},
		{name: "egg-info file", path: "x/PyGObject-3.42.2.egg-info", content: "Name: PyGObject\n", want: "PyGObject@3.42.2", purl: "pkg:pypi/pygobject@3.42.2"},
		{name: "egg", path: "x/a-1.0-py3.11.egg/EGG-INFO/PKG-INFO", content: "Metadata-Version: 2.1\n", want: "a@1.0", purl: "pkg:pypi/a@1.0"},
		{name: "egg-info of a source tree", path: "src/a.egg-info/PKG-INFO", content: "Name: a\nVersion: 1.0\n", want: "a@1.0", purl: "pkg:pypi/a@1.0"},
	} {
		if c.path == "" {
			c.path = wheel
		}
		facts, ok, err := extractFile(t, c.path, []byte(c.content))
		if !ok || err != nil || len(facts.Packages) != 1 {
			t.Errorf("%s: %v, %v, %v", c.name, ok, err, facts.Packages)
			continue
		}
		p := facts.Packages[0]
		if got := p.Name + "@" + p.Version; got != c.want || p.PURL != c.purl || p.Ecosystem != "PyPI" {
			t.Errorf("%s: got %s %s, want %s %s", c.name, got, p.PURL, c.want, c.purl)
		}
		if got := strings.Join(p.Licenses, ", "); got != c.licenses {
			t.Errorf("%s: licences %q, want %q", c.name, got, c.licenses)
		}
	}
}

func TestMetadataWithoutNameIsReported(t *testing.T) {
	t.Parallel()
	facts, ok, err := extractFile(t, ".egg-info/PKG-INFO", []byte("Summary: x\n"))
	if !ok || err == nil || len(facts.Packages) > 0 {
		t.Errorf("got %v, %v, %v", facts.Packages, ok, err)
	}
}

func TestHostileMetadata(t *testing.T) {
	t.Parallel()
	const size = 16 << 20
	for name, content := range map[string][]byte{
		"one line":             append([]byte("Name: "), bytes.Repeat([]byte("a"), size)...),
		"one header name":      bytes.Repeat([]byte("a"), size),
		"carriage returns":     append([]byte("x:"), bytes.Repeat([]byte("\ra"), size/2)...),
		"folds":                append([]byte("Name: a"), bytes.Repeat([]byte("\n x"), size/3)...),
		"classifiers":          bytes.Repeat([]byte("Classifier: License :: OSI Approved :: MIT License\n"), size/50),
		"names":                bytes.Repeat([]byte("Name:\n"), size/6),
		"no newline, no colon": bytes.Repeat([]byte(" "), size),
	} {
		start := time.Now()
		facts, _, _ := extractFile(t, "x/dir-1.0.dist-info/METADATA", content)
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: took %v", name, took)
		}
		for _, p := range facts.Packages {
			if len(p.Name)+len(p.Version) > 2048 || len(p.Licenses) > 100 {
				t.Errorf("%s: a name of %d bytes, %d licences", name, len(p.Name), len(p.Licenses))
			}
		}
	}
}

// The Python interpreters on this machine, each with the directories it imports from, are compared with what their
// own importlib.metadata lists.
func TestInstalledDistributionsAreThoseOfImportlib(t *testing.T) {
	t.Parallel()
	const script = `
import importlib.metadata, json, os, sys
found = []
for entry in sys.path:
    if not os.path.isdir(entry):
        continue
    for d in importlib.metadata.distributions(path=[entry]):
        if d.metadata is not None and d.metadata["Name"]:
            found.append({"at": str(d._path), "name": d.metadata["Name"], "version": d.metadata["Version"]})
json.dump(found, sys.stdout)
`
	compared := 0
	interpreters := []string{"/usr/bin/python3", "python3"}
	if home, err := os.UserHomeDir(); err == nil {
		more, _ := filepath.Glob(filepath.Join(home, ".pyenv/versions/*/bin/python3")) // a good pattern
		interpreters = append(interpreters, more...)
	}
	for _, interpreter := range interpreters {
		out, err := exec.CommandContext(t.Context(), interpreter, "-c", script).Output()
		if err != nil {
			t.Logf("%s: %v", interpreter, err)
			continue
		}
		var list []struct{ At, Name, Version string }
		if err := json.Unmarshal(out, &list); err != nil {
			t.Fatal(err)
		}
		var want, got []string
		dirs := map[string]bool{}
		for _, d := range list {
			want = append(want, d.At+" "+d.Name+"@"+d.Version)
			dirs[filepath.Dir(d.At)] = true
		}
		for dir := range dirs {
			for _, pattern := range []string{"*.dist-info/METADATA", "*.egg-info/PKG-INFO", "*.egg-info"} {
				files, err := filepath.Glob(filepath.Join(dir, pattern))
				if err != nil {
					t.Fatal(err)
				}
				for _, file := range files {
					b, err := os.ReadFile(file)
					if err != nil {
						continue // a directory
					}
					facts, _, err := extractFile(t, file, b)
					if err != nil {
						t.Errorf("%s: %v", file, err)
					}
					for _, p := range facts.Packages {
						at := strings.TrimSuffix(strings.TrimSuffix(file, "/METADATA"), "/PKG-INFO")
						got = append(got, at+" "+p.Name+"@"+p.Version)
					}
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-importlib.metadata +got):\n%s", interpreter, diff)
		}
		t.Logf("%s: %d distributions", interpreter, len(want))
		compared += len(want)
	}
	if compared == 0 {
		t.Skip("no Python with installed distributions to compare with")
	}
}
