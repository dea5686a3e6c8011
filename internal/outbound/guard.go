package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// ForbiddenError is a request that is not made: to an address inside the private network, by another scheme than http and https, or along a redirect
// that would give up encryption.
type ForbiddenError struct{ Reason string }

// Error says why.
func (e *ForbiddenError) Error() string { return e.Reason }

func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		// The parser's own message quotes the URL, password and all.
		return nil, fmt.Errorf("fetching: %w: %w", artifact.ErrUnreachable, &ForbiddenError{Reason: "not a URL"})
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, fmt.Errorf("fetching %s: %w: %w", Redact(raw), artifact.ErrUnreachable,
			&ForbiddenError{Reason: "only http and https URLs are fetched"})
	}
	return u, nil
}

// Redact gives a URL without its credentials, query and fragment, any of which may hold a secret.
func Redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "a URL that cannot be read"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, Opaque: opaque(u)}).String()
}

func opaque(u *url.URL) string {
	if u.Opaque == "" {
		return ""
	}
	return "..."
}

// plain takes the URL out of an error of net/http, which may hold credentials.
func plain(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	if strings.HasPrefix(err.Error(), "failed to parse Location header") { // and quotes it
		return errors.New("a redirect to what is not a URL")
	}
	return err
}

const maxRedirects = 5

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return &ForbiddenError{Reason: fmt.Sprintf("more than %d redirects", maxRedirects)}
	}
	if req.URL.Scheme != "https" && req.URL.Scheme != "http" {
		return &ForbiddenError{Reason: "a redirect to another scheme than http and https"}
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return &ForbiddenError{Reason: "a redirect from https to http"}
	}
	return nil
}

// transport sends a request through the proxy that is set for it, or directly. Only direct connections are guarded at the dial:
// a proxy is the user's own, often private, and looks names up itself.
type transport struct {
	proxy           func(*url.URL) (*url.URL, error)
	allowPrivate    bool
	direct, proxied *http.Transport
}

type proxyKey struct{}

func newTransport(opts Options, config *tls.Config) *transport {
	t := &transport{proxy: opts.Proxy, allowPrivate: opts.AllowPrivate}
	dialer := func(guarded bool) *net.Dialer {
		d := &net.Dialer{Timeout: opts.Timeout}
		if guarded {
			d.Control = guard
		}
		return d
	}
	base := &http.Transport{
		TLSClientConfig: config, TLSHandshakeTimeout: opts.Timeout, ResponseHeaderTimeout: opts.Timeout,
		DisableCompression:     true, // lengths, ranges and checksums are of the bytes as they are sent
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    4,
		MaxResponseHeaderBytes: 256 << 10,
	}
	t.direct = base.Clone()
	t.direct.DialContext = dialer(!opts.AllowPrivate).DialContext
	t.proxied = base.Clone()
	t.proxied.DialContext = dialer(false).DialContext
	t.proxied.Proxy = func(r *http.Request) (*url.URL, error) {
		u, _ := r.Context().Value(proxyKey{}).(*url.URL)
		return u, nil
	}
	return t
}

// RoundTrip is called once for each redirect, too.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	through, err := t.proxy(r.URL)
	if err != nil {
		return nil, errors.New("the proxy that the environment names is not a URL")
	}
	if through == nil {
		return t.direct.RoundTrip(r)
	}
	if ip, err := netip.ParseAddr(strings.Trim(r.URL.Hostname(), "[]")); err == nil && !t.allowPrivate && !public(ip) {
		return nil, forbidden(ip)
	}
	return t.proxied.RoundTrip(r.WithContext(context.WithValue(r.Context(), proxyKey{}, through)))
}

func (t *transport) CloseIdleConnections() {
	t.direct.CloseIdleConnections()
	t.proxied.CloseIdleConnections()
}

// guard refuses addresses that are not public. It sees the address after the name was looked up, so a name that changes its mind gains nothing.
func guard(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &ForbiddenError{Reason: "an address that cannot be read"}
	}
	if !public(ap.Addr()) {
		return forbidden(ap.Addr())
	}
	return nil
}

func forbidden(ip netip.Addr) error {
	return &ForbiddenError{Reason: fmt.Sprintf("%s is inside a private network, which is asked only when a mirror there is named", ip.WithZone(""))}
}

// public says whether an address may be asked without being named by the user. Addresses that carry an IPv4 address are judged by that.
func public(ip netip.Addr) bool {
	ip = ip.WithZone("").Unmap()
	if ip.Is6() {
		if v4, ok := embedded(ip); ok {
			return public(v4)
		}
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false // also loopback, link-local (with 169.254.169.254), multicast, unspecified and broadcast
	}
	for _, p := range [...]string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"168.63.129.16/32",                                         // Azure's metadata, on a public address
		"64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", // local NAT64, discard, Teredo and others of IETF, documentation
		"fec0::/10", "5f00::/16",
	} {
		if netip.MustParsePrefix(p).Contains(ip) {
			return false
		}
	}
	return true
}

// embedded finds the IPv4 address inside an IPv6 one: NAT64 (64:ff9b::/96), 6to4 (2002::/16) and the old IPv4-compatible form (::/96).
func embedded(ip netip.Addr) (netip.Addr, bool) {
	b := ip.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(ip), netip.MustParsePrefix("::/96").Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
