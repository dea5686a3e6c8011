package image_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/image"
)

func isNotFound(err error) bool    { return errors.Is(err, artifact.ErrNotFound) }
func isUnreachable(err error) bool { return errors.Is(err, artifact.ErrUnreachable) }

// fault changes the answers of a registry.
type fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

func faulty(f fault) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				next.ServeHTTP(w, r)
				return
			}
			f(w, r, next)
		})
	}
}

func isBlob(r *http.Request) bool { return strings.Contains(r.URL.Path, "/blobs/") }

// readAll opens and walks an image.
func readAll(ctx context.Context, ref string, opts image.Options) error {
	src, err := image.OpenRegistry(ctx, ref, opts)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	for _, l := range src.Layers() {
		if err := l.Walk(ctx, func(*artifact.Entry) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

func TestRegistryFaultsEndInAClearErrorInBoundedTime(t *testing.T) {
	t.Parallel()
	pass := func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) }
	for _, c := range []struct {
		name  string
		fault func() fault
		check func(error) bool // nil: there must be no error
	}{
		{"all is well", func() fault { return pass }, nil},
		{"always 500", func() fault {
			return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}, isUnreachable},
		{"500 once per request, then well", func() fault {
			var mu sync.Mutex
			seen := map[string]bool{}
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				mu.Lock()
				first := !seen[r.URL.Path]
				seen[r.URL.Path] = true
				mu.Unlock()
				if first {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				next.ServeHTTP(w, r)
			}
		}, nil},
		{"429 with a time, then well", func() fault {
			var n atomic.Int32
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if isBlob(r) && n.Add(1) == 1 {
					w.Header().Set("Retry-After", "1")
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				next.ServeHTTP(w, r)
			}
		}, nil},
		{"no permission", func() fault {
			return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
				w.WriteHeader(http.StatusUnauthorized)
			}
		}, isUnreachable},
		{"a manifest without an end", func() fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if !strings.Contains(r.URL.Path, "/manifests/") {
					next.ServeHTTP(w, r)
					return
				}
				for r.Context().Err() == nil {
					if _, err := w.Write(make([]byte, 64<<10)); err != nil {
						return
					}
				}
			}
		}, func(err error) bool { return strings.Contains(err.Error(), "more than") }},
		{"blobs without an end", func() fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if !isBlob(r) {
					next.ServeHTTP(w, r)
					return
				}
				for r.Context().Err() == nil {
					if _, err := w.Write(make([]byte, 64<<10)); err != nil {
						return
					}
				}
			}
		}, func(err error) bool { return err != nil }},
		{"blobs of other bytes", func() fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if !isBlob(r) {
					next.ServeHTTP(w, r)
					return
				}
				rec := httptest.NewRecorder()
				next.ServeHTTP(rec, r)
				b := rec.Body.Bytes()
				b[len(b)-1] ^= 1
				_, _ = w.Write(b)
			}
		}, func(err error) bool { return errors.Is(err, artifact.ErrDigest) }},
		{"a manifest of other bytes", func() fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				rec := httptest.NewRecorder()
				next.ServeHTTP(rec, r)
				w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
				b := rec.Body.String()
				if strings.Contains(r.URL.Path, "/manifests/") {
					b += " "
				}
				_, _ = w.Write([]byte(b))
			}
		}, func(err error) bool { return errors.Is(err, artifact.ErrDigest) }},
		{"blobs that break off, and ranges", func() fault { return breaking(true) }, nil},
		{"blobs that break off, no ranges", func() fault { return breaking(false) }, nil},
		{"blobs that always break off at one place", func() fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if !isBlob(r) || r.Header.Get("Accept") != "" {
					next.ServeHTTP(w, r)
					return
				}
				w.Header().Set("Content-Length", "1000000")
				_, _ = w.Write([]byte{0x1f, 0x8b})
				panic(http.ErrAbortHandler)
			}
		}, isUnreachable},
		{"blobs that are gone", func() fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if isBlob(r) && r.Header.Get("Accept") == "" {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				next.ServeHTTP(w, r)
			}
		}, isNotFound},
		{"a redirect to a metadata service", func() fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if isBlob(r) {
					http.Redirect(w, r, "http://169.254.169.254/latest/", http.StatusTemporaryRedirect)
					return
				}
				next.ServeHTTP(w, r)
			}
		}, func(err error) bool { return strings.Contains(err.Error(), "link-local") }},
		{"redirects in a circle", func() fault {
			return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if isBlob(r) {
					http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
					return
				}
				next.ServeHTTP(w, r)
			}
		}, isUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			img := sample(t, amd64)
			var f atomic.Pointer[fault]
			host := serve(t, faulty(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if now := f.Load(); now != nil {
					(*now)(w, r, next)
					return
				}
				next.ServeHTTP(w, r)
			}))
			push(t, host+"/x:v1", img)
			now := c.fault()
			f.Store(&now)
			digest, _ := img.Digest()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err := readAll(ctx, host+"/x@"+digest.String(), image.Options{})
			if c.check == nil && err != nil || c.check != nil && (err == nil || !c.check(err)) {
				t.Errorf("%v", err)
			}
			if ctx.Err() != nil {
				t.Error("it did not end by itself")
			}
		})
	}
}

