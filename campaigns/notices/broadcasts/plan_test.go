package broadcasts

import (
	"strings"
	"testing"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// A broadcast may have a million messages: what asks for some of them reads no others.
func TestABroadcastIsReadByIndexes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		for _, c := range []struct {
			query, index string
			args         []any
		}{
			{lastQuery, "messages_broadcast_sent", []any{"b", 1}},
			{lateQuery, "messages_broadcast_sent", []any{1, "b", 1}},
			{servedQuery, "notice_served_broadcast", []any{"2026-01-01", 1, "b"}},
			{peopleQuery + ofStatus + inOrder + "$4", "messages_broadcast_status", []any{"b", "", "bounced", 50}},
			{peopleQuery + notYet + ofStatus + inOrder + "$4", "messages_broadcast_status", []any{"b", "", "bounced", 50}},
		} {
			if plan := sqldbtest.Plan(t, db, c.query, c.args...); !strings.Contains(plan, c.index) || strings.Contains(plan, "SCAN m") || strings.Contains(plan, "Seq Scan on messages") {
				t.Errorf("%s\n%s", c.query, plan)
			}
		}
	})
}
