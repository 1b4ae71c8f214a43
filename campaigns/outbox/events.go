package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assent/campaigns/evidence"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
)

// Events tells other systems what happens, in the transaction in which it does. Package webhooks of preferences is one.
type Events interface {
	// Wants tells whether anybody wants to be told of an event.
	Wants(ctx context.Context, q sqldb.Querier, event string) (bool, error)
	Enqueue(ctx context.Context, tx *sqldb.Tx, event string, payload any) error
}

// outcome is a message that has come to an end.
type outcome struct {
	*Message
	at   time.Time
	code int
}

func final(status string) bool {
	return status == StatusSent || status == StatusBounced || status == StatusUnserved
}

func scanEnd(row sqldb.Scanner) (*Message, error) {
	var m Message
	var class string
	var broadcast, subscriber sql.NullString
	err := row.Scan(&m.ID, &class, &m.Obligation, &m.Reference, &broadcast, &subscriber, &m.Email, &m.Status, &m.Reason, &m.Attempts, &m.SHA256, &m.MessageID, &m.Relay, &m.TLS, &m.Reply)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	m.Class, _ = gate.ParseClass(class)
	m.BroadcastID, m.SubscriberID = broadcast.String, subscriber.String
	return &m, nil
}

// events are how each end is called.
var events = map[string]string{StatusSent: evidence.Accepted, StatusBounced: evidence.Bounced, StatusUnserved: evidence.Unserved}

// conclude writes the evidence of notices that have come to an end, and tells other systems of them. It comes last in a
// transaction, because it locks the end of the chain.
func (s *Store) conclude(ctx context.Context, tx *sqldb.Tx, ended []outcome) error {
	var entries []evidence.Entry
	wanted := map[string]bool{}
	for _, o := range ended {
		if o.Class != gate.Notice {
			continue
		}
		event := events[o.Status]
		entries = append(entries, evidence.Entry{Notice: o.ID, Event: event, At: o.at, To: o.Email, SHA256: o.SHA256, MessageID: o.MessageID, Relay: o.Relay, TLS: o.TLS, Code: o.code,
			Reply: o.Reply, Reason: o.Reason})
		if _, asked := wanted[event]; !asked && s.Events != nil {
			wants, err := s.Events.Wants(ctx, tx, "notice."+event)
			if err != nil {
				return fmt.Errorf("outbox: tell of %s: %w", o.ID, err)
			}
			wanted[event] = wants
		}
		if !wanted[event] {
			continue
		}
		if err := s.Events.Enqueue(ctx, tx, "notice."+event, told(o, event)); err != nil {
			return fmt.Errorf("outbox: tell of %s: %w", o.ID, err)
		}
	}
	return evidence.Append(ctx, tx, entries...)
}

// told is what other systems learn of a notice: ids, no addresses.
func told(o outcome, event string) map[string]any {
	payload := map[string]any{"id": o.ID, "outcome": event, "obligation": o.Obligation, "at": o.at}
	for name, value := range map[string]string{"reference": o.Reference, "broadcast_id": o.BroadcastID, "subscriber_id": o.SubscriberID, "reason": o.Reason, "message_id": o.MessageID, "sha256": o.SHA256} {
		if value != "" {
			payload[name] = value
		}
	}
	return payload
}
