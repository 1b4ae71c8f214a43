package preferences

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
)

// Kinds of service mail that package preferences asks for; each names its template.
const (
	MailConfirmSignup  = "confirm_signup"
	MailConfirmTopics  = "confirm_topics" // of what was added in the preference centre
	MailConfirmAddress = "confirm_address"
)

// ConfirmSignup is the data of the mail that asks to confirm: the topics that wait, by key, and what else does.
type ConfirmSignup struct {
	Topics []string  `json:"topics"`
	Wishes []Wish    `json:"wishes,omitempty"`
	Issued time.Time `json:"issued"`
}

// confirm queues one mail for all that waits, unless one whose link still works went to this address a short while ago
// (compliance 69): its link confirms this as well, and its page says so.
func (c *change) confirm(ctx context.Context) error {
	if len(c.pending) == 0 && len(c.wishes) == 0 {
		return nil
	}
	site, err := c.s.Site.Get(ctx)
	if err != nil {
		return err
	}
	var recent int
	if err := c.tx.QueryRowContext(ctx, "SELECT count(*) FROM confirmations WHERE address_key = $1 AND at > $2", c.sub.EmailKey, sqldb.Micros(c.now.Add(-min(site.ConfirmEvery, site.ConfirmTTL)))).Scan(&recent); err != nil {
		return fmt.Errorf("preferences: confirmations: %w", err)
	}
	if recent > 0 {
		return nil
	}
	// The link confirms whatever waits, so the mail names all of it.
	waiting, err := c.s.pendingTopics(ctx, c.tx, c.sub.ID)
	if err != nil {
		return err
	}
	var topics []string
	for _, topic := range waiting {
		topics = append(topics, topic.Key)
	}
	brand := c.brand
	if brand == "" && len(c.pending) > 0 {
		brand = c.pending[len(c.pending)-1].Brand
	}
	locale := c.sub.Locale
	if c.evidence.Locale != "" {
		locale = c.evidence.Locale
	}
	kind, name := MailConfirmSignup, "" // the name may be what a stranger typed, who would have it shown to anybody they like
	if c.centre {
		kind, name = MailConfirmTopics, c.sub.Name()
	}
	id, err := c.s.Outbox.Queue(ctx, c.tx, c.now, ServiceMail{Kind: kind, Reference: "signup:" + c.sub.ID, SubscriberID: c.sub.ID, Email: c.sub.Email, Name: name,
		Locale: locale, Brand: brand, Data: ConfirmSignup{Topics: topics, Wishes: c.wishes, Issued: c.now}})
	if err != nil {
		return err
	}
	_, err = c.tx.ExecContext(ctx, "INSERT INTO confirmations (message_id, subscriber_id, address_key, at) VALUES ($1, $2, $3, $4)", id, c.sub.ID, c.sub.EmailKey, sqldb.Micros(c.now))
	if err != nil {
		return fmt.Errorf("preferences: confirmations: %w", err)
	}
	c.mailed = true
	return nil
}

// ErrExpired is a confirmation link that came too late.
var ErrExpired = problem.New(410, "This confirmation link has expired. Sign up again to get a new one.")

// Pending is what a confirmation link would confirm.
type Pending struct {
	Subscriber *Subscriber
	Topics     []*Topic
	Wishes     []Wish
	Address    bool // a changed address is verified
	Expired    bool
}

// Empty tells that there is nothing to confirm.
func (p Pending) Empty() bool { return len(p.Topics) == 0 && len(p.Wishes) == 0 && !p.Address }

// PendingOf tells what a person's confirmation link would confirm now; it changes nothing.
func (s *Service) PendingOf(ctx context.Context, claims tokens.Claims) (Pending, error) {
	var p Pending
	var err error
	if p.Subscriber, err = s.Subscriber(ctx, s.DB, claims.Subject); err != nil {
		return p, err
	}
	site, err := s.Site.Get(ctx)
	if err != nil {
		return p, err
	}
	p.Expired = s.now().After(claims.Issued.Add(site.ConfirmTTL))
	if !p.Expired {
		if p.Expired, err = movedSince(ctx, s.DB, claims); err != nil {
			return p, err
		}
	}
	p.Address = !p.Subscriber.UnverifiedSince.IsZero()
	if p.Topics, err = s.pendingTopics(ctx, s.DB, p.Subscriber.ID); err != nil {
		return p, err
	}
	p.Wishes, err = s.wishes(ctx, s.DB, p.Subscriber.ID)
	return p, err
}

