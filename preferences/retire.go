package preferences

import (
	"context"
	"errors"

	"assent/preferences/audit"
	"assent/preferences/sqldb"
)

// Retire takes a person away whose data is kept no longer; why is what the ledger says. With remember it is an erasure, that
// leaves the keyed fingerprint by which an import is kept from bringing them back: for those who once said no. Without it
// they may come again. still is asked in the transaction that removes, and tells whether the reason holds; when not, or when
// the person is gone already, nothing happens and done is false.
func (s *Service) Retire(ctx context.Context, actor audit.Actor, subscriberID, why string, remember bool, still func(ctx context.Context, tx *sqldb.Tx) (bool, error)) (done bool, err error) {
	var claimed []string
	var known []*Subscriber
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		done, claimed = false, nil
		now := s.now()
		sub, err := lockSubscriber(ctx, tx, subscriberID)
		if errors.Is(err, ErrSubscriberNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if done, err = still(ctx, tx); err != nil || !done {
			return err
		}
		if claimed, err = s.revoke(ctx, tx, now, Stop{SubscriberID: sub.ID}); err != nil {
			return err
		}
		if remember {
			known, err = s.erase(ctx, tx, now, actor, sub)
		} else {
			known, err = s.remove(ctx, tx, now, actor, sub, why)
		}
		return err
	})
	if err != nil || !done {
		return false, err
	}
	if _, err := s.Sending.Settle(ctx, claimed); err != nil {
		return true, err
	}
	return true, s.clear(ctx, known...)
}
