package preferences

import (
	"context"
	"slices"
	"time"

	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Offer is one topic as the preference centre offers it to one person.
type Offer struct {
	*Topic
	ConsentState
	On      bool // mail of the topic may come, as far as the topic is concerned
	Pending bool // asked for, not yet confirmed
}

// Offers lists the topics that a person may choose from. A topic that only customers get is not offered to others, and one
// that is not used any more to nobody.
func (s *Service) Offers(ctx context.Context, q sqldb.Querier, sub *Subscriber) ([]Offer, error) {
	topics, err := s.Topics(ctx, q)
	if err != nil {
		return nil, err
	}
	states, err := s.Consents(ctx, q, sub.ID)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]ConsentState, len(states))
	for _, st := range states {
		byID[st.TopicID] = st
	}
	var offers []Offer
	for _, topic := range topics {
		st, touched := byID[topic.ID]
		if topic.ArchivedAt != nil || (topic.GateBasis() == gate.SoftOptIn && sub.CustomerSince.IsZero() && !touched) {
			continue
		}
		if !touched {
			st = ConsentState{Topic: topic.Key, TopicID: topic.ID}
		}
		on := st.State == StateGiven || (!touched && topic.GateBasis() == gate.LegitimateInterests && sub.UnsubscribedAt.IsZero())
		offers = append(offers, Offer{Topic: topic, ConsentState: st, On: on, Pending: st.State == StatePending})
	}
	return offers, nil
}

// Choices are what a person saves in the preference centre. What is nil stays as it is.
//
// A link may have been passed on with its mail, so it can only reduce (promise 6, compliance 57): what turns something off
// takes effect at once, what turns something on waits until it is confirmed from the mailbox. When mail that was agreed to
// arrives (pause, frequency, language, time zone) is no more mail, and is saved either way.
type Choices struct {
	Topics    *[]string // those that stay on; every other offered one is withdrawn
	Pause     *time.Time
	Frequency *string
	Locale    *string
	Timezone  *string
	Partners  *[]string // those that mail may come for
	Tracking  *bool
	// Wording is the text beside the box of a topic, as the person saw it.
	Wording func(*Topic) string
}

// Saved is what became of choices.
type Saved struct {
	Withdrawn []Recorded // of each topic that was on
	ToConfirm []*Topic   // wait for the confirmation that was mailed
	Wishes    []Wish     // do, too
	InFlight  int
}

// Save stores all choices, or none of them if one cannot be. Done twice it changes nothing the second time.
func (s *Service) Save(ctx context.Context, subscriberID string, in Choices, evidence Evidence) (out Saved, err error) {
	err = s.change(ctx, recipientOf(subscriberID, evidence), subscriberID, evidence, func(ctx context.Context, c *change) error {
		out, c.centre = Saved{}, true
		if err := c.details(ctx, in); err != nil {
			return err
		}
		if in.Pause != nil {
			if err := c.pause(ctx, *in.Pause); err != nil {
				return err
			}
		}
		if in.Frequency != nil {
			if err := c.frequency(ctx, *in.Frequency); err != nil {
				return err
			}
		}
		if in.Partners != nil {
			if err := c.choosePartners(ctx, *in.Partners); err != nil {
				return err
			}
		}
		if in.Tracking != nil {
			if err := c.chooseTracking(ctx, *in.Tracking); err != nil {
				return err
			}
		}
		if in.Topics != nil {
			if out.Withdrawn, err = c.chooseTopics(ctx, *in.Topics, in.Wording); err != nil {
				return err
			}
		}
		out.ToConfirm, out.Wishes = c.pending, c.wishes
		return nil
	}, &out.InFlight)
	return out, err
}

func recipientOf(subscriberID string, evidence Evidence) audit.Actor {
	return audit.Actor{Kind: audit.KindRecipient, ID: subscriberID, IP: evidence.IP}
}

// details sets language and time zone.
func (c *change) details(ctx context.Context, in Choices) error {
	before := *c.sub
	p := Profile{Locale: in.Locale, Timezone: in.Timezone}
	if err := p.apply(c.sub, c.now); err != nil {
		return err
	}
	if before.Locale == c.sub.Locale && before.Timezone == c.sub.Timezone {
		return nil
	}
	c.recordValue(ledger.DetailsChanged, c.sub.Locale+" "+c.sub.Timezone)
	return nil
}

func (c *change) choosePartners(ctx context.Context, keep []string) error {
	all, err := c.s.Partners(ctx)
	if err != nil {
		return err
	}
	objected, err := c.s.PartnerObjections(ctx, c.tx, c.sub.ID)
	if err != nil {
		return err
	}
	for _, partner := range all {
		_, off := objected[partner.Key]
		wish := Wish{Kind: WishPartner, Value: partner.Key}
		switch on := slices.Contains(keep, partner.Key); {
		case on && off:
			err = c.ask(ctx, wish)
		case !on && !off:
			_, err = c.partner(ctx, partner.Key, ActionObject)
		case !on:
			err = c.drop(ctx, wish)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *change) chooseTracking(ctx context.Context, on bool) error {
	if on && c.sub.TrackingAt.IsZero() {
		return c.ask(ctx, Wish{Kind: WishTracking})
	}
	if on {
		return nil
	}
	if err := c.drop(ctx, Wish{Kind: WishTracking}); err != nil {
		return err
	}
	return c.tracking(ctx, false)
}

// chooseTopics withdraws what is on and not listed, and lets what is listed and off wait for its confirmation. Turning all of
// them off is no unsubscribe-all: a topic that is offered later may be offered.
func (c *change) chooseTopics(ctx context.Context, keep []string, wording func(*Topic) string) (withdrawn []Recorded, err error) {
	offers, err := c.s.Offers(ctx, c.tx, c.sub)
	if err != nil {
		return nil, err
	}
	for _, key := range keep {
		if !slices.ContainsFunc(offers, func(o Offer) bool { return o.Key == key }) {
			return nil, problem.Invalid("topic", "is not the key of a topic that is offered here")
		}
	}
	for _, o := range offers {
		switch listed := slices.Contains(keep, o.Key); {
		case listed && o.Pending:
			c.pending = append(c.pending, o.Topic)
		case listed && !o.On:
			err = c.wait(ctx, o, wording)
		case !listed && (o.On || o.Pending):
			var r Recorded
			r, err = c.reduce(ctx, o.Topic, StateWithdrawn)
			withdrawn = append(withdrawn, r)
		}
		if err != nil {
			return nil, err
		}
	}
	return withdrawn, nil
}

// wait records that a topic is wanted, on whatever basis it stands: nothing comes of it before the confirmation, and the
// confirmation is an agreement given with the way out beside it.
func (c *change) wait(ctx context.Context, o Offer, wording func(*Topic) string) error {
	evidence := c.evidence
	defer func() { c.evidence = evidence }()
	c.evidence.OptOutOffered = true
	if wording != nil {
		c.evidence.Wording = wording(o.Topic)
	}
	event := c.record(ledger.Pending, o.Topic, "", StatePending)
	c.pending = append(c.pending, o.Topic)
	return c.set(ctx, o.Topic, StatePending, event, true)
}
