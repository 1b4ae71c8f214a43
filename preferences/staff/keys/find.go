package keys

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/secret"
)

const columns = `k.id, k.name, k.hash, k.scopes, k.user_id, u.name, u.disabled_at, k.fixed, k.created_at, k.last_used_at, k.revoked_at
	FROM staff_keys AS k LEFT JOIN staff_users AS u ON u.id = k.user_id`

// Authenticate finds the key with this value and notes its use. It returns
// ErrUnknown for a value that is no key, for a revoked key, and for a key whose person is disabled.
func (s *Store) Authenticate(ctx context.Context, value string) (Key, error) {
	if len(value) < MinLength || len(value) > 1024 {
		return Key{}, ErrUnknown
	}
	// What the index compares is a hash of the value, so that its timing tells nothing of a secret.
	key, err := one(ctx, s.DB, "k.hash = $1", secret.Hash(value))
	if err != nil {
		return Key{}, err
	}
	if !key.RevokedAt.IsZero() || key.userDisabled {
		return Key{}, ErrUnknown
	}
	now := s.Now()
	if now.Sub(key.LastUsedAt) >= usedEvery {
		if _, err := s.DB.ExecContext(ctx, `UPDATE staff_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)`,
			sqldb.Micros(now), key.ID, sqldb.Micros(now.Add(-usedEvery))); err != nil {
			return Key{}, fmt.Errorf("keys: note use: %w", err)
		}
		key.LastUsedAt = now
	}
	return key.Key, nil
}

// List returns all keys, revoked ones too, the newest first.
func (s *Store) List(ctx context.Context) ([]Key, error) {
	var keys []Key
	for found := range sqldb.Rows(ctx, s.DB, `SELECT `+columns+` ORDER BY k.created_at DESC, k.id DESC`) {
		row, err := scan(found.Scan)
		if err != nil {
			return nil, fmt.Errorf("keys: list: %w", err)
		}
		keys = append(keys, row.Key)
	}
	return keys, nil
}

type stored struct {
	Key
	hash         []byte
	userDisabled bool
}

func one(ctx context.Context, q sqldb.Querier, where string, arg any) (stored, error) {
	row, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` WHERE `+where, arg).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return stored{}, ErrUnknown
	}
	if err != nil {
		return stored{}, fmt.Errorf("keys: find: %w", err)
	}
	if hash, ok := arg.([]byte); ok && !secret.Same(hash, row.hash) {
		return stored{}, ErrUnknown
	}
	return row, nil
}

func scan(into func(...any) error) (stored, error) {
	var row stored
	var scopes string
	var userID, userName sql.NullString
	var disabled, used, revoked sql.NullInt64
	var created int64
	err := into(&row.ID, &row.Name, &row.hash, &scopes, &userID, &userName, &disabled, &row.Fixed, &created, &used, &revoked)
	if err != nil {
		return row, err
	}
	row.Scopes = splitScopes(scopes)
	row.UserID, row.UserName, row.userDisabled = userID.String, userName.String, disabled.Valid
	row.CreatedAt, row.LastUsedAt, row.RevokedAt = sqldb.Time(created), sqldb.NullTime(used), sqldb.NullTime(revoked)
	return row, nil
}

func joinScopes(scopes []access.Scope) string {
	names := make([]string, len(scopes))
	for i, scope := range scopes {
		names[i] = string(scope)
	}
	return strings.Join(names, " ")
}

func splitScopes(text string) []access.Scope {
	var scopes []access.Scope
	for _, name := range strings.Fields(text) {
		scopes = append(scopes, access.Scope(name))
	}
	return scopes
}
