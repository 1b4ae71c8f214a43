package events

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// limit holds back floods of public registrations (compliance 69). repeated tells that the same mailbox, whatever tag follows
// a plus sign, was registered for the event within a day: nothing more is stored or sent then, and the answer is the same.
func (s *Store) limit(ctx context.Context, tx *sqldb.Tx, e Event, in Entry, folded string, now time.Time) (repeated bool, err error) {
	site, err := s.Site.Get(ctx)
	if err != nil {
		return false, err
	}
	count := func(query string, args ...any) (n int) {
		if err == nil {
			err = tx.QueryRowContext(ctx, query, args...).Scan(&n)
		}
		return n
	}
	hour, day := sqldb.Micros(now.Add(-time.Hour)), sqldb.Micros(now.Add(-24*time.Hour))
	byIP := count("SELECT count(*) FROM event_registrations WHERE ip = $1 AND created_at > $2", in.Evidence.IP, hour)
	same := count("SELECT count(*) FROM event_registrations WHERE event_id = $1 AND folded_key = $2 AND created_at > $3", e.id, folded, day)
	if err != nil {
		return false, fmt.Errorf("events: limits: %w", err)
	}
	if in.Evidence.IP != "" && site.SignupsPerIPHour > 0 && byIP >= site.SignupsPerIPHour {
		return false, problem.New(http.StatusTooManyRequests, "Too many registrations came from your network. Try again in an hour.")
	}
	return same > 0, nil
}
