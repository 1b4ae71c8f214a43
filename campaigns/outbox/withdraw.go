package outbox

import (
	"context"

	"assent/preferences/sqldb"
)

// Withdraw takes back up to limit messages of a broadcast that are not out: they are unserved for a reason, with evidence and
// told as any other outcome. What is being sent at this moment is not touched.
func (s *Store) Withdraw(ctx context.Context, tx *sqldb.Tx, broadcast, reason string, limit int) (n int, err error) {
	now := s.now()
	var ended []outcome
	for row := range sqldb.Rows(ctx, tx, `UPDATE messages SET status = 'unserved', reason = $1, at = $2, due_at = NULL WHERE status IN ('queued', 'deferred')
		AND id IN (SELECT id FROM messages WHERE broadcast_id = $3 AND status IN ('queued', 'deferred') ORDER BY id LIMIT $4) RETURNING `+endColumns, reason, sqldb.Micros(now), broadcast, limit) {
		m, err := scanEnd(row)
		if err != nil {
			return 0, err
		}
		ended = append(ended, outcome{Message: m, at: now})
	}
	return len(ended), s.conclude(ctx, tx, ended)
}
