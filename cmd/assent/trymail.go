package main

import (
	"context"
	"net"
	"time"

	"assent/campaigns/brands"
	"assent/preferences/gate"
	"assent/templates/locale"
	"assent/workers/doctor"
	"assent/workers/mailbox"
	"assent/workers/message"
	"assent/workers/probe"
	"assent/workers/transport"
)

// tryPatience is how long a test mail may take to come back.
const tryPatience = 30 * time.Second

// tryMail sends one mail of each stream as the brand default does, and tells what arrives.
func (a *app) tryMail(ctx context.Context, to string) ([]doctor.Check, error) {
	c := a.config
	brand, err := brands.Get(ctx, a.db, brands.Default)
	if err != nil {
		return nil, err
	}
	settings, err := a.people.Site.Get(ctx)
	if err != nil {
		return nil, err
	}
	s := &probe.Sender{DB: a.db, Now: c.Now, Links: a.links, Locale: locale.Get(settings.DefaultLocale), Resolver: net.DefaultResolver, Facts: a.people.TransactionalFacts, Sign: a.signing.Signer,
		Returns: c.InboundAddr != "" || c.IMAPURL != "", Patience: tryPatience}
	var ways []probe.Way
	for _, w := range []struct {
		relay  *Relay
		stream gate.Stream
		from   string
	}{{c.Marketing, gate.StreamMarketing, brand.FromEmail}, {c.Transactional, gate.StreamTransactional, brand.NoticeFrom()}} {
		way := probe.Way{Stream: w.stream, From: message.Address{Name: brand.FromName, Email: w.from}, ReplyTo: brand.ReplyTo}
		if way.Transport, err = a.transport(w.relay, w.stream); err != nil {
			return nil, err
		}
		if w.relay == nil {
			way.Read = a.keptMail
		} else {
			defer func(t transport.Transport) {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
				defer cancel()
				_ = t.Close(ctx) // what was said is known
			}(way.Transport)
		}
		ways = append(ways, way)
	}
	return s.Run(ctx, to, ways...)
}

// keptMail is a mail of the built-in mailbox by its delivery.
func (a *app) keptMail(ctx context.Context, id string) ([]byte, error) {
	list, err := a.mailbox.List(ctx, mailbox.Query{Limit: 50})
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if m.Delivery == id {
			_, raw, err := a.mailbox.Get(ctx, m.ID)
			return raw, err
		}
	}
	return nil, mailbox.ErrNotFound
}
