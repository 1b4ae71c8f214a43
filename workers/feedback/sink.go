package feedback

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"assent/campaigns"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/workers/brakes"
	"assent/workers/inbound"
	"assent/workers/probe"
)

// Sink applies events. All fields but Soft and Tell are required.
type Sink struct {
	DB        *sqldb.DB
	Now       func() time.Time
	Log       *slog.Logger
	People    *preferences.Service
	Campaigns *campaigns.Service
	Outbox    *outbox.Store
	Soft      brakes.SoftRule // when soft bounces end in suppression; zero: [brakes.DefaultSoftRule]
	// Tell lets the staff know of an alert, in the transaction that keeps it.
	Tell func(ctx context.Context, tx *sqldb.Tx, a campaigns.Alert) error
}

var _ inbound.Sink = (*Sink)(nil)

// subject is whom and what an event is about.
type subject struct {
	sub      *preferences.Subscriber // nil: the person is erased or was never known
	email    string
	key      string // of the address
	campaign *campaigns.Campaign
	message  *outbox.Message
}

func (s *subject) source() string {
	switch {
	case s.campaign != nil:
		return s.campaign.ID
	case s.message != nil:
		return s.message.ID
	}
	return ""
}

// most is how many bounces one transaction applies.
const most = 500

// Apply draws the conclusions of each event once. What it does is safe to do again, so an event that fails in the middle comes
// again and is finished. Many plain bounces cost one transaction.
func (s *Sink) Apply(ctx context.Context, events []inbound.Event) error {
	var many, others []inbound.Event
	for _, e := range events {
		if plain(e) {
			many = append(many, e)
		} else {
			others = append(others, e)
		}
	}
	for set := range slices.Chunk(many, most) {
		rest, err := s.flood(ctx, set)
		if err != nil {
			return fmt.Errorf("feedback: %w", err)
		}
		others = append(others, rest...)
	}
	seen, err := s.seen(ctx, s.DB, others)
	if err != nil {
		return fmt.Errorf("feedback: %w", err)
	}
	for _, e := range others {
		id := ident{e.Provider, e.ProviderEventID}
		if e.ProviderEventID != "" && seen[id] {
			continue
		}
		seen[id] = true
		if err := s.apply(ctx, e); err != nil {
			return fmt.Errorf("feedback: %w", err)
		}
	}
	return nil
}

func (s *Sink) apply(ctx context.Context, e inbound.Event) error {
	if e.Kind == inbound.TestMail {
		return probe.Arrived(ctx, s.DB, e.Claims.Subject, e.Raw, s.Now())
	}
	about, err := s.find(ctx, e)
	if err != nil {
		return err
	}
	effect := e.Effect()
	if err := s.effect(ctx, e, effect, about); err != nil {
		return err
	}
	if err := s.keep(ctx, e, effect, about); err != nil || effect != inbound.Brake || about.campaign == nil {
		return err
	}
	return s.refused(ctx, about.campaign.ID, note(e))
}

func (s *Sink) effect(ctx context.Context, e inbound.Event, effect inbound.Effect, about subject) error {
	switch effect {
	case inbound.Suppress:
		return s.bounced(ctx, e, about)
	case inbound.Count:
		return s.soft(ctx, e, about)
	case inbound.Brake:
		s.Log.Warn("mail was refused by policy", "code", e.Code, "source", about.source())
		return nil
	case inbound.Complain:
		return s.complained(ctx, e, about)
	case inbound.Withdraw:
		return s.withdraw(ctx, e, about)
	}
	return nil
}

