package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"assent/workers/inbound"
)

// Mailbox is a mailbox to fetch from. Parser and Sink are required.
type Mailbox struct {
	Parser *inbound.Parser
	Sink   inbound.Sink
	TLS    *tls.Config // nil for the system's roots
	Log    *slog.Logger
	Now    func() time.Time

	source source
}

// New is a mailbox at
// imaps://user:password@host/FOLDER?move=FOLDER&every=1m (imap:// for STARTTLS).
func New(url string, p *inbound.Parser, sink inbound.Sink) (*Mailbox, error) {
	s, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	return &Mailbox{Parser: p, Sink: sink, source: s, Log: slog.New(slog.DiscardHandler), Now: time.Now}, nil
}

const (
	// maxMail is how much of a mail is fetched: what the parser reads.
	maxMail = 2 << 20
	// maxRound bounds the mails of one visit.
	maxRound = 1_000
	// maxSet bounds the mails whose events are applied together.
	maxSet = 100
	// maxVisit bounds the time of one visit.
	maxVisit = 10 * time.Minute
)

// Name is where the mailbox is, without its user and password.
func (m *Mailbox) Name() string { return m.source.host + "/" + m.source.folder }

// Every is the time between two visits.
func (m *Mailbox) Every() time.Duration { return m.source.every }

// Check signs in and opens the folder, reads nothing and changes nothing. It returns how many unseen mails wait.
func (m *Mailbox) Check(ctx context.Context) (waiting int, err error) {
	c, err := m.open(ctx, false)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	found, err := c.UIDSearch(unseen, nil).Wait()
	if err != nil {
		return 0, fmt.Errorf("fetch: searching: %w", err)
	}
	_ = c.Logout().Wait()
	return len(found.AllUIDs()), nil
}

// Check reads whether url is one of a mailbox. Its error quotes no part that may hold a password.
func Check(url string) error {
	_, err := parseURL(url)
	return err
}

var unseen = &imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen, imap.FlagDeleted}}

// Once visits the mailbox and reads up to 1,000 unseen mails, in sets. It
// returns how many were dealt with, also beside an error.
func (m *Mailbox) Once(ctx context.Context) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxVisit)
	defer cancel()
	c, err := m.open(ctx, true)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()

	found, err := c.UIDSearch(unseen, nil).Wait()
	if err != nil {
		return 0, fmt.Errorf("fetch: searching: %w", err)
	}
	uids := found.AllUIDs()
	for set := range slices.Chunk(uids[:min(len(uids), maxRound)], maxSet) {
		done, fault := m.set(ctx, c, set)
		n += done
		if err = errors.Join(err, fault); fault != nil && done == 0 {
			return n, err
		}
	}
	_ = c.Logout().Wait()
	return n, err
}

// open connects, signs in and selects the folder; to change what is in it, if that is asked for.
func (m *Mailbox) open(ctx context.Context, change bool) (*imapclient.Client, error) {
	s := m.source
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.TLS != nil {
		conf = m.TLS.Clone()
	}
	if conf.ServerName == "" {
		conf.ServerName = s.host
	}
	conn, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	var c *imapclient.Client
	switch s.security {
	case implicitTLS:
		secure := tls.Client(conn, conf)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("fetch: TLS: %w", err)
		}
		c = imapclient.New(secure, nil)
	case startTLS:
		// Closing on the way out keeps a server that says nothing from holding us.
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		c, err = imapclient.NewStartTLS(conn, &imapclient.Options{TLSConfig: conf})
		stop()
		if err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("fetch: STARTTLS: %w", err)
		}
	case noTLS:
		c = imapclient.New(conn, nil)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if err := c.Login(s.user, s.password).Wait(); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("fetch: signing in: %w", err)
	}
	if s.moveTo != "" && change {
		_ = c.Create(s.moveTo, nil).Wait() // it is usually there
	}
	if _, err := c.Select(s.folder, &imap.SelectOptions{ReadOnly: !change}).Wait(); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("fetch: opening %s: %w", s.folder, err)
	}
	return c, nil
}

// letter is a mail and what it says.
type letter struct {
	uid    imap.UID
	events []inbound.Event
}

// set reads mails, makes their events durable in one call, and only then puts them aside. It returns how many were; those whose
// events were not applied stay as they are.
func (m *Mailbox) set(ctx context.Context, c *imapclient.Client, uids []imap.UID) (n int, err error) {
	letters, err := m.read(c, imap.UIDSetNum(uids...))
	if err != nil {
		return 0, err
	}
	events := make([][]inbound.Event, len(letters))
	for i, l := range letters {
		events[i] = l.events
	}
	var done imap.UIDSet
	for i, fault := range inbound.ApplySet(ctx, m.Sink, events) {
		if fault != nil {
			err = fmt.Errorf("fetch: storing events: %w", fault)
			continue
		}
		done.AddNum(letters[i].uid)
		n++
	}
	if n > 0 {
		if fault := m.aside(c, done); fault != nil {
			return 0, fault
		}
	}
	return n, err
}

// read reads the mails one after the other, so that one is in memory at a time.
func (m *Mailbox) read(c *imapclient.Client, set imap.UIDSet) (out []letter, err error) {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: maxMail}}
	cmd := c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
	defer func() {
		if fault := cmd.Close(); fault != nil {
			out, err = nil, fmt.Errorf("fetch: reading mails: %w", fault)
		}
	}()
	for mail := cmd.Next(); mail != nil; mail = cmd.Next() {
		got, err := mail.Collect()
		if err != nil {
			return nil, fmt.Errorf("fetch: reading a mail: %w", err)
		}
		if len(got.BodySection) == 0 {
			continue // told about, but not shown
		}
		body := got.BodySection[0].Bytes
		l := letter{uid: got.UID}
		l.events, err = m.Parser.Parse(bytes.NewReader(body), inbound.Envelope{At: m.Now().UTC().Truncate(time.Microsecond), Provider: "imap"})
		switch {
		case errors.Is(err, inbound.ErrBroken):
			m.Log.Warn("inbound mail cannot be read", "uid", l.uid, "err", err)
		case err != nil:
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// aside marks mails as seen and moves them, where the server can move some
// without touching others that are marked as deleted.
func (m *Mailbox) aside(c *imapclient.Client, set imap.UIDSet) error {
	seen := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}
	if err := c.Store(set, seen, nil).Close(); err != nil {
		return fmt.Errorf("fetch: marking mails as seen: %w", err)
	}
	caps := c.Caps()
	if m.source.moveTo == "" || !caps.Has(imap.CapMove) && !caps.Has(imap.CapUIDPlus) {
		return nil
	}
	if _, err := c.Move(set, m.source.moveTo).Wait(); err != nil {
		return fmt.Errorf("fetch: moving mails: %w", err)
	}
	return nil
}
