package events

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// The statuses of a registration.
const (
	Registered = "registered"
	Waiting    = "waiting"
	Cancelled  = "cancelled"
)

// Registration is one person's registration for one event.
type Registration struct {
	ID           string     `json:"id"`
	Email        string     `json:"email"`
	FirstName    string     `json:"first_name"`
	LastName     string     `json:"last_name"`
	Company      string     `json:"company"`
	Phone        string     `json:"phone"`
	Locale       string     `json:"locale"`
	Status       string     `json:"status"`
	Share        []string   `json:"share"` // partners that may have these details
	SubscriberID string     `json:"subscriber_id"`
	CreatedAt    time.Time  `json:"created_at"`
	CancelledAt  *time.Time `json:"cancelled_at,omitzero"`
	AttendedAt   *time.Time `json:"attended_at,omitzero"`

	eventID string
	key     string
}

// Name is the registrant's name as one text.
func (r Registration) Name() string { return strings.TrimSpace(r.FirstName + " " + r.LastName) }

// ErrNoRegistration is an id that no registration has.
var ErrNoRegistration = problem.NotFound("registration")

// Entry is what somebody registers with.
type Entry struct {
	Email, FirstName, LastName, Company, Phone, Locale string
	// Share names the partners that may have these details, each agreed to on its own.
	Share []string
	// Wording is what was agreed to, for one partner, in the words that were shown.
	Wording func(partner string) string
	// Evidence is how it came to be. Source is required.
	Evidence preferences.Evidence
	// Public tells that anybody may have sent it: it is limited, and changes nothing of a registration that is there.
	Public bool
}

func (in *Entry) check() (address.Address, error) {
	var c problem.Collector
	var parsed address.Address
	if in.Email = strings.TrimSpace(in.Email); in.Email == "" {
		c.Require("email", "")
	} else {
		var err error
		if parsed, err = address.Parse(in.Email); err != nil {
			c.Add("email", "is %s", err)
		}
	}
	for _, f := range []struct {
		name string
		text *string
	}{{"first_name", &in.FirstName}, {"last_name", &in.LastName}, {"company", &in.Company}, {"phone", &in.Phone}, {"locale", &in.Locale}} {
		*f.text = strings.TrimSpace(*f.text)
		names.CheckOptionalLine(&c, f.name, *f.text)
	}
	return parsed, c.Err()
}

func (in *Entry) profile() preferences.Profile {
	p := preferences.Profile{Email: &in.Email, FirstName: &in.FirstName, LastName: &in.LastName, Company: &in.Company, Phone: &in.Phone}
	if in.Locale != "" {
		p.Locale = &in.Locale
	}
	return p
}

// errClosed refuses a registration for an event that is over or called off.
var errClosed = problem.Conflict("The event takes no registrations any more.")

// Add registers somebody, or puts them on the waiting list when the event is full. created is false when they were
// registered before; what they newly share is then added, unless the entry is public.
func (s *Store) Add(ctx context.Context, actor audit.Actor, slug string, in Entry) (r Registration, created bool, err error) {
	parsed, err := in.check()
	if err != nil {
		return Registration{}, false, err
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		e, err := lock(ctx, tx, slug)
		if err != nil {
			return err
		}
		now := s.now()
		if !e.Open(now) {
			return errClosed
		}
		if err := e.shares(in.Share); err != nil {
			return err
		}
		r, created = Registration{}, false
		known, err := find(ctx, tx, "r.event_id = $1 AND r.email_key = $2", e.id, parsed.Key)
		switch {
		case err != nil && !errors.Is(err, ErrNoRegistration):
			return err
		case err == nil && known.Status != Cancelled:
			if r = known; in.Public {
				return nil
			}
			return s.share(ctx, tx, actor, e, &r, in, now)
		}
		if in.Public {
			if again, err := repeated(ctx, tx, e, address.FoldPlus(parsed.Key), now); err != nil || again {
				return err
			}
		}
		created = true
		return s.enter(ctx, tx, actor, e, known, parsed, in, now, &r)
	})
	if err == nil {
		s.Outbox.Flush(ctx)
	}
	return r, created, err
}

// shares checks that each is a partner of the event.
func (e Event) shares(keys []string) error {
	for _, key := range keys {
		known := false
		for _, partner := range e.Partners {
			known = known || partner == key
		}
		if !known {
			return problem.Invalid("share", fmt.Sprintf("%q is not a partner of this event", key))
		}
	}
	return nil
}

