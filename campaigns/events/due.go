package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

const (
	// settleTime is how long a change rests before registrants hear of it, so that several in a row make one mail.
	settleTime = 2 * time.Minute
	// followUpAfter and followUpUntil bound when a word afterwards goes out.
	followUpAfter, followUpUntil = time.Hour, 7 * 24 * time.Hour
	// dueBatch is how many mails one transaction queues.
	dueBatch = 200
)

// errand is one kind of mail that time brings.
type errand struct {
	stage string
	// due picks registrations r with their event e; its parameters are those of args, and the limit is the last one.
	due  string
	args []any
	// take claims one: it changes a row only if nobody else has.
	take string
}

// Due queues the mails that time or a change brings: reminders, changes, an event called off, a word afterwards. Each goes out
// once however often and by however many processes Due is called. It returns how many it queued.
func (s *Store) Due(ctx context.Context) (queued int, err error) {
	now := s.now()
	us := sqldb.Micros(now)
	for _, job := range []errand{
		{stageCancelled, "r.told_sequence < e.sequence AND r.status IN ('registered', 'waiting') AND e.cancelled_at IS NOT NULL AND e.ends_at > $1", []any{us},
			"UPDATE event_registrations SET told_sequence = $1 WHERE id = $2 AND told_sequence < $1"},
		{stageChanged, "r.told_sequence < e.sequence AND r.status = 'registered' AND e.cancelled_at IS NULL AND e.ends_at > $1 AND e.changed_at <= $2", []any{us, sqldb.Micros(now.Add(-settleTime))},
			"UPDATE event_registrations SET told_sequence = $1 WHERE id = $2 AND told_sequence < $1"},
		{stageReminder, "r.reminded_at IS NULL AND r.status = 'registered' AND e.cancelled_at IS NULL AND e.reminder_hours > 0 AND e.starts_at > $1 AND e.starts_at - e.reminder_hours * 3600000000 <= $1 AND r.queued_at < e.starts_at - e.reminder_hours * 3600000000", []any{us},
			"UPDATE event_registrations SET reminded_at = $1 WHERE id = $2 AND reminded_at IS NULL"},
		{stageFollowUp, "r.followed_up_at IS NULL AND r.status = 'registered' AND e.cancelled_at IS NULL AND e.follow_up <> '{}' AND e.ends_at <= $1 AND e.ends_at > $2", []any{sqldb.Micros(now.Add(-followUpAfter)), sqldb.Micros(now.Add(-followUpUntil))},
			"UPDATE event_registrations SET followed_up_at = $1 WHERE id = $2 AND followed_up_at IS NULL"},
	} {
		for {
			n, more, err := s.run(ctx, job, now)
			queued += n
			if err != nil {
				return queued, fmt.Errorf("events: %s: %w", job.stage, err)
			}
			if !more {
				break
			}
		}
	}
	if queued > 0 {
		s.Outbox.Flush(ctx)
	}
	return queued, nil
}

// Maintain does what is due; a worker calls it every minute.
func (s *Store) Maintain(ctx context.Context) error {
	_, err := s.Due(ctx)
	return err
}

func (s *Store) run(ctx context.Context, job errand, now time.Time) (queued int, more bool, err error) {
	type due struct{ registration, slug string }
	var found []due
	for row := range sqldb.Rows(ctx, s.DB, fmt.Sprintf("SELECT r.id, e.slug FROM event_registrations r JOIN events e ON e.id = r.event_id WHERE %s ORDER BY r.id LIMIT $%d", job.due, len(job.args)+1),
		append(job.args, dueBatch)...) {
		var d due
		if err := row.Scan(&d.registration, &d.slug); err != nil {
			return 0, false, err
		}
		found = append(found, d)
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		queued = 0
		for _, d := range found {
			e, err := Get(ctx, tx, d.slug)
			if err != nil {
				return err
			}
			mark := sqldb.Micros(now)
			if job.stage == stageChanged || job.stage == stageCancelled {
				mark = int64(e.sequence)
			}
			res, err := tx.ExecContext(ctx, job.take, mark, d.registration)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				if err != nil {
					return err
				}
				continue // another process was quicker
			}
			r, err := find(ctx, tx, "r.id = $1", d.registration)
			if errors.Is(err, ErrNoRegistration) {
				continue
			}
			if err != nil {
				return err
			}
			if err := s.mail(ctx, tx, e, r, job.stage, now); err != nil {
				return err
			}
			queued++
		}
		return nil
	})
	return queued, len(found) == dueBatch, err
}
