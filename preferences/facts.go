package preferences

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"assent/preferences/address"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/ranges"
	"assent/preferences/sqldb"
)

// Candidate is a person together with what the gate must know of them for one topic.
type Candidate struct {
	*Subscriber
	Facts gate.Facts
}

// Rules are what holds for everybody in one batch of decisions.
type Rules struct {
	Now     time.Time
	Site    SiteSettings
	Topic   *Topic
	Partner string // overrides the topic's
	Expires time.Time
}

// Range is a part of the audience: the people after a subscriber id, up to and with another, that match a condition.
type Range struct {
	After string
	Upto  string // empty: to the last
	Limit int
	// Where may narrow the people, over the alias s, with its arguments bound from $6 on.
	Where string
	Args  []any
}

// factColumns follow the columns of the subscriber: the consent on the topic, the blocks of the address as bits, the objection to the partner.
const factColumns = `c.state, c.since, c.event_id, c.opt_out_offered, c.expires_at,
	(SELECT CAST(sum(CASE x.reason WHEN 'bounced' THEN 1 WHEN 'complained' THEN 2 ELSE 4 END) AS BIGINT) FROM suppressions x WHERE x.address_key = s.email_key),
	(SELECT p.event_id FROM partner_objections p WHERE p.subscriber_id = s.id AND p.partner_key = $2)`

const (
	blockBounced    = 1
	blockComplained = 2
	blockManual     = 4
)

// Candidates reads the next people of a range with their facts, in the order of their ids.
func (s *Service) Candidates(ctx context.Context, q sqldb.Querier, rules Rules, r Range) ([]Candidate, error) {
	where := ""
	if r.Where != "" {
		where = " AND (" + r.Where + ")"
	}
	if r.Upto == "" {
		r.Upto = lastID
	}
	// The consents are bounded like the people: PostgreSQL merges the two in the order of their ids, from the first one on.
	args := append([]any{rules.Topic.ID, rules.partner(), r.After, r.Upto, r.Limit}, r.Args...)
	return s.candidates(ctx, q, rules, `SELECT `+columns+`, `+factColumns+` FROM subscribers s LEFT JOIN consents c ON c.subscriber_id = s.id AND c.topic_id = $1 AND c.subscriber_id > $3 AND c.subscriber_id <= $4
		WHERE s.id > $3 AND s.id <= $4`+where+` ORDER BY s.id LIMIT $5`, args...)
}

// lastID sorts behind every identifier.
const lastID = ranges.Last

// CandidatesByID reads these people with their facts. Those who no longer exist are left out.
func (s *Service) CandidatesByID(ctx context.Context, q sqldb.Querier, rules Rules, ids []string) ([]Candidate, error) {
	return s.candidates(ctx, q, rules, `SELECT `+columns+`, `+factColumns+` FROM subscribers s LEFT JOIN consents c ON c.subscriber_id = s.id AND c.topic_id = $1
		WHERE s.id `+q.Dialect().In(3)+` ORDER BY s.id`, rules.Topic.ID, rules.partner(), q.Dialect().List(ids))
}

func (r Rules) partner() string {
	if r.Partner != "" {
		return r.Partner
	}
	return r.Topic.Partner
}

func (s *Service) candidates(ctx context.Context, q sqldb.Querier, rules Rules, query string, args ...any) ([]Candidate, error) {
	var people []Candidate
	for row := range sqldb.Rows(ctx, q, query, args...) {
		var t topicFacts
		sub, err := scanSubscriber(row, t.targets()...)
		if err != nil {
			return nil, fmt.Errorf("preferences: facts: %w", err)
		}
		people = append(people, Candidate{Subscriber: sub, Facts: rules.facts(sub, t)})
	}
	return people, s.capped(ctx, q, rules, people)
}

// topicFacts are what a row says beside the person.
type topicFacts struct {
	state, event, partner  sql.NullString
	since, expires, blocks sql.NullInt64
	offered                sql.NullBool
}

func (t *topicFacts) targets() []any {
	return []any{&t.state, &t.since, &t.event, &t.offered, &t.expires, &t.blocks, &t.partner}
}

