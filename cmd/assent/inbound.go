package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"assent/preferences/sqldb"
	"assent/workers/feedback"
	"assent/workers/inbound"
	"assent/workers/inbound/fetch"
	"assent/workers/inbound/smtpd"
	"assent/workers/inbound/visits"
)

// feedback is where what comes back about mails changes something.
func (a *app) feedback() *feedback.Sink {
	return &feedback.Sink{DB: a.db, Now: a.config.Now, Log: a.log, People: a.people, Campaigns: a.mails, Outbox: a.outbox, Tell: a.tellAlert}
}

func (a *app) parser() *inbound.Parser {
	return &inbound.Parser{Domain: inbound.Domain{Keys: a.keyring, Name: a.config.BounceDomain}}
}

// sink is the feedback of mails that come one by one: many at once cost few transactions, and these take a third of the time at most.
func (a *app) sink() inbound.Sink { return inbound.NewGather(a.feedback(), 500, 2) }

// receive takes mail in at ASSENT_INBOUND_ADDR and out of the mailbox of ASSENT_IMAP_URL until ctx ends; wait returns once the last
// mail is done with. Without the settings it does nothing.
func (a *app) receive(ctx context.Context) (wait func(), err error) {
	var running sync.WaitGroup
	if err := a.listenInbound(ctx, &running); err != nil {
		return nil, err
	}
	m, err := a.returned()
	if err != nil {
		return nil, err
	}
	if m != nil {
		turns := &visits.Turns{DB: a.db, Log: a.log, Holder: sqldb.NewID()}
		running.Go(func() { turns.Run(ctx, m) })
	}
	return running.Wait, nil
}

func (a *app) listenInbound(ctx context.Context, running *sync.WaitGroup) error {
	if a.config.InboundAddr == "" {
		return nil
	}
	listener, err := net.Listen("tcp", a.config.InboundAddr)
	if err != nil {
		return fmt.Errorf("ASSENT_INBOUND_ADDR: cannot listen on %s: %w", a.config.InboundAddr, err)
	}
	return a.takeIn(ctx, listener, running)
}

// takeIn serves returned mail until ctx ends.
func (a *app) takeIn(ctx context.Context, listener net.Listener, running *sync.WaitGroup) error {
	c := a.config
	server := &smtpd.Server{Parser: a.parser(), Sink: a.sink(), Log: a.log, Now: c.Now}
	if c.InboundCert != "" {
		certificate, err := smtpd.LoadCertificate(c.InboundCert, c.InboundKey, a.log)
		if err != nil {
			_ = listener.Close()
			return fmt.Errorf("ASSENT_INBOUND_TLS_CERT, ASSENT_INBOUND_TLS_KEY: %w", err)
		}
		server.TLS = certificate.Config()
	}
	running.Go(func() {
		if err := server.Serve(ctx, listener); err != nil {
			a.log.Error("inbound mail is not taken in any more", "error", err)
		}
	})
	return nil
}

// returned is the mailbox of ASSENT_IMAP_URL, nil without one.
func (a *app) returned() (*fetch.Mailbox, error) {
	if a.config.IMAPURL == "" {
		return nil, nil
	}
	m, err := fetch.New(a.config.IMAPURL.Reveal(), a.parser(), a.feedback())
	if err != nil {
		return nil, fmt.Errorf("ASSENT_IMAP_URL: %w", err)
	}
	m.Log, m.Now = a.log, a.config.Now
	return m, nil
}

type inboundCmd struct {
	JSON bool `help:"Print what was understood as JSON."`
}

// Run reads one mail from standard input, as a mail server's pipe gives it.
func (c *inboundCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	events, err := a.parser().Parse(bufio.NewReader(t.in), inbound.Envelope{At: cfg.Now(), Provider: "file"})
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := a.feedback().Apply(ctx, events); err != nil {
		return err
	}
	if c.JSON {
		return t.json(events)
	}
	for _, e := range events {
		fmt.Fprintf(t.out, "%s %s %s: %s\n", e.Kind, e.Class, e.Code, e.Effect())
	}
	return nil
}
