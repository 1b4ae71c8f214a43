package preferences

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// erased tells whether an address is that of an erased person, under any pepper that ever was (compliance 34).
func (s *Service) erased(ctx context.Context, q sqldb.Querier, key string) (bool, error) {
	at, err := s.ErasedAt(ctx, q, key)
	return !at.IsZero(), err
}

// ErasedAt is when the person with an address was erased, the zero time when nobody was.
func (s *Service) ErasedAt(ctx context.Context, q sqldb.Querier, key string) (time.Time, error) {
	for _, sum := range s.Keys.Fingerprints(key) {
		var at sql.NullInt64
		if err := q.QueryRowContext(ctx, "SELECT max(erased_at) FROM erasures WHERE fingerprint = $1", sum).Scan(&at); err != nil {
			return time.Time{}, fmt.Errorf("preferences: erasures: %w", err)
		}
		if at.Valid {
			return sqldb.Time(at.Int64), nil
		}
	}
	return time.Time{}, nil
}

func (s *Service) forgetErasure(ctx context.Context, tx *sqldb.Tx, key string) error {
	for _, sum := range s.Keys.Fingerprints(key) {
		if _, err := tx.ExecContext(ctx, "DELETE FROM erasures WHERE fingerprint = $1", sum); err != nil {
			return fmt.Errorf("preferences: erasures: %w", err)
		}
	}
	return nil
}

// Erase removes everything about a person but keyed fingerprints of the address and of those that they had before, by which an
// import or sign-up that brings them back is noticed. The ledger keeps its chain and loses the contents. Mail that is under way
// is stopped first.
func (s *Service) Erase(ctx context.Context, actor audit.Actor, subscriberID string) (inFlight int, err error) {
	var claimed []string
	var known []*Subscriber
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		sub, err := lockSubscriber(ctx, tx, subscriberID)
		if err != nil {
			return err
		}
		if claimed, err = s.revoke(ctx, tx, now, Stop{SubscriberID: sub.ID}); err != nil {
			return err
		}
		known, err = s.erase(ctx, tx, now, actor, sub)
		return err
	})
	if err != nil {
		return 0, err
	}
	if inFlight, err = s.Sending.Settle(ctx, claimed); err != nil {
		return inFlight, err
	}
	return inFlight, s.clear(ctx, known...)
}

// Quiet waits until no mail to somebody who is erased can begin any more, and tells how many had begun: whoever asks to be left
// in peace is answered no sooner, also when an erasure has come first and is not yet answered itself.
func (s *Service) Quiet(ctx context.Context, subscriberID string) (inFlight int, err error) {
	var claimed []string
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		claimed, err = s.revoke(ctx, tx, s.now(), Stop{SubscriberID: subscriberID})
		return err
	})
	if err != nil {
		return 0, err
	}
	return s.Sending.Settle(ctx, claimed)
}

// EraseAddress is [Service.Erase] for an address that no subscriber has: mail to it, blocks, and what else is kept by address.
func (s *Service) EraseAddress(ctx context.Context, actor audit.Actor, email, key string) error {
	sub := &Subscriber{Email: email, EmailKey: key}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		if err := s.eraseAddress(ctx, tx, now, sub); err != nil {
			return err
		}
		keyID, _ := s.Keys.Fingerprint(key)
		return audit.Record(ctx, tx, now, actor, "address.erase", audit.Object("address", keyID), nil, nil)
	})
	if err != nil {
		return err
	}
	return s.clear(ctx, sub)
}

// clear removes what lies outside the tables: files, and the places of the database where erased text lingers.
func (s *Service) clear(ctx context.Context, subs ...*Subscriber) error {
	ctx = context.WithoutCancel(ctx) // the person is erased; who hangs up does not stop that
	for _, sub := range subs {
		for _, erased := range s.Erased {
			if err := erased(ctx, sub); err != nil {
				return err
			}
		}
	}
	err := s.Compact(ctx)
	if p, ok := problem.As(err); ok && p.Status == http.StatusServiceUnavailable {
		return nil // somebody reads just now; the log is cleared at the next checkpoint
	}
	return err
}

// erase removes a person under every address that they had. It returns what they were known by, for clear.
func (s *Service) erase(ctx context.Context, tx *sqldb.Tx, now time.Time, actor audit.Actor, sub *Subscriber) (known []*Subscriber, err error) {
	if known, err = s.FormerAddresses(ctx, tx, sub.ID); err != nil {
		return nil, err
	}
	known = append(known, sub)
	for _, one := range known {
		if err := s.eraseAddress(ctx, tx, now, one); err != nil {
			return nil, err
		}
	}
	return known, s.eraseSubscriber(ctx, tx, now, actor, sub, "erasure")
}

