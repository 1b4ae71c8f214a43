package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"assent/campaigns/brands"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/workers/doctor"
	"assent/workers/inbound/smtpd"
	"assent/workers/inbound/visits"
	"assent/workers/signing"
)

type doctorCmd struct {
	JSON      bool     `help:"Print as JSON."`
	Mail      bool     `help:"Send one mail of each stream and look at what arrives."`
	To        string   `placeholder:"ADDRESS" help:"Address for the mails of --mail (ourselves, where returned mail is received or the built-in mailbox is in use)."`
	Addresses []string `name:"from-address" placeholder:"IP" help:"Addresses that our mail leaves from, as receivers see them, for SPF and reverse DNS."`
}

// errUnwell ends an examination that found something wrong, after it was printed.
var errUnwell = errors.New("something is wrong; what to do is said above")

func (c *doctorCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	if c.To != "" && !c.Mail {
		return usageError{"--to is the address for test mails; say --mail too"}
	}
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	checks, err := a.examineAndKeep(ctx, func(ctx context.Context) ([]doctor.Check, error) {
		checks, err := a.examine(ctx, c.Addresses)
		if err != nil || !c.Mail {
			return checks, err
		}
		tried, err := a.tryMail(ctx, c.To)
		return append(checks, tried...), err
	})
	if p, ok := problem.As(err); ok && len(p.Fields) > 0 {
		return usageError{"--" + p.Fields[0].Field + ": " + p.Fields[0].Detail}
	}
	if err != nil {
		return err
	}
	if c.JSON {
		if err := t.json(checks); err != nil {
			return err
		}
	} else {
		width := 0
		for _, k := range checks {
			width = max(width, len(k.Name))
		}
		for _, k := range checks {
			fmt.Fprintf(t.out, "%-5s %-*s %s\n", k.Status, width, k.Name, k.Detail)
			if k.WhatToDo != "" {
				fmt.Fprintf(t.out, "      %-*s → %s\n", width, "", k.WhatToDo)
			}
		}
	}
	if doctor.Worst(checks) == doctor.Fail {
		return errUnwell
	}
	return nil
}

// book keeps what examinations find; the site's page shows the last one.
func (a *app) book() *doctor.Book { return &doctor.Book{DB: a.db, Now: a.config.Now} }

// examineAndKeep examines even while another examination runs, whose outcome is kept then.
func (a *app) examineAndKeep(ctx context.Context, examine func(context.Context) ([]doctor.Check, error)) (checks []doctor.Check, err error) {
	var fault error
	begun, err := a.book().Run(ctx, func(ctx context.Context) ([]doctor.Check, error) {
		checks, fault = examine(ctx)
		return checks, fault
	})
	if err != nil || begun {
		if fault != nil {
			err = fault
		}
		return checks, err
	}
	return examine(ctx)
}

// examine checks this installation: its own parts, then what the world must know about it.
func (a *app) examine(ctx context.Context, from []string) ([]doctor.Check, error) {
	c := a.config
	checks := append(doctor.Database(ctx, a.db, c.Data), a.checkQueue(ctx)...)
	conf := doctor.Config{BaseURL: c.BaseURL.String(), BounceDomain: c.BounceDomain, Inbound: c.InboundAddr != "" || c.IMAPURL != "", DataDir: c.Data, Now: time.Now, Clocks: a.clocks()}
	for _, text := range from {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return nil, usageError{fmt.Sprintf("--from-address: %q is not an IP address", text)}
		}
		conf.Addresses = append(conf.Addresses, ip)
	}
	for stream, r := range map[string]*Relay{"marketing": c.Marketing, "transactional": c.Transactional} {
		if r != nil {
			conf.Relays = append(conf.Relays, doctor.Relay{Stream: stream, Host: r.Host, Port: r.Port, Implicit: r.Implicit, TLS: r.TLS != "none"})
		}
	}
	slices.SortFunc(conf.Relays, func(a, b doctor.Relay) int { return strings.Compare(a.Stream, b.Stream) })
	if len(conf.Relays) > 0 {
		list, err := a.brands.List(ctx, "", 1000)
		if err != nil {
			return nil, err
		}
		conf.Senders = senders(list)
		if err := a.selectors(ctx, conf.Senders); err != nil {
			return nil, err
		}
	}
	if len(conf.Relays) == 0 || !outside(c.BounceDomain) {
		conf.BounceDomain = "" // nothing comes back from the world to what does not send into it
	}
	checks = append(checks, doctor.Run(ctx, conf)...)
	returned, err := a.checkReturned(ctx)
	return append(checks, returned...), err
}

