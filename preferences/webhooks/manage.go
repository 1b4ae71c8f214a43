package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// overlap is how long after a rotation the old secret signs too.
const overlap = 24 * time.Hour

// Change is what of a webhook can be changed. A nil field stays as it is.
type Change struct {
	Events      *[]string
	Description *string
	Disabled    *bool
}

// Update changes a webhook.
func (s *Store) Update(ctx context.Context, actor audit.Actor, id string, in Change) (w Webhook, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		w = before
		if in.Events != nil {
			w.Events = append([]string{}, *in.Events...)
		}
		if in.Description != nil {
			w.Description = *in.Description
		}
		now := s.now()
		switch {
		case in.Disabled == nil:
		case *in.Disabled && w.DisabledAt == nil:
			w.DisabledAt, w.DisabledFor = &now, "by "+actor.Name
		case !*in.Disabled:
			w.DisabledAt, w.DisabledFor = nil, ""
		}
		if err := s.check(Input{URL: w.URL, Events: w.Events, Description: w.Description}); err != nil {
			return err
		}
		events, err := json.Marshal(w.Events)
		if err != nil {
			return fmt.Errorf("webhooks: %w", err)
		}
		disabled := sqldb.NullMicros(time.Time{})
		if w.DisabledAt != nil {
			disabled = sqldb.NullMicros(*w.DisabledAt)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE webhooks SET events = $1, description = $2, disabled_at = $3, disabled_for = $4 WHERE id = $5", string(events), w.Description, disabled, w.DisabledFor, id); err != nil {
			return fmt.Errorf("webhooks: update: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, "webhook.update", audit.Object("webhook", id), before, w)
	})
	return w, err
}

// Rotate gives a webhook another secret, shown this once. For a day calls are signed with both.
func (s *Store) Rotate(ctx context.Context, actor audit.Actor, id string) (secret string, err error) {
	secret, box, err := s.newSecret(id)
	if err != nil {
		return "", err
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := get(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE webhooks SET old_secret = secret, secret = $1, rotated_at = $2 WHERE id = $3", box, sqldb.Micros(s.now()), id); err != nil {
			return fmt.Errorf("webhooks: rotate: %w", err)
		}
		return audit.Record(ctx, tx, s.now(), actor, "webhook.rotate", audit.Object("webhook", id), nil, nil)
	})
	return secret, err
}

// EventTest is sent by hand, to see whether a webhook answers.
const EventTest = "webhook.test"

// SendTest queues a test event for one webhook, whatever it asked for.
func (s *Store) SendTest(ctx context.Context, actor audit.Actor, id string) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		w, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if w.DisabledAt != nil {
			return problem.Conflict("The webhook is switched off; switch it on first.")
		}
		now := s.now()
		data, err := json.Marshal(map[string]string{"webhook_id": id, "sent_by": actor.Name})
		if err != nil {
			return fmt.Errorf("webhooks: test: %w", err)
		}
		body, err := json.Marshal(Event{Type: EventTest, Timestamp: now, Data: data})
		if err != nil {
			return fmt.Errorf("webhooks: test: %w", err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO webhook_calls (id, webhook_id, event, subject, body, status, due_at, created_at, at) VALUES ($1, $2, $3, '', $4, 'waiting', $5, $6, $7)",
			sqldb.NewID(), id, EventTest, string(body), sqldb.Micros(now), sqldb.Micros(now), sqldb.Micros(now)); err != nil {
			return fmt.Errorf("webhooks: test: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, "webhook.test", audit.Object("webhook", id), nil, nil)
	})
}

// Call is one event for one webhook, and what became of it.
type Call struct {
	ID        string
	Event     string
	Status    string // waiting, done or failed
	Attempts  int
	Answered  int // HTTP status of the last answer, 0: none
	Error     string
	DueAt     time.Time // of the next attempt, while it waits
	CreatedAt time.Time
	At        time.Time // of the last attempt
	// Again tells that [Store.Redeliver] can make it once more.
	Again bool
}

// Calls lists those of a webhook, the latest first, before the one with that id.
func (s *Store) Calls(ctx context.Context, id, status, before string, limit int) ([]Call, error) {
	if before == "" {
		before = "z" // after every id
	}
	query, args := callList(id, status, before, limit)
	var out []Call
	for row := range sqldb.Rows(ctx, s.DB, query, args...) {
		var c Call
		var due, created, at int64
		if err := row.Scan(&c.ID, &c.Event, &c.Status, &c.Attempts, &c.Answered, &c.Error, &due, &created, &at, &c.Again); err != nil {
			return nil, fmt.Errorf("webhooks: calls: %w", err)
		}
		c.DueAt, c.CreatedAt, c.At = sqldb.Time(due), sqldb.Time(created), sqldb.Time(at)
		out = append(out, c)
	}
	return out, nil
}

func callList(id, status, before string, limit int) (query string, args []any) {
	query, args = "SELECT id, event, status, attempts, answered, error, due_at, created_at, at, body <> '' FROM webhook_calls WHERE webhook_id = $1 AND id < $2", []any{id, before}
	if status != "" {
		query, args = query+" AND status = $3", append(args, status)
	}
	args = append(args, limit)
	return query + " ORDER BY id DESC LIMIT $" + strconv.Itoa(len(args)), args
}

// Redeliver makes a call now that waits for its next attempt or was given up not long ago.
func (s *Store) Redeliver(ctx context.Context, actor audit.Actor, webhook, id string) error {
	if !sqldb.IsID(id) {
		return problem.NotFound("call")
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := get(ctx, tx, webhook); err != nil {
			return err
		}
		now := s.now()
		res, err := tx.ExecContext(ctx, "UPDATE webhook_calls SET status = 'waiting', due_at = $1, attempts = CASE WHEN status = 'failed' THEN 0 ELSE attempts END WHERE id = $2 AND webhook_id = $3 AND status <> 'done' AND body <> ''",
			sqldb.Micros(now), id, webhook)
		if err != nil {
			return fmt.Errorf("webhooks: redeliver: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return problem.Conflict("This call is delivered already, or what it carried is not kept any more.")
		}
		return audit.Record(ctx, tx, now, actor, "webhook.redeliver", audit.Object("webhook", webhook), nil, map[string]string{"call": id})
	})
}
