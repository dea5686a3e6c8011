package feed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/outbound"
)

// upstream is a server of one file, with faults.
type upstream struct {
	*httptest.Server

	mu       sync.Mutex
	body     []byte
	etag     string
	requests []string          // "GET <Range> <If-None-Match>"
	headers  map[string]string // sent with the file
	cut      []int             // bytes after which the connection of the next answers breaks; <0 never
	answers  []int             // status codes of the next answers, before any other
	noRange  bool              // ignores Range
	noIf     bool              // minds Range and ignores If-Range
	chunked  bool              // does not say a length
	slow     time.Duration     // between pieces
	extra    map[string]string // other files by path
	asked    map[string]int    // of other files
}

func serve(t *testing.T, body []byte) *upstream {
	t.Helper()
	u := &upstream{body: body, etag: `"1"`, headers: map[string]string{}, extra: map[string]string{}, asked: map[string]int{}}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) set(f func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f()
}

func (u *upstream) log() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := u.requests
	u.requests = nil
	return out
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	if text, ok := u.extra[r.URL.Path]; ok {
		u.asked[r.URL.Path]++
		u.mu.Unlock()
		_, _ = io.WriteString(w, text)
		return
	}
	if r.URL.Path != "/file" {
		u.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	body, etag, slow := u.body, u.etag, u.slow
	u.requests = append(u.requests, strings.TrimSpace(fmt.Sprintf("GET %s %s", r.Header.Get("Range"), r.Header.Get("If-None-Match"))))
	cut := -1
	if len(u.cut) > 0 {
		cut, u.cut = u.cut[0], u.cut[1:]
	}
	code := 0
	if len(u.answers) > 0 {
		code, u.answers = u.answers[0], u.answers[1:]
	}
	for k, v := range u.headers {
		w.Header().Set(k, v)
	}
	noRange, noIf, chunked := u.noRange, u.noIf, u.chunked
	u.mu.Unlock()
	if code != 0 {
		w.WriteHeader(code)
		return
	}
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	if etag != "" && r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	from, status := 0, http.StatusOK
	if rng, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && !noRange && (noIf || r.Header.Get("If-Range") == etag) {
		from, _ = strconv.Atoi(strings.TrimSuffix(rng, "-"))
		if from >= len(body) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
	}
	rest := body[from:]
	if !chunked {
		w.Header().Set("Content-Length", strconv.Itoa(len(rest)))
	}
	w.WriteHeader(status)
	if cut >= 0 && cut < len(rest) {
		_, _ = w.Write(rest[:cut])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for len(rest) > 0 {
		n := min(len(rest), 32<<10)
		if _, err := w.Write(rest[:n]); err != nil {
			return
		}
		rest = rest[n:]
		if slow > 0 {
			_ = http.NewResponseController(w).Flush()
			time.Sleep(slow)
		}
	}
}

func noise(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, seed))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func client(t testing.TB) *outbound.Client {
	t.Helper()
	c, err := outbound.New(outbound.Options{
		AllowPrivate: true, Timeout: 5 * time.Second, Retries: 2,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	return c
}

func (u *upstream) resource() feed.Resource {
	return feed.Resource{URL: u.URL + "/file", Path: "osv/Rocky Linux/file"}
}

// fetch runs Fetch for one resource.
func fetch(t *testing.T, dir string, r feed.Resource) (feed.Fetched, error) {
	t.Helper()
	report, err := feed.Fetch(t.Context(), client(t), dir, []feed.Resource{r}, feed.FetchOptions{})
	return report.Files[0], err
}

func content(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "osv", "Rocky Linux", "file"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return b
}

// left lists what lies in the folder beside the file and its state.
func left(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "osv", "Rocky Linux"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.Name() != "file" && e.Name() != "file.state" {
			out = append(out, e.Name())
		}
	}
	return out
}

func want(t *testing.T, dir string, got feed.Fetched, err error, outcome feed.Outcome, body []byte) {
	t.Helper()
	if err != nil || got.Outcome != outcome || got.Err != nil || got.Size != int64(len(body)) {
		t.Fatalf("%s, %d bytes, error %v, %v; want %s, %d bytes", got.Outcome, got.Size, err, got.Err, outcome, len(body))
	}
	if !bytes.Equal(content(t, dir), body) {
		t.Fatal("other bytes than upstream's")
	}
	if rest := left(t, dir); rest != nil {
		t.Errorf("left behind: %v", rest)
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	t.Run("what did not change is not downloaded again", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(300_000, 1)), t.TempDir()
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, u.body)
		got, err = fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Unchanged, u.body)
		u.set(func() { u.body, u.etag = noise(200_000, 2), `"2"` })
		got, err = fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, u.body)
		if diff := cmp.Diff([]string{"GET", `GET  "1"`, `GET  "1"`}, u.log()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a file that was lost or cut is fetched again", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(1000, 1)), t.TempDir()
		for range 2 {
			got, err := fetch(t, dir, u.resource())
			want(t, dir, got, err, feed.Updated, u.body)
			if err := os.WriteFile(filepath.Join(dir, "osv", "Rocky Linux", "file"), u.body[:500], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "osv", "Rocky Linux", "file.state"), []byte("{garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, u.body)
	})
	t.Run("a connection that breaks is taken up where it broke", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(400_000, 1)), t.TempDir()
		u.cut = []int{100_000, 50_000, 0, 10}
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, u.body)
		log := u.log()
		if log[0] != "GET" || log[1] != "GET bytes=100000-" || log[2] != "GET bytes=150000-" || got.Downloaded != 400_000 {
			t.Error(log, got.Downloaded)
		}
	})
	t.Run("a server that ignores ranges sends all again", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(400_000, 1)), t.TempDir()
		u.cut, u.noRange = []int{100_000}, true
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, u.body)
	})
	t.Run("a new version in the middle of a download does not mix with the old one", func(t *testing.T) {
		t.Parallel()
		for _, noIf := range []bool{false, true} { // true: the server minds Range and not If-Range
			u, dir := serve(t, noise(400_000, 1)), t.TempDir()
			u.cut, u.answers = []int{100_000}, []int{0, 500, 500, 500, 500}
			if got, err := fetch(t, dir, u.resource()); err == nil || got.Outcome != feed.Failed {
				t.Fatal(got, err)
			}
			if rest := left(t, dir); !slices.Equal(rest, []string{"file.part"}) {
				t.Fatalf("left behind: %v", rest)
			}
			u.set(func() { u.body, u.etag, u.noIf, u.answers = noise(400_000, 2), `"2"`, noIf, nil })
			got, err := fetch(t, dir, u.resource())
			want(t, dir, got, err, feed.Updated, u.body)
		}
	})
	t.Run("without a validator a part is not trusted", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(400_000, 1)), t.TempDir()
		u.etag, u.cut = "", []int{100_000, -1}
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, u.body)
	})
	t.Run("a body of no declared length", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(400_000, 1)), t.TempDir()
		u.chunked, u.cut = true, []int{1000}
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, u.body)
	})
	t.Run("an empty file", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, nil), t.TempDir()
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, nil)
	})
	t.Run("an answer of 429 or 503 is not the end", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(1000, 1)), t.TempDir()
		u.answers = []int{429, 503}
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, u.body)
	})
	t.Run("a server that is down leaves the old file", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(1000, 1)), t.TempDir()
		if _, err := fetch(t, dir, u.resource()); err != nil {
			t.Fatal(err)
		}
		old := u.body
		u.Close()
		got, err := fetch(t, dir, u.resource())
		if !errors.Is(err, artifact.ErrUnreachable) || got.Outcome != feed.Failed || !bytes.Equal(content(t, dir), old) || got.Size != 1000 {
			t.Error(got, err)
		}
	})
	t.Run("a server whose connections always break is given up", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(1000, 1)), t.TempDir()
		u.cut = make([]int, 100)
		got, err := fetch(t, dir, u.resource())
		if !errors.Is(err, artifact.ErrUnreachable) || got.Outcome != feed.Failed || len(u.log()) > 20 {
			t.Error(got, err)
		}
	})
	t.Run("a file beyond the limit is not kept", func(t *testing.T) {
		t.Parallel()
		for _, chunked := range []bool{false, true} {
			u, dir := serve(t, noise(400_000, 1)), t.TempDir()
			u.chunked = chunked
			_, err := feed.Fetch(t.Context(), client(t), dir, []feed.Resource{u.resource()}, feed.FetchOptions{MaxBytes: 300_000})
			if _, is := errors.AsType[*artifact.ErrLimit](err); !is {
				t.Error(err)
			}
			if rest := left(t, dir); rest != nil || content(t, dir) != nil {
				t.Error(rest)
			}
		}
	})
	t.Run("a cancelled context ends it", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, noise(4_000_000, 1)), t.TempDir()
		u.slow = 5 * time.Millisecond
		ctx, cancel := context.WithCancel(t.Context())
		_, err := feed.Fetch(ctx, client(t), dir, []feed.Resource{u.resource()}, feed.FetchOptions{Progress: func(p feed.Progress) {
			if p.Done > 500_000 {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		u.set(func() { u.slow = 0 })
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, u.body)
		if got.Downloaded >= 4_000_000-400_000 {
			t.Errorf("%d bytes were downloaded again", got.Downloaded)
		}
	})
}

