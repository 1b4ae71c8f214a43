package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"assent/preferences/schema"
	"assent/preferences/sqldb"
)

type migrateCmd struct{}

func (c *migrateCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	db, err := openDatabase(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := schema.Migrate(ctx, db); err != nil {
		return fmt.Errorf("bring the database up to date: %w", err)
	}
	_, err = fmt.Fprintln(t.err, "the database is up to date")
	return err
}

// openDatabase opens the configured database; for one in a file it makes the data folder first.
func openDatabase(ctx context.Context, cfg *Config) (*sqldb.DB, error) {
	if strings.HasPrefix(cfg.DatabaseURL.Reveal(), "sqlite:") {
		if err := cfg.makeData(); err != nil {
			return nil, err
		}
	}
	db, err := sqldb.Open(ctx, cfg.DatabaseURL.Reveal())
	if err != nil {
		return nil, fmt.Errorf("open the database (DATABASE_URL): %w", err)
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
