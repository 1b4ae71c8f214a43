// Package keys stores API keys: a name, scopes and the hash of a secret that is
// shown once. A key may stand for a person, whose disabling ends it too.
package keys

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/secret"
)

// MinLength is the shortest value that a key from the settings may have. Those that
// are made here have 88 characters.
const MinLength = 8

// usedEvery is how exact the time of last use is.
const usedEvery = time.Minute

// ErrUnknown is returned for a value that is no key, or no longer one.
var ErrUnknown = errors.New("keys: unknown or revoked API key")

// Key is what is known of an API key; not its value.
type Key struct {
	ID         string
	Name       string
	Scopes     []access.Scope
	UserID     string // the person it stands for, if any
	UserName   string
	Fixed      bool // set by ASSENT_API_KEY
	CreatedAt  time.Time
	LastUsedAt time.Time // to the minute; zero when never
	RevokedAt  time.Time // zero while it works
}

// Actor is the key as one who does things.
func (k Key) Actor(ip string) audit.Actor {
	return audit.Actor{Kind: audit.KindKey, ID: k.ID, Name: k.Name, UserID: k.UserID, IP: ip}
}

// Store keeps keys.
type Store struct {
	DB  *sqldb.DB
	Now func() time.Time
}

// New is a key to be made.
type New struct {
	Name   string
	Scopes []access.Scope
	UserID string // may be empty
}

type change struct {
	Name   string         `json:"name"`
	Scopes []access.Scope `json:"scopes"`
	UserID string         `json:"user_id,omitempty"`
}

// Add makes a key and returns it with its value, which cannot be had again.
func (s *Store) Add(ctx context.Context, actor audit.Actor, n New) (Key, string, error) {
	n.Name = strings.TrimSpace(n.Name)
	var wrong problem.Collector
	wrong.Require("name", n.Name)
	if len(n.Name) > 200 {
		wrong.Add("name", "must have at most 200 bytes")
	}
	names := make([]string, len(n.Scopes))
	for i, scope := range n.Scopes {
		names[i] = string(scope)
	}
	scopes, err := access.ParseScopes(names)
	if err != nil {
		wrong.Add("scope", "%s", err)
	}
	if err := wrong.Err(); err != nil {
		return Key{}, "", err
	}
	key := Key{ID: sqldb.NewID(), Name: n.Name, Scopes: scopes, UserID: n.UserID, CreatedAt: s.Now()}
	value := secret.NewKey(key.ID)
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if key.UserID != "" {
			err := tx.QueryRowContext(ctx, `SELECT name FROM staff_users WHERE id = $1 AND disabled_at IS NULL`, key.UserID).Scan(&key.UserName)
			if errors.Is(err, sql.ErrNoRows) {
				return problem.Invalid("user", "is not a person who can sign in")
			}
			if err != nil {
				return err
			}
		}
		if err := insert(ctx, tx, key, value); err != nil {
			return err
		}
		return audit.Record(ctx, tx, key.CreatedAt, actor, "key.add", audit.Object("key", key.ID), nil, change{key.Name, key.Scopes, key.UserID})
	})
	if err != nil {
		return Key{}, "", fmt.Errorf("keys: add: %w", err)
	}
	return key, value, nil
}

// Revoke ends a key. A key that is set by ASSENT_API_KEY ends by taking it out of the settings.
func (s *Store) Revoke(ctx context.Context, actor audit.Actor, id string) error {
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		key, err := one(ctx, tx, "k.id = $1", id)
		if errors.Is(err, ErrUnknown) {
			return problem.NotFound("API key")
		}
		if err != nil {
			return err
		}
		if key.Fixed {
			return problem.Conflict("This key is set by ASSENT_API_KEY. Take it out of the settings and restart.")
		}
		now := s.Now()
		done, err := tx.ExecContext(ctx, `UPDATE staff_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, sqldb.Micros(now), id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "key.revoke", audit.Object("key", id), change{key.Name, key.Scopes, key.UserID}, nil)
	})
	if err != nil {
		return fmt.Errorf("keys: revoke: %w", err)
	}
	return nil
}

// Ensure makes value, the ASSENT_API_KEY of the settings, the only key that is set
// there, with full scope. An empty value leaves none.
func (s *Store) Ensure(ctx context.Context, value string) error {
	if value != "" && len(value) < MinLength {
		return fmt.Errorf("keys: ASSENT_API_KEY must have at least %d characters", MinLength)
	}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := sqldb.Micros(s.Now())
		if _, err := tx.ExecContext(ctx, `UPDATE staff_keys SET revoked_at = $1 WHERE fixed = TRUE AND revoked_at IS NULL AND hash <> $2`,
			now, secret.Hash(value)); err != nil {
			return err
		}
		if value == "" {
			return nil
		}
		done, err := tx.ExecContext(ctx, `UPDATE staff_keys SET fixed = TRUE, revoked_at = NULL, scopes = $1 WHERE hash = $2`,
			string(access.Full), secret.Hash(value))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n > 0 {
			return err
		}
		key := Key{ID: sqldb.NewID(), Name: "ASSENT_API_KEY", Scopes: []access.Scope{access.Full}, Fixed: true, CreatedAt: s.Now()}
		return insert(ctx, tx, key, value)
	})
	if sqldb.IsUnique(err) {
		return nil // another process that starts at the same time was first
	}
	if err != nil {
		return fmt.Errorf("keys: ensure the key of the settings: %w", err)
	}
	return nil
}

func insert(ctx context.Context, tx *sqldb.Tx, k Key, value string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO staff_keys (id, name, hash, scopes, user_id, fixed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		k.ID, k.Name, secret.Hash(value), joinScopes(k.Scopes), sqldb.NullText(k.UserID), k.Fixed, sqldb.Micros(k.CreatedAt))
	return err
}
