package feed_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
)

// site is an upstream of several files, which notes what it is asked for.
type site struct {
	*httptest.Server

	mu    sync.Mutex
	files map[string][]byte
	cut   map[string]int // bytes after which the next answer breaks
	asked []string       // "path", or "path Range" or "path 304"
	after func(path string)
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{files: map[string][]byte{}, cut: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := r.URL.Path
	if s.after != nil {
		defer s.after(at)
	}
	body, ok := s.files[at]
	note := strings.TrimSpace(at + " " + r.Header.Get("Range"))
	if ok {
		sum := sha256.Sum256(body)
		etag := fmt.Sprintf("%q", fmt.Sprintf("%x", sum[:4]))
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			note += " 304"
		}
	}
	s.asked = append(s.asked, note)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if n, ok := s.cut[at]; ok {
		delete(s.cut, at)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:n])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// put replaces the files.
func (s *site) put(files map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = map[string][]byte{}
	for k, v := range files {
		s.files[k] = []byte(v)
	}
}

func (s *site) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.asked
	s.asked = nil
	return out
}

func (s *site) asks(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.log()); diff != "" {
		t.Error(diff)
	}
}

// repomd describes one file of notices as createrepo_c does.
func repomd(href, body string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1763900000</revision>
  <data type="primary"><checksum type="sha256">%[1]x</checksum><location href="repodata/primary.xml.zst"/></data>
  <data type="updateinfo">
    <checksum type="sha256">%[2]x</checksum>
    <open-checksum type="sha256">%[1]x</open-checksum>
    <location href=%[3]q/>
    <timestamp>1763900000</timestamp>
    <size>%[4]d</size>
  </data>
  <data type="updateinfo_zck"><checksum type="sha256">%[1]x</checksum><location href="repodata/updateinfo.xml.zck"/></data>
</repomd>`, sha256.Sum256([]byte("other")), sha256.Sum256([]byte(body)), href, len(body))
}

const at = "osv/Rocky Linux/file" // where content and left look

func (s *site) byName() feed.Resource {
	return feed.Resource{URL: s.URL + "/vex/archive_latest.txt", Path: at, Index: []feed.Step{{Kind: feed.NameIndex, Want: ".tar.zst"}}}
}

func (s *site) byList() feed.Resource {
	return feed.Resource{URL: s.URL + "/core/latest/mirror.list", Path: at, Index: []feed.Step{
		{Kind: feed.BaseIndex, Want: "repodata/repomd.xml"}, {Kind: feed.RepoIndex, Want: "updateinfo"},
	}}
}

func (s *site) byRepo() feed.Resource {
	return feed.Resource{URL: s.URL + "/40/x86_64/repodata/repomd.xml", Path: at, Index: []feed.Step{{Kind: feed.RepoIndex, Want: "updateinfo"}}}
}

func TestFetchByIndex(t *testing.T) {
	t.Parallel()
	t.Run("a name that changes with the day", func(t *testing.T) {
		t.Parallel()
		s, dir := newSite(t), t.TempDir()
		first, second := noise(300_000, 1), noise(300_000, 2)
		s.put(map[string]string{"/vex/archive_latest.txt": "csaf_vex_2026-11-22.tar.zst\n", "/vex/csaf_vex_2026-11-22.tar.zst": string(first)})
		s.cut["/vex/csaf_vex_2026-11-22.tar.zst"] = 100_000
		got, err := fetch(t, dir, s.byName())
		want(t, dir, got, err, feed.Updated, first)
		s.asks(t, "/vex/archive_latest.txt", "/vex/csaf_vex_2026-11-22.tar.zst", "/vex/csaf_vex_2026-11-22.tar.zst bytes=100000-")
		got, err = fetch(t, dir, s.byName())
		want(t, dir, got, err, feed.Unchanged, first)
		s.asks(t, "/vex/archive_latest.txt", "/vex/csaf_vex_2026-11-22.tar.zst 304")
		s.put(map[string]string{"/vex/archive_latest.txt": "csaf_vex_2026-11-23.tar.zst", "/vex/csaf_vex_2026-11-23.tar.zst": string(second)})
		got, err = fetch(t, dir, s.byName())
		want(t, dir, got, err, feed.Updated, second)
		s.asks(t, "/vex/archive_latest.txt", "/vex/csaf_vex_2026-11-23.tar.zst")
	})
	t.Run("a download that was cut off goes on in the next run", func(t *testing.T) {
		t.Parallel()
		s, dir := newSite(t), t.TempDir()
		body := string(noise(300_000, 1))
		files := map[string]string{"/40/x86_64/repodata/repomd.xml": repomd("repodata/abc-updateinfo.xml.zst", body), "/40/x86_64/repodata/abc-updateinfo.xml.zst": body}
		s.put(files)
		s.cut["/40/x86_64/repodata/abc-updateinfo.xml.zst"] = 100_000
		s.after = func(path string) {
			if strings.HasSuffix(path, ".zst") {
				s.files = map[string][]byte{} // all is down: the file's second request and the index read anew find nothing
			}
		}
		if got, err := fetch(t, dir, s.byRepo()); err == nil {
			t.Fatal(got)
		}
		s.log()
		s.mu.Lock()
		s.after = nil
		s.mu.Unlock()
		s.put(files)
		got, err := fetch(t, dir, s.byRepo())
		want(t, dir, got, err, feed.Updated, []byte(body))
		s.asks(t, "/40/x86_64/repodata/repomd.xml", "/40/x86_64/repodata/abc-updateinfo.xml.zst bytes=100000-")
		if got.Downloaded != 200_000 {
			t.Error(got.Downloaded)
		}
	})
	t.Run("a base that changes with each release, and a file of the same bytes", func(t *testing.T) {
		t.Parallel()
		s, dir := newSite(t), t.TempDir()
		tree := func(guid, body string) map[string]string {
			return map[string]string{
				"/core/latest/mirror.list":                                   s.URL + "/core/guids/" + guid + "/x86_64/\n",
				"/core/guids/" + guid + "/x86_64/repodata/repomd.xml":        repomd("repodata/updateinfo.xml.gz", body),
				"/core/guids/" + guid + "/x86_64/repodata/updateinfo.xml.gz": body,
			}
		}
		s.put(tree("aa11", "notices"))
		got, err := fetch(t, dir, s.byList())
		want(t, dir, got, err, feed.Updated, []byte("notices"))
		s.asks(t, "/core/latest/mirror.list", "/core/guids/aa11/x86_64/repodata/repomd.xml", "/core/guids/aa11/x86_64/repodata/updateinfo.xml.gz")
		s.put(tree("bb22", "notices"))
		got, err = fetch(t, dir, s.byList())
		want(t, dir, got, err, feed.Unchanged, []byte("notices"))
		s.asks(t, "/core/latest/mirror.list", "/core/guids/bb22/x86_64/repodata/repomd.xml")
		s.put(tree("bb22", "more notices"))
		got, err = fetch(t, dir, s.byList())
		want(t, dir, got, err, feed.Updated, []byte("more notices"))
		// Damage beside a checksum that is right: once more, then refused, and the old file stays.
		s.put(tree("cc33", "good"))
		s.mu.Lock()
		s.files["/core/guids/cc33/x86_64/repodata/updateinfo.xml.gz"] = []byte("evil")
		s.mu.Unlock()
		got, err = fetch(t, dir, s.byList())
		if !errors.Is(err, artifact.ErrCorrupt) || got.Outcome != feed.Failed || string(content(t, dir)) != "more notices" || left(t, dir) != nil {
			t.Error(got, err, left(t, dir))
		}
	})
	t.Run("an index that breaks off is read again", func(t *testing.T) {
		t.Parallel()
		s, dir := newSite(t), t.TempDir()
		s.put(map[string]string{"/vex/archive_latest.txt": "csaf_vex_2026-11-22.tar.zst\n", "/vex/csaf_vex_2026-11-22.tar.zst": "all"})
		s.cut["/vex/archive_latest.txt"] = 9
		got, err := fetch(t, dir, s.byName())
		want(t, dir, got, err, feed.Updated, []byte("all"))
	})
	t.Run("upstream goes on after the index was read", func(t *testing.T) {
		t.Parallel()
		s, dir := newSite(t), t.TempDir()
		s.put(map[string]string{"/40/x86_64/repodata/repomd.xml": repomd("repodata/old-updateinfo.xml.zst", "old")})
		s.after = func(path string) {
			if strings.Contains(path, "old-") {
				s.files["/40/x86_64/repodata/repomd.xml"] = []byte(repomd("repodata/new-updateinfo.xml.zst", "new"))
				s.files["/40/x86_64/repodata/new-updateinfo.xml.zst"] = []byte("new")
			}
		}
		got, err := fetch(t, dir, s.byRepo())
		want(t, dir, got, err, feed.Updated, []byte("new"))
	})
	t.Run("a checksum file beside what the index names", func(t *testing.T) {
		t.Parallel()
		s, dir := newSite(t), t.TempDir()
		files := map[string]string{
			"/vex/archive_latest.txt": "a.tar.zst", "/vex/a.tar.zst": "all", "/vex/SHA256SUMS": fmt.Sprintf("%x  a.tar.zst\n", sha256.Sum256([]byte("all"))),
		}
		s.put(files)
		r := s.byName()
		r.Sum = "SHA256SUMS"
		got, err := fetch(t, dir, r)
		want(t, dir, got, err, feed.Updated, []byte("all"))
		files["/vex/a.tar.zst"] = "bad"
		s.put(files)
		if got, err = fetch(t, dir, r); !errors.Is(err, artifact.ErrCorrupt) {
			t.Error(got, err)
		}
	})
}

func TestFetchByIndexOfMirror(t *testing.T) {
	t.Parallel()
	s, dir := newSite(t), t.TempDir()
	s.put(map[string]string{"/feeds/" + at: "from the mirror", "/feeds/only": "from the mirror too"})
	res := []feed.Resource{s.byList(), {URL: s.URL + "/nowhere", Path: "only", Optional: true, MirrorOnly: true}}
	report, err := feed.Fetch(t.Context(), client(t), dir, res, feed.FetchOptions{BaseURL: s.URL + "/feeds", Parallel: 1})
	want(t, dir, report.Files[0], err, feed.Updated, []byte("from the mirror"))
	s.asks(t, "/feeds/"+at, "/feeds/only")
	// The same without the mirror: what only it has stays, and nobody is asked for it.
	report, err = feed.Fetch(t.Context(), client(t), dir, res[1:], feed.FetchOptions{})
	if f := report.Files[0]; err != nil || f.Outcome != feed.Missing || f.Err != nil || f.Size != int64(len("from the mirror too")) {
		t.Error(f, err)
	}
	s.asks(t)
}

func TestFetchByIndexOutcomes(t *testing.T) {
	t.Parallel()
	sum := fmt.Sprintf("%x", sha256.Sum256(nil))
	data := func(href, more string) string {
		return `<repomd><data type="updateinfo"><checksum type="sha256">` + sum + `</checksum><location href="` + href + `"/>` + more + `</data></repomd>`
	}
	for name, tt := range map[string]struct {
		by      func(*site) feed.Resource
		index   string // "" none; HOST is the server's
		outcome feed.Outcome
		err     error
		says    string
	}{
		"no index":                           {(*site).byRepo, "", feed.Missing, nil, ""},
		"no notices":                         {(*site).byRepo, `<repomd><data type="primary"><location href="repodata/primary.xml.gz"/></data></repomd>`, feed.Missing, nil, ""},
		"what it names is not there":         {(*site).byRepo, data("repodata/u.xml.gz", ""), feed.Failed, artifact.ErrUnreachable, "which is not there"},
		"only xz":                            {(*site).byRepo, data("repodata/u.xml.xz", ""), feed.Failed, errAny, "packed by xz"},
		"only zchunk":                        {(*site).byRepo, data("repodata/u.xml.zck", ""), feed.Failed, artifact.ErrCorrupt, "u.xml.zck"},
		"a path that climbs":                 {(*site).byRepo, data("../../secret.gz", ""), feed.Failed, artifact.ErrCorrupt, "../../secret.gz"},
		"a path that climbs later":           {(*site).byRepo, data("repodata/../../../secret.gz", ""), feed.Failed, artifact.ErrCorrupt, "not a path"},
		"a path that climbs, escaped":        {(*site).byRepo, data("repodata/%2e%2e/%2e%2e/secret.gz", ""), feed.Failed, artifact.ErrCorrupt, "not a path"},
		"an absolute path":                   {(*site).byRepo, data("/etc/secret.gz", ""), feed.Failed, artifact.ErrCorrupt, "not a path"},
		"another host":                       {(*site).byRepo, data("//evil.example/u.xml.gz", ""), feed.Failed, artifact.ErrCorrupt, "not a path"},
		"another scheme":                     {(*site).byRepo, data("file:///etc/u.xml.gz", ""), feed.Failed, artifact.ErrCorrupt, "not a path"},
		"a query":                            {(*site).byRepo, data("repodata/u?x=.gz", ""), feed.Failed, artifact.ErrCorrupt, "not a path"},
		"another base":                       {(*site).byRepo, data("u.xml.gz", `<location xml:base="http://evil.example/" href="u.xml.gz"/>`), feed.Failed, artifact.ErrCorrupt, "not a path"},
		"no checksum":                        {(*site).byRepo, strings.Replace(data("u.xml.gz", ""), sum, "", 1), feed.Failed, artifact.ErrCorrupt, "without its SHA-256"},
		"a weak checksum":                    {(*site).byRepo, strings.Replace(data("u.xml.gz", ""), "sha256", "md5", 1), feed.Failed, artifact.ErrCorrupt, "without its SHA-256"},
		"a checksum without end":             {(*site).byRepo, strings.Replace(data("u.xml.gz", ""), sum, strings.Repeat("ab<!-- -->", 1000), 1), feed.Failed, artifact.ErrCorrupt, "more than 255 bytes"},
		"a page instead":                     {(*site).byRepo, `<html><body>sign in</body></html>`, feed.Failed, artifact.ErrCorrupt, "not a repomd.xml"},
		"an empty file":                      {(*site).byRepo, " ", feed.Failed, artifact.ErrCorrupt, "EOF"},
		"half of it":                         {(*site).byRepo, data("u.xml.gz", "")[:60], feed.Failed, artifact.ErrCorrupt, "XML"},
		"entities":                           {(*site).byRepo, `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>` + data("&b;.gz", ""), feed.Failed, artifact.ErrCorrupt, "declares entities"},
		"an entity that nobody declared":     {(*site).byRepo, data("&b;.gz", ""), feed.Failed, artifact.ErrCorrupt, "entity"},
		"deep elements":                      {(*site).byRepo, `<repomd>` + strings.Repeat("<a>", 50_000), feed.Failed, artifact.ErrCorrupt, "nested deeper"},
		"a huge index":                       {(*site).byRepo, "<repomd>" + strings.Repeat(" ", 2<<20) + "</repomd>", feed.Failed, errAny, "more than 1048576 bytes"},
		"a name that climbs":                 {(*site).byName, "../secret.tar.zst", feed.Failed, artifact.ErrCorrupt, "not the name of a file"},
		"a name that is a path":              {(*site).byName, "sub/a.tar.zst", feed.Failed, artifact.ErrCorrupt, "not the name of a file"},
		"a name that is a URL":               {(*site).byName, "https://evil.example/a.tar.zst", feed.Failed, artifact.ErrCorrupt, "not the name of a file"},
		"a name with a query":                {(*site).byName, "a?b=.tar.zst", feed.Failed, artifact.ErrCorrupt, "not the name of a file"},
		"a name with backslashes":            {(*site).byName, `..\a.tar.zst`, feed.Failed, artifact.ErrCorrupt, "not the name of a file"},
		"a name of another form":             {(*site).byName, "a.zip", feed.Failed, artifact.ErrCorrupt, "does not end in .tar.zst"},
		"no name":                            {(*site).byName, "\n\n", feed.Failed, artifact.ErrCorrupt, "not the name of a file"},
		"a page instead of a name":           {(*site).byName, "<html>sign in</html>", feed.Failed, artifact.ErrCorrupt, "not the name of a file"},
		"a name without end":                 {(*site).byName, strings.Repeat("a", 1000) + ".tar.zst", feed.Failed, artifact.ErrCorrupt, "not the name of a file"},
		"a base on another host":             {(*site).byList, "http://evil.example/core/", feed.Failed, artifact.ErrCorrupt, "to another host"},
		"a base by another scheme":           {(*site).byList, "file:///etc/", feed.Failed, artifact.ErrCorrupt, "not an https URL"},
		"a base with a password":             {(*site).byList, "http://me:hunter2@HOST/core/", feed.Failed, artifact.ErrCorrupt, "not a plain path"},
		"a base that climbs":                 {(*site).byList, "http://HOST/core/../..", feed.Failed, artifact.ErrCorrupt, "not a plain path"},
		"a base with a query":                {(*site).byList, "http://HOST/core?x=", feed.Failed, artifact.ErrCorrupt, "not a plain path"},
		"an empty list":                      {(*site).byList, "# none\n", feed.Failed, artifact.ErrCorrupt, "has no line"},
		"a base that is no repository":       {(*site).byList, "http://HOST/core/", feed.Missing, nil, ""},
		"a base after one that is not taken": {(*site).byList, "http://evil.example/core/\n\nhttp://HOST/core/\n", feed.Missing, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := newSite(t), t.TempDir()
			r := tt.by(s)
			r.Optional = true
			u, err := url.Parse(r.URL)
			if err != nil {
				t.Fatal(err)
			}
			if tt.index != "" {
				s.put(map[string]string{u.Path: strings.ReplaceAll(tt.index, "HOST", strings.TrimPrefix(s.URL, "http://"))})
			}
			got, err := fetch(t, dir, r)
			if err != nil || got.Outcome != tt.outcome || (got.Err != nil) != (tt.err != nil) {
				t.Fatal(got.Outcome, got.Err, err)
			}
			if tt.err != nil && (!errors.Is(tt.err, errAny) && !errors.Is(got.Err, tt.err) || !strings.Contains(got.Err.Error(), tt.says) || len(got.Err.Error()) > 600 || strings.Contains(got.Err.Error(), "hunter2")) {
				t.Errorf("%v, which does not say %q", got.Err, tt.says)
			}
			if log := s.log(); tt.outcome == feed.Failed && !errors.Is(tt.err, artifact.ErrUnreachable) && len(log) != 1 {
				t.Errorf("asked for %q", log)
			}
			r.Optional = false
			if _, err = fetch(t, dir, r); err == nil {
				t.Error("a resource that is needed may not be missing")
			}
		})
	}
	t.Run("a way from https back to http", func(t *testing.T) {
		t.Parallel()
		_, _, err := feed.Step{Kind: feed.BaseIndex, Want: "x"}.Next("https://host.example/a/mirror.list", "http://host.example/b/")
		if !errors.Is(err, artifact.ErrCorrupt) {
			t.Error(err)
		}
	})
	t.Run("a step of no kind", func(t *testing.T) {
		t.Parallel()
		s, dir := newSite(t), t.TempDir()
		s.put(map[string]string{"/x": "y"})
		if got, err := fetch(t, dir, feed.Resource{URL: s.URL + "/x", Path: at, Index: []feed.Step{{}}}); err == nil {
			t.Error(got)
		}
	})
	t.Run("what was at hand stays when the index is gone", func(t *testing.T) {
		t.Parallel()
		s, dir := newSite(t), t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "osv", "Rocky Linux"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "osv", "Rocky Linux", "file"), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		r := s.byList()
		r.Optional = true
		got, err := fetch(t, dir, r)
		want(t, dir, got, err, feed.Missing, []byte("old"))
	})
}

// FuzzIndex holds that no text leads an index off its host or out of its folder, and that what a repomd.xml gives stands in it.
func FuzzIndex(f *testing.F) {
	for _, text := range []string{
		"csaf_vex_2026-11-22.tar.zst\n", "../a.tar.zst", "https://host.example/core/guids/ab/x86_64/\n", "https://host.example\n", "//host.example/a",
		"<repo" + strings.Repeat("\x9e", 2500) + ">", // which an error quoted
		repomd("repodata/updateinfo.xml.gz", "x"), repomd("../../x.gz", "x"), repomd("a//b.gz", "x"), "<repomd/>", `<repomd><data type="updateinfo">`,
	} {
		for kind := range uint8(4) {
			f.Add(kind, text)
		}
	}
	type document struct {
		Data []struct {
			Type     string `xml:"type,attr"`
			Checksum []struct {
				Type string `xml:"type,attr"`
				Text string `xml:",innerxml"`
			} `xml:"checksum"`
			Location []struct {
				Href string `xml:"href,attr"`
			} `xml:"location"`
		} `xml:"data"`
	}
	wants := map[feed.IndexKind]string{feed.NameIndex: ".tar.zst", feed.BaseIndex: "repodata/repomd.xml", feed.RepoIndex: "updateinfo"}
	f.Fuzz(func(t *testing.T, kind uint8, text string) {
		s := feed.Step{Kind: feed.IndexKind(kind), Want: wants[feed.IndexKind(kind)]}
		to, sum, err := s.Next("https://host.example/top/sub/index?x=1", text)
		if err != nil {
			if to != "" || sum != "" || len(err.Error()) > 1000 {
				t.Fatalf("%q %q with %d bytes of error", to, sum, len(err.Error()))
			}
			return
		}
		u, err := url.Parse(to)
		if err != nil || u.Scheme != "https" || u.Host != "host.example" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
			u.Path != u.EscapedPath() || strings.Contains(u.Path, "/../") || strings.Contains(u.Path, "//") {
			t.Fatalf("led to %q: %v", to, err)
		}
		switch s.Kind {
		case feed.NameIndex:
			if name, ok := strings.CutPrefix(u.Path, "/top/sub/"); !ok || strings.Contains(name, "/") || !strings.Contains(text, name) || !strings.HasSuffix(name, s.Want) {
				t.Fatalf("led to %q", to)
			}
		case feed.BaseIndex:
			if base, ok := strings.CutSuffix(to, "/"+s.Want); !ok || !strings.Contains(strings.ToLower(text), strings.ToLower(base[len("https://"):])) {
				t.Fatalf("led to %q", to)
			}
		case feed.RepoIndex:
			href, ok := strings.CutPrefix(u.Path, "/top/")
			if !ok || len(sum) != 64 {
				t.Fatalf("led to %q, %q", to, sum)
			}
			var doc document
			if err := xml.Unmarshal([]byte(text), &doc); err != nil {
				return // something follows the root, where the oracle stops
			}
			for _, d := range doc.Data {
				for _, l := range d.Location {
					if d.Type == s.Want && l.Href == href {
						return
					}
				}
			}
			t.Fatalf("%q does not stand in it", href)
		}
	})
}
