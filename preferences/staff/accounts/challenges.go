package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
)

// ErrExpired is returned for the token of a step or link that was used, has
// expired or never was.
var ErrExpired = errors.New("accounts: this step has expired")

// What a step is part of.
const (
	purposeSecond = "second" // a sign-in that awaits its second factor
	purposeTOTP   = "totp"   // a seed that awaits its first code
)

// OpenStep stores the state of a ceremony that takes more than one request, such as a
// passkey's, and returns a token for it.
func (s *Store) OpenStep(ctx context.Context, purpose, userID, data string) (string, error) {
	return s.open(ctx, s.DB, purpose, userID, data, ceremonyLife)
}

// TakeStep returns the state behind a token and ends the step: it works once.
func (s *Store) TakeStep(ctx context.Context, purpose, token string) (userID, data string, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		userID, data, err = s.take(ctx, tx, purpose, token)
		return err
	})
	return userID, data, err
}

func (s *Store) open(ctx context.Context, q sqldb.Querier, purpose, userID, data string, life time.Duration) (string, error) {
	now, token := s.Now(), secret.NewToken()
	if _, err := q.ExecContext(ctx, `DELETE FROM staff_challenges WHERE expires_at <= $1`, sqldb.Micros(now)); err != nil {
		return "", fmt.Errorf("accounts: open a step: %w", err)
	}
	if _, err := q.ExecContext(ctx, `INSERT INTO staff_challenges (token, purpose, user_id, data, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		secret.Hash(token), purpose, sqldb.NullText(userID), data, sqldb.Micros(now.Add(life))); err != nil {
		return "", fmt.Errorf("accounts: open a step: %w", err)
	}
	return token, nil
}

func read(ctx context.Context, q sqldb.Querier, now time.Time, purpose, token string) (userID, data string, err error) {
	var id sql.NullString
	err = q.QueryRowContext(ctx, `SELECT user_id, data FROM staff_challenges WHERE token = $1 AND purpose = $2 AND expires_at > $3`,
		secret.Hash(token), purpose, sqldb.Micros(now)).Scan(&id, &data)
	return id.String, data, none(err, ErrExpired)
}

func (s *Store) take(ctx context.Context, tx *sqldb.Tx, purpose, token string) (userID, data string, err error) {
	var id sql.NullString
	err = tx.QueryRowContext(ctx, `DELETE FROM staff_challenges WHERE token = $1 AND purpose = $2 AND expires_at > $3 RETURNING user_id, data`,
		secret.Hash(token), purpose, sqldb.Micros(s.Now())).Scan(&id, &data)
	return id.String, data, none(err, ErrExpired)
}

// none puts instead in the place of "no rows".
func none(err, instead error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return instead
	}
	return err
}
