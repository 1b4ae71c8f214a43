package rights

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
)

// Service is the desk. All fields are required but Tell, Officers and Sections.
type Service struct {
	DB     *sqldb.DB
	Now    func() time.Time
	Keys   *tokens.Keyring
	People *preferences.Service
	// Tell tells other systems that a request is due or overdue.
	Tell func(ctx context.Context, tx *sqldb.Tx, event string, payload any) error
	// Officers are the staff who are told so by mail.
	Officers func(ctx context.Context) ([]Officer, error)
	// Sections are what other packages keep about a person, for the copy of their data.
	Sections []Section
}

// Officer is one member of staff.
type Officer struct{ Email, Name, Locale string }

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Kinds of service mail about requests; each names its template.
const (
	MailIdentity   = "rights_identity"
	MailReceived   = "rights_received"
	MailExport     = "rights_export"
	MailDone       = "rights_done"
	MailExtended   = "rights_extended"
	MailEscalation = "rights_escalation"
)

// Letter is the data of all of these mails.
type Letter struct {
	RequestID    string    `json:"request_id"`
	SubscriberID string    `json:"subscriber_id,omitempty"`
	Number       string    `json:"number"`
	Kind         Kind      `json:"kind"`
	Issued       time.Time `json:"issued"`
	Due          time.Time `json:"due,omitzero"`
	Note         string    `json:"note,omitempty"`
	Refused      bool      `json:"refused,omitempty"`
	Overdue      bool      `json:"overdue,omitempty"`
}

// Token is what the link of a letter carries.
func (l Letter) Token(keys *tokens.Keyring) string {
	return keys.Sign(tokens.Rights, tokens.Claims{Subject: l.SubscriberID, Source: l.RequestID, Issued: l.Issued})
}

// Input is a new request.
type Input struct {
	Kind         Kind
	SubscriberID string // or an address
	Email        string
	Detail       string
	Change       *Change
	Source       string
	Locale       string
	ReceivedAt   time.Time // zero: now
	Verified     string    // how staff know who asks; empty: a link is mailed to find out
}

// Receive takes a request. Unless it is known who asks, it waits for a link that is mailed to the address; asked for again
// within a day, the one that waits stands and no second mail goes (compliance 69).
func (s *Service) Receive(ctx context.Context, actor audit.Actor, in Input) (r *Request, err error) {
	now := s.now()
	if r, err = s.build(ctx, in, now); err != nil {
		return nil, err
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := hold(ctx, tx, in, r); err != nil {
			return err
		}
		waiting, err := scan(tx.QueryRowContext(ctx, "SELECT "+columns+` FROM data_requests WHERE address_key = $1 AND kind = $2 AND status = 'unconfirmed' AND created_at > $3
			ORDER BY created_at DESC LIMIT 1`, r.AddressKey, string(r.Kind), sqldb.Micros(now.Add(-24*time.Hour))))
		if err == nil && r.Status == Unconfirmed && same(waiting.Change, r.Change) {
			r = waiting
			return nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := enough(ctx, tx, r, now); err != nil {
			return err
		}
		if err := insert(ctx, tx, r); err != nil {
			return err
		}
		if err := s.step(ctx, tx, actor, r, "receive", map[string]any{"source": r.Source, "due_at": r.DueAt, "received_at": r.ReceivedAt}); err != nil {
			return err
		}
		switch {
		case r.Status != Unconfirmed:
			if err := s.step(ctx, tx, actor, r, "verify", nil); err != nil {
				return err
			}
			return s.mail(ctx, tx, r, MailReceived, Letter{Due: r.DueAt})
		case r.Source == SourceCentre && r.Kind == Access: // they asked for the link itself
			return s.mail(ctx, tx, r, MailExport, Letter{})
		}
		return s.mail(ctx, tx, r, MailIdentity, Letter{})
	})
	if err != nil {
		return nil, err
	}
	s.People.Outbox.Flush(ctx)
	return r, nil
}

