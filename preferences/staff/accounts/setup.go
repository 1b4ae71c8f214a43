package accounts

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/secret"
)

// SetUpLink returns the token of a new one-time link for the first administrator,
// or nothing when there is somebody already. Links of earlier starts keep working until one is used.
func (s *Store) SetUpLink(ctx context.Context) (string, error) {
	token := ""
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		any, err := someone(ctx, tx)
		if err != nil || any {
			return err
		}
		token = secret.NewToken()
		return addLink(ctx, tx, token, linkSetUp, "", s.Now(), time.Time{})
	})
	if err != nil {
		return "", fmt.Errorf("accounts: make a set-up link: %w", err)
	}
	return token, nil
}

// SetUpOpen says whether a set-up link works: ErrExpired when not.
func (s *Store) SetUpOpen(ctx context.Context, token string) error {
	var n int
	err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM staff_links WHERE token = $1 AND purpose = $2 AND NOT EXISTS (SELECT 1 FROM staff_users)`,
		secret.Hash(token), linkSetUp).Scan(&n)
	if err == nil && n == 0 {
		err = ErrExpired
	}
	return err
}

// SetUp makes the first administrator by a set-up link and signs that person in.
func (s *Store) SetUp(ctx context.Context, token string, n NewUser, from From) (SignedIn, error) {
	if err := s.SetUpOpen(ctx, token); err != nil {
		return SignedIn{}, err
	}
	if n.Password == "" {
		return SignedIn{}, problem.Invalid("password", "is required")
	}
	n.Roles = []access.Role{access.Administrator}
	user, err := s.prepare(n, true)
	if err != nil {
		return SignedIn{}, err
	}
	in := SignedIn{User: user}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		if err := useSetUp(ctx, tx, token); err != nil {
			return err
		}
		if err := insert(ctx, tx, user.Actor(from.IP), user); err != nil {
			return err
		}
		in.Session, in.Token, err = s.start(ctx, tx, user.ID, "password", from)
		return err
	})
	if err != nil {
		return SignedIn{}, fmt.Errorf("accounts: set up: %w", err)
	}
	return in, nil
}

// useSetUp ends all set-up links, of which token must be one. Of several who do it
// at once, the first finds them and the others wait for its locks and find none.
func useSetUp(ctx context.Context, tx *sqldb.Tx, token string) error {
	any, err := someone(ctx, tx)
	if err != nil {
		return err
	}
	found := false
	for row := range sqldb.Rows(ctx, tx, `DELETE FROM staff_links WHERE purpose = $1 RETURNING token`, linkSetUp) {
		var hash []byte
		if err := row.Scan(&hash); err != nil {
			return err
		}
		found = found || secret.Same(hash, secret.Hash(token))
	}
	if !found || any {
		return ErrExpired
	}
	return nil
}

// Bootstrap makes the first administrator of ASSENT_ADMIN_EMAIL and
// ASSENT_ADMIN_PASSWORD if there is nobody yet. How good the password is, is the
// operator's affair; weak tells whether it would be refused on the site.
func (s *Store) Bootstrap(ctx context.Context, email, password string) (made, weak bool, err error) {
	if any, err := s.Any(ctx); err != nil || any {
		return false, false, err
	}
	if password == "" {
		return false, false, problem.Invalid("password", "is required")
	}
	user, err := s.prepare(NewUser{Email: email, Password: password, Roles: []access.Role{access.Administrator}}, false)
	if err != nil {
		return false, false, err
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		any, err := someone(ctx, tx)
		if err != nil || any {
			made = false
			return err
		}
		made = true
		return insert(ctx, tx, audit.System("settings"), user)
	})
	if sqldb.IsUnique(err) {
		return false, false, nil // another process that starts at the same time was first
	}
	if err != nil {
		return false, false, fmt.Errorf("accounts: make the first administrator: %w", err)
	}
	return made, made && secret.CheckPolicy(password, user.Email) != nil, nil
}

func someone(ctx context.Context, tx *sqldb.Tx) (bool, error) {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT id FROM staff_users LIMIT 1) AS one`).Scan(&n)
	return n > 0, err
}
