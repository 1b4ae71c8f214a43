package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Status is how a check ended.
type Status string

// The states, from good to bad; Skip says that there was nothing to check.
const (
	OK   Status = "ok"
	Skip Status = "skip"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Check is the outcome of one check.
type Check struct {
	Name     string `json:"name"`
	Status   Status `json:"status"`
	Detail   string `json:"detail"`
	WhatToDo string `json:"what_to_do,omitempty"`
}

// Resolver looks names up. *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Sender is a From domain and how its mail is signed.
type Sender struct {
	Stream string // marketing or transactional
	Domain string
	Keys   []PublicKey // with which we sign; none if the relay does, with ones that we do not know
}

// PublicKey is where a DKIM key stands in DNS.
type PublicKey struct{ Domain, Selector string }

// Relay is the SMTP server that a stream's mail is handed to.
type Relay struct {
	Stream   string
	Host     string
	Port     int
	Implicit bool // TLS from the start
	TLS      bool // TLS is asked for at all
}

// Config is what is to be checked. Empty parts are skipped, and said to be.
type Config struct {
	BaseURL      string
	BounceDomain string
	Senders      []Sender
	Relays       []Relay
	Addresses    []netip.Addr // that our mail leaves from, as receivers see it
	Inbound      bool         // our own server takes bounces in
	DataDir      string
	Clocks       []Clock

	Resolver Resolver    // nil for the system's
	TLS      *tls.Config // nil for the system's roots
	Now      func() time.Time
}

// perCheck bounds each check.
const perCheck = 15 * time.Second

// Run does all checks in a fixed order.
func Run(ctx context.Context, c Config) []Check {
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	var out []Check
	add := func(f func(context.Context) Check) {
		ctx, cancel := context.WithTimeout(ctx, perCheck)
		defer cancel()
		out = append(out, f(ctx))
	}
	add(func(context.Context) Check { return BaseURL(c.BaseURL) })
	add(func(ctx context.Context) Check { return SPF(ctx, c.Resolver, c.BounceDomain, c.Addresses) })
	add(func(ctx context.Context) Check { return WayBack(ctx, c.Resolver, c.BounceDomain, c.Inbound) })
	for _, s := range unique(c.Senders) {
		if !public(s.Domain) {
			out = append(out, Check{Name: "sender " + s.Domain, Status: Warn, Detail: "no receiver knows this domain", WhatToDo: "give the brand a sender address of a domain of yours"})
			continue
		}
		keys := false
		for _, key := range s.Keys {
			add(func(ctx context.Context) Check {
				k := DKIM(ctx, c.Resolver, key.Domain, key.Selector)
				keys = keys || k.Status != Fail
				return k
			})
		}
		if len(s.Keys) == 0 {
			out = append(out, Check{Name: "DKIM " + s.Domain, Status: Skip, Detail: "no selector is known: the relay signs, or nobody does",
				WhatToDo: "send a test mail to a mailbox of yours and look for dkim=pass with d=" + s.Domain})
		}
		add(func(ctx context.Context) Check { return DMARC(ctx, c.Resolver, s.Domain, c.BounceDomain, keys) })
	}
	if len(c.Addresses) == 0 {
		out = append(out, Check{Name: "PTR", Status: Skip, Detail: "the addresses that mail leaves from are not known", WhatToDo: "if the relay is yours, check that its address has a reverse name that leads back to it"})
	}
	for _, a := range c.Addresses {
		add(func(ctx context.Context) Check { return PTR(ctx, c.Resolver, a) })
	}
	if len(c.Relays) == 0 {
		out = append(out, Check{Name: "relay", Status: Warn, Detail: "no relay is set: mail stays in the built-in mailbox", WhatToDo: "set SMTP_URL when mail should leave this machine"})
	}
	for _, r := range c.Relays {
		add(func(ctx context.Context) Check { return RelayTLS(ctx, r, c.TLS, c.Now) })
	}
	add(func(ctx context.Context) Check { return CheckClock(ctx, c.Clocks, c.Now) })
	add(func(context.Context) Check { return Disk(c.DataDir) })
	return out
}

// public tells whether a domain is a name that the world may know.
func public(domain string) bool {
	_, err := netip.ParseAddr(domain)
	return err != nil && strings.Contains(domain, ".")
}

// Worst is the state of the whole.
func Worst(checks []Check) Status {
	worst := OK
	for _, c := range checks {
		if c.Status == Fail || c.Status == Warn && worst != Fail {
			worst = c.Status
		}
	}
	return worst
}

// unique leaves out domains that a former sender had, joining the keys.
func unique(all []Sender) []Sender {
	var out []Sender
	at := map[string]int{}
	for _, s := range all {
		s.Domain = canonical(s.Domain)
		i, known := at[s.Domain]
		if !known {
			at[s.Domain] = len(out)
			s.Keys = slices.Clone(s.Keys)
			out = append(out, s)
			continue
		}
		for _, key := range s.Keys {
			if !slices.Contains(out[i].Keys, key) {
				out[i].Keys = append(out[i].Keys, key)
			}
		}
	}
	return out
}

func canonical(domain string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(domain), "."))
}

// Aligned reports whether two domains are aligned as DMARC sees it (RFC 7489
// §3.1): equal, or of one organisation where strict is not asked for.
func Aligned(from, other string, strict bool) bool {
	from, other = canonical(from), canonical(other)
	if from == "" || other == "" {
		return false
	}
	return from == other || !strict && organisation(from) == organisation(other)
}

// organisation is the domain that its owner registered.
func organisation(domain string) string {
	if d, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return d
	}
	return domain
}

// absent reports that a name does not exist, in contrast to one that could not
// be looked up.
func absent(err error) bool {
	var d *net.DNSError
	return errors.As(err, &d) && d.IsNotFound
}

// unreachable is the outcome when a lookup failed for now.
func unreachable(name string, err error) Check {
	return Check{Name: name, Status: Warn, Detail: "could not be looked up: " + short(err.Error()), WhatToDo: "check this machine's name resolution and try again"}
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = s[:300]
	}
	return s
}

func failf(name, todo, format string, a ...any) Check {
	return Check{Name: name, Status: Fail, Detail: short(fmt.Sprintf(format, a...)), WhatToDo: todo}
}

func warnf(name, todo, format string, a ...any) Check {
	return Check{Name: name, Status: Warn, Detail: short(fmt.Sprintf(format, a...)), WhatToDo: todo}
}

func okf(name, format string, a ...any) Check {
	return Check{Name: name, Status: OK, Detail: short(fmt.Sprintf(format, a...))}
}