// ErrMany is more requests for one address in a day than a person makes.
var ErrMany = problem.New(429, "There were several requests for this address today. Use the links in the mails that were sent, or try again tomorrow.")

// mostADay bounds the mails that who has a link, or knows an address, can have sent to it, whatever tag follows a plus sign in it.
const mostADay = 5

// askedQuery counts what was asked for a mailbox since an instant and is not confirmed: by its address, or by one with a tag, which
// begins with the name and a plus sign (a comma is what follows that) and ends with the domain.
const askedQuery = `SELECT count(*) FROM data_requests WHERE (address_key = $1 OR address_key >= $2 AND address_key < $3 AND substr(address_key, length(address_key) - length($4) + 1) = $4)
	AND created_at > $5 AND verified_at IS NULL`

func asked(key string, since time.Time) []any {
	folded := address.FoldPlus(key)
	at := max(0, strings.LastIndexByte(folded, '@'))
	return []any{folded, folded[:at] + "+", folded[:at] + ",", folded[at:], sqldb.Micros(since)}
}

func enough(ctx context.Context, tx *sqldb.Tx, r *Request, now time.Time) error {
	if r.Status != Unconfirmed || (r.Source != SourceCentre && r.Source != SourcePage) {
		return nil
	}
	var n int
	if err := tx.QueryRowContext(ctx, askedQuery, asked(r.AddressKey, now.Add(-24*time.Hour))...).Scan(&n); err != nil {
		return fmt.Errorf("rights: request: %w", err)
	}
	if n >= mostADay {
		return ErrMany
	}
	return nil
}

// hold keeps the person from being erased until the request is stored; of one who was erased since they were looked up,
// nothing may be stored any more.
func hold(ctx context.Context, tx *sqldb.Tx, in Input, r *Request) error {
	if r.SubscriberID == "" {
		return nil
	}
	var key string
	err := tx.QueryRowContext(ctx, "SELECT email_key FROM subscribers WHERE id = $1"+tx.Dialect().ForUpdate(), r.SubscriberID).Scan(&key)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("rights: request: %w", err)
	case in.SubscriberID != "":
		return preferences.ErrSubscriberNotFound
	}
	r.SubscriberID = "" // the address was typed anew
	return nil
}

func same(a, b *Change) bool { return a == b || (a != nil && b != nil && *a == *b) }

// Note records a request that was carried out in the moment in which it was made, in the preference centre.
func (s *Service) Note(ctx context.Context, actor audit.Actor, in Input) error {
	now := s.now()
	r, err := s.build(ctx, in, now)
	if err != nil {
		return err
	}
	r.Status, r.VerifiedAt, r.VerifiedBy, r.ClosedAt = Done, now, "link", now
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := hold(ctx, tx, in, r); err != nil {
			return err
		}
		if err := insert(ctx, tx, r); err != nil {
			return err
		}
		if err := s.step(ctx, tx, actor, r, "receive", map[string]any{"source": r.Source}); err != nil {
			return err
		}
		return s.step(ctx, tx, actor, r, "done", nil)
	})
}

const (
	maxDetail = 10000
	maxName   = 255
)

func (s *Service) build(ctx context.Context, in Input, now time.Time) (*Request, error) {
	r := &Request{ID: sqldb.NewID(), Number: newNumber(), Kind: in.Kind, Status: Unconfirmed, Source: in.Source, Change: in.Change, Locale: in.Locale, ReceivedAt: in.ReceivedAt.UTC().Truncate(time.Microsecond), CreatedAt: now, UpdatedAt: now}
	var bad problem.Collector
	if !in.Kind.known() {
		bad.Add("kind", "must be access, portability, rectification, erasure, restriction, objection or complaint")
	}
	r.Detail = text(&bad, "detail", in.Detail, maxDetail)
	r.VerifiedBy = text(&bad, "verified_by", in.Verified, maxName)
	if r.VerifiedBy != "" {
		r.Status, r.VerifiedAt = Open, now
	}
	if in.ReceivedAt.IsZero() {
		r.ReceivedAt = now
	} else if in.ReceivedAt.After(now.Add(5 * time.Minute)) {
		bad.Add("received_at", "must not be in the future")
	}
	r.DueAt = Due(r.ReceivedAt, 1)
	if err := s.whose(ctx, &bad, in, r); err != nil {
		return nil, err
	}
	return r, bad.Err()
}

