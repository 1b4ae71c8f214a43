package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
)

// erasures is the file beside the database that names, by keyed fingerprint, who was erased and when. A backup from before
// an erasure still holds the person: after a restore they are erased again by it (promise 7).
type erasures struct {
	path string
	mu   sync.Mutex
}

func erasuresIn(data string) *erasures { return &erasures{path: filepath.Join(data, "erasures")} }

// note adds an erased person, unless they were only removed and may come again.
func (e *erasures) note(ctx context.Context, a *app, sub *preferences.Subscriber) error {
	_, sum := a.keyring.Fingerprint(sub.EmailKey)
	var at int64
	if err := a.db.QueryRowContext(ctx, "SELECT coalesce(max(erased_at), 0) FROM erasures WHERE fingerprint = $1", sum).Scan(&at); err != nil || at == 0 {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	f, err := os.OpenFile(e.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("erasures: %w", err)
	}
	_, err = fmt.Fprintln(f, base64.StdEncoding.EncodeToString(sum), sqldb.Time(at).Format(time.RFC3339Nano))
	return errors.Join(err, f.Sync(), f.Close())
}

// read gives the time of the last erasure of each fingerprint. A line that a full disk cut off is passed over.
func (e *erasures) read() (map[string]time.Time, error) {
	f, err := os.Open(e.path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("erasures: %w", err)
	}
	defer f.Close()
	all := map[string]time.Time{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		sum, at, _ := strings.Cut(lines.Text(), " ")
		raw, err := base64.StdEncoding.DecodeString(sum)
		when, bad := time.Parse(time.RFC3339Nano, at)
		if err == nil && bad == nil && len(raw) > 0 && when.After(all[string(raw)]) {
			all[string(raw)] = when
		}
	}
	return all, nil
}

// repeat erases again everybody in the database whom the file names and who was there before that. It returns how many.
func (e *erasures) repeat(ctx context.Context, a *app) (n int, err error) {
	all, err := e.read()
	if err != nil || len(all) == 0 {
		return 0, err
	}
	again := func(key string, since time.Time) bool {
		for _, sum := range a.keyring.Fingerprints(key) {
			if at, ok := all[string(sum)]; ok && since.Before(at) {
				return true
			}
		}
		return false
	}
	// Who has no row of their own was written to by address alone.
	for _, place := range []struct {
		people bool
		query  string
	}{
		{true, "SELECT id, email, email_key, created_at FROM subscribers WHERE id > $1 ORDER BY id LIMIT 1000"},
		{false, "SELECT id, email, address_key, created_at FROM messages WHERE id > $1 AND (subscriber_id IS NULL OR subscriber_id = '') ORDER BY id LIMIT 1000"},
	} {
		for cursor := ""; ; {
			var due []preferences.Subscriber
			seen := 0
			for row := range sqldb.Rows(ctx, a.db, place.query, cursor) {
				var sub preferences.Subscriber
				var at int64
				if err := row.Scan(&cursor, &sub.Email, &sub.EmailKey, &at); err != nil {
					return n, fmt.Errorf("erasures: %w", err)
				}
				sub.ID = cursor
				if seen++; again(sub.EmailKey, sqldb.Time(at)) {
					due = append(due, sub)
				}
			}
			for _, sub := range due {
				if place.people {
					_, err = a.people.Erase(ctx, audit.System("restore"), sub.ID)
				} else {
					err = a.people.EraseAddress(ctx, audit.System("restore"), sub.Email, sub.EmailKey)
				}
				if err != nil {
					return n, err
				}
				n++
			}
			if seen == 0 {
				break
			}
		}
	}
	return n, nil
}
