package campaigns

import (
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
