package preferences

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/preferences/ranges"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// What a list is narrowed to is found by an index, however many people there are.
func TestListsAreReadByIndexes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		s := &Service{DB: db}
		for _, text := range []string{"ann", "ann lee", "ann@example.com", "Émile"} {
			for _, n := range s.beginnings(text) {
				sqldbtest.Indexed(t, db, nil, n.query(), n.from, n.to, 10)
			}
		}
		for _, c := range [][2]string{{"", ""}, {"a@example.com", ""}, {"", "bounced"}, {"a@example.com", "bounced"}} {
			query, args := suppressionList(c[0], c[1], time.Time{}, "", 50)
			plan := sqldbtest.Indexed(t, db, nil, query, args...)
			if c[0] == "" && c[1] != "" && !strings.Contains(plan, "suppressions_reason") {
				t.Errorf("all blocks are looked at for those of one reason:\n%s", plan)
			}
		}
		sqldbtest.Indexed(t, db, nil, ranges.EdgeQuery, "", 500)
		d := db.Dialect()
		if plan := sqldbtest.Indexed(t, db, nil, fmt.Sprintf(formerOwnersQuery, d.In(1)), d.List([]string{"a@example.com", "b@example.com"})); !strings.Contains(plan, "former_addresses_key") {
			t.Errorf("all former addresses are looked at:\n%s", plan)
		}
		for _, where := range []string{"", " AND s.paused_until IS NOT NULL", " AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = s.id)"} {
			sqldbtest.Indexed(t, db, nil, "SELECT "+columns+" FROM subscribers s WHERE s.id > $1 AND s.id <= $2"+where+" ORDER BY s.id LIMIT $3", "", lastID, 50)
		}
	})
}
