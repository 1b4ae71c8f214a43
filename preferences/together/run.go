package together

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

const (
	set = 500 // people in a transaction
	// pause is how long the next of them are looked for before it is told how far it came.
	pause = time.Second
	// lease is how long a process that works on a job may be silent before another takes it over.
	lease    = 15 * time.Second
	maxTries = 5
	// Keep is how long a job can be taken back.
	Keep = 30 * 24 * time.Hour
)

// errTaken is a job that was cancelled, or that another process took over.
var errTaken = errors.New("together: it is not ours any more")

// Kick lets this process work off what waits, at once and beside the caller, until [Store.Close].
func (s *Store) Kick() {
	s.loop.Kick(s.Work, func(err error) {
		if s.Log != nil {
			s.Log.Error("together: a job waits", slog.Any("error", err))
		}
	})
}

// Close stops what [Store.Kick] began, after the set that is under way. The rest goes on when a process looks again.
func (s *Store) Close() { s.loop.Close() }

// Work works off all jobs that nobody works on.
func (s *Store) Work(ctx context.Context) error {
	s.one.Lock()
	defer s.one.Unlock()
	ids, err := sqldb.Values[string](ctx, s.DB, "SELECT id FROM together WHERE status IN ('queued', 'running', 'undoing') AND (worker = '' OR lease_until < $1) ORDER BY created_at", sqldb.Micros(s.now()))
	if err != nil {
		return fmt.Errorf("together: %w", err)
	}
	for _, id := range ids {
		if err := s.run(ctx, id); err != nil && !errors.Is(err, errTaken) {
			return err
		}
	}
	return nil
}

func (s *Store) run(ctx context.Context, id string) error {
	s.once.Do(func() { s.worker = sqldb.NewID() })
	now := s.now()
	res, err := s.DB.ExecContext(ctx, `UPDATE together SET worker = $1, lease_until = $2, status = CASE status WHEN 'queued' THEN 'running' ELSE status END
		WHERE id = $3 AND status IN ('queued', 'running', 'undoing') AND (worker = '' OR worker = $4 OR lease_until < $5)`, s.worker, sqldb.Micros(now.Add(lease)), id, s.worker, sqldb.Micros(now))
	if err != nil {
		return fmt.Errorf("together: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errTaken)
	}
	j, err := s.Get(ctx, s.DB, id)
	if err != nil {
		return err
	}
	step := s.step
	if j.Status == StatusUndoing {
		step = s.undoStep
	}
	for over := false; err == nil && !over; {
		over, err = step(ctx, j)
	}
	if err == nil || errors.Is(err, errTaken) {
		return err
	}
	tried := 1 // in vain
	if ctx.Err() != nil {
		tried = 0
	}
	return errors.Join(err, s.release(context.WithoutCancel(ctx), j, tried))
}

// release lets the next look go on, as the trouble may be over soon; after a few times the job has failed.
func (s *Store) release(ctx context.Context, j *Job, tried int) error {
	if _, err := s.DB.ExecContext(ctx, "UPDATE together SET lease_until = 0, tries = tries + $1 WHERE id = $2 AND worker = $3", tried, j.ID, s.worker); err != nil {
		return fmt.Errorf("together: %w", err)
	}
	_, err := s.DB.ExecContext(ctx, "UPDATE together SET status = 'failed', worker = '', filter = $1, cursor = '', finished_at = $2 WHERE id = $3 AND worker = $4 AND tries >= $5", sqldb.JSON(j.told()), sqldb.Micros(s.now()), j.ID, s.worker, maxTries)
	if err != nil {
		return fmt.Errorf("together: %w", err)
	}
	return nil
}

// step works off the next set of people.
func (s *Store) step(ctx context.Context, j *Job) (over bool, err error) {
	in := j.Filter.Search()
	in.After, in.Upto, in.Limit = j.cursor, j.ID, set
	found, err := s.People.Find(ctx, in, pause)
	if err != nil {
		return false, err
	}
	over = found.End
	cursor := found.At
	ids := make([]string, len(found.People))
	for i, sub := range found.People {
		ids[i] = sub.ID
	}
	if over || len(ids) == set {
		cursor = j.cursor
		if len(ids) > 0 {
			cursor = ids[len(ids)-1]
		}
	}
	next := *j
	var claimed []string
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		next = *j
		next.cursor, next.Skipped = cursor, map[string]int64{}
		for reason, n := range j.Skipped {
			next.Skipped[reason] = n
		}
		if claimed, err = s.act(ctx, tx, &next, ids); err != nil {
			return err
		}
		next.People += int64(len(ids))
		return s.save(ctx, tx, &next, over)
	})
	if err != nil {
		return false, err
	}
	*j = next
	_, err = s.People.Sending.Settle(ctx, claimed)
	return over, err
}

