package python_test

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// A file gives a package, or is reported, or says in the way of its tool that there is none.
func TestNoFileIsPassedOverInSilence(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]struct{ empty, wrong []string }{ // what says that there is nothing, and what is something else
		"poetry.lock": {
			[]string{"package = []\n\n[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\ncontent-hash = \"0\"\n", "package = []\n[metadata]\ncontent-hash = \"0\"\n[metadata.hashes]\n"},
			[]string{"version = 1\n", "[tool.poetry]\nname = \"a\"\n", "package = []\n", "metadata = 1\n", "[[package]]\nversion = \"1\"\n", "[[package]]\n", "package = \"a\"\n"},
		},
		"uv.lock": {
			[]string{"version = 1\nrequires-python = \">=3.12\"\n", "version = 1\n[[package]]\nname = \"app\"\nsource = { virtual = \".\" }\n"},
			[]string{"requires-python = \">=3.12\"\n", "version = \"x\"\n", "[[packages]]\n"},
		},
		"pdm.lock": {
			[]string{"[metadata]\ngroups = [\"default\"]\nlock_version = \"4.5.0\"\ncontent_hash = \"0\"\n"},
			[]string{"[metadata]\ngroups = []\n", "version = 1\n"},
		},
		"pylock.toml": {
			[]string{"lock-version = \"1.0\"\ncreated-by = \"x\"\npackages = []\n"},
			[]string{"packages = []\n", "[[packages]]\nversion = \"1\"\n", "[tool]\n"},
		},
		"Pipfile.lock": {
			[]string{`{"_meta":{"hash":{"sha256":"0"}},"default":{},"develop":{}}`, `{"default":{"app":{"path":".","editable":true}}}`},
			[]string{`{"_meta":{}}`, `{"default":null}`, `{"default":[]}`, `{"default":{"a":null}}`, `{"default":{"a":1}}`, `{"default":{"":{"version":"==1"}}}`, `{"default":{"a":{}}}`, `{"default":{}} x`},
		},
		"requirements.txt": {
			[]string{"", "\n\n", "# a comment\n", "-i https://registry.example/simple\n", "-r requirements-dev.txt\n"}, // written by hand
			[]string{"a\n", "a>=1\n", "==1\n", "-r base.in\n", strings.Repeat("a", 2000) + "==1\n"},
		},
		"site-packages/pip/_vendor/vendor.txt": {[]string{"", "\n\n", "# a comment\n"}, []string{"a\n"}},
		"env/conda-meta/a-1-0.json":            {nil, []string{`{"name":"a"}`, `{"version":"1"}`, `{"name":"","version":"1"}`, `{"name":"` + strings.Repeat("a", 2000) + `","version":"1"}`}},
		"site-packages/x.dist-info/METADATA":   {nil, nil}, // named by its folder where it does not name itself
		"site-packages/PKG-1.egg":              {nil, nil},
	} {
		always := []string{"null", "[]", "{}", "text", "some text\n", "0", `"x"`, "\x00\x01\x02\xff\xfe", "<xml/>"}
		if !strings.HasSuffix(file, ".txt") {
			always = append(always, "", "\n\n")
		}
		for i, content := range slices.Concat(c.empty, c.wrong, always) {
			facts, ok, err := extractFile(t, file, []byte(content))
			if silent := len(facts.Packages) == 0 && len(facts.Incomplete) == 0 && err == nil; !ok || silent != (i < len(c.empty)) {
				t.Errorf("%s %.100q: %v, %v, %v", file, content, facts.Packages, facts.Incomplete, err)
			}
			for _, inc := range facts.Incomplete {
				if strings.HasPrefix(inc.Detail, "1 packages") || strings.Contains(inc.Detail, "\x00") {
					t.Errorf("%q", inc.Detail)
				}
			}
		}
	}
}

// peak is the most memory that was in use while f ran, over what was before; only for tests that run alone.
func peak(f func()) int64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, m.HeapAlloc
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	f()
	close(done)
	<-ended
	return int64(most - before)
}

// Files that are made to grow take memory in proportion to their size. Not parallel: memory is measured.
func TestHostileFilesStaySmallInMemory(t *testing.T) { //nolint:paralleltest // see above
	const size = 4 << 20 // the largest that is read take six times as long, and memory
	fill := func(before string, one func(i int) string, after string) []byte {
		b := append(make([]byte, 0, size+100), before...)
		for i := 0; len(b) < size-len(after)-40; i++ {
			b = append(b, one(i)...)
		}
		return append(b, after...)
	}
	same := func(s string) func(int) string { return func(int) string { return s } }
	for _, c := range []struct {
		name    string
		content []byte
	}{
		{"brackets", fill("", same("["), "")},
		{"deep objects", fill("", same(`{"a":`), "")},
		{"empty lists", fill(`{"default":[`, same("[],"), `0]}`)},
		{"one name", fill(`{"default":{`, same(`"a":{},`), `"a":{}},"name":"a","version":"1"}`)},
		{"names", fill(`{"default":{`, func(i int) string { return fmt.Sprintf(`"%x":{},`, i) }, `"a":{}},"name":"a","version":"1"}`)},
		{"categories", fill(`{`, func(i int) string { return fmt.Sprintf(`"%x":{},`, i) }, `"name":"a","version":"1"}`)},
		{"categories that are none", fill(`{`, func(i int) string { return fmt.Sprintf(`"%x":0,`, i) }, `"name":"a","version":"1"}`)},
		{"packages", fill(`{"default":{`, func(i int) string { return fmt.Sprintf(`"%x":{"version":"==1"},`, i) }, `"a":{}}}`)},
		{"packages in folders", fill(`{"default":{`, func(i int) string { return fmt.Sprintf(`"%x":{"path":"."},`, i) }, `"a":{}}}`)},
		{"members", fill(`{"_meta":{`, func(i int) string { return fmt.Sprintf(`"%x":0,`, i) }, `"a":0},"default":{}}`)},
		{"one string", fill(`{"default":{"`, same("a"), `":{"version":"==1"}}}`)},
		{"requirements", fill("", func(i int) string { return fmt.Sprintf("a%x\n", i) }, "")},
		{"pins", fill("", func(i int) string { return fmt.Sprintf("a%x==1\n", i) }, "")},
	} {
		for _, file := range []string{"Pipfile.lock", "env/conda-meta/a.json", "requirements.txt"} {
			var packages, reports int
			var failed error
			start := time.Now()
			most := peak(func() {
				facts, _, err := extractFile(t, file, c.content)
				packages, reports, failed = len(facts.Packages), len(facts.Incomplete), err
			})
			t.Logf("%s of %s: %d MiB, %v, %d packages, %d reports, %.80v", file, c.name, most>>20, time.Since(start).Round(time.Millisecond), packages, reports, failed)
			if most > 6*size+40<<20 { // and the most packages that are kept
				t.Errorf("%s of %s: %d bytes in use for a file of %d", file, c.name, most, len(c.content))
			}
		}
	}
	if _, _, err := extractFile(t, "Pipfile.lock", make([]byte, 24<<20+1)); err == nil {
		t.Error("a lock file of more than 24 MiB is read")
	}
}
