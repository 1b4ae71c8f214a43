package keys_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/keys"
)

var ctx = context.Background()

type clock struct{ at time.Time }

func exercise(t *testing.T, test func(t *testing.T, s *keys.Store, now *clock)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		now := &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		test(t, &keys.Store{DB: db, Now: func() time.Time { return now.at }}, now)
	})
}

func add(t *testing.T, s *keys.Store, n keys.New) (keys.Key, string) {
	t.Helper()
	key, value, err := s.Add(ctx, audit.System("test"), n)
	if err != nil {
		t.Fatal(err)
	}
	return key, value
}

func person(t *testing.T, s *keys.Store, id string) {
	t.Helper()
	if _, err := s.DB.ExecContext(ctx, `INSERT INTO staff_users (id, email, email_key, name, roles, password, created_at, updated_at) VALUES ($1, $2, $3, $4, '', '', 0, 0)`,
		id, id, id, "Ada"); err != nil {
		t.Fatal(err)
	}
}

func TestKeyWorksUntilRevoked(t *testing.T) {
	exercise(t, func(t *testing.T, s *keys.Store, now *clock) {
		key, value := add(t, s, keys.New{Name: " shop ", Scopes: []access.Scope{access.NoticesWrite, access.Read}})
		got, err := s.Authenticate(ctx, value)
		if err != nil {
			t.Fatal(err)
		}
		want := keys.Key{ID: key.ID, Name: "shop", Scopes: []access.Scope{access.Read, access.NoticesWrite}, CreatedAt: now.at, LastUsedAt: now.at}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for _, wrong := range []string{"", key.ID, value[:len(value)-1], value + "a", "ak__", "0123456789abcdef"} {
			if _, err := s.Authenticate(ctx, wrong); !errors.Is(err, keys.ErrUnknown) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		if err := s.Revoke(ctx, audit.System("test"), key.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, value); !errors.Is(err, keys.ErrUnknown) {
			t.Errorf("revoked: %v", err)
		}
		list, err := s.List(ctx)
		if err != nil || len(list) != 1 || list[0].RevokedAt.IsZero() {
			t.Errorf("%+v, %v", list, err)
		}
		if p, ok := problem.As(s.Revoke(ctx, audit.System("test"), sqldb.NewID())); !ok || p.Status != 404 {
			t.Errorf("revoking what is not there: %v", p)
		}
	})
}

func TestOnlyTheHashIsStored(t *testing.T) {
	exercise(t, func(t *testing.T, s *keys.Store, _ *clock) {
		_, value := add(t, s, keys.New{Name: "shop", Scopes: []access.Scope{access.Full}})
		rows, err := s.DB.QueryContext(ctx, `SELECT CAST(hash AS TEXT) FROM staff_keys UNION ALL SELECT after FROM audit_log`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var stored []byte
			if err := rows.Scan(&stored); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(stored, []byte(value[len(value)-20:])) {
				t.Errorf("the secret is stored: %s", stored)
			}
		}
		if n != 2 || rows.Err() != nil {
			t.Errorf("%d rows, %v", n, rows.Err())
		}
	})
}

func TestUseIsNotedAtMostOnceAMinute(t *testing.T) {
	exercise(t, func(t *testing.T, s *keys.Store, now *clock) {
		_, value := add(t, s, keys.New{Name: "shop", Scopes: []access.Scope{access.Full}})
		first := now.at
		for _, c := range []struct{ after, want time.Duration }{{0, 0}, {30 * time.Second, 0}, {59 * time.Second, 0}, {60 * time.Second, 60 * time.Second}, {100 * time.Second, 60 * time.Second}} {
			now.at = first.Add(c.after)
			if _, err := s.Authenticate(ctx, value); err != nil {
				t.Fatal(err)
			}
			list, err := s.List(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if got := list[0].LastUsedAt.Sub(first); got != c.want {
				t.Errorf("after %v last use is noted at %v, want %v", c.after, got, c.want)
			}
		}
	})
}

func TestKeyEndsWithItsPerson(t *testing.T) {
	exercise(t, func(t *testing.T, s *keys.Store, _ *clock) {
		id := sqldb.NewID()
		person(t, s, id)
		_, value := add(t, s, keys.New{Name: "ada's", Scopes: []access.Scope{access.Full}, UserID: id})
		key, err := s.Authenticate(ctx, value)
		if err != nil || key.UserID != id || key.UserName != "Ada" || key.Actor("").Person() != "user:"+id {
			t.Fatalf("%+v, %v", key, err)
		}
		if _, err := s.DB.ExecContext(ctx, `UPDATE staff_users SET disabled_at = 1 WHERE id = $1`, id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(ctx, value); !errors.Is(err, keys.ErrUnknown) {
			t.Errorf("the key of a disabled person: %v", err)
		}
		if _, _, err := s.Add(ctx, audit.System("test"), keys.New{Name: "x", Scopes: []access.Scope{access.Full}, UserID: id}); err == nil {
			t.Error("a disabled person got a key")
		}
	})
}

func TestKeyNeedsNameAndKnownScopes(t *testing.T) {
	exercise(t, func(t *testing.T, s *keys.Store, _ *clock) {
		for _, n := range []keys.New{
			{Scopes: []access.Scope{access.Full}}, {Name: "x"}, {Name: "x", Scopes: []access.Scope{"root"}},
			{Name: "x", Scopes: []access.Scope{access.Full}, UserID: sqldb.NewID()},
		} {
			_, value, err := s.Add(ctx, audit.System("test"), n)
			if p, ok := problem.As(err); !ok || p.Status != 422 || value != "" {
				t.Errorf("%+v: %v", n, err)
			}
		}
	})
}

func TestKeyOfTheSettings(t *testing.T) {
	exercise(t, func(t *testing.T, s *keys.Store, _ *clock) {
		works := func(value string) bool {
			key, err := s.Authenticate(ctx, value)
			if err != nil && !errors.Is(err, keys.ErrUnknown) {
				t.Fatal(err)
			}
			return err == nil && access.Allows(key.Scopes, access.Full)
		}
		ensure := func(value string) {
			if err := s.Ensure(ctx, value); err != nil {
				t.Fatal(err)
			}
		}
		const first, second = "any string of 16+", "another string of 16+"
		ensure(first)
		ensure(first)
		if !works(first) {
			t.Fatal("the key of the settings does not work")
		}
		list, _ := s.List(ctx)
		if len(list) != 1 || !list[0].Fixed {
			t.Fatalf("%+v", list)
		}
		if p, ok := problem.As(s.Revoke(ctx, audit.System("test"), list[0].ID)); !ok || p.Status != 409 {
			t.Errorf("revoking the key of the settings: %v", p)
		}
		_, made := add(t, s, keys.New{Name: "made", Scopes: []access.Scope{access.Full}})
		ensure(second)
		if works(first) || !works(second) {
			t.Error("a changed setting does not replace the key")
		}
		ensure("")
		if works(second) || !works(made) {
			t.Error("without the setting its key works on, or another was ended")
		}
		ensure(first)
		if !works(first) {
			t.Error("a key that comes back does not work")
		}
		if s.Ensure(ctx, "seven 7") == nil {
			t.Error("a short key was taken")
		}
	})
}
