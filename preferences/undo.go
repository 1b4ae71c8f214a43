package preferences

import (
	"context"
	"net/http"
	"slices"
	"time"

	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/problem"
)

// ErrUndoPast is an undo of a withdrawal after which the person unsubscribed from all. The later choice stands.
var ErrUndoPast = problem.New(http.StatusGone, "All was stopped since, so this cannot be undone; choose again in the preference centre.")

// Undo takes back withdrawals, or one unsubscribe-all, named by their events, by new events: what they took away is as it was
// before. Choices that were made since stay. All of them are undone, or none.
func (s *Service) Undo(ctx context.Context, actor audit.Actor, subscriberID string, eventIDs []string, evidence Evidence) error {
	return s.change(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error {
		events, err := s.Events(ctx, c.tx, subscriberID)
		if err != nil {
			return err
		}
		for _, id := range eventIDs {
			if err := c.undo(ctx, events, id); err != nil {
				return err
			}
		}
		return nil
	}, nil)
}

func (c *change) undo(ctx context.Context, events []ledger.Event, eventID string) error {
	before, undone := before(events, eventID)
	switch {
	case undone == nil || (undone.Action != ledger.Withdrawn && undone.Action != ledger.UnsubscribedAll):
		return problem.NotFound("choice to undo")
	case undone.Action == ledger.Withdrawn && !c.sub.UnsubscribedAt.IsZero():
		return ErrUndoPast // else an agreement to another topic would later turn this one on too
	case undone.Action == ledger.UnsubscribedAll && c.sub.UnsubscribedAt.IsZero():
		return nil
	case undone.Action == ledger.UnsubscribedAll:
		c.sub.UnsubscribedAt = time.Time{}
	}
	topics, err := c.withdrawnBy(ctx, eventID)
	if err != nil {
		return err
	}
	for _, topicID := range topics {
		if err := c.restore(ctx, topicID, before[topicID], eventID); err != nil {
			return err
		}
	}
	return nil
}

// before is the last event on each topic ahead of one event, and that event.
func before(events []ledger.Event, id string) (last map[string]ledger.Event, at *ledger.Event) {
	last = map[string]ledger.Event{}
	for i, e := range events {
		if e.ID == id {
			return last, &events[i]
		}
		if e.TopicID != "" && e.State != "" {
			last[e.TopicID] = e
		}
	}
	return nil, nil
}

// withdrawnBy lists the topics that are off because of one event.
func (c *change) withdrawnBy(ctx context.Context, eventID string) (topics []string, err error) {
	standing, err := c.standing(ctx)
	for id, st := range standing {
		if st.EventID == eventID && st.State == StateWithdrawn {
			topics = append(topics, id)
		}
	}
	slices.Sort(topics)
	return topics, err
}

// restore puts a topic back to where the event before left it. The consent is that earlier one, so its evidence and its age
// stay what they were.
func (c *change) restore(ctx context.Context, topicID string, was ledger.Event, undone string) error {
	topic, err := c.s.TopicByID(ctx, c.tx, topicID)
	if err != nil {
		return err
	}
	c.evidence.Note = "undoes " + undone
	c.record(ledger.Undone, topic, "", was.State)
	if was.ID == "" { // the topic was on, or off, without ever having been touched
		return c.put(ctx, topicID, ConsentState{})
	}
	now := c.at
	c.at = was.At()
	defer func() { c.at = now }()
	return c.set(ctx, topic, was.State, was.ID, was.OptOutOffered)
}
