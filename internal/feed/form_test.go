package feed_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
)

const portal = "<html>captive portal, please sign in</html>"

func zipped(t testing.TB, comment string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("GHSA-1.json")
	if err == nil {
		_, err = w.Write([]byte(`{"id": "GHSA-1"}`))
	}
	if err := errors.Join(err, z.SetComment(comment), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFetchRefusesWhatIsNoFeed has the server answer 200 with something else than the file: the copy at hand stays.
func TestFetchRefusesWhatIsNoFeed(t *testing.T) {
	t.Parallel()
	archive := zipped(t, "")
	for name, tt := range map[string]struct {
		path      string
		good, bad []byte
	}{
		"zip":                {"osv/npm/all.zip", archive, []byte(portal)},
		"zip, empty":         {"osv/npm/all.zip", archive, nil},
		"zip without end":    {"osv/npm/all.zip", archive, archive[:len(archive)-10]},
		"zip without entry":  {"osv/npm/all.zip", archive, archive[len(archive)-22:]},
		"zip, front cut off": {"osv/npm/all.zip", archive, archive[40:]},
		"gzip":               {"epss/scores.csv.gz", gzipped(t, "cve,epss"), []byte(portal)},
		"zstd":               {"fedora/46/updateinfo.xml.zst", []byte("\x28\xb5\x2f\xfd"), []byte(portal)},
		"xz":                 {"a/b.tar.xz", []byte("\xfd7zXZ\x00"), []byte(portal)},
		"bzip2":              {"suse/csaf.tar.bz2", []byte("BZh9"), []byte(portal)},
		"json":               {"cisa/kev.json", []byte("\xef\xbb\xbf {\"a\": 1}\n"), []byte(portal)},
		"json, cut":          {"cisa/kev.json", []byte("[1]"), []byte(`{"a": [1, 2`)},
		"xml":                {"azure-linux/oval.xml", []byte("<?xml version='1.0'?><a/>"), []byte("<!DOCTYPE html><p>sign in")},
		"csv":                {"exploitdb/files.csv", []byte("id,file\n"), []byte(portal)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, dir := serve(t, tt.good), t.TempDir()
			res := feed.Resource{URL: u.URL + "/file", Path: tt.path}
			file := filepath.Join(dir, filepath.FromSlash(tt.path))
			if got, err := fetch(t, dir, res); err != nil || got.Outcome != feed.Updated {
				t.Fatal(got, err)
			}
			u.set(func() { u.body, u.etag = tt.bad, `"2"` })
			got, err := fetch(t, dir, res)
			if !errors.Is(err, artifact.ErrCorrupt) || got.Outcome != feed.Failed || got.Size != int64(len(tt.good)) {
				t.Fatal(got, err)
			}
			if strings.HasPrefix(string(tt.bad), "<html") && !strings.Contains(err.Error(), "<html>captive portal") {
				t.Errorf("what came is not told: %v", err)
			}
			b, err := os.ReadFile(file)
			if err != nil || !bytes.Equal(b, tt.good) {
				t.Fatalf("the good copy is gone: %q, %v", b, err)
			}
			if _, err := os.Stat(file + ".part"); err == nil {
				t.Error("the bad one is kept")
			}
			// A copy that is of no use is fetched again, although upstream has not changed since.
			u.set(func() { u.body, u.etag = tt.good, `"1"` })
			junk := "<"
			if strings.Contains(tt.path, ".xml") {
				junk = "x"
			}
			if err := os.WriteFile(file, bytes.Repeat([]byte(junk), len(tt.good)), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := fetch(t, dir, res); err != nil || got.Outcome != feed.Updated {
				t.Fatal(got, err)
			}
		})
	}
}

func TestFetchTakesZipsWithComments(t *testing.T) {
	t.Parallel()
	for _, comment := range []string{"", "0123456789abcdef", "PK\x05\x06" + strings.Repeat("x", 60_000)} {
		u := serve(t, zipped(t, comment))
		if _, err := fetch(t, t.TempDir(), feed.Resource{URL: u.URL + "/file", Path: "a/all.zip"}); err != nil {
			t.Error(err)
		}
	}
}

func FuzzCheckForm(f *testing.F) {
	f.Add([]byte("comment"), []byte("{}"))
	f.Add([]byte("PK\x06\x06PK\x06\x07PK\x05\x06"), []byte{})
	f.Fuzz(func(t *testing.T, junk, contents []byte) {
		_ = feed.CheckForm("all.zip", bytes.NewReader(junk), int64(len(junk)))
		// Whatever is in it and in its comment: what opens is taken.
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.Create("a")
		if err == nil {
			_, err = w.Write(contents)
		}
		if err := errors.Join(err, z.SetComment(string(junk[:min(len(junk), 1<<16-1)])), z.Close()); err != nil {
			t.Fatal(err)
		}
		_, opens := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if taken := feed.CheckForm("all.zip", bytes.NewReader(b.Bytes()), int64(b.Len())); opens == nil && taken != nil {
			t.Error(taken)
		}
	})
}

// TestFormOfRealFeeds has all files of the mirror taken.
func TestFormOfRealFeeds(t *testing.T) {
	t.Parallel()
	dir := cmp.Or(os.Getenv("SIGHTLINE_FEEDS"), "../../../shared/feeds")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no mirror of the feeds: ", err)
	}
	n := 0
	for _, pattern := range []string{"*/*", "*/*/*", "*/*/*/*", "*/*/*/*/*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			info, err := os.Stat(name)
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := feed.CheckForm(name, f, info.Size()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			_ = f.Close()
			n++
		}
	}
	t.Logf("%d files", n)
}
