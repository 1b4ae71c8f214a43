package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"assent/workers"
	"assent/workers/backup"
)

type backupCmd struct {
	To     []string `placeholder:"DIR" help:"Folders to write to (backups in the data folder); old ones there are rotated: 7 daily, 4 weekly, 3 monthly."`
	Verify string   `placeholder:"FILE" help:"Only check that a backup is whole."`
	JSON   bool     `help:"Print as JSON."`
}

func (c *backupCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	if c.Verify != "" {
		m, err := backup.Verify(c.Verify)
		if err != nil {
			return err
		}
		return c.tell(t, c.Verify, m)
	}
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	if len(c.To) == 0 {
		c.To = []string{a.backups()}
	}
	for _, dir := range c.To {
		path, m, err := a.backup(ctx, dir)
		if err != nil {
			return err
		}
		if err := c.tell(t, path, m); err != nil {
			return err
		}
	}
	return nil
}

func (c *backupCmd) tell(t *terminal, path string, m backup.Manifest) error {
	if c.JSON {
		return t.json(struct {
			File string `json:"file"`
			backup.Manifest
		}{path, m})
	}
	var rows int64
	for _, p := range m.Parts {
		rows += p.Rows
	}
	_, err := fmt.Fprintf(t.out, "%s is whole: %d rows of %s, made %s\n", path, rows, m.Engine, m.Made.Format(time.RFC3339))
	return err
}

func (a *app) backups() string { return filepath.Join(a.config.Data, "backups") }

// backup makes one, reads it back, and rotates the older ones.
func (a *app) backup(ctx context.Context, dir string) (string, backup.Manifest, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", backup.Manifest{}, fmt.Errorf("backup: %w", err)
	}
	now := time.Now().UTC() // the real clock: a rehearsal's backups must not push out the real ones
	path := filepath.Join(dir, backup.Name(now))
	if _, err := backup.Write(ctx, a.db, filepath.Join(a.config.Data, "secrets"), path, now); err != nil {
		return path, backup.Manifest{}, err
	}
	m, err := backup.Verify(path)
	if err != nil {
		return path, m, err
	}
	_, err = backup.Rotate(dir, backup.DefaultRotation)
	return path, m, err
}

// backupJob makes a backup a day.
func (a *app) backupJob() workers.Job {
	return workers.Job{Name: "backup", Every: time.Hour, Run: func(ctx context.Context) error {
		newest, err := backup.Newest(a.backups())
		if err != nil || time.Since(newest) < 24*time.Hour {
			return err
		}
		path, _, err := a.backup(ctx, a.backups())
		if err == nil {
			a.log.Info("backup made and verified", "file", path)
		}
		return err
	}}
}

type restoreCmd struct {
	File string `arg:"" help:"Backup to read." type:"existingfile"`
	JSON bool   `help:"Print as JSON."`
}

// Run restores into an empty installation. The secrets come first, so that every link ever mailed works again.
func (c *restoreCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	db, err := openDB(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	m, secrets, err := backup.Restore(ctx, db, c.File)
	if errors.Is(err, backup.ErrNotEmpty) {
		return fmt.Errorf("%w: name a new ASSENT_DATA or DATABASE_URL", err)
	}
	if err != nil {
		return err
	}
	if len(secrets) > 0 && cfg.Secrets == "" {
		if err := cfg.makeData(); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(cfg.Data, "secrets"), secrets, 0o600); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	if c.JSON {
		return t.json(m)
	}
	_, err = fmt.Fprintf(t.out, "restored the backup of %s\n", m.Made.Format(time.RFC3339))
	return err
}
