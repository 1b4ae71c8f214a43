package preferences

import (
	"context"
	"errors"

	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/sqldb"
)

// UndoRow is what one row of a set did; see [BulkResult].
type UndoRow struct {
	ID      string
	Created bool
	At      int64 // when, in microseconds
	Choices []BulkChoice
}

// Undone is what was taken back.
type Undone struct {
	Removed  int // people who were made
	Restored int // people whose choices are as they were before
	Kept     int // people about whom something was changed since
	Claimed  []string
}

// BulkUndo takes back what rows of a set did: people it made are removed, and topics it turned on are as they were before. Whoever
// chose or was changed since is left alone, and so is every opt-out. No trace of a removed person is kept, so that another
// set may bring them again.
func (s *Service) BulkUndo(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, rows []UndoRow) (out Undone, err error) {
	for _, row := range rows {
		sub, err := lockSubscriber(ctx, tx, row.ID)
		if errors.Is(err, ErrSubscriberNotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		events, err := ledger.Events(ctx, tx, sub.ID)
		if err != nil {
			return out, err
		}
		sent, err := s.Sending.History(ctx, tx, sub, 1)
		if err != nil {
			return out, err
		}
		untouched := sub.UpdatedAt.Equal(sqldb.Time(row.At)) && len(events) <= len(row.Choices) && len(sent) == 0
		switch {
		case row.Created && untouched:
			claimed, err := s.revoke(ctx, tx, s.now(), Stop{SubscriberID: sub.ID})
			if err != nil {
				return out, err
			}
			out.Claimed = append(out.Claimed, claimed...)
			if _, err := s.remove(ctx, tx, s.now(), actor, sub, "undo of an import"); err != nil {
				return out, err
			}
			out.Removed++
		default:
			n, claimed, err := s.undoChoices(ctx, tx, actor, sub, row.Choices)
			if err != nil {
				return out, err
			}
			out.Claimed = append(out.Claimed, claimed...)
			if n > 0 {
				out.Restored++
			} else if row.Created || len(row.Choices) > 0 {
				out.Kept++
			}
		}
	}
	return out, nil
}

// undoChoices puts topics back to where they were before, unless something was chosen since.
func (s *Service) undoChoices(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, sub *Subscriber, choices []BulkChoice) (n int, claimed []string, err error) {
	now := s.now()
	c := &change{round: s.newRound(tx, now, sub.ID), at: now, actor: actor, sub: sub, evidence: Evidence{Source: "undo of an import"}}
	for _, choice := range choices {
		topic, err := s.TopicByID(ctx, tx, choice.TopicID)
		if err != nil {
			return n, nil, err
		}
		current, err := c.state(ctx, topic)
		if err != nil {
			return n, nil, err
		}
		if current.EventID != choice.Event || (current.State != StateGiven && current.State != StatePending) {
			continue
		}
		was := ledger.Event{}
		if choice.Before != nil {
			was = ledger.Event{ID: choice.Before.EventID, State: choice.Before.State, OptOutOffered: choice.Before.Offered, RecordedAt: choice.Before.Since}
		}
		if err := c.restore(ctx, choice.TopicID, was, choice.Event); err != nil {
			return n, nil, err
		}
		c.stop(choice.TopicID)
		n++
	}
	if n == 0 {
		return 0, nil, nil
	}
	err = c.finish(ctx, []*change{c}, true)
	return n, c.claimed, err
}
