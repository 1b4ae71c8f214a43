package campaigns

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// tally counts outcomes, to be added to the campaign's in the transaction that makes them true.
type tally map[outcome]int64

type outcome struct{ status, reason string }

func (t tally) add(status, reason string, n int64) {
	if n != 0 {
		t[outcome{status, reason}] += n
	}
}

// write adds the counts to those of the lane, and to those of the minute. Lanes keep concurrent writers off each other's rows.
func (t tally) write(ctx context.Context, tx *sqldb.Tx, campaignID string, lane int, at time.Time) error {
	minute := map[string]int64{}
	for o, n := range t {
		if n == 0 {
			continue
		}
		minute[o.status] += n
		if _, err := tx.ExecContext(ctx, `INSERT INTO tallies (campaign_id, lane, outcome, reason, n) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (campaign_id, lane, outcome, reason) DO UPDATE SET n = tallies.n + excluded.n`, campaignID, lane, o.status, o.reason, n); err != nil {
			return fmt.Errorf("campaigns: tally: %w", err)
		}
	}
	for status, n := range minute {
		if _, err := tx.ExecContext(ctx, `INSERT INTO tally_minutes (campaign_id, minute, outcome, lane, n) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (campaign_id, minute, outcome, lane) DO UPDATE SET n = tally_minutes.n + excluded.n`, campaignID, at.Unix()/60, status, lane, n); err != nil {
			return fmt.Errorf("campaigns: tally: %w", err)
		}
	}
	return nil
}