// breaking sends each blob in parts of 400 bytes, of which the connection breaks after one.
func breaking(ranges bool) fault {
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !isBlob(r) || r.Header.Get("Accept") != "" || n.Add(1)%3 == 0 {
			if !ranges {
				r.Header.Del("Range")
			}
			rec := httptest.NewRecorder()
			plain := r.Clone(r.Context())
			plain.Header.Del("Range")
			next.ServeHTTP(rec, plain)
			b := rec.Body.Bytes()
			var from int
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(b)-1, len(b)))
				w.WriteHeader(http.StatusPartialContent)
			} else {
				w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
				w.WriteHeader(rec.Code)
			}
			_, _ = w.Write(b[from:])
			return
		}
		rec := httptest.NewRecorder()
		plain := r.Clone(r.Context())
		plain.Header.Del("Range")
		next.ServeHTTP(rec, plain)
		b := rec.Body.Bytes()
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b[:min(len(b)-1, 100)])
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

func TestRegistryErrorsHaveTheirKind(t *testing.T) {
	t.Parallel()
	host := serve(t, nil)
	push(t, host+"/x:v1", sample(t, amd64))
	_, err := image.OpenRegistry(t.Context(), host+"/x:none", image.Options{})
	if !isNotFound(err) || isUnreachable(err) {
		t.Errorf("a tag that is not there: %v", err)
	}
	_, err = image.OpenRegistry(t.Context(), "127.0.0.1:1/x:v1", image.Options{})
	if !isUnreachable(err) {
		t.Errorf("a registry that is not there: %v", err)
	}
	_, err = image.OpenRegistry(t.Context(), "UPPER/::", image.Options{})
	if err == nil || isUnreachable(err) {
		t.Errorf("a reference that is none: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = image.OpenRegistry(ctx, host+"/x:v1", image.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
}

func TestRegistryIndexByPlatform(t *testing.T) {
	t.Parallel()
	host := serve(t, nil)
	arm := v1.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}
	idx := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: sample(t, amd64), Descriptor: v1.Descriptor{Platform: &amd64}},
		mutate.IndexAddendum{Add: sample(t, arm), Descriptor: v1.Descriptor{Platform: &arm}},
		mutate.IndexAddendum{Add: sample(t, v1.Platform{}), Descriptor: v1.Descriptor{
			Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
			Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest"},
		}},
	)
	ref, _ := name.ParseReference(host + "/multi:v1")
	if err := remote.WriteIndex(ref, idx); err != nil {
		t.Fatal(err)
	}
	for platform, want := range map[string]string{"linux/amd64": "linux/amd64", "linux/arm": "linux/arm/v7", "linux/arm/v7": "linux/arm/v7"} {
		src, err := image.OpenRegistry(t.Context(), ref.Name(), image.Options{Platform: platform})
		meta := closing(t, src, err).Artifact()
		top, _ := idx.Digest()
		if meta.Platform != want || len(meta.RepoDigests) != 2 || !strings.HasSuffix(meta.RepoDigests[1], top.String()) {
			t.Errorf("%s: %s, %v", platform, meta.Platform, meta.RepoDigests)
		}
	}
	_, err := image.OpenRegistry(t.Context(), ref.Name(), image.Options{Platform: "linux/s390x"})
	if !isNotFound(err) || !strings.Contains(err.Error(), "linux/arm/v7") || strings.Contains(err.Error(), "unknown") {
		t.Errorf("a platform that is not there: %v", err)
	}
}

