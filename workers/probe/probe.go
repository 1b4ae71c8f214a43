package probe

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// kept is how long a test mail that nobody looked at is kept.
const kept = 24 * time.Hour

// begin notes that a test mail is on its way to ourselves.
func begin(ctx context.Context, db *sqldb.DB, id, stream string, now time.Time) error {
	return db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM probes WHERE sent_at < $1", sqldb.Micros(now.Add(-kept))); err != nil {
			return fmt.Errorf("probe: %w", err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO probes (id, stream, sent_at) VALUES ($1, $2, $3)", id, stream, sqldb.Micros(now)); err != nil {
			return fmt.Errorf("probe: %w", err)
		}
		return nil
	})
}

// Arrived keeps a test mail that came back. The first one counts; one that was not sent is nothing.
func Arrived(ctx context.Context, db *sqldb.DB, id string, raw []byte, now time.Time) error {
	if _, err := db.ExecContext(ctx, "UPDATE probes SET came_at = $1, raw = $2 WHERE id = $3 AND came_at IS NULL", sqldb.Micros(now), raw, id); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	return nil
}

// look is how often it is looked whether a mail is back.
const look = 200 * time.Millisecond

// await returns the mail as it came back; nil when it did not within the time. Then it is forgotten.
func await(ctx context.Context, db *sqldb.DB, id string, patience time.Duration) ([]byte, error) {
	end := time.NewTimer(patience)
	defer end.Stop()
	tick := time.NewTicker(look)
	defer tick.Stop()
	defer func() {
		_, _ = db.ExecContext(context.WithoutCancel(ctx), "DELETE FROM probes WHERE id = $1", id) // else the next one does
	}()
	for {
		var raw []byte
		err := db.QueryRowContext(ctx, "SELECT raw FROM probes WHERE id = $1 AND came_at IS NOT NULL", id).Scan(&raw)
		if err == nil || !errors.Is(err, sql.ErrNoRows) {
			return raw, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-end.C:
			return nil, nil
		case <-tick.C:
		}
	}
}