// find leads from the signed address, else from the Message-ID or the address that a trusted provider names, to person and mail.
func (s *Sink) find(ctx context.Context, e inbound.Event) (about subject, err error) {
	if e.Proof == "" {
		return about, nil
	}
	subscriber, source := e.Claims.Subject, e.Claims.Source
	if source == "" {
		if id := mailID(e); id != "" {
			if subscriber, source, err = s.delivery(ctx, id); err != nil {
				return about, err
			}
			if source == "" {
				source = id
			}
		}
	}
	if source != "" {
		if about.campaign, err = s.Campaigns.Get(ctx, s.DB, source); err != nil && !errors.Is(err, campaigns.ErrNotFound) {
			return about, err
		}
		if about.campaign == nil {
			if about.message, err = s.Outbox.Get(ctx, s.DB, source); err != nil && !errors.Is(err, outbox.ErrNotFound) {
				return about, err
			}
		}
	}
	if about.message != nil {
		about.email, about.key = about.message.Email, about.message.AddressKey
		if subscriber == "" {
			subscriber = about.message.SubscriberID
		}
	}
	if subscriber != "" {
		about.sub, err = s.People.Subscriber(ctx, s.DB, subscriber)
	} else if parsed, bad := address.Parse(e.Recipient); bad == nil && e.Proof == inbound.ByWebhook {
		about.email, about.key = parsed.Display, parsed.Key
		about.sub, err = s.People.SubscriberByKey(ctx, s.DB, parsed.Key)
	}
	if errors.Is(err, preferences.ErrSubscriberNotFound) {
		about.sub, err = nil, nil
	}
	if about.sub != nil && about.email == "" {
		about.email, about.key = about.sub.Email, about.sub.EmailKey
	}
	return about, err
}

// mailID is the id of a delivery or message that a Message-ID of ours is made of.
func mailID(e inbound.Event) string {
	if id, _, ok := strings.Cut(e.MessageID, "@"); ok && sqldb.IsID(id) {
		return id
	}
	return ""
}

// delivery leads from the id of a delivery, which is in its Message-ID, to the person and the campaign.
func (s *Sink) delivery(ctx context.Context, id string) (subscriber, campaign string, err error) {
	err = s.DB.QueryRowContext(ctx, "SELECT subscriber_id, campaign_id FROM deliveries WHERE id = $1", id).Scan(&subscriber, &campaign)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	return subscriber, campaign, err
}

var actor = audit.System("feedback")

// bounced blocks an address that does not exist (compliance 15), and tells campaign or notice.
func (s *Sink) bounced(ctx context.Context, e inbound.Event, about subject) error {
	if about.email == "" {
		return nil
	}
	// The address may have been changed since the mail went out: then the new one did not bounce.
	if about.campaign != nil && about.sub != nil && !about.sub.UnverifiedSince.IsZero() && e.Recipient != "" {
		if parsed, err := address.Parse(e.Recipient); err == nil && parsed.Key != about.key {
			about.email = parsed.Display
		}
	}
	if _, _, err := s.People.Suppress(ctx, actor, about.email, preferences.SuppressedBounced, note(e), e.Provider); err != nil {
		return err
	}
	if err := s.count(ctx, about, campaigns.StatusBounced); err != nil {
		return err
	}
	if about.message != nil {
		return s.Outbox.Bounced(ctx, about.message.ID, note(e))
	}
	return nil
}

// soft follows the run of soft bounces of an address; one that lasts ends in suppression.
func (s *Sink) soft(ctx context.Context, e inbound.Event, about subject) error {
	if about.key == "" {
		return nil
	}
	rule, suppress := s.Soft, false
	if rule == (brakes.SoftRule{}) {
		rule = brakes.DefaultSoftRule()
	}
	at := e.At
	if at.IsZero() {
		at = s.Now()
	}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var run brakes.SoftRun
		var first, last int64
		err := tx.QueryRowContext(ctx, "SELECT first_at, last_at, days, count FROM soft_runs WHERE address_key = $1"+tx.Dialect().ForUpdate(), about.key).Scan(&first, &last, &run.Days, &run.Count)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		run.First, run.Last = sqldb.Time(first), sqldb.Time(last)
		run = run.Bounced(at, rule)
		suppress = run.Suppress(rule)
		_, err = tx.ExecContext(ctx, `INSERT INTO soft_runs (address_key, first_at, last_at, days, count) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (address_key) DO UPDATE SET first_at = excluded.first_at, last_at = excluded.last_at, days = excluded.days, count = excluded.count`,
			about.key, sqldb.Micros(run.First), sqldb.Micros(run.Last), run.Days, run.Count)
		return err
	})
	if err != nil || !suppress {
		return err
	}
	if _, _, err = s.People.Suppress(ctx, actor, about.email, preferences.SuppressedBounced, "soft bounces over days; the last: "+note(e), e.Provider); err != nil {
		return err
	}
	_, err = s.DB.ExecContext(ctx, "DELETE FROM soft_runs WHERE address_key = $1", about.key) // whoever lifts the block begins anew
	return err
}

