package events

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// wordingVersion names the texts that registrants are asked for sharing with; it changes with them.
const wordingVersion = "1"

// share records that the registrant agreed to each partner of the entry, unless that stands already.
func (s *Store) share(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, e Event, r *Registration, in Entry, now time.Time) error {
	for _, partner := range in.Share {
		if slices.Contains(r.Share, partner) {
			continue
		}
		wording := in.Evidence.Wording
		if in.Wording != nil {
			wording = in.Wording(partner)
		}
		if strings.TrimSpace(wording) == "" {
			return problem.Invalid("wording", "is required with share: the exact text that the person agreed to")
		}
		event := s.event(actor, e, *r, partner, now)
		event.Action, event.Wording, event.WordingVersion = ledger.SharingGiven, wording, in.Evidence.WordingVersion
		event.CollectedAt, event.Source, event.Locale = in.Evidence.CollectedAt, in.Evidence.Source, in.Locale
		event.IP, event.UserAgent, event.URL, event.Document = in.Evidence.IP, in.Evidence.UserAgent, in.Evidence.URL, in.Evidence.Document
		if _, err := ledger.Append(ctx, tx, event); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO event_shares (registration_id, partner_key, wording, given_at, given_event) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (registration_id, partner_key) DO UPDATE SET wording = excluded.wording, given_at = excluded.given_at, given_event = excluded.given_event, withdrawn_at = NULL, told_at = NULL`,
			r.ID, partner, wording, sqldb.Micros(now), event.ID); err != nil {
			return fmt.Errorf("events: share: %w", err)
		}
		r.Share = append(r.Share, partner)
	}
	slices.Sort(r.Share)
	return nil
}

func (s *Store) event(actor audit.Actor, e Event, r Registration, partner string, now time.Time) ledger.Event {
	by := actor.Kind
	if actor.ID != "" {
		by += ":" + actor.ID
	}
	return ledger.Event{ID: sqldb.NewID(), Subscriber: r.SubscriberID, Partner: partner, RecordedAt: now, Basis: "consent", Reference: "event:" + e.Slug, Value: "registration:" + r.ID, Actor: by}
}

// Withdrawal is what a partner must be told: no longer use what it has of this person.
type Withdrawal struct {
	RegistrationID string     `json:"registration_id"`
	Event          string     `json:"event"`
	Partner        string     `json:"partner"`
	Email          string     `json:"email"`
	Name           string     `json:"name"`
	At             time.Time  `json:"at"`
	ToldAt         *time.Time `json:"told_at"` // null: not yet
}

// Withdraw takes back that a partner may have the registrant's details. Doing it twice changes nothing.
func (s *Store) Withdraw(ctx context.Context, actor audit.Actor, id, partner, source string) (Registration, error) {
	var r Registration
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		e, found, err := s.lockOf(ctx, tx, id)
		if err != nil {
			return err
		}
		r = found
		return s.withdraw(ctx, tx, actor, e, &r, partner, source, s.now())
	})
	return r, err
}

func (s *Store) withdraw(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, e Event, r *Registration, partner, source string, now time.Time) error {
	place := slices.Index(r.Share, partner)
	if place < 0 {
		return nil
	}
	event := s.event(actor, e, *r, partner, now)
	event.Action, event.Source = ledger.SharingWithdrawn, source
	if _, err := ledger.Append(ctx, tx, event); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE event_shares SET withdrawn_at = $1 WHERE registration_id = $2 AND partner_key = $3", sqldb.Micros(now), r.ID, partner); err != nil {
		return fmt.Errorf("events: withdraw: %w", err)
	}
	r.Share = slices.Delete(slices.Clone(r.Share), place, place+1)
	if s.Partners == nil {
		return nil
	}
	told, err := s.Partners.SharingWithdrawn(ctx, tx, Withdrawal{RegistrationID: r.ID, Event: e.Slug, Partner: partner, Email: r.Email, Name: r.Name(), At: now})
	if err != nil {
		return fmt.Errorf("events: tell %s of a withdrawal: %w", partner, err)
	}
	if !told {
		return nil
	}
	_, err = tx.ExecContext(ctx, "UPDATE event_shares SET told_at = $1 WHERE registration_id = $2 AND partner_key = $3", sqldb.Micros(now), r.ID, partner)
	return err
}

// Withdrawals lists what a partner of an event was told or is to be told, oldest first, after a registration's id.
func (s *Store) Withdrawals(ctx context.Context, e Event, partner, after string, limit int) ([]Withdrawal, error) {
	var found []Withdrawal
	for row := range sqldb.Rows(ctx, s.DB, `SELECT r.id, r.email, r.first_name, r.last_name, h.withdrawn_at, h.told_at FROM event_shares h JOIN event_registrations r ON r.id = h.registration_id
		WHERE r.event_id = $1 AND h.partner_key = $2 AND h.withdrawn_at IS NOT NULL AND r.id > $3 ORDER BY r.id LIMIT $4`, e.id, partner, after, limit) {
		w := Withdrawal{Event: e.Slug, Partner: partner}
		var r Registration
		var at int64
		var told *int64
		if err := row.Scan(&w.RegistrationID, &w.Email, &r.FirstName, &r.LastName, &at, &told); err != nil {
			return nil, fmt.Errorf("events: withdrawals: %w", err)
		}
		w.Name, w.At = r.Name(), sqldb.Time(at)
		if told != nil {
			when := sqldb.Time(*told)
			w.ToldAt = &when
		}
		found = append(found, w)
	}
	return found, nil
}

// Told writes down that a partner has been told, by whoever did it, of all withdrawals of an event so far. It returns how many.
func (s *Store) Told(ctx context.Context, actor audit.Actor, slug, partner string) (n int64, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		e, err := lock(ctx, tx, slug)
		if err != nil {
			return err
		}
		now := s.now()
		res, err := tx.ExecContext(ctx, `UPDATE event_shares SET told_at = $1 WHERE partner_key = $2 AND withdrawn_at IS NOT NULL AND told_at IS NULL
			AND registration_id IN (SELECT id FROM event_registrations WHERE event_id = $3)`, sqldb.Micros(now), partner, e.id)
		if err != nil {
			return fmt.Errorf("events: told: %w", err)
		}
		if n, err = res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "event.partner.told", audit.Object("event", slug), nil, map[string]any{"partner": partner, "withdrawals": n})
	})
	return n, err
}

// Shared lists the registrations whose details a partner may have, after an id: those who agreed and come, and whose agreement
// nothing else has overtaken: an objection to that partner, or a restriction of all processing.
func (s *Store) Shared(ctx context.Context, e Event, partner, after string, limit int) ([]Registration, error) {
	return list(ctx, s.DB, `r.event_id = $1 AND r.status = 'registered' AND r.id > $2
		AND EXISTS (SELECT 1 FROM event_shares h WHERE h.registration_id = r.id AND h.partner_key = $3 AND h.withdrawn_at IS NULL)
		AND NOT EXISTS (SELECT 1 FROM partner_objections o WHERE o.subscriber_id = r.subscriber_id AND o.partner_key = $3)
		AND NOT EXISTS (SELECT 1 FROM subscribers p WHERE p.id = r.subscriber_id AND p.restricted_at IS NOT NULL)
		ORDER BY r.id LIMIT $4`, e.id, after, partner, limit)
}
