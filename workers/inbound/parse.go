package inbound

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"assent/preferences/tokens"
	"assent/workers/inbound/arf"
	"assent/workers/inbound/dsn"
	"assent/workers/inbound/parts"
)

// Parser reads mails into events. It keeps no state and is safe for concurrent
// use.
type Parser struct {
	Domain Domain
	Limits parts.Limits
}

// Envelope is what is known of a mail beside its content.
type Envelope struct {
	From  string   // MAIL FROM, "" for the null sender
	To    []string // RCPT TO
	Known bool     // false: read from a file or mailbox, so From and To are taken from the header
	At    time.Time
	// Provider names the way it came: smtp, imap, file.
	Provider string
}

// ErrBroken says that a mail could not be read at all. It will not be better
// when it comes again.
var ErrBroken = errors.New("inbound: mail cannot be read")

// maxTo bounds the recipients of one mail that are looked at.
const maxTo = 20

// Parse reads one mail. A mail that is understood to be nothing of ours yields
// one event of kind Unknown; an error is one of reading r, or ErrBroken.
func (p *Parser) Parse(r io.Reader, env Envelope) (events []Event, err error) {
	// The libraries below have met less hostile mail than we will. One that
	// gives up must not take the process with it.
	defer func() {
		if v := recover(); v != nil {
			events, err = nil, fmt.Errorf("%w: %v", ErrBroken, v)
		}
	}()
	return p.parse(r, env)
}

func (p *Parser) parse(r io.Reader, env Envelope) ([]Event, error) {
	var raw *head
	if !env.Known || p.Domain.tried(env.To) {
		raw = &head{}
		r = io.TeeReader(r, raw)
	}
	m, err := parts.Read(r, p.Limits)
	if errors.Is(err, parts.ErrEmpty) {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	} else if err != nil {
		return nil, err
	}
	c := mail{domain: p.Domain, m: m, env: env, raw: raw}
	c.address()
	events := c.events()
	for i := range events {
		e := &events[i]
		e.Provider, e.At = env.Provider, env.At
		e.ProviderEventID = c.eventID(*e)
	}
	return events, nil
}

// mail is one mail under way.
type mail struct {
	domain   Domain
	m        *parts.Message
	env      Envelope
	raw      *head // nil where it cannot be a test mail
	null     bool
	feedback bool
	returns  []tokens.Claims // signed return paths it was sent to
	stops    []tokens.Claims // signed unsubscribe addresses it was sent to
}

// address finds out to which of our addresses the mail was sent.
func (c *mail) address() {
	to := c.env.To
	c.null = c.env.From == "" || c.env.From == "<>"
	if !c.env.Known {
		to = headerAddresses(c.m.Header)
		rp := strings.TrimSpace(c.m.Header.Get("Return-Path"))
		c.null = rp == "<>" || strings.EqualFold(rp, "<MAILER-DAEMON>")
	}
	for _, addr := range to[:min(len(to), maxTo)] {
		a, ok := c.domain.Address(addr)
		switch {
		case !ok:
		case a.Feedback:
			c.feedback = true
		case a.Purpose == tokens.Return:
			c.returns = append(c.returns, a.Claims)
		case a.Purpose == tokens.Unsubscribe:
			c.stops = append(c.stops, a.Claims)
		}
	}
}

// headerAddresses are the recipients that the header tells of, those that the
// receiving server noted first.
func headerAddresses(h parts.Header) []string {
	var out []string
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "To", "Cc"} {
		for _, v := range h.Values(name) {
			for a := range strings.FieldsFuncSeq(v, func(r rune) bool { return strings.ContainsRune(" ,;<>\"\t", r) }) {
				if strings.Contains(a, "@") && len(out) < maxTo {
					out = append(out, a)
				}
			}
		}
	}
	return out
}

// events reads the mail as each kind in turn. Machines' reports come first:
// they quote mails of ours, whose words must not be taken for a person's.
func (c *mail) events() []Event {
	if e, ok := c.tried(); ok {
		return []Event{e}
	}
	if r, ok := arf.Parse(c.m); ok {
		return []Event{c.complaint(r)}
	}
	if reports := dsn.Parse(c.m, c.null); len(reports) > 0 {
		return c.bounces(reports)
	}
	if c.feedback {
		if r, ok := arf.Forwarded(c.m); ok {
			if e := c.complaint(r); e.Proof != "" {
				return []Event{e}
			}
		}
	}
	class, automatic := automatic(c.m)
	if automatic && (len(c.stops) == 0 || answered(c.m)) {
		return []Event{c.answer(class)}
	}
	if events := c.unsubscribes(); len(events) > 0 {
		return events
	}
	e := Event{Kind: Unknown, Text: c.summary()}
	c.prove(&e, tokens.Return)
	return []Event{e}
}

// bounces makes one event for each person the mail was sent back about.
func (c *mail) bounces(reports []dsn.Report) []Event {
	r := worst(reports)
	e := Event{Kind: Bounce, Class: r.Class, Code: r.Status, Reply: r.Reply, Text: r.Text, Recipient: r.Recipient, Agent: r.Agent}
	switch r.Action {
	case dsn.Delayed:
		e.Kind = Delayed
	case dsn.Delivered, dsn.Relayed, dsn.Expanded:
		e.Kind, e.Class = Unknown, ""
	}
	e.MessageID = c.originalID()
	if len(c.returns) < 2 {
		c.prove(&e, tokens.Return)
		return []Event{e}
	}
	var out []Event
	for _, claims := range c.returns {
		e.Proof, e.Claims = ByReturnPath, claims
		out = append(out, e)
	}
	return out
}

