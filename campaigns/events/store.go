package events

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/forms"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
)

// People finds or makes subscribers.
type People interface {
	// Ensure finds the person with p's address and changes nothing about them, or makes one.
	Ensure(ctx context.Context, tx *sqldb.Tx, p preferences.Profile, source string) (*preferences.Subscriber, error)
}

// Partners hear of what is taken back.
type Partners interface {
	// SharingWithdrawn is told, in the transaction of the withdrawal, that a partner must no longer use somebody's details. It
	// answers false when nobody passes that on, so that it is to be told by hand.
	SharingWithdrawn(ctx context.Context, tx *sqldb.Tx, w Withdrawal) (bool, error)
}

// Store keeps events and registrations. All fields are required but Partners; without it the partners are told by hand
// from [Store.Withdrawals].
type Store struct {
	DB       *sqldb.DB
	Now      func() time.Time
	People   People
	Outbox   preferences.Outbox
	Keys     *tokens.Keyring
	Base     string // public address, without a slash at the end
	Site     *preferences.Settings
	Partners Partners
	Limits   forms.Limits // in one count with the sign-ups by forms; nil: none
}

func (s *Store) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

const columns = `e.id, e.slug, e.names, e.descriptions, e.starts_at, e.ends_at, e.timezone, e.place, e.url, e.capacity, e.partners, e.brand_key, e.reminder_hours,
	e.follow_up, e.sequence, e.changed_at, e.cancelled_at, e.created_at, e.updated_at,
	(SELECT count(*) FROM event_registrations r WHERE r.event_id = e.id AND r.status = 'registered'),
	(SELECT count(*) FROM event_registrations r WHERE r.event_id = e.id AND r.status = 'waiting')`

func scan(row sqldb.Scanner) (Event, error) {
	var (
		e                                        Event
		texts, descriptions, partnerKeys, follow string
		starts, ends, created, updated           int64
		capacity, changed, cancelled             sql.NullInt64
	)
	if err := row.Scan(&e.id, &e.Slug, &texts, &descriptions, &starts, &ends, &e.Timezone, &e.Place, &e.URL, &capacity, &partnerKeys, &e.Brand, &e.ReminderHours,
		&follow, &e.sequence, &changed, &cancelled, &created, &updated, &e.Registered, &e.Waiting); err != nil {
		return Event{}, err
	}
	e.StartsAt, e.EndsAt, e.CreatedAt, e.UpdatedAt = sqldb.Time(starts), sqldb.Time(ends), sqldb.Time(created), sqldb.Time(updated)
	e.changedAt = sqldb.NullTime(changed)
	if capacity.Valid {
		n := int(capacity.Int64)
		e.Capacity = &n
	}
	e.CancelledAt = sqldb.TimeOrNil(cancelled)
	var err error
	for _, field := range []struct {
		to   *names.Texts
		from string
	}{{&e.Names, texts}, {&e.Descriptions, descriptions}, {&e.FollowUp, follow}} {
		if *field.to, err = names.Read(field.from); err != nil {
			return Event{}, err
		}
	}
	return e, json.Unmarshal([]byte(partnerKeys), &e.Partners)
}

// Get reads the event of a slug.
func Get(ctx context.Context, q sqldb.Querier, slug string) (Event, error) {
	if !names.IsKey(slug) {
		return Event{}, ErrNotFound
	}
	e, err := scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM events e WHERE e.slug = $1", slug))
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, ErrNotFound
	}
	if err != nil {
		return Event{}, fmt.Errorf("events: get %s: %w", slug, err)
	}
	return e, nil
}

// lock reads an event and keeps others from giving away its places until the transaction ends.
func lock(ctx context.Context, tx *sqldb.Tx, slug string) (Event, error) {
	if !names.IsKey(slug) {
		return Event{}, ErrNotFound
	}
	var id string
	err := tx.QueryRowContext(ctx, "SELECT id FROM events WHERE slug = $1"+tx.Dialect().ForUpdate(), slug).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, ErrNotFound
	}
	if err != nil {
		return Event{}, fmt.Errorf("events: lock %s: %w", slug, err)
	}
	return Get(ctx, tx, slug) // only now, so that the places are counted under the lock
}

// List reads up to limit events by when they begin, after the given start and id.
func (s *Store) List(ctx context.Context, afterStart int64, afterID string, limit int) ([]Event, error) {
	list, err := sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM events e WHERE (e.starts_at, e.id) > ($1, $2) ORDER BY e.starts_at, e.id LIMIT $3", afterStart, afterID, limit)
	if err != nil {
		return nil, fmt.Errorf("events: list: %w", err)
	}
	return list, nil
}

