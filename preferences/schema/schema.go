// Package schema holds the tables of the whole product as numbered migrations, and brings a database up to them.
package schema

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"assent/preferences/sqldb"
)

//go:embed *.sql
var files embed.FS

// macros are the few words that the engines spell differently. {{postgres}} and {{sqlite}} begin a line that only that engine reads.
var macros = map[sqldb.Dialect]*strings.Replacer{
	sqldb.SQLite:     strings.NewReplacer("{{id}}", "TEXT", "{{bytes}}", "BLOB", "{{postgres}}", "-- ", "{{sqlite}}", ""),
	sqldb.PostgreSQL: strings.NewReplacer("{{id}}", `TEXT COLLATE "C"`, "{{bytes}}", "BYTEA", "{{postgres}}", "", "{{sqlite}}", "-- "),
}

// Migrate applies every migration that db has not seen, each in a transaction of its own. Several processes may call it at once.
func Migrate(ctx context.Context, db *sqldb.DB) error {
	dir, err := spelled(db.Dialect())
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if db.Dialect() == sqldb.PostgreSQL {
		dialect = goose.DialectPostgres
		unlock, err := advisoryLock(ctx, db)
		if err != nil {
			return err
		}
		defer unlock()
	}
	provider, err := goose.NewProvider(dialect, db.Writer(), dir, goose.WithVerbose(false), goose.WithAllowOutofOrder(true)) // numbers come in ranges, one for each part of the product
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	return nil
}

// lockKey is Assent's own number among PostgreSQL's advisory locks.
const lockKey = 0x617373656e74

func advisoryLock(ctx context.Context, db *sqldb.DB) (func(), error) {
	conn, err := db.Writer().Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", lockKey); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("schema: lock: %w", err)
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", lockKey)
		_ = conn.Close()
	}, nil
}

func spelled(dialect sqldb.Dialect) (fs.FS, error) {
	out := fstest.MapFS{}
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		text, err := files.ReadFile(path.Join(".", entry.Name()))
		if err != nil {
			return nil, err
		}
		out[entry.Name()] = &fstest.MapFile{Data: []byte(macros[dialect].Replace(string(text)))}
	}
	return out, nil
}
