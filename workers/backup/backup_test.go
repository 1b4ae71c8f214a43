package backup_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/preferences/ledger"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/backup"
)

func filled(t *testing.T, db *sqldb.DB) *campaignstest.World {
	w := campaignstest.New(t, db)
	w.Topic("news", nil)
	for i := range 1500 {
		p := w.Person(fmt.Sprintf("p%d@example.com", i), nil)
		if i < 20 {
			w.Give(p, "news")
		}
	}
	c := w.Campaign("news", nil)
	w.Schedule(c)
	w.SendAll(c)
	return w
}

func TestABackupRestoresIntoEitherEngine(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		filled(t, db)
		dir := t.TempDir()
		secrets, path := filepath.Join(dir, "secrets"), filepath.Join(dir, backup.Name(time.Now()))
		if err := os.WriteFile(secrets, []byte("kid:secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := backup.Write(ctx, db, secrets, path, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for name, target := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres} {
			t.Run("into "+name, func(t *testing.T) {
				into := target(t)
				_, text, err := backup.Restore(ctx, into, path)
				if err != nil || string(text) != "kid:secret" {
					t.Fatalf("%q, %v", text, err)
				}
				if r, err := ledger.Verify(ctx, into, ledger.Options{}); err != nil || !r.OK() || r.Entries != 20 {
					t.Fatalf("the ledger after a restore: %+v, %v", r, err)
				}
				again := filepath.Join(dir, name+".tar.gz")
				m2, err := backup.Write(ctx, into, secrets, again, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				rows := map[string]int64{}
				for _, p := range m.Parts {
					rows[p.Name] = p.Rows
				}
				for _, p := range m2.Parts {
					if rows[p.Name] != p.Rows {
						t.Errorf("%s: %d rows, had %d", p.Name, p.Rows, rows[p.Name])
					}
				}
				if _, _, err := backup.Restore(ctx, into, path); !errors.Is(err, backup.ErrNotEmpty) {
					t.Errorf("a restore over data: %v", err)
				}
			})
		}
	})
}

func TestADamagedBackupIsFoundAndChangesNothing(t *testing.T) {
	ctx, db := context.Background(), sqldbtest.SQLite(t)
	filled(t, db)
	path := filepath.Join(t.TempDir(), "b.tar.gz")
	if _, err := backup.Write(ctx, db, "", path, time.Now()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	into := sqldbtest.SQLite(t)
	for name, damaged := range map[string][]byte{"cut off": whole[:len(whole)/2], "flipped": flipped(whole), "empty": {}} {
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Verify(path); err == nil {
			t.Errorf("%s: not found", name)
		}
		if _, _, err := backup.Restore(ctx, into, path); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
	var n int
	if err := into.QueryRowContext(ctx, "SELECT count(*) FROM subscribers").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d people came out of damaged files (%v)", n, err)
	}
}

func flipped(b []byte) []byte {
	out := append([]byte(nil), b...)
	out[len(out)*2/3] ^= 0x40
	return out
}

func TestRotationKeepsSevenDaysFourWeeksThreeMonths(t *testing.T) {
	dir := t.TempDir()
	last := time.Date(2026, 5, 31, 3, 0, 0, 0, time.UTC)
	for day := range 200 {
		if err := os.WriteFile(filepath.Join(dir, backup.Name(last.AddDate(0, 0, -day))), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(dir, "assent-notes.txt")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Rotate(t.Context(), backup.Folder(dir), backup.DefaultRotation); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	// 7 days to 25 May; the weeks of 31, 24, 17 and 10 May; the months' newest: 31 May, 30 April, 31 March. One a day, week and month may be the same file.
	if len(left) != 7+3+2+1 {
		t.Errorf("%d files are left", len(left))
	}
	if _, err := os.Stat(other); err != nil {
		t.Error("a file that is no backup was removed")
	}
	for _, day := range []string{"2026-05-31", "2026-05-25", "2026-05-24", "2026-05-17", "2026-05-10", "2026-04-30", "2026-03-31"} {
		at, _ := time.Parse(time.DateOnly, day)
		if _, err := os.Stat(filepath.Join(dir, backup.Name(at.Add(3*time.Hour)))); err != nil {
			t.Errorf("the backup of %s is gone", day)
		}
	}
}
