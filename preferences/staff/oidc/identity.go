package oidc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/staff/accounts"
)

// identify finds the person behind an account at the provider, and ties the two
// together the first time.
func (p *Provider) identify(ctx context.Context, who claims, from accounts.From) (userID string, err error) {
	err = p.accounts.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT user_id FROM staff_identities WHERE issuer = $1 AND subject = $2`, p.config.Issuer, who.Subject).Scan(&userID)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if !who.verified() || who.Email == "" {
			return accounts.ErrNotFound
		}
		u, err := accounts.FindByEmail(ctx, tx, who.Email)
		if err != nil {
			return err
		}
		if u.Disabled() {
			return accounts.ErrNotFound
		}
		now := p.accounts.Now()
		userID = u.ID
		if _, err := tx.ExecContext(ctx, `INSERT INTO staff_identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)`,
			p.config.Issuer, who.Subject, u.ID, sqldb.Micros(now)); err != nil {
			return err
		}
		if err := p.accounts.Note(ctx, tx, u.ID, accounts.EventIdentityLinked, from, p.config.Issuer); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, u.Actor(from.IP), "user.link_identity", audit.Object("user", u.ID), nil, map[string]string{"issuer": p.config.Issuer})
	})
	if err != nil {
		return "", fmt.Errorf("oidc: identify: %w", err)
	}
	return userID, nil
}