// worst picks the report that stands for a mail to one person: a failure before
// a delay before a success. An address that forwards to several has not failed
// hard while one of them works or fails in a milder way.
func worst(reports []dsn.Report) dsn.Report {
	var best dsn.Report
	rank, works := 0, false
	for _, r := range reports {
		n := 1
		switch r.Action {
		case dsn.Delivered, dsn.Relayed, dsn.Expanded:
			works = true
		case dsn.Delayed:
			n = 2
		case dsn.Failed:
			n = 4
			if r.Class == dsn.Hard {
				n = 3
			}
		}
		if n > rank {
			best, rank = r, n
		}
	}
	if works && best.Action == dsn.Failed && best.Class == dsn.Hard {
		best.Class = dsn.Soft
	}
	return best
}

func (c *mail) complaint(r arf.Report) Event {
	e := Event{Kind: Complaint, Recipient: r.Recipient, Agent: r.Reporter, Text: string(r.Type), MessageID: c.originalID()}
	switch r.Type {
	case arf.OptOut, arf.OptOutList:
		e.Kind = Unsubscribe
	case arf.NotSpam:
		e.Kind, e.Class = Unknown, NotSpam
	case arf.AuthFailure, arf.DMARC, arf.Virus, arf.Miscellaneous, arf.Other:
		e.Kind = Unknown
	}
	if claims, ok := c.domain.find(tokens.Return, r.MailFrom); ok {
		e.Proof, e.Claims = ByReturnPath, claims
		return e
	}
	c.prove(&e, tokens.Return)
	if e.Proof == "" {
		if claims, ok := c.domain.findToken(c.originalText()); ok {
			e.Proof, e.Claims = ByUnsubscribe, claims
		}
	}
	return e
}

func (c *mail) answer(class Class) Event {
	e := Event{Kind: AutoReply, Class: class, Text: c.summary()}
	c.prove(&e, tokens.Return)
	return e
}

// prove looks for our signature: the address the mail was sent to, then the
// fields in which servers keep it, then the mail of ours that it embeds.
func (c *mail) prove(e *Event, p tokens.Purpose) {
	if p == tokens.Return && len(c.returns) > 0 {
		e.Proof, e.Claims = ByReturnPath, c.returns[0]
		return
	}
	if claims, ok := c.domain.find(p, c.originalText()); ok {
		e.Proof, e.Claims = ByReturnPath, claims
	}
}

// originalText is the header of our mail that this one embeds; or, where it is
// quoted in the text, the text.
func (c *mail) originalText() string {
	h, ok := c.m.Original()
	if !ok {
		return c.m.Body()
	}
	var b strings.Builder
	h.Each(func(name, value string) {
		switch strings.ToLower(name) {
		case "return-path", "list-unsubscribe", "x-original-mail-from", "errors-to", "received", "x-envelope-from", "sender", "x-mailfrom":
			b.WriteString(value)
			b.WriteByte('\n')
		}
	})
	return b.String()
}

// originalID is the Message-ID of our mail that this one speaks of.
func (c *mail) originalID() string {
	if h, ok := c.m.Original(); ok {
		if id := bareID(h.Get("Message-Id")); id != "" {
			return id
		}
	}
	for line := range strings.Lines(c.m.Body()) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if ok && strings.EqualFold(strings.Trim(name, " >"), "message-id") {
			if id := bareID(value); id != "" {
				return id
			}
		}
	}
	if ref := c.m.Header.Get("In-Reply-To"); ref != "" {
		return bareID(ref)
	}
	return ""
}

func bareID(v string) string {
	_, v, ok := strings.Cut(v, "<")
	if !ok {
		return ""
	}
	v, _, ok = strings.Cut(v, ">")
	if !ok || len(v) > 250 || !strings.Contains(v, "@") || strings.ContainsAny(v, " \t\r\n") {
		return ""
	}
	return parts.Plain(v, 250)
}

// summary is what a person needs to see of a mail that changes nothing.
func (c *mail) summary() string {
	return parts.Plain(c.m.Header.Text("Subject")+" | "+c.m.Body(), 500)
}

// eventID is the same for a mail that is handed in twice, as a queue does that
// lost the answer. A mail without Message-ID is known by its date and text; one
// without a date either by the day it came, so that a full mailbox which is
// reported in the same words on another day counts again. What it says of the
// mail tells reports of one mail apart: a hard bounce may follow a soft one.
func (c *mail) eventID(e Event) string {
	h := sha256.New()
	id, date := c.m.Header.Get("Message-Id"), c.m.Header.Get("Date")
	if id == "" {
		id = c.m.Header.Get("Subject") + "\n" + c.m.Body()
		if date == "" {
			date = c.env.At.UTC().Format(time.DateOnly)
		}
	}
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s", e.Kind, e.Class, e.Code, e.Claims.Subject, e.Claims.Source, e.MessageID, e.Recipient, c.m.Header.Get("From"), date, id)
	return "mail-" + hex.EncodeToString(h.Sum(nil)[:16])
}
