package preferences

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
)

// CheckMark tells what is wrong with the name of an attribute.
func CheckMark(name string) error {
	p := Profile{Attributes: &map[string]any{name: true}}
	return p.apply(&Subscriber{}, time.Now())
}

// Marked is a person whose attribute was changed, and what it was before; nil: there was none.
type Marked struct {
	ID     string
	Before any
}

// MarkSet gives people an attribute, or takes it away if value is nil, in the transaction of the caller. Whoever has it so already
// is left as they are; people whose data must not be processed are left alone (GDPR 18); skipped counts them by reason.
func (s *Service) MarkSet(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, ids []string, name string, value any) (marked []Marked, skipped map[string]int64, err error) {
	skipped = map[string]int64{}
	people, err := subscribersOf(ctx, tx, ids, tx.Dialect().ForUpdate())
	if err != nil {
		return nil, nil, err
	}
	var changed []*Subscriber
	for _, sub := range people {
		before := sub.Attributes[name]
		p := Profile{Attributes: &map[string]any{name: value}}
		switch {
		case !sub.RestrictedAt.IsZero():
			skipped[string(gate.ReasonRestricted)]++
		case reflect.DeepEqual(before, value):
			skipped[SkipSame]++
		case p.apply(sub, s.now()) != nil: // there is no room for more
			skipped[SkipInvalid]++
		default:
			marked, changed = append(marked, Marked{sub.ID, before}), append(changed, sub)
		}
	}
	if gone := int64(len(ids) - len(people)); gone > 0 {
		skipped[SkipGone] = gone
	}
	return marked, skipped, s.saveAttributes(ctx, tx, actor, changed)
}

// Reasons for which nothing is done with one of many people, beside those of the gate.
const (
	SkipSame = "same" // it was so already
	SkipGone = "gone" // they were erased meanwhile
)

// RestoreMarks puts an attribute back to what it was before [Service.MarkSet] made it value, unless somebody changed it since. It
// returns how many people that were.
func (s *Service) RestoreMarks(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, marked []Marked, name string, value any) (restored int, err error) {
	ids, before := make([]string, len(marked)), map[string]any{}
	for i, m := range marked {
		ids[i], before[m.ID] = m.ID, m.Before
	}
	people, err := subscribersOf(ctx, tx, ids, tx.Dialect().ForUpdate())
	if err != nil {
		return 0, err
	}
	var changed []*Subscriber
	for _, sub := range people {
		p := Profile{Attributes: &map[string]any{name: before[sub.ID]}}
		if sub.RestrictedAt.IsZero() && reflect.DeepEqual(sub.Attributes[name], value) && p.apply(sub, s.now()) == nil {
			changed = append(changed, sub)
		}
	}
	return len(changed), s.saveAttributes(ctx, tx, actor, changed)
}

func (s *Service) saveAttributes(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, people []*Subscriber) error {
	if len(people) == 0 {
		return nil
	}
	type line struct {
		ID         string `json:"id"`
		Attributes string `json:"a"`
	}
	now, d := s.now(), tx.Dialect()
	lines, entries := make([]line, len(people)), make([]audit.Change, len(people))
	for i, sub := range people {
		attributes, err := attributesText(sub.Attributes)
		if err != nil {
			return err
		}
		lines[i], entries[i] = line{sub.ID, attributes}, audit.Change{Object: audit.Object("subscriber", sub.ID)}
	}
	if _, err := tx.ExecContext(ctx, "UPDATE subscribers SET updated_at = $1, attributes = "+d.Field("a", "TEXT")+" FROM "+d.Rows(2)+" WHERE subscribers.id = "+d.Field("id", "TEXT"), sqldb.Micros(now), sqldb.JSON(lines)); err != nil {
		return fmt.Errorf("preferences: attributes: %w", err)
	}
	return audit.RecordSet(ctx, tx, now, actor, "subscriber.update", entries)
}