// facts turns what is stored into what the gate is told.
func (r Rules) facts(sub *Subscriber, t topicFacts) gate.Facts {
	f := personal(sub, r.Topic.GateClass(), r.Now)
	f.Basis, f.Evidence, f.CampaignExpires = r.Topic.GateBasis(), t.event.String, r.Expires
	blocks := t.blocks.Int64
	f.Bounced, f.Complained, f.Suppressed = gate.Is(blocks&blockBounced != 0), gate.Is(blocks&blockComplained != 0), gate.Is(blocks&blockManual != 0)
	f.PartnerOptedOut = gate.Is(t.partner.Valid)
	f.State, f.ConsentExpires = gate.StateNone, sqldb.NullTime(t.expires)
	if t.state.Valid {
		f.State, _ = gate.ParseState(t.state.String)
	}
	f.OptOutOffered, f.SimilarGoods, f.Customer = gate.Is(t.offered.Bool && t.state.String == StateGiven), gate.Is(r.Topic.SimilarGoods), gate.Is(!sub.CustomerSince.IsZero())
	if f.Basis == gate.SoftOptIn && sub.Country == "CA" {
		r.canada(sub, t, &f)
	}
	f.QuietUntil = r.quiet(sub)
	return f
}

// personal are the facts that do not depend on a topic.
func personal(sub *Subscriber, class gate.Class, now time.Time) gate.Facts {
	return gate.Facts{
		Class: class, Erased: gate.Is(sub.ErasedBefore), Unverified: gate.Is(!sub.UnverifiedSince.IsZero()), Restricted: gate.Is(!sub.RestrictedAt.IsZero()),
		Minor: minor(sub, now), ObjectedDirect: gate.Is(!sub.ObjectedAt.IsZero()), ObjectedResearch: gate.Is(!sub.ObjectedResearch.IsZero()),
		UnsubscribedAll: gate.Is(!sub.UnsubscribedAt.IsZero()), PausedUntil: sub.PausedUntil,
	}
}

func minor(sub *Subscriber, now time.Time) gate.Fact {
	if sub.BirthDate == "" {
		return gate.No // nobody has to tell an age; forms that must know it ask
	}
	return gate.Minor(sub.BirthDate, sub.Country, now)
}

// canada replaces the soft opt-in's clock by the two of Canada's law: two years from a purchase, six months from an inquiry (compliance 41).
func (r Rules) canada(sub *Subscriber, t topicFacts, f *gate.Facts) {
	var inquiry time.Time
	if t.state.String == StateGiven {
		inquiry = sqldb.NullTime(t.since)
	}
	f.Customer = gate.Is(!sub.CustomerSince.IsZero() || !inquiry.IsZero())
	f.ConsentExpires = gate.Earliest(f.ConsentExpires, gate.CanadaImplied(sub.CustomerSince, inquiry))
}

// quiet is when the quiet hours around now end for a person; zero outside them.
func (r Rules) quiet(sub *Subscriber) time.Time {
	return r.Site.QuietHours.Until(r.Site.Zone(sub), r.Now)
}

// Zone is the person's time zone, or the site's.
func (site SiteSettings) Zone(sub *Subscriber) *time.Location {
	for _, name := range []string{sub.Timezone, site.DefaultTimezone} {
		if name == "" {
			continue
		}
		if zone, err := LoadZone(name); err == nil {
			return zone
		}
	}
	return time.UTC
}

var zones sync.Map // name to *time.Location: loading one reads a file

// LoadZone is the zone of an IANA name. "Local" is not one: it would mean the server's.
func LoadZone(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("preferences: %q is not a time zone", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("preferences: %q is not a time zone: %w", name, err)
	}
	zones.Store(name, zone)
	return zone, nil
}

