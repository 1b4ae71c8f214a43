package passkeys

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/webauthn"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/accounts"
)

// List returns a person's passkeys, the oldest first.
func (s *Service) List(ctx context.Context, userID string) ([]Passkey, error) {
	var list []Passkey
	for row := range sqldb.Rows(ctx, s.accounts.DB, `SELECT id, name, created_at, used_at FROM staff_passkeys WHERE user_id = $1 ORDER BY created_at, id`, userID) {
		var p Passkey
		var created int64
		var used sql.NullInt64
		if err := row.Scan(&p.ID, &p.Name, &created, &used); err != nil {
			return nil, fmt.Errorf("passkeys: list: %w", err)
		}
		p.CreatedAt, p.UsedAt = sqldb.Time(created), sqldb.NullTime(used)
		list = append(list, p)
	}
	return list, nil
}

// Remove takes a passkey away from its person.
func (s *Service) Remove(ctx context.Context, u accounts.User, id string, from accounts.From) error {
	err := s.accounts.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var name string
		err := tx.QueryRowContext(ctx, `DELETE FROM staff_passkeys WHERE id = $1 AND user_id = $2 RETURNING name`, id, u.ID).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			return problem.NotFound("passkey")
		}
		if err != nil {
			return err
		}
		if err := s.accounts.Note(ctx, tx, u.ID, accounts.EventPasskeyRemoved, from, name); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.accounts.Now(), u.Actor(from.IP), "passkey.remove", audit.Object("user", u.ID), map[string]string{"name": name}, nil)
	})
	if err != nil {
		return fmt.Errorf("passkeys: remove: %w", err)
	}
	return nil
}

func (s *Service) store(ctx context.Context, u accounts.User, credential *webauthn.Credential, name string, from accounts.From) error {
	name = strings.TrimSpace(name)
	if len(name) > 100 {
		return problem.Invalid("name", "must have at most 100 bytes")
	}
	text, err := json.Marshal(credential)
	if err != nil {
		return fmt.Errorf("passkeys: add: %w", err)
	}
	now := s.accounts.Now()
	err = s.accounts.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO staff_passkeys (id, user_id, credential_id, credential, name, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			sqldb.NewID(), u.ID, credential.ID, string(text), name, sqldb.Micros(now)); err != nil {
			return err
		}
		if err := s.accounts.Note(ctx, tx, u.ID, accounts.EventPasskeyAdded, from, name); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, u.Actor(from.IP), "passkey.add", audit.Object("user", u.ID), nil, map[string]string{"name": name})
	})
	if sqldb.IsUnique(err) {
		return problem.Conflict("This passkey is stored already.")
	}
	if err != nil {
		return fmt.Errorf("passkeys: add: %w", err)
	}
	return nil
}

// used keeps the counter and flags that the authenticator told.
func (s *Service) used(ctx context.Context, credential *webauthn.Credential) error {
	text, err := json.Marshal(credential)
	if err != nil {
		return fmt.Errorf("passkeys: note use: %w", err)
	}
	if _, err := s.accounts.DB.ExecContext(ctx, `UPDATE staff_passkeys SET credential = $1, used_at = $2 WHERE credential_id = $3`,
		string(text), sqldb.Micros(s.accounts.Now()), credential.ID); err != nil {
		return fmt.Errorf("passkeys: note use: %w", err)
	}
	return nil
}

func (s *Service) owner(ctx context.Context, userID string) (owner, error) {
	u, err := s.accounts.Get(ctx, userID)
	if err != nil {
		return owner{}, err
	}
	o := owner{user: u}
	for row := range sqldb.Rows(ctx, s.accounts.DB, `SELECT credential FROM staff_passkeys WHERE user_id = $1 ORDER BY created_at, id`, userID) {
		var text string
		var credential webauthn.Credential
		if err := row.Scan(&text); err != nil {
			return owner{}, fmt.Errorf("passkeys: read: %w", err)
		}
		if err := json.Unmarshal([]byte(text), &credential); err != nil {
			return owner{}, fmt.Errorf("passkeys: read: %w", err)
		}
		o.credentials = append(o.credentials, credential)
	}
	return o, nil
}
