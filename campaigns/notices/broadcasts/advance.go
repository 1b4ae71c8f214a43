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
	rows, err := s.DB.QueryContext(ctx, `SELECT id FROM notice_broadcasts WHERE status IN ('scheduled', 'sending') OR (status = 'finished' AND effective_at > $1 AND swept_at < $2)
		OR (status = 'cancelled' AND finished_at > $2) ORDER BY id`, sqldb.Micros(now), sqldb.Micros(now.Add(-sweepEvery)))
	if err != nil {
		return nil, fmt.Errorf("broadcasts: active: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("broadcasts: active: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
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
			return withdraw(ctx, tx, id, now) // what was being tried when it was cancelled
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
	if b.Total, err = b.count(ctx, tx, now); err != nil {
		return err
	}
	if b.Trial = max((b.Total+trialShare-1)/trialShare, trialLeast); b.Trial >= b.Total {
		b.Trial = 0
	}
	return nil
}

// send plans the next range, unless the brake or the trial says to wait, or ends the broadcast when everybody has an outcome.
func (s *Service) send(ctx context.Context, tx *sqldb.Tx, b *Broadcast, now time.Time) (more bool, planned int, err error) {
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
	waiting := c["queued"] + c["sending"]
	if !b.plannedAt.IsZero() {
		if waiting+c["deferred"] == 0 {
			return false, 0, s.finish(ctx, tx, b, now)
		}
		return false, 0, nil
	}
	room := min(rangeSize, window-waiting)
	if b.Trial > 0 {
		first := b.Trial - c.all()
		switch {
		case first > 0:
			room = min(room, first)
		case waiting > 0 && now.Sub(b.StartedAt) < trialPatience:
			return false, 0, nil
		default:
			b.Trial = 0
		}
	}
	if room <= 0 {
		return false, 0, nil
	}
	planned, err = s.plan(ctx, tx, b, now, int(room))
	return true, planned, err
}

// plan makes messages for the next people of the audience.
func (s *Service) plan(ctx context.Context, tx *sqldb.Tx, b *Broadcast, now time.Time, limit int) (int, error) {
	people, err := b.missing(ctx, tx, b.cursor, now, limit)
	if err != nil {
		return 0, err
	}
	if len(people) < limit {
		b.plannedAt, b.sweptAt = now, now
	}
	if len(people) > 0 {
		b.cursor = people[len(people)-1].SubscriberID
	}
	return len(people), s.Outbox.Insert(ctx, tx, s.messages(b, people, now)...)
}

// missing reads the next people of the audience after a subscriber who have no message of the broadcast.
func (b *Broadcast) missing(ctx context.Context, q sqldb.Querier, after string, now time.Time, limit int) (people []outbox.Message, err error) {
	where, args, err := b.audience(ctx, q, 4, now)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, `SELECT s.id, s.email, s.email_key, s.first_name, s.last_name, s.locale FROM subscribers s
		WHERE s.id > $1 AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.broadcast_id = $2 AND m.subscriber_id = s.id) AND `+where+" ORDER BY s.id LIMIT $3", append([]any{after, b.ID, limit}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("broadcasts: audience: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var m outbox.Message
		var first, last string
		if err := rows.Scan(&m.SubscriberID, &m.Email, &m.AddressKey, &first, &last, &m.Locale); err != nil {
			return nil, fmt.Errorf("broadcasts: audience: %w", err)
		}
		m.Name = fullName(first, last)
		people = append(people, m)
	}
	return people, rows.Err()
}

// messages completes what [Broadcast.missing] has read.
func (s *Service) messages(b *Broadcast, people []outbox.Message, now time.Time) []outbox.Message {
	for i := range people {
		m := &people[i]
		m.ID, m.Class, m.Kind, m.Obligation, m.Basis, m.BroadcastID, m.Brand, m.Subject = sqldb.NewID(), gate.Notice, Kind, b.Obligation, b.Basis, b.ID, b.Brand, b.Text.Subject
		m.Status, m.At, m.DueAt, m.CreatedAt, m.Author, m.GiveUpAt = outbox.StatusQueued, now, now, now, b.Author, b.EffectiveAt
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
		last, err := b.lastAcceptance(ctx, tx)
		if err != nil {
			return err
		}
		if b.reachedAt = last; last.IsZero() {
			b.reachedAt = b.StartedAt
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
