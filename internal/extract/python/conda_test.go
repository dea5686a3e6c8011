package python_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/inventory"
)

func TestCondaMeta(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, content string
		want                []inventory.Package
		fails               bool
	}{
		{
			name: "a record", path: "opt/conda/conda-meta/openssl-3.0.12-h7f8727e_0.json",
			content: `{"build":"h7f8727e_0","build_number":0,"channel":"https://user:secret@conda.example.com/t/secret/pkgs/main/linux-64","files":["lib/x"],"fn":"openssl-3.0.12-h7f8727e_0.conda","license":"Apache-2.0","name":"openssl","subdir":"linux-64","version":"3.0.12","extra":{"name":"x"}}`,
			want: []inventory.Package{{
				Name: "openssl", Version: "3.0.12", Ecosystem: "Conda", Licenses: []string{"Apache-2.0"},
				PURL: "pkg:conda/openssl@3.0.12?build=h7f8727e_0&channel=main&subdir=linux-64&type=conda",
			}},
		},
		{
			name: "a channel by name, an old archive", path: "env/conda-meta/x.json",
			content: `{"build":"0","channel":"conda-forge","fn":"R-x-1.0-0.tar.bz2","name":"R-x","subdir":"noarch","version":"1.0"}`,
			want: []inventory.Package{{
				Name: "R-x", Version: "1.0", Ecosystem: "Conda", PURL: "pkg:conda/r-x@1.0?build=0&channel=conda-forge&subdir=noarch&type=tar.bz2",
			}},
		},
		{name: "state", path: "env/conda-meta/state", content: `{}`},
		{name: "another file", path: "env/conda-meta/pinned.json", content: `{}`, fails: true},
		{name: "half a record", path: "env/conda-meta/a.json", content: `{"name":"a"}`, fails: true},
		{name: "no JSON", path: "env/conda-meta/a.json", content: `{`, fails: true},
	} {
		facts, _, err := extractFile(t, c.path, []byte(c.content))
		if diff := cmp.Diff(c.want, facts.Packages); diff != "" || (err != nil) != c.fails {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
}

func TestEggs(t *testing.T) {
	t.Parallel()
	egg := func(name, content string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(content))
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
		fails   bool
	}{
		"metadata":               {content: egg("EGG-INFO/PKG-INFO", "Name: A\nVersion: 2.0\n"), want: "A@2.0"},
		"metadata without end":   {content: egg("EGG-INFO/PKG-INFO", "Name: A\nVersion: 2.0\n\n"+string(bytes.Repeat([]byte("x"), 4<<20))), want: "A@2.0"},
		"the name of the file":   {content: egg("a.py", ""), want: "a@1.0"},
		"metadata of a fixture":  {content: egg("tests/EGG-INFO/PKG-INFO", "Name: B\nVersion: 2.0\n"), want: "a@1.0"},
		"not an archive":         {content: []byte("PK"), fails: true},
		"an archive that is cut": {content: egg("EGG-INFO/PKG-INFO", "Name: A\n")[:60], fails: true},
	} {
		facts, ok, err := extractFile(t, "site-packages/a-1.0-py3.11.egg", c.content)
		got := ""
		if len(facts.Packages) == 1 {
			got = facts.Packages[0].Name + "@" + facts.Packages[0].Version
		}
		if !ok || got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: got %q, %v, %v, want %q", name, got, ok, err, c.want)
		}
	}
}

func TestVendoredCopiesSayWhoBroughtThem(t *testing.T) {
	t.Parallel()
	for path, c := range map[string]struct{ content, want, detail string }{
		"lib/python3/site-packages/pip/_vendor/vendor.txt":                               {"CacheControl==0.12.11  # why\nrequests==2.31.0\n    urllib3==1.26.16\n", "CacheControl@0.12.11 requests@2.31.0 urllib3@1.26.16", "vendored by pip"},
		"lib/python3/site-packages/setuptools/_vendor/vendored.txt":                      {"packaging==21.3\n", "packaging@21.3", "vendored by setuptools"},
		"lib/python3/site-packages/setuptools/_vendor/wheel/vendored/vendor.txt":         {"packaging==24.0\n", "packaging@24.0", "vendored by setuptools"},
		"lib/python3/site-packages/setuptools/_vendor/packaging-24.2.dist-info/METADATA": {"Name: packaging\nVersion: 24.2\n", "packaging@24.2", "vendored by setuptools"},
		"lib/python3/site-packages/packaging-24.2.dist-info/METADATA":                    {"Name: packaging\nVersion: 24.2\n", "packaging@24.2", ""},
		"src/vendor.txt": {"a==1\n", "", ""},
	} {
		facts, _, err := extractFile(t, path, []byte(c.content))
		got, detail := "", ""
		for i, p := range facts.Packages {
			if i > 0 {
				got += " "
			}
			got += p.Name + "@" + p.Version
			if len(p.Evidence) > 0 {
				detail = p.Evidence[0].Detail
			}
		}
		if got != c.want || detail != c.detail || err != nil {
			t.Errorf("%s: got %q, %q, %v, want %q, %q", path, got, detail, err, c.want, c.detail)
		}
	}
}
