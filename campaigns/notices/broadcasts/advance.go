package broadcasts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/campaigns/outbox"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
)

const (
	// rangeSize is how many people become messages in one transaction.
	rangeSize = 500
	// window is how many messages of a broadcast wait at most, so that single notices never stand in a long line behind it.
	window = 4000
	// trialShare and trialLeast are how many get it first: one in a hundred, but enough to see trouble.
	trialShare = 100
	trialLeast = 10
	// trialPatience is how long the rest waits for outcomes of the first.
	trialPatience = 15 * time.Minute
	// sweepEvery is how often people are looked for who joined the audience after it was read.
	sweepEvery = time.Minute
	// leastBounces is how many bounces the brake ignores.
	leastBounces = 3
	// slice bounds one call of Advance.
	slice = 5 * time.Second
)

// Advance takes every broadcast a step further. A worker calls it about every second; it may run on several at once.
func (s *Service) Advance(ctx context.Context) error {
	now := s.now()
	ids, err := s.active(ctx, now)
	if err != nil {
		return err
	}
	until := time.Now().Add(slice)
	var failed error
	for _, id := range ids {
		for more := true; more && time.Now().Before(until); {
			if more, err = s.step(ctx, id); err != nil {
				failed = errors.Join(failed, err)
				break
			}
		}
		if err := s.sweep(ctx, id); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// active lists the broadcasts that may have something to do.
func (s *Service) active(ctx context.Context, now time.Time) (ids []string, err error) {
	ids, err = sqldb.Values[string](ctx, s.DB, `SELECT id FROM notice_broadcasts b WHERE status IN ('scheduled', 'sending') OR (status = 'finished' AND effective_at > $1 AND swept_at < $2)
		OR (status = 'cancelled' AND started_at IS NOT NULL AND (planned_at IS NULL OR EXISTS (SELECT 1 FROM messages m WHERE m.broadcast_id = b.id AND m.status IN ('queued', 'sending', 'deferred'))))
		ORDER BY id`, sqldb.Micros(now), sqldb.Micros(now.Add(-sweepEvery)))
	if err != nil {
		return nil, fmt.Errorf("broadcasts: active: %w", err)
	}
	return ids, nil
}

// step does the next thing that a broadcast needs, in one transaction, and tells whether there may be more to do at once.
func (s *Service) step(ctx context.Context, id string) (more bool, err error) {
	planned := 0
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		more, planned = false, 0
		now := s.now()
		b, err := get(ctx, tx, id, tx.Dialect().ForUpdate())
		if err != nil {
			return err
		}
		before := b.State
		switch b.Status {
		case Cancelled:
			more, err = s.withdraw(ctx, tx, b, now)
		case Scheduled:
			more, err = true, s.begin(ctx, tx, b, now)
		case Sending:
			more, planned, err = s.send(ctx, tx, b, now)
		default:
			return nil
		}
		if err != nil || b.State == before {
			return err
		}
		b.UpdatedAt = now
		return b.save(ctx, tx)
	})
	if planned > 0 {
		s.Outbox.Flush(ctx)
	}
	return more, err
}

// begin makes a scheduled broadcast a sending one.
func (s *Service) begin(ctx context.Context, tx *sqldb.Tx, b *Broadcast, now time.Time) (err error) {
	b.Status, b.StartedAt = Sending, now
	b.Total, err = b.count(ctx, tx, now)
	return err
}