func TestFetchSeveral(t *testing.T) {
	t.Parallel()
	u, dir := serve(t, []byte("bytes")), t.TempDir()
	res := []feed.Resource{
		{URL: u.URL + "/absent", Path: "a/required"},
		{URL: u.URL + "/absent", Path: "a/optional", Optional: true},
		u.resource(),
		{URL: "http://127.0.0.1:1/", Path: "a/down", Optional: true},
		{URL: u.URL + "/file", Path: "../escape"},
	}
	var told []string
	report, err := feed.Fetch(t.Context(), client(t), dir, res, feed.FetchOptions{Parallel: 2, Progress: func(p feed.Progress) { told = append(told, p.Path) }})
	var outcomes []string
	for _, f := range report.Files {
		outcomes = append(outcomes, f.Outcome.String())
	}
	if diff := cmp.Diff([]string{"failed", "missing", "updated", "failed", "failed"}, outcomes); diff != "" {
		t.Error(diff)
	}
	if !errors.Is(err, artifact.ErrNotFound) || errors.Is(err, artifact.ErrUnreachable) || !strings.Contains(err.Error(), "a/required") {
		t.Error(err)
	}
	if report.Count(feed.Failed) != 3 || len(report.Failures()) != 3 || !slices.Contains(told, "osv/Rocky Linux/file") {
		t.Error(report.Failures(), told)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "escape")); err == nil {
		t.Error("a path led out of the folder")
	}
}