// eraseAddress leaves of an address only its fingerprint, and removes what other packages keep of who has it.
func (s *Service) eraseAddress(ctx context.Context, tx *sqldb.Tx, now time.Time, sub *Subscriber) error {
	keyID, sum := s.Keys.Fingerprint(sub.EmailKey)
	if _, err := tx.ExecContext(ctx, "INSERT INTO erasures (fingerprint, key_id, erased_at) VALUES ($1, $2, $3) ON CONFLICT (fingerprint) DO NOTHING", sum, keyID, sqldb.Micros(now)); err != nil {
		return fmt.Errorf("preferences: erase: %w", err)
	}
	if err := s.forget(ctx, tx, sub); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM suppressions WHERE address_key = $1", sub.EmailKey); err != nil {
		return fmt.Errorf("preferences: erase: %w", err)
	}
	return forgetAnswers(ctx, tx, sub)
}

// forget has the other packages remove what they keep of somebody.
func (s *Service) forget(ctx context.Context, tx *sqldb.Tx, sub *Subscriber) error {
	if err := s.Sending.Forget(ctx, tx, sub.ID, sub.EmailKey); err != nil {
		return err
	}
	for _, forget := range s.Forget {
		if err := forget(ctx, tx, sub); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a person who should not have been there. Unlike an erasure it keeps no fingerprint, so that they may come
// again, and what blocks their address stays. It returns what they were known by, for clear.
func (s *Service) remove(ctx context.Context, tx *sqldb.Tx, now time.Time, actor audit.Actor, sub *Subscriber, why string) (known []*Subscriber, err error) {
	if known, err = s.FormerAddresses(ctx, tx, sub.ID); err != nil {
		return nil, err
	}
	known = append(known, sub)
	for _, one := range known {
		if err := s.forget(ctx, tx, one); err != nil {
			return nil, err
		}
	}
	return known, s.eraseSubscriber(ctx, tx, now, actor, sub, why)
}

// eraseSubscriber deletes the person; why is what the ledger says.
func (s *Service) eraseSubscriber(ctx context.Context, tx *sqldb.Tx, now time.Time, actor audit.Actor, sub *Subscriber, why string) error {
	if _, err := ledger.EraseSubject(ctx, tx, sub.ID, ledger.Event{RecordedAt: now, Actor: actor.Kind, Source: why}); err != nil {
		return err
	}
	for _, query := range []string{
		"DELETE FROM consents WHERE subscriber_id = $1",
		"DELETE FROM partner_objections WHERE subscriber_id = $1",
		"DELETE FROM confirmations WHERE subscriber_id = $1",
		"DELETE FROM former_addresses WHERE subscriber_id = $1",
		"DELETE FROM wishes WHERE subscriber_id = $1",
		"DELETE FROM subscribers WHERE id = $1",
		"UPDATE audit_log SET ip = '' WHERE actor_kind = 'recipient' AND actor_id = $1", // where they were when they acted
	} {
		if _, err := tx.ExecContext(ctx, query, sub.ID); err != nil {
			return fmt.Errorf("preferences: erase: %w", err)
		}
	}
	if err := audit.Forget(ctx, tx, audit.Object("subscriber", sub.ID)); err != nil {
		return err
	}
	if actor.Kind == audit.KindRecipient {
		actor.IP = ""
	}
	if err := s.tell(ctx, tx, []Told{{event: EventErased, SubscriberID: sub.ID, ExternalID: sub.toldID(), At: now}}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, now, actor, "subscriber.erase", audit.Object("subscriber", sub.ID), nil, nil)
}

// forgetAnswers removes stored first answers to API requests that say anything of the person: by id, or by address as it
// stands in JSON.
func forgetAnswers(ctx context.Context, tx *sqldb.Tx, sub *Subscriber) error {
	for _, text := range []string{sub.ID, sub.Email, sub.EmailKey} {
		if text == "" {
			continue
		}
		quoted, err := json.Marshal(text)
		if err != nil {
			return fmt.Errorf("preferences: erase: %w", err)
		}
		like := strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(strings.ToLower(strings.Trim(string(quoted), `"`)))
		if _, err := tx.ExecContext(ctx, "DELETE FROM idempotency_keys WHERE lower(body) LIKE '%' || $1 || '%' ESCAPE '!'", like); err != nil {
			return fmt.Errorf("preferences: erase: %w", err)
		}
	}
	return nil
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
