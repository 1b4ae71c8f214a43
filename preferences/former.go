package preferences

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"assent/preferences/audit"
	"assent/preferences/ledger"
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

const formerOwnersQuery = "SELECT address_key, subscriber_id FROM former_addresses WHERE address_key %s ORDER BY until, subscriber_id"

// formerOwners are the people who had addresses before, by the keys of those: of several, the last one.
func formerOwners(ctx context.Context, q sqldb.Querier, keys []string) (map[string]string, error) {
	owners := map[string]string{}
	d := q.Dialect()
	for row := range sqldb.Rows(ctx, q, fmt.Sprintf(formerOwnersQuery, d.In(1)), d.List(keys)) {
		var key, id string
		if err := row.Scan(&key, &id); err != nil {
			return nil, fmt.Errorf("preferences: former addresses: %w", err)
		}
		owners[key] = id
	}
	return owners, nil
}

// FormerOwner is the last one who had an address before.
func (s *Service) FormerOwner(ctx context.Context, q sqldb.Querier, key string) (*Subscriber, error) {
	owners, err := formerOwners(ctx, q, []string{key})
	if err != nil {
		return nil, err
	}
	return s.Subscriber(ctx, q, owners[key])
}

// sourceFormer is the source of what a new person inherits.
const sourceFormer = "former address"

// inherit gives a new person what whoever had their address before said against mail, with the time of it: most often it is the
// same person. It is lifted like any other: by their own later choice.
func (s *Service) inherit(ctx context.Context, tx *sqldb.Tx, now time.Time, fresh *Subscriber) error {
	owners, err := formerOwners(ctx, tx, []string{fresh.EmailKey})
	if err != nil || len(owners) == 0 {
		return err
	}
	owner, err := lockSubscriber(ctx, tx, owners[fresh.EmailKey])
	if err != nil {
		return err
	}
	r := s.newRound(tx, now, fresh.ID, owner.ID)
	r.before[fresh.ID] = *fresh
	c := &change{round: r, actor: audit.Actor{Kind: audit.KindSystem}, sub: fresh, evidence: Evidence{Source: sourceFormer, Note: "said by whoever had this address before"}}
	for _, of := range []struct {
		was    time.Time
		at     *time.Time
		action ledger.Action
		state  string
	}{
		{owner.RestrictedAt, &fresh.RestrictedAt, ledger.Restricted, "restricted"}, {owner.ObjectedAt, &fresh.ObjectedAt, ledger.ObjectedAll, StateObjected},
		{owner.ObjectedResearch, &fresh.ObjectedResearch, ledger.ObjectedResearch, StateObjected}, {owner.UnsubscribedAt, &fresh.UnsubscribedAt, ledger.UnsubscribedAll, StateWithdrawn},
	} {
		if !of.was.IsZero() {
			c.at, *of.at = of.was, of.was
			c.record(of.action, nil, "", of.state)
		}
	}
	if err := c.inheritTopics(ctx, owner.ID); err != nil {
		return err
	}
	objected, err := s.PartnerObjections(ctx, tx, owner.ID)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(objected)) {
		c.at = objected[key]
		if _, err := c.partner(ctx, key, ActionObject); err != nil {
			return err
		}
	}
	if len(c.events) == 0 {
		return nil
	}
	return r.finish(ctx, []*change{c}, true)
}

// inheritTopics takes over which topics the owner withdrew or objected to.
func (c *change) inheritTopics(ctx context.Context, owner string) error {
	if _, err := c.standing(ctx); err != nil {
		return err
	}
	topics, err := c.allTopics(ctx)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		st := c.states[owner][topic.ID]
		if st.State != StateWithdrawn && st.State != StateObjected {
			continue
		}
		c.at = st.Since
		if _, err := c.reduce(ctx, topic, st.State); err != nil {
			return err
		}
	}
	return nil
}
