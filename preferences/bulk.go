package preferences

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Bulk is a set of people that somebody else says something about, such as the rows of a file: who they are, and one choice
// that all of them made. It is worked off in sets, in one transaction.
//
// Its one rule is that it only ever adds what nobody has spoken against: people who withdrew, objected, unsubscribed, are
// blocked, restricted, too young or erased are left alone, whatever the set says and however new it says it is.
type Bulk struct {
	Actor     audit.Actor
	Topics    []*Topic // empty: no choice is recorded
	Action    string   // of all topics: ActionGive, ActionWithdraw or ActionObject
	Confirmed bool     // the people confirmed it elsewhere; every row has when and where
	Source    string   // of the people that it makes
	Note      string   // in each event
	DryRun    bool     // finds out what would become of each row, and changes nothing
	Rows      []BulkRow
}

// BulkRow is one person. No two rows of a set have the same address.
type BulkRow struct {
	Profile  Profile // with the address
	Evidence Evidence
}

// Reasons for which a row is left out, beside those of the gate.
const (
	SkipInvalid   = "invalid"
	SkipDuplicate = "duplicate"
	SkipFormer    = "former_address" // of somebody who has another one now
)

// BulkResult is what became of a row.
type BulkResult struct {
	ID       string    // of the person
	At       time.Time // when; what changes the person later has a later time
	Created  bool
	Skipped  string            // why the row was left out; empty: it was taken
	Fields   []problem.Field   // what is wrong with a row that is invalid
	Partly   map[string]string // by topic: why the choice was not recorded, of a row that was taken for other topics
	Choices  []BulkChoice      // what it changed
	Confirms bool              // a confirmation mail was queued
}

// BulkChoice is one choice that a row recorded, and where the person stood before.
type BulkChoice struct {
	TopicID string        `json:"topic_id"`
	Event   string        `json:"event"`
	Before  *ConsentState `json:"before,omitempty"` // nil: the topic had never been touched
}

// ErrBulkAgain is returned when somebody else made one of the people at the same instant: run the transaction again.
var ErrBulkAgain = errors.New("preferences: a person of the set was made by somebody else; run it again")

// bulk is one set under way.
type bulk struct {
	*Bulk
	s       *Service
	tx      *sqldb.Tx
	now     time.Time
	people  []bulkPerson
	known   map[string]*Subscriber // by address key
	named   map[string]bool        // which of them have a row
	erased  map[string]bool
	former  map[string]string // why the row of a former address is left out, by address key
	blocks  map[string]string // reason of the gate, by address key
	states  map[[2]string]ConsentState
	owners  map[string]string // external id to person
	events  []ledger.Event
	set     [][]any // rows of consents
	claimed []string
}

// bulkPerson is a row that can be read.
type bulkPerson struct {
	row     int
	sub     *Subscriber
	before  *Subscriber // nil: new
	at      time.Time
	pending []*Topic
	touched bool
}

// Bulk works off a set. The results are in the order of the rows. After the commit, call Outbox.Flush if any confirms, and
// Sending.Settle with the claimed mails, which were taken back.
func (s *Service) Bulk(ctx context.Context, tx *sqldb.Tx, in Bulk) (results []BulkResult, claimed []string, err error) {
	b := &bulk{Bulk: &in, s: s, tx: tx, now: s.now()}
	results = make([]BulkResult, len(in.Rows))
	keys := b.read(results)
	for _, look := range []func(context.Context, []string) error{b.lookUp, b.lookUpFormer, b.lookUpErased, b.lookUpBlocks, b.lookUpStates, b.lookUpOwners} {
		if err := look(ctx, keys); err != nil {
			return nil, nil, fmt.Errorf("preferences: bulk: %w", err)
		}
	}
	var taken []*bulkPerson
	for i := range b.people {
		p := &b.people[i]
		results[p.row].At = b.now
		if b.judge(p, &results[p.row]); results[p.row].Skipped == "" {
			taken = append(taken, p)
		}
	}
	if in.DryRun {
		return results, nil, nil
	}
	if err := b.write(ctx, taken, results); err != nil {
		return nil, nil, fmt.Errorf("preferences: bulk: %w", err)
	}
	return results, b.claimed, nil
}

// read checks the rows by themselves and returns the address keys of those that can be read.
func (b *bulk) read(results []BulkResult) (keys []string) {
	for i, row := range b.Rows {
		fresh := &Subscriber{Frequency: FrequencyEach, Source: b.Source, CreatedAt: b.now, UpdatedAt: b.now}
		err := row.Profile.apply(fresh, b.now)
		if row.Profile.Email == nil {
			err = problem.Invalid("email", "is required")
		}
		if err == nil && len(b.Topics) > 0 {
			err = b.checkEvidence(row)
		}
		if err != nil {
			results[i].Skipped = SkipInvalid
			if p, ok := problem.As(err); ok {
				results[i].Fields = p.Fields
			}
			continue
		}
		at := row.Evidence.CollectedAt
		if at.IsZero() || at.After(b.now) {
			at = b.now
		}
		b.people = append(b.people, bulkPerson{row: i, sub: fresh, at: at})
		keys = append(keys, fresh.EmailKey)
	}
	return keys
}

func (b *bulk) checkEvidence(row BulkRow) error {
	if err := row.Evidence.legible(); err != nil {
		return err
	}
	in := ConsentInput{Topic: b.Topics[0].Key, Action: b.Action, Confirmed: b.Confirmed, Evidence: row.Evidence}
	return in.check(b.now)
}