// movedSince tells that the person's address changed after a link was made, to the second: it went to the old address and proves
// nothing about who has the new one.
func movedSince(ctx context.Context, q sqldb.Querier, claims tokens.Claims) (moved bool, err error) {
	err = q.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM former_addresses WHERE subscriber_id = $1 AND until >= $2)", claims.Subject,
		sqldb.Micros(claims.Issued.Truncate(time.Second).Add(time.Second))).Scan(&moved)
	if err != nil {
		return false, fmt.Errorf("preferences: moved since: %w", err)
	}
	return moved, nil
}

func (s *Service) pendingTopics(ctx context.Context, q sqldb.Querier, subscriberID string) ([]*Topic, error) {
	states, err := s.Consents(ctx, q, subscriberID)
	if err != nil {
		return nil, err
	}
	var topics []*Topic
	for _, state := range states {
		if state.State != StatePending {
			continue
		}
		topic, err := s.TopicByID(ctx, q, state.TopicID)
		if err != nil {
			return nil, err
		}
		topics = append(topics, topic)
	}
	return topics, nil
}

// Confirm is the person's own click on the button of the confirmation page: pending topics become given, a changed address
// becomes verified. Done twice, it changes nothing the second time.
func (s *Service) Confirm(ctx context.Context, claims tokens.Claims, evidence Evidence) (Pending, error) {
	p, err := s.PendingOf(ctx, claims)
	if err != nil {
		return p, err
	}
	if p.Expired {
		return p, ErrExpired
	}
	actor := audit.Actor{Kind: audit.KindRecipient, ID: claims.Subject, IP: evidence.IP}
	err = s.change(ctx, actor, claims.Subject, evidence, func(ctx context.Context, c *change) error {
		p.Topics, p.Wishes, p.Address = nil, nil, false
		switch moved, err := movedSince(ctx, c.tx, claims); {
		case err != nil:
			return err
		case moved:
			return ErrExpired
		}
		if err := c.confirmationMail(ctx); err != nil {
			return err
		}
		topics, err := s.pendingTopics(ctx, c.tx, c.sub.ID)
		if err != nil {
			return err
		}
		for _, topic := range topics {
			current, err := c.state(ctx, topic)
			if err != nil {
				return err
			}
			event := c.record(ledger.Confirmed, topic, "", StateGiven)
			if _, err := c.given(ctx, topic, current, event); err != nil {
				return err
			}
			p.Topics = append(p.Topics, topic)
		}
		if p.Wishes, err = c.grant(ctx); err != nil {
			return err
		}
		if len(topics) > 0 && c.sub.ErasedBefore { // the person came back by their own hand
			c.sub.ErasedBefore = false
			if err := c.s.forgetErasure(ctx, c.tx, c.sub.EmailKey); err != nil {
				return err
			}
		}
		if !c.sub.UnverifiedSince.IsZero() {
			c.sub.UnverifiedSince, p.Address = time.Time{}, true
			c.record(ledger.AddressVerified, nil, "", "")
		}
		return nil
	}, nil)
	return p, err
}

// confirmationMail names, as evidence, the mail whose link was used (compliance 27), and lets the next one go at once: who
// holds the mailbox has answered, so nobody is being bombed.
func (c *change) confirmationMail(ctx context.Context) error {
	var id string
	err := c.tx.QueryRowContext(ctx, "SELECT message_id FROM confirmations WHERE subscriber_id = $1 ORDER BY at DESC LIMIT 1", c.sub.ID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("preferences: confirmations: %w", err)
	}
	c.evidence.MessageID = id
	if c.s.MessageID != nil {
		c.evidence.MessageID = c.s.MessageID(id)
	}
	if _, err := c.tx.ExecContext(ctx, "DELETE FROM confirmations WHERE subscriber_id = $1", c.sub.ID); err != nil {
		return fmt.Errorf("preferences: confirmations: %w", err)
	}
	return nil
}
