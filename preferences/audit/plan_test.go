package audit

import (
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// The log is read by an index, whatever it is narrowed to and wherever a stretch of it lies.
func TestTheLogIsReadByIndexes(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		newer, older := makeCursor(20, sqldb.NewID()), makeCursor(10, sqldb.NewID())
		sqldbtest.Indexed(t, db, nil, edgeQuery, 20, "", 500)
		for _, f := range []Filter{{}, {Actor: "a"}, {Action: "campaign."}, {Object: "topic:news"}, {Object: "topic:"}, {Actor: "a", Action: "topic.update", From: time.Unix(1, 0)}} {
			for _, c := range [][2]string{{"", ""}, {newer, ""}, {newer, older}} {
				if c[0] == "" && f.narrow() {
					c = [2]string{newer, older} // it is asked in stretches alone
				}
				var small []string
				if c[0] == "" {
					small = []string{"audit_log"} // SQLite calls it a scan to begin at the end of an index
				}
				query, args, err := f.query(c[0], c[1], 50)
				if err != nil {
					t.Fatal(err)
				}
				sqldbtest.Indexed(t, db, small, query, args...)
			}
		}
	})
}

// However the log is cut into stretches, each entry that was asked for comes once and in order.
func TestALogThatIsLookedThroughInPartsIsWhole(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		for i := range 1700 {
			action := "topic.update"
			if i%100 == 7 {
				action = "campaign.pause"
			}
			if err := Record(t.Context(), db, time.Unix(int64(i/3), 0), Actor{Kind: KindKey, ID: "k"}, action, Object("x", "1"), nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, limit := range []int{5, 100} {
			found, parts, cursor, last := 0, 0, "", time.Unix(9999, 0)
			for range 100 {
				entries, next, _, err := Look(t.Context(), db, Filter{Action: "campaign."}, limit, cursor, time.Nanosecond)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range entries {
					if e.Action != "campaign.pause" || e.At.After(last) {
						t.Errorf("%+v", e)
					}
					last = e.At
					found++
				}
				parts++
				if cursor = next; cursor == "" {
					break
				}
			}
			if found != 17 || parts < 3 {
				t.Errorf("%d were found in %d parts", found, parts)
			}
			for _, f := range []Filter{{Action: "topic."}, {Action: "campaign."}} { // an entry at the edge of a stretch is one of them
				whole := 0
				for cursor := ""; ; {
					entries, next, _, err := Look(t.Context(), db, f, 2000, cursor, time.Nanosecond)
					if err != nil {
						t.Fatal(err)
					}
					whole += len(entries)
					if cursor = next; cursor == "" {
						break
					}
				}
				if want := map[string]int{"topic.": 1683, "campaign.": 17}[f.Action]; whole != want {
					t.Errorf("%d of %s, not %d", whole, f.Action, want)
				}
			}
			all, _, err := List(t.Context(), db, Filter{Action: "campaign."}, 100, "")
			if err != nil || len(all) != 17 {
				t.Errorf("%d were found at once, %v", len(all), err)
			}
		}
	})
}
