package rights

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
)

// soon is how long before its day a request is said to be due.
const soon = 7 * 24 * time.Hour

// Events that other systems are told.
const (
	EventDueSoon = "data_request.due_soon"
	EventOverdue = "data_request.overdue"
)

// Reminder is what they carry.
type Reminder struct {
	ID           string    `json:"id"`
	Number       string    `json:"number"`
	Kind         Kind      `json:"kind"`
	DueAt        time.Time `json:"due_at"`
	SubscriberID string    `json:"subscriber_id,omitempty"`
}

// Clock drops requests whose link was never used, and escalates those that are due soon or overdue: each once, in the audit
// log, to other systems and by mail to the officers (compliance 31).
func (s *Service) Clock(ctx context.Context) error {
	if err := s.lapse(ctx); err != nil {
		return err
	}
	ids, err := s.late(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	var officers []Officer
	if s.Officers != nil {
		if officers, err = s.Officers(ctx); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if err := s.escalate(ctx, id, officers); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	s.People.Outbox.Flush(ctx)
	return nil
}

// lapse forgets requests that nobody confirmed: a stranger may have typed the address.
func (s *Service) lapse(ctx context.Context) error {
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return err
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var gone []*Request
		for row := range sqldb.Rows(ctx, tx, "DELETE FROM data_requests WHERE status = 'unconfirmed' AND created_at < $1 RETURNING id, number, kind", sqldb.Micros(s.now().Add(-site.ConfirmTTL))) {
			r := &Request{Status: Unconfirmed}
			if err := row.Scan(&r.ID, &r.Number, &r.Kind); err != nil {
				return fmt.Errorf("rights: lapse: %w", err)
			}
			gone = append(gone, r)
		}
		for _, r := range gone {
			if err := s.step(ctx, tx, audit.System("rights"), r, "lapse", nil); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) late(ctx context.Context) (ids []string, err error) {
	now := s.now()
	ids, err = sqldb.Values[string](ctx, s.DB, "SELECT id FROM data_requests WHERE status IN ('open', 'in_progress') AND ((escalated < 2 AND due_at <= $1) OR (escalated < 1 AND due_at <= $2)) ORDER BY due_at LIMIT 500",
		sqldb.Micros(now), sqldb.Micros(now.Add(soon)))
	if err != nil {
		return nil, fmt.Errorf("rights: due: %w", err)
	}
	return ids, nil
}

func (s *Service) escalate(ctx context.Context, id string, officers []Officer) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		r, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		now := s.now()
		level, action, event := 1, "due_soon", EventDueSoon
		if !now.Before(r.DueAt) {
			level, action, event = 2, "overdue", EventOverdue
		}
		if r.Status.Closed() || r.Escalated >= level {
			return nil // another process was faster
		}
		r.Escalated, r.UpdatedAt = level, now
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		if err := s.step(ctx, tx, audit.System("rights"), r, action, map[string]any{"due_at": r.DueAt}); err != nil {
			return err
		}
		if s.Tell != nil {
			if err := s.Tell(ctx, tx, event, Reminder{ID: r.ID, Number: r.Number, Kind: r.Kind, DueAt: r.DueAt, SubscriberID: r.SubscriberID}); err != nil {
				return err
			}
		}
		for _, o := range officers {
			l := Letter{RequestID: r.ID, Number: r.Number, Kind: r.Kind, Issued: now, Due: r.DueAt, Overdue: level == 2}
			if _, err := s.People.Outbox.Queue(ctx, tx, now, preferences.ServiceMail{Kind: MailEscalation, Reference: "data-request:" + r.ID, Email: o.Email, Name: o.Name, Locale: o.Locale, Data: l}); err != nil {
				return err
			}
		}
		return nil
	})
}
