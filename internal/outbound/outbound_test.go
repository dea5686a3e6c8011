package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/outbound"
)

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func open(t *testing.T, o outbound.Options) *outbound.Client {
	t.Helper()
	c, err := outbound.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdle)
	return c
}

// near is a client for test servers, which notes how long it would have slept.
func near(t *testing.T, slept *[]time.Duration) *outbound.Client {
	t.Helper()
	return open(t, outbound.Options{
		AllowPrivate: true, Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		Sleep: func(ctx context.Context, d time.Duration) error {
			if slept != nil {
				*slept = append(*slept, d)
			}
			return ctx.Err()
		},
	})
}

func read(t *testing.T, c *outbound.Client, u string, cond outbound.Conditions) (*outbound.Response, string, error) {
	t.Helper()
	resp, err := c.Get(t.Context(), u, cond)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

func TestRetries(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		codes    []int
		after    string
		requests int32
		err      error
		atLeast  time.Duration
	}{
		"a server that recovers":                {[]int{503, 500, 429, 502}, "", 5, nil, 500 * time.Millisecond},
		"a server that does not":                {[]int{503, 503, 503, 503, 503, 503}, "", 5, artifact.ErrUnreachable, 500 * time.Millisecond},
		"a server that asks for seconds":        {[]int{429}, "7", 2, nil, 7 * time.Second},
		"a server that asks for a date":         {[]int{503}, "Fri, 02 Jan 2026 03:04:45 GMT", 2, nil, 40 * time.Second},
		"a server that asks for too long":       {[]int{429}, "86400", 1, artifact.ErrUnreachable, 0},
		"a server that asks for nonsense":       {[]int{429}, "-5 beers", 2, nil, 500 * time.Millisecond},
		"what is not there is not asked again":  {[]int{404}, "", 1, artifact.ErrNotFound, 0},
		"what was there is not asked again":     {[]int{410}, "", 1, artifact.ErrNotFound, 0},
		"what is forbidden is not asked again":  {[]int{403}, "", 1, artifact.ErrUnreachable, 0},
		"what no one asked for is not accepted": {[]int{206}, "", 1, artifact.ErrUnreachable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				i := int(n.Add(1)) - 1
				if i >= len(tt.codes) {
					_, _ = io.WriteString(w, "at last")
					return
				}
				w.Header().Set("Retry-After", tt.after)
				w.WriteHeader(tt.codes[i])
			})
			var slept []time.Duration
			_, got, err := read(t, near(t, &slept), u, outbound.Conditions{})
			if !errors.Is(err, tt.err) || tt.err == nil && got != "at last" || n.Load() != tt.requests {
				t.Errorf("%q, error %v, %d requests", got, err, n.Load())
			}
			if len(slept) != int(tt.requests)-1 {
				t.Errorf("slept %v", slept)
			}
			for i, d := range slept {
				if d < tt.atLeast || i > 0 && tt.after == "" && d < slept[0]/2 {
					t.Errorf("slept %v", slept)
				}
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		u := "http://" + l.Addr().String()
		_ = l.Close()
		var slept []time.Duration
		if _, _, err := read(t, near(t, &slept), u, outbound.Conditions{}); !errors.Is(err, artifact.ErrUnreachable) || len(slept) != 1 {
			t.Errorf("error %v, slept %v", err, slept)
		}
	})
	t.Run("a cancelled context ends the wait", func(t *testing.T) {
		t.Parallel()
		u := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := open(t, outbound.Options{AllowPrivate: true}).Get(ctx, u, outbound.Conditions{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Minute {
			t.Errorf("error %v after %s", err, time.Since(start))
		}
	})
}

func TestConditions(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("0123456789", 100)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("X-Goog-Hash", "crc32c=AAAAAA==, md5=AAAAAAAAAAAAAAAAAAAAAA==")
		http.ServeContent(w, r, "", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), strings.NewReader(body))
	})
	c := near(t, nil)
	const modified = "Thu, 01 Jan 2026 00:00:00 GMT"
	for name, tt := range map[string]struct {
		cond   outbound.Conditions
		status outbound.Status
		body   string
	}{
		"no condition":                    {outbound.Conditions{}, outbound.Whole, body},
		"the same version":                {outbound.Conditions{ETag: `"e"`}, outbound.NotModified, ""},
		"the same time":                   {outbound.Conditions{LastModified: modified}, outbound.NotModified, ""},
		"another version":                 {outbound.Conditions{ETag: `"x"`, LastModified: modified}, outbound.Whole, body},
		"the rest of the same version":    {outbound.Conditions{ETag: `"e"`, Offset: 990}, outbound.Rest, "0123456789"},
		"the rest of the same time":       {outbound.Conditions{LastModified: modified, Offset: 990}, outbound.Rest, "0123456789"},
		"the rest of another version":     {outbound.Conditions{ETag: `"x"`, Offset: 990}, outbound.Whole, body},
		"a weak tag vouches for no rest":  {outbound.Conditions{ETag: `W/"e"`, LastModified: "Thu, 01 Jan 2015 00:00:00 GMT", Offset: 990}, outbound.Whole, body},
		"nothing at the end of the whole": {outbound.Conditions{ETag: `"e"`, Offset: 1000}, outbound.NoRest, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, got, err := read(t, c, u, tt.cond)
			if err != nil {
				t.Fatal(err)
			}
			if resp.Status != tt.status || got != tt.body {
				t.Errorf("status %d, %q", resp.Status, got)
			}
			if resp.Status <= outbound.Rest && (resp.Length != 1000 || resp.ETag != `"e"` || resp.LastModified != modified || len(resp.Sums) != 2) {
				t.Errorf("%+v", resp)
			}
			if resp.Status == outbound.Rest && resp.Offset != 990 {
				t.Errorf("offset %d", resp.Offset)
			}
		})
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	t.Run("is capped, declared or not", func(t *testing.T) {
		t.Parallel()
		for _, declared := range []bool{true, false} {
			u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if declared {
					w.Header().Set("Content-Length", "100000")
				}
				_, _ = w.Write(make([]byte, 100_000))
			})
			_, got, err := read(t, open(t, outbound.Options{AllowPrivate: true, MaxBytes: 99_999}), u, outbound.Conditions{})
			if _, is := errors.AsType[*artifact.ErrLimit](err); !is || len(got) > 99_999 {
				t.Errorf("%d bytes, error %v", len(got), err)
			}
			if _, got, err = read(t, open(t, outbound.Options{AllowPrivate: true, MaxBytes: 100_000}), u, outbound.Conditions{}); err != nil || len(got) != 100_000 {
				t.Errorf("%d bytes, error %v", len(got), err)
			}
		}
	})
	t.Run("that is cut off is an error", func(t *testing.T) {
		t.Parallel()
		u := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write(make([]byte, 50))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		if _, got, err := read(t, near(t, nil), u, outbound.Conditions{}); !errors.Is(err, artifact.ErrUnreachable) || len(got) != 50 {
			t.Errorf("%d bytes, error %v", len(got), err)
		}
	})
	t.Run("that stands still is an error", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		t.Cleanup(func() { close(release) })
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(make([]byte, 50))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		})
		start := time.Now()
		_, _, err := read(t, open(t, outbound.Options{AllowPrivate: true, Timeout: 100 * time.Millisecond}), u, outbound.Conditions{})
		if !errors.Is(err, artifact.ErrUnreachable) || !strings.Contains(err.Error(), "no answer for 100ms") || time.Since(start) > time.Minute {
			t.Errorf("error %v after %s", err, time.Since(start))
		}
	})
	t.Run("that a slow reader takes its time with is none", func(t *testing.T) {
		t.Parallel()
		u := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) })
		resp, err := open(t, outbound.Options{AllowPrivate: true, Timeout: 200 * time.Millisecond}).Get(t.Context(), u, outbound.Conditions{})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		time.Sleep(400 * time.Millisecond)
		if b, err := io.ReadAll(resp.Body); err != nil || len(b) != 1<<20 {
			t.Errorf("%d bytes, error %v", len(b), err)
		}
	})
	t.Run("that crawls is an error", func(t *testing.T) {
		t.Parallel()
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte("."))
				_ = http.NewResponseController(w).Flush()
				time.Sleep(time.Millisecond)
			}
		})
		var ticks atomic.Int64 // each look at the clock is ten seconds later
		c := open(t, outbound.Options{AllowPrivate: true, Now: func() time.Time { return time.Unix(ticks.Add(10), 0) }})
		if _, got, err := read(t, c, u, outbound.Conditions{}); !errors.Is(err, artifact.ErrUnreachable) || len(got) == 0 {
			t.Errorf("%d bytes, error %v", len(got), err)
		}
	})
	t.Run("comes as it was sent", func(t *testing.T) {
		t.Parallel()
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = io.WriteString(z, "text")
		_ = z.Close()
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") == "" {
				w.Header().Set("X-Seen", r.Header.Get("User-Agent"))
			}
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		})
		if _, got, err := read(t, near(t, nil), u, outbound.Conditions{}); err != nil || got != packed.String() {
			t.Errorf("%d bytes, error %v", len(got), err)
		}
	})
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	plain := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "plain") })
	var self string
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"/down": plain, "/file": "file:///etc/passwd", "/loop": self + "/loop", "/once": self + "/end", "/gopher": "gopher://127.0.0.1/"}[r.URL.Path]
		if to == "" {
			_, _ = io.WriteString(w, "end")
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	t.Cleanup(secure.Close)
	self = secure.URL
	var slept []time.Duration
	c := open(t, outbound.Options{
		AllowPrivate: true, RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
		Sleep: func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil },
	})
	if _, got, err := read(t, c, self+"/once", outbound.Conditions{}); err != nil || got != "end" {
		t.Errorf("%q, error %v", got, err)
	}
	for _, p := range []string{"/down", "/file", "/loop", "/gopher"} {
		_, got, err := read(t, c, self+p, outbound.Conditions{})
		if _, is := errors.AsType[*outbound.ForbiddenError](err); !is || got != "" || !errors.Is(err, artifact.ErrUnreachable) {
			t.Errorf("%s: %q, error %v", p, got, err)
		}
	}
	if len(slept) > 0 {
		t.Errorf("what is forbidden was tried again: %v", slept)
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		opts outbound.Options
		ok   bool
	}{
		"of an unknown authority": {outbound.Options{}, false},
		"of the user's file":      {outbound.Options{CAFile: ca}, true},
		"that nobody checks":      {outbound.Options{Insecure: true}, true},
	} {
		tt.opts.AllowPrivate = true
		tt.opts.Sleep = func(context.Context, time.Duration) error { t.Error(name, "was tried again"); return nil }
		_, got, err := read(t, open(t, tt.opts), s.URL, outbound.Conditions{})
		if (err == nil) != tt.ok || tt.ok && got != "ok" || !tt.ok && !errors.Is(err, artifact.ErrUnreachable) {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
	if _, err := outbound.New(outbound.Options{CAFile: filepath.Join(t.TempDir(), "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	u := serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	port := u[strings.LastIndex(u, ":"):]
	c := open(t, outbound.Options{Sleep: func(context.Context, time.Duration) error { return nil }, Retries: -1, Timeout: 5 * time.Second})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[64:ff9b::7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]"} {
		_, _, err := read(t, c, "http://"+host+port+"/", outbound.Conditions{})
		if !errors.Is(err, artifact.ErrUnreachable) {
			t.Errorf("%s: error %v", host, err)
		}
	}
	for _, raw := range []string{"file:///etc/passwd", "ftp://example.org/", "gopher://127.0.0.1/", "//example.org", "", "http://", "http://[::1", "unix:/run/docker.sock"} {
		if _, _, err := read(t, c, raw, outbound.Conditions{}); err == nil {
			t.Errorf("%s: no error", raw)
		} else if _, is := errors.AsType[*outbound.ForbiddenError](err); !is {
			t.Errorf("%s: error %v", raw, err)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d requests came through", hits.Load())
	}
	_, _, err := read(t, c, u, outbound.Conditions{})
	if f, is := errors.AsType[*outbound.ForbiddenError](err); !is || !strings.Contains(f.Error(), "127.0.0.1") {
		t.Errorf("error %v", err)
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	var asked []string
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		_, _ = io.WriteString(w, "from the proxy")
	})
	at, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	c := open(t, outbound.Options{Retries: -1, Proxy: func(*url.URL) (*url.URL, error) { return at, nil }})
	// The proxy is on a private address, which is the user's own choice; the target may not be.
	if _, got, err := read(t, c, "http://feeds.example/all.zip", outbound.Conditions{}); err != nil || got != "from the proxy" {
		t.Errorf("%q, error %v", got, err)
	}
	if _, _, err := read(t, c, "http://169.254.169.254/latest/meta-data", outbound.Conditions{}); err == nil {
		t.Error("the proxy was asked for a private address")
	}
	if diff := cmp.Diff([]string{"http://feeds.example/all.zip"}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestNoCredentialInErrors(t *testing.T) {
	t.Parallel()
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "http://user:canary@127.0.0.1:1/?sig=canary", http.StatusFound)
		case "/bad-redirect":
			w.Header().Set("Location", "http://canary:canary%zz@host/")
			w.WriteHeader(http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "10")
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
	host := strings.TrimPrefix(u, "http://")
	broken := open(t, outbound.Options{Retries: -1, AllowPrivate: true, Proxy: func(*url.URL) (*url.URL, error) {
		return nil, fmt.Errorf("invalid proxy address %q", "http://u:canary@proxy:x")
	}})
	c := open(t, outbound.Options{Retries: -1, AllowPrivate: true})
	for _, raw := range []string{
		"http://user:canary@" + host + "/?token=canary#canary", "http://user:canary@" + host + "/redirect", "http://canary@" + host + "/bad-redirect",
		"http://user:canary@" + host + "/cut?canary", "http://user:canary@127.0.0.1:1/?canary", "http://user:canary@[::1", "ftp://user:canary@host/?canary",
		"http://user:canary%zz@host/", "canary:canary",
	} {
		for _, c := range []*outbound.Client{c, broken} {
			if _, _, err := read(t, c, raw, outbound.Conditions{}); err == nil || strings.Contains(err.Error(), "canary") && raw != "canary:canary" {
				t.Errorf("%s: %v", raw, err)
			}
		}
	}
}

// TestWithoutANetworkManyRequestsEndSoon asks a host that nobody listens at a hundred times: only the first waits to try again.
func TestWithoutANetworkManyRequestsEndSoon(t *testing.T) {
	t.Parallel()
	waits := 0
	c, err := outbound.New(outbound.Options{AllowPrivate: true, Sleep: func(context.Context, time.Duration) error { waits++; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := c.Get(t.Context(), "http://127.0.0.1:1/x", outbound.Conditions{}); !errors.Is(err, artifact.ErrUnreachable) {
			t.Fatalf("got %v", err)
		}
	}
	if waits != 1 {
		t.Errorf("waited %d times, want 1", waits)
	}
}
