package home

import (
	"strings"
	"testing"

	"assent/preferences/sqldb/sqldbtest"
)

// The page is looked at all day: what it counts is found by an index, however much there is.
func TestTheFirstPageReadsByIndexes(t *testing.T) {
	db := sqldbtest.SQLite(t)
	for _, c := range []struct {
		query string
		args  []any
		want  []string
	}{
		{lateQuery, []any{1, 1}, []string{"tally_minutes_minute"}},
		{openQuery, []any{20}, []string{"messages_broadcast"}},
		{refusedQuery, []any{"x", "x", 1, 20}, []string{"campaigns_status", "notice_broadcasts_status"}},
		{waitingQuery, nil, []string{"messages_due", "messages_sending"}},
		{unansweredQuery, nil, []string{"messages_due"}},
		{countQuery, nil, []string{"data_requests_open"}},
	} {
		plan := sqldbtest.Plan(t, db, c.query, c.args...)
		for _, want := range c.want {
			if !strings.Contains(plan, want) {
				t.Errorf("%s\n%s", c.query, plan)
			}
		}
		for _, table := range []string{"SCAN m\n", "SCAN messages\n", "SCAN tally_minutes\n", "SCAN data_requests\n", "SCAN v"} {
			if strings.Contains(plan, table) {
				t.Errorf("%s\n%s", c.query, plan)
			}
		}
	}
}
