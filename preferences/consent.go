package preferences

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// The actions of a consent event from outside.
const (
	ActionGive     = "give"
	ActionWithdraw = "withdraw"
	ActionObject   = "object"
)

// The states of a topic for a person. A topic never touched has none.
const (
	StatePending   = "pending"
	StateGiven     = "given"
	StateWithdrawn = "withdrawn"
	StateObjected  = "objected"
	StateExpired   = "expired"
)

// Evidence is how a choice came to be: what is kept as its proof (compliance 27).
type Evidence struct {
	Source         string
	Wording        string
	WordingVersion string
	CollectedAt    time.Time // zero: now
	IP             string
	UserAgent      string
	URL            string
	Form           string
	Locale         string
	Document       string
	OptOutOffered  bool
	Note           string
	Reference      string // the campaign or message whose link was used
	MessageID      string // of the confirmation mail

	value string // what was chosen, where it is not a topic
}

// ConsentInput is one choice of one person about one topic or partner.
type ConsentInput struct {
	Topic     string
	Partner   string
	Action    string
	Confirmed bool // the person has confirmed it elsewhere; needs CollectedAt and a URL or document
	Evidence
}

// ConsentState is where a person stands on a topic.
type ConsentState struct {
	Topic   string    `json:"topic"`
	State   string    `json:"state"`
	Since   time.Time `json:"since"`
	EventID string    `json:"-"`
	TopicID string    `json:"-"`
	Offered bool      `json:"-"`
	Expires time.Time `json:"-"`
}

// Recorded is the answer to a choice.
type Recorded struct {
	Event    string // the ledger's id of it
	Changed  bool   // whether it was news
	State    string // of the topic now; for a partner "objected" or "given"
	InFlight int    // mails that had begun when it was recorded
}

// maxSkew is how far ahead of our clock the clock of a caller may be.
const maxSkew = 5 * time.Minute

func (in *ConsentInput) check(now time.Time) error {
	var bad problem.Collector
	if (in.Topic == "") == (in.Partner == "") {
		bad.Add("topic", "is required, or a partner in its place")
	}
	switch in.Action {
	case ActionGive, ActionObject:
	case ActionWithdraw:
		if in.Partner != "" {
			bad.Add("action", "for a partner must be object or give")
		}
	default:
		bad.Add("action", "must be give, withdraw or object")
	}
	bad.Require("source", strings.TrimSpace(in.Source))
	if in.Action == ActionGive && in.Topic != "" && strings.TrimSpace(in.Wording) == "" {
		bad.Add("wording", "is required: the exact text that the person agreed to")
	}
	if in.CollectedAt.After(now.Add(maxSkew)) {
		bad.Add("collected_at", "must not be in the future")
	}
	if in.Confirmed && in.CollectedAt.IsZero() {
		bad.Add("collected_at", "is required with confirmed")
	}
	if in.Confirmed && in.URL == "" && in.Document == "" {
		bad.Add("url", "or document is required with confirmed, as proof of it")
	}
	for _, f := range [][2]string{{"source", in.Source}, {"wording_version", in.WordingVersion}, {"ip", in.IP}, {"user_agent", in.UserAgent}, {"url", in.URL}, {"document", in.Document}} {
		if len(f[1]) > 2048 {
			bad.Add(f[0], "must have at most 2048 bytes")
		}
	}
	if len(in.Wording) > 20000 {
		bad.Add("wording", "must have at most 20000 bytes")
	}
	return bad.Err()
}

// legible refuses control characters in what a program says of a choice. What a browser sent of itself is never a reason to
// refuse a withdrawal, so the pages do not ask.
func (e Evidence) legible() error {
	var bad problem.Collector
	for _, f := range [][2]string{{"source", e.Source}, {"wording_version", e.WordingVersion}, {"ip", e.IP}, {"user_agent", e.UserAgent}, {"url", e.URL}, {"document", e.Document}} {
		if address.HeaderSafe(f[1]) != nil {
			bad.Add(f[0], "must be one line without control characters")
		}
	}
	if !legible(e.Wording) {
		bad.Add("wording", "must be text without control characters")
	}
	return bad.Err()
}

// legible tells whether a text of several lines is free of NUL and other control characters.
func legible(text string) bool {
	return address.HeaderSafe(strings.NewReplacer("\n", " ", "\r", " ", "\t", " ", "\u2028", " ", "\u2029", " ").Replace(text)) == nil
}

