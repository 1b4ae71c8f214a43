package main

import (
	"bufio"
	"context"

	"assent/preferences"
)

type exportCmd struct{}

// Run writes the subscribers as CSV to standard output.
func (c *exportCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	db, err := openDB(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	people := &preferences.Service{DB: db, Now: cfg.Now}
	total, err := people.CountAll(ctx, db)
	if err != nil {
		return err
	}
	bar := t.progress("Export", total)
	out := bufio.NewWriterSize(t.out, 64<<10)
	if err := people.Export(ctx, out, func(done int) { bar(int64(done)) }); err != nil {
		return err
	}
	return out.Flush()
}
