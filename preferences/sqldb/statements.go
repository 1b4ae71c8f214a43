package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
)

// SQLite compiles the text of a statement each time it is given one, which costs as much as running it. Each connection
// therefore keeps the statements that it has compiled, as pgx does for PostgreSQL.

// keptStatements bounds how many a connection keeps; the next one starts afresh.
const keptStatements = 128

// connector opens connections that keep their statements.
type connector struct {
	driver driver.Driver
	dsn    string
}

// openKept is sql.Open for SQLite.
func openKept(dsn string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	return sql.OpenDB(connector{plain.Driver(), dsn}), nil
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	inner, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &keeper{full: inner.(full), kept: map[string]*kept{}}, nil
}

// full is what SQLite's connections can do.
type full interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// keeper is a connection. Only one goroutine uses it at a time.
type keeper struct {
	full
	kept map[string]*kept
}

// kept is a compiled statement.
type kept struct {
	driver.Stmt
	reading bool // its rows are being read, so it cannot be run again
}

// compiled is the statement of a text, nil where it is to be compiled apart.
func (c *keeper) compiled(ctx context.Context, query string) (*kept, error) {
	if s := c.kept[query]; s != nil {
		if s.reading {
			return nil, nil
		}
		return s, nil
	}
	if text := strings.TrimSpace(query); len(text) < 6 || !strings.Contains(" SELECT INSERT UPDATE DELETE ", " "+strings.ToUpper(text[:6])+" ") {
		return nil, nil // what is said once, or is more than one statement
	}
	stmt, err := c.full.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(c.kept) >= keptStatements {
		for text, s := range c.kept {
			if !s.reading {
				_ = s.Close()
				delete(c.kept, text)
			}
		}
	}
	s := &kept{Stmt: stmt}
	c.kept[query] = s
	return s, nil
}

func (c *keeper) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.compiled(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.full.ExecContext(ctx, query, args)
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (c *keeper) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.compiled(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.full.QueryContext(ctx, query, args)
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.reading = true
	return &keptRows{rows, s}, nil
}

func (c *keeper) Close() error {
	for _, s := range c.kept {
		_ = s.Close()
	}
	return c.full.Close()
}

// keptRows let go of their statement when they are closed.
type keptRows struct {
	driver.Rows
	s *kept
}

func (r *keptRows) Close() error {
	r.s.reading = false
	return r.Rows.Close()
}
