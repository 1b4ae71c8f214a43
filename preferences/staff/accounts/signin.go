package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
	"assent/preferences/staff/throttle"
)

// ErrRefused is the one answer to a sign-in that is not right, whatever is wrong:
// the address, the password, the code, or that the person is disabled.
var ErrRefused = errors.New("accounts: sign-in refused")

// SlowedError is returned when there were too many failures; it is the same for
// addresses that exist and those that do not.
type SlowedError struct{ Wait time.Duration }

func (e *SlowedError) Error() string {
	return fmt.Sprintf("accounts: too many attempts, wait %s", e.Wait.Round(time.Second))
}

// SignedIn is what a right password leads to: a session, or, when a second factor
// is asked for, the token of the step that awaits it.
type SignedIn struct {
	User    User
	Session Session
	Token   string // of the session; for the cookie
	Second  string // when not empty, there is no session yet; see [Store.SecondFactor]
}

// SignIn checks address and password.
func (s *Store) SignIn(ctx context.Context, email, password string, from From) (SignedIn, error) {
	if err := s.allowed(ctx, email, from); err != nil {
		return SignedIn{}, err
	}
	u, err := s.ByEmail(ctx, email)
	known := err == nil
	if err != nil && !errors.Is(err, ErrNotFound) {
		return SignedIn{}, err
	}
	hash := u.password
	usable := known && hash != "" && !u.Disabled()
	if !usable {
		hash = s.decoy() // costs as much as a hash that exists
	}
	if fits := len(password) <= 4*secret.MaxPasswordLength && s.fits(hash, password); !fits || !usable {
		if err := note(ctx, s.DB, s.Now(), u.ID, EventSignInFailed, from, "password"); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, ErrRefused
	}
	s.pairs.Forgive(pair(email, from))
	return s.passed(ctx, u, password, from)
}

// passed goes on after the right password.
func (s *Store) passed(ctx context.Context, u User, password string, from From) (SignedIn, error) {
	in := SignedIn{User: u}
	rehashed := ""
	if secret.NeedsRehash(u.password, s.Costs) {
		rehashed = s.hash(password)
	}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		now, err := find(ctx, tx, "u.id = $1"+tx.Dialect().ForUpdate(), u.ID)
		if err != nil {
			return err
		}
		if now.password != u.password || now.Disabled() { // changed while the old one was being checked
			return ErrRefused
		}
		if rehashed != "" {
			if _, err := tx.ExecContext(ctx, `UPDATE staff_users SET password = $1 WHERE id = $2`, rehashed, u.ID); err != nil {
				return err
			}
		}
		if u.HasTOTP {
			in.Second, err = s.open(ctx, tx, purposeSecond, u.ID, "", secondLife)
			return err
		}
		in.Session, in.Token, err = s.start(ctx, tx, u.ID, "password", from)
		return err
	})
	if err != nil {
		return SignedIn{}, fmt.Errorf("accounts: sign in: %w", err)
	}
	return in, nil
}

// SecondFactor finishes a sign-in with a code of the authenticator app or a
// recovery code. The step stays open after a wrong code.
func (s *Store) SecondFactor(ctx context.Context, step, code string, from From) (SignedIn, error) {
	userID, _, err := read(ctx, s.DB, s.Now(), purposeSecond, step)
	if err != nil {
		return SignedIn{}, err
	}
	if wait, ok := s.seconds.Take(userID, s.Now()); !ok {
		return SignedIn{}, s.slowed(ctx, userID, wait, from)
	}
	var in SignedIn
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		in = SignedIn{}
		u, err := find(ctx, tx, "u.id = $1"+tx.Dialect().ForUpdate(), userID)
		if err != nil {
			return err
		}
		if u.Disabled() {
			return ErrRefused
		}
		factor, err := s.second(ctx, tx, u, code, from)
		if err != nil {
			return err
		}
		if _, _, err := s.take(ctx, tx, purposeSecond, step); err != nil {
			return err
		}
		in.User = u
		in.Session, in.Token, err = s.start(ctx, tx, u.ID, "password+"+factor, from)
		return err
	})
	if errors.Is(err, ErrRefused) {
		if err := note(ctx, s.DB, s.Now(), userID, EventSecondFailed, from, ""); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, ErrRefused
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("accounts: second factor: %w", err)
	}
	s.seconds.Forgive(userID)
	return in, nil
}

// SignOut ends the session with this token.
func (s *Store) SignOut(ctx context.Context, token string, from From) error {
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		session, _, err := scanSession(tx.QueryRowContext(ctx, `SELECT `+userColumns+`, `+sessionColumns+`
			FROM staff_sessions AS s JOIN staff_users AS u ON u.id = s.user_id WHERE s.token = $1`, secret.Hash(token)).Scan)
		if err != nil {
			return none(err, nil)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM staff_sessions WHERE id = $1`, session.ID); err != nil {
			return err
		}
		return note(ctx, tx, s.Now(), session.UserID, EventSignOut, from, "")
	})
	if err != nil {
		return fmt.Errorf("accounts: sign out: %w", err)
	}
	return nil
}

// allowed counts an attempt and says whether it may be made. It looks at no
// account, so that it tells nothing of which exist.
func (s *Store) allowed(ctx context.Context, email string, from From) error {
	now := s.Now()
	if wait, ok := s.callers.Take(throttle.Caller(from.IP), now); !ok {
		return s.slowed(ctx, "", wait, from)
	}
	if wait, ok := s.pairs.Take(pair(email, from), now); !ok {
		return s.slowed(ctx, "", wait, from)
	}
	return nil
}

// slowed refuses an attempt. The log has one line a minute of it for each place: whoever goes on trying must not fill it.
func (s *Store) slowed(ctx context.Context, userID string, wait time.Duration, from From) error {
	if _, first := s.noted.Take(throttle.Caller(from.IP)+"|"+userID, s.Now()); !first {
		return &SlowedError{Wait: wait}
	}
	if err := note(ctx, s.DB, s.Now(), userID, EventSlowed, from, ""); err != nil {
		return err
	}
	return &SlowedError{Wait: wait}
}

func pair(email string, from From) string {
	return throttle.Caller(from.IP) + "|" + string(secret.Hash(emailKey(email)))
}
