package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"assent/preferences/audit"
	"assent/preferences/schema"
	"assent/preferences/sqldb"
)

// operator is who acts when somebody works on the command line.
var operator = audit.System("command line")

// openDB opens the database of the settings and brings it up to the present schema. For one in a file it makes the
// data folder first.
func openDB(ctx context.Context, c *Config) (*sqldb.DB, error) {
	if strings.HasPrefix(c.DatabaseURL.Reveal(), "sqlite:") {
		if err := c.makeData(); err != nil {
			return nil, err
		}
	}
	db, err := sqldb.Open(ctx, c.DatabaseURL.Reveal())
	if err != nil {
		return nil, fmt.Errorf("open the database (DATABASE_URL): %w", err)
	}
	if err := schema.Migrate(ctx, db); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("bring the database up to date: %w", err)
	}
	return db, nil
}

// makeData makes the data folder, which only the engine's own user may read: it holds secrets and addresses.
func (c *Config) makeData() error {
	err := os.MkdirAll(c.Data, 0o700)
	if path := new(fs.PathError); errors.As(err, &path) {
		return fmt.Errorf("ASSENT_DATA cannot be made: %s: %w", path.Path, path.Err)
	}
	return err
}
