package campaigns

import (
	"strings"
	"testing"

	"assent/preferences/ranges"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// A stretch of a campaign's deliveries is found by an index, whatever it is narrowed to.
func TestDeliveriesAreReadByIndexes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		id := sqldb.NewID()
		sqldbtest.Indexed(t, db, nil, deliveryEdge, id, "", 500)
		for _, status := range []string{"", StatusSent, StatusBounced, StatusDeferred} {
			query, args := deliveryList(id, status, "", ranges.Last, 50)
			sqldbtest.Indexed(t, db, nil, query, args...)
		}
	})
}

// However many mails a campaign has claimed, a set of bounces reads only what there is of the people it is about.
func TestBouncesRevokeByPerson(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		d := db.Dialect()
		plan := sqldbtest.Plan(t, db, revokeQuery(d), int64(0), d.List([]string{sqldb.NewID(), sqldb.NewID()}))
		if !strings.Contains(plan, "deliveries_subscriber") || strings.Contains(plan, "deliveries_claimed") {
			t.Error(plan)
		}
	})
}
