// Package outbound is the one polite HTTP client: what Sightline fetches of its own accord goes through it. It promises that a request ends,
// that it is tried again only where that helps and as slowly as the server asks, that what it reads is capped, that it does
// not lead into the private network unless told so, and that no credential of a URL shows in an error. What is fetched, and where it is kept, is left to others.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// Options are the settings of a client.
type Options struct {
	// Timeout is how long to wait for the head of an answer, and for each next piece of its body; default 30s. A
	// body as a whole may take as long as it flows at a KiB a second.
	Timeout time.Duration
	// Retries is how often to try again after an answer of 429, 408 or 5xx or a broken connection; default 4, negative none. Where no
	// connection can be made at all, once, and not again for other requests to the same host within half a minute.
	Retries int
	// MaxWait is the longest single wait between tries that a server can ask for; default 2m. A server that asks for more is not asked again.
	MaxWait time.Duration
	// MaxBytes is the most that a body may hold; default 8 GiB.
	MaxBytes int64
	// UserAgent is sent with each request; default "sightline".
	UserAgent string
	// AllowPrivate lets requests go to loopback, private and link-local addresses: for a mirror that a user named. Default false.
	AllowPrivate bool
	// CAFile names a PEM file of certificate authorities to trust beside the system's; default none.
	CAFile string
	// RootCAs are the authorities to trust instead of the system's; default the system's.
	RootCAs *x509.CertPool
	// Insecure accepts any certificate. Default false.
	Insecure bool
	// Proxy gives the proxy for a URL, nil for none; default as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say.
	Proxy func(*url.URL) (*url.URL, error)

	Now   func() time.Time                                 // for tests; default time.Now
	Sleep func(ctx context.Context, d time.Duration) error // for tests; default a timer
}

// Client fetches over HTTP. It may be used side by side.
type Client struct {
	opts Options
	http *http.Client

	mu   sync.Mutex
	dead map[string]time.Time // hosts that no connection could be made to, and when that was last so
}

// New makes a client. The error is about CAFile.
func New(opts Options) (*Client, error) {
	if opts.Timeout <= 0 {
		opts.Timeout = 30 * time.Second
	}
	if opts.Retries == 0 {
		opts.Retries = 4
	}
	if opts.MaxWait <= 0 {
		opts.MaxWait = 2 * time.Minute
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = 8 << 30
	}
	if opts.UserAgent == "" {
		opts.UserAgent = "sightline"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Sleep == nil {
		opts.Sleep = sleep
	}
	if opts.Proxy == nil {
		opts.Proxy = func(u *url.URL) (*url.URL, error) { return http.ProxyFromEnvironment(&http.Request{URL: u}) }
	}
	pool := opts.RootCAs
	if opts.CAFile != "" {
		pem, err := os.ReadFile(opts.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading certificate authorities: %w", err)
		}
		if pool == nil {
			if pool, err = x509.SystemCertPool(); err != nil {
				pool = x509.NewCertPool()
			}
		} else {
			pool = pool.Clone()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading certificate authorities: %s holds no PEM certificate", opts.CAFile)
		}
	}
	config := &tls.Config{RootCAs: pool, InsecureSkipVerify: opts.Insecure} //nolint:gosec // Insecure is the user's own setting
	c := &Client{opts: opts}
	c.http = &http.Client{Transport: newTransport(opts, config), CheckRedirect: checkRedirect}
	return c, nil
}

// CloseIdle closes connections that are open for later requests.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Conditions narrow a request to what is not there yet.
type Conditions struct {
	// ETag and LastModified are of the copy at hand, as a former Response had them. Without Offset, they ask for nothing when the copy is still good; with it, they ask for the
	// rest of just that version, and else for the whole of the new one.
	ETag         string
	LastModified string
	Offset       int64
}

// Status is what kind of answer came.
type Status uint8

// The kinds of answer.
const (
	Whole       Status = iota // the body is the whole file
	Rest                      // the body is the rest, from Response.Offset on
	NotModified               // the copy at hand is still good; there is no body
	NoRest                    // there is nothing at the offset: the partial copy is of no use, or whole; there is no body
)

// Response is an answer. The caller closes Body, which is never nil.
type Response struct {
	Status       Status
	Body         io.ReadCloser
	ETag         string
	LastModified string
	Offset       int64 // where Body begins in the file
	Length       int64 // of the whole file; -1 when the server does not say
	Sums         []Sum // checksums of the whole file that the server sent
}

// StatusError is an answer that is no success. It wraps [artifact.ErrNotFound] for 404 and 410, and [artifact.ErrUnreachable] for all others.
type StatusError struct {
	URL  string // without credentials and query
	Code int
}

// Error names the URL and the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: answered %d %s", e.URL, e.Code, http.StatusText(e.Code))
}

// Unwrap tells absence from refusal.
func (e *StatusError) Unwrap() error {
	if e.Code == http.StatusNotFound || e.Code == http.StatusGone {
		return artifact.ErrNotFound
	}
	return artifact.ErrUnreachable
}

