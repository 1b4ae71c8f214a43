package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// spfVerdict is what a record says of an address (RFC 7208 §2.6).
type spfVerdict string

const (
	spfPass      spfVerdict = "pass"
	spfFail      spfVerdict = "fail"
	spfSoftFail  spfVerdict = "softfail"
	spfNeutral   spfVerdict = "neutral"
	spfNone      spfVerdict = "none"
	spfPermError spfVerdict = "permerror"
	spfTempError spfVerdict = "temperror"
)

// maxSPFLookups is what a receiver does before it gives up (RFC 7208 §4.6.4).
const maxSPFLookups = 10

// SPF checks the record of the domain in the return path: that there is exactly
// one, that receivers can evaluate it, and that it names our addresses.
func SPF(ctx context.Context, r Resolver, domain string, addresses []netip.Addr) Check {
	name := "SPF " + domain
	if domain == "" {
		return Check{Name: "SPF", Status: Skip, Detail: "no bounce domain"}
	}
	records, err := spfRecords(ctx, r, domain)
	switch {
	case err != nil && !absent(err):
		return unreachable(name, err)
	case len(records) == 0:
		return failf(name, fmt.Sprintf("publish a TXT record at %s, such as \"v=spf1 a:%s -all\" or the include that your relay asks for", domain, domain), "there is no SPF record")
	case len(records) > 1:
		return failf(name, "join them into one record", "there are %d SPF records; receivers believe none", len(records))
	}
	if openRecord(records[0]) {
		return failf(name, "end the record with -all or ~all", "the record allows the whole world: %s", records[0])
	}
	// An address of the documentation range is never meant: it walks the record
	// to its end, which finds what is broken or too long.
	probe := &spfWalk{ctx: ctx, r: r}
	verdict := probe.check(domain, netip.MustParseAddr("192.0.2.1"), 0)
	switch {
	case verdict == spfPermError:
		return failf(name, "mend the record: receivers treat it as if it were not there", "the record is broken: %s", probe.why)
	case verdict == spfTempError:
		return warnf(name, "check the name servers of the domains in the record", "the record could not be evaluated: %s", probe.why)
	}
	for _, a := range addresses {
		w := &spfWalk{ctx: ctx, r: r}
		if v := w.check(domain, a, 0); v != spfPass {
			return failf(name, fmt.Sprintf("add ip4:%s (ip6: for IPv6) or the include of your relay to the record", a), "mail from %s gets %s", a, v)
		}
	}
	switch {
	case verdict == spfNone || verdict == spfNeutral:
		return warnf(name, "end the record with -all or ~all", "the record refuses nobody: %s", records[0])
	case probe.lookups > maxSPFLookups-2:
		return warnf(name, "leave includes out that are not needed", "%d of %d lookups are used", probe.lookups, maxSPFLookups)
	case len(addresses) == 0:
		return okf(name, "%s (the addresses that mail leaves from are not known, so they were not checked)", records[0])
	}
	return okf(name, "%s, names %d of our addresses", records[0], len(addresses))
}

func spfRecords(ctx context.Context, r Resolver, domain string) ([]string, error) {
	txts, err := r.LookupTXT(ctx, domain)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, t := range txts {
		if f := strings.Fields(t); len(f) > 0 && strings.EqualFold(f[0], "v=spf1") {
			out = append(out, t)
		}
	}
	return out, nil
}

func openRecord(record string) bool {
	for _, f := range strings.Fields(strings.ToLower(record)) {
		if f == "all" || f == "+all" || strings.HasSuffix(f, "ip4:0.0.0.0/0") {
			return true
		}
	}
	return false
}

// spfWalk evaluates a record for one address. Macros (RFC 7208 §7), which need
// a real transaction, count as no match.
type spfWalk struct {
	ctx     context.Context
	r       Resolver
	lookups int
	voids   int
	why     string
}

func (w *spfWalk) bad(format string, a ...any) spfVerdict {
	if w.why == "" {
		w.why = fmt.Sprintf(format, a...)
	}
	return spfPermError
}

