package preferences

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
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

// ErrSealed is returned for a setting that was sealed under other secrets than there are now.
var ErrSealed = errors.New("preferences: a setting cannot be unsealed; was it made under other ASSENT_SECRETS? Set it again")

// ReadSealed is [ReadSetting] for what [WriteSealed] keeps. What was kept there before anything was sealed is read as it is.
func ReadSealed(ctx context.Context, q sqldb.Querier, seal [][]byte, key string, v any) error {
	var kept json.RawMessage
	if err := ReadSetting(ctx, q, key, &kept); err != nil || kept == nil {
		return err
	}
	var box string
	if json.Unmarshal(kept, &box) == nil {
		text, ok := secret.Open(seal, box, sealedFor(key))
		if !ok {
			return fmt.Errorf("%w: %s", ErrSealed, key)
		}
		kept = json.RawMessage(text)
	}
	if err := json.Unmarshal(kept, v); err != nil {
		return fmt.Errorf("preferences: setting %s: %w", key, err)
	}
	return nil
}

// WriteSealed is [WriteSetting] for what is secret: it is encrypted with the newest of the keys.
func WriteSealed(ctx context.Context, tx *sqldb.Tx, seal [][]byte, at time.Time, key string, v any) error {
	box, err := secret.Seal(seal, sqldb.JSON(v), sealedFor(key))
	if err != nil {
		return fmt.Errorf("preferences: setting %s: %w", key, err)
	}
	return WriteSetting(ctx, tx, at, key, box)
}

// SealSetting seals what is kept under a key since before anything was sealed.
func SealSetting(ctx context.Context, tx *sqldb.Tx, seal [][]byte, at time.Time, key string) error {
	var kept json.RawMessage
	if err := ReadSetting(ctx, tx, key, &kept); err != nil || kept == nil || kept[0] == '"' {
		return err
	}
	return WriteSealed(ctx, tx, seal, at, key, kept)
}

func sealedFor(key string) string { return "setting:" + key }
