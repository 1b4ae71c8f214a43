package preferences

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Whoever chooses something does it in a round: one transaction that reads where people stand, changes it in memory by the
// rules of [change], and writes it all at the end, each kind of row in one statement. Most rounds are one person's. Those who
// say stop while such a round is under way do it together in the next ([Service.together]), so that a storm of them costs
// little each.
//
// Such a round waits for no single person: whoever is being changed by somebody else, or has mail that somebody else
// holds at this moment, is left out and does it alone, and so do all when the round fails. So nobody is kept, failed or
// brought into a deadlock by another. Locks are taken in the order people, campaigns, slices, deliveries, the rest, and the
// end of the ledger last.

// request is what one person asks for.
type request struct {
	subscriberID string
	actor        audit.Actor
	evidence     Evidence
	do           func(ctx context.Context, c *change) error

	done *change // once it is committed
	err  error   // their own, that fails nobody else
}

// change is one request in a round.
type change struct {
	*round
	at       time.Time // when the person chose
	actor    audit.Actor
	sub      *Subscriber
	evidence Evidence
	left     bool     // there is news of less mail
	stops    []Stop   // mail that may not begin any more
	claimed  []string // of it, what was claimed
	pending  []*Topic // topics that now wait for a confirmation
	wishes   []Wish   // what else does
	centre   bool     // it was asked for in the preference centre
	brand    string   // whose name the confirmation is in; empty: that of a topic
	mailed   bool     // whether a confirmation was queued
	events   []ledger.Event
	recorded Recorded // the answer, for those that have but one
}

// round is one transaction and what it knows.
type round struct {
	s      *Service
	tx     *sqldb.Tx
	now    time.Time
	before map[string]Subscriber              // as they were stored
	people []string                           // whose states are read in one go
	states map[string]map[string]ConsentState // by person and topic; nil until one is asked for
	set    map[string]map[string]bool         // which of them are not yet written
	topics map[string]*Topic                  // by key
	all    []*Topic

	uncounted bool // who left is not counted
}

func (s *Service) newRound(tx *sqldb.Tx, now time.Time, people ...string) *round {
	return &round{s: s, tx: tx, now: now, before: map[string]Subscriber{}, people: people, set: map[string]map[string]bool{}, topics: map[string]*Topic{}}
}

// change runs do on a locked person, stores the person, sends what confirmation is due, and after the commit waits until the
// mail that it stopped can no longer begin.
func (s *Service) change(ctx context.Context, actor audit.Actor, subscriberID string, evidence Evidence, do func(ctx context.Context, c *change) error, inFlight *int) error {
	r := &request{subscriberID: subscriberID, actor: actor, evidence: evidence, do: do}
	if err := s.round(ctx, []*request{r}, true); err != nil {
		return err
	}
	n, err := s.after(ctx, r)
	if inFlight != nil {
		*inFlight = n
	}
	return err
}

const (
	// roundSize is how many change something in one round at most.
	roundSize = 100
	// roundTime is after which time a round of several is given up, and each does it alone.
	roundTime = 3 * time.Second
)

// together is [Service.change] for those who want less mail, of whom many may come at once. What do finds out it leaves in
// the change; it writes nothing by itself.
func (s *Service) together(ctx context.Context, actor audit.Actor, subscriberID string, evidence Evidence, do func(ctx context.Context, c *change) error) (Recorded, error) {
	r := &request{subscriberID: subscriberID, actor: actor, evidence: evidence, do: do}
	err := s.rounds.Do(ctx, r, roundSize, func(ctx context.Context, all []*request) error {
		ctx, cancel := context.WithTimeout(ctx, roundTime)
		defer cancel()
		return s.round(ctx, all, false)
	})
	if ctx.Err() != nil && err != nil {
		return Recorded{}, err // the round may still be at it
	}
	if err != nil || (r.done == nil && r.err == nil) {
		err = s.round(ctx, []*request{r}, true)
	}
	if err != nil {
		return Recorded{}, err
	}
	n, err := s.after(ctx, r)
	if err != nil {
		return Recorded{}, err
	}
	r.done.recorded.InFlight = n
	return r.done.recorded, nil
}