func TestMirrorsAreAskedInOrderThenTheOrigin(t *testing.T) {
	t.Parallel()
	var asked []string
	var mu sync.Mutex
	note := func(who string) func(http.Handler) http.Handler {
		return faulty(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			mu.Lock()
			if len(asked) == 0 || asked[len(asked)-1] != who {
				asked = append(asked, who)
			}
			mu.Unlock()
			next.ServeHTTP(w, r)
		})
	}
	origin, empty, full := serve(t, note("origin")), serve(t, note("empty")), serve(t, note("full"))
	img := sample(t, amd64)
	push(t, origin+"/org/x:v1", img)
	push(t, full+"/hub/org/x:v1", img)
	run := func(mirrors ...string) string {
		mu.Lock()
		asked = nil
		mu.Unlock()
		if err := readAll(t.Context(), origin+"/org/x:v1", image.Options{Registry: image.RegistryOptions{Mirrors: map[string][]string{origin: mirrors}}}); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(asked, " ")
	}
	if got := run(empty, full+"/hub"); got != "empty full" {
		t.Errorf("two mirrors: %s", got)
	}
	if got := run(empty); got != "empty origin" {
		t.Errorf("a mirror without the image: %s", got)
	}
	if got := run("127.0.0.1:1"); got != "origin" {
		t.Errorf("a mirror that is down: %s", got)
	}
}

const secret = "canary-secret-7f3a"

// leaks is a server that notes all that it is sent.
func leaks(t *testing.T) (*httptest.Server, func() string) {
	t.Helper()
	var mu sync.Mutex
	var got strings.Builder
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		user, pass, _ := r.BasicAuth()
		_, _ = fmt.Fprintln(&got, r.URL, r.Header, user, pass)
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(s.Close)
	return s, func() string { mu.Lock(); defer mu.Unlock(); return got.String() }
}

func TestCredentialsGoToTheirRegistryOnly(t *testing.T) {
	t.Parallel()
	other, said := leaks(t)
	var authorized atomic.Int32
	img := sample(t, amd64)
	var on atomic.Bool
	host := serve(t, faulty(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !on.Load() {
			next.ServeHTTP(w, r)
			return
		}
		if _, pass, _ := r.BasicAuth(); pass != secret {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		authorized.Add(1)
		if isBlob(r) && r.Header.Get("Accept") == "" {
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+"/blob", http.StatusTemporaryRedirect)
			return
		}
		next.ServeHTTP(w, r)
	}))
	push(t, host+"/x:v1", img)
	on.Store(true)
	mirror := strings.TrimPrefix(other.URL, "http://")
	err := readAll(t.Context(), host+"/x:v1", image.Options{Registry: image.RegistryOptions{
		Username: "u", Password: secret, Mirrors: map[string][]string{host: {mirror}},
	}})
	if err == nil || authorized.Load() == 0 {
		t.Fatalf("the registry was not asked with credentials (%v)", err)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the error tells the secret: %v", err)
	}
	got := said()
	if !strings.Contains(got, "/blob") || !strings.Contains(got, "/v2/") {
		t.Fatalf("neither redirect nor mirror were asked: %s", got)
	}
	if strings.Contains(got, secret) || strings.Contains(got, "Authorization") {
		t.Errorf("another host was sent credentials: %s", got)
	}
}

func TestTokenServersOfPlainHTTPAreRefusedForSecureRegistries(t *testing.T) {
	t.Parallel()
	other, said := leaks(t)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="x"`, other.URL+"/token"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(s.Close)
	_, err := image.OpenRegistry(t.Context(), strings.TrimPrefix(s.URL, "https://")+"/x:v1", image.Options{Registry: image.RegistryOptions{
		Username: "u", Password: secret, Insecure: []string{strings.TrimPrefix(s.URL, "https://")},
	}})
	if !isUnreachable(err) {
		t.Errorf("%v", err)
	}
	if strings.Contains(said(), secret) {
		t.Errorf("credentials went to %s", said())
	}
}

func TestUntrustedCertificatesAreRefused(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	// Not an address of this machine in name, so that plain HTTP is not tried.
	_, err := image.OpenRegistry(t.Context(), strings.TrimPrefix(s.URL, "https://")+"/x:v1", image.Options{})
	if !isUnreachable(err) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
}
