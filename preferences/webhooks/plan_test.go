package webhooks

import (
	"testing"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// The calls of one webhook are read and no others, whatever they are narrowed to; nor does its last error need them.
func TestCallsAreReadByIndexes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		for index, status := range map[string]string{"webhook_calls_webhook": "", "webhook_calls_status": "failed"} {
			query, args := callList(sqldb.NewID(), status, "z", 50)
			sqldbtest.Follows(t, db, index, query, args...)
		}
		sqldbtest.Follows(t, db, "webhook_calls_error", "SELECT "+columns+" FROM webhooks w WHERE w.id = $1", sqldb.NewID())
	})
}
