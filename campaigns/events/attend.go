package events

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Attend notes that somebody came, or that they did not after all. It can be noted once the day of the event is there.
func (s *Store) Attend(ctx context.Context, actor audit.Actor, id string, came bool) (Registration, error) {
	var r Registration
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		e, found, err := s.lockOf(ctx, tx, id)
		if err != nil {
			return err
		}
		r = found
		now := s.now()
		switch {
		case r.Status != Registered:
			return problem.Conflict("Only somebody who is registered can have come.")
		case now.Before(e.StartsAt.Add(-12 * time.Hour)):
			return problem.Conflict("The event has not begun; note who came on its day.")
		case came == (r.AttendedAt != nil):
			return nil
		}
		at := sql.NullInt64{}
		r.AttendedAt = nil
		action := "event.absent"
		if came {
			r.AttendedAt, at, action = &now, sqldb.NullMicros(now), "event.attend"
		}
		if _, err := tx.ExecContext(ctx, "UPDATE event_registrations SET attended_at = $1 WHERE id = $2", at, r.ID); err != nil {
			return fmt.Errorf("events: attend: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, action, audit.Object("event", e.Slug), nil, map[string]string{"registration": r.ID})
	})
	return r, err
}

// Attended counts who came.
func (s *Store) Attended(ctx context.Context, e Event) (n int, err error) {
	err = s.DB.QueryRowContext(ctx, "SELECT count(*) FROM event_registrations WHERE event_id = $1 AND status = 'registered' AND attended_at IS NOT NULL", e.id).Scan(&n)
	if err != nil {
		err = fmt.Errorf("events: attended: %w", err)
	}
	return n, err
}

// CountShared counts those of whom a partner may have the details now; see [Store.Shared].
func (s *Store) CountShared(ctx context.Context, e Event, partner string) (n int, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT count(*) FROM event_registrations r WHERE r.event_id = $1 AND r.status = 'registered'
		AND EXISTS (SELECT 1 FROM event_shares h WHERE h.registration_id = r.id AND h.partner_key = $2 AND h.withdrawn_at IS NULL)
		AND NOT EXISTS (SELECT 1 FROM partner_objections o WHERE o.subscriber_id = r.subscriber_id AND o.partner_key = $2)
		AND NOT EXISTS (SELECT 1 FROM subscribers p WHERE p.id = r.subscriber_id AND p.restricted_at IS NOT NULL)`, e.id, partner).Scan(&n)
	if err != nil {
		err = fmt.Errorf("events: shared: %w", err)
	}
	return n, err
}

// Untold counts the withdrawals that a partner was not told of.
func (s *Store) Untold(ctx context.Context, e Event, partner string) (n int, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT count(*) FROM event_shares h JOIN event_registrations r ON r.id = h.registration_id
		WHERE r.event_id = $1 AND h.partner_key = $2 AND h.withdrawn_at IS NOT NULL AND h.told_at IS NULL`, e.id, partner).Scan(&n)
	if err != nil {
		err = fmt.Errorf("events: untold: %w", err)
	}
	return n, err
}

// Coming lists events that are not over, the next first, after one that starts then and has this slug; Past those that are, the
// latest first. Nothing after is the beginning.
func (s *Store) Coming(ctx context.Context, after time.Time, slug string, limit int) ([]Event, error) {
	from := int64(math.MinInt64)
	if !after.IsZero() {
		from = sqldb.Micros(after)
	}
	return s.events(ctx, "e.ends_at > $1 AND (e.starts_at, e.slug) > ($2, $3) ORDER BY e.starts_at, e.slug LIMIT $4", sqldb.Micros(s.now()), from, slug, limit)
}

// Past lists events that are over; see [Store.Coming].
func (s *Store) Past(ctx context.Context, after time.Time, slug string, limit int) ([]Event, error) {
	until := int64(math.MaxInt64)
	if !after.IsZero() {
		until = sqldb.Micros(after)
	}
	return s.events(ctx, "e.ends_at <= $1 AND (e.starts_at, e.slug) < ($2, $3) ORDER BY e.starts_at DESC, e.slug DESC LIMIT $4", sqldb.Micros(s.now()), until, slug, limit)
}

func (s *Store) events(ctx context.Context, where string, args ...any) ([]Event, error) {
	list, err := sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM events e WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("events: list: %w", err)
	}
	return list, nil
}
