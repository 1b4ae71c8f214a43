package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
)

// What a link is for.
const (
	linkSetUp    = "setup"
	linkPassword = "password"
	linkEmail    = "email"
)

// PasswordLink makes a link with which a person chooses a password: a new colleague, or
// one who has forgotten it. It replaces earlier ones, works once and for a week. It is
// also mailed to the person; see [Store.Letters].
func (s *Store) PasswordLink(ctx context.Context, actor audit.Actor, userID string) (string, error) {
	token := secret.NewToken()
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		u, err := find(ctx, tx, "u.id = $1", userID)
		if errors.Is(err, ErrNotFound) || err == nil && u.Disabled() {
			return problem.NotFound("person")
		}
		if err != nil {
			return err
		}
		now := s.Now()
		if _, err := tx.ExecContext(ctx, `DELETE FROM staff_links WHERE user_id = $1 OR expires_at <= $2`, userID, sqldb.Micros(now)); err != nil {
			return err
		}
		if err := addLink(ctx, tx, token, linkPassword, userID, now, now.Add(linkLife)); err != nil {
			return err
		}
		if err := note(ctx, tx, now, userID, EventLinkMade, From{IP: actor.IP}, actor.Name); err != nil {
			return err
		}
		letter := Letter{Kind: LetterInvite, Email: u.Email, Name: u.Name, Locale: u.Locale, Facts: LetterFacts{UserID: userID, By: actor.Name, Roles: u.Roles, Until: now.Add(linkLife)}}
		if u.HasPassword {
			letter.Kind = LetterReset
		}
		if err := s.post(ctx, tx, now, letter, token); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "user.link", audit.Object("user", userID), nil, nil)
	})
	if err != nil {
		return "", fmt.Errorf("accounts: make a link: %w", err)
	}
	s.flush(ctx)
	return token, nil
}

func addLink(ctx context.Context, tx *sqldb.Tx, token, purpose, userID string, now, expires time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO staff_links (token, purpose, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		secret.Hash(token), purpose, sqldb.NullText(userID), sqldb.Micros(now), sqldb.NullMicros(expires))
	return err
}

// LinkOwner is the person who chooses a password with this link.
func (s *Store) LinkOwner(ctx context.Context, token string) (User, error) {
	var id string
	err := s.DB.QueryRowContext(ctx, `SELECT user_id FROM staff_links WHERE token = $1 AND purpose = $2 AND expires_at > $3`,
		secret.Hash(token), linkPassword, sqldb.Micros(s.Now())).Scan(&id)
	if err != nil {
		return User{}, none(err, ErrExpired)
	}
	return s.Get(ctx, id)
}

// UseLink sets the password that the owner of a link has chosen. The person then
// signs in with it; a second factor is still asked for.
func (s *Store) UseLink(ctx context.Context, token, password string, from From) error {
	u, err := s.LinkOwner(ctx, token)
	if err != nil {
		return err
	}
	if err := secret.CheckPolicy(password, u.Email, u.Name); err != nil {
		return problem.Invalid("password", err.Error())
	}
	return s.setPassword(ctx, u.Actor(from.IP), u.ID, password, "", from, func(tx *sqldb.Tx) error {
		done, err := tx.ExecContext(ctx, `DELETE FROM staff_links WHERE token = $1 AND purpose = $2 AND expires_at > $3`,
			secret.Hash(token), linkPassword, sqldb.Micros(s.Now()))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrExpired)
		}
		return nil
	})
}
