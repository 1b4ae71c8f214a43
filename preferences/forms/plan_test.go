package forms

import (
	"testing"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// The responses of one form are read and no others, also when few of them are open.
func TestResponsesAreReadByIndexes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		for index, open := range map[string]bool{"form_responses_form": false, "form_responses_open": true} {
			sqldbtest.Follows(t, db, index, "SELECT "+responseColumns+" "+ofForm(open), "contact", "z", 50)
		}
	})
}
