package accounts

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/secret"
)

// enrol turns codes on and moves the clock past the code that was used for it.
func (f *fixture) enrol(t *testing.T, u User) (seed string, codes []string) {
	t.Helper()
	step, made, err := f.BeginTOTP(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	codes, err = f.ConfirmTOTP(ctx, u, step, f.code(t, made.Text), home)
	if err != nil {
		t.Fatal(err)
	}
	f.at = f.at.Add(time.Minute)
	return made.Text, codes
}

func (f *fixture) code(t *testing.T, seed string) string {
	t.Helper()
	code, err := secret.Code(seed, f.at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestCodeIsAskedForOnceConfirmed(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		ada := s.person(t, "ada@example.org")
		step, seed, err := s.BeginTOTP(ctx, ada)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.ConfirmTOTP(ctx, ada, step, "000000", home)
		refused(t, err, 422)
		if in := s.in(t, "ada@example.org", password, home); in.Second != "" {
			t.Error("an unconfirmed seed is asked for")
		}
		again, err := s.PendingTOTP(ctx, ada, step)
		if err != nil || again != seed {
			t.Errorf("%+v, %v", again, err)
		}
		bob := s.person(t, "bob@example.org")
		if _, err := s.ConfirmTOTP(ctx, bob, step, s.code(t, seed.Text), home); !errors.Is(err, ErrExpired) {
			t.Errorf("another person's step: %v", err)
		}
		codes, err := s.ConfirmTOTP(ctx, ada, step, s.code(t, seed.Text), home)
		if err != nil || len(codes) != 10 {
			t.Fatalf("%d codes, %v", len(codes), err)
		}
		in := s.in(t, "ada@example.org", password, home)
		if in.Token != "" || in.Second == "" {
			t.Fatal("the password alone signs in")
		}
		if s.alive(t, in.Second) {
			t.Error("the step is a session")
		}
		if _, err := s.SecondFactor(ctx, in.Second, s.code(t, seed.Text), home); !errors.Is(err, ErrRefused) {
			t.Errorf("the code of the enrolment works a second time: %v", err)
		}
		s.at = s.at.Add(30 * time.Second)
		done, err := s.SecondFactor(ctx, in.Second, s.code(t, seed.Text), home)
		if err != nil || !s.alive(t, done.Token) || done.Session.Factors != "password+totp" {
			t.Fatalf("%+v, %v", done.Session, err)
		}
		if _, err := s.SecondFactor(ctx, in.Second, s.code(t, seed.Text), home); !errors.Is(err, ErrExpired) {
			t.Errorf("a step works twice: %v", err)
		}
	})
}

func TestCodeWorksOnceAlsoAtTheSameTime(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		seed, _ := s.enrol(t, s.person(t, "ada@example.org"))
		code := s.code(t, seed)
		var steps []string
		for range 4 {
			steps = append(steps, s.in(t, "ada@example.org", password, home).Second)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		passed := 0
		for _, step := range steps {
			wg.Go(func() {
				if _, err := s.SecondFactor(ctx, step, code, home); err == nil {
					mu.Lock()
					passed++
					mu.Unlock()
				} else if !errors.Is(err, ErrRefused) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if passed != 1 {
			t.Errorf("one code let %d sign-ins pass", passed)
		}
	})
}

func TestSeedIsStoredSealed(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		ada := s.person(t, "ada@example.org")
		seed, codes := s.enrol(t, ada)
		var stored string
		if err := s.DB.QueryRowContext(ctx, `SELECT totp_seed FROM staff_users WHERE id = $1`, ada.ID).Scan(&stored); err != nil || strings.Contains(stored, seed) {
			t.Fatalf("%q, %v", stored, err)
		}
		s.Seal = append([][]byte{bytes.Repeat([]byte{8}, 32)}, s.Seal...) // rotated
		step := s.in(t, "ada@example.org", password, home).Second
		if _, err := s.SecondFactor(ctx, step, s.code(t, seed), home); err != nil {
			t.Errorf("after the keys were rotated: %v", err)
		}
		s.Seal = nil // lost: codes fail, recovery codes go on
		step = s.in(t, "ada@example.org", password, home).Second
		s.at = s.at.Add(time.Minute)
		if _, err := s.SecondFactor(ctx, step, s.code(t, seed), home); !errors.Is(err, ErrRefused) {
			t.Errorf("without the key: %v", err)
		}
		if _, err := s.SecondFactor(ctx, step, codes[0], home); err != nil {
			t.Errorf("a recovery code: %v", err)
		}
	})
}

func TestRecoveryCodeWorksOnce(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		ada := s.person(t, "ada@example.org")
		_, codes := s.enrol(t, ada)
		step := s.in(t, "ada@example.org", password, home).Second
		done, err := s.SecondFactor(ctx, step, strings.ToUpper(codes[3]), home)
		if err != nil || done.Session.Factors != "password+recovery" {
			t.Fatalf("%+v, %v", done.Session, err)
		}
		step = s.in(t, "ada@example.org", password, home).Second
		if _, err := s.SecondFactor(ctx, step, codes[3], home); !errors.Is(err, ErrRefused) {
			t.Errorf("a second time: %v", err)
		}
		if n, err := s.RecoveryCodesLeft(ctx, ada.ID); err != nil || n != 9 {
			t.Errorf("%d left, %v", n, err)
		}
		ada, _ = s.Get(ctx, ada.ID)
		fresh, err := s.RenewRecoveryCodes(ctx, ada, password, home)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.SecondFactor(ctx, step, codes[4], home); !errors.Is(err, ErrRefused) {
			t.Errorf("a replaced code: %v", err)
		}
		if _, err := s.SecondFactor(ctx, step, fresh[0], home); err != nil {
			t.Error(err)
		}
	})
}