// Consent records one choice. Less mail takes effect before it returns: no mail of the topic begins after that.
func (s *Service) Consent(ctx context.Context, actor audit.Actor, subscriberID string, in ConsentInput) (Recorded, error) {
	if err := in.check(s.now()); err != nil {
		return Recorded{}, err
	}
	do := func(ctx context.Context, c *change) error { return c.consent(ctx, in) }
	if in.Topic != "" && in.Action != ActionGive {
		return s.together(ctx, actor, subscriberID, in.Evidence, do)
	}
	var out Recorded
	err := s.change(ctx, actor, subscriberID, in.Evidence, func(ctx context.Context, c *change) error {
		err := do(ctx, c)
		out = c.recorded
		return err
	}, &out.InFlight)
	return out, err
}

func (c *change) consent(ctx context.Context, in ConsentInput) (err error) {
	if in.Partner != "" {
		c.recorded, err = c.partner(ctx, in.Partner, in.Action)
		return err
	}
	topic, err := c.topic(ctx, in.Topic)
	if err != nil {
		return err
	}
	switch in.Action {
	case ActionGive:
		c.recorded, err = c.give(ctx, topic, in.Confirmed)
	case ActionWithdraw:
		c.recorded, err = c.reduce(ctx, topic, StateWithdrawn)
	case ActionObject:
		c.recorded, err = c.reduce(ctx, topic, StateObjected)
	}
	return err
}

// record makes one event about the person, which [round.finish] tells others of and appends to the ledger, and returns its id.
func (c *change) record(action ledger.Action, topic *Topic, partner, state string) string {
	e := ledger.Event{
		ID: sqldb.NewID(), Subscriber: c.sub.ID, Action: action, Partner: partner, State: state, RecordedAt: c.now, CollectedAt: c.at, Actor: actorText(c.actor),
		Source: c.evidence.Source, Wording: c.evidence.Wording, WordingVersion: c.evidence.WordingVersion, IP: c.evidence.IP, UserAgent: c.evidence.UserAgent,
		URL: c.evidence.URL, Form: c.evidence.Form, Locale: c.evidence.Locale, Document: c.evidence.Document, OptOutOffered: c.evidence.OptOutOffered, Note: c.evidence.Note,
		Reference: c.evidence.Reference, ConfirmationMessageID: c.evidence.MessageID, Value: c.evidence.value,
	}
	if topic != nil {
		e.TopicID, e.Topic, e.Basis = topic.ID, topic.Key, topic.Basis
	}
	c.events = append(c.events, e)
	return e.ID
}

func actorText(a audit.Actor) string {
	if a.ID == "" {
		return a.Kind
	}
	return a.Kind + ":" + a.ID
}

// stop stops the mail of a topic, or all of it: none begins after the round is answered.
func (c *change) stop(topicID string) {
	c.stops = append(c.stops, Stop{SubscriberID: c.sub.ID, TopicID: topicID})
}

// live tells that the consent is given and has not run out.
func (st ConsentState) live(now time.Time) bool {
	return st.State == StateGiven && (st.Expires.IsZero() || now.Before(st.Expires))
}

func (c *change) set(ctx context.Context, topic *Topic, state string, event string, offered bool) error {
	var expires time.Time
	if state == StateGiven && topic.ConsentLifetimeDays > 0 {
		expires = c.at.AddDate(0, 0, topic.ConsentLifetimeDays)
	}
	return c.put(ctx, topic.ID, ConsentState{Topic: topic.Key, TopicID: topic.ID, State: state, Since: c.at, EventID: event, Offered: offered, Expires: expires})
}

// give records agreement. On a double opt-in topic it waits for the person's confirmation unless that was had elsewhere.
// A pending one never downgrades what was given; one that is older than a withdrawal or objection does not lift it.
func (c *change) give(ctx context.Context, topic *Topic, confirmed bool) (Recorded, error) {
	current, err := c.state(ctx, topic)
	if err != nil {
		return Recorded{}, err
	}
	if topic.DoubleOptIn && !confirmed {
		event := c.record(ledger.Pending, topic, "", StatePending)
		if current.live(c.now) || c.at.Before(current.Since) {
			return Recorded{Event: event, State: current.State}, nil
		}
		c.pending = append(c.pending, topic)
		return Recorded{Event: event, State: StatePending}, c.set(ctx, topic, StatePending, event, c.evidence.OptOutOffered || current.Offered)
	}
	return c.given(ctx, topic, current, c.record(ledger.Given, topic, "", StateGiven))
}

func (c *change) given(ctx context.Context, topic *Topic, current ConsentState, event string) (Recorded, error) {
	refused := current.State == StateWithdrawn || current.State == StateObjected
	if refused && !c.at.After(current.Since) {
		return Recorded{Event: event, State: current.State}, nil
	}
	if !c.sub.UnsubscribedAt.IsZero() {
		if !c.at.After(c.sub.UnsubscribedAt) {
			return Recorded{Event: event, State: current.State}, nil
		}
		c.sub.UnsubscribedAt = time.Time{} // every other topic was withdrawn then and stays so
	}
	return Recorded{Event: event, State: StateGiven}, c.set(ctx, topic, StateGiven, event, c.evidence.OptOutOffered || current.Offered)
}

