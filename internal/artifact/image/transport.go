package image

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
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	answerTimeout = 60 * time.Second // for manifests, configs and tokens, whole
	stallTimeout  = 60 * time.Second // between two reads of a blob
	firstWait     = 200 * time.Millisecond
	longestWait   = 10 * time.Second
)

// newTransport speaks to one registry, and to the token server and blob store that it names.
func newTransport(host string, plain bool, opts RegistryOptions) (*registryTransport, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: plain} //nolint:gosec // asked for by name
	if opts.CAFile != "" {
		pem, err := os.ReadFile(opts.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading certificates: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("no certificate in %s", opts.CAFile)
		}
		conf.RootCAs = pool
	}
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second, ControlContext: refuseLinkLocal(host)}
	agent := opts.UserAgent
	if agent == "" {
		agent = "sightline"
	}
	return &registryTransport{
		plain: plain || isLoopback(host), agent: agent,
		inner: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: conf, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: 15 * time.Second, ResponseHeaderTimeout: 30 * time.Second, IdleConnTimeout: 30 * time.Second,
			MaxIdleConnsPerHost: 8, MaxResponseHeaderBytes: 64 << 10,
			// A layer is compressed already; were the answer unpacked on the way, its digest would not hold.
			DisableCompression: true,
		},
	}, nil
}

// registryTransport keeps requests to HTTPS, whoever asks for them: redirects and token servers must not bring
// credentials onto the open wire.
type registryTransport struct {
	inner *http.Transport
	plain bool
	agent string
}

// RoundTrip refuses plain HTTP unless the registry was said to be insecure, or is on this machine.
func (t *registryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" && !t.plain {
		return nil, fmt.Errorf("refusing %s://%s: the registry is not marked as insecure", req.URL.Scheme, req.URL.Host)
	}
	req.Header.Set("User-Agent", t.agent)
	return t.inner.RoundTrip(req)
}

// CloseIdleConnections ends what is not in use.
func (t *registryTransport) CloseIdleConnections() { t.inner.CloseIdleConnections() }

func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// refuseLinkLocal keeps connections from the metadata services of clouds, which answer on link-local addresses, by
// whatever name or redirect they were reached.
func refuseLinkLocal(host string) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return nil //nolint:nilerr // not an IP address: a socket of a proxy
		}
		ip := at.Addr().Unmap().WithZone("")
		if ip.IsLinkLocalUnicast() && !strings.HasPrefix(host, ip.String()) || ip == netip.MustParseAddr("fd00:ec2::254") {
			return fmt.Errorf("refusing to connect to the link-local address %s", ip)
		}
		return nil
	}
}

// checkRedirect keeps a public registry from sending requests into the network of whoever scans.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("more than 5 redirects")
	}
	from, to := via[0].URL.Hostname(), req.URL.Hostname()
	if from != to && isInternal(to) && !isInternal(from) {
		return fmt.Errorf("refusing a redirect from %s to the internal address %s", from, to)
	}
	return nil
}

func isInternal(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host == "localhost"
	}
	addr = addr.Unmap()
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
}

// busyError is an answer that says when to ask again.
type busyError struct {
	err  error
	wait time.Duration
}

func (e *busyError) Error() string { return e.err.Error() }
func (e *busyError) Unwrap() error { return e.err }

func retryAfter(resp *http.Response) time.Duration {
	n, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(min(n, 3600))*time.Second, longestWait)
}

// retry calls f up to the given number of times, as long as another try may help.
func retry(ctx context.Context, attempts int, f func() error) error {
	wait := firstWait
	for try := 1; ; try++ {
		err := f()
		if err == nil || try >= attempts || !mayPass(err) || ctx.Err() != nil {
			return err
		}
		pause := wait + rand.N(wait/2)
		if busy, is := errors.AsType[*busyError](err); is {
			pause = busy.wait
		}
		wait *= 3
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

// mayPass tells troubles of the moment from answers that stay.
func mayPass(err error) bool {
	if t, is := errors.AsType[*transport.Error](err); is {
		switch t.StatusCode {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	if op, is := errors.AsType[*net.OpError](err); is && op.Op == "dial" {
		return op.Timeout() && !errors.Is(err, context.DeadlineExceeded)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return true
	}
	u, is := errors.AsType[*url.Error](err)
	return is && u.Timeout()
}

// remoteBlob is the body of a blob. When the connection breaks it asks for the rest.
type remoteBlob struct {
	remote *remote
	ctx    context.Context // of the walk that reads it
	path   string
	size   int64 // as the manifest says
	n      int64 // read so far
	breaks int
	body   io.ReadCloser
	cancel context.CancelCauseFunc
	stall  *time.Timer
}

var errStalled = errors.New("the registry sends nothing any more")

// connect asks for the blob from where reading stands.
func (b *remoteBlob) connect() error {
	b.drop()
	ctx, cancel := context.WithCancelCause(b.ctx)
	stall := time.AfterFunc(stallTimeout, func() { cancel(errStalled) })
	head, code := http.Header{}, http.StatusOK
	if b.n > 0 {
		head.Set("Range", fmt.Sprintf("bytes=%d-", b.n))
		code = http.StatusPartialContent
	}
	resp, err := b.remote.do(ctx, b.path, head, code, http.StatusOK) //nolint:bodyclose // the body is kept in b, which drop closes
	if err != nil {
		stall.Stop()
		cancel(nil)
		return err
	}
	b.body, b.cancel, b.stall = resp.Body, cancel, stall
	skip := b.n
	if resp.StatusCode == http.StatusPartialContent {
		if !strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", b.n)) {
			b.drop()
			return fmt.Errorf("%w: the registry answers with another part of the blob", artifact.ErrUnreachable)
		}
		skip = 0
	}
	if _, err := io.CopyN(io.Discard, b.body, skip); err != nil {
		b.drop()
		return explain(err)
	}
	return nil
}

// Read gives at most one byte more than the manifest says there are; the reader's check of size and digest tells of it.
func (b *remoteBlob) Read(p []byte) (int, error) {
	for {
		if b.n > b.size {
			return 0, io.EOF
		}
		b.stall.Reset(stallTimeout)
		n, err := b.body.Read(p[:min(int64(len(p)), b.size-b.n+1)])
		b.n += int64(n)
		if errors.Is(err, io.EOF) && b.n < b.size {
			err = io.ErrUnexpectedEOF
		}
		if n > 0 || err == nil || errors.Is(err, io.EOF) {
			if n > 0 {
				err = nil
			}
			return n, err
		}
		if b.ctx.Err() != nil {
			return 0, context.Cause(b.ctx)
		}
		if b.breaks++; b.breaks >= b.remote.attempts {
			return 0, fmt.Errorf("%w: the blob breaks off after %d of %d bytes: %w", artifact.ErrUnreachable, b.n, b.size, err)
		}
		if err := retry(b.ctx, b.remote.attempts-b.breaks, b.connect); err != nil {
			return 0, fmt.Errorf("%w: the blob breaks off after %d of %d bytes: %w", artifact.ErrUnreachable, b.n, b.size, err)
		}
	}
}

func (b *remoteBlob) drop() {
	if b.body != nil {
		b.stall.Stop()
		b.cancel(nil)
		_ = b.body.Close()
		b.body = nil
	}
}

// Close ends the download.
func (b *remoteBlob) Close() error {
	b.drop()
	return nil
}
