package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
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
	return &feedback.Sink{DB: a.db, Now: a.config.Now, Log: a.log, People: a.people, Campaigns: a.mails, Outbox: a.outbox, Soft: a.config.SoftBounces, Tell: a.tellAlert}
}

// webhooks are the calls of mail providers.
func (a *app) webhooks() *feedback.Webhooks {
	return &feedback.Webhooks{Sink: a.feedback(), Gather: a.sink(), Domain: a.parser().Domain, Seal: a.keyring.Derive("providers")}
}

func (a *app) parser() *inbound.Parser {
	return &inbound.Parser{Domain: inbound.Domain{Keys: a.keyring, Name: a.config.BounceDomain}}
}

// maxMail is how much of a mail from standard input is read: what the parser reads.
const maxMail = 2 << 20

// maxSet is how many returned mails are applied together.
const maxSet = 500

// sink is the feedback of mails and calls that come one by one: many at once cost few transactions, and these take a third of the time
// at most. All ways in share it.
func (a *app) sink() inbound.Sink {
	a.sinkOnce.Do(func() { a.gathered = inbound.NewGather(a.feedback(), maxSet, 2) })
	return a.gathered
}

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
	m, err := fetch.New(a.config.IMAPURL.Reveal(), a.parser(), a.sink())
	if err != nil {
		return nil, fmt.Errorf("ASSENT_IMAP_URL: %w", err)
	}
	m.Log, m.Now = a.log, a.config.Now
	return m, nil
}

type inboundCmd struct {
	JSON bool `help:"Print what was understood as JSON."`
}

// understood is an event as it is printed.
type understood struct {
	Kind         inbound.Kind   `json:"kind"`
	Class        inbound.Class  `json:"class,omitempty"`
	Code         string         `json:"code,omitempty"`
	Reply        int            `json:"reply,omitempty"`
	Text         string         `json:"text"`
	Effect       inbound.Effect `json:"effect"`
	Proof        inbound.Proof  `json:"proof,omitempty"`
	SubscriberID string         `json:"subscriber_id,omitempty"`
	SourceID     string         `json:"source_id,omitempty"` // of the campaign or message
	Recipient    string         `json:"recipient,omitempty"`
	MessageID    string         `json:"message_id,omitempty"`
	Agent        string         `json:"agent,omitempty"`
}

// Help tells what the flags do not.
func (*inboundCmd) Help() string {
	return "Standard input is one mail, as a mail server pipes it, or an mbox file of many. Whom a mail is about follows from the signed address " +
		"that it was sent to, so the server must note that in Delivered-To, X-Original-To, Envelope-To or To. " +
		"What cannot be stored for now ends with 1; a pipe whose mail server should try again is: assent inbound || exit 75"
}

// Run reads mails from standard input, and makes what they say durable in sets.
func (c *inboundCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	parser, sink := a.parser(), a.feedback()
	var set [][]inbound.Event
	applied := []understood{} // for c.JSON
	var failed error
	store := func() {
		for i, err := range inbound.ApplySet(ctx, sink, set) {
			switch {
			case err != nil:
				failed = err
			case c.JSON:
				for _, e := range set[i] {
					applied = append(applied, understood{e.Kind, e.Class, e.Code, e.Reply, e.Text, e.Effect(), e.Proof, e.Claims.Subject, e.Claims.Source, e.Recipient, e.MessageID, e.Agent})
				}
			default:
				for _, e := range set[i] {
					fmt.Fprintf(t.out, "%s: %s\n", strings.Join(strings.Fields(fmt.Sprint(e.Kind, " ", e.Class, " ", e.Code)), " "), e.Effect())
				}
			}
		}
		set = set[:0]
	}
	mails, broken := 0, 0
	for mail, err := range inbound.Mails(t.in, maxMail) {
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		mails++
		events, err := parser.Parse(bytes.NewReader(mail), inbound.Envelope{At: cfg.Now(), Provider: "file"})
		if err != nil {
			broken++
			continue
		}
		if set = append(set, events); len(set) == maxSet {
			store()
		}
	}
	store()
	if c.JSON {
		if err := t.json(applied); err != nil {
			return err
		}
	}
	switch {
	case failed != nil:
		return failed
	case mails == 0:
		return errors.New("there is no mail on standard input")
	case broken > 0:
		return fmt.Errorf("%d of %d mails cannot be read", broken, mails)
	}
	return nil
}