// whose finds the person, or at least the address.
func (s *Service) whose(ctx context.Context, bad *problem.Collector, in Input, r *Request) (err error) {
	var sub *preferences.Subscriber
	if in.SubscriberID != "" {
		if sub, err = s.People.Subscriber(ctx, s.DB, in.SubscriberID); err != nil {
			return err
		}
	} else {
		parsed, err := address.Parse(strings.TrimSpace(in.Email))
		if err != nil {
			bad.Add("email", "is not an e-mail address")
			return nil
		}
		r.Email, r.AddressKey = parsed.Display, parsed.Key
		if sub, err = s.People.SubscriberByKey(ctx, s.DB, parsed.Key); errors.Is(err, preferences.ErrSubscriberNotFound) {
			return nil
		} else if err != nil {
			return err
		}
	}
	r.SubscriberID, r.Email, r.AddressKey = sub.ID, sub.Email, sub.EmailKey
	if r.Locale == "" || in.Source != SourcePage {
		if sub.Locale != "" {
			r.Locale = sub.Locale
		}
	}
	return nil
}

// step records what was done in the audit log. It never holds who it is about.
func (s *Service) step(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, r *Request, action string, after map[string]any) error {
	if after == nil {
		after = map[string]any{}
	}
	after["kind"], after["status"], after["number"] = r.Kind, r.Status, r.Number
	if actor.Kind == audit.KindRecipient {
		actor.ID, actor.IP = "", "" // the entry outlives the person
	}
	return audit.Record(ctx, tx, s.now(), actor, "data_request."+action, audit.Object("data_request", r.ID), nil, after)
}

// mail queues a letter to the person. Their name is not in it before it is known that it is they who ask.
func (s *Service) mail(ctx context.Context, tx *sqldb.Tx, r *Request, kind string, l Letter) error {
	if r.Email == "" {
		return nil
	}
	name := ""
	if r.SubscriberID != "" && r.Status != Unconfirmed {
		sub, err := s.People.Subscriber(ctx, tx, r.SubscriberID)
		if err != nil && !errors.Is(err, preferences.ErrSubscriberNotFound) {
			return err
		}
		if sub != nil {
			name = sub.Name()
		}
	}
	l.RequestID, l.SubscriberID, l.Number, l.Kind, l.Issued = r.ID, r.SubscriberID, r.Number, r.Kind, s.now()
	_, err := s.People.Outbox.Queue(ctx, tx, s.now(), preferences.ServiceMail{Kind: kind, Reference: "data-request:" + r.ID, SubscriberID: r.SubscriberID, Email: r.Email, Name: name, Locale: r.Locale, Data: l})
	return err
}

// Forget removes who asked, for when that person is erased. What is still running ends with it.
func (s *Service) Forget(ctx context.Context, tx *sqldb.Tx, sub *preferences.Subscriber) error {
	_, err := tx.ExecContext(ctx, `UPDATE data_requests SET status = CASE WHEN status IN ('unconfirmed', 'open', 'in_progress') THEN 'withdrawn' ELSE status END, closed_at = coalesce(closed_at, CAST($1 AS BIGINT)),
		subscriber_id = NULL, email = '', address_key = '', detail = '', change = '', answer = '', extended = '', verified_by = '' WHERE address_key = $2 OR subscriber_id = $3`,
		sqldb.Micros(s.now()), sub.EmailKey, sub.ID)
	if err != nil {
		return fmt.Errorf("rights: forget: %w", err)
	}
	return nil
}
