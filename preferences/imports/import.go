package imports

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/kick"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// States of an import.
const (
	StatusQueued   = "queued"
	StatusRunning  = "running"
	StatusFinished = "finished"
	StatusFailed   = "failed"
	StatusUndoing  = "undoing"
	StatusUndone   = "undone"
)

// Import is one file and how it went.
type Import struct {
	ID            string           `json:"id"`
	Status        string           `json:"status"`
	FileName      string           `json:"file"`
	Size          int64            `json:"size"`
	Done          int64            `json:"done"` // bytes that are worked off, about
	DryRun        bool             `json:"dry_run"`
	Mapping       Mapping          `json:"mapping"`
	Evidence      *Evidence        `json:"evidence,omitempty"`
	Rows          int64            `json:"rows"`
	Created       int64            `json:"created"`
	Updated       int64            `json:"updated"`
	Confirmations int64            `json:"confirmations"` // mails that ask to confirm
	Skipped       map[string]int64 `json:"skipped"`
	Partly        map[string]int64 `json:"partly"` // rows that were taken for some of the topics: why not for the others
	Errors        []RowError       `json:"errors"` // the first ones; all of them are in the rejects
	Failure       string           `json:"failure,omitempty"`
	Undone        *Undone          `json:"undone,omitempty"`
	CreatedAt     time.Time        `json:"created_at"`
	StartedAt     *time.Time       `json:"started_at,omitempty"`
	FinishedAt    *time.Time       `json:"finished_at,omitempty"`

	actor   audit.Actor
	charset string
	header  []string
}

// RowError is what is wrong with one row.
type RowError struct {
	Line   int    `json:"line"`
	Field  string `json:"field,omitempty"`
	Detail string `json:"detail"`
}

// Undone is what an undo took back.
type Undone struct {
	Removed  int64 `json:"removed"`  // people whom the import had made
	Restored int64 `json:"restored"` // people whose choices are as they were before
	Kept     int64 `json:"kept"`     // people about whom something was changed since
}

// By is the name of who made it.
func (i *Import) By() string { return i.actor.Name }

// ErrNotFound is an id that no import has.
var ErrNotFound = problem.NotFound("import")

// Store keeps imports and works them off. All fields are required but Log.
type Store struct {
	DB     *sqldb.DB
	Now    func() time.Time
	People *preferences.Service
	Dir    string // of the files
	Log    *slog.Logger

	loop   kick.Loop
	worker string
	one    sync.Mutex // one file at a time
}

func (s *Store) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func (s *Store) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

func (s *Store) path(id string) string { return filepath.Join(s.Dir, id+".csv") }

// Request is what is to be imported, beside the file.
type Request struct {
	FileName string
	Mapping  Mapping
	Evidence *Evidence
	DryRun   bool
}

// Spool is a file that was taken in and is not yet an import. Give it to [Store.Create], or drop it.
type Spool struct {
	id, path, charset string
	size              int64
	keep              bool // although Create refuses it
}

// Drop removes the file.
func (f *Spool) Drop() { _ = os.Remove(f.path) }

// Take stores a file as it comes.
func (s *Store) Take(ctx context.Context, in io.Reader) (f *Spool, err error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("imports: %w", err)
	}
	f = &Spool{id: sqldb.NewID()}
	f.path = s.path(f.id)
	out, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("imports: %w", err)
	}
	watch := &sniffer{}
	f.size, err = io.Copy(io.MultiWriter(out, watch), in)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		f.Drop()
		return nil, err
	}
	f.charset = watch.charset()
	return f, nil
}

// Create makes an import of a file that was taken in. Whatever is wrong with the request or the head of the file is named; the
// file is dropped then, unless it is held.
func (s *Store) Create(ctx context.Context, actor audit.Actor, f *Spool, in Request) (*Import, error) {
	imp, err := s.create(ctx, actor, f, in)
	switch {
	case err != nil && !f.keep:
		f.Drop()
	case err == nil && f.keep:
		_ = os.Remove(s.notePath(f.id))
	}
	return imp, err
}

