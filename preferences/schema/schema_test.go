package schema_test

import (
	"testing"

	"assent/preferences/schema"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Each part of the product numbers its migrations in a range of its own, so a later version may bring a lower number.
func TestAMigrationWithALowerNumberIsApplied(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		for _, query := range []string{"DROP TABLE visits", "DELETE FROM goose_db_version WHERE version_id = 71"} {
			if _, err := db.ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := schema.Migrate(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM visits").Scan(&n); err != nil {
			t.Error(err)
		}
	})
}
