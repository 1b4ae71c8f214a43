package notices

import (
	"strings"
	"testing"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// There may be a million notices: whatever a list is narrowed by, the others are not read.
func TestListsOfNoticesFollowAnIndex(t *testing.T) {
	db := sqldbtest.SQLite(t) // the other engine goes by what is in the table
	for index, f := range map[string]Filter{
		"messages_single":            {Single: true},
		"messages_single_status":     {Single: true, Status: "deferred"},
		"messages_single_obligation": {Single: true, Obligation: "legal"},
		"messages_reference":         {Single: true, Reference: "INV-7"},
		"messages_address":           {Email: "ann@example.com"},
		"messages_broadcast":         {Broadcast: sqldb.NewID()},
	} {
		for _, before := range []string{"", sqldb.NewID()} {
			query, args, err := f.query(before, 51)
			if err != nil {
				t.Fatal(err)
			}
			if plan := sqldbtest.Plan(t, db, query, args...); !strings.Contains(plan, index) {
				t.Errorf("%+v\n%s", f, plan)
			}
		}
	}
}