func (b *bulk) lookUp(ctx context.Context, keys []string) error {
	b.known, b.named = make(map[string]*Subscriber, len(keys)), map[string]bool{}
	d := b.tx.Dialect()
	people, err := subscribersWhere(ctx, b.tx, "s.email_key "+d.In(1)+" ORDER BY s.id"+d.ForUpdate(), d.List(keys))
	for _, sub := range people {
		b.known[sub.EmailKey], b.named[sub.ID] = sub, true
	}
	return err
}

// less tells that the set says less mail.
func (b *bulk) less() bool { return len(b.Topics) > 0 && b.Action != ActionGive }

// lookUpFormer finds the addresses that nobody has and somebody had. Less mail is for whoever that was, once; anything else is
// left out, because it would make the same person a second time, as one who never said no.
func (b *bulk) lookUpFormer(ctx context.Context, keys []string) error {
	b.former = map[string]string{}
	free := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return b.known[key] != nil })
	if len(free) == 0 {
		return nil
	}
	owners, err := formerOwners(ctx, b.tx, free)
	if err != nil || len(owners) == 0 {
		return err
	}
	if !b.less() {
		for key := range owners {
			b.former[key] = SkipFormer
		}
		return nil
	}
	people, err := byID(subscribersOf(ctx, b.tx, slices.Collect(maps.Values(owners)), b.tx.Dialect().ForUpdate()))
	if err != nil {
		return err
	}
	for _, key := range free {
		switch owner := people[owners[key]]; {
		case owner == nil:
		case b.named[owner.ID]:
			b.former[key] = SkipDuplicate
		default:
			b.known[key], b.named[owner.ID] = owner, true
		}
	}
	return nil
}

// lookUpErased finds the addresses of erased people, under every pepper that ever was.
func (b *bulk) lookUpErased(ctx context.Context, keys []string) error {
	b.erased = map[string]bool{}
	byPrint := map[string]string{}
	var prints []any
	for _, key := range keys {
		for _, sum := range b.s.Keys.Fingerprints(key) {
			byPrint[string(sum)] = key
			prints = append(prints, sum)
		}
	}
	for len(prints) > 0 {
		n := min(len(prints), 500)
		for row := range sqldb.Rows(ctx, b.tx, "SELECT fingerprint FROM erasures WHERE fingerprint IN ("+placeholders(b.tx.Dialect(), 1, n)+")", prints[:n]...) {
			var sum []byte
			if err := row.Scan(&sum); err != nil {
				return err
			}
			b.erased[byPrint[string(sum)]] = true
		}
		prints = prints[n:]
	}
	return nil
}

func (b *bulk) lookUpBlocks(ctx context.Context, keys []string) error {
	b.blocks = map[string]string{}
	rank := map[string]gate.Reason{SuppressedBounced: gate.ReasonAddressBounced, SuppressedManual: gate.ReasonSuppressed, SuppressedComplained: gate.ReasonComplained}
	d := b.tx.Dialect()
	for row := range sqldb.Rows(ctx, b.tx, "SELECT address_key, reason FROM suppressions WHERE address_key "+d.In(1)+" ORDER BY CASE reason WHEN 'complained' THEN 1 WHEN 'manual' THEN 2 ELSE 3 END", d.List(keys)) {
		var key, reason string
		if err := row.Scan(&key, &reason); err != nil {
			return err
		}
		b.blocks[key] = string(rank[reason]) // the last one is the first of the gate
	}
	return nil
}

func (b *bulk) lookUpStates(ctx context.Context, _ []string) error {
	b.states = map[[2]string]ConsentState{}
	if len(b.Topics) == 0 || len(b.known) == 0 {
		return nil
	}
	var ids, topics []string
	for _, sub := range b.known {
		ids = append(ids, sub.ID)
	}
	for _, topic := range b.Topics {
		topics = append(topics, topic.ID)
	}
	d := b.tx.Dialect()
	for row := range sqldb.Rows(ctx, b.tx, "SELECT subscriber_id, topic_id, state, since, event_id, opt_out_offered, expires_at FROM consents WHERE subscriber_id "+d.In(1)+" AND topic_id "+d.In(2), d.List(ids), d.List(topics)) {
		var id string
		var st ConsentState
		var since int64
		var expires sql.NullInt64
		if err := row.Scan(&id, &st.TopicID, &st.State, &since, &st.EventID, &st.Offered, &expires); err != nil {
			return err
		}
		st.Since, st.Expires = sqldb.Time(since), sqldb.NullTime(expires)
		b.states[[2]string{id, st.TopicID}] = st
	}
	return nil
}

func (b *bulk) lookUpOwners(ctx context.Context, _ []string) error {
	b.owners = map[string]string{}
	var ids []string
	for _, p := range b.people {
		if p.sub.ExternalID != "" {
			ids = append(ids, p.sub.ExternalID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	d := b.tx.Dialect()
	for row := range sqldb.Rows(ctx, b.tx, "SELECT external_id, id FROM subscribers WHERE external_id "+d.In(1), d.List(ids)) {
		var external, id string
		if err := row.Scan(&external, &id); err != nil {
			return err
		}
		b.owners[external] = id
	}
	return nil
}

// placeholders are n of them from the one numbered first. To SQLite a number is a name, and hundreds of names in one
// statement cost more than its rows.
func placeholders(d sqldb.Dialect, first, n int) string {
	if d == sqldb.SQLite {
		return strings.TrimSuffix(strings.Repeat("?,", n), ",")
	}
	var text strings.Builder
	for i := range n {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "$%d", first+i)
	}
	return text.String()
}
