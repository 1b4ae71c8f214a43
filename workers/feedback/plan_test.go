package feedback

import (
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// What came back is read by an index, whichever part of it is looked at.
func TestWhatCameBackIsReadByIndexes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		for _, after := range []time.Time{{}, time.Unix(1, 0)} {
			query, args := keptList("", after, "", 50)
			sqldbtest.Follows(t, db, "feedback_at", query, args...)
			for _, group := range Groups {
				query, args := keptList(group, after, "", 50)
				sqldbtest.Follows(t, db, "feedback_part", query, args...)
			}
		}
	})
}
