package main

import (
	"context"
	"fmt"
)

type migrateCmd struct{}

func (c *migrateCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	db, err := openDB(ctx, cfg)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(t.err, "the database is up to date")
	return err
}
