package campaigns

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// Report is how a campaign stands: everybody of its audience in exactly one of sent, skipped, failed, uncertain and, while it
// runs, deferred, claimed and waiting. Bounced, complained and unsubscribed people are counted in sent as well.
type Report struct {
	Status       string           `json:"status"`
	StatusReason string           `json:"status_reason,omitempty"`
	Total        int64            `json:"total"`
	Sent         int64            `json:"sent"`
	Skipped      map[string]int64 `json:"skipped"`
	Failed       int64            `json:"failed"`
	Uncertain    int64            `json:"uncertain"`
	Deferred     int64            `json:"deferred"`
	Claimed      int64            `json:"claimed"`
	Bounced      int64            `json:"bounced"`
	Complained   int64            `json:"complained"`
	Unsubscribed int64            `json:"unsubscribed"`
	StartedAt    *time.Time       `json:"started_at"`
	FinishedAt   *time.Time       `json:"finished_at"`
}

// What is counted beside a delivery's own state.
const (
	CountComplained   = "complained"
	CountUnsubscribed = "unsubscribed"
)

// Report reads how a campaign stands.
func (s *Service) Report(ctx context.Context, c *Campaign) (Report, error) {
	r := Report{Status: c.Status, StatusReason: c.StatusReason, Total: c.Total, Skipped: map[string]int64{}, StartedAt: maybe(c.StartedAt), FinishedAt: maybe(c.FinishedAt)}
	rows, err := s.DB.QueryContext(ctx, "SELECT outcome, reason, CAST(sum(n) AS BIGINT) FROM tallies WHERE campaign_id = $1 GROUP BY outcome, reason", c.ID)
	if err != nil {
		return r, fmt.Errorf("campaigns: report: %w", err)
	}
	defer rows.Close()
	var counted int64
	for rows.Next() {
		var status, reason string
		var n int64
		if err := rows.Scan(&status, &reason, &n); err != nil {
			return r, fmt.Errorf("campaigns: report: %w", err)
		}
		switch status {
		case StatusSent:
			r.Sent += n
		case StatusSkipped:
			r.Skipped[reason] += n
		case StatusFailed:
			r.Failed += n
		case StatusUncertain:
			r.Uncertain += n
		case StatusBounced:
			r.Bounced += n
			continue
		case CountComplained:
			r.Complained += n
			continue
		case CountUnsubscribed:
			r.Unsubscribed += n
			continue
		}
		counted += n
	}
	if err := rows.Err(); err != nil {
		return r, fmt.Errorf("campaigns: report: %w", err)
	}
	if err := s.DB.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE status = 'deferred'), count(*) FILTER (WHERE status = 'claimed') FROM deliveries WHERE campaign_id = $1 AND status IN ('deferred', 'claimed')", c.ID).
		Scan(&r.Deferred, &r.Claimed); err != nil {
		return r, fmt.Errorf("campaigns: report: %w", err)
	}
	switch {
	case c.StartedAt.IsZero():
		r.Total, err = s.count(ctx, s.DB, c)
	case c.Planned: // people who came or went while it ran are in the count
		r.Total = counted + r.Deferred + r.Claimed
	}
	return r, err
}

func maybe(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Note counts what came of a mail later: a bounce, a complaint, an unsubscribe. A repeat counts once; it returns whether this was the first.
func (s *Service) Note(ctx context.Context, tx *sqldb.Tx, at time.Time, campaignID, subscriberID, what string) (first bool, err error) {
	column := map[string]string{StatusBounced: "bounced_at", CountComplained: "complained_at", CountUnsubscribed: "unsubscribed_at"}[what]
	if column == "" {
		return false, fmt.Errorf("campaigns: %q is not counted", what)
	}
	res, err := tx.ExecContext(ctx, "UPDATE deliveries SET "+column+" = $1 WHERE campaign_id = $2 AND subscriber_id = $3 AND "+column+" IS NULL", sqldb.Micros(at), campaignID, subscriberID)
	if err != nil {
		return false, fmt.Errorf("campaigns: note: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	t := tally{}
	t.add(what, "", 1)
	return true, t.write(ctx, tx, campaignID, 0)
}