func TestGuessingCodesIsSlowed(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		seed, _ := s.enrol(t, s.person(t, "ada@example.org"))
		var slowed *SlowedError
		tries := 0
		for range 40 { // a new step for each guess does not help
			step := s.in(t, "ada@example.org", password, home).Second
			if _, err := s.SecondFactor(ctx, step, "000000", away); errors.As(err, &slowed) {
				break
			}
			tries++
		}
		if tries != 20 {
			t.Errorf("%d guesses before being slowed", tries)
		}
		s.at = s.at.Add(time.Minute)
		step := s.in(t, "ada@example.org", password, home).Second
		if _, err := s.SecondFactor(ctx, step, s.code(t, seed), home); err != nil {
			t.Errorf("the person has to wait longer: %v", err)
		}
	})
}

func TestStepExpires(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		seed, _ := s.enrol(t, s.person(t, "ada@example.org"))
		step := s.in(t, "ada@example.org", password, home).Second
		s.at = s.at.Add(secondLife)
		if _, err := s.SecondFactor(ctx, step, s.code(t, seed), home); !errors.Is(err, ErrExpired) {
			t.Errorf("after its time: %v", err)
		}
	})
}

func TestTurningCodesOffNeedsThePassword(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		ada := s.person(t, "ada@example.org")
		s.enrol(t, ada)
		ada, _ = s.Get(ctx, ada.ID)
		refused(t, s.DisableTOTP(ctx, ada, "wrong", home), 422)
		if in := s.in(t, "ada@example.org", password, home); in.Second == "" {
			t.Fatal("turned off by a wrong password")
		}
		if err := s.DisableTOTP(ctx, ada, password, home); err != nil {
			t.Fatal(err)
		}
		if in := s.in(t, "ada@example.org", password, home); in.Second != "" {
			t.Error("still asked for")
		}
		if n, err := s.RecoveryCodesLeft(ctx, ada.ID); err != nil || n != 0 {
			t.Errorf("%d recovery codes are left, %v", n, err)
		}
	})
}

func TestSetUpLinkMakesOneAdministrator(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		first, err := s.SetUpLink(ctx)
		if err != nil {
			t.Fatal(err)
		}
		second, err := s.SetUpLink(ctx) // a restart before anybody used the first
		if err != nil || first == "" || second == "" {
			t.Fatal(err)
		}
		if err := s.SetUpOpen(ctx, "x"); !errors.Is(err, ErrExpired) {
			t.Errorf("a made-up link: %v", err)
		}
		_, err = s.SetUp(ctx, first, NewUser{Email: "ada@example.org", Password: "short"}, home)
		refused(t, err, 422)
		_, err = s.SetUp(ctx, first, NewUser{Email: "ada@example.org"}, home)
		refused(t, err, 422)
		var wg sync.WaitGroup
		results := make([]error, 2)
		var in SignedIn
		for i, link := range []string{first, second} {
			wg.Go(func() {
				got, err := s.SetUp(ctx, link, NewUser{Email: []string{"ada", "eve"}[i] + "@example.org", Password: password, Roles: nil}, home)
				if results[i] = err; err == nil {
					in = got
				}
			})
		}
		wg.Wait()
		if (results[0] == nil) == (results[1] == nil) {
			t.Fatalf("%v; %v", results[0], results[1])
		}
		if err := errors.Join(results...); !errors.Is(err, ErrExpired) {
			t.Error(err)
		}
		if !s.alive(t, in.Token) || !access.Has(in.User.Roles, access.Administrator) {
			t.Error("the first administrator is not in")
		}
		if again, err := s.SetUpLink(ctx); err != nil || again != "" {
			t.Errorf("a link although there is somebody: %q, %v", again, err)
		}
		if err := s.SetUpOpen(ctx, second); !errors.Is(err, ErrExpired) {
			t.Errorf("an old link: %v", err)
		}
	})
}

