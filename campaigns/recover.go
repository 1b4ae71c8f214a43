package campaigns

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// WorkerLease is after how long a process that does not show itself counts as gone.
const WorkerLease = time.Minute

// Beat shows that a worker lives.
func (s *Service) Beat(ctx context.Context, worker, host string) error {
	_, err := s.DB.ExecContext(ctx, "INSERT INTO workers (id, host, seen_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at", worker, host, time.Now().UnixMicro())
	if err != nil {
		return fmt.Errorf("campaigns: beat: %w", err)
	}
	return nil
}

// Gone lists workers that have not shown themselves for a time, by the real clock.
func (s *Service) Gone(ctx context.Context, after time.Duration) ([]string, error) {
	ids, err := sqldb.Values[string](ctx, s.DB, "SELECT id FROM workers WHERE seen_at < $1", time.Now().Add(-after).UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("campaigns: workers: %w", err)
	}
	return ids, nil
}

// Leave removes a worker whose claims are settled.
func (s *Service) Leave(ctx context.Context, worker string) error {
	_, err := s.DB.ExecContext(ctx, "DELETE FROM workers WHERE id = $1", worker)
	return err
}

// Fate tells what is known of a claimed mail whose worker died.
type Fate int

// The fates. What is not known to be safe is never sent again.
const (
	FateUnknown  Fate = iota // perhaps accepted: shown as uncertain
	FateNotBegun             // surely not accepted: goes back
	FateSent                 // the relay had answered 250
	FateRefused              // the relay had said no for good
)

// Settled tells how many claims of dead workers came to which end.
type Settled struct{ Returned, Sent, Failed, Uncertain int }

// settleBatch is how many claims one transaction settles.
const settleBatch = 500

// SettleWorker gives each mail that a dead worker held claimed, or one of its claims (see [sqldb.Held]), its outcome, by what
// fate knows of it.
func (s *Service) SettleWorker(ctx context.Context, worker string, fate func(deliveryID string) Fate) (Settled, error) {
	var total Settled
	for {
		n, err := s.settleSome(ctx, worker, fate, &total)
		if err != nil || n < settleBatch {
			return total, err
		}
	}
}

func (s *Service) settleSome(ctx context.Context, worker string, fate func(string) Fate, total *Settled) (n int, err error) {
	type line struct {
		ID     string `json:"id"`
		Status string `json:"st"`
		Reason string `json:"r"`
		DueAt  int64  `json:"d"`
	}
	var sum Settled
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		n, sum = 0, Settled{}
		now, lines, tallies, returned := sqldb.Micros(s.now()), []line{}, map[string]tally{}, map[string][]int{}
		for row := range sqldb.Rows(ctx, tx, "SELECT id, campaign_id FROM deliveries WHERE "+sqldb.Held(1)+" AND status = 'claimed' ORDER BY campaign_id, id LIMIT $2"+tx.Dialect().ForUpdate(), worker, settleBatch) {
			var id, campaign string
			if err := row.Scan(&id, &campaign); err != nil {
				return fmt.Errorf("campaigns: settle worker: %w", err)
			}
			if tallies[campaign] == nil {
				tallies[campaign] = tally{}
			}
			l := line{ID: id}
			switch fate(id) {
			case FateNotBegun:
				l.Status, l.DueAt = StatusDeferred, now
				returned[campaign] = append(returned[campaign], len(lines))
				sum.Returned++
			case FateSent:
				l.Status = StatusSent
				sum.Sent++
				tallies[campaign].add(StatusSent, "", 1)
			case FateRefused:
				l.Status = StatusFailed
				sum.Failed++
				tallies[campaign].add(StatusFailed, "", 1)
			default:
				l.Status = StatusUncertain
				sum.Uncertain++
				tallies[campaign].add(StatusUncertain, "", 1)
			}
			lines = append(lines, l)
		}
		if n = len(lines); n == 0 {
			return nil
		}
		for campaign, at := range returned {
			_, over, err := ended(ctx, tx, "$1", campaign)
			if err != nil {
				return err
			}
			for _, i := range at {
				if over != "" {
					lines[i].Status, lines[i].Reason, lines[i].DueAt = StatusSkipped, over, 0
					tallies[campaign].add(StatusSkipped, over, 1)
				}
			}
		}
		d := tx.Dialect()
		if _, err := tx.ExecContext(ctx, "UPDATE deliveries SET at = $1, worker = '', reason = "+d.Field("r", "TEXT")+", status = "+d.Field("st", "TEXT")+", due_at = nullif("+d.Field("d", "BIGINT")+", 0) FROM "+d.Rows(2)+
			" WHERE deliveries.id = "+d.Field("id", "TEXT"), now, sqldb.JSON(lines)); err != nil {
			return fmt.Errorf("campaigns: settle worker: %w", err)
		}
		for campaign, t := range tallies {
			if err := t.write(ctx, tx, campaign, 0, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		total.Returned += sum.Returned
		total.Sent += sum.Sent
		total.Failed += sum.Failed
		total.Uncertain += sum.Uncertain
	}
	return n, err
}
