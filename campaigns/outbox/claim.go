package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assent/preferences/gate"
	"assent/preferences/sqldb"
)

// Claimed is a message that may be tried once, now.
type Claimed struct {
	*Message
	Permit gate.Permit
}

// Claim takes due messages of one class, decides about each, and marks those that may go as sending, in one transaction.
// More tells that there may be others due.
func (s *Store) Claim(ctx context.Context, class gate.Class, worker string, limit int) (claimed []Claimed, more bool, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		claimed = nil
		now := s.now()
		due, err := s.due(ctx, tx, class, now, limit)
		if err != nil || len(due) == 0 {
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
		for _, m := range due {
			f := facts[m.AddressKey]
			d := gate.Decide(f, now)
			permit, ok := d.Permit(m.ID, gate.StreamTransactional)
			status, reason, holder := StatusSending, "", worker
			if !ok {
				status, reason, holder = StatusUnserved, string(d.Reason()), ""
			}
			if _, err := tx.ExecContext(ctx, "UPDATE messages SET status = $1, reason = $2, at = $3, worker = $4, attempts = attempts + $5, facts = $6, due_at = NULL WHERE id = $7",
				status, reason, sqldb.Micros(now), holder, map[bool]int{true: 1}[ok], string(f.AppendJSON(nil)), m.ID); err != nil {
				return fmt.Errorf("outbox: claim: %w", err)
			}
			if ok {
				m.Attempts++
				claimed = append(claimed, Claimed{Message: m, Permit: permit})
			}
		}
		return nil
	})
	return claimed, more, err
}

func (s *Store) due(ctx context.Context, tx *sqldb.Tx, class gate.Class, now time.Time, limit int) ([]*Message, error) {
	rows, err := tx.QueryContext(ctx, "SELECT "+columns+" FROM messages WHERE status IN ('queued', 'deferred') AND due_at <= $1 AND class = $2 ORDER BY due_at, id LIMIT $3"+tx.Dialect().SkipLocked(),
		sqldb.Micros(now), class.String(), limit)
	if err != nil {
		return nil, fmt.Errorf("outbox: due: %w", err)
	}
	defer rows.Close()
	var due []*Message
	for rows.Next() {
		m, err := Scan(rows)
		if err != nil {
			return nil, err
		}
		due = append(due, m)
	}
	return due, rows.Err()
}

// Result is what became of one try.
type Result struct {
	ID        string
	Status    string // sent, deferred, bounced or unserved; queued: it was not begun
	Reason    string
	Code      int
	Reply     string
	Relay     string
	TLS       string
	MessageID string
	SHA256    string
	Raw       []byte // kept for a message that was sent; may be nil
	DueAt     time.Time
}

// Complete stores what became of a try, with its evidence.
func (s *Store) Complete(ctx context.Context, results ...Result) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		for _, r := range results {
			var sent time.Time
			if r.Status == StatusSent {
				sent = now
			}
			due := r.DueAt
			if r.Status == StatusQueued {
				due = now
			}
			// Whom a message was for may have been erased while it was being sent: then it is gone, or it has no address any
			// more. It is not tried again, and neither its bytes nor the relay's words, which may quote the address, come back.
			var n int
			var email string
			err := tx.QueryRowContext(ctx, `UPDATE messages SET status = CASE WHEN email = '' AND $1 <> 'sent' THEN 'cancelled' ELSE $1 END, reason = $2, at = $3, worker = '',
				due_at = CASE WHEN email = '' THEN NULL ELSE CAST($4 AS BIGINT) END, sent_at = $5, sha256 = $6, message_id = $7, relay = $8, tls = $9, reply = CASE WHEN email = '' THEN '' ELSE $10 END
				WHERE id = $11 RETURNING attempts, email`,
				r.Status, r.Reason, sqldb.Micros(now), sqldb.NullMicros(due), sqldb.NullMicros(sent), r.SHA256, r.MessageID, r.Relay, r.TLS, r.Reply, r.ID).Scan(&n, &email)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return fmt.Errorf("outbox: complete: %w", err)
			}
			if email == "" {
				r.Reply, r.Raw = "", nil
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO message_attempts (message_id, n, at, outcome, code, reply, relay, tls) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				ON CONFLICT (message_id, n) DO NOTHING`, r.ID, n, sqldb.Micros(now), r.Status, r.Code, r.Reply, r.Relay, r.TLS); err != nil {
				return fmt.Errorf("outbox: complete: %w", err)
			}
			if len(r.Raw) == 0 {
				continue
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO message_bytes (message_id, raw, at) VALUES ($1, $2, $3) ON CONFLICT (message_id) DO UPDATE SET raw = excluded.raw, at = excluded.at",
				r.ID, r.Raw, sqldb.Micros(now)); err != nil {
				return fmt.Errorf("outbox: complete: %w", err)
			}
		}
		return nil
	})
}

// Release puts back what these workers held: they are gone, and a message may be sent again with the same Message-ID.
func (s *Store) Release(ctx context.Context, workers []string) (released int64, err error) {
	res, err := s.DB.ExecContext(ctx, "UPDATE messages SET status = 'queued', worker = '', due_at = $1, at = $1 WHERE status = 'sending' AND worker "+s.DB.Dialect().In(2),
		sqldb.Micros(s.now()), s.DB.Dialect().List(workers))
	if err != nil {
		return 0, fmt.Errorf("outbox: release: %w", err)
	}
	return res.RowsAffected()
}

// Waiting tells how many messages are due, and since when the oldest waits.
func (s *Store) Waiting(ctx context.Context) (n int, oldest time.Time, err error) {
	var first sql.NullInt64
	err = s.DB.QueryRowContext(ctx, "SELECT count(*), min(due_at) FROM messages WHERE status IN ('queued', 'deferred') AND due_at <= $1", sqldb.Micros(s.now())).Scan(&n, &first)
	return n, sqldb.NullTime(first), err
}

// Bounced notes that a message which a relay had accepted came back: the person was not reached.
func (s *Store) Bounced(ctx context.Context, id, said string) error {
	_, err := s.DB.ExecContext(ctx, "UPDATE messages SET status = 'bounced', reason = 'address_bounced', reply = $1, at = $2 WHERE id = $3 AND status IN ('sent', 'deferred', 'queued')", said, sqldb.Micros(s.now()), id)
	if err != nil {
		return fmt.Errorf("outbox: bounced: %w", err)
	}
	return nil
}
