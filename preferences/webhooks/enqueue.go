package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// Event is the body of a request.
type Event struct {
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// Enqueue tells every webhook that wants it of an event, in the caller's transaction. The payload becomes the data of the
// body; if it has a member subscriber_id, the event is about that person and does not outlive their erasure, unless it is what
// tells of it. Payloads carry ids, not addresses: the other side knows whom they mean, and nothing of the person stays behind.
func (s *Store) Enqueue(ctx context.Context, tx *sqldb.Tx, event string, payload any) error {
	return s.EnqueueAll(ctx, tx, event, payload)
}

// EnqueueAll is [Store.Enqueue] for several events of one name.
func (s *Store) EnqueueAll(ctx context.Context, tx *sqldb.Tx, event string, payloads ...any) error {
	receivers, err := s.receivers(ctx, tx, event)
	if err != nil || len(receivers) == 0 {
		return err
	}
	for _, payload := range payloads {
		if err := s.enqueue(ctx, tx, receivers, event, payload); err != nil {
			return fmt.Errorf("webhooks: %s: %w", event, err)
		}
	}
	return nil
}

func (s *Store) enqueue(ctx context.Context, tx *sqldb.Tx, receivers []string, event string, payload any) error {
	data, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	var about struct {
		SubscriberID string `json:"subscriber_id"`
	}
	_ = json.Unmarshal(data, &about) // a payload that is no object is about nobody
	now := s.now()
	body, err := json.Marshal(Event{Type: event, Timestamp: now, Data: data})
	if err != nil {
		return err
	}
	for _, id := range receivers {
		if _, err := tx.ExecContext(ctx, `INSERT INTO webhook_calls (id, webhook_id, event, subject, body, status, due_at, created_at, at) VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8)`,
			sqldb.NewID(), id, event, about.SubscriberID, string(body), sqldb.Micros(now), sqldb.Micros(now), sqldb.Micros(now)); err != nil {
			return err
		}
	}
	return nil
}

// Wants tells whether any webhook wants an event, for those who have many to tell of at once.
func (s *Store) Wants(ctx context.Context, q sqldb.Querier, event string) (bool, error) {
	receivers, err := s.receivers(ctx, q, event)
	return len(receivers) > 0, err
}

func (s *Store) receivers(ctx context.Context, q sqldb.Querier, event string) (ids []string, err error) {
	for row := range sqldb.Rows(ctx, q, "SELECT id, events FROM webhooks WHERE disabled_at IS NULL ORDER BY id") {
		var w Webhook
		var events string
		if err := row.Scan(&w.ID, &events); err != nil {
			return nil, fmt.Errorf("webhooks: receivers: %w", err)
		}
		if err := json.Unmarshal([]byte(events), &w.Events); err != nil {
			return nil, fmt.Errorf("webhooks: receivers: %w", err)
		}
		if w.wants(event) {
			ids = append(ids, w.ID)
		}
	}
	return ids, nil
}

// Forget drops what was to be told of a person, who is being erased: what is left to tell is that.
func (s *Store) Forget(ctx context.Context, tx *sqldb.Tx, subscriberID string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM webhook_calls WHERE subject = $1", subscriberID); err != nil {
		return fmt.Errorf("webhooks: forget: %w", err)
	}
	return nil
}
