package accounts

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/preferences/staff/access"
	"assent/preferences/staff/secret"
)

func TestSignInTakesOnlyTheRightPassword(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		u := s.person(t, "ada@example.org")
		in := s.in(t, "ADA@example.org", password, home)
		if in.Second != "" || in.User.ID != u.ID || in.Token == "" {
			t.Fatalf("%+v", in)
		}
		session, user, err := s.Resume(ctx, in.Token)
		if err != nil || user.ID != u.ID || session.IP != home.IP || session.Factors != "password" {
			t.Errorf("%+v %+v %v", session, user, err)
		}
		for _, c := range [][2]string{{"ada@example.org", "correct horse batter"}, {"ada@example.org", ""}, {"nobody@example.org", password}, {"", ""},
			{"ada@example.org", strings.Repeat("x", 5000)}} {
			if in, err := s.SignIn(ctx, c[0], c[1], home); !errors.Is(err, ErrRefused) || in.Token != "" || in.Second != "" {
				t.Errorf("%q with %.30q: %v", c[0], c[1], err)
			}
		}
	})
}

// An unknown address, a disabled person and one without a password must cost the
// attacker the same work as a wrong password, or the time tells which addresses exist.
func TestEverySignInCostsOneHash(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		s.person(t, "ada@example.org")
		bob := s.person(t, "bob@example.org", access.Marketer)
		if err := s.Disable(ctx, tester, bob.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Add(ctx, tester, NewUser{Email: "eve@example.org", Roles: bob.Roles}); err != nil {
			t.Fatal(err)
		}
		var costs []string
		s.check = func(hash, password string) bool {
			if secret.NeedsRehash(hash, s.Costs) {
				t.Errorf("compared with a hash of other costs: %q", hash)
			}
			costs = append(costs, hash)
			return secret.CheckPassword(hash, password)
		}
		for _, email := range []string{"ada@example.org", "bob@example.org", "eve@example.org", "nobody@example.org"} {
			costs = nil
			if _, err := s.SignIn(ctx, email, "wrong password", home); !errors.Is(err, ErrRefused) {
				t.Errorf("%s: %v", email, err)
			}
			if len(costs) != 1 {
				t.Errorf("%s: %d hashes computed", email, len(costs))
			}
		}
	})
}

func TestGuessingIsSlowedButNobodyIsLockedOut(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		s.person(t, "ada@example.org")
		slowedAt := func(email string) int {
			for i := range 30 {
				var slowed *SlowedError
				_, err := s.SignIn(ctx, email, fmt.Sprint("guess ", i), away)
				if errors.As(err, &slowed) {
					if slowed.Wait <= 0 || slowed.Wait > time.Minute {
						t.Errorf("wait %v", slowed.Wait)
					}
					return i
				}
				if !errors.Is(err, ErrRefused) {
					t.Fatal(err)
				}
			}
			return -1
		}
		known, unknown := slowedAt("ada@example.org"), slowedAt("nobody@example.org")
		if known != 10 || unknown != known {
			t.Errorf("slowed after %d guesses for a known, %d for an unknown address", known, unknown)
		}
		if _, err := s.SignIn(ctx, "ada@example.org", password, away); err == nil {
			t.Error("the right password passed while slowed: guesses are not slowed")
		}
		s.in(t, "ada@example.org", password, home) // the person elsewhere is not affected
		s.at = s.at.Add(30 * time.Second)
		s.in(t, "ada@example.org", password, away) // and even there only has to wait
	})
}

func TestOnePlaceCannotTryManyAccounts(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		var slowed *SlowedError
		for i := range 61 {
			_, err := s.SignIn(ctx, fmt.Sprintf("p%d@example.org", i), "guess", away)
			if got := errors.As(err, &slowed); got != (i == 60) {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
	})
}

// Whoever goes on trying while being slowed down would write a line at a time for as long as they like.
func TestSlowedAttemptsDoNotFillTheLog(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		lines := func() (n int) {
			t.Helper()
			list, err := s.Security(ctx, "", "", 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				if e.Event == EventSlowed {
					n++
				}
			}
			return n
		}
		try := func() {
			for range 100 {
				_, _ = s.SignIn(ctx, "ada@example.org", "guess", away)
			}
		}
		if try(); lines() != 1 {
			t.Errorf("%d lines of one place within a minute", lines())
		}
		s.at = s.at.Add(61 * time.Second)
		if try(); lines() != 2 {
			t.Errorf("%d lines of one place within two minutes", lines())
		}
	})
}

// What a browser calls itself may be no text, or be cut within a character: that keeps nobody out and no failure out of the log.
func TestAnyNameOfABrowserIsTaken(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		s.person(t, "ada@example.org")
		for _, agent := range []string{"old \xe9 browser", strings.Repeat("a", 299) + "é", strings.Repeat("é", 400)} {
			from := From{IP: "192.0.2.7", UserAgent: agent}
			if _, err := s.SignIn(ctx, "ada@example.org", "guess", from); !errors.Is(err, ErrRefused) {
				t.Errorf("%.20q: %v", agent, err)
			}
			if _, err := s.SignIn(ctx, "ada@example.org", password, from); err != nil {
				t.Errorf("%.20q: %v", agent, err)
			}
		}
	})
}

