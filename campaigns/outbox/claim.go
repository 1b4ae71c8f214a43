package outbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assent/preferences/gate"
	"assent/preferences/sqldb"
)

// Claimed is a message that may be tried once, now.
type Claimed struct {
	*Message
	Permit gate.Permit
}

// decided is a due message as a claim writes it.
type decided struct {
	ID     string `json:"i"`
	Status string `json:"s"`
	Reason string `json:"r"`
	Facts  string `json:"f"`
}

// Claim takes due messages of one class, decides about each, and marks those that may go as sending, in one transaction.
// More tells that there may be others due. Messages of [KindTrial] are left to [Store.ClaimTrials].
func (s *Store) Claim(ctx context.Context, class gate.Class, worker string, limit int) (claimed []Claimed, more bool, err error) {
	return s.claim(ctx, class, false, worker, limit)
}

// ClaimTrials is Claim for messages of [KindTrial].
func (s *Store) ClaimTrials(ctx context.Context, worker string, limit int) (claimed []Claimed, more bool, err error) {
	return s.claim(ctx, gate.Service, true, worker, limit)
}

func (s *Store) claim(ctx context.Context, class gate.Class, trials bool, worker string, limit int) (claimed []Claimed, more bool, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		claimed = nil
		now := s.now()
		due, err := s.due(ctx, tx, class, trials, now, limit)
		if err != nil || len(due) == 0 {
			more = false
			return err
		}
		more = len(due) == limit
		keys := make([]string, len(due))
		for i, m := range due {
			keys[i] = m.AddressKey
		}
		facts, err := s.Facts(ctx, tx, class, keys)
		if err != nil {
			return err
		}
		rows := make([]decided, len(due))
		var denied []outcome
		for i, m := range due {
			f := facts[m.AddressKey]
			d := gate.Decide(f, now)
			rows[i] = decided{m.ID, StatusSending, "", string(f.AppendJSON(nil))}
			permit, ok := d.Permit(m.ID, gate.StreamTransactional)
			if trials {
				permit, ok = d.TrialPermit(m.ID)
			}
			if ok {
				m.Attempts++
				claimed = append(claimed, Claimed{Message: m, Permit: permit})
				continue
			}
			m.Status, m.Reason = StatusUnserved, string(d.Reason())
			rows[i].Status, rows[i].Reason = m.Status, m.Reason
			denied = append(denied, outcome{Message: m, at: now})
		}
		if err := writeClaims(ctx, tx, rows, worker, now); err != nil {
			return err
		}
		return s.conclude(ctx, tx, denied)
	})
	return claimed, more, err
}

func writeClaims(ctx context.Context, tx *sqldb.Tx, rows []decided, worker string, now time.Time) error {
	d := tx.Dialect()
	status := d.Field("s", "TEXT")
	_, err := tx.ExecContext(ctx, "UPDATE messages SET at = $1, due_at = NULL, status = "+status+", reason = "+d.Field("r", "TEXT")+", facts = "+d.Field("f", "TEXT")+
		", worker = CASE "+status+" WHEN 'sending' THEN CAST($2 AS TEXT) ELSE '' END, attempts = attempts + CASE "+status+" WHEN 'sending' THEN 1 ELSE 0 END FROM "+d.Rows(3)+" WHERE messages.id = "+d.Field("i", "TEXT"),
		sqldb.Micros(now), worker, sqldb.JSON(rows))
	if err != nil {
		return fmt.Errorf("outbox: claim: %w", err)
	}
	return nil
}

// claimColumns are those of a message without its attachments, which the composer reads when it needs them: they may be large,
// and nobody else can write while they are read here.
var claimColumns = strings.Replace(columns, "attachments", "substr(attachments, 1, 1)", 1)

func (s *Store) due(ctx context.Context, tx *sqldb.Tx, class gate.Class, trials bool, now time.Time, limit int) ([]*Message, error) {
	return sqldb.All(ctx, tx, Scan, "SELECT "+claimColumns+" FROM messages WHERE status IN ('queued', 'deferred') AND due_at <= $1 AND class = $2 AND (kind = '"+KindTrial+"') = $3 ORDER BY due_at, id LIMIT $4"+tx.Dialect().SkipLocked(),
		sqldb.Micros(now), class.String(), trials, limit)
}