// send gives the next range its messages or, when everybody has one, lets some of them go unless the brake or the trial says to
// wait. It ends the broadcast when everybody has an outcome.
func (s *Service) send(ctx context.Context, tx *sqldb.Tx, b *Broadcast, now time.Time) (more bool, planned int, err error) {
	if b.plannedAt.IsZero() {
		return true, 0, s.plan(ctx, tx, b, now)
	}
	if !b.HeldAt.IsZero() {
		return false, 0, hold(ctx, tx, b.ID)
	}
	c, err := counts(ctx, tx, b.ID)
	if err != nil {
		return false, 0, err
	}
	if s.tooMany(b, c) {
		return false, 0, s.brake(ctx, tx, b, c, now)
	}
	resting, err := resting(ctx, tx, b.ID)
	if err != nil {
		return false, 0, err
	}
	waiting := c["queued"] - resting + c["sending"]
	if waiting+resting+c["deferred"] == 0 {
		return false, 0, s.finish(ctx, tx, b, now)
	}
	room := min(rangeSize, window-waiting, resting)
	if b.Trial > 0 && resting > 0 {
		first := b.Trial - (c.all() - resting)
		unknown := waiting > 0 || c["deferred"] > 0 && c.settled()+c["unserved"] == 0 // a relay that is away says nothing about the addresses
		switch {
		case first > 0:
			room = min(room, first)
		case unknown && now.Sub(b.StartedAt) < trialPatience:
			return false, 0, nil
		default:
			b.Trial = 0
		}
	}
	if room <= 0 {
		return false, 0, nil
	}
	return room == rangeSize, int(room), release(ctx, tx, b.ID, now, room)
}

// plan makes messages for the next people of the audience. They rest until it is their turn.
func (s *Service) plan(ctx context.Context, tx *sqldb.Tx, b *Broadcast, now time.Time) error {
	people, err := b.missing(ctx, tx, b.cursor, now, rangeSize)
	if err != nil {
		return err
	}
	if len(people) > 0 {
		b.cursor = people[len(people)-1].SubscriberID
	}
	if err := s.Outbox.Insert(ctx, tx, s.messages(b, people, now)...); err != nil {
		return err
	}
	if len(people) == rangeSize {
		return nil
	}
	b.plannedAt, b.sweptAt = now, now
	c, err := counts(ctx, tx, b.ID)
	if err != nil {
		return err
	}
	if b.Total = c.all(); b.Trial == 0 {
		b.Trial = max((b.Total+trialShare-1)/trialShare, trialLeast)
	}
	return nil
}

// resting counts the messages that wait for their turn.
func resting(ctx context.Context, q sqldb.Querier, id string) (n int64, err error) {
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE broadcast_id = $1 AND status = 'queued' AND due_at IS NULL", id).Scan(&n); err != nil {
		return 0, fmt.Errorf("broadcasts: count: %w", err)
	}
	return n, nil
}

