package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"assent/workers"
	"assent/workers/backup"
)

type backupCmd struct {
	To     []string `placeholder:"PLACE" help:"Folders, or s3://KEY:SECRET@HOST/BUCKET/PREFIX?region=REGION (ASSENT_BACKUPS, else backups in the data folder); old ones there are rotated: 7 daily, 4 weekly, 3 monthly."`
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
	places := cfg.Backups
	if len(c.To) > 0 {
		places = nil
	}
	for _, to := range c.To {
		place, err := backup.ParsePlace(to)
		if err != nil {
			return err
		}
		places = append(places, place)
	}
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	m, name, err := a.backup(ctx, places)
	if err != nil {
		return err
	}
	for _, place := range places {
		if err := c.tell(t, place.String()+"/"+name, m); err != nil {
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

// backup makes one, reads it back, puts it into each place, and rotates the older ones there. One place that fails does not
// keep it from the others.
func (a *app) backup(ctx context.Context, places []backup.Place) (m backup.Manifest, name string, err error) {
	if err := a.config.makeData(); err != nil {
		return m, "", err
	}
	left, _ := filepath.Glob(filepath.Join(a.config.Data, ".backup-*")) // by a process that was killed
	for _, dir := range left {
		if about, err := os.Stat(dir); err == nil && time.Since(about.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp(a.config.Data, ".backup-*")
	if err != nil {
		return m, "", fmt.Errorf("backup: %w", err)
	}
	defer os.RemoveAll(dir)
	now := time.Now().UTC() // the real clock: a rehearsal's backups must not push out the real ones
	name = backup.Name(now)
	path := filepath.Join(dir, name)
	if _, err := backup.Write(ctx, a.db, filepath.Join(a.config.Data, "secrets"), path, now); err != nil {
		return m, name, err
	}
	if m, err = backup.Verify(path); err != nil {
		return m, name, err
	}
	var failed []error
	for _, place := range places {
		err := place.Put(ctx, path)
		if err == nil {
			_, err = backup.Rotate(ctx, place, backup.DefaultRotation)
		}
		failed = append(failed, err)
	}
	return m, name, errors.Join(failed...)
}

// backupJob makes a backup a day: whenever a place has none of the last 24 hours, it gets one.
func (a *app) backupJob() workers.Job {
	return workers.Job{Name: "backup", Every: time.Hour, Run: func(ctx context.Context) error {
		var due []backup.Place
		var failed []error
		for _, place := range a.config.Backups {
			newest, err := backup.Newest(ctx, place)
			if failed = append(failed, err); err == nil && time.Since(newest) >= 24*time.Hour {
				due = append(due, place)
			}
		}
		if len(due) > 0 {
			_, name, err := a.backup(ctx, due)
			if failed = append(failed, err); err == nil {
				a.log.Info("backup made and verified", "file", name, "places", len(due))
			}
		}
		return errors.Join(failed...)
	}}
}

type restoreCmd struct {
	File string `arg:"" help:"Backup to read: a file, or s3://KEY:SECRET@HOST/BUCKET/PREFIX/FILE."`
	// Erasures is a file, because the database that knew of them is gone.
	Erasures string `placeholder:"FILE" help:"Fingerprints of the people erased since the backup was made, who are erased again (erasures in the data folder that was used until now)."`
	JSON     bool   `help:"Print as JSON."`
}

// eraseAgain takes away whom the backup brought back.
func (c *restoreCmd) eraseAgain(ctx context.Context, cfg *Config, t *terminal) (int, error) {
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return 0, err
	}
	defer a.Close()
	known := erasuresIn(cfg.Data)
	if c.Erasures != "" {
		if _, err := os.Stat(c.Erasures); err != nil {
			return 0, fmt.Errorf("restore: --erasures: %w", err)
		}
		known = &erasures{path: c.Erasures}
	}
	return known.repeat(ctx, a)
}

// Run restores into an empty installation. The secrets come first, so that every link ever mailed works again.
func (c *restoreCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	db, err := openDB(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	at, dir, err := brought(ctx, c.File)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m, secrets, err := backup.Restore(ctx, db, at)
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
	again, err := c.eraseAgain(ctx, cfg, t)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.json(struct {
			backup.Manifest
			ErasedAgain int `json:"erased_again"`
		}{m, again})
	}
	_, err = fmt.Fprintf(t.out, "restored the backup of %s; %d who were erased since then were erased again\n", m.Made.Format(time.RFC3339), again)
	return err
}

// brought gives the path of a backup, brought into a folder of its own when it is kept elsewhere.
func brought(ctx context.Context, from string) (at, dir string, err error) {
	if !strings.Contains(from, "://") {
		return from, "", nil
	}
	u, err := url.Parse(from)
	if err != nil {
		return "", "", errors.New("restore: name a file, or s3://KEY:SECRET@HOST/BUCKET/PREFIX/FILE")
	}
	name := filepath.Base(u.Path)
	u.Path = filepath.Dir(u.Path)
	place, err := backup.ParsePlace(u.String())
	if err != nil {
		return "", "", err
	}
	if dir, err = os.MkdirTemp("", "assent-restore-*"); err != nil {
		return "", "", fmt.Errorf("restore: %w", err)
	}
	at, err = place.Get(ctx, name, dir)
	return at, dir, err
}
