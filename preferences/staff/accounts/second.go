package accounts

import (
	"context"
	"fmt"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
)

// recoveryCodes is how many codes a person gets.
const recoveryCodes = 10

// second checks the second factor of a person whose row is locked and says
// which it was.
func (s *Store) second(ctx context.Context, tx *sqldb.Tx, u User, code string, from From) (factor string, err error) {
	seed, open := secret.Open(s.Seal, u.seed, u.ID)
	if step, ok := secret.CheckCode(seed, code, s.Now(), u.step); ok && open && u.HasTOTP {
		_, err := tx.ExecContext(ctx, `UPDATE staff_users SET totp_step = $1 WHERE id = $2`, step, u.ID)
		return "totp", err
	}
	done, err := tx.ExecContext(ctx, `DELETE FROM staff_recovery_codes WHERE user_id = $1 AND code = $2`, u.ID, secret.HashRecoveryCode(code))
	if err != nil {
		return "", err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		if err == nil {
			err = ErrRefused
		}
		return "", err
	}
	return "recovery", note(ctx, tx, s.Now(), u.ID, EventRecoveryUsed, from, "")
}

// BeginTOTP makes a seed for the person's authenticator app. Nothing changes until
// ConfirmTOTP is given the step and a first code.
func (s *Store) BeginTOTP(ctx context.Context, u User) (step string, seed secret.Seed, err error) {
	if u.HasTOTP {
		return "", seed, problem.Conflict("Codes are asked for already. Turn them off first.")
	}
	if seed, err = secret.NewSeed(s.Issuer, u.Email); err != nil {
		return "", seed, err
	}
	box, err := secret.Seal(s.Seal, seed.Text, u.ID)
	if err != nil {
		return "", seed, fmt.Errorf("accounts: seal a seed: %w", err)
	}
	step, err = s.open(ctx, s.DB, purposeTOTP, u.ID, box, ceremonyLife)
	return step, seed, err
}

// PendingTOTP returns the seed of a step again, for showing it a second time after a wrong code.
func (s *Store) PendingTOTP(ctx context.Context, u User, step string) (secret.Seed, error) {
	owner, box, err := read(ctx, s.DB, s.Now(), purposeTOTP, step)
	if err != nil {
		return secret.Seed{}, err
	}
	text, ok := secret.Open(s.Seal, box, u.ID)
	if owner != u.ID || !ok {
		return secret.Seed{}, ErrExpired
	}
	url, err := secret.SeedURL(s.Issuer, u.Email, text)
	return secret.Seed{Text: text, URL: url}, err
}

