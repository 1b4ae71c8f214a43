package events

import (
	"testing"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// The registrations for one event are read and no others.
func TestRegistrationsAreReadByAnIndex(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		sqldbtest.Follows(t, db, "event_registrations_event", "SELECT r.id FROM event_registrations r WHERE "+inOrder, sqldb.NewID(), "", 50)
	})
}
