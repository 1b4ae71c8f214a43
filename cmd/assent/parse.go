package main

import (
	"assent/workers/backup"

	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"assent/preferences/staff/keys"
	"assent/preferences/tokens"
	"assent/workers/inbound/fetch"
	"assent/workers/queue"
)

// parser keeps the first error, so that Config reads as a list. What it says of a secret never quotes it.
type parser struct{ err error }

func (p *parser) fail(name, format string, args ...any) {
	if p.err == nil {
		p.err = &settingError{name, fmt.Sprintf(format, args...)}
	}
}

// value parses a setting that is no secret; not set gives the zero value.
func value[T any](p *parser, name, text string, parse func(string) (T, error)) T {
	var v T
	if text == "" {
		return v
	}
	v, err := parse(text)
	if err != nil {
		p.fail(name, "is %q: %v", text, err)
	}
	return v
}

func (p *parser) addr(name, text string) string {
	if text == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(text)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n > 65535 {
		p.fail(name, "is %q; want a host and a port, such as 127.0.0.1:8080 or :8080", text)
	}
	return text
}

// baseURL takes no path: the pages' own paths are fixed, and mail clients shorten long links.
func (p *parser) baseURL(name, text string) *url.URL {
	if text == "" {
		return nil
	}
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		p.fail(name, "is not the address of a host; want one such as https://mail.example.com, with no path behind it")
		return nil
	}
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if _, ip := netip.ParseAddr(u.Hostname()); ip == nil {
		host, err = u.Hostname(), nil
	}
	if err != nil {
		p.fail(name, "has no valid host; want an address such as https://mail.example.com")
		return nil
	}
	port := u.Port()
	switch {
	case port != "":
		u.Host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		u.Host = "[" + host + "]"
	default:
		u.Host = host
	}
	return u
}

func (p *parser) databaseURL(name, text string) string {
	if text == "" || strings.HasPrefix(text, "sqlite:") && text != "sqlite:" {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		p.fail(name, "is no database; want sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	}
	return text
}

func (p *parser) redisURL(name, text string) string {
	if text == "" {
		return ""
	}
	if err := queue.CheckURL(text); err != nil {
		p.fail(name, "%v", err)
	}
	return text
}

func (p *parser) imapURL(name, text string) string {
	if text == "" {
		return ""
	}
	if err := fetch.Check(text); err != nil {
		p.fail(name, "%s; want imaps://USER:PASSWORD@HOST/INBOX (percent-encode signs in the password)", strings.TrimPrefix(err.Error(), "fetch: "))
	}
	return text
}

func (p *parser) domain(name, text string) string {
	if text == "" {
		return ""
	}
	domain, err := idna.New(idna.MapForLookup(), idna.StrictDomainName(true), idna.VerifyDNSLength(true)).ToASCII(text)
	if err != nil || domain == "" {
		p.fail(name, "is %q; want a domain such as bounces.example.com", text)
	}
	return domain
}

func (p *parser) secrets(name, text string) string {
	if text == "" {
		return ""
	}
	if _, err := tokens.Parse(text); err != nil {
		p.fail(name, "%v; make a secret with: openssl rand -base64 32", err)
	}
	return text
}

func (p *parser) apiKey(name, text string) string {
	for _, r := range text {
		if r <= ' ' || r > '~' {
			p.fail(name, "has a character that cannot stand in an Authorization header; want letters, digits and signs without spaces")
		}
	}
	if text != "" && len(text) < keys.MinLength {
		p.fail(name, "has fewer than %d characters; make one with: openssl rand -hex 32", keys.MinLength)
	}
	return text
}

// provider is the identity provider of the settings, nil when there is none.
func (p *parser) provider(s *Settings) *Provider {
	o := &Provider{Issuer: p.issuer("ASSENT_OIDC_ISSUER", s.OIDCIssuer), ClientID: s.OIDCClientID, ClientSecret: Secret(s.OIDCClientSecret), Name: p.text("ASSENT_OIDC_NAME", s.OIDCName)}
	switch {
	case o.Issuer != "" && o.ClientID == "":
		p.fail("ASSENT_OIDC_CLIENT_ID", "is missing beside ASSENT_OIDC_ISSUER")
	case o.Issuer == "" && o.ClientID+s.OIDCClientSecret != "":
		p.fail("ASSENT_OIDC_ISSUER", "is missing beside ASSENT_OIDC_CLIENT_ID and ASSENT_OIDC_CLIENT_SECRET")
	}
	if o.Issuer == "" {
		return nil
	}
	return o
}

// issuer is an identity provider's address. OpenID Connect Core §2 wants HTTPS; a machine may test with itself.
func (p *parser) issuer(name, text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		p.fail(name, "is not an issuer; want an address such as https://login.example.com/realms/staff")
	}
	return text
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (p *parser) email(name, text string) string {
	if text == "" {
		return ""
	}
	a, err := mail.ParseAddress(text)
	if err != nil || a.Name != "" || a.Address != text {
		p.fail(name, "is %q; want an address such as you@example.com", text)
	}
	return text
}

// text is one or more printable lines, as a postal address is.
func (p *parser) text(name, text string) string {
	text = strings.TrimSpace(text)
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			p.fail(name, "has a character that cannot be printed; want plain text")
		}
	}
	if len(text) > 1000 {
		p.fail(name, "is longer than 1000 characters")
	}
	return text
}

// places reads where backups go; the folder when nothing is said.
func (p *parser) places(name, text, folder string) (all []backup.Place) {
	if text == "" {
		return []backup.Place{backup.Folder(folder)}
	}
	for _, part := range strings.Split(text, ",") {
		place, err := backup.ParsePlace(strings.TrimSpace(part))
		if err != nil {
			p.fail(name, "%s", strings.TrimPrefix(err.Error(), "backup: "))
			return nil
		}
		all = append(all, place)
	}
	return all
}

func (p *parser) networks(name, text string) []netip.Prefix {
	if text == "" {
		return nil
	}
	var all []netip.Prefix
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		network, err := netip.ParsePrefix(part)
		if ip, iperr := netip.ParseAddr(part); err != nil && iperr == nil {
			network, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			p.fail(name, "has %q; want networks or addresses such as 10.0.0.0/8,192.0.2.7", part)
		}
		all = append(all, network.Masked())
	}
	return all
}

func (p *parser) oneOf(name, text string, choices ...string) string {
	if text != "" && !slices.Contains(choices, text) {
		p.fail(name, "is %q; want %s", text, strings.Join(choices, " or "))
	}
	return text
}

func (p *parser) level(name, text string) slog.Level {
	levels := map[string]slog.Level{"": slog.LevelInfo, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[strings.ToLower(text)]
	if !ok {
		p.fail(name, "is %q; want debug, info, warn or error", text)
	}
	return level
}