func (s *Store) create(ctx context.Context, actor audit.Actor, f *Spool, in Request) (*Import, error) {
	t, err := openTable(f.path, f.charset)
	if err != nil {
		return nil, problem.Invalid("file", err.Error())
	}
	defer t.Close()
	fields, err := in.Mapping.columns(t.header)
	if err != nil {
		return nil, err
	}
	if in.Mapping == nil {
		in.Mapping = Mapping{}
	}
	name := strings.ToValidUTF8(filepath.Base(filepath.ToSlash(in.FileName)), "")
	if len(name) > 255 {
		name = strings.ToValidUTF8(name[:255], "")
	}
	if e := in.Evidence; e != nil {
		if e.Action == "" {
			e.Action = preferences.ActionGive
		}
		if e.Source == "" {
			e.Source = "import of " + name
		}
	}
	if err := in.Evidence.check(fields); err != nil {
		return nil, err
	}
	for _, key := range in.Evidence.topics() {
		if _, err := s.People.Topic(ctx, s.DB, key); errors.Is(err, preferences.ErrTopicNotFound) {
			return nil, problem.Invalid("evidence.topic", fmt.Sprintf("%q is not the key of a topic", key))
		} else if err != nil {
			return nil, err
		}
	}
	imp := &Import{ID: f.id, Status: StatusQueued, FileName: name, Size: f.size, DryRun: in.DryRun, Mapping: in.Mapping, Evidence: in.Evidence, Skipped: map[string]int64{}, Partly: map[string]int64{},
		Errors: []RowError{}, CreatedAt: s.now(), actor: actor, charset: f.charset, header: t.header}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO imports (id, status, file_name, charset, size, header, mapping, evidence, dry_run, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
			imp.ID, imp.Status, imp.FileName, imp.charset, imp.Size, sqldb.JSON(imp.header), sqldb.JSON(imp.Mapping), sqldb.JSON(imp.Evidence), imp.DryRun, sqldb.JSON(actor), sqldb.Micros(imp.CreatedAt))
		if err != nil {
			return fmt.Errorf("imports: %w", err)
		}
		return audit.Record(ctx, tx, imp.CreatedAt, actor, "import.start", audit.Object("import", imp.ID), nil, map[string]any{"file": name, "topics": in.Evidence.topics(), "dry_run": in.DryRun})
	})
	return imp, err
}

const columns = `id, status, file_name, charset, size, done, header, mapping, evidence, dry_run, actor, row_count, created, updated, confirmations, skipped, partly, errors, failure, undone,
	created_at, started_at, finished_at`

func scan(row sqldb.Scanner) (*Import, error) {
	var (
		i                                                                    Import
		header, mapping, evidence, actor, skipped, partly, errorList, undone string
		created                                                              int64
		started, finished                                                    sql.NullInt64
	)
	err := row.Scan(&i.ID, &i.Status, &i.FileName, &i.charset, &i.Size, &i.Done, &header, &mapping, &evidence, &i.DryRun, &actor, &i.Rows, &i.Created, &i.Updated, &i.Confirmations,
		&skipped, &partly, &errorList, &i.Failure, &undone, &created, &started, &finished)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("imports: %w", err)
	}
	stored := []struct {
		text string
		to   any
	}{{header, &i.header}, {mapping, &i.Mapping}, {evidence, &i.Evidence}, {actor, &i.actor}, {skipped, &i.Skipped}, {partly, &i.Partly}, {errorList, &i.Errors}, {undone, &i.Undone}}
	for _, field := range stored {
		if err := json.Unmarshal([]byte(field.text), field.to); err != nil {
			return nil, fmt.Errorf("imports: stored import: %w", err)
		}
	}
	i.CreatedAt, i.StartedAt, i.FinishedAt = sqldb.Time(created), sqldb.TimeOrNil(started), sqldb.TimeOrNil(finished)
	return &i, nil
}

// Get reads one import.
func (s *Store) Get(ctx context.Context, q sqldb.Querier, id string) (*Import, error) {
	if !sqldb.IsID(id) {
		return nil, ErrNotFound
	}
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM imports WHERE id = $1", id))
}

// List reads up to limit imports, newest first, before the one with that id.
func (s *Store) List(ctx context.Context, before string, limit int) ([]*Import, error) {
	if before == "" {
		before = "z" // after every id
	}
	return sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM imports WHERE id < $1 ORDER BY id DESC LIMIT $2", before, limit)
}