func (w *spfWalk) check(domain string, ip netip.Addr, depth int) spfVerdict {
	if depth > maxSPFLookups {
		return w.bad("%s is included too deep", domain)
	}
	records, err := spfRecords(w.ctx, w.r, domain)
	switch {
	case err != nil && !absent(err):
		w.why = err.Error()
		return spfTempError
	case len(records) == 0:
		return spfNone
	case len(records) > 1:
		return w.bad("%s has %d SPF records", domain, len(records))
	}
	redirect := ""
	for _, term := range strings.Fields(records[0])[1:] {
		if key, value, ok := strings.Cut(term, "="); ok && !strings.ContainsAny(key, ":/") {
			if strings.EqualFold(key, "redirect") {
				redirect = value
			}
			continue
		}
		verdict, match := w.term(term, domain, ip, depth)
		if match || verdict == spfPermError || verdict == spfTempError {
			return verdict
		}
	}
	if redirect != "" {
		if !w.count() {
			return spfPermError
		}
		if v := w.check(redirect, ip, depth+1); v != spfNone {
			return v
		}
		return w.bad("%s redirects to %s, which has no record", domain, redirect)
	}
	return spfNeutral
}

// count counts a term that costs receivers a lookup.
func (w *spfWalk) count() bool {
	if w.lookups++; w.lookups > maxSPFLookups {
		w.bad("more than %d lookups are needed", maxSPFLookups)
		return false
	}
	return true
}

// term evaluates one mechanism; match tells that the verdict stands.
func (w *spfWalk) term(term, domain string, ip netip.Addr, depth int) (spfVerdict, bool) {
	verdict := spfPass
	switch term[0] {
	case '-':
		verdict, term = spfFail, term[1:]
	case '~':
		verdict, term = spfSoftFail, term[1:]
	case '?':
		verdict, term = spfNeutral, term[1:]
	case '+':
		term = term[1:]
	}
	name, arg, _ := strings.Cut(term, ":")
	name, bits, hasBits := strings.Cut(strings.ToLower(name), "/")
	if hasBits {
		bits = "/" + bits
	}
	if (name == "a" || name == "mx") && arg != "" {
		if i := strings.IndexByte(arg, '/'); i >= 0 {
			arg, bits = arg[:i], arg[i:]
		}
	}
	target := arg
	if target == "" {
		target = domain
	}
	macro := strings.Contains(target, "%")
	switch name {
	case "all":
		return verdict, true
	case "ip4", "ip6":
		p, err := prefix(arg)
		if err != nil {
			return w.bad("%q is no address", term), false
		}
		return verdict, p.Contains(ip)
	case "include":
		if arg == "" {
			return w.bad("include without a domain"), false
		}
		if !w.count() {
			return spfPermError, false
		}
		if macro {
			return verdict, false
		}
		switch v := w.check(target, ip, depth+1); v {
		case spfPass:
			return verdict, true
		case spfNone:
			return w.bad("%s is included and has no SPF record", target), false
		case spfPermError, spfTempError:
			return v, false
		}
		return verdict, false
	case "a", "mx", "ptr", "exists":
		if !w.count() {
			return spfPermError, false
		}
		if macro || name == "ptr" || name == "exists" {
			return verdict, false
		}
		return w.hosts(name, target, bits, ip, verdict)
	}
	return w.bad("%q is no mechanism", term), false
}

// hosts evaluates a and mx.
func (w *spfWalk) hosts(name, target, bits string, ip netip.Addr, verdict spfVerdict) (spfVerdict, bool) {
	hosts := []string{target}
	if name == "mx" {
		hosts = nil
		mxs, err := w.r.LookupMX(w.ctx, target)
		if err != nil && !absent(err) {
			w.why = err.Error()
			return spfTempError, false
		}
		for _, m := range mxs[:min(len(mxs), maxSPFLookups)] {
			hosts = append(hosts, m.Host)
		}
	}
	for _, h := range hosts {
		ips, err := w.r.LookupNetIP(w.ctx, "ip", h)
		if err != nil && !absent(err) {
			w.why = err.Error()
			return spfTempError, false
		}
		for _, a := range ips {
			if within(a.Unmap(), bits, ip) {
				return verdict, true
			}
		}
	}
	return verdict, false
}

func prefix(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// within reports that ip is in the network around a; bits is "/24", "//64",
// "/24//64" or empty.
func within(a netip.Addr, bits string, ip netip.Addr) bool {
	if a.Is4() != ip.Is4() {
		return false
	}
	four, six, _ := strings.Cut(bits, "//")
	spec := six
	if a.Is4() {
		spec = strings.TrimPrefix(four, "/")
	}
	n := a.BitLen()
	if spec != "" {
		if _, err := fmt.Sscanf(spec, "%d", &n); err != nil {
			return false
		}
	}
	p, err := a.Prefix(n)
	return err == nil && p.Contains(ip)
}
