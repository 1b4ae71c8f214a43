package preferences

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// ReadSetting reads what is kept under a key into v, which stays as it is when nothing is.
func ReadSetting(ctx context.Context, q sqldb.Querier, key string, v any) error {
	var text string
	err := q.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = $1", key).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), v)
	}
	if err != nil {
		return fmt.Errorf("preferences: setting %s: %w", key, err)
	}
	return nil
}

// WriteSetting keeps v, a plain value, under a key in place of what was there.
func WriteSetting(ctx context.Context, tx *sqldb.Tx, at time.Time, key string, v any) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`, key, sqldb.JSON(v), sqldb.Micros(at))
	if err != nil {
		return fmt.Errorf("preferences: setting %s: %w", key, err)
	}
	return nil
}
