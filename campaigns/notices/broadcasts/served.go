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
		message, status, err := addressed(ctx, tx, b.ID, in.SubscriberID)
		if err != nil {
			return err
		}
		if o := outcome(status); o != Bounced && o != Unserved {
			return problem.Conflict("The mail to this person is " + o + ", so no other channel is needed.")
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO notice_served (message_id, broadcast_id, channel, served_on, note, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (message_id) DO UPDATE SET channel = excluded.channel, served_on = excluded.served_on, note = excluded.note, actor = excluded.actor, at = excluded.at`,
			message, b.ID, served.Channel, served.On, served.Note, served.By, sqldb.Micros(now)); err != nil {
			return fmt.Errorf("broadcasts: served: %w", err)
		}
		post := evidence.Post(b.ID, served.Channel, served.On, served.Note, served.By, sqldb.Micros(now))
		if err := s.chain(ctx, tx, now, message, evidence.Served, post); err != nil {
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

// UndoServed takes back that another channel reached somebody: the person is to be reached again, as before the first note.
func (s *Service) UndoServed(ctx context.Context, actor audit.Actor, id, subscriber string) error {
	if !sqldb.IsID(subscriber) {
		return problem.Invalid("subscriber_id", "must be the id of a person whom the broadcast addresses")
	}
	now := s.now()
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		b, err := get(ctx, tx, id, tx.Dialect().ForUpdate())
		if err != nil {
			return err
		}
		message, _, err := addressed(ctx, tx, b.ID, subscriber)
		if err != nil {
			return err
		}
		was := ServedInput{SubscriberID: subscriber}
		err = tx.QueryRowContext(ctx, "DELETE FROM notice_served WHERE message_id = $1 RETURNING channel, served_on, note", message).Scan(&was.Channel, &was.On, &was.Note)
		if errors.Is(err, sql.ErrNoRows) {
			return problem.Conflict("This person is not marked as served by another channel.")
		}
		if err != nil {
			return fmt.Errorf("broadcasts: undo served: %w", err)
		}
		if err := s.chain(ctx, tx, now, message, evidence.ServedUndone, ""); err != nil {
			return err
		}
		if err := audit.Record(ctx, tx, now, actor, "notice.served_undo", audit.Object("subscriber", subscriber), was, nil); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "notice_broadcast.served_undo", object(b.ID), map[string]string{"message": message, "channel": was.Channel, "on": was.On}, nil)
	})
}

// NotedBetween lists up to limit of the people of a broadcast whom somebody marked as served from one instant to another.
func (s *Service) NotedBetween(ctx context.Context, b *Broadcast, by string, from, to time.Time, limit int) ([]string, error) {
	return sqldb.Values[string](ctx, s.DB, `SELECT m.subscriber_id FROM notice_served v JOIN messages m ON m.id = v.message_id
		WHERE v.broadcast_id = $1 AND v.actor = $2 AND v.at BETWEEN $3 AND $4 AND m.subscriber_id IS NOT NULL ORDER BY v.message_id LIMIT $5`, b.ID, by, sqldb.Micros(from), sqldb.Micros(to), limit)
}

// addressed is the message of a broadcast to somebody.
func addressed(ctx context.Context, tx *sqldb.Tx, broadcast, subscriber string) (message, status string, err error) {
	err = tx.QueryRowContext(ctx, "SELECT id, status FROM messages WHERE broadcast_id = $1 AND subscriber_id = $2", broadcast, subscriber).Scan(&message, &status)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", problem.Invalid("subscriber_id", "is not a person whom the broadcast addresses")
	}
	if err != nil {
		return "", "", fmt.Errorf("broadcasts: served: %w", err)
	}
	return message, status, nil
}

// chain adds to the evidence of a notice what was noted of another channel.
func (s *Service) chain(ctx context.Context, tx *sqldb.Tx, now time.Time, message, event, post string) error {
	m, err := s.Outbox.Get(ctx, tx, message)
	if err != nil {
		return err
	}
	return evidence.Append(ctx, tx, evidence.Entry{Notice: message, Event: event, At: now, To: m.Email, SHA256: m.SHA256, MessageID: m.MessageID, Relay: m.Relay, TLS: m.TLS,
		Reply: m.Reply, Reason: m.Reason, Was: m.Status, Post: post})
}
