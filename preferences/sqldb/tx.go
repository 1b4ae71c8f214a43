package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// txTries bounds how often a transaction that lost a race is run again.
const txTries = 10

// Tx runs do in one write transaction: all of it is committed, or nothing is. When the engine reports a serialisation
// failure, a deadlock or a busy database, the whole of do is run again, so do must not have effects outside tx.
func (db *DB) Tx(ctx context.Context, do func(tx *Tx) error) error {
	var err error
	for try := range txTries {
		if err = db.once(ctx, do); err == nil || !retryable(err) {
			return err
		}
		pause := time.Duration(1<<min(try, 6))*time.Millisecond + rand.N(2*time.Millisecond)
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
	return err
}

func (db *DB) once(ctx context.Context, do func(tx *Tx) error) (err error) {
	if db.group != nil {
		return db.group.tx(ctx, db, do)
	}
	raw, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqldb: begin: %w", err)
	}
	done := false
	defer func() {
		if !done {
			_ = raw.Rollback()
		}
	}()
	if err := do(&Tx{Tx: raw, dialect: db.dialect}); err != nil {
		return err
	}
	done = true
	if err := raw.Commit(); err != nil {
		return fmt.Errorf("sqldb: commit: %w", err)
	}
	return nil
}

func retryable(err error) bool {
	if errors.Is(err, errGroup) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
	}
	return false
}

// IsNoText tells whether PostgreSQL refused a text for a character in it: NUL, or bytes that are no UTF-8.
func IsNoText(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "22021" || pg.Code == "22P05")
}

// IsFull tells whether err is a database without room for more.
func IsFull(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "53100"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_FULL
}

// IsAway tells whether err is a database that cannot be reached, or shows its callers the door: what was asked may be asked again.
func IsAway(err error) bool {
	var dial *pgconn.ConnectError
	if errors.As(err, &dial) || errors.Is(err, driver.ErrBadConn) || IsFull(err) {
		return true
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P0") || pg.Code == "53300")
}

// IsUnique tells whether err is a violated unique index or primary key.
func IsUnique(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}