// capped looks up what went to people lately, where the site's cap or their own frequency makes it matter.
func (s *Service) capped(ctx context.Context, q sqldb.Querier, rules Rules, people []Candidate) error {
	window := rules.Site.FrequencyCap.Window
	var ids []string
	for i := range people {
		own := gate.Frequency(people[i].Frequency).Cap()
		window = max(window, own.Window)
		if rules.Site.FrequencyCap != (gate.Cap{}) || own != (gate.Cap{}) {
			ids = append(ids, people[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	recent, err := s.Sending.Recent(ctx, q, ids, rules.Now.Add(-window))
	if err != nil {
		return err
	}
	for i := range people {
		sent := recent[people[i].ID]
		people[i].Facts.CappedUntil = gate.CappedUntil(sent, rules.Now, rules.Site.FrequencyCap, gate.Frequency(people[i].Frequency).Cap())
	}
	return nil
}

// Question asks what the gate would say about one address.
type Question struct {
	Email   string
	Class   string
	Topic   string
	Partner string
	At      time.Time // zero: now
}

// Decide answers a question; it stores nothing and sends nothing. The person need not be known.
func (s *Service) Decide(ctx context.Context, question Question) (gate.Decision, error) {
	var bad problem.Collector
	parsed, err := address.Parse(question.Email)
	if err != nil {
		bad.Add("email", "is not an e-mail address")
	}
	class, ok := gate.ParseClass(question.Class)
	if !ok {
		bad.Add("class", "must be marketing, research, service or notice")
	}
	marketing := class == gate.Marketing || class == gate.Research
	if marketing && question.Topic == "" {
		bad.Add("topic", "is required for marketing and research")
	}
	if err := bad.Err(); err != nil {
		return gate.Decision{}, err
	}
	at := question.At.UTC()
	if question.At.IsZero() {
		at = s.now()
	}
	facts, err := s.factsOf(ctx, s.DB, parsed.Key, class, question, at)
	if err != nil {
		return gate.Decision{}, err
	}
	return gate.Decide(facts, at), nil
}

func (s *Service) factsOf(ctx context.Context, q sqldb.Querier, key string, class gate.Class, question Question, at time.Time) (gate.Facts, error) {
	if class != gate.Marketing && class != gate.Research {
		facts, err := s.TransactionalFacts(ctx, q, class, []string{key})
		return facts[key], err
	}
	topic, err := s.Topic(ctx, q, question.Topic)
	if err != nil {
		return gate.Facts{}, problem.Invalid("topic", "is not the key of a topic")
	}
	if topic.GateClass() != class {
		return gate.Facts{}, problem.Invalid("class", "the topic "+topic.Key+" is of class "+topic.Class)
	}
	if question.Partner != "" {
		if err := known(ctx, q, "partners", question.Partner); err != nil {
			return gate.Facts{}, problem.Invalid("partner", "is not the key of a partner")
		}
	}
	site, err := s.Site.Get(ctx)
	if err != nil {
		return gate.Facts{}, err
	}
	rules := Rules{Now: at, Site: site, Topic: topic, Partner: question.Partner}
	people, err := s.candidates(ctx, q, rules, `SELECT `+columns+`, `+factColumns+` FROM subscribers s LEFT JOIN consents c ON c.subscriber_id = s.id AND c.topic_id = $1
		WHERE s.email_key = $3`, topic.ID, rules.partner(), key)
	if err != nil {
		return gate.Facts{}, err
	}
	if len(people) == 1 {
		return people[0].Facts, nil
	}
	return s.strangerFacts(ctx, q, key, rules)
}

// strangerFacts are those of an address that no subscriber has: it may be erased or blocked all the same.
func (s *Service) strangerFacts(ctx context.Context, q sqldb.Querier, key string, rules Rules) (gate.Facts, error) {
	stranger := &Subscriber{Frequency: FrequencyEach}
	var err error
	if stranger.ErasedBefore, err = s.erased(ctx, q, key); err != nil {
		return gate.Facts{}, err
	}
	var t topicFacts
	if t.blocks, err = blocksOf(ctx, q, key); err != nil {
		return gate.Facts{}, err
	}
	return rules.facts(stranger, t), nil
}

func blocksOf(ctx context.Context, q sqldb.Querier, key string) (bits sql.NullInt64, err error) {
	blocks, err := suppressionsOf(ctx, q, key)
	for _, block := range blocks {
		bits.Valid = true
		switch block.Reason {
		case SuppressedBounced:
			bits.Int64 |= blockBounced
		case SuppressedComplained:
			bits.Int64 |= blockComplained
		default:
			bits.Int64 |= blockManual
		}
	}
	return bits, err
}

// TransactionalFacts are what the gate must know for service messages or notices to these addresses, by address key. What
// cannot stop such mail is not looked up.
func (s *Service) TransactionalFacts(ctx context.Context, q sqldb.Querier, class gate.Class, keys []string) (map[string]gate.Facts, error) {
	facts := make(map[string]gate.Facts, len(keys))
	for _, key := range keys {
		facts[key] = gate.Facts{Class: class, Bounced: gate.No, Suppressed: gate.No}
	}
	for row := range sqldb.Rows(ctx, q, "SELECT address_key, reason FROM suppressions WHERE address_key "+q.Dialect().In(1), q.Dialect().List(keys)) {
		var key, reason string
		if err := row.Scan(&key, &reason); err != nil {
			return nil, fmt.Errorf("preferences: facts: %w", err)
		}
		f := facts[key]
		switch reason {
		case SuppressedBounced:
			f.Bounced = gate.Yes
		case SuppressedManual:
			f.Suppressed = gate.Yes
		}
		facts[key] = f
	}
	return facts, nil
}