// act does what the job does with a set of people, and notes what was before.
func (s *Store) act(ctx context.Context, tx *sqldb.Tx, j *Job, ids []string) (claimed []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	type line struct {
		ID     string `json:"id"`
		Before string `json:"b"`
	}
	var lines []line
	var skipped map[string]int64
	switch j.Action {
	case Withdraw:
		var n int64
		n, skipped, claimed, err = s.People.WithdrawPeople(ctx, tx, j.actor, ids, j.Topic, j.evidence())
		j.Changed += n
	case Suppress:
		var blocked []preferences.Blocked
		blocked, skipped, claimed, err = s.People.BlockPeople(ctx, tx, j.actor, ids, j.Note)
		for _, b := range blocked {
			lines = append(lines, line{b.ID, sqldb.JSON(b.Block)})
		}
	default:
		var marked []preferences.Marked
		marked, skipped, err = s.People.MarkSet(ctx, tx, j.actor, ids, j.Tag, j.value())
		for _, m := range marked {
			lines = append(lines, line{m.ID, sqldb.JSON(m.Before)})
		}
	}
	if err != nil {
		return nil, err
	}
	for reason, n := range skipped {
		j.Skipped[reason] += n
	}
	j.Changed += int64(len(lines))
	if len(lines) == 0 {
		return claimed, nil
	}
	d := tx.Dialect()
	_, err = tx.ExecContext(ctx, "INSERT INTO together_people (together_id, subscriber_id, before) SELECT CAST($1 AS TEXT), "+d.Field("id", "TEXT")+", "+d.Field("b", "TEXT")+" FROM "+d.Rows(2), j.ID, sqldb.JSON(lines))
	if err != nil {
		return nil, fmt.Errorf("together: %w", err)
	}
	return claimed, nil
}

// evidence is what each event of a withdrawal keeps: who said so, and their reason.
func (j *Job) evidence() preferences.Evidence {
	e := preferences.Evidence{Source: "staff", Note: j.Note}
	if j.actor.Kind == "key" {
		e.Source = "api"
	}
	return e
}

// save stores how far it came, if it is still ours.
func (s *Store) save(ctx context.Context, tx *sqldb.Tx, j *Job, over bool) error {
	now, filter := s.now(), j.Filter
	var finished any
	if over {
		j.Status, finished, filter, j.cursor = StatusFinished, sqldb.Micros(now), j.told(), ""
	}
	res, err := tx.ExecContext(ctx, `UPDATE together SET status = $1, filter = $2, cursor = $3, people = $4, changed = $5, skipped = $6, finished_at = $7, lease_until = $8, tries = 0
		WHERE id = $9 AND status = 'running' AND worker = $10`, j.Status, sqldb.JSON(filter), j.cursor, j.People, j.Changed, sqldb.JSON(j.Skipped), finished, sqldb.Micros(now.Add(lease)), j.ID, s.worker)
	if err != nil {
		return fmt.Errorf("together: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errTaken)
	}
	return nil
}

// Maintain goes on with what a dead process left, and forgets what is old.
func (s *Store) Maintain(ctx context.Context) error {
	_, err := s.DB.ExecContext(ctx, "DELETE FROM together_people WHERE together_id IN (SELECT id FROM together WHERE status <> 'undoing' AND finished_at < $1)", sqldb.Micros(s.now().Add(-Keep)))
	if err != nil {
		return fmt.Errorf("together: trim: %w", err)
	}
	return s.Work(ctx)
}

// Forget removes what is kept of a person who is erased; see [preferences.Service].
func (s *Store) Forget(ctx context.Context, tx *sqldb.Tx, sub *preferences.Subscriber) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM together_people WHERE subscriber_id = $1", sub.ID); err != nil {
		return fmt.Errorf("together: forget: %w", err)
	}
	return nil
}

// Undo lets what a job did be taken back, but for what somebody changed since.
func (s *Store) Undo(ctx context.Context, actor audit.Actor, id string) (j *Job, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if j, err = s.Get(ctx, tx, id); err != nil {
			return err
		}
		if j.Action == Withdraw {
			return problem.Conflict("A withdrawal cannot be taken back: only the person can agree again.")
		}
		now := s.now()
		if !j.Undoable(now) {
			return problem.Conflict("There is nothing to take back: it is not over, was taken back already, or is more than 30 days old.")
		}
		j.Status = StatusUndoing
		if _, err := tx.ExecContext(ctx, "UPDATE together SET status = 'undoing', actor = $1, worker = '', tries = 0 WHERE id = $2", sqldb.JSON(actor), id); err != nil {
			return fmt.Errorf("together: undo: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, "subscriber.together_undo", audit.Object("together", id), nil, nil)
	})
	return j, err
}

// Undoable tells whether it can be taken back.
func (j *Job) Undoable(now time.Time) bool {
	over := j.Status == StatusFinished || j.Status == StatusCancelled || j.Status == StatusFailed
	return over && j.Action != Withdraw && j.Changed > 0 && now.Sub(j.CreatedAt) < Keep
}
