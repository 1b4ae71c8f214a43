package events

import (
	"context"
	"fmt"

	"assent/preferences"
	"assent/preferences/sqldb"
)

// OfPerson lists a person's registrations, for their own eyes.
func OfPerson(ctx context.Context, q sqldb.Querier, sub *preferences.Subscriber) ([]Registration, error) {
	return list(ctx, q, "r.subscriber_id = $1 OR r.email_key = $2 ORDER BY r.id", sub.ID, sub.EmailKey)
}

// Forget removes a person's registrations when the person is erased, tells the partners that had their details (GDPR 19), and
// gives their places to those who wait.
func (s *Store) Forget(ctx context.Context, tx *sqldb.Tx, sub *preferences.Subscriber) error {
	found, err := OfPerson(ctx, tx, sub)
	if err != nil {
		return err
	}
	now := s.now()
	for _, r := range found {
		e, _, err := s.lockOf(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		for _, partner := range r.Share {
			if s.Partners == nil {
				break
			}
			if _, err := s.Partners.SharingWithdrawn(ctx, tx, Withdrawal{RegistrationID: r.ID, Event: e.Slug, Partner: partner, Email: r.Email, Name: r.Name(), At: now}); err != nil {
				return fmt.Errorf("events: tell %s of an erasure: %w", partner, err)
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM event_registrations WHERE id = $1", r.ID); err != nil {
			return fmt.Errorf("events: forget: %w", err)
		}
		if r.Status == Registered {
			e.Registered--
		}
		if err := s.promote(ctx, tx, e, now); err != nil {
			return err
		}
	}
	return nil
}
