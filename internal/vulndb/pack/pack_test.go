package pack_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/image"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

// repository is a real registry over HTTP.
type repository struct{ *image.Repository }

func (r repository) Blob(ctx context.Context, d pack.Descriptor, offset int64) (io.ReadCloser, error) {
	return r.Repository.Blob(ctx, d.Digest, d.Size, offset)
}

func (r repository) PutBlob(ctx context.Context, d pack.Descriptor, open func() (io.ReadCloser, error)) error {
	return r.Repository.PutBlob(ctx, d.Digest, d.MediaType, d.Size, open)
}

func (r repository) PutManifest(ctx context.Context, tag string, d pack.Descriptor, b []byte) error {
	return r.Repository.PutManifest(ctx, tag, d.MediaType, b)
}

// world is a registry, a key, and a place for a database.
type world struct {
	t      *testing.T
	url    string
	host   string
	key    ed25519.PrivateKey
	public ed25519.PublicKey
	dir    string
	out    string
	before atomic.Pointer[func(http.ResponseWriter, *http.Request) bool] // true: it has answered
}

var asOf = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if f := w.before.Load(); f != nil && (*f)(rw, r) {
			return
		}
		inner.ServeHTTP(rw, r)
	}))
	t.Cleanup(srv.Close)
	w.url, w.host = srv.URL, strings.TrimPrefix(srv.URL, "http://")
	w.out = filepath.Join(w.dir, "in", "sightline.db")
	if err := os.Mkdir(filepath.Dir(w.out), 0o755); err != nil {
		t.Fatal(err)
	}
	w.key, w.public = newKey(t)
	return w
}

func newKey(t *testing.T) (ed25519.PrivateKey, ed25519.PublicKey) {
	t.Helper()
	private, public, err := pack.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	key, err := pack.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := pack.ParsePublicKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	return key, keys[0]
}

// file makes a database of n advisories, days after the first.
func (w *world) file(n, days int) string {
	w.t.Helper()
	var list []vuln.Advisory
	for i := range n {
		list = append(list, vuln.Advisory{
			Feed: "osv/npm", ID: fmt.Sprintf("GHSA-%04d", i), Aliases: []string{fmt.Sprintf("CVE-2024-%04d", i)}, Title: fmt.Sprintf("title %d", i*i),
			Details:  strings.Repeat(fmt.Sprintf("It is told of package %d that it does what it should not. ", i*7919%1000), 5),
			Affected: []vuln.Affected{{Namespace: "npm", Package: fmt.Sprintf("package-%d", i%400), Ranges: []vuln.Range{{Fixed: fmt.Sprintf("1.%d.0", i)}}}},
		})
	}
	b, err := vulndb.BuildBytes(w.t.Context(), vulndb.BuildOptions{AsOf: asOf.AddDate(0, 0, days)}, list...)
	if err != nil {
		w.t.Fatal(err)
	}
	name := filepath.Join(w.dir, fmt.Sprintf("%d-%d.db", n, days))
	if err := os.WriteFile(name, b, 0o644); err != nil {
		w.t.Fatal(err)
	}
	return name
}

func (w *world) push(file string, opts pack.PushOptions) pack.Pushed {
	w.t.Helper()
	if opts.Key == nil {
		opts.Key = w.key
	}
	r, err := image.OpenRepositoryToWrite(w.host+"/db:1", image.RegistryOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	opts.Present = func(ctx context.Context) (pack.Source, func(), error) {
		r, err := image.OpenRepository(ctx, w.host+"/db:1", image.RegistryOptions{})
		if err != nil {
			return nil, nil, err
		}
		return repository{r}, r.Close, nil
	}
	p, err := pack.Push(w.t.Context(), repository{r}, file, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) pull(opts pack.PullOptions) (pack.Pulled, error) {
	w.t.Helper()
	if opts.Trust.Keys == nil {
		opts.Trust.Keys = []ed25519.PublicKey{w.public}
	}
	opts.Wait = time.Millisecond
	r, err := image.OpenRepository(w.t.Context(), w.host+"/db:1", image.RegistryOptions{Attempts: 2})
	if err != nil {
		return pack.Pulled{}, err
	}
	defer r.Close()
	return pack.Pull(w.t.Context(), repository{r}, w.out, opts)
}

// is fails unless the file in place is the one of that name.
func (w *world) is(file string) {
	w.t.Helper()
	got, _ := os.ReadFile(w.out)
	want, _ := os.ReadFile(file)
	if !bytes.Equal(got, want) {
		w.t.Fatalf("the file in place has %d bytes and is not %s", len(got), filepath.Base(file))
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(w.out), ".*.partial"))
	for _, name := range left {
		// An empty one may be another's that is about to be locked: vulndb lets it lie.
		if info, err := os.Stat(name); err == nil && info.Size() > 0 {
			w.t.Errorf("left behind: %s, %d bytes", name, info.Size())
		}
	}
}

// request speaks to the registry by hand.
func (w *world) request(method, path, contentType string, body []byte) []byte {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, b, err)
	}
	return b
}

func TestPullGivesTheVeryBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.file(2000, 0), w.file(2030, 1)
	w.push(one, pack.PushOptions{})
	p, err := w.pull(pack.PullOptions{})
	if err != nil || p.Way != pack.Whole {
		t.Fatal(p.Way, err)
	}
	w.is(one)
	if p, err = w.pull(pack.PullOptions{}); err != nil || p.Way != pack.Current || p.Fetched != 0 {
		t.Fatal(p.Way, p.Fetched, err)
	}
	pushed := w.push(two, pack.PushOptions{PatchFrom: []string{one, two}})
	if len(pushed.Patches) != 2 || pushed.Patches[0].Reason != "" || pushed.Patches[1].Reason == "" {
		t.Fatalf("patches: %+v", pushed.Patches)
	}
	if p, err = w.pull(pack.PullOptions{}); err != nil || p.Way != pack.Patched || p.Note != "" || p.Fetched != pushed.Patches[0].Size {
		t.Fatal(p, err)
	}
	w.is(two)
	if small := (pushed.Core + pushed.Details) / 3; p.Fetched > small {
		t.Errorf("the patch has %d bytes, more than %d", p.Fetched, small)
	}
	// A file that nobody published gets the whole.
	if err := os.Remove(w.out); err != nil {
		t.Fatal(err)
	}
	if p, err = w.pull(pack.PullOptions{}); err != nil || p.Way != pack.Whole {
		t.Fatal(p.Way, err)
	}
	w.is(two)
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(w.out), "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheSameFileGivesTheSameArtifact(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.file(500, 0), w.file(510, 1)
	a := w.push(two, pack.PushOptions{PatchFrom: []string{one}})
	b := w.push(two, pack.PushOptions{PatchFrom: []string{one}})
	if a.Digest != b.Digest {
		t.Errorf("%s and %s", a.Digest, b.Digest)
	}
}

func TestWhatCannotBeTrustedIsRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	_, foreign := newKey(t)
	resign := func(f func(w *world, env map[string]any)) func(*world, pack.Pushed) {
		return func(w *world, p pack.Pushed) {
			tag := strings.Replace(p.Digest, ":", "-", 1) + ".sig"
			var m map[string]any
			if err := json.Unmarshal(w.request("GET", "/v2/db/manifests/"+tag, "", nil), &m); err != nil {
				w.t.Fatal(err)
			}
			layer := m["layers"].([]any)[0].(map[string]any)
			var env map[string]any
			if err := json.Unmarshal(w.request("GET", "/v2/db/blobs/"+layer["digest"].(string), "", nil), &env); err != nil {
				w.t.Fatal(err)
			}
			f(w, env)
			b, _ := json.Marshal(env)
			r, err := image.OpenRepositoryToWrite(w.host+"/db:"+tag, image.RegistryOptions{})
			if err != nil {
				w.t.Fatal(err)
			}
			d := pack.Descriptor{MediaType: layer["mediaType"].(string), Digest: digest(b), Size: int64(len(b))}
			if err := (repository{r}).PutBlob(w.t.Context(), d, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }); err != nil {
				w.t.Fatal(err)
			}
			layer["digest"], layer["size"] = d.Digest, d.Size
			raw, _ := json.Marshal(m)
			w.request("PUT", "/v2/db/manifests/"+tag, "application/vnd.oci.image.manifest.v1+json", raw)
		}
	}
	for name, c := range map[string]struct {
		push   pack.PushOptions
		after  func(*world, pack.Pushed)
		trust  pack.Trust
		reason string
	}{
		"unsigned": {after: func(w *world, p pack.Pushed) {
			w.request("DELETE", "/v2/db/manifests/"+strings.Replace(p.Digest, ":", "-", 1)+".sig", "", nil)
		}, reason: "not signed"},
		"by a foreign key":      {trust: pack.Trust{Keys: []ed25519.PublicKey{foreign}}, reason: "no trusted key"},
		"without any key":       {trust: pack.Trust{Keys: []ed25519.PublicKey{}}, reason: "no trusted key"},
		"expired":               {push: pack.PushOptions{Now: now.AddDate(0, 0, -15)}, reason: "expired"},
		"expired by the clock":  {trust: pack.Trust{Now: now.AddDate(0, 0, 15)}, reason: "expired"},
		"issued in the future":  {push: pack.PushOptions{Now: now.Add(time.Hour)}, reason: "in the future"},
		"a signature of zeros":  {after: resign(func(_ *world, env map[string]any) { env["signatures"] = []any{map[string]any{"sig": "AAAA"}} }), reason: "no trusted key"},
		"no signatures inside":  {after: resign(func(_ *world, env map[string]any) { env["signatures"] = nil }), reason: "no trusted key"},
		"another payload":       {after: resign(func(_ *world, env map[string]any) { env["payload"] = "e30=" }), reason: "no trusted key"},
		"another type":          {after: resign(func(_ *world, env map[string]any) { env["payloadType"] = "text/plain" }), reason: "another type"},
		"another type believed": {after: resign(func(_ *world, env map[string]any) { env["payloadType"] = 7 }), reason: "no DSSE"},
		"another manifest": {after: func(w *world, p pack.Pushed) {
			// The tag moves to a manifest that was changed; the signature of the former is copied to it.
			raw := w.request("GET", "/v2/db/manifests/1", "", nil)
			changed := bytes.Replace(raw, []byte(`"annotations":{`), []byte(`"annotations":{"x":"y",`), 1)
			w.request("PUT", "/v2/db/manifests/1", "application/vnd.oci.image.manifest.v1+json", changed)
			sig := w.request("GET", "/v2/db/manifests/"+strings.Replace(p.Digest, ":", "-", 1)+".sig", "", nil)
			w.request("PUT", "/v2/db/manifests/"+strings.Replace(digest(changed), ":", "-", 1)+".sig", "application/vnd.oci.image.manifest.v1+json", sig)
		}, reason: "the signature is for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			one, two := w.file(50, 0), w.file(60, 1)
			w.push(one, pack.PushOptions{})
			if _, err := w.pull(pack.PullOptions{}); err != nil {
				t.Fatal(err)
			}
			p := w.push(two, c.push)
			if c.after != nil {
				c.after(w, p)
			}
			_, err := w.pull(pack.PullOptions{Trust: c.trust})
			if !errors.Is(err, pack.ErrUntrusted) || !strings.Contains(err.Error(), c.reason) {
				t.Fatalf("got %v, want a word about %q", err, c.reason)
			}
			w.is(one)
			if _, err := w.pull(pack.PullOptions{Trust: pack.Trust{Insecure: true}}); err != nil {
				t.Fatalf("insecure: %v", err)
			}
			w.is(two)
		})
	}
}

func digest(b []byte) string { return pack.DigestOf(b) }

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	next, nextPublic := newKey(t)
	w.push(w.file(10, 0), pack.PushOptions{Key: next})
	p, err := w.pull(pack.PullOptions{Trust: pack.Trust{Keys: []ed25519.PublicKey{w.public, nextPublic}}})
	if err != nil || p.Signature.KeyID != pack.KeyID(nextPublic) {
		t.Fatal(p.Signature, err)
	}
}

func TestAnOlderDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.file(10, 0), w.file(20, 1)
	w.push(two, pack.PushOptions{})
	if _, err := w.pull(pack.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	w.push(one, pack.PushOptions{})
	if _, err := w.pull(pack.PullOptions{}); !errors.Is(err, pack.ErrOlder) {
		t.Fatal(err)
	}
	w.is(two)
	if _, err := w.pull(pack.PullOptions{AllowOlder: true}); err != nil {
		t.Fatal(err)
	}
	w.is(one)
}

func isLayer(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/sha256:")
}

func TestADownloadGoesOnWhereItWasCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := w.file(3000, 0)
	pushed := w.push(one, pack.PushOptions{})
	var mu sync.Mutex
	var sent int64
	var ranges []string
	inner := &http.Client{}
	cut := func(rw http.ResponseWriter, r *http.Request) bool {
		if !isLayer(r) || r.Header.Get("X-Inner") != "" {
			return false
		}
		req, _ := http.NewRequestWithContext(r.Context(), r.Method, w.url+r.URL.Path, nil)
		req.Header = r.Header.Clone()
		req.Header.Set("X-Inner", "1")
		resp, err := inner.Do(req)
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		mu.Lock()
		if s := r.Header.Get("Range"); s != "" {
			ranges = append(ranges, s)
		}
		mu.Unlock()
		maps.Copy(rw.Header(), resp.Header)
		rw.Header().Set("Content-Length", strconv.Itoa(len(b)))
		rw.WriteHeader(resp.StatusCode)
		n, _ := rw.Write(b[:min(len(b), 20_000)])
		mu.Lock()
		sent += int64(n)
		mu.Unlock()
		return true
	}
	w.before.Store(&cut)
	p, err := w.pull(pack.PullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.is(one)
	if len(ranges) < 2 || p.Fetched != pushed.Core+pushed.Details {
		t.Errorf("%d ranges were asked for, %d bytes fetched of %d", len(ranges), p.Fetched, pushed.Core+pushed.Details)
	}

	// A run that ended leaves what it has, and the next one goes on.
	if err := os.Remove(w.out); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	dead := func(rw http.ResponseWriter, r *http.Request) bool {
		if isLayer(r) && r.Header.Get("X-Inner") == "" && asked.Add(1) > 4 { // signature, config, and the core twice
			rw.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return cut(rw, r)
	}
	w.before.Store(&dead)
	if _, err := w.pull(pack.PullOptions{}); !errors.Is(err, artifact.ErrUnreachable) {
		t.Fatalf("a registry that died: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(w.out), ".*.part")); len(left) == 0 {
		t.Fatal("nothing is kept for the next try")
	}
	w.before.Store(nil)
	if p, err = w.pull(pack.PullOptions{}); err != nil || p.Fetched >= pushed.Core+pushed.Details {
		t.Fatalf("%d bytes fetched of %d, %v", p.Fetched, pushed.Core+pushed.Details, err)
	}
	w.is(one)
}

func TestWhatARegistryChangesIsFound(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long under the race detector")
	}
	for name, change := range map[string]func([]byte) []byte{
		"a flipped bit": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut":           func(b []byte) []byte { return b[:len(b)/2] },
		"longer":        func(b []byte) []byte { return append(b, make([]byte, 1000)...) },
		"empty":         func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			one, two := w.file(1000, 0), w.file(1010, 1)
			w.push(one, pack.PushOptions{})
			if _, err := w.pull(pack.PullOptions{}); err != nil {
				t.Fatal(err)
			}
			w.push(two, pack.PushOptions{PatchFrom: []string{one}})
			f := func(rw http.ResponseWriter, r *http.Request) bool {
				if !isLayer(r) || r.Header.Get("X-Inner") != "" {
					return false
				}
				req, _ := http.NewRequestWithContext(r.Context(), r.Method, w.url+r.URL.Path, nil)
				req.Header.Set("X-Inner", "1")
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					return false
				}
				defer func() { _ = resp.Body.Close() }()
				b, _ := io.ReadAll(resp.Body)
				if len(b) > 2000 { // not config and signature
					b = change(b)
				}
				_, _ = rw.Write(b)
				return true
			}
			w.before.Store(&f)
			if _, err := w.pull(pack.PullOptions{}); err == nil && name != "longer" {
				t.Fatal("taken")
			} else if err == nil {
				w.is(two) // what is behind the end was never read
				return
			}
			w.is(one)
			w.before.Store(nil)
			if _, err := w.pull(pack.PullOptions{}); err != nil {
				t.Fatalf("afterwards: %v", err)
			}
			w.is(two)
		})
	}
}

func TestABrokenPatchIsNoHarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.file(1000, 0), w.file(1010, 1)
	w.push(one, pack.PushOptions{})
	if _, err := w.pull(pack.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	pushed := w.push(two, pack.PushOptions{PatchFrom: []string{one}})
	f := func(rw http.ResponseWriter, r *http.Request) bool {
		if isLayer(r) {
			var m struct{ Layers []pack.Descriptor }
			if json.Unmarshal(w.manifestOf("1", r), &m) == nil && len(m.Layers) == 3 && strings.HasSuffix(r.URL.Path, m.Layers[2].Digest) {
				_, _ = rw.Write(make([]byte, pushed.Patches[0].Size))
				return true
			}
		}
		return false
	}
	w.before.Store(&f)
	p, err := w.pull(pack.PullOptions{})
	if err != nil || p.Way != pack.Whole || p.Note == "" {
		t.Fatal(p, err)
	}
	w.is(two)
}

