package preferences

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// noteFormer remembers the address that a person had until now.
func noteFormer(ctx context.Context, tx *sqldb.Tx, now time.Time, before Subscriber) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO former_addresses (subscriber_id, address_key, email, until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subscriber_id, address_key) DO UPDATE SET email = excluded.email, until = excluded.until`, before.ID, before.EmailKey, before.Email, sqldb.Micros(now))
	if err != nil {
		return fmt.Errorf("preferences: former address: %w", err)
	}
	return nil
}

// FormerAddresses lists the addresses that a person had before, as subscribers of whom nothing but that address is known. One
// that somebody else has by now is theirs, and is left out.
func (s *Service) FormerAddresses(ctx context.Context, q sqldb.Querier, subscriberID string) (former []*Subscriber, err error) {
	for row := range sqldb.Rows(ctx, q, `SELECT f.email, f.address_key FROM former_addresses f WHERE f.subscriber_id = $1
		AND NOT EXISTS (SELECT 1 FROM subscribers s WHERE s.email_key = f.address_key) ORDER BY f.until, f.address_key`, subscriberID) {
		sub := &Subscriber{}
		if err := row.Scan(&sub.Email, &sub.EmailKey); err != nil {
			return nil, fmt.Errorf("preferences: former addresses: %w", err)
		}
		former = append(former, sub)
	}
	return former, nil
}
