package accounts

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/secret"
)

const password = "correct horse battery"

var (
	ctx    = context.Background()
	tester = audit.System("test")
	home   = From{IP: "192.0.2.1", UserAgent: "Browser/1"}
	away   = From{IP: "198.51.100.1", UserAgent: "Browser/2"}
)

type fixture struct {
	*Store
	at time.Time
}

func exercise(t *testing.T, test func(t *testing.T, s *fixture)) {
	t.Helper()
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) { test(t, newFixture(db)) })
}

func newFixture(db *sqldb.DB) *fixture {
	f := &fixture{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	f.Store = New(db, func() time.Time { return f.at })
	f.Costs = secret.Params{MemoryKiB: 64, Passes: 1, Threads: 1}
	f.Seal = [][]byte{bytes.Repeat([]byte{7}, 32)}
	return f
}

func (f *fixture) person(t *testing.T, email string, roles ...access.Role) User {
	t.Helper()
	if len(roles) == 0 {
		roles = []access.Role{access.Administrator}
	}
	u, err := f.Add(ctx, tester, NewUser{Email: email, Name: "Somebody", Password: password, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (f *fixture) in(t *testing.T, email, password string, from From) SignedIn {
	t.Helper()
	in, err := f.SignIn(ctx, email, password, from)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func (f *fixture) alive(t *testing.T, token string) bool {
	t.Helper()
	_, _, err := f.Resume(ctx, token)
	if err != nil && !errors.Is(err, ErrNoSession) {
		t.Fatal(err)
	}
	return err == nil
}

func refused(t *testing.T, err error, status int) {
	t.Helper()
	if p, ok := problem.As(err); !ok || p.Status != status {
		t.Errorf("got %v, want a problem with status %d", err, status)
	}
}

func TestAddRefusesWhatCannotBe(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		u := s.person(t, "Ada@Example.org", access.Marketer, access.Approver)
		if got, err := s.ByEmail(ctx, " ada@example.ORG "); err != nil || got.ID != u.ID || got.Email != "Ada@Example.org" || !access.Has(got.Roles, access.Approver) {
			t.Errorf("%+v, %v", got, err)
		}
		for name, n := range map[string]NewUser{
			"same address":  {Email: "ada@example.org", Password: password, Roles: u.Roles},
			"no address":    {Password: password, Roles: u.Roles},
			"display name":  {Email: "Ada <a@example.org>", Roles: u.Roles},
			"two addresses": {Email: "a@example.org, b@example.org", Roles: u.Roles},
			"line break":    {Email: "a@example.org\r\nBcc: b@example.org", Roles: u.Roles},
			"no role":       {Email: "b@example.org", Password: password},
			"unknown role":  {Email: "b@example.org", Roles: []access.Role{"root"}},
			"weak password": {Email: "b@example.org", Password: "password1234", Roles: u.Roles},
		} {
			if _, err := s.Add(ctx, tester, n); err == nil {
				t.Errorf("%s was taken", name)
			} else {
				refused(t, err, 422)
			}
		}
		if list, err := s.List(ctx); err != nil || len(list) != 1 {
			t.Errorf("%d people, %v", len(list), err)
		}
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		ada, bob := s.person(t, "ada@example.org"), s.person(t, "bob@example.org")
		s.person(t, "eve@example.org", access.Marketer)
		// Both take the other's role away at once: one of them must fail.
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() { errs[0] = s.SetRoles(ctx, tester, ada.ID, []access.Role{access.ReadOnly}) })
		wg.Go(func() { errs[1] = s.Disable(ctx, tester, bob.ID) })
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("%v; %v", errs[0], errs[1])
		}
		refused(t, errors.Join(errs...), 409)
		n := 0
		list, _ := s.List(ctx)
		for _, u := range list {
			if access.Has(u.Roles, access.Administrator) && !u.Disabled() {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d administrators are left", n)
		}
	})
}

func TestDisabledPersonIsOut(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		s.person(t, "ada@example.org")
		bob := s.person(t, "bob@example.org", access.Marketer)
		in := s.in(t, "bob@example.org", password, home)
		link, err := s.PasswordLink(ctx, tester, bob.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Disable(ctx, tester, bob.ID); err != nil {
			t.Fatal(err)
		}
		if s.alive(t, in.Token) {
			t.Error("the session goes on")
		}
		if _, err := s.SignIn(ctx, "bob@example.org", password, home); !errors.Is(err, ErrRefused) {
			t.Errorf("sign-in: %v", err)
		}
		if err := s.UseLink(ctx, link, "another fine password", home); !errors.Is(err, ErrExpired) {
			t.Errorf("link: %v", err)
		}
		if _, err := s.StartSession(ctx, bob.ID, "passkey", home); !errors.Is(err, ErrRefused) {
			t.Errorf("passkey: %v", err)
		}
		if err := s.Enable(ctx, tester, bob.ID); err != nil {
			t.Fatal(err)
		}
		s.in(t, "bob@example.org", password, home)
	})
}

func TestChangesAreInTheAuditLogWithoutSecrets(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		s.person(t, "ada@example.org")
		bob := s.person(t, "bob@example.org", access.Marketer)
		if err := s.SetRoles(ctx, tester, bob.ID, []access.Role{access.Approver}); err != nil {
			t.Fatal(err)
		}
		if err := s.SetPassword(ctx, tester, bob.ID, "another fine password"); err != nil {
			t.Fatal(err)
		}
		entries, _, err := audit.List(ctx, s.DB, audit.Filter{Object: "user:" + bob.ID}, 10, "")
		if err != nil || len(entries) != 3 {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		set := map[string]audit.Entry{}
		for _, e := range entries {
			set[e.Action] = e
		}
		if e := set["user.set_roles"]; string(e.Before) != `{"email":"bob@example.org","name":"Somebody","roles":["marketer"]}` ||
			string(e.After) != `{"email":"bob@example.org","name":"Somebody","roles":["approver"]}` {
			t.Errorf("%s → %s", e.Before, e.After)
		}
		if e, ok := set["user.set_password"]; !ok || e.Before != nil || e.After != nil {
			t.Errorf("%+v", e)
		}
	})
}