// after is what follows the commit for each person.
func (s *Service) after(ctx context.Context, r *request) (inFlight int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.done.mailed {
		s.Outbox.Flush(ctx)
	}
	return s.Sending.Settle(ctx, r.done.claimed)
}

// round does what is asked in one transaction. A request that is refused is told so and leaves no trace, and the others are
// done without it. Unless the round may wait, one that cannot be done at once is left undone.
func (s *Service) round(ctx context.Context, all []*request, wait bool) error {
	counting := true
	for len(all) > 0 {
		var refused *request
		var done []*change
		err := s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			refused, done, err = s.attempt(ctx, tx, all, wait, counting)
			return err
		})
		switch {
		case refused != nil:
			refused.err = err
			all = slices.DeleteFunc(slices.Clone(all), func(r *request) bool { return r == refused })
		case errors.As(err, new(uncounted)) && counting:
			counting = false
			if s.Log != nil {
				s.Log.Error("an unsubscribe is missing in the report of its campaign", "error", err)
			}
		case err != nil:
			return err
		default:
			for i, c := range done {
				all[i].done = c
			}
			return nil
		}
	}
	return nil
}

// uncounted is why a report could not be counted in. The withdrawal holds all the same.
type uncounted struct{ error }

func (u uncounted) Unwrap() error { return u.error }

// attempt is one try of a round. What was done of each request is nil for one that was left out.
func (s *Service) attempt(ctx context.Context, tx *sqldb.Tx, all []*request, wait, counting bool) (refused *request, done []*change, err error) {
	ids := make([]string, len(all))
	for i, r := range all {
		ids[i] = r.subscriberID
	}
	lock := tx.Dialect().SkipLocked() // whom somebody else holds is left out like one who is not there
	if wait {
		lock = tx.Dialect().ForUpdate()
	}
	people, err := byID(subscribersOf(ctx, tx, ids, lock))
	if err != nil {
		return nil, nil, err
	}
	round := s.newRound(tx, s.now(), ids...) // behind the locks, so that whoever comes later also chose later
	done = make([]*change, len(all))
	for i, r := range all {
		sub := people[r.subscriberID]
		if sub == nil && wait {
			return r, nil, ErrSubscriberNotFound
		}
		if sub == nil {
			continue
		}
		if _, twice := round.before[sub.ID]; !twice {
			round.before[sub.ID] = *sub
		}
		c := &change{round: round, at: r.evidence.CollectedAt, actor: r.actor, sub: sub, evidence: r.evidence}
		if c.at.IsZero() || c.at.After(round.now) {
			c.at = round.now
		}
		if err := r.do(ctx, c); err != nil {
			if _, own := problem.As(err); !own {
				return nil, nil, err
			}
			return r, nil, err
		}
		done[i] = c
	}
	round.uncounted = !counting
	return nil, done, round.finish(ctx, done, wait)
}

// finish stops mail, and writes what was changed. Last of all it appends to the ledger: the end of that stays locked until
// the commit, and everybody else who chooses anything waits for it. Those whose mail is held elsewhere it takes out of done,
// unless it may wait for them.
func (r *round) finish(ctx context.Context, done []*change, wait bool) error {
	if err := r.stop(ctx, done, wait); err != nil {
		return err
	}
	if err := r.saveStates(ctx); err != nil {
		return err
	}
	var events []ledger.Event
	var told []Told
	left, people := map[string][]string{}, map[string]*Subscriber{}
	for _, c := range done {
		if c == nil {
			continue
		}
		if err := c.confirm(ctx); err != nil {
			return err
		}
		for _, e := range c.events {
			events, told = append(events, e), append(told, toldOf(c.sub, e))
		}
		if c.left && !r.uncounted && sqldb.IsID(c.evidence.Reference) {
			left[c.evidence.Reference] = append(left[c.evidence.Reference], c.sub.ID)
		}
		people[c.sub.ID] = c.sub
	}
	if err := r.savePeople(ctx, people); err != nil {
		return err
	}
	for _, campaign := range slices.Sorted(maps.Keys(left)) {
		if err := r.s.Sending.Left(ctx, r.tx, r.now, campaign, left[campaign]); err != nil {
			return uncounted{err}
		}
	}
	if err := r.s.tell(ctx, r.tx, told); err != nil {
		return err
	}
	_, err := ledger.Append(ctx, r.tx, events...)
	return err
}

