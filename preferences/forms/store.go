package forms

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/kick"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// ErrNotFound is a key that no form has.
var ErrNotFound = problem.NotFound("form")

// Limits brakes sign-ups by where they come from. Which address is signed up has no part in it.
type Limits interface {
	// Source says whether one more sign-up from ip may go on, at so many an hour for one ip and for all, and counts it if so.
	Source(ctx context.Context, ip netip.Addr, perIP, all int) (bool, error)
}

// Store keeps forms and works off what comes in by them. All fields are required but Log and Limits.
type Store struct {
	DB     *sqldb.DB
	Now    func() time.Time
	People *preferences.Service
	Limits Limits
	Log    *slog.Logger

	loop kick.Loop

	counting  sync.Mutex // of what follows
	counted   map[string]Figures
	countedAt time.Time

	shown sync.Map // wordings that are stored already, by form and version
}

func (s *Store) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func (s *Store) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

const columns = "id, key, kind, definition, archived_at, created_at, updated_at"

func scan(row sqldb.Scanner) (*Form, error) {
	var (
		f                Form
		definition       string
		archived         sql.NullInt64
		created, updated int64
	)
	err := row.Scan(&f.ID, &f.Key, &f.Kind, &definition, &archived, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(definition), &f.Definition)
	}
	if err != nil {
		return nil, fmt.Errorf("forms: %w", err)
	}
	f.ArchivedAt = sqldb.TimeOrNil(archived)
	f.CreatedAt, f.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
	return &f, nil
}

// Get reads the form of a key.
func (s *Store) Get(ctx context.Context, q sqldb.Querier, key string) (*Form, error) {
	if !names.IsKey(key) {
		return nil, ErrNotFound
	}
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM forms WHERE key = $1", key))
}

func (s *Store) byID(ctx context.Context, q sqldb.Querier, id string) (*Form, error) {
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM forms WHERE id = $1", id))
}

// List reads up to limit forms whose key is after the given one, by key.
func (s *Store) List(ctx context.Context, after string, limit int) ([]*Form, error) {
	return sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM forms WHERE key > $1 ORDER BY key LIMIT $2", after, limit)
}

// Create makes a form. A key that is taken is a conflict.
func (s *Store) Create(ctx context.Context, actor audit.Actor, in Input) (*Form, error) {
	var f *Form
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		f = &Form{ID: sqldb.NewID(), Key: in.Key, Kind: in.Kind, CreatedAt: now, UpdatedAt: now}
		f.AskNames = true // the contract: a form's fields are email, first_name, last_name and topics
		in.over(f, now)
		if err := s.whole(ctx, tx, f); err != nil {
			return err
		}
		definition, err := f.text()
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, "INSERT INTO forms (id, key, kind, definition, archived_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key) DO NOTHING",
			f.ID, f.Key, f.Kind, definition, f.archived(), sqldb.Micros(now), sqldb.Micros(now))
		if err != nil {
			return fmt.Errorf("forms: create: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return problem.Conflict("A form with the key " + f.Key + " is there already.")
		}
		return audit.Record(ctx, tx, now, actor, "form.create", audit.Object("form", f.Key), nil, f)
	})
	return f, err
}

// Update changes a form. Its key and kind stay, because consents were given on it.
func (s *Store) Update(ctx context.Context, actor audit.Actor, key string, in Input) (*Form, error) {
	var f *Form
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		now := s.now()
		if f, err = s.Get(ctx, tx, key); err != nil {
			return err
		}
		if (in.Key != "" && in.Key != f.Key) || (in.Kind != "" && in.Kind != f.Kind) {
			return problem.Unprocessable("The key and kind of a form stay as they are, because people consented on it; make a new form instead.")
		}
		before := *f
		in.over(f, now)
		f.UpdatedAt = now
		if err := s.whole(ctx, tx, f); err != nil {
			return err
		}
		definition, err := f.text()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE forms SET definition = $1, archived_at = $2, updated_at = $3 WHERE id = $4", definition, f.archived(), sqldb.Micros(now), f.ID); err != nil {
			return fmt.Errorf("forms: update: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, "form.update", audit.Object("form", f.Key), before, f)
	})
	return f, err
}

func (f *Form) archived() sql.NullInt64 {
	if f.ArchivedAt == nil {
		return sql.NullInt64{}
	}
	return sqldb.NullMicros(*f.ArchivedAt)
}

// whole checks a form by itself and against the topics and brands that there are.
func (s *Store) whole(ctx context.Context, tx *sqldb.Tx, f *Form) error {
	if err := f.check(); err != nil {
		return err
	}
	var bad problem.Collector
	for _, key := range f.Topics {
		if _, err := s.People.Topic(ctx, tx, key); errors.Is(err, preferences.ErrTopicNotFound) {
			bad.Add("topics", "%q is not the key of a topic", key)
		} else if err != nil {
			return err
		}
	}
	if f.Brand != "" {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM brands WHERE key = $1", f.Brand).Scan(&n); err != nil {
			return fmt.Errorf("forms: brand: %w", err)
		}
		if n == 0 {
			bad.Add("brand", "is not the key of a brand; make it with POST /api/v1/brands first")
		}
	}
	return bad.Err()
}
