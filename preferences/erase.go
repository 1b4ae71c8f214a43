package preferences

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// erased tells whether an address is that of an erased person, under any pepper that ever was (compliance 34).
func (s *Service) erased(ctx context.Context, q sqldb.Querier, key string) (bool, error) {
	for _, sum := range s.Keys.Fingerprints(key) {
		var n int
		if err := q.QueryRowContext(ctx, "SELECT count(*) FROM erasures WHERE fingerprint = $1", sum).Scan(&n); err != nil {
			return false, fmt.Errorf("preferences: erasures: %w", err)
		}
		if n > 0 {
			return true, nil
		}
	}
	return false, nil
}

func (s *Service) forgetErasure(ctx context.Context, tx *sqldb.Tx, key string) error {
	for _, sum := range s.Keys.Fingerprints(key) {
		if _, err := tx.ExecContext(ctx, "DELETE FROM erasures WHERE fingerprint = $1", sum); err != nil {
			return fmt.Errorf("preferences: erasures: %w", err)
		}
	}
	return nil
}

// Erase removes everything about a person but a keyed fingerprint of the address, by which an import or sign-up that brings
// them back is noticed. The ledger keeps its chain and loses the contents. Mail that is under way is stopped first.
func (s *Service) Erase(ctx context.Context, actor audit.Actor, subscriberID string) (inFlight int, err error) {
	var claimed []string
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		sub, err := lockSubscriber(ctx, tx, subscriberID)
		if err != nil {
			return err
		}
		if claimed, err = s.Sending.Revoke(ctx, tx, now, sub.ID, ""); err != nil {
			return err
		}
		return s.erase(ctx, tx, now, actor, sub)
	})
	if err != nil {
		return 0, err
	}
	return s.Sending.Settle(ctx, claimed)
}

func (s *Service) erase(ctx context.Context, tx *sqldb.Tx, now time.Time, actor audit.Actor, sub *Subscriber) error {
	keyID, sum := s.Keys.Fingerprint(sub.EmailKey)
	if _, err := tx.ExecContext(ctx, "INSERT INTO erasures (fingerprint, key_id, erased_at) VALUES ($1, $2, $3) ON CONFLICT (fingerprint) DO NOTHING", sum, keyID, sqldb.Micros(now)); err != nil {
		return fmt.Errorf("preferences: erase: %w", err)
	}
	if _, err := ledger.EraseSubject(ctx, tx, sub.ID, ledger.Event{RecordedAt: now, Actor: actor.Kind, Source: "erasure"}); err != nil {
		return err
	}
	if err := s.Sending.Forget(ctx, tx, sub.ID, sub.EmailKey); err != nil {
		return err
	}
	for _, forget := range s.Forget {
		if err := forget(ctx, tx, sub); err != nil {
			return err
		}
	}
	for _, statement := range []struct{ query, arg string }{
		{"DELETE FROM suppressions WHERE address_key = $1", sub.EmailKey},
		{"DELETE FROM consents WHERE subscriber_id = $1", sub.ID},
		{"DELETE FROM partner_objections WHERE subscriber_id = $1", sub.ID},
		{"DELETE FROM confirmations WHERE subscriber_id = $1", sub.ID},
		{"DELETE FROM idempotency_keys WHERE body LIKE '%' || $1 || '%'", sub.ID},
		{"DELETE FROM subscribers WHERE id = $1", sub.ID},
	} {
		if _, err := tx.ExecContext(ctx, statement.query, statement.arg); err != nil {
			return fmt.Errorf("preferences: erase: %w", err)
		}
	}
	if err := audit.Forget(ctx, tx, audit.Object("subscriber", sub.ID)); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, actor, "subscriber.erase", audit.Object("subscriber", sub.ID), nil, nil)
}

// Compact clears the places outside the tables where erased text could linger: the write-ahead log of SQLite.
func (s *Service) Compact(ctx context.Context) error {
	if s.DB.Dialect() != sqldb.SQLite {
		return nil
	}
	if _, err := s.DB.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return problem.Unavailable("The database is busy; the write-ahead log is cleared at the next try.")
	}
	return nil
}
