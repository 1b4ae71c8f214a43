package sqldb_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

func TestRowsAreReadInTheirOrder(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		list, err := sqldb.Values[int64](t.Context(), db, "SELECT n FROM (SELECT 2 AS n UNION ALL SELECT 3 UNION ALL SELECT 1) AS x WHERE n > $1 ORDER BY n", 1)
		if err != nil || !slices.Equal(list, []int64{2, 3}) {
			t.Errorf("%v, %v", list, err)
		}
		if list, err := sqldb.Values[int64](t.Context(), db, "SELECT 1 WHERE 1 = 2"); err != nil || list != nil {
			t.Errorf("of nothing: %v, %v", list, err)
		}
	})
}

// What goes wrong is told, whenever it does: with the query, on the way, or in reading a row.
func TestRowsTellWhatGoesWrong(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		overflow := "SELECT abs(n) FROM (SELECT 1 AS n UNION ALL SELECT -9223372036854775807 - 1) AS x" // of the second row
		if db.Dialect() == sqldb.PostgreSQL {
			overflow = "SELECT 1 / (2 - n) FROM generate_series(1, 2) AS n"
		}
		for _, query := range []string{"SELECT x FROM nowhere", overflow, "SELECT 'x'"} {
			if list, err := sqldb.Values[int64](t.Context(), db, query); err == nil || list != nil {
				t.Errorf("%s: %v, %v", query, list, err)
			}
		}
	})
}

// Whoever leaves the loop can ask the next thing in the same transaction, which has one connection.
func TestRowsAreClosedHoweverTheLoopIsLeft(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		const query = "SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) AS x"
		enough := errors.New("enough")
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			for range sqldb.Rows(t.Context(), tx, query) {
				break
			}
			_, err := sqldb.All(t.Context(), tx, func(sqldb.Scanner) (int, error) { return 0, enough }, query)
			if !errors.Is(err, enough) {
				t.Errorf("the loop went on: %v", err)
			}
			func() {
				defer func() { _ = recover() }()
				for range sqldb.Rows(t.Context(), tx, query) {
					panic("out of the loop")
				}
			}()
			_, err = tx.ExecContext(context.Background(), "UPDATE settings SET updated_at = 0")
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