// WithdrawPeople withdraws people from a topic, in the transaction of the caller, as [Service.Consent] does one, each with an event of its own
// that holds the evidence. Who withdrew or objected before is left as they are: the first one stands. After the commit, call Sending.Settle
// with the claimed mails, which were taken back.
func (s *Service) WithdrawPeople(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, ids []string, topicKey string, evidence Evidence) (withdrawn int64, skipped map[string]int64, claimed []string, err error) {
	skipped = map[string]int64{}
	people, err := subscribersOf(ctx, tx, ids, tx.Dialect().ForUpdate())
	if err != nil {
		return 0, nil, nil, err
	}
	round := s.newRound(tx, s.now(), ids...)
	topic, err := round.topic(ctx, topicKey)
	if err != nil {
		return 0, nil, nil, err
	}
	if gone := int64(len(ids) - len(people)); gone > 0 {
		skipped[SkipGone] = gone
	}
	var done []*change
	for _, sub := range people {
		round.before[sub.ID] = *sub
		c := &change{round: round, at: round.now, actor: actor, sub: sub, evidence: evidence}
		current, err := c.state(ctx, topic)
		if err != nil {
			return 0, nil, nil, err
		}
		if current.State == StateWithdrawn || current.State == StateObjected {
			skipped[SkipSame]++
			continue
		}
		if _, err := c.reduce(ctx, topic, StateWithdrawn); err != nil {
			return 0, nil, nil, err
		}
		done = append(done, c)
	}
	if err := round.finish(ctx, done, true); err != nil {
		return 0, nil, nil, err
	}
	for _, c := range done {
		claimed = append(claimed, c.claimed...)
	}
	return int64(len(done)), skipped, claimed, nil
}

// Blocked is a person whose address was blocked, and the block.
type Blocked struct{ ID, Block string }

// BlockPeople blocks the addresses of people by hand, in the transaction of the caller, as [Service.Suppress] does one. After the
// commit, call Sending.Settle with the claimed mails, which were taken back.
func (s *Service) BlockPeople(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, ids []string, note string) (blocked []Blocked, skipped map[string]int64, claimed []string, err error) {
	skipped = map[string]int64{}
	people, err := subscribersOf(ctx, tx, ids, tx.Dialect().ForUpdate())
	if err != nil {
		return nil, nil, nil, err
	}
	if gone := int64(len(ids) - len(people)); gone > 0 {
		skipped[SkipGone] = gone
	}
	var stops []Stop
	var entries []audit.Change
	now := s.now()
	for _, sub := range people {
		block := Suppression{ID: sqldb.NewID(), AddressKey: sub.EmailKey, Email: sub.Email, Reason: SuppressedManual, Note: note, Source: "staff", CreatedAt: now}
		added, err := insertSuppression(ctx, tx, block)
		if err != nil {
			return nil, nil, nil, err
		}
		if !added {
			skipped[SkipSame]++
			continue
		}
		blocked, stops = append(blocked, Blocked{sub.ID, block.ID}), append(stops, Stop{SubscriberID: sub.ID})
		entries = append(entries, audit.Change{Object: audit.Object("suppression", block.ID), After: map[string]string{"reason": SuppressedManual}})
	}
	if claimed, err = s.revoke(ctx, tx, now, stops...); err != nil {
		return nil, nil, nil, err
	}
	return blocked, skipped, claimed, audit.RecordSet(ctx, tx, now, actor, "suppression.add", entries)
}

// LiftBlocks takes away blocks that are still there, in the transaction of the caller. It returns how many that were. No consent comes
// back by it: whoever withdrew, objected or complained gets no more mail than before.
func (s *Service) LiftBlocks(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, blocks []string, note string) (lifted int, err error) {
	d := tx.Dialect()
	var entries []audit.Change
	for row := range sqldb.Rows(ctx, tx, "DELETE FROM suppressions WHERE id "+d.In(1)+" RETURNING id", d.List(blocks)) {
		var id string
		if err := row.Scan(&id); err != nil {
			return 0, fmt.Errorf("preferences: suppressions: %w", err)
		}
		entries = append(entries, audit.Change{Object: audit.Object("suppression", id), After: map[string]string{"note": note}})
	}
	return len(entries), audit.RecordSet(ctx, tx, s.now(), actor, "suppression.lift", entries)
}
