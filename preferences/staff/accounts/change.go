package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
)

// SetRoles gives a person other roles. The last administrator stays one.
func (s *Store) SetRoles(ctx context.Context, actor audit.Actor, id string, roles []access.Role) error {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	parsed, err := access.ParseRoles(names)
	if err != nil {
		return problem.Invalid("role", err.Error())
	}
	return s.change(ctx, actor, "user.set_roles", id, func(tx *sqldb.Tx, u *User) error {
		if !slices.Contains(parsed, access.Administrator) {
			if err := anotherAdministrator(ctx, tx, *u); err != nil {
				return err
			}
		}
		u.Roles = parsed
		_, err := tx.ExecContext(ctx, `UPDATE staff_users SET roles = $1 WHERE id = $2`, joinRoles(parsed), id)
		return err
	})
}

// SetProfile changes what a person is called and the language of the site.
func (s *Store) SetProfile(ctx context.Context, actor audit.Actor, id, name, locale string) error {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 200 {
		return problem.Invalid("name", "must have 1 to 200 bytes")
	}
	if len(locale) > 35 { // RFC 5646 §4.4.1
		return problem.Invalid("locale", "is not a language tag")
	}
	return s.change(ctx, actor, "user.set_profile", id, func(tx *sqldb.Tx, u *User) error {
		u.Name = name
		_, err := tx.ExecContext(ctx, `UPDATE staff_users SET name = $1, locale = $2 WHERE id = $3`, name, locale, id)
		return err
	})
}

// Disable keeps a person out: sessions and links end, and so do the keys that stand
// for the person. The last administrator cannot be disabled.
func (s *Store) Disable(ctx context.Context, actor audit.Actor, id string) error {
	return s.change(ctx, actor, "user.disable", id, func(tx *sqldb.Tx, u *User) error {
		if u.Disabled() {
			return nil
		}
		if err := anotherAdministrator(ctx, tx, *u); err != nil {
			return err
		}
		u.DisabledAt = s.Now()
		if _, err := tx.ExecContext(ctx, `UPDATE staff_users SET disabled_at = $1 WHERE id = $2`, sqldb.Micros(u.DisabledAt), id); err != nil {
			return err
		}
		return endAll(ctx, tx, id, "")
	})
}

// Enable lets a disabled person in again.
func (s *Store) Enable(ctx context.Context, actor audit.Actor, id string) error {
	return s.change(ctx, actor, "user.enable", id, func(tx *sqldb.Tx, u *User) error {
		*u = User{ID: u.ID, Email: u.Email, Name: u.Name, Roles: u.Roles}
		_, err := tx.ExecContext(ctx, `UPDATE staff_users SET disabled_at = NULL WHERE id = $1`, id)
		return err
	})
}

// change runs do on a person whose row is locked and records what became of it.
func (s *Store) change(ctx context.Context, actor audit.Actor, action, id string, do func(tx *sqldb.Tx, u *User) error) error {
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		// All administrators are locked in one order, so that two of them cannot each take the other's role away.
		if err := lockAdministrators(ctx, tx); err != nil {
			return err
		}
		u, err := find(ctx, tx, "u.id = $1"+tx.Dialect().ForUpdate(), id)
		if errors.Is(err, ErrNotFound) {
			return problem.NotFound("person")
		}
		if err != nil {
			return err
		}
		before, now := u.state(), s.Now()
		if err := do(tx, &u); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE staff_users SET updated_at = $1 WHERE id = $2`, sqldb.Micros(now), id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, action, audit.Object("user", id), before, u.state())
	})
	if err != nil {
		return fmt.Errorf("accounts: %s: %w", action, err)
	}
	return nil
}

const administrators = `u.roles LIKE '%administrator%' AND u.disabled_at IS NULL`

func lockAdministrators(ctx context.Context, tx *sqldb.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT u.id FROM staff_users AS u WHERE `+administrators+` ORDER BY u.id`+tx.Dialect().ForUpdate())
	if err != nil {
		return err
	}
	for rows.Next() { // the locks are what is wanted
	}
	return errors.Join(rows.Err(), rows.Close())
}

func anotherAdministrator(ctx context.Context, tx *sqldb.Tx, u User) error {
	if !slices.Contains(u.Roles, access.Administrator) || u.Disabled() {
		return nil
	}
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM staff_users AS u WHERE `+administrators+` AND u.id <> $1`, u.ID).Scan(&n)
	if err == nil && n == 0 {
		err = problem.Conflict("This is the only administrator. Make somebody else administrator first.")
	}
	return err
}