func TestBootstrapMakesTheFirstOnly(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		if made, weak, err := s.Bootstrap(ctx, "ada@example.org", "admin"); err != nil || !made || !weak {
			t.Fatalf("%v, %v, %v", made, weak, err)
		}
		s.in(t, "ada@example.org", "admin", home)
		if made, _, err := s.Bootstrap(ctx, "eve@example.org", password); err != nil || made {
			t.Errorf("a second one: %v, %v", made, err)
		}
		if made, _, err := s.Bootstrap(ctx, "ada@example.org", password); err != nil || made {
			t.Errorf("again: %v, %v", made, err)
		}
		s.in(t, "ada@example.org", "admin", home) // a later setting does not undo a changed password
	})
}

func TestLinkSetsAPasswordOnce(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		bob, err := s.Add(ctx, tester, NewUser{Email: "bob@example.org", Roles: []access.Role{access.Marketer}})
		if err != nil {
			t.Fatal(err)
		}
		older, _ := s.PasswordLink(ctx, tester, bob.ID)
		link, err := s.PasswordLink(ctx, tester, bob.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.LinkOwner(ctx, older); !errors.Is(err, ErrExpired) {
			t.Errorf("a replaced link: %v", err)
		}
		if u, err := s.LinkOwner(ctx, link); err != nil || u.ID != bob.ID {
			t.Errorf("%+v, %v", u, err)
		}
		refused(t, s.UseLink(ctx, link, "short", home), 422)
		if err := s.UseLink(ctx, link, password, home); err != nil {
			t.Fatal(err)
		}
		s.in(t, "bob@example.org", password, home)
		if err := s.UseLink(ctx, link, "another fine password", home); !errors.Is(err, ErrExpired) {
			t.Errorf("a second time: %v", err)
		}
		late, _ := s.PasswordLink(ctx, tester, bob.ID)
		s.at = s.at.Add(linkLife)
		if err := s.UseLink(ctx, late, "another fine password", home); !errors.Is(err, ErrExpired) {
			t.Errorf("after its time: %v", err)
		}
		_, err = s.PasswordLink(ctx, tester, sqldb.NewID())
		refused(t, err, 404)
	})
}

func TestSecurityLogTellsWhatHappenedWithoutSecrets(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		ada := s.person(t, "ada@example.org")
		_, _ = s.SignIn(ctx, "ada@example.org", "the wrong password", away)
		_, _ = s.SignIn(ctx, "my secret password typed in the wrong field", "x", away)
		in := s.in(t, "ada@example.org", password, home)
		if err := s.SignOut(ctx, in.Token, home); err != nil {
			t.Fatal(err)
		}
		mine, err := s.Security(ctx, ada.ID, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		var events []string
		for _, e := range mine {
			events = append(events, string(e.Event)+" "+e.IP)
		}
		if got, want := strings.Join(events, ", "), "sign_out 192.0.2.1, sign_in 192.0.2.1, sign_in_failed 198.51.100.1"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		all, err := s.Security(ctx, "", "", 3)
		if err != nil || len(all) != 3 {
			t.Fatalf("%d, %v", len(all), err)
		}
		rest, err := s.Security(ctx, "", all[2].ID, 10)
		if err != nil || len(rest) != 1 || rest[0].Event != EventSignInFailed || rest[0].UserName != "Somebody" {
			t.Errorf("%+v, %v", rest, err)
		}
		for _, e := range append(all, rest...) {
			if strings.Contains(e.Detail+e.UserName, "secret") || strings.Contains(e.Detail, "wrong") {
				t.Errorf("%+v", e)
			}
		}
	})
}
