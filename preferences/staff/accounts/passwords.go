package accounts

import (
	"context"
	"fmt"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
)

// ChangePassword replaces a person's password, ends all other sessions, and gives
// the session that asked for it a new token, which it returns.
func (s *Store) ChangePassword(ctx context.Context, u User, session Session, old, password string, from From) (string, error) {
	if err := s.ConfirmPassword(ctx, u, old, from); err != nil {
		return "", err
	}
	if err := secret.CheckPolicy(password, u.Email, u.Name); err != nil {
		return "", problem.Invalid("new_password", err.Error())
	}
	token := secret.NewToken()
	return token, s.setPassword(ctx, u.Actor(from.IP), u.ID, password, session.ID, from, func(tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE staff_sessions SET token = $1 WHERE id = $2`, secret.Hash(token), session.ID)
		return err
	})
}

// SetPassword gives a person a password and ends all sessions; for the command line.
func (s *Store) SetPassword(ctx context.Context, actor audit.Actor, userID, password string) error {
	u, err := s.Get(ctx, userID)
	if err != nil {
		return err
	}
	if err := secret.CheckPolicy(password, u.Email, u.Name); err != nil {
		return problem.Invalid("password", err.Error())
	}
	return s.setPassword(ctx, actor, userID, password, "", From{IP: actor.IP}, func(*sqldb.Tx) error { return nil })
}

// setPassword runs first, sets the password and ends what the old one had opened.
func (s *Store) setPassword(ctx context.Context, actor audit.Actor, userID, password, keep string, from From, first func(*sqldb.Tx) error) error {
	hash := s.hash(password)
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := first(tx); err != nil {
			return err
		}
		now := s.Now()
		if _, err := tx.ExecContext(ctx, `UPDATE staff_users SET password = $1, updated_at = $2 WHERE id = $3`, hash, sqldb.Micros(now), userID); err != nil {
			return err
		}
		if err := endAll(ctx, tx, userID, keep); err != nil {
			return err
		}
		if err := note(ctx, tx, now, userID, EventPasswordChanged, from, ""); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "user.set_password", audit.Object("user", userID), nil, nil)
	})
	if err != nil {
		return fmt.Errorf("accounts: set a password: %w", err)
	}
	return nil
}

// ConfirmPassword checks the password of a person who is signed in, as slowly as at
// sign-in. Somebody who signs in without a password has none to confirm.
func (s *Store) ConfirmPassword(ctx context.Context, u User, password string, from From) error {
	if !u.HasPassword {
		return nil
	}
	if wait, ok := s.pairs.Take(pair(u.Email, from), s.Now()); !ok {
		return s.slowed(ctx, u.ID, wait, from)
	}
	if !s.fits(u.password, password) {
		if err := note(ctx, s.DB, s.Now(), u.ID, EventSignInFailed, from, "password, while signed in"); err != nil {
			return err
		}
		return problem.Invalid("password", "is not your present password")
	}
	s.pairs.Forgive(pair(u.Email, from))
	return nil
}