func TestSessionEndsByIdlenessAgeAndSignOut(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		s.person(t, "ada@example.org")
		idle := s.in(t, "ada@example.org", password, home)
		start := s.at
		s.at = start.Add(23 * time.Hour)
		if !s.alive(t, idle.Token) {
			t.Error("ended within a day")
		}
		s.at = start.Add(46 * time.Hour)
		if !s.alive(t, idle.Token) {
			t.Error("use does not keep it")
		}
		s.at = start.Add(71 * time.Hour)
		if s.alive(t, idle.Token) {
			t.Error("goes on after a day without use")
		}
		old := s.in(t, "ada@example.org", password, home)
		for range 14 * 2 {
			if !s.alive(t, old.Token) {
				t.Fatal("ended too early")
			}
			s.at = s.at.Add(12 * time.Hour)
		}
		if s.alive(t, old.Token) {
			t.Error("goes on after two weeks")
		}
		last := s.in(t, "ada@example.org", password, home)
		for range 2 { // a second time does no harm
			if err := s.SignOut(ctx, last.Token, home); err != nil {
				t.Fatal(err)
			}
		}
		if s.alive(t, last.Token) || s.alive(t, "") || s.alive(t, strings.Repeat("x", 43)) {
			t.Error("a session that is not there")
		}
	})
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		ada, bob := s.person(t, "ada@example.org"), s.person(t, "bob@example.org")
		one := s.in(t, "ada@example.org", password, home)
		s.at = s.at.Add(time.Minute)
		two, three := s.in(t, "ada@example.org", password, away), s.in(t, "ada@example.org", password, away)
		other := s.in(t, "bob@example.org", password, home)
		list, err := s.Sessions(ctx, ada.ID)
		if err != nil || len(list) != 3 || list[2].ID != one.Session.ID || list[2].UserAgent != "Browser/1" {
			t.Fatalf("%+v, %v", list, err)
		}
		refused(t, s.EndSession(ctx, bob.ID, one.Session.ID, home), 404) // not Bob's to end
		if err := s.EndSession(ctx, ada.ID, one.Session.ID, home); err != nil {
			t.Fatal(err)
		}
		if s.alive(t, one.Token) || !s.alive(t, two.Token) {
			t.Error("the wrong session ended")
		}
		if err := s.EndOthers(ctx, ada.ID, two.Session.ID, home); err != nil {
			t.Fatal(err)
		}
		if !s.alive(t, two.Token) || s.alive(t, three.Token) || !s.alive(t, other.Token) {
			t.Error("the others did not end, or too many did")
		}
	})
}

// Compliance 70.
func TestChangedPasswordEndsTheOtherSessions(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		ada := s.person(t, "ada@example.org")
		s.person(t, "bob@example.org")
		mine, stolen := s.in(t, "ada@example.org", password, home), s.in(t, "ada@example.org", password, away)
		other := s.in(t, "bob@example.org", password, home)
		link, err := s.PasswordLink(ctx, tester, ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.ChangePassword(ctx, mine.User, mine.Session, "wrong", "another fine password", home)
		refused(t, err, 422)
		_, err = s.ChangePassword(ctx, mine.User, mine.Session, password, "short", home)
		refused(t, err, 422)
		if !s.alive(t, stolen.Token) {
			t.Fatal("a refused change ended a session")
		}
		renewed, err := s.ChangePassword(ctx, mine.User, mine.Session, password, "another fine password", home)
		if err != nil {
			t.Fatal(err)
		}
		if s.alive(t, stolen.Token) || s.alive(t, mine.Token) {
			t.Error("an old token works on")
		}
		if !s.alive(t, renewed) || !s.alive(t, other.Token) {
			t.Error("the person's own session or somebody else's ended")
		}
		if err := s.UseLink(ctx, link, "a third fine password", away); !errors.Is(err, ErrExpired) {
			t.Errorf("an older link: %v", err)
		}
		if _, err := s.SignIn(ctx, "ada@example.org", password, home); !errors.Is(err, ErrRefused) {
			t.Errorf("the old password: %v", err)
		}
		if err := s.SetPassword(ctx, tester, ada.ID, "a fourth fine password"); err != nil {
			t.Fatal(err)
		}
		if s.alive(t, renewed) {
			t.Error("a password set on the command line left a session")
		}
		s.in(t, "ada@example.org", "a fourth fine password", home)
	})
}

func TestHashIsRenewedWhenCostsRise(t *testing.T) {
	exercise(t, func(t *testing.T, s *fixture) {
		ada := s.person(t, "ada@example.org")
		s.Costs.Passes++
		s.in(t, "ada@example.org", password, home)
		got, err := s.Get(ctx, ada.ID)
		if err != nil || secret.NeedsRehash(got.password, s.Costs) {
			t.Errorf("still %q, %v", got.password, err)
		}
		s.in(t, "ada@example.org", password, home)
	})
}