// Get fetches a URL. Errors wrap [artifact.ErrUnreachable], or are a [*StatusError] or an [*artifact.ErrLimit], or the context's own.
func (c *Client) Get(ctx context.Context, rawURL string, cond Conditions) (*Response, error) {
	u, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		resp, wait, err := c.try(ctx, u, cond)
		if err == nil {
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("fetching %s: %w", Redact(rawURL), ctx.Err())
		}
		if !retryable(err) || try >= c.tries(u.Host, err) || wait > c.opts.MaxWait {
			return nil, fmt.Errorf("fetching %w", err)
		}
		if err := c.opts.Sleep(ctx, max(wait, backoff(try))); err != nil {
			return nil, fmt.Errorf("fetching %s: %w", Redact(rawURL), err)
		}
	}
}

// Pause waits before the next of several tries, as Get does on its own.
func (c *Client) Pause(ctx context.Context, try int) error { return c.opts.Sleep(ctx, backoff(try)) }

// A host that no connection can be made to is tried once more, and for deadFor not again: without a network, a hundred files
// must not each wait for the answer that the first one had.
const (
	dialRetries = 1
	deadFor     = 30 * time.Second
)

// tries is how often a request that failed so may be made again.
func (c *Client) tries(host string, err error) int {
	_, dns := errors.AsType[*net.DNSError](err)
	op, is := errors.AsType[*net.OpError](err)
	if !dns && (!is || op.Op != "dial") {
		return c.opts.Retries
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.opts.Now()
	if last, known := c.dead[host]; known && now.Sub(last) < deadFor {
		return 0
	}
	if c.dead == nil {
		c.dead = map[string]time.Time{}
	}
	c.dead[host] = now
	return min(dialRetries, c.opts.Retries)
}

// backoff grows from about a second to half a minute, by chance between half and whole.
func backoff(try int) time.Duration {
	whole := min(time.Second<<min(try, 10), 30*time.Second)
	return whole/2 + rand.N(whole/2)
}

func retryable(err error) bool {
	if s, ok := errors.AsType[*StatusError](err); ok {
		switch s.Code {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	_, forbidden := errors.AsType[*ForbiddenError](err)
	_, limit := errors.AsType[*artifact.ErrLimit](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return !forbidden && !limit && !untrusted
}

// try sends one request. wait is what the server asks to wait before another.
func (c *Client) try(ctx context.Context, u *url.URL, cond Conditions) (_ *Response, wait time.Duration, _ error) {
	shown := Redact(u.String())
	ctx, idle := newIdle(ctx, c.opts.Timeout)
	ok := false
	defer func() {
		if !ok {
			idle.stop()
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", shown, artifact.ErrUnreachable)
	}
	req.Header.Set("User-Agent", c.opts.UserAgent)
	req.Header.Set("Accept", "*/*")
	ask(req.Header, cond)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w: %w", shown, artifact.ErrUnreachable, idle.cause(plain(err)))
	}
	out := &Response{
		Body: http.NoBody, ETag: resp.Header.Get("ETag"), LastModified: resp.Header.Get("Last-Modified"), Length: -1,
	}
	switch {
	case resp.StatusCode == http.StatusNotModified && cond.Offset == 0 && (cond.ETag != "" || cond.LastModified != ""):
		out.Status = NotModified
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && cond.Offset > 0:
		out.Status = NoRest
	case resp.StatusCode == http.StatusOK:
		out.Length = resp.ContentLength
	case resp.StatusCode == http.StatusPartialContent && cond.Offset > 0:
		out.Status = Rest
		if out.Offset, out.Length, err = contentRange(resp.Header.Get("Content-Range")); err != nil {
			_ = resp.Body.Close()
			return nil, 0, fmt.Errorf("%s: %w: %w", shown, artifact.ErrUnreachable, err)
		}
	default:
		drain(resp.Body)
		return nil, retryAfter(resp.Header.Get("Retry-After"), c.opts.Now()), &StatusError{URL: shown, Code: resp.StatusCode}
	}
	if out.Status == NotModified || out.Status == NoRest {
		drain(resp.Body)
		return out, 0, nil
	}
	if out.Length > c.opts.MaxBytes {
		_ = resp.Body.Close()
		return nil, 0, fmt.Errorf("%s: %w", shown, &artifact.ErrLimit{
			Reason: artifact.BytesLimit, Detail: fmt.Sprintf("%d bytes, more than %d", out.Length, c.opts.MaxBytes),
		})
	}
	ok = true
	out.Sums = sums(resp.Header, out.Status)
	idle.pause()
	out.Body = &body{
		from: resp.Body, idle: idle, shown: shown, left: c.opts.MaxBytes - out.Offset, limit: c.opts.MaxBytes,
		now: c.opts.Now, since: c.opts.Now(),
	}
	return out, 0, nil
}

// ask sets the headers of the conditions.
func ask(h http.Header, cond Conditions) {
	if cond.Offset > 0 {
		h.Set("Range", "bytes="+strconv.FormatInt(cond.Offset, 10)+"-")
		// Only a strong validator can vouch for a part.
		switch {
		case cond.ETag != "" && !weak(cond.ETag):
			h.Set("If-Range", cond.ETag)
		case cond.LastModified != "":
			h.Set("If-Range", cond.LastModified)
		}
		return
	}
	if cond.ETag != "" {
		h.Set("If-None-Match", cond.ETag)
	}
	if cond.LastModified != "" {
		h.Set("If-Modified-Since", cond.LastModified)
	}
}

// drain reads the little that an answer without use may hold, so that the connection can serve again.
func drain(b io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, b, 64<<10)
	_ = b.Close()
}
