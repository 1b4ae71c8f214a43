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
	Clicks       *Clicks          `json:"clicks,omitempty"`  // of a single report
	ABTest       *Findings        `json:"ab_test,omitempty"` // of a single report
	FinishedAt   *time.Time       `json:"finished_at"`

	clicked int64
}

// Clicked is how many people clicked, nil for fewer than ten.
func (r Report) Clicked() *int64 { return told(r.clicked) }

// What is counted beside a delivery's own state.
const (
	CountComplained   = "complained"
	CountUnsubscribed = "unsubscribed"
)

// Report reads how a campaign stands.
func (s *Service) Report(ctx context.Context, c *Campaign) (Report, error) {
	all, err := s.Reports(ctx, []*Campaign{c})
	r := all[c.ID]
	if err != nil || c.StartedAt.IsZero() {
		return r, err
	}
	if r.Clicks, err = s.Clicks(ctx, c); err != nil || c.AB == nil {
		return r, err
	}
	f, err := s.Findings(ctx, s.DB, c)
	r.ABTest = &f
	return r, err
}

// Reports reads how campaigns stand, by their ids, with as many queries as for one.
func (s *Service) Reports(ctx context.Context, list []*Campaign) (map[string]Report, error) {
	out, ids := map[string]Report{}, make([]string, len(list))
	for i, c := range list {
		ids[i] = c.ID
		out[c.ID] = Report{Status: c.Status, StatusReason: c.StatusReason, Total: c.Total, Skipped: map[string]int64{}, StartedAt: maybe(c.StartedAt), FinishedAt: maybe(c.FinishedAt)}
	}
	if len(list) == 0 {
		return out, nil
	}
	counted := map[string]int64{}
	d := s.DB.Dialect()
	// What is open is counted apart for each state, so that the index of each serves.
	for row := range sqldb.Rows(ctx, s.DB, `SELECT campaign_id, outcome, reason, CAST(sum(n) AS BIGINT) FROM tallies WHERE campaign_id `+d.In(1)+` GROUP BY campaign_id, outcome, reason
		UNION ALL SELECT campaign_id, 'deferred', '', count(*) FROM deliveries WHERE status = 'deferred' AND campaign_id `+d.In(2)+` GROUP BY campaign_id
		UNION ALL SELECT campaign_id || '', 'claimed', '', count(*) FROM deliveries WHERE status = 'claimed' AND worker >= '' AND campaign_id || '' `+d.In(3)+` GROUP BY campaign_id || ''`, d.List(ids), d.List(ids), d.List(ids)) {
		var id, status, reason string
		var n int64
		if err := row.Scan(&id, &status, &reason, &n); err != nil {
			return nil, fmt.Errorf("campaigns: report: %w", err)
		}
		r := out[id]
		if r.add(status, reason, n) {
			counted[id] += n
		}
		out[id] = r
	}
	apart, err := s.apart(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		r := out[c.ID]
		switch {
		case c.StartedAt.IsZero():
			if r.Total, err = s.count(ctx, s.DB, c); err != nil {
				return nil, err
			}
		case c.Planned && !apart[c.ID]: // people who came or went while it ran are in the count
			r.Total = counted[c.ID]
		}
		out[c.ID] = r
	}
	return out, nil
}

// apart tells in which campaigns people are set apart whom nobody has looked at.
func (s *Service) apart(ctx context.Context) (map[string]bool, error) {
	apart := map[string]bool{}
	for row := range sqldb.Rows(ctx, s.DB, "SELECT DISTINCT campaign_id FROM campaign_slices") {
		var id string
		if err := row.Scan(&id); err != nil {
			return nil, fmt.Errorf("campaigns: slices: %w", err)
		}
		apart[id] = true
	}
	return apart, nil
}

// add counts what a tally says, and tells whether these people are in no other count.
func (r *Report) add(status, reason string, n int64) bool {
	switch status {
	case StatusSent:
		r.Sent += n
	case StatusSkipped:
		r.Skipped[reason] += n
	case StatusFailed:
		r.Failed += n
	case StatusUncertain:
		r.Uncertain += n
	case StatusDeferred:
		r.Deferred += n
	case StatusClaimed:
		r.Claimed += n
	case StatusBounced:
		r.Bounced += n
		return false
	case CountComplained:
		r.Complained += n
		return false
	case CountUnsubscribed:
		r.Unsubscribed += n
		return false
	case CountClicked:
		r.clicked += n
		return false
	default:
		return false
	}
	return true
}

// SkippedInAll is how many were skipped, for whatever reason.
func (r Report) SkippedInAll() (n int64) {
	for _, k := range r.Skipped {
		n += k
	}
	return n
}

// Done is how many have their final outcome.
func (r Report) Done() int64 { return r.Sent + r.SkippedInAll() + r.Failed + r.Uncertain }

func maybe(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// noted are the columns of what is counted later.
var noted = map[string]string{StatusBounced: "bounced_at", CountComplained: "complained_at", CountUnsubscribed: "unsubscribed_at"}

// Note counts what came of a mail later: a bounce, a complaint, an unsubscribe. A repeat counts once; it returns whether this was the first.
func (s *Service) Note(ctx context.Context, tx *sqldb.Tx, at time.Time, campaignID, subscriberID, what string) (first bool, err error) {
	n, err := s.note(ctx, tx, at, campaignID, []string{subscriberID}, what)
	return n > 0, err
}

// Left counts who left by a campaign's mail; see preferences.Sending.
func (s *Service) Left(ctx context.Context, tx *sqldb.Tx, at time.Time, campaignID string, people []string) error {
	_, err := s.note(ctx, tx, at, campaignID, people, CountUnsubscribed)
	return err
}

func (s *Service) note(ctx context.Context, tx *sqldb.Tx, at time.Time, campaignID string, people []string, what string) (n int64, err error) {
	column, d := noted[what], tx.Dialect()
	if column == "" {
		return 0, fmt.Errorf("campaigns: %q is not counted", what)
	}
	res, err := tx.ExecContext(ctx, "UPDATE deliveries SET "+column+" = $1 WHERE campaign_id = $2 AND subscriber_id "+d.In(3)+" AND "+column+" IS NULL", sqldb.Micros(at), campaignID, d.List(people))
	if err != nil {
		return 0, fmt.Errorf("campaigns: note: %w", err)
	}
	if n, err = res.RowsAffected(); err != nil {
		return 0, fmt.Errorf("campaigns: note: %w", err)
	}
	t := tally{}
	t.add(what, "", n)
	return n, t.write(ctx, tx, campaignID, 0, at)
}
