package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	_ "modernc.org/sqlite"             // the "sqlite" driver
)

// Querier is what both a database and a transaction can do.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	Dialect() Dialect
}

// DB is one database. On SQLite reads go to a pool of their own, so that they never wait for the single writer.
type DB struct {
	read, write *sql.DB
	dialect     Dialect
	url         string
	group       *group // of SQLite's one writer
}

// Tx is a write transaction.
type Tx struct {
	*sql.Tx
	dialect Dialect
}

// Dialect names the engine of the transaction.
func (tx *Tx) Dialect() Dialect { return tx.dialect }

// Dialect names the engine of the database.
func (db *DB) Dialect() Dialect { return db.dialect }

// Writer is the pool that may write; only migrations and maintenance need it.
func (db *DB) Writer() *sql.DB { return db.write }

// Path is the file of an SQLite database, or empty.
func (db *DB) Path() string {
	path, _ := strings.CutPrefix(db.url, "sqlite:")
	if db.dialect != SQLite {
		return ""
	}
	return path
}

// ErrURL is a database URL that is of neither engine.
var ErrURL = errors.New("sqldb: the database URL must be sqlite:PATH or postgres://…")

// Open connects to `sqlite:PATH` or `postgres://…` and checks that the engine answers. A missing SQLite file and its folder are made.
func Open(ctx context.Context, rawURL string) (*DB, error) {
	switch {
	case strings.HasPrefix(rawURL, "sqlite:"):
		return openSQLite(ctx, rawURL)
	case strings.HasPrefix(rawURL, "postgres://"), strings.HasPrefix(rawURL, "postgresql://"):
		return openPostgres(ctx, rawURL)
	}
	return nil, ErrURL
}

// pragmas hold for every SQLite connection. secure_delete zeroes what is erased, so that no erased address stays in the file.
var pragmas = []string{
	"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "secure_delete(ON)",
	"temp_store(MEMORY)", "mmap_size(67108864)",
}

// The memory of each connection's cache, in negative KB. Reading is mostly from the file as it is mapped, so that a database of
// any size is served in little.
const (
	writerCache = "cache_size(-16384)"
	readerCache = "cache_size(-4096)"
)

func openSQLite(ctx context.Context, rawURL string) (*DB, error) {
	path := strings.TrimPrefix(rawURL, "sqlite:")
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, fmt.Errorf("%w: SQLite needs the path of a file", ErrURL)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("sqldb: folder of the database: %w", err)
	}
	if err := private(path); err != nil {
		return nil, err
	}
	query := url.Values{"_pragma": append([]string{writerCache}, pragmas...), "_txlock": {"immediate"}}
	file := (&url.URL{Scheme: "file", Opaque: url.PathEscape(path)}).String()
	file = strings.ReplaceAll(file, "%2F", "/")
	write, err := openKept(file + "?" + query.Encode())
	if err != nil {
		return nil, fmt.Errorf("sqldb: %w", err)
	}
	write.SetMaxOpenConns(1)
	query["_pragma"] = append([]string{readerCache, "query_only(ON)"}, pragmas...)
	query.Set("_txlock", "deferred")
	read, err := openKept(file + "?" + query.Encode())
	if err != nil {
		return nil, fmt.Errorf("sqldb: %w", err)
	}
	read.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
	read.SetMaxIdleConns(max(4, 2*runtime.NumCPU()))
	db := &DB{read: read, write: write, dialect: SQLite, url: rawURL, group: newGroup()}
	if err := write.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("sqldb: cannot open %s: %w", path, err)
	}
	return db, nil
}

// private makes the file so that only its owner may read it, whatever the folder allows: it holds addresses and secrets. SQLite gives
// the files beside it the same mode. The mode of a file that is there already is taken back to that too, with those beside it.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("sqldb: cannot open %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("sqldb: cannot open %s: %w", path, err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if is, err := os.Stat(name); err == nil && is.Mode().Perm()&0o077 != 0 {
			_ = os.Chmod(name, is.Mode().Perm()&^0o077) // one that belongs to another is that one's affair
		}
	}
	return nil
}

func openPostgres(ctx context.Context, rawURL string) (*DB, error) {
	pool, err := sql.Open("pgx", rawURL)
	if err != nil {
		return nil, fmt.Errorf("sqldb: %w", err)
	}
	pool.SetMaxOpenConns(max(16, 8*runtime.NumCPU()))
	pool.SetMaxIdleConns(max(16, 8*runtime.NumCPU()))
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close()
		return nil, fmt.Errorf("sqldb: PostgreSQL does not answer: %w", err)
	}
	return &DB{read: pool, write: pool, dialect: PostgreSQL, url: rawURL}, nil
}

// Close ends all connections.
func (db *DB) Close() error {
	err := db.read.Close()
	if db.write != db.read {
		err = errors.Join(err, db.write.Close())
	}
	return err
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	var one int
	return db.write.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// ExecContext writes outside an explicit transaction.
func (db *DB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return db.write.ExecContext(ctx, query, args...)
}

// QueryContext reads. A statement that writes and returns rows belongs in [DB.Tx].
func (db *DB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.read.QueryContext(ctx, query, args...)
}

// QueryRowContext reads one row. A statement that writes and returns a row belongs in [DB.Tx].
func (db *DB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return db.read.QueryRowContext(ctx, query, args...)
}

// Snapshot runs read on one state of the whole database, whatever others write meanwhile.
func (db *DB) Snapshot(ctx context.Context, read func(q Querier) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if db.dialect == PostgreSQL {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.read.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("sqldb: snapshot: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return read(&Tx{Tx: tx, dialect: db.dialect})
}
