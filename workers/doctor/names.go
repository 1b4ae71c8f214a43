package doctor

import (
	"context"
	"net/netip"
	"net/url"
	"strings"
)

// PTR checks that an address has a reverse name which leads back to it. Gmail
// and others refuse mail from one that has none.
func PTR(ctx context.Context, r Resolver, a netip.Addr) Check {
	name := "PTR " + a.String()
	if a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return Check{Name: name, Status: Skip, Detail: "not an address that receivers see"}
	}
	const todo = "ask whoever gives you the address to set its reverse name, and give that name the address"
	names, err := r.LookupAddr(ctx, a.String())
	if err != nil && !absent(err) {
		return unreachable(name, err)
	}
	if len(names) == 0 {
		return failf(name, todo, "the address has no name")
	}
	var last error
	for _, n := range names {
		ips, err := r.LookupNetIP(ctx, "ip", strings.TrimSuffix(n, "."))
		if err != nil {
			last = err
		}
		for _, ip := range ips {
			if ip.Unmap() == a.Unmap() {
				return okf(name, "%s, and back", strings.TrimSuffix(n, "."))
			}
		}
	}
	if last != nil && !absent(last) {
		return unreachable(name, last)
	}
	return failf(name, todo, "its name %s does not lead back to it", strings.TrimSuffix(names[0], "."))
}

// WayBack checks that bounces and complaints find their way to us.
func WayBack(ctx context.Context, r Resolver, domain string, inbound bool) Check {
	name := "bounces to " + domain
	if domain == "" {
		return Check{Name: "bounces", Status: Skip, Detail: "no bounce domain"}
	}
	mxs, err := r.LookupMX(ctx, domain)
	if err != nil && !absent(err) {
		return unreachable(name, err)
	}
	if len(mxs) == 1 && (mxs[0].Host == "." || mxs[0].Host == "") {
		return failf(name, "publish an MX record that names the server which takes bounces", "the domain says that it takes no mail (RFC 7505)")
	}
	hosts := []string{domain}
	if len(mxs) > 0 {
		hosts = nil
		for _, m := range mxs {
			hosts = append(hosts, strings.TrimSuffix(m.Host, "."))
		}
	}
	for _, h := range hosts {
		ips, err := r.LookupNetIP(ctx, "ip", h)
		if err != nil && !absent(err) {
			return unreachable(name, err)
		}
		if len(ips) == 0 {
			continue
		}
		switch {
		case !inbound:
			return warnf(name, "set ASSENT_INBOUND_ADDR, pipe that server's mail into `assent inbound`, or use the provider's webhook", "mail for it goes to %s; our own server for bounces is off", h)
		case len(mxs) == 0:
			return warnf(name, "publish an MX record, some servers insist on one", "no MX record; mail goes to the address of %s", h)
		}
		return okf(name, "by way of %s", h)
	}
	return failf(name, "publish an MX record for "+domain+" that names the server which takes bounces", "mail for it cannot be delivered: %s has no address", hosts[0])
}

// BaseURL checks the public address in links: one-click unsubscribe needs HTTPS
// (RFC 8058 §3.1), and receivers must be able to reach it.
func BaseURL(base string) Check {
	const name = "public address"
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return failf(name, "set BASE_URL to the address at which recipients reach this site", "%q is no address", base)
	}
	a, ipErr := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || ipErr == nil && (a.IsLoopback() || a.IsPrivate() || a.IsUnspecified())
	switch {
	case local:
		return warnf(name, "set BASE_URL to the address at which recipients reach this site before mail leaves the machine", "%s is this machine or network only", base)
	case u.Scheme != "https":
		return failf(name, "serve the site over HTTPS and set BASE_URL to it", "%s is not HTTPS: one-click unsubscribe does not work", base)
	}
	return okf(name, "%s", base)
}