// outside tells whether a host may be a name that the world knows.
func outside(host string) bool {
	_, err := netip.ParseAddr(host)
	return err != nil && strings.Contains(host, ".")
}

// clocks are those that ours is compared with.
func (a *app) clocks() []doctor.Clock {
	out := doctor.DatabaseClock(a.db)
	if !a.queue.Embedded() {
		out = append(out, doctor.RedisClock(a.queue.Redis()))
	}
	return out
}

// checkReturned looks at the ways in which mail comes back.
func (a *app) checkReturned(ctx context.Context) (checks []doctor.Check, err error) {
	c := a.config
	if c.InboundCert != "" {
		certificate, err := smtpd.LoadCertificate(c.InboundCert, c.InboundKey, a.log)
		if err != nil {
			checks = append(checks, doctor.NoCertificate(err))
		} else {
			checks = append(checks, doctor.Certificate(certificate.Current(), c.BounceDomain, time.Now))
		}
	}
	m, err := a.returned()
	if m == nil || err != nil {
		return checks, err
	}
	s, err := visits.StatusOf(ctx, a.db, m.Name())
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, returnedPatience)
	defer cancel()
	return append(checks, doctor.Mailbox(within, doctor.Returned{Name: m.Name(), Check: m.Check, Good: s.GoodAt, Fails: s.Fails, Fault: s.Fault})), nil
}

// returnedPatience is how long the mailbox of returned mail may take to answer.
const returnedPatience = 15 * time.Second

// selectors notes with which keys of ours a sender's mail is signed.
func (a *app) selectors(ctx context.Context, senders []doctor.Sender) error {
	keys, err := a.signing.List(ctx)
	if err != nil {
		return err
	}
	for i := range senders {
		s := &senders[i]
		for _, k := range keys {
			if k.State == signing.Signing && k.Stream == s.Stream && (k.Domain == s.Domain || strings.HasSuffix(s.Domain, "."+k.Domain)) {
				s.Keys = append(s.Keys, doctor.PublicKey{Domain: k.Domain, Selector: k.Selector})
			}
		}
	}
	return nil
}

func senders(list []brands.Brand) (out []doctor.Sender) {
	seen := map[string]bool{}
	for _, b := range list {
		for stream, address := range map[string]string{"marketing": b.FromEmail, "transactional": b.NoticeFrom()} {
			domain := address[strings.LastIndexByte(address, '@')+1:]
			if key := stream + domain; !seen[key] {
				seen[key] = true
				out = append(out, doctor.Sender{Stream: stream, Domain: domain})
			}
		}
	}
	return out
}

func (a *app) checkQueue(ctx context.Context) []doctor.Check {
	if !a.queue.Embedded() {
		return doctor.Redis(ctx, a.queue.Redis())
	}
	return doctor.Embedded(a.queue.Ping(ctx))
}

// aligns tells whether mail of the marketing stream with a From proves its domain: the return path or a key of ours is of it
// (compliance 20). It is nil where nothing leaves the machine.
func (a *app) aligns() func(ctx context.Context, from string) bool {
	if a.config.Marketing == nil {
		return nil
	}
	return func(ctx context.Context, from string) bool {
		if doctor.Aligned(from[strings.LastIndexByte(from, '@')+1:], a.config.BounceDomain, false) {
			return true
		}
		signer, err := a.signing.Signer(ctx, gate.StreamMarketing, from)
		return err == nil && signer != nil
	}
}