func TestFetchFromMirror(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.EscapedPath())
		user, password, _ := r.BasicAuth()
		if user != "me" || password != "hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, "from the mirror")
	}))
	defer s.Close()
	r := feed.Resource{URL: "https://upstream.invalid/all.zip", Path: "osv/Rocky Linux/file"}
	with := func(user string) (feed.FetchReport, error) {
		return feed.Fetch(t.Context(), client(t), dir, []feed.Resource{r}, feed.FetchOptions{BaseURL: strings.Replace(s.URL, "://", "://"+user+"@", 1) + "/feeds?token=hunter3"})
	}
	report, err := with("me:hunter2")
	want(t, dir, report.Files[0], err, feed.Updated, []byte("from the mirror"))
	if diff := cmp.Diff([]string{"/feeds/osv/Rocky%20Linux/file"}, asked); diff != "" {
		t.Error(diff)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "osv", "Rocky Linux", "file.state")); err != nil || strings.Contains(string(b), "hunter") {
		t.Error(string(b), err)
	}
	_, err = with("me:hunter9")
	if !errors.Is(err, artifact.ErrUnreachable) || strings.Contains(fmt.Sprint(err), "hunter") {
		t.Error(err)
	}
}

func TestFetchChecksums(t *testing.T) {
	t.Parallel()
	body := noise(100_000, 1)
	md := md5.Sum(body)
	crc := binary.BigEndian.AppendUint32(nil, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
	sha := sha256.Sum256(body)
	b64 := base64.StdEncoding.EncodeToString
	for name, header := range map[string][2]string{
		"x-goog-hash": {"X-Goog-Hash", "crc32c=" + b64(crc) + ",md5=" + b64(md[:])},
		"content-md5": {"Content-MD5", b64(md[:])},
		"repr-digest": {"Repr-Digest", "sha-256=:" + b64(sha[:]) + ":"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, dir := serve(t, body), t.TempDir()
			u.headers[header[0]] = header[1]
			u.cut = []int{5_000}
			got, err := fetch(t, dir, u.resource())
			want(t, dir, got, err, feed.Updated, body)
			// Damage on the way: the same headers, other bytes.
			u.set(func() { u.body, u.etag = noise(100_000, 2), `"2"` })
			got, err = fetch(t, dir, u.resource())
			if !errors.Is(err, artifact.ErrCorrupt) || got.Outcome != feed.Failed || !bytes.Equal(content(t, dir), body) {
				t.Error(got, err)
			}
			if rest := left(t, dir); rest != nil {
				t.Errorf("left behind: %v", rest)
			}
		})
	}
	t.Run("a part that was damaged on disk is fetched again", func(t *testing.T) {
		t.Parallel()
		u, dir := serve(t, body), t.TempDir()
		u.headers["Content-MD5"] = b64(md[:])
		u.cut, u.answers = []int{50_000}, []int{0, 500, 500, 500, 500}
		if _, err := fetch(t, dir, u.resource()); err == nil {
			t.Fatal("no error")
		}
		part := filepath.Join(dir, "osv", "Rocky Linux", "file.part")
		if err := os.WriteFile(part, noise(50_000, 3), 0o600); err != nil {
			t.Fatal(err)
		}
		u.set(func() { u.answers = nil })
		got, err := fetch(t, dir, u.resource())
		want(t, dir, got, err, feed.Updated, body)
	})
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(body)
	_ = z.Close()
	packedSum := sha256.Sum256(packed.Bytes())
	for name, tt := range map[string]struct {
		sum, text string
		err       error
	}{
		"nvd's .meta":         {"f.meta", fmt.Sprintf("lastModifiedDate:2026-01-01\r\nsize:1\r\nsha256:%X\r\n", sha), nil},
		"a wrong .meta":       {"f.meta", fmt.Sprintf("sha256:%X\r\n", packedSum), artifact.ErrCorrupt},
		"sha256sum's":         {"f.sha256", fmt.Sprintf("%x  other\n%x *file\n", sha, packedSum), nil},
		"a bare sum":          {"f.sha256", fmt.Sprintf("%x\n", packedSum), nil},
		"a wrong sum":         {"f.sha256", fmt.Sprintf("%x  file\n", sha), artifact.ErrCorrupt},
		"no checksum file":    {"absent.meta", "", nil},
		"a page in its place": {"f.meta", "<html>not found</html>", errAny},
		"a list without it":   {"f.sha256", fmt.Sprintf("%x  other\n", packedSum), errAny},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, dir := serve(t, packed.Bytes()), t.TempDir()
			if tt.text != "" {
				u.extra["/"+tt.sum] = tt.text
			}
			r := u.resource()
			r.Sum = tt.sum
			got, err := fetch(t, dir, r)
			switch {
			case tt.err == nil:
				want(t, dir, got, err, feed.Updated, packed.Bytes())
			case err == nil || !errors.Is(tt.err, errAny) && !errors.Is(err, tt.err) || content(t, dir) != nil:
				t.Error(got, err)
			}
		})
	}
}

