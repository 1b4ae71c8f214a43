package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
)

var errTaken = problem.Invalid("email", "belongs to somebody who is here already")

// AskEmail mails a link to the address that a person wants to sign in with from now on. Nothing changes until the link is used;
// see [Store.ConfirmEmail]. It replaces earlier ones and works once, for a day.
func (s *Store) AskEmail(ctx context.Context, u User, email, password string, from From) error {
	if s.Letters == nil {
		return problem.Unavailable("Nothing can be mailed from here. Ask an administrator to change the address.")
	}
	email = strings.TrimSpace(email)
	if err := checkNewEmail(u, email); err != nil {
		return err
	}
	if err := s.ConfirmPassword(ctx, u, password, from); err != nil {
		return err
	}
	token := secret.NewToken()
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := free(ctx, tx, email); err != nil {
			return err
		}
		now := s.Now()
		if err := dropEmailLinks(ctx, tx, u.ID); err != nil {
			return err
		}
		if err := addLink(ctx, tx, token, linkEmail, u.ID, now, now.Add(emailLife)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE staff_links SET email = $1 WHERE token = $2`, email, secret.Hash(token)); err != nil {
			return err
		}
		if err := note(ctx, tx, now, u.ID, EventEmailAsked, from, email); err != nil {
			return err
		}
		return s.post(ctx, tx, now, Letter{Kind: LetterConfirm, Email: email, Name: u.Name, Locale: u.Locale, Facts: LetterFacts{UserID: u.ID, Email: email, Until: now.Add(emailLife)}}, token)
	})
	if err != nil {
		return fmt.Errorf("accounts: ask for another address: %w", err)
	}
	s.flush(ctx)
	return nil
}

// EmailLink is whose link a token is, and the address that it confirms.
func (s *Store) EmailLink(ctx context.Context, token string) (u User, email string, err error) {
	return emailLink(ctx, s.DB, token, sqldb.Micros(s.Now()))
}

func emailLink(ctx context.Context, q sqldb.Querier, token string, now int64) (u User, email string, err error) {
	var id string
	err = q.QueryRowContext(ctx, `SELECT user_id, email FROM staff_links WHERE token = $1 AND purpose = $2 AND expires_at > $3`, secret.Hash(token), linkEmail, now).Scan(&id, &email)
	if err != nil {
		return User{}, "", none(err, ErrExpired)
	}
	if u, err = find(ctx, q, "u.id = $1", id); err == nil && u.Disabled() {
		err = ErrExpired
	}
	return u, email, err
}

// ConfirmEmail uses a link that [Store.AskEmail] has mailed: from now on the person signs in with the new address.
// The old one is told.
func (s *Store) ConfirmEmail(ctx context.Context, token string, from From) error {
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		u, email, err := emailLink(ctx, tx, token, sqldb.Micros(s.Now()))
		if err != nil {
			return err
		}
		return s.move(ctx, tx, u.Actor(from.IP), u.ID, email, from)
	})
	return s.moved(ctx, err)
}

// SetEmail gives another person than the actor another address, without asking; the old one is told.
func (s *Store) SetEmail(ctx context.Context, actor audit.Actor, id, email string) error {
	if actor.UserID == id {
		return problem.Conflict("Change your own address on the page of your account.")
	}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		return s.move(ctx, tx, actor, id, strings.TrimSpace(email), From{IP: actor.IP})
	})
	return s.moved(ctx, err)
}

func (s *Store) moved(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, ErrExpired):
		return ErrExpired
	case sqldb.IsUnique(err):
		return errTaken
	case err != nil:
		return fmt.Errorf("accounts: change an address: %w", err)
	}
	s.flush(ctx)
	return nil
}

// move changes the address of a person, whose links were mailed to the old one and end.
func (s *Store) move(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, id, email string, from From) error {
	u, err := find(ctx, tx, "u.id = $1"+tx.Dialect().ForUpdate(), id)
	if errors.Is(err, ErrNotFound) {
		return problem.NotFound("person")
	}
	if err != nil {
		return err
	}
	if err := checkNewEmail(u, email); err != nil {
		return err
	}
	if err := free(ctx, tx, email); err != nil && emailKey(u.Email) != emailKey(email) {
		return err
	}
	before, old, now := u.state(), u.Email, s.Now()
	u.Email = email
	if _, err := tx.ExecContext(ctx, `UPDATE staff_users SET email = $1, email_key = $2, updated_at = $3 WHERE id = $4`, email, emailKey(email), sqldb.Micros(now), id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM staff_links WHERE user_id = $1`, id); err != nil {
		return err
	}
	by := ""
	if actor.UserID != id {
		by = actor.Name
	}
	detail := old + " → " + email
	if by != "" {
		detail += " (" + by + ")"
	}
	if err := note(ctx, tx, now, id, EventEmailChanged, from, detail); err != nil {
		return err
	}
	if err := s.post(ctx, tx, now, Letter{Kind: LetterMoved, Email: old, Name: u.Name, Locale: u.Locale, Facts: LetterFacts{UserID: id, By: by, Email: email}}, ""); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, actor, "user.set_email", audit.Object("user", id), before, u.state())
}

func checkNewEmail(u User, email string) error {
	switch {
	case !validEmail(email):
		return problem.Invalid("email", "must be an e-mail address such as ada@example.org")
	case email == u.Email:
		return problem.Invalid("email", "is the present address")
	}
	return nil
}

func free(ctx context.Context, q sqldb.Querier, email string) error {
	_, err := FindByEmail(ctx, q, email)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return errTaken
}

// dropEmailLinks ends what would still change the person's address.
func dropEmailLinks(ctx context.Context, tx *sqldb.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM staff_links WHERE user_id = $1 AND purpose = $2`, id, linkEmail)
	return err
}
