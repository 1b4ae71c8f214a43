package home

import (
	"context"
	"slices"
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// A page does not wait for a count that takes long, and the next one has it; one count serves all until it is old.
func TestConsentIsCountedOnceAndNobodyWaits(t *testing.T) {
	now, counts, goOn := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), 0, make(chan struct{})
	count := func(context.Context, time.Time) ([]int, []int, error) {
		counts++
		<-goOn
		return []int{counts}, []int{0}, nil
	}
	var g growth
	if at, _, _ := g.read(now, count); !at.IsZero() {
		t.Error("something is known before it was counted")
	}
	done := g.counting
	close(goOn)
	<-done
	for range 3 {
		if _, given, _ := g.read(now.Add(growthHolds-1), count); len(given) != 1 || given[0] != 1 {
			t.Errorf("%v", given)
		}
	}
	g.read(now.Add(growthHolds), count)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, given, _ := g.read(now.Add(growthHolds), count); given[0] == 2 {
			return
		}
	}
	t.Error("an old count was not made again")
}

// What was chosen counts in the week in which it was chosen, also when it was recorded later; what is older is left out.
func TestConsentsCountInTheirWeek(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		now := time.Now().UTC().Truncate(time.Microsecond)
		add := func(state string, ago time.Duration, n int) {
			for range n {
				if _, err := db.ExecContext(t.Context(), `INSERT INTO consent_events (id, seq, subscriber_id, salt, at, action, topic_id, topic_key, partner_key, state, source, content)
					VALUES ($1, 1, '', $2, $3, 'give', '', 'news', '', $4, '', '{}')`, sqldb.NewID(), []byte("salt"), sqldb.Micros(now.Add(-ago)), state); err != nil {
					t.Fatal(err)
				}
			}
		}
		add("given", 0, 3)
		add("given", week+time.Hour, 2)
		add("given", weeks*week-time.Hour, 1)
		add("given", weeks*week+time.Hour, 9)
		add("withdrawn", time.Hour, 1)
		add("objected", time.Hour, 1)
		add("pending", time.Hour, 5)
		given, stopped, err := (&Home{DB: db}).consents(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(given, []int{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3}) || !slices.Equal(stopped, []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}) {
			t.Errorf("given %v, stopped %v", given, stopped)
		}
	})
}