func (w *world) manifestOf(tag string, r *http.Request) []byte {
	req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, w.url+"/v2/db/manifests/"+tag, nil)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	b, _ := io.ReadAll(resp.Body)
	return b
}

func TestManifestsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(m map[string]any){
		"another artifact":     func(m map[string]any) { m["artifactType"] = "application/vnd.example" },
		"no layers":            func(m map[string]any) { m["layers"] = []any{} },
		"a layer of long ago":  func(m map[string]any) { m["layers"].([]any)[0].(map[string]any)["mediaType"] = "text/plain" },
		"a size below zero":    func(m map[string]any) { m["layers"].([]any)[0].(map[string]any)["size"] = -1 },
		"a size beyond bounds": func(m map[string]any) { m["layers"].([]any)[0].(map[string]any)["size"] = int64(1) << 50 },
		"a digest with a path": func(m map[string]any) {
			m["layers"].([]any)[0].(map[string]any)["digest"] = "sha256:../../../../etc/passwd"
		},
		"a hundred layers": func(m map[string]any) {
			l := m["layers"].([]any)
			for range 100 {
				l = append(l, l[0])
			}
			m["layers"] = l
		},
		"a large config":        func(m map[string]any) { m["config"].(map[string]any)["size"] = 10 << 20 },
		"another details' size": func(m map[string]any) { m["layers"].([]any)[1].(map[string]any)["size"] = 17 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.push(w.file(50, 0), pack.PushOptions{})
			var m map[string]any
			if err := json.Unmarshal(w.request("GET", "/v2/db/manifests/1", "", nil), &m); err != nil {
				t.Fatal(err)
			}
			change(m)
			b, _ := json.Marshal(m)
			f := func(rw http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "/manifests/1") {
					rw.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
					_, _ = rw.Write(b)
					return true
				}
				return false
			}
			w.before.Store(&f)
			if _, err := w.pull(pack.PullOptions{Trust: pack.Trust{Insecure: true}}); !errors.Is(err, pack.ErrMalformed) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPullsSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := w.file(2000, 0)
	w.push(one, pack.PushOptions{})
	errs := make(chan error, 6)
	for range cap(errs) {
		go func() {
			_, err := w.pull(pack.PullOptions{})
			errs <- err
		}()
	}
	good := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			good++
		case !errors.Is(err, pack.ErrBusy):
			t.Error(err)
		}
	}
	if good == 0 {
		t.Error("no pull came through")
	}
	w.is(one)
}

func TestBundle(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long under the race detector")
	}
	w := newWorld(t)
	one, two := w.file(1500, 0), w.file(1510, 1)
	pushed := w.push(two, pack.PushOptions{PatchFrom: []string{one}})
	r, err := image.OpenRepository(t.Context(), w.host+"/db:1", image.RegistryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	trust := pack.Trust{Keys: []ed25519.PublicKey{w.public}}
	found, err := pack.Resolve(t.Context(), repository{r}, trust)
	if err != nil {
		t.Fatal(err)
	}
	write := func() []byte {
		var buf bytes.Buffer
		b, err := pack.NewBundleWriter(&buf)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(pack.Copy(t.Context(), repository{r}, b, found, nil), b.Close()); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	raw := write()
	if !bytes.Equal(raw, write()) {
		t.Error("the same artifact gives another bundle")
	}
	name := filepath.Join(w.dir, "bundle.tar")
	load := func(b []byte, trust pack.Trust) (pack.Pulled, error) {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
		src, err := pack.OpenBundle(name)
		if err != nil {
			return pack.Pulled{}, err
		}
		defer func() { _ = src.Close() }()
		return pack.Pull(t.Context(), src, w.out, pack.PullOptions{Trust: trust})
	}
	b, err := os.ReadFile(one)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.out, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := load(raw, pack.Trust{}); !errors.Is(err, pack.ErrUntrusted) {
		t.Errorf("without a key: %v", err)
	}
	for n := 0; n < len(raw); n += len(raw) / 50 {
		if _, err := load(raw[:n], trust); err == nil {
			t.Fatalf("a bundle cut at %d was taken", n)
		}
		flipped := bytes.Clone(raw)
		flipped[n] ^= 0x40
		if _, err := load(flipped, trust); err == nil {
			w.is(two) // a header's field of no weight, or a layer that was not needed
			if err := os.WriteFile(w.out, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		w.is(one)
	}
	p, err := load(raw, trust)
	if err != nil || p.Way != pack.Patched || p.Digest != pushed.Digest {
		t.Fatal(p, err)
	}
	w.is(two)
}
