package main

import (
	"context"

	"assent/preferences/audit"
	"assent/preferences/schema"
	"assent/preferences/sqldb"
)

// operator is who acts when somebody works on the command line.
var operator = audit.System("command line")

// openDB opens the database of the settings and brings it up to the present schema.
func openDB(ctx context.Context, c *Config) (*sqldb.DB, error) {
	db, err := sqldb.Open(ctx, c.DatabaseURL.Reveal())
	if err != nil {
		return nil, err
	}
	if err := schema.Migrate(ctx, db); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}