// reduce withdraws a topic or objects to it. Only a choice that is expressly older than a later agreement changes nothing.
func (c *change) reduce(ctx context.Context, topic *Topic, state string) (Recorded, error) {
	current, err := c.state(ctx, topic)
	if err != nil {
		return Recorded{}, err
	}
	action := ledger.Withdrawn
	if state == StateObjected {
		action = ledger.Objected
	}
	if current.State == state {
		// The first one stands (compliance 2). It may not be answered yet, so the repeat too waits for what it stopped.
		c.stop(topic.ID)
		return Recorded{Event: current.EventID, State: state}, nil
	}
	event := c.record(action, topic, "", state)
	if c.at.Before(current.Since) && current.State == StateGiven {
		return Recorded{Event: event, State: current.State}, nil
	}
	c.stop(topic.ID)
	if current.State == StateObjected {
		return Recorded{Event: event, State: StateObjected}, nil // an objection is the stronger of the two
	}
	c.left = true
	return Recorded{Event: event, State: state, Changed: true}, c.set(ctx, topic, state, event, current.Offered)
}

func (c *change) partner(ctx context.Context, key, action string) (Recorded, error) {
	if err := known(ctx, c.tx, "partners", key); err != nil {
		return Recorded{}, problem.Invalid("partner", "is not the key of a partner")
	}
	if action == ActionGive {
		event := c.record(ledger.PartnerLifted, nil, key, StateGiven)
		_, err := c.tx.ExecContext(ctx, "DELETE FROM partner_objections WHERE subscriber_id = $1 AND partner_key = $2 AND at < $3", c.sub.ID, key, sqldb.Micros(c.at))
		return Recorded{Event: event, State: StateGiven}, err
	}
	event := c.record(ledger.PartnerObjected, nil, key, StateObjected)
	if _, err := c.tx.ExecContext(ctx, `INSERT INTO partner_objections (subscriber_id, partner_key, event_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT (subscriber_id, partner_key) DO NOTHING`,
		c.sub.ID, key, event, sqldb.Micros(c.at)); err != nil {
		return Recorded{}, fmt.Errorf("preferences: partner objection: %w", err)
	}
	c.stop("")
	return Recorded{Event: event, State: StateObjected}, nil
}

// Consents lists where a person stands on each topic that was touched.
func (s *Service) Consents(ctx context.Context, q sqldb.Querier, subscriberID string) ([]ConsentState, error) {
	all, err := s.ConsentsOf(ctx, q, []string{subscriberID})
	if err != nil {
		return nil, err
	}
	return append([]ConsentState{}, all[subscriberID]...), nil
}

// ConsentsOf are where people stand on each topic, by their ids, in one query.
func (s *Service) ConsentsOf(ctx context.Context, q sqldb.Querier, ids []string) (map[string][]ConsentState, error) {
	d := q.Dialect()
	now, out := s.now(), map[string][]ConsentState{}
	for row := range sqldb.Rows(ctx, q, `SELECT c.subscriber_id, t.key, c.topic_id, c.state, c.since, c.event_id, c.opt_out_offered, c.expires_at FROM consents c JOIN topics t ON t.id = c.topic_id
		WHERE c.subscriber_id `+d.In(1)+" ORDER BY t.class, t.position, t.key", d.List(ids)) {
		var st ConsentState
		var id string
		var since int64
		var expires sql.NullInt64
		if err := row.Scan(&id, &st.Topic, &st.TopicID, &st.State, &since, &st.EventID, &st.Offered, &expires); err != nil {
			return nil, fmt.Errorf("preferences: consents: %w", err)
		}
		st.Since, st.Expires = sqldb.Time(since), sqldb.NullTime(expires)
		if st.State == StateGiven && !st.Expires.IsZero() && !now.Before(st.Expires) {
			st.State = StateExpired
		}
		out[id] = append(out[id], st)
	}
	return out, nil
}

// Events is a person's whole history of choices, oldest first.
func (s *Service) Events(ctx context.Context, q sqldb.Querier, subscriberID string) ([]ledger.Event, error) {
	records, err := ledger.Events(ctx, q, subscriberID)
	if err != nil {
		return nil, err
	}
	events := make([]ledger.Event, len(records))
	for i, r := range records {
		events[i] = r.Event
	}
	return events, nil
}