// stop takes back the claims on mail that may not begin any more.
func (r *round) stop(ctx context.Context, done []*change, wait bool) error {
	var stops []Stop
	for _, c := range done {
		if c != nil {
			stops = append(stops, c.stops...)
		}
	}
	if len(stops) == 0 {
		return nil
	}
	claims, held, err := r.s.Sending.Revoke(ctx, r.tx, r.now, stops, wait)
	if err != nil {
		return err
	}
	for i, c := range done {
		switch {
		case c == nil:
		case slices.Contains(held, c.sub.ID):
			delete(r.set, c.sub.ID)
			done[i] = nil
		default:
			c.claimed = claimed(claims, c.stops)
		}
	}
	return nil
}

// claimed are the deliveries of these claims that the stops are about.
func claimed(claims []Claim, stops []Stop) (ids []string) {
	for _, claim := range claims {
		if slices.ContainsFunc(stops, func(s Stop) bool {
			return s.SubscriberID == claim.SubscriberID && (s.TopicID == "" || s.TopicID == claim.TopicID)
		}) {
			ids = append(ids, claim.DeliveryID)
		}
	}
	return ids
}

// saveStates writes where people stand now.
func (r *round) saveStates(ctx context.Context) error {
	type line struct {
		Subscriber string `json:"p"`
		Topic      string `json:"t"`
		State      string `json:"st"`
		Since      int64  `json:"at"`
		Event      string `json:"e"`
		Offered    bool   `json:"o"`
		Expires    *int64 `json:"x"`
	}
	var lines []line
	for person, topics := range r.set {
		for topic := range topics {
			st := r.states[person][topic]
			if st.State == "" {
				if _, err := r.tx.ExecContext(ctx, "DELETE FROM consents WHERE subscriber_id = $1 AND topic_id = $2", person, topic); err != nil {
					return fmt.Errorf("preferences: consent: %w", err)
				}
				continue
			}
			l := line{person, topic, st.State, sqldb.Micros(st.Since), st.EventID, st.Offered, nil}
			if !st.Expires.IsZero() {
				at := sqldb.Micros(st.Expires)
				l.Expires = &at
			}
			lines = append(lines, l)
		}
	}
	clear(r.set)
	if len(lines) == 0 {
		return nil
	}
	d := r.tx.Dialect()
	_, err := r.tx.ExecContext(ctx, "INSERT INTO consents (subscriber_id, topic_id, state, since, event_id, opt_out_offered, expires_at) SELECT "+
		d.Field("p", "TEXT")+", "+d.Field("t", "TEXT")+", "+d.Field("st", "TEXT")+", "+d.Field("at", "BIGINT")+", "+d.Field("e", "TEXT")+", "+d.Field("o", "BOOLEAN")+", "+d.Field("x", "BIGINT")+
		" FROM "+d.Rows(1)+` WHERE TRUE ON CONFLICT (subscriber_id, topic_id) DO UPDATE SET state = excluded.state, since = excluded.since, event_id = excluded.event_id,
		opt_out_offered = excluded.opt_out_offered, expires_at = excluded.expires_at`, sqldb.JSON(lines))
	if err != nil {
		return fmt.Errorf("preferences: consent: %w", err)
	}
	return nil
}

