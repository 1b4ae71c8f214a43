package backup_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/campaigns/media"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/backup"
)

// Mails that were sent show their pictures after a restore too, from either engine into either.
func TestPicturesAreInTheBackup(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		var file bytes.Buffer
		if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 30, 20))); err != nil {
			t.Fatal(err)
		}
		p, err := (&media.Store{DB: db, Now: time.Now}).Add(ctx, campaignstest.Staff, media.Upload{Name: "ship.png", Alt: "A ship", Data: file.Bytes()})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		secrets, path := filepath.Join(dir, "secrets"), filepath.Join(dir, backup.Name(time.Now()))
		if err := os.WriteFile(secrets, []byte("kid:secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Write(ctx, db, secrets, path, time.Now()); err != nil {
			t.Fatal(err)
		}
		for name, target := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres} {
			t.Run("into "+name, func(t *testing.T) {
				into := target(t)
				if _, _, err := backup.Restore(ctx, into, path); err != nil {
					t.Fatal(err)
				}
				if got, err := (&media.Store{DB: into, Now: time.Now}).Get(ctx, p.Name()); err != nil || !bytes.Equal(got.Body, p.Body) {
					t.Errorf("%d bytes instead of %d, %v", len(got.Body), len(p.Body), err)
				}
			})
		}
	})
}
