package backup_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/backup"
)

// bucket starts an S3-compatible store and gives the address of a place in it.
func bucket(t *testing.T) string {
	store := s3mem.New()
	server := httptest.NewServer(gofakes3.New(store).Server())
	t.Cleanup(server.Close)
	if err := store.CreateBucket("vault"); err != nil {
		t.Fatal(err)
	}
	return "s3://id:hush@" + strings.TrimPrefix(server.URL, "http://") + "/vault/mail?tls=off&region=eu-west-1"
}

func TestABackupIsKeptInFoldersAndInBuckets(t *testing.T) {
	db := sqldbtest.SQLite(t)
	filled(t, db)
	made := time.Date(2026, 5, 31, 3, 0, 0, 0, time.UTC)
	file := filepath.Join(t.TempDir(), backup.Name(made))
	want, err := backup.Write(t.Context(), db, filepath.Join(t.TempDir(), "none"), file, made)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{filepath.Join(t.TempDir(), "a", "b"), bucket(t)} {
		place, err := backup.ParsePlace(at)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(place.String(), "hush") {
			t.Errorf("%s shows its secret", place)
		}
		if newest, err := backup.Newest(t.Context(), place); err != nil || !newest.IsZero() {
			t.Errorf("%s, empty: %v %v", place, newest, err)
		}
		for range 2 { // the same again does no harm
			if err := place.Put(t.Context(), file); err != nil {
				t.Fatal(err)
			}
		}
		path, err := place.Get(t.Context(), filepath.Base(file), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := backup.Verify(path); err != nil || len(got.Parts) != len(want.Parts) {
			t.Errorf("%s: %v %v", place, got, err)
		}
		if newest, err := backup.Newest(t.Context(), place); err != nil || !newest.Equal(made) {
			t.Errorf("%s: %v %v", place, newest, err)
		}
		if _, err := place.Get(t.Context(), "assent-20200101T000000Z.tar.gz", t.TempDir()); err == nil && strings.HasPrefix(at, "s3") {
			t.Errorf("%s has what was never put there", place)
		}
		for day := range 20 {
			older := filepath.Join(t.TempDir(), backup.Name(made.AddDate(0, 0, -day)))
			if err := os.Link(file, older); err != nil {
				t.Fatal(err)
			}
			if err := place.Put(t.Context(), older); err != nil {
				t.Fatal(err)
			}
		}
		removed, err := backup.Rotate(t.Context(), place, backup.Rotation{Daily: 2})
		names, _ := place.Names(t.Context())
		if err != nil || len(removed) != 18 || !slices.Equal(names, []string{backup.Name(made.AddDate(0, 0, -1)), backup.Name(made)}) {
			t.Errorf("%s: %d removed, %v left, %v", place, len(removed), names, err)
		}
	}
}

func TestPlacesThatAreNone(t *testing.T) {
	for _, bad := range []string{"ftp://id:hush@host/x", "s3://id:hush@host", "s3://id:hush@/bucket", "s3://id:hush@host/bucket?colour=red", "s3://id:hush%zz@host/b"} {
		if place, err := backup.ParsePlace(bad); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, %v", bad, place, err)
		}
	}
	gone, err := backup.ParsePlace("s3://id:hush@127.0.0.1:1/bucket?tls=off&region=x")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := backup.Newest(ctx, gone); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a store that is not there: %v", err)
	}
}
