package campaigns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// nextDue is when the next deferred mail of a campaign is due, zero when none is deferred.
func nextDue(ctx context.Context, q sqldb.Querier, campaignID string) (time.Time, error) {
	var next sql.NullInt64
	if err := q.QueryRowContext(ctx, "SELECT min(due_at) FROM deliveries WHERE campaign_id = $1 AND status = 'deferred'", campaignID).Scan(&next); err != nil {
		return time.Time{}, fmt.Errorf("campaigns: deferred: %w", err)
	}
	return sqldb.NullTime(next), nil
}

// rest is what a claim answers that found nobody: it ends the campaign when everybody has an outcome, or says when there is
// more to do.
func (s *Service) rest(ctx context.Context, b Batch) (Batch, error) {
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		c, slices, err := exclusive(ctx, tx, b.Campaign.ID)
		if err != nil {
			return err
		}
		b.Campaign = c
		next, err := nextDue(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		held := false
		if c.AB != nil {
			if held, err = s.held(ctx, tx, c); err != nil {
				return err
			}
		}
		now := s.now()
		switch {
		case c.Status != StatusSending:
			b.Idle = true
		case held && c.ABState.Winner != 0: // the winner goes out
		case !c.Planned || len(slices) > 0: // others held it
		case next.After(now):
			b.Idle, b.Next = true, next
		case held:
			b.Idle = true
		case next.IsZero():
			b.Idle = true
			return s.finish(ctx, tx, c, now)
		}
		return nil
	})
	if err == nil && !b.Idle {
		time.Sleep(dryPause)
	}
	return b, err
}

// finish ends a campaign in which nobody waits and nothing is claimed.
func (s *Service) finish(ctx context.Context, tx *sqldb.Tx, c *Campaign, now time.Time) error {
	var open int
	if err := tx.QueryRowContext(ctx, "SELECT "+openDeliveries("$1", "$2"), c.ID, c.ID).Scan(&open); err != nil {
		return fmt.Errorf("campaigns: finish: %w", err)
	}
	if open > 0 {
		return nil
	}
	c.Status, c.FinishedAt, c.UpdatedAt = StatusFinished, now, now
	return c.save(ctx, tx)
}

// end closes a campaign before everybody was reached: those who wait, and those never looked at, are skipped with the reason.
func (s *Service) end(ctx context.Context, tx *sqldb.Tx, c *Campaign, slices []slice, now time.Time, status, reason string) error {
	t := tally{}
	res, err := tx.ExecContext(ctx, "UPDATE deliveries SET status = 'skipped', reason = $1, at = $2, due_at = NULL WHERE campaign_id = $3 AND status = 'deferred'", reason, sqldb.Micros(now), c.ID)
	if err != nil {
		return fmt.Errorf("campaigns: end: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("campaigns: end: %w", err)
	}
	t.add(StatusSkipped, reason, n)
	if !c.StartedAt.IsZero() {
		left, err := s.unreached(ctx, tx, c, slices)
		if err != nil {
			return err
		}
		t.add(StatusSkipped, reason, left)
		c.Planned = true
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM campaign_slices WHERE campaign_id = $1", c.ID); err != nil {
		return fmt.Errorf("campaigns: end: %w", err)
	}
	c.Status, c.StatusReason, c.UpdatedAt = status, reason, now
	c.FinishedAt = now
	return errors.Join(t.write(ctx, tx, c.ID, 0, now), c.save(ctx, tx))
}

// openDeliveries is whether anything of a campaign, bound twice, is deferred or claimed: 0 if not. Each is asked apart, so that
// the index of each serves, and not the one over all deliveries of the campaign.
func openDeliveries(first, second string) string {
	return `(SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE campaign_id = ` + first + ` AND status = 'deferred' LIMIT 1) AS d)
		+ (SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE status = 'claimed' AND worker >= '' AND campaign_id || '' = ` + second + ` LIMIT 1) AS c)`
}

// HasWork tells whether a claim would find something to do now.
func (s *Service) HasWork(ctx context.Context, c *Campaign) (bool, error) {
	if c.Status == StatusScheduled || !c.Planned || (!c.ExpiresAt.IsZero() && !s.now().Before(c.ExpiresAt)) {
		return true, nil
	}
	if due, err := s.testHasWork(ctx, c); due || err != nil {
		return due, err
	}
	var due, open, apart int
	err := s.DB.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE campaign_id = $1 AND status = 'deferred' AND due_at <= $2 LIMIT 1) AS d),
		`+openDeliveries("$3", "$4")+`, (SELECT count(*) FROM campaign_slices WHERE campaign_id = $5)`, c.ID, sqldb.Micros(s.now()), c.ID, c.ID, c.ID).Scan(&due, &open, &apart)
	if err != nil {
		return false, fmt.Errorf("campaigns: work: %w", err)
	}
	return due > 0 || open == 0 || apart > 0, nil // nobody open: it only has to be finished
}