// release lets the next messages go, to the address and in the language that their people have by now.
func release(ctx context.Context, tx *sqldb.Tx, id string, now time.Time, n int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE messages SET due_at = $1, at = $1, email = COALESCE((SELECT s.email FROM subscribers s WHERE s.id = messages.subscriber_id), email),
		address_key = COALESCE((SELECT s.email_key FROM subscribers s WHERE s.id = messages.subscriber_id), address_key),
		locale = COALESCE((SELECT s.locale FROM subscribers s WHERE s.id = messages.subscriber_id), locale) WHERE status = 'queued' AND due_at IS NULL
		AND id IN (SELECT id FROM messages WHERE broadcast_id = $2 AND status = 'queued' AND due_at IS NULL ORDER BY id LIMIT $3)`, sqldb.Micros(now), id, n); err != nil {
		return fmt.Errorf("broadcasts: release: %w", err)
	}
	return nil
}

// missing reads the next people of the audience after a subscriber who have no message of the broadcast.
func (b *Broadcast) missing(ctx context.Context, q sqldb.Querier, after string, now time.Time, limit int) (people []outbox.Message, err error) {
	where, args, err := b.audience(ctx, q, 4, now)
	if err != nil {
		return nil, err
	}
	for row := range sqldb.Rows(ctx, q, `SELECT s.id, s.email, s.email_key, s.first_name, s.last_name, s.locale FROM subscribers s
		WHERE s.id > $1 AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.broadcast_id = $2 AND m.subscriber_id = s.id) AND `+where+" ORDER BY s.id LIMIT $3", append([]any{after, b.ID, limit}, args...)...) {
		var m outbox.Message
		var first, last string
		if err := row.Scan(&m.SubscriberID, &m.Email, &m.AddressKey, &first, &last, &m.Locale); err != nil {
			return nil, fmt.Errorf("broadcasts: audience: %w", err)
		}
		m.Name = fullName(first, last)
		people = append(people, m)
	}
	return people, nil
}

// messages completes what [Broadcast.missing] has read.
func (s *Service) messages(b *Broadcast, people []outbox.Message, now time.Time) []outbox.Message {
	for i := range people {
		m := &people[i]
		m.ID, m.Class, m.Kind, m.Obligation, m.Basis, m.BroadcastID, m.Brand, m.Subject = sqldb.NewID(), gate.Notice, Kind, b.Obligation, b.Basis, b.ID, b.Brand, b.Text.Subject
		m.Status, m.At, m.CreatedAt, m.Author, m.GiveUpAt = outbox.StatusQueued, now, now, b.Author, b.EffectiveAt
	}
	return people
}

// sweep tells people who joined the audience after it was read, until what was announced takes effect.
func (s *Service) sweep(ctx context.Context, id string) error {
	for {
		now := s.now()
		b, err := s.Get(ctx, s.DB, id)
		if err != nil {
			return err
		}
		if b.plannedAt.IsZero() || !b.HeldAt.IsZero() || b.Status == Cancelled || !now.Before(b.EffectiveAt) || now.Sub(b.sweptAt) < sweepEvery {
			return nil
		}
		late, err := b.missing(ctx, s.DB, "", now, rangeSize) // outside the transaction: it may read the whole audience
		if err != nil {
			return err
		}
		err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			b, err := get(ctx, tx, id, tx.Dialect().ForUpdate())
			if err != nil || b.Status == Cancelled {
				return err
			}
			if len(late) > 0 {
				if b.Status == Finished {
					b.Status, b.FinishedAt = Sending, time.Time{}
				}
				if err := s.Outbox.InsertNew(ctx, tx, s.messages(b, late, now)...); err != nil {
					return err
				}
			}
			if len(late) < rangeSize {
				b.sweptAt = now
			}
			b.UpdatedAt = now
			return b.save(ctx, tx)
		})
		if err != nil {
			return err
		}
		if len(late) > 0 {
			s.Outbox.Flush(ctx)
		}
	}
}

// finish ends a broadcast in which everybody has an outcome.
func (s *Service) finish(ctx context.Context, tx *sqldb.Tx, b *Broadcast, now time.Time) error {
	b.Status, b.FinishedAt = Finished, now
	if b.reachedAt.IsZero() {
		if err := b.setReached(ctx, tx); err != nil {
			return err
		}
	}
	if err := audit.Record(ctx, tx, now, audit.System("broadcasts"), "notice_broadcast.finish", object(b.ID), nil, nil); err != nil {
		return err
	}
	return s.tell(ctx, tx, b, "finished")
}

// tooMany asks the brake about what happened since somebody last let the broadcast go on.
func (s *Service) tooMany(b *Broadcast, c tally) bool {
	sent, bounced := c.settled()-b.brakeSent, c["bounced"]-b.brakeBounced
	return s.Brake != nil && bounced >= leastBounces && s.Brake(sent, bounced)
}

// brake stops a broadcast until a person has looked at it.
func (s *Service) brake(ctx context.Context, tx *sqldb.Tx, b *Broadcast, c tally, now time.Time) error {
	b.HeldAt = now
	b.HeldFor = fmt.Sprintf("%d of %d mails bounced: the addresses may be old or the relay refused; look into it, then let it go on", c["bounced"]-b.brakeBounced, c.settled()-b.brakeSent)
	if err := audit.Record(ctx, tx, now, audit.System("broadcasts"), "notice_broadcast.hold", object(b.ID), nil, map[string]string{"held_for": b.HeldFor}); err != nil {
		return err
	}
	if err := hold(ctx, tx, b.ID); err != nil {
		return err
	}
	return s.tell(ctx, tx, b, "held")
}

func fullName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// hold keeps what waits from being tried.
func hold(ctx context.Context, tx *sqldb.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, "UPDATE messages SET due_at = NULL WHERE broadcast_id = $1 AND status IN ('queued', 'deferred') AND due_at IS NOT NULL", id); err != nil {
		return fmt.Errorf("broadcasts: hold: %w", err)
	}
	return nil
}
