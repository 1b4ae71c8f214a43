package campaigns

import (
	"cmp"
	"strings"
	"testing"

	"assent/preferences/ranges"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// A page of a campaign's deliveries is found by an index, whatever it is narrowed to.
func TestDeliveriesAreReadByIndexes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		sqldbtest.Indexed(t, db, nil, deliveryEdge, sqldb.NewID(), "", 500)
		for _, status := range []string{"", StatusClaimed, StatusSent, StatusDeferred, StatusBounced, StatusSkipped, StatusFailed, StatusUncertain} {
			query, args := deliveryList(sqldb.NewID(), status, "", ranges.Last, 50)
			index := map[string]string{"": "deliveries", StatusSent: "deliveries", StatusClaimed: "deliveries_claimed"}[status]
			sqldbtest.Follows(t, db, cmp.Or(index, "deliveries_shown"), query, args...)
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
