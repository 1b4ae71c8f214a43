package preferences

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// SignUp is what somebody typed into a public form. Whoever typed it may be a stranger to the address.
type SignUp struct {
	Email     string
	FirstName string
	LastName  string
	Company   string
	Phone     string
	Locale    string
	Source    string // of the person, when this makes one
	Brand     string // whose form it is; empty: that of the topics
	Topics    []SignUpTopic
	Evidence  Evidence // but for the wording, which each topic has for itself
	Quiet     bool     // no confirmation mail: one went to this mailbox a short while ago
	Again     bool     // the same form came from this mailbox already: what waits or is on is not recorded anew
}

// SignUpTopic is one box that was ticked, with the words beside it.
type SignUpTopic struct {
	Key     string
	Wording string
}

// SignedUp is what came of a sign-up.
type SignedUp struct {
	Subscriber *Subscriber
	Created    bool
	Mailed     bool // a confirmation was queued; call [Outbox].Flush after the commit
}

// SignUp records a sign-up in the caller's transaction: one event for each topic, one confirmation mail for all of them.
// What is known of a person stays as it is, because a stranger may have typed it. For the same reason a person who said no
// before has to confirm, also where the topic does without. A topic that is gone is passed over.
func (s *Service) SignUp(ctx context.Context, tx *sqldb.Tx, in SignUp) (SignedUp, error) {
	now := s.now()
	out := SignedUp{}
	var err error
	if out.Subscriber, out.Created, err = s.meet(ctx, tx, in); err != nil {
		return out, err
	}
	sub := out.Subscriber
	c := &change{round: s.newRound(tx, now, sub.ID), at: now, actor: audit.Actor{Kind: audit.KindRecipient, ID: sub.ID, IP: in.Evidence.IP}, sub: sub, evidence: in.Evidence, brand: in.Brand}
	for _, chosen := range in.Topics {
		if err := c.signUp(ctx, chosen, in.Again); err != nil {
			return out, err
		}
	}
	if in.Quiet {
		c.pending = nil
	}
	err = c.finish(ctx, []*change{c}, true)
	out.Mailed = c.mailed
	return out, err
}

func (c *change) signUp(ctx context.Context, chosen SignUpTopic, again bool) error {
	topic, err := c.s.Topic(ctx, c.tx, chosen.Key)
	if errors.Is(err, ErrTopicNotFound) || (err == nil && topic.ArchivedAt != nil) {
		return nil
	}
	if err != nil {
		return err
	}
	current, err := c.state(ctx, topic)
	if err != nil {
		return err
	}
	if again && current.live(c.now) {
		return nil
	}
	if again && current.State == StatePending {
		c.pending = append(c.pending, topic) // the mail may have been lost, or its link have run out
		return nil
	}
	saidNo := current.State == StateWithdrawn || current.State == StateObjected || c.sub.ErasedBefore ||
		!c.sub.UnsubscribedAt.IsZero() || !c.sub.ObjectedAt.IsZero() || !c.sub.RestrictedAt.IsZero()
	if saidNo {
		strict := *topic
		strict.DoubleOptIn = true
		topic = &strict
	}
	c.evidence.Wording = chosen.Wording
	c.evidence.OptOutOffered = topic.Basis == "soft_opt_in"
	_, err = c.give(ctx, topic, false)
	return err
}

// meet finds the person with the address, or makes one of what was typed.
func (s *Service) meet(ctx context.Context, tx *sqldb.Tx, in SignUp) (*Subscriber, bool, error) {
	parsed, err := address.Parse(in.Email)
	if err != nil {
		return nil, false, problem.Invalid("email", "is not an e-mail address: "+reason(err))
	}
	known, err := oneSubscriber(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM subscribers s WHERE s.email_key = $1"+tx.Dialect().ForUpdate(), parsed.Key))
	if errors.Is(err, ErrSubscriberNotFound) {
		p := in.profile(&Subscriber{})
		p.Email = &in.Email
		return s.upsert(ctx, tx, s.now(), p, in.Source)
	}
	if err != nil {
		return nil, false, err
	}
	proven, err := s.proven(ctx, tx, known)
	if err != nil || proven {
		return known, false, err
	}
	p := in.profile(known)
	return known, false, p.apply(known, s.now())
}

// profile is what was typed where nothing is known yet.
func (in *SignUp) profile(known *Subscriber) (p Profile) {
	for _, f := range []struct {
		to          **string
		text, known string
	}{
		{&p.FirstName, in.FirstName, known.FirstName}, {&p.LastName, in.LastName, known.LastName}, {&p.Company, in.Company, known.Company},
		{&p.Phone, in.Phone, known.Phone}, {&p.Locale, in.Locale, known.Locale},
	} {
		if text := strings.TrimSpace(f.text); text != "" && f.known == "" {
			*f.to = &text
		}
	}
	return p
}

// proven tells whether more is known of a person than what somebody typed into forms.
func (s *Service) proven(ctx context.Context, tx *sqldb.Tx, sub *Subscriber) (bool, error) {
	if !strings.HasPrefix(sub.Source, SourceForm) {
		return true, nil
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM consents WHERE subscriber_id = $1 AND state <> 'pending'", sub.ID).Scan(&n); err != nil {
		return false, fmt.Errorf("preferences: consents: %w", err)
	}
	return n > 0, nil
}

// SourceForm begins the source of people who were first met by a public form.
const SourceForm = "form:"
