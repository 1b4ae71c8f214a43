package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Many transactions at once, some of which fail, panic, give up or break a rule: each is all or nothing, and by itself.
func TestTransactionsThatShareACommitDoNotShareTheirFailures(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		const callers, rounds = 24, 12
		boom := errors.New("boom")
		add := func(ctx context.Context, tx *sqldb.Tx, key string) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO settings (key, value, updated_at) VALUES ($1, '', 0)", key)
			return err
		}
		if err := db.Tx(context.Background(), func(tx *sqldb.Tx) error { return add(context.Background(), tx, "there") }); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		want, doubtful := map[string]bool{"there": true}, map[string]bool{}
		var wg sync.WaitGroup
		for caller := range callers {
			wg.Go(func() {
				for round := range rounds {
					ctx, key := context.Background(), fmt.Sprintf("%d.%d", caller, round)
					var err error
					switch (caller + round) % 6 {
					case 0: // fails after it wrote
						err = db.Tx(ctx, func(tx *sqldb.Tx) error {
							if err := add(ctx, tx, key); err != nil {
								return err
							}
							return boom
						})
						if !errors.Is(err, boom) {
							t.Errorf("a failed transaction returned %v", err)
						}
						continue
					case 1: // panics after it wrote
						func() {
							defer func() { _ = recover() }()
							_ = db.Tx(ctx, func(tx *sqldb.Tx) error {
								_ = add(ctx, tx, key)
								panic(boom)
							})
						}()
						continue
					case 2: // breaks a rule of the database
						err = db.Tx(ctx, func(tx *sqldb.Tx) error {
							return errors.Join(add(ctx, tx, key), add(ctx, tx, "there"))
						})
						if !sqldb.IsUnique(err) {
							t.Errorf("a repeated key returned %v", err)
						}
						continue
					case 3: // gives up, perhaps before its turn and perhaps within
						gone, cancel := context.WithTimeout(ctx, time.Duration(round)*200*time.Microsecond)
						err = db.Tx(gone, func(tx *sqldb.Tx) error { return add(gone, tx, key) })
						cancel()
						if err != nil {
							mu.Lock()
							doubtful[key] = db.Dialect() == sqldb.PostgreSQL // its answer may come too late for us
							mu.Unlock()
							continue
						}
					default:
						if err = db.Tx(ctx, func(tx *sqldb.Tx) error { return add(ctx, tx, key) }); err != nil {
							t.Error(err)
							continue
						}
					}
					var n int
					if err := db.QueryRowContext(ctx, "SELECT count(*) FROM settings WHERE key = $1", key).Scan(&n); err != nil || n != 1 {
						t.Errorf("a transaction that returned is not to be seen: %d, %v", n, err)
					}
					mu.Lock()
					want[key] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		rows, err := db.QueryContext(context.Background(), "SELECT key FROM settings")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		got := 0
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				t.Fatal(err)
			}
			switch {
			case want[key]:
				got++
			case !doubtful[key]:
				t.Errorf("%s was not committed, and is there", key)
			}
		}
		if got != len(want) {
			t.Errorf("%d rows of %d", got, len(want))
		}
	})
}
