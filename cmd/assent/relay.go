package main

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/net/idna"

	"assent/campaigns/pace"
)

// Relay is a mail server that takes our mail.
type Relay struct {
	Host        string // A-label or IP address
	Port        int
	User        string
	Password    Secret
	Implicit    bool      // TLS from the first octet (smtps)
	TLS         string    // mandatory, opportunistic or none; of no matter where Implicit
	Connections int       // kept connections; 0: as many as the transport thinks fit
	Rate        pace.Rate // most messages over all workers; zero: no limit
}

func (p *parser) relay(name, text string) *Relay {
	if text == "" {
		return nil
	}
	r, err := parseRelay(text)
	if err != nil {
		p.fail(name, "%v", err)
		return nil
	}
	return r
}

// parseRelay reads smtp://user:pass@host:587 and smtps://…:465. Its errors quote no part that may hold a password.
func parseRelay(text string) (*Relay, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return nil, errors.New("is no relay; want smtp://USER:PASSWORD@HOST:587 or smtps://…:465 (percent-encode signs in the password)")
	}
	r := &Relay{Host: u.Hostname(), Port: 587, TLS: "mandatory", Implicit: u.Scheme == "smtps"}
	ip, iperr := netip.ParseAddr(r.Host)
	if iperr != nil {
		if r.Host, err = idna.Lookup.ToASCII(r.Host); err != nil {
			return nil, errors.New("has no valid host; want smtp://HOST:587")
		}
	}
	switch {
	case u.Port() != "":
		n, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || n == 0 {
			return nil, errors.New("has no valid port; want a number from 1 to 65535")
		}
		r.Port = int(n)
	case r.Implicit:
		r.Port = 465
	}
	if r.Host == "localhost" || iperr == nil && ip.IsLoopback() {
		r.TLS = "opportunistic"
	}
	if u.User != nil {
		r.User = u.User.Username()
		password, given := u.User.Password()
		if r.User == "" || !given {
			return nil, errors.New("has a user without a password or the reverse; want smtp://USER:PASSWORD@HOST:587")
		}
		r.Password = Secret(password)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("has a malformed part behind the question mark; want tls=, connections= and rate=")
	}
	for key, values := range query {
		if len(values) != 1 {
			return nil, errors.New("has " + key + " twice")
		}
		if err := r.option(key, values[0]); err != nil {
			return nil, err
		}
	}
	if r.Implicit && r.TLS == "none" {
		return nil, errors.New("asks for smtps and tls=none at once; want one of them")
	}
	if r.User != "" && !r.Implicit && r.TLS == "none" && (iperr != nil || !ip.IsLoopback()) && r.Host != "localhost" {
		return nil, errors.New("would send its password unencrypted; take tls=none out or the user")
	}
	return r, nil
}

func (r *Relay) option(key, value string) (err error) {
	switch key {
	case "tls":
		if !slices.Contains([]string{"mandatory", "opportunistic", "none"}, value) {
			return errors.New("has an unknown tls; want mandatory, opportunistic or none")
		}
		r.TLS = value
	case "connections":
		if r.Connections, err = strconv.Atoi(value); err != nil || r.Connections < 1 || r.Connections > 1000 {
			return errors.New("has an odd number of connections; want 1 to 1000")
		}
	case "rate":
		if r.Rate, err = pace.ParseRate(value); err != nil {
			return errors.New("has an odd rate; " + err.Error())
		}
	default:
		return errors.New("has an unknown option " + strconv.Quote(key) + "; want tls, connections or rate")
	}
	return nil
}
