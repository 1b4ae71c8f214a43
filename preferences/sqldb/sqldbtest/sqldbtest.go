// Package sqldbtest runs a store test on both engines.
package sqldbtest

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assent/preferences/schema"
	"assent/preferences/sqldb"
)

// PostgresEnv names the PostgreSQL server that tests may make schemas in.
const PostgresEnv = "ASSENT_TEST_POSTGRES"

// Exercise runs test on a fresh, migrated SQLite database and on a fresh, migrated schema of PostgreSQL, side by side.
// Without a PostgreSQL the second is skipped, and the skip says how to get one.
func Exercise(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Postgres(t))
	})
}

// SQLite is a fresh, migrated database in a temporary file.
func SQLite(t testing.TB) *sqldb.DB {
	t.Helper()
	return Open(t, "sqlite:"+filepath.Join(t.TempDir(), "assent.db"))
}

// Postgres is a fresh, migrated schema that is dropped when the test ends.
func Postgres(t testing.TB) *sqldb.DB {
	t.Helper()
	return Open(t, PostgresURL(t))
}

// PostgresURL is the address of a fresh, empty schema that is dropped when the test ends.
func PostgresURL(t testing.TB) string {
	t.Helper()
	base := os.Getenv(PostgresEnv)
	if base == "" {
		t.Skip("no PostgreSQL: set " + PostgresEnv + " to a postgres:// URL, or run `make test`, which starts one")
	}
	name := "t" + strings.ReplaceAll(sqldb.NewID(), "-", "")
	admin, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = admin.Exec("DROP SCHEMA " + name + " CASCADE")
		_ = admin.Close()
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// Open is a migrated database at an address, which is closed when the test ends.
func Open(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	ctx := context.Background()
	db, err := sqldb.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := schema.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	return db
}

// Traces lists the columns, as table.column, that hold a text anywhere in them, in whatever case: for tests that it is gone.
func Traces(t testing.TB, db *sqldb.DB, text string) (found []string) {
	t.Helper()
	ctx, sqlite := context.Background(), db.Dialect() == sqldb.SQLite
	query := `SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = current_schema()`
	if sqlite {
		query = `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'`
	}
	var all []string
	for row := range sqldb.Rows(ctx, db, query) {
		var name string
		if err := row.Scan(&name); err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	for _, name := range all {
		table, column, _ := strings.Cut(name, ".")
		has := `position(lower($1) IN lower(CAST("` + column + `" AS TEXT))) > 0 OR position(encode(convert_to($1, 'UTF8'), 'hex') IN CAST("` + column + `" AS TEXT)) > 0`
		if sqlite {
			has = `instr(lower(CAST("` + column + `" AS TEXT)), lower($1)) > 0`
		}
		var n int
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM "`+table+`" WHERE `+has, text).Scan(&n); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n > 0 {
			found = append(found, name)
		}
	}
	return found
}