func (s *Sink) complained(ctx context.Context, e inbound.Event, about subject) error {
	if about.sub == nil {
		if about.email == "" {
			return nil
		}
		_, _, err := s.People.Suppress(ctx, actor, about.email, preferences.SuppressedComplained, note(e), e.Provider)
		return err
	}
	if _, err := s.People.Complained(ctx, actor, about.sub.ID, preferences.Evidence{Source: "complaint by " + e.Provider, Note: note(e), Reference: about.source()}); err != nil {
		return err
	}
	if err := s.count(ctx, about, campaigns.CountComplained); err != nil {
		return err
	}
	if about.campaign == nil {
		return nil
	}
	return s.brake(ctx, about.campaign.ID)
}

// withdraw is an unsubscribe by mail: of the topic that the mail was about, else of everything.
func (s *Sink) withdraw(ctx context.Context, e inbound.Event, about subject) error {
	if about.sub == nil {
		return nil
	}
	evidence := preferences.Evidence{Source: "mailto unsubscribe", Reference: about.source(), Note: note(e)}
	if about.campaign != nil {
		topic, err := s.People.TopicByID(ctx, s.DB, about.campaign.TopicID)
		if err != nil {
			return err
		}
		_, err = s.People.Consent(ctx, actor, about.sub.ID, preferences.ConsentInput{Topic: topic.Key, Action: preferences.ActionWithdraw, Evidence: evidence})
		return err
	}
	_, err := s.People.UnsubscribeAll(ctx, actor, about.sub.ID, evidence)
	return err
}

// count notes in the campaign's report what came of its mail.
func (s *Sink) count(ctx context.Context, about subject, what string) error {
	if about.campaign == nil || about.sub == nil {
		return nil
	}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := s.Campaigns.Note(ctx, tx, s.Now(), about.campaign.ID, about.sub.ID, what)
		return err
	})
	if err != nil || what != campaigns.StatusBounced {
		return err
	}
	return s.brake(ctx, about.campaign.ID)
}

func note(e inbound.Event) string { return strings.TrimSpace(e.Code + " " + e.Text) }

// keep remembers the event, so that it is not applied twice and people can look it up.
func (s *Sink) keep(ctx context.Context, e inbound.Event, effect inbound.Effect, about subject) error {
	id := sqldb.NewID()
	key := e.ProviderEventID
	if key == "" {
		key = id
	}
	subscriber := ""
	if about.sub != nil {
		subscriber = about.sub.ID
	}
	_, err := s.DB.ExecContext(ctx, `INSERT INTO feedback (id, provider, event_key, at, kind, class, code, said, effect, subscriber_id, source_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (provider, event_key) DO NOTHING`, id, e.Provider, key, sqldb.Micros(s.Now()), string(e.Kind), string(e.Class), e.Code, e.Text, string(effect),
		sqldb.NullText(subscriber), sqldb.NullText(about.source()))
	return err
}

// Forget removes what is kept here about a person; it is a hook of preferences.Service.
func (s *Sink) Forget(ctx context.Context, tx *sqldb.Tx, sub *preferences.Subscriber) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM soft_runs WHERE address_key = $1", sub.EmailKey); err != nil {
		return fmt.Errorf("feedback: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE feedback SET said = '', subscriber_id = NULL WHERE subscriber_id = $1", sub.ID); err != nil {
		return fmt.Errorf("feedback: %w", err)
	}
	return nil
}
