package events

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// source holds back floods of public registrations (compliance 69), whoever they are about.
func (s *Store) source(ctx context.Context, from string) error {
	if s.Limits == nil {
		return nil
	}
	site, err := s.Site.Get(ctx)
	if err != nil {
		return err
	}
	ip, _ := netip.ParseAddr(from) // one that cannot be read counts with all
	ok, err := s.Limits.Source(ctx, ip, site.SignupsPerIPHour, site.SignupsPerHour)
	if err == nil && !ok {
		err = problem.New(http.StatusTooManyRequests, "Too many registrations came from your network. Try again in an hour.")
	}
	return err
}

// repeated tells that the same mailbox, whatever tag follows a plus sign, was registered for the event within a day: nothing more
// is stored or sent then, and the answer is the same (compliance 69).
func repeated(ctx context.Context, tx *sqldb.Tx, e Event, folded string, now time.Time) (bool, error) {
	var n int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM event_registrations WHERE event_id = $1 AND folded_key = $2 AND created_at > $3", e.id, folded, sqldb.Micros(now.Add(-24*time.Hour))).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("events: limits: %w", err)
	}
	return n > 0, nil
}
