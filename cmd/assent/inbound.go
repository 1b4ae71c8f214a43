package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"assent/workers/feedback"
	"assent/workers/inbound"
	"assent/workers/inbound/smtpd"
)

// feedback is where what comes back about mails changes something.
func (a *app) feedback() *feedback.Sink {
	return &feedback.Sink{DB: a.db, Now: a.config.Now, Log: a.log, People: a.people, Campaigns: a.mails, Outbox: a.outbox}
}

func (a *app) parser() *inbound.Parser {
	return &inbound.Parser{Domain: inbound.Domain{Keys: a.keyring, Name: a.config.BounceDomain}}
}

// receive takes in mail at ASSENT_INBOUND_ADDR until ctx ends; wait returns once the last mail is done with. Without the setting it does nothing.
func (a *app) receive(ctx context.Context) (wait func(), err error) {
	if a.config.InboundAddr == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", a.config.InboundAddr)
	if err != nil {
		return nil, fmt.Errorf("ASSENT_INBOUND_ADDR: cannot listen on %s: %w", a.config.InboundAddr, err)
	}
	// Many bounces at once cost few transactions.
	server := &smtpd.Server{Parser: a.parser(), Sink: inbound.NewGather(a.feedback(), 100, 5*time.Millisecond), Log: a.log, Now: a.config.Now}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ctx, listener); err != nil {
			a.log.Error("inbound mail is not taken in any more", "error", err)
		}
	}()
	return func() { <-done }, nil
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
