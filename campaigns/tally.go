package campaigns

import (
	"context"
	"fmt"

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

// write adds the counts to those of the lane. Lanes keep concurrent writers off each other's rows.
func (t tally) write(ctx context.Context, tx *sqldb.Tx, campaignID string, lane int) error {
	for o, n := range t {
		if n == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO tallies (campaign_id, lane, outcome, reason, n) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (campaign_id, lane, outcome, reason) DO UPDATE SET n = tallies.n + excluded.n`, campaignID, lane, o.status, o.reason, n); err != nil {
			return fmt.Errorf("campaigns: tally: %w", err)
		}
	}
	return nil
}
