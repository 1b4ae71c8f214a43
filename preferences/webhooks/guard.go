package webhooks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrForbidden is an address that nothing is sent to: not a public one, and not allowed by the configuration.
var ErrForbidden = errors.New("webhooks: the address is not a public one")

// special are the networks that are not the public internet (IANA special-purpose registries, RFC 6890), and those that
// carry an IPv4 address inside an IPv6 one, by which a private address could be meant.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7",
	"fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// Public tells whether an address is one of the public internet.
func Public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return ip.IsValid() && !within(special, ip)
}

func within(list []netip.Prefix, ip netip.Addr) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// permitted tells whether a request may go to an address. Without TLS it may only to a network that is expressly allowed.
func permitted(allow []netip.Prefix, secure bool, ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return within(allow, ip) || (secure && Public(ip))
}

// Client is an HTTP client that reaches public addresses over TLS, and those that are allowed. The address is judged when the
// connection is made, so a name that resolves to something else the second time gains nothing; it follows no redirect and
// uses no proxy.
func Client(allow []netip.Prefix, timeout time.Duration) *http.Client {
	dial := func(secure bool) func(context.Context, string, string) (net.Conn, error) {
		d := &net.Dialer{Timeout: timeout / 2, Control: func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: %s", ErrForbidden, address)
			}
			if !permitted(allow, secure, at.Addr()) {
				return ErrForbidden
			}
			return nil
		}}
		return d.DialContext
	}
	transport := &http.Transport{
		Proxy: nil, DialContext: dial(true), TLSHandshakeTimeout: timeout / 2, ResponseHeaderTimeout: timeout,
		MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
	}
	plain := transport.Clone()
	plain.DialContext = dial(false)
	return &http.Client{
		Transport:     schemes{secure: transport, plain: plain},
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// schemes sends requests over the transport of their scheme.
type schemes struct{ secure, plain *http.Transport }

func (s schemes) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Scheme {
	case "https":
		return s.secure.RoundTrip(r)
	case "http":
		return s.plain.RoundTrip(r)
	}
	return nil, fmt.Errorf("%w: scheme %q", ErrForbidden, r.URL.Scheme)
}