// ConfirmTOTP asks for codes from now on, if code is right for the seed of the
// step, and returns the recovery codes, which are shown once.
func (s *Store) ConfirmTOTP(ctx context.Context, u User, step, code string, from From) ([]string, error) {
	seed, err := s.PendingTOTP(ctx, u, step)
	if err != nil {
		return nil, err
	}
	used, ok := secret.CheckCode(seed.Text, code, s.Now(), 0)
	if !ok {
		return nil, problem.Invalid("code", "is not the code that the app shows now")
	}
	box, err := secret.Seal(s.Seal, seed.Text, u.ID)
	if err != nil {
		return nil, fmt.Errorf("accounts: seal a seed: %w", err)
	}
	var codes []string
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		if _, _, err := s.take(ctx, tx, purposeTOTP, step); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE staff_users SET totp_seed = $1, totp_step = $2, updated_at = $3 WHERE id = $4`,
			box, used, sqldb.Micros(s.Now()), u.ID); err != nil {
			return err
		}
		if codes, err = s.replaceCodes(ctx, tx, u.ID, from); err != nil {
			return err
		}
		if err := note(ctx, tx, s.Now(), u.ID, EventTOTPOn, from, ""); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.Now(), u.Actor(from.IP), "user.totp_on", audit.Object("user", u.ID), nil, nil)
	})
	if err != nil {
		return nil, fmt.Errorf("accounts: turn codes on: %w", err)
	}
	return codes, nil
}

// DisableTOTP asks for no codes any more. It wants the password, so that an
// unattended browser is not enough.
func (s *Store) DisableTOTP(ctx context.Context, u User, password string, from From) error {
	if err := s.ConfirmPassword(ctx, u, password, from); err != nil {
		return err
	}
	return s.endTOTP(ctx, u.Actor(from.IP), u.ID, from, false)
}

// ResetSecond takes codes, recovery codes and passkeys away from a person who has lost
// them; an administrator's doing. It ends the person's sessions.
func (s *Store) ResetSecond(ctx context.Context, actor audit.Actor, userID string) error {
	return s.endTOTP(ctx, actor, userID, From{IP: actor.IP}, true)
}

func (s *Store) endTOTP(ctx context.Context, actor audit.Actor, userID string, from From, all bool) error {
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.Now()
		if _, err := tx.ExecContext(ctx, `UPDATE staff_users SET totp_seed = '', totp_step = 0, updated_at = $1 WHERE id = $2`, sqldb.Micros(now), userID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM staff_recovery_codes WHERE user_id = $1`, userID); err != nil {
			return err
		}
		action := "user.totp_off"
		if all {
			action = "user.reset_second"
			if _, err := tx.ExecContext(ctx, `DELETE FROM staff_passkeys WHERE user_id = $1`, userID); err != nil {
				return err
			}
			if err := endAll(ctx, tx, userID, ""); err != nil {
				return err
			}
		}
		if err := note(ctx, tx, now, userID, EventTOTPOff, from, ""); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, action, audit.Object("user", userID), nil, nil)
	})
	if err != nil {
		return fmt.Errorf("accounts: turn codes off: %w", err)
	}
	return nil
}

// WithPasskeys says who has a passkey.
func (s *Store) WithPasskeys(ctx context.Context) (map[string]bool, error) {
	have := map[string]bool{}
	for row := range sqldb.Rows(ctx, s.DB, `SELECT DISTINCT user_id FROM staff_passkeys`) {
		var id string
		if err := row.Scan(&id); err != nil {
			return nil, fmt.Errorf("accounts: find passkeys: %w", err)
		}
		have[id] = true
	}
	return have, nil
}

// RenewRecoveryCodes replaces the recovery codes and returns the new ones, which are shown once.
func (s *Store) RenewRecoveryCodes(ctx context.Context, u User, password string, from From) ([]string, error) {
	if !u.HasTOTP {
		return nil, problem.Conflict("Recovery codes go with an authenticator app. Set that up first.")
	}
	if err := s.ConfirmPassword(ctx, u, password, from); err != nil {
		return nil, err
	}
	var codes []string
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		codes, err = s.replaceCodes(ctx, tx, u.ID, from)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("accounts: renew recovery codes: %w", err)
	}
	return codes, nil
}

// RecoveryCodesLeft says how many recovery codes a person has not used.
func (s *Store) RecoveryCodesLeft(ctx context.Context, userID string) (int, error) {
	var n int
	err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM staff_recovery_codes WHERE user_id = $1`, userID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("accounts: count recovery codes: %w", err)
	}
	return n, nil
}

func (s *Store) replaceCodes(ctx context.Context, tx *sqldb.Tx, userID string, from From) ([]string, error) {
	if _, err := tx.ExecContext(ctx, `DELETE FROM staff_recovery_codes WHERE user_id = $1`, userID); err != nil {
		return nil, err
	}
	codes := secret.NewRecoveryCodes(recoveryCodes)
	for _, code := range codes {
		if _, err := tx.ExecContext(ctx, `INSERT INTO staff_recovery_codes (user_id, code) VALUES ($1, $2)`, userID, secret.HashRecoveryCode(code)); err != nil {
			return nil, err
		}
	}
	return codes, note(ctx, tx, s.Now(), userID, EventRecoveryMade, from, "")
}
