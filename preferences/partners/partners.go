package partners

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// ErrNotFound is a key that no partner has.
var ErrNotFound = problem.NotFound("partner")

// Partner is one third party.
type Partner struct {
	Key       string    `json:"key"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Store keeps partners.
type Store struct {
	DB  *sqldb.DB
	Now func() time.Time
}

const columns = "key, name, created_at, updated_at"

func scan(row sqldb.Scanner) (Partner, error) {
	var p Partner
	var created, updated int64
	err := row.Scan(&p.Key, &p.Name, &created, &updated)
	p.CreatedAt, p.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
	return p, err
}

// Get reads the partner of a key.
func Get(ctx context.Context, q sqldb.Querier, key string) (Partner, error) {
	if !names.IsKey(key) {
		return Partner{}, ErrNotFound
	}
	p, err := scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM partners WHERE key = $1", key))
	if errors.Is(err, sql.ErrNoRows) {
		return Partner{}, ErrNotFound
	}
	if err != nil {
		return Partner{}, fmt.Errorf("partners: get %s: %w", key, err)
	}
	return p, nil
}

// Names reads the names of the partners with these keys; a key that no partner has is absent.
func Names(ctx context.Context, q sqldb.Querier, keys []string) (map[string]string, error) {
	found := make(map[string]string, len(keys))
	for row := range sqldb.Rows(ctx, q, "SELECT key, name FROM partners WHERE key "+q.Dialect().In(1), q.Dialect().List(keys)) {
		var key, name string
		if err := row.Scan(&key, &name); err != nil {
			return nil, fmt.Errorf("partners: names: %w", err)
		}
		found[key] = name
	}
	return found, nil
}

// List reads up to limit partners whose key is after the given one, by key.
func (s *Store) List(ctx context.Context, after string, limit int) ([]Partner, error) {
	list, err := sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM partners WHERE key > $1 ORDER BY key LIMIT $2", after, limit)
	if err != nil {
		return nil, fmt.Errorf("partners: list: %w", err)
	}
	return list, nil
}

// Create adds a partner. A key that is taken is a conflict.
func (s *Store) Create(ctx context.Context, actor audit.Actor, key, name string) (Partner, error) {
	if err := check(key, name); err != nil {
		return Partner{}, err
	}
	p := Partner{Key: key, Name: name, CreatedAt: s.Now()}
	p.UpdatedAt = p.CreatedAt
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		res, err := tx.ExecContext(ctx, "INSERT INTO partners (id, key, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key) DO NOTHING",
			sqldb.NewID(), p.Key, p.Name, sqldb.Micros(p.CreatedAt), sqldb.Micros(p.UpdatedAt))
		if err != nil {
			return fmt.Errorf("partners: create %s: %w", key, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return problem.Conflict("A partner with the key " + key + " is there already.")
		}
		return audit.Record(ctx, tx, p.CreatedAt, actor, "partner.create", audit.Object("partner", key), nil, p)
	})
	return p, err
}

// Rename gives a partner another name. Its key stays, because consents and objections refer to it.
func (s *Store) Rename(ctx context.Context, actor audit.Actor, key, name string) (Partner, error) {
	if err := check(key, name); err != nil {
		return Partner{}, err
	}
	var after Partner
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := Get(ctx, tx, key)
		if err != nil {
			return err
		}
		after = before
		after.Name, after.UpdatedAt = name, s.Now()
		if _, err := tx.ExecContext(ctx, "UPDATE partners SET name = $1, updated_at = $2 WHERE key = $3", name, sqldb.Micros(after.UpdatedAt), key); err != nil {
			return fmt.Errorf("partners: rename %s: %w", key, err)
		}
		return audit.Record(ctx, tx, after.UpdatedAt, actor, "partner.update", audit.Object("partner", key), before, after)
	})
	return after, err
}

func check(key, name string) error {
	var c problem.Collector
	names.CheckKey(&c, "key", key)
	names.CheckLine(&c, "name", name)
	return c.Err()
}
