package rights

import (
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Requests are read by an index: those of one person, those that are not closed, those of a mailbox, or by the day that they are due.
func TestRequestsAreReadByIndexes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		for _, c := range []struct {
			index string
			f     Filter
		}{
			{"data_requests_open", Filter{Status: Open}}, {"data_requests_open", Filter{Running: true, DueBefore: time.Unix(1, 0)}}, {"data_requests_open", Filter{Running: true, Latest: true}},
			{"data_requests_due", Filter{Status: Done, Kind: Erasure}}, {"data_requests_due", Filter{Among: []Status{Done}, Text: "ann"}},
		} {
			query, args := c.f.query(db.Dialect(), time.Unix(2, 0), "", 50)
			sqldbtest.Follows(t, db, c.index, query, args...)
		}
		sqldbtest.Follows(t, db, "data_requests_address", askedQuery, asked("ann+1@example.com", time.Unix(1, 0))...)
	})
}
