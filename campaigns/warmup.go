package campaigns

import (
	"context"
	"fmt"
	"time"

	"assent/campaigns/pace"
	"assent/preferences/sqldb"
)

// Reserve takes up to want mails out of what the warm-up plan allows today, and tells until when there is nothing left when it
// grants none. What is not used goes back by [Service.Unreserve]. A day counts as one of the plan when anything was sent on it.
func (s *Service) Reserve(ctx context.Context, plan pace.Warmup, want int) (granted int, until time.Time, err error) {
	now := s.now()
	day := now.Format(time.DateOnly)
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		granted, until = want, time.Time{}
		var days int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sending_days WHERE day < $1 AND n > 0", day).Scan(&days); err != nil {
			return err
		}
		quota, limited := plan.Limit(days)
		if !limited {
			return nil
		}
		// The day's row must stand before it is locked: what is not there yet locks nobody out.
		if _, err := tx.ExecContext(ctx, "INSERT INTO sending_days (day, n) VALUES ($1, 0) ON CONFLICT (day) DO NOTHING", day); err != nil {
			return err
		}
		var used int
		if err := tx.QueryRowContext(ctx, "SELECT n FROM sending_days WHERE day = $1"+tx.Dialect().ForUpdate(), day).Scan(&used); err != nil {
			return err
		}
		if granted = min(want, quota-used); granted <= 0 {
			granted, until = 0, now.Truncate(24*time.Hour).Add(24*time.Hour)
			return nil
		}
		_, err = tx.ExecContext(ctx, "UPDATE sending_days SET n = n + $1 WHERE day = $2", granted, day)
		return err
	})
	if err != nil {
		return 0, until, fmt.Errorf("campaigns: warm-up: %w", err)
	}
	return granted, until, nil
}

// Warming is where the warm-up plan stands: the sending day that today is or would be, the first being 1, what was sent on it, and what
// may be. Limited is false once the plan is over, or without one.
func (s *Service) Warming(ctx context.Context, plan pace.Warmup) (day, sent, quota int, limited bool, err error) {
	today := s.now().Format(time.DateOnly)
	err = s.DB.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM sending_days WHERE day < $1 AND n > 0), (SELECT coalesce(sum(n), 0) FROM sending_days WHERE day = $1)", today).Scan(&day, &sent)
	if err != nil {
		return 0, 0, 0, false, fmt.Errorf("campaigns: warm-up: %w", err)
	}
	quota, limited = plan.Limit(day)
	return day + 1, sent, quota, limited, nil
}

// Unreserve gives back what [Service.Reserve] granted and was not sent.
func (s *Service) Unreserve(ctx context.Context, n int) error {
	if n <= 0 {
		return nil
	}
	if _, err := s.DB.ExecContext(ctx, "UPDATE sending_days SET n = n - $1 WHERE day = $2", n, s.now().Format(time.DateOnly)); err != nil {
		return fmt.Errorf("campaigns: warm-up: %w", err)
	}
	return nil
}