var errAny = errors.New("any error")

func TestFetchOneAtATime(t *testing.T) {
	t.Parallel()
	u, dir := serve(t, noise(2_000_000, 1)), t.TempDir()
	var second error
	once := sync.OnceFunc(func() {
		_, second = feed.Fetch(t.Context(), client(t), dir, []feed.Resource{u.resource()}, feed.FetchOptions{})
	})
	report, err := feed.Fetch(t.Context(), client(t), dir, []feed.Resource{u.resource()}, feed.FetchOptions{Progress: func(feed.Progress) { once() }})
	want(t, dir, report.Files[0], err, feed.Updated, u.body)
	if !errors.Is(second, feed.ErrBusy) {
		t.Error(second)
	}
}

// TestFetchStates puts the folder into each state in which a kill between two steps of the end can leave it.
func TestFetchStates(t *testing.T) {
	t.Parallel()
	old, fresh := noise(1000, 1), noise(2000, 2)
	type version = map[string]any
	sum := fmt.Sprintf("%x", sha256.Sum256(fresh))
	for name, tt := range map[string]struct {
		file, part []byte
		state      map[string]version
		requests   []string
		outcome    feed.Outcome
	}{
		"all bytes are there":                       {old, fresh, map[string]version{"whole": {"etag": `"1"`, "length": 1000}, "part": {"etag": `"2"`, "length": 2000}}, []string{`GET  "2"`}, feed.Updated},
		"all bytes are checked":                     {old, fresh, map[string]version{"whole": {"etag": `"1"`, "length": 1000}, "part": {"etag": `"2"`, "length": 2000, "sha256": sum}}, []string{`GET  "2"`}, feed.Updated},
		"the new file is in its place":              {fresh, nil, map[string]version{"whole": {"etag": `"1"`, "length": 1000}, "part": {"etag": `"2"`, "length": 2000, "sha256": sum}}, []string{`GET  "2"`}, feed.Unchanged},
		"another file is in its place":              {noise(2000, 9), nil, map[string]version{"part": {"etag": `"2"`, "length": 2000, "sha256": sum}}, []string{`GET`}, feed.Updated},
		"a part without a note":                     {old, fresh[:100], map[string]version{"whole": {"etag": `"1"`, "length": 1000}}, []string{`GET  "1"`}, feed.Updated},
		"a note without a part":                     {old, nil, map[string]version{"whole": {"etag": `"1"`, "length": 1000}, "part": {"etag": `"2"`, "length": 2000}}, []string{`GET  "1"`}, feed.Updated},
		"an empty part":                             {old, []byte{}, map[string]version{"whole": {"etag": `"1"`, "length": 1000}, "part": {"etag": `"2"`, "length": 2000}}, []string{`GET  "1"`}, feed.Updated},
		"a part that is longer than the whole":      {old, noise(3000, 4), map[string]version{"whole": {"etag": `"1"`, "length": 1000}, "part": {"etag": `"2"`, "length": 2000}}, []string{`GET  "1"`}, feed.Updated},
		"a part of a file of no declared length":    {nil, fresh, map[string]version{"part": {"etag": `"2"`, "length": -1}}, []string{`GET bytes=2000-`, `GET`}, feed.Updated},
		"a part whose version upstream has no more": {old, noise(500, 7), map[string]version{"part": {"etag": `"1.5"`, "length": 1500}}, []string{`GET bytes=500-`}, feed.Updated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, dir := serve(t, fresh), t.TempDir()
			u.etag = `"2"`
			folder := filepath.Join(dir, "osv", "Rocky Linux")
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, v := range tt.state {
				v["url"] = u.URL + "/file"
			}
			state, err := json.Marshal(tt.state)
			if err != nil {
				t.Fatal(err)
			}
			cut := state[:len(state)/2] // killed while it wrote the next state, in any of these states
			for name, b := range map[string][]byte{"file": tt.file, "file.part": tt.part, "file.state": state, "file.state.tmp": cut} {
				if b == nil {
					continue
				}
				if err := os.WriteFile(filepath.Join(folder, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := fetch(t, dir, u.resource())
			want(t, dir, got, err, tt.outcome, fresh)
			if diff := cmp.Diff(tt.requests, u.log()); diff != "" {
				t.Error(diff)
			}
			got, err = fetch(t, dir, u.resource())
			want(t, dir, got, err, feed.Unchanged, fresh)
		})
	}
}

// TestMain is also the program that TestFetchKilled kills.
func TestMain(m *testing.M) {
	if url := os.Getenv("FETCH_URL"); url != "" {
		c, err := outbound.New(outbound.Options{AllowPrivate: true})
		if err == nil {
			_, err = feed.Fetch(context.Background(), c, os.Getenv("FETCH_DIR"), []feed.Resource{{URL: url, Path: "osv/Rocky Linux/file"}}, feed.FetchOptions{})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestFetchKilled kills a fetch without warning, again and again: at its Path there is always the old file or the new one, and
// the next fetch ends with the new one without starting over.
func TestFetchKilled(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	const size = 4 << 20
	versions := map[string][]byte{`"0"`: noise(size, 0)}
	u, dir := serve(t, versions[`"0"`]), t.TempDir()
	u.etag = `"0"`
	got, err := fetch(t, dir, u.resource())
	want(t, dir, got, err, feed.Updated, u.body)
	rnd := rand.New(rand.NewPCG(1, 2))
	kills, resumed := 0, 0
	for round := range 5 {
		before := u.body
		u.set(func() {
			u.etag = fmt.Sprintf("%q", fmt.Sprint(round+1))
			u.body, u.slow = noise(size-round, uint64(round+1)), 2*time.Millisecond
			u.requests = nil
		})
		versions[u.etag] = u.body
		for range 6 {
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), "FETCH_URL="+u.resource().URL, "FETCH_DIR="+dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(rnd.IntN(250)) * time.Millisecond)
			_ = cmd.Process.Kill()
			if err := cmd.Wait(); err != nil {
				kills++
			}
			if now := content(t, dir); !bytes.Equal(now, before) && !bytes.Equal(now, u.body) {
				t.Fatal("neither the old file nor the new one")
			}
		}
		u.set(func() { u.slow = 0 })
		got, err := fetch(t, dir, u.resource())
		if got.Outcome != feed.Updated && got.Outcome != feed.Unchanged {
			t.Fatal(got.Outcome, err)
		}
		want(t, dir, got, err, got.Outcome, u.body)
		for _, r := range u.log() {
			if strings.Contains(r, "bytes=") {
				resumed++
			}
		}
	}
	t.Logf("%d of 30 killed, %d requests went on where the last one ended, %d versions", kills, resumed, len(slices.Collect(maps.Keys(versions))))
	if kills == 0 || resumed == 0 {
		t.Error("nothing was killed, or nothing went on")
	}
}