// Create adds an event. A slug that is taken is a conflict.
func (s *Store) Create(ctx context.Context, actor audit.Actor, e Event) (Event, error) {
	e.tidy()
	e.id, e.CreatedAt = sqldb.NewID(), s.now()
	e.UpdatedAt = e.CreatedAt
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := e.check(ctx, tx); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO events (id, slug, names, descriptions, starts_at, ends_at, timezone, place, url, capacity, partners, brand_key, reminder_hours, follow_up, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (slug) DO NOTHING`,
			e.id, e.Slug, e.Names.Text(), e.Descriptions.Text(), sqldb.Micros(e.StartsAt), sqldb.Micros(e.EndsAt), e.Timezone, e.Place, e.URL, e.capacity(), sqldb.JSON(e.Partners), e.Brand,
			e.ReminderHours, e.FollowUp.Text(), sqldb.Micros(e.CreatedAt), sqldb.Micros(e.UpdatedAt))
		if err != nil {
			return fmt.Errorf("events: create %s: %w", e.Slug, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return problem.Conflict("An event with the slug " + e.Slug + " is there already; change it with PATCH /events/" + e.Slug + ".")
		}
		return audit.Record(ctx, tx, e.CreatedAt, actor, "event.create", audit.Object("event", e.Slug), nil, e)
	})
	return e, err
}

// Update changes an event: edit gets it as it is. Those who registered hear of a new time or place and of its being called
// off ([Store.Due]); more places go to those who wait.
func (s *Store) Update(ctx context.Context, actor audit.Actor, slug string, edit func(*Event)) (Event, error) {
	var after Event
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := lock(ctx, tx, slug)
		if err != nil {
			return err
		}
		now := s.now()
		after = before
		edit(&after)
		after.tidy()
		after.Slug, after.id, after.UpdatedAt = before.Slug, before.id, now
		if before.CancelledAt != nil && after.CancelledAt == nil {
			return problem.Conflict("The event was called off and its registrants were told; make a new one.")
		}
		if err := after.check(ctx, tx); err != nil {
			return err
		}
		if after.toldApart(before) {
			after.sequence++
			after.changedAt = now
		}
		if err := after.save(ctx, tx); err != nil {
			return err
		}
		if after.StartsAt.After(before.StartsAt) { // a reminder of the earlier time does not count
			if _, err := tx.ExecContext(ctx, "UPDATE event_registrations SET reminded_at = NULL WHERE event_id = $1", after.id); err != nil {
				return fmt.Errorf("events: update %s: %w", slug, err)
			}
		}
		if err := s.promote(ctx, tx, after, now); err != nil {
			return err
		}
		if after, err = Get(ctx, tx, slug); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "event.update", audit.Object("event", slug), before, after)
	})
	if err == nil {
		s.Outbox.Flush(ctx)
	}
	return after, err
}

func (e *Event) save(ctx context.Context, tx *sqldb.Tx) error {
	var cancelled sql.NullInt64
	if e.CancelledAt != nil {
		cancelled = sqldb.NullMicros(*e.CancelledAt)
	}
	_, err := tx.ExecContext(ctx, `UPDATE events SET names = $1, descriptions = $2, starts_at = $3, ends_at = $4, timezone = $5, place = $6, url = $7, capacity = $8, partners = $9, brand_key = $10,
		reminder_hours = $11, follow_up = $12, sequence = $13, changed_at = $14, cancelled_at = $15, updated_at = $16 WHERE id = $17`,
		e.Names.Text(), e.Descriptions.Text(), sqldb.Micros(e.StartsAt), sqldb.Micros(e.EndsAt), e.Timezone, e.Place, e.URL, e.capacity(), sqldb.JSON(e.Partners), e.Brand,
		e.ReminderHours, e.FollowUp.Text(), e.sequence, sqldb.NullMicros(e.changedAt), cancelled, sqldb.Micros(e.UpdatedAt), e.id)
	if err != nil {
		return fmt.Errorf("events: save %s: %w", e.Slug, err)
	}
	return nil
}

// tidy brings what may be written in several ways into one.
func (e *Event) tidy() {
	e.StartsAt, e.EndsAt = e.StartsAt.UTC().Truncate(time.Microsecond), e.EndsAt.UTC().Truncate(time.Microsecond)
	if e.Partners == nil {
		e.Partners = []string{}
	}
}

func (e *Event) capacity() sql.NullInt64 {
	if e.Capacity == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: int64(*e.Capacity), Valid: true}
}
