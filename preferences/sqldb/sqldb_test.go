package sqldb_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"assent/preferences/schema"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

func TestATransactionIsAllOrNothing(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		boom := errors.New("boom")
		err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			if _, err := tx.ExecContext(ctx, "INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)", "a", "1", 1); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatalf("got %v", err)
		}
		if n := count(t, db); n != 0 {
			t.Fatalf("%d rows after a rolled back transaction", n)
		}
	})
}

func TestConcurrentReadThenWriteTransactionsLoseNoUpdate(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		if _, err := db.ExecContext(ctx, "INSERT INTO settings (key, value, updated_at) VALUES ('n', '', 0)"); err != nil {
			t.Fatal(err)
		}
		const workers, rounds = 8, 10
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range rounds {
					err := db.Tx(ctx, func(tx *sqldb.Tx) error {
						var n int64
						if err := tx.QueryRowContext(ctx, "SELECT updated_at FROM settings WHERE key = 'n'"+tx.Dialect().ForUpdate()).Scan(&n); err != nil {
							return err
						}
						_, err := tx.ExecContext(ctx, "UPDATE settings SET updated_at = $1 WHERE key = 'n'", n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int
		if err := db.QueryRowContext(ctx, "SELECT updated_at FROM settings WHERE key = 'n'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != workers*rounds {
			t.Fatalf("counted %d of %d", n, workers*rounds)
		}
	})
}

func TestListsAndSetsReadTheSameOnBothEngines(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, d := context.Background(), db.Dialect()
		err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO settings (key, value, updated_at) SELECT "+d.Field("k", "TEXT")+", "+d.Field("v", "TEXT")+", "+
				d.Field("n", "BIGINT")+" FROM "+d.Rows(1)+" WHERE "+d.Field("ok", "BOOLEAN")+" ON CONFLICT (key) DO NOTHING",
				`[{"k":"a","v":"1","n":9007199254740993,"ok":true},{"k":"b","v":"2","n":2,"ok":true},{"k":"c","v":"3","n":3,"ok":false}]`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var n, big int64
		if err := db.QueryRowContext(ctx, "SELECT count(*), max(updated_at) FROM settings WHERE key "+d.In(1), d.List([]string{"a", "c", "x"})).Scan(&n, &big); err != nil {
			t.Fatal(err)
		}
		if n != 1 || big != 9007199254740993 {
			t.Fatalf("got %d rows, %d", n, big)
		}
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM settings WHERE key "+d.In(1), d.List(nil)).Scan(&n); err != nil || n != 0 {
			t.Fatalf("an empty list matched %d rows (%v)", n, err)
		}
		_, err = db.ExecContext(ctx, "INSERT INTO settings (key, value, updated_at) VALUES ('a', '', 0)")
		if !sqldb.IsUnique(err) {
			t.Fatalf("a repeated key is not recognised: %v", err)
		}
	})
}

func TestMigratingTwiceChangesNothing(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		if err := schema.Migrate(context.Background(), db); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	for _, url := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", filepath.Join(t.TempDir(), "x")} {
		if _, err := sqldb.Open(context.Background(), url); !errors.Is(err, sqldb.ErrURL) {
			t.Errorf("%q: got %v", url, err)
		}
	}
}

func count(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(context.Background(), "SELECT count(*) FROM settings").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The database holds addresses and secrets: nobody else on the machine may read it, also where the folder was there before and is open
// to all, or where an older version made the files.
func TestDatabaseFileIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.db")
	for _, before := range []string{"made", "made before"} {
		db, err := sqldb.Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE IF NOT EXISTS a (b TEXT)"); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			if is, err := os.Stat(name); err != nil || is.Mode().Perm() != 0o600 {
				t.Errorf("%s: %s is %v, %v", before, name, is.Mode(), err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