// enter writes a new registration, or one that was cancelled before, at the end of the line.
func (s *Store) enter(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, e Event, before Registration, parsed address.Address, in Entry, now time.Time, r *Registration) error {
	person, err := s.People.Ensure(ctx, tx, in.profile(), "event:"+e.Slug)
	if err != nil {
		return err
	}
	*r = Registration{ID: before.ID, Email: parsed.Display, FirstName: in.FirstName, LastName: in.LastName, Company: in.Company, Phone: in.Phone, Locale: in.Locale,
		Status: Registered, Share: []string{}, SubscriberID: person.ID, CreatedAt: now, eventID: e.id, key: parsed.Key}
	if r.ID == "" {
		r.ID = sqldb.NewID()
	}
	stage := stageRegistered
	if e.Full() {
		r.Status, stage = Waiting, stageWaiting
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO event_registrations (id, event_id, subscriber_id, email, email_key, folded_key, first_name, last_name, company, phone, locale, ip, status, queued_at, told_sequence, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (event_id, email_key) DO UPDATE SET subscriber_id = excluded.subscriber_id, email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name,
		company = excluded.company, phone = excluded.phone, locale = excluded.locale, ip = excluded.ip, status = excluded.status, queued_at = excluded.queued_at,
		told_sequence = excluded.told_sequence, reminded_at = NULL, followed_up_at = NULL, cancelled_at = NULL, attended_at = NULL, created_at = excluded.created_at`,
		r.ID, e.id, r.SubscriberID, r.Email, r.key, address.FoldPlus(r.key), r.FirstName, r.LastName, r.Company, r.Phone, r.Locale, in.Evidence.IP, r.Status,
		sqldb.Micros(now), e.sequence, sqldb.Micros(now))
	if err != nil {
		return fmt.Errorf("events: register for %s: %w", e.Slug, err)
	}
	if err := s.share(ctx, tx, actor, e, r, in, now); err != nil {
		return err
	}
	if err := audit.Record(ctx, tx, now, actor, "event.register", audit.Object("event", e.Slug), nil, map[string]string{"registration": r.ID, "status": r.Status}); err != nil {
		return err
	}
	return s.mail(ctx, tx, e, *r, stage, now)
}

// Cancel gives a place back. The first in the line gets it.
func (s *Store) Cancel(ctx context.Context, actor audit.Actor, id string) (Registration, error) {
	var r Registration
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		e, found, err := s.lockOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if r = found; r.Status == Cancelled {
			return nil
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, "UPDATE event_registrations SET status = 'cancelled', cancelled_at = $1 WHERE id = $2", sqldb.Micros(now), r.ID); err != nil {
			return fmt.Errorf("events: cancel: %w", err)
		}
		if r.Status == Registered {
			e.Registered--
		}
		r.Status, r.CancelledAt = Cancelled, &now
		if err := audit.Record(ctx, tx, now, actor, "event.cancel", audit.Object("event", e.Slug), nil, map[string]string{"registration": r.ID}); err != nil {
			return err
		}
		if now.Before(e.EndsAt) && e.CancelledAt == nil {
			if err := s.mail(ctx, tx, e, r, stageDeregistered, now); err != nil {
				return err
			}
		}
		return s.promote(ctx, tx, e, now)
	})
	if err == nil {
		s.Outbox.Flush(ctx)
	}
	return r, err
}

// promote gives the free places of a locked event to those who wait longest.
func (s *Store) promote(ctx context.Context, tx *sqldb.Tx, e Event, now time.Time) error {
	if !e.Open(now) {
		return nil
	}
	free := maxCapacity
	if e.Capacity != nil {
		free = *e.Capacity - e.Registered
	}
	if free <= 0 {
		return nil
	}
	next, err := list(ctx, tx, "r.event_id = $1 AND r.status = 'waiting' ORDER BY r.queued_at, r.id LIMIT $2", e.id, free)
	if err != nil {
		return err
	}
	for _, r := range next {
		if _, err := tx.ExecContext(ctx, "UPDATE event_registrations SET status = 'registered', told_sequence = $1 WHERE id = $2", e.sequence, r.ID); err != nil {
			return fmt.Errorf("events: promote: %w", err)
		}
		r.Status = Registered
		if err := s.mail(ctx, tx, e, r, stagePlaceFree, now); err != nil {
			return err
		}
	}
	return nil
}

// lockOf reads a registration and its event under the event's lock.
func (s *Store) lockOf(ctx context.Context, tx *sqldb.Tx, id string) (Event, Registration, error) {
	var slug string
	if !sqldb.IsID(id) {
		return Event{}, Registration{}, ErrNoRegistration
	}
	err := tx.QueryRowContext(ctx, "SELECT e.slug FROM event_registrations r JOIN events e ON e.id = r.event_id WHERE r.id = $1", id).Scan(&slug)
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, Registration{}, ErrNoRegistration
	}
	if err != nil {
		return Event{}, Registration{}, fmt.Errorf("events: registration: %w", err)
	}
	e, err := lock(ctx, tx, slug)
	if err != nil {
		return Event{}, Registration{}, err
	}
	r, err := find(ctx, tx, "r.id = $1", id)
	return e, r, err
}

// Registration reads one registration with its event.
func (s *Store) Registration(ctx context.Context, id string) (e Event, r Registration, err error) {
	if !sqldb.IsID(id) {
		return e, r, ErrNoRegistration
	}
	if r, err = find(ctx, s.DB, "r.id = $1", id); err != nil {
		return e, r, err
	}
	var slug string
	if err := s.DB.QueryRowContext(ctx, "SELECT slug FROM events WHERE id = $1", r.eventID).Scan(&slug); err != nil {
		return e, r, fmt.Errorf("events: of registration: %w", err)
	}
	e, err = Get(ctx, s.DB, slug)
	return e, r, err
}

const inOrder = "r.event_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3"

// Registrations reads up to limit registrations of an event in the order in which they were made, after an id.
func (s *Store) Registrations(ctx context.Context, e Event, after string, limit int) ([]Registration, error) {
	return list(ctx, s.DB, inOrder, e.id, after, limit)
}

func find(ctx context.Context, q sqldb.Querier, where string, args ...any) (Registration, error) {
	found, err := list(ctx, q, where, args...)
	if err != nil {
		return Registration{}, err
	}
	if len(found) == 0 {
		return Registration{}, ErrNoRegistration
	}
	return found[0], nil
}

func list(ctx context.Context, q sqldb.Querier, where string, args ...any) ([]Registration, error) {
	var found []Registration
	places := map[string]int{}
	for row := range sqldb.Rows(ctx, q, `SELECT r.id, r.event_id, r.subscriber_id, r.email, r.email_key, r.first_name, r.last_name, r.company, r.phone, r.locale, r.status, r.created_at, r.cancelled_at, r.attended_at
		FROM event_registrations r WHERE `+where, args...) {
		r := Registration{Share: []string{}}
		var created int64
		var cancelled, attended sql.NullInt64
		if err := row.Scan(&r.ID, &r.eventID, &r.SubscriberID, &r.Email, &r.key, &r.FirstName, &r.LastName, &r.Company, &r.Phone, &r.Locale, &r.Status, &created, &cancelled, &attended); err != nil {
			return nil, fmt.Errorf("events: registrations: %w", err)
		}
		r.CreatedAt = sqldb.Time(created)
		r.CancelledAt = sqldb.TimeOrNil(cancelled)
		r.AttendedAt = sqldb.TimeOrNil(attended)
		places[r.ID] = len(found)
		found = append(found, r)
	}
	return found, fillShares(ctx, q, found, places)
}

// fillShares adds the partners that the registrations are shared with now.
func fillShares(ctx context.Context, q sqldb.Querier, found []Registration, places map[string]int) error {
	ids := make([]string, len(found))
	for i, r := range found {
		ids[i] = r.ID
	}
	for row := range sqldb.Rows(ctx, q, "SELECT registration_id, partner_key FROM event_shares WHERE registration_id "+q.Dialect().In(1)+" AND withdrawn_at IS NULL ORDER BY partner_key", q.Dialect().List(ids)) {
		var id, partner string
		if err := row.Scan(&id, &partner); err != nil {
			return fmt.Errorf("events: shares: %w", err)
		}
		r := &found[places[id]]
		r.Share = append(r.Share, partner)
	}
	return nil
}