// savePeople stores who was changed; most only chose about a topic, so that nothing but the time of it is new.
func (r *round) savePeople(ctx context.Context, people map[string]*Subscriber) error {
	var same []string
	for id, sub := range people {
		if before, ok := r.before[id]; ok && reflect.DeepEqual(before, *sub) {
			same = append(same, id)
			continue
		}
		sub.UpdatedAt = r.now
		if err := r.s.saveSubscriber(ctx, r.tx, sub); err != nil {
			return err
		}
	}
	if len(same) == 0 {
		return nil
	}
	d := r.tx.Dialect()
	if _, err := r.tx.ExecContext(ctx, "UPDATE subscribers SET updated_at = $1 WHERE id "+d.In(2), sqldb.Micros(r.now), d.List(same)); err != nil {
		return fmt.Errorf("preferences: subscriber: %w", err)
	}
	return nil
}

// standing is where the person of a change stands on each topic that was ever touched, by its id.
func (c *change) standing(ctx context.Context) (map[string]ConsentState, error) {
	if c.states == nil {
		states, err := c.s.standing(ctx, c.tx, c.people)
		if err != nil {
			return nil, err
		}
		c.states = states
	}
	if c.states[c.sub.ID] == nil {
		c.states[c.sub.ID] = map[string]ConsentState{}
	}
	return c.states[c.sub.ID], nil
}

// standing reads where people stand on each topic, as it is stored.
func (s *Service) standing(ctx context.Context, q sqldb.Querier, people []string) (map[string]map[string]ConsentState, error) {
	d := q.Dialect()
	out := map[string]map[string]ConsentState{}
	for row := range sqldb.Rows(ctx, q, "SELECT subscriber_id, topic_id, state, since, event_id, opt_out_offered, expires_at FROM consents WHERE subscriber_id "+d.In(1), d.List(people)) {
		var st ConsentState
		var id string
		var since int64
		var expires sql.NullInt64
		if err := row.Scan(&id, &st.TopicID, &st.State, &since, &st.EventID, &st.Offered, &expires); err != nil {
			return nil, fmt.Errorf("preferences: consents: %w", err)
		}
		st.Since, st.Expires = sqldb.Time(since), sqldb.NullTime(expires)
		if out[id] == nil {
			out[id] = map[string]ConsentState{}
		}
		out[id][st.TopicID] = st
	}
	return out, nil
}

// state is where the person stands on a topic; the zero state when it was never touched.
func (c *change) state(ctx context.Context, topic *Topic) (ConsentState, error) {
	standing, err := c.standing(ctx)
	return standing[topic.ID], err
}

// put notes where the person stands on a topic from now on; the zero state, that it was never touched.
func (c *change) put(ctx context.Context, topicID string, st ConsentState) error {
	standing, err := c.standing(ctx)
	if err != nil {
		return err
	}
	standing[topicID] = st
	if c.round.set[c.sub.ID] == nil {
		c.round.set[c.sub.ID] = map[string]bool{}
	}
	c.round.set[c.sub.ID][topicID] = true
	return nil
}

// topic is the one with this key.
func (r *round) topic(ctx context.Context, key string) (*Topic, error) {
	if t := r.topics[key]; t != nil {
		return t, nil
	}
	t, err := r.s.Topic(ctx, r.tx, key)
	if errors.Is(err, ErrTopicNotFound) {
		return nil, problem.Invalid("topic", "is not the key of a topic")
	}
	if err == nil {
		r.topics[key] = t
	}
	return t, err
}

// allTopics are all that there are.
func (r *round) allTopics(ctx context.Context) ([]*Topic, error) {
	if r.all == nil {
		all, err := r.s.Topics(ctx, r.tx)
		if err != nil {
			return nil, err
		}
		r.all = all
	}
	return r.all, nil
}
