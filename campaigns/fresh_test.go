package campaigns_test

import (
	"slices"
	"strings"
	"testing"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// From the first campaign on PostgreSQL reads only what there is of the people that a set of bounces is about, though nobody has told it
// yet how the table looks as a whole.
func TestAFreshDatabaseFindsDeliveriesByPerson(t *testing.T) {
	db := sqldbtest.Postgres(t)
	w := campaignstest.New(t, db)
	w.Topic("news", nil)
	w.Crowd(5, "news")
	c := w.Campaign("news", nil)
	w.Schedule(c)
	w.SendAll(c)
	_, err := db.ExecContext(t.Context(), `INSERT INTO deliveries (id, campaign_id, subscriber_id, status, at, decided_at, facts)
		SELECT CAST(gen_random_uuid() AS TEXT), $1, CAST(gen_random_uuid() AS TEXT), 'sent', 1, 1, repeat('x', 900) FROM generate_series(1, 30000)`, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var people []string
	for range 250 {
		people = append(people, sqldb.NewID())
	}
	plan, err := sqldb.Values[string](t.Context(), db, "EXPLAIN "+campaigns.RevokeQuery(db.Dialect()), int64(0), db.Dialect().List(people))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(plan, func(line string) bool { return strings.Contains(line, "deliveries_subscriber") }) {
		t.Error(strings.Join(plan, "\n"))
	}
}
