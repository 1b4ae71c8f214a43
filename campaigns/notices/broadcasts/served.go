package broadcasts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/campaigns/evidence"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Channels are the ways beside mail.
var Channels = []string{"post", "phone", "other"}

// ServedInput says that somebody got a notice otherwise.
type ServedInput struct {
	SubscriberID string `json:"subscriber_id"`
	Channel      string `json:"channel"`
	On           string `json:"on"`
	Note         string `json:"note"`
}

// maxNote bounds a note, in bytes.
const maxNote = 1000

// MarkServed notes that somebody whom the mail did not reach got the notice through another channel. A second note replaces
// the first; the audit log keeps both.
func (s *Service) MarkServed(ctx context.Context, actor audit.Actor, id string, in ServedInput) (Served, error) {
	now := s.now()
	served := Served{Channel: in.Channel, On: in.On, Note: strings.TrimSpace(in.Note), By: actor.Name, At: now}
	var bad problem.Collector
	if !sqldb.IsID(in.SubscriberID) {
		bad.Add("subscriber_id", "must be the id of a person whom the broadcast addresses")
	}
	if !slices.Contains(Channels, in.Channel) {
		bad.Add("channel", "must be one of %s", strings.Join(Channels, ", "))
	}
	if on, err := time.Parse(time.DateOnly, in.On); err != nil || on.After(now.Add(24*time.Hour)) {
		bad.Add("on", "must be the day on which it reached the person, such as 2026-05-01, and not in the future")
	}
	if len(served.Note) > maxNote || address.HeaderSafe(strings.ReplaceAll(served.Note, "\n", " ")) != nil {
		bad.Add("note", "must be a text of at most %d bytes", maxNote)
	}
	if err := bad.Err(); err != nil {
		return served, err
	}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		b, err := get(ctx, tx, id, tx.Dialect().ForUpdate())
		if err != nil {
			return err
		}
		var message, status string
		err = tx.QueryRowContext(ctx, "SELECT id, status FROM messages WHERE broadcast_id = $1 AND subscriber_id = $2", b.ID, in.SubscriberID).Scan(&message, &status)
		if errors.Is(err, sql.ErrNoRows) {
			return problem.Invalid("subscriber_id", "is not a person whom the broadcast addresses")
		}
		if err != nil {
			return fmt.Errorf("broadcasts: served: %w", err)
		}
		if o := outcome(status); o != Bounced && o != Unserved {
			return problem.Conflict("The mail to this person is " + o + ", so no other channel is needed.")
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO notice_served (message_id, broadcast_id, channel, served_on, note, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (message_id) DO UPDATE SET channel = excluded.channel, served_on = excluded.served_on, note = excluded.note, actor = excluded.actor, at = excluded.at`,
			message, b.ID, served.Channel, served.On, served.Note, served.By, sqldb.Micros(now)); err != nil {
			return fmt.Errorf("broadcasts: served: %w", err)
		}
		if err := s.chain(ctx, tx, message, b.ID, served); err != nil {
			return err
		}
		// The note may speak of the person, so it stands in the person's own record, which erasure empties.
		if err := audit.Record(ctx, tx, now, actor, "notice.served", audit.Object("subscriber", in.SubscriberID), nil, in); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "notice_broadcast.served", object(b.ID), nil, map[string]string{"message": message, "channel": in.Channel, "on": in.On})
	})
	return served, err
}

// chain adds to the evidence of a notice that another channel reached the person.
func (s *Service) chain(ctx context.Context, tx *sqldb.Tx, message, broadcast string, served Served) error {
	m, err := s.Outbox.Get(ctx, tx, message)
	if err != nil {
		return err
	}
	return evidence.Append(ctx, tx, evidence.Entry{Notice: message, Event: evidence.Served, At: served.At, To: m.Email, SHA256: m.SHA256, MessageID: m.MessageID, Relay: m.Relay, TLS: m.TLS,
		Reply: m.Reply, Reason: m.Reason, Was: m.Status, Post: evidence.Post(broadcast, served.Channel, served.On, served.Note, served.By, sqldb.Micros(served.At))})
}
