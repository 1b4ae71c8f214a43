package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"assent/preferences/sqldb"
)

// Fault is what is wrong with an entry.
type Fault string

const (
	EntryChanged   Fault = "entry changed"   // its hash is not that of its row and the row before
	EntryMissing   Fault = "entry missing"   // a number is left out
	ContentChanged Fault = "content changed" // the event, or a column beside it, is not what was committed to
	ContentMissing Fault = "content missing" // the event is gone and no erasure says so
	ContentForeign Fault = "content foreign" // an event that no entry speaks of
	HeadChanged    Fault = "head changed"    // the head is not the last entry
	Truncated      Fault = "truncated"       // the chain ends before its head, or before the expected one
	Rewritten      Fault = "rewritten"       // the chain is sound, but not the one expected
)

// Break is the first place at which the ledger is not what it was.
type Break struct {
	Seq    int64  `json:"seq"`
	Fault  Fault  `json:"fault"`
	Detail string `json:"detail"`
}

// Report is the result of a verification.
type Report struct {
	Entries int64  `json:"entries"` // entries checked
	Events  int64  `json:"events"`  // of them, with their event
	Erased  int64  `json:"erased"`  // of them, whose event an erasure deleted
	Head    string `json:"head"`    // "seq:hash" of the last entry checked
	Broken  *Break `json:"broken,omitempty"`
}

// OK says that every entry is what it was when it was appended.
func (r Report) OK() bool { return r.Broken == nil }

// Options of Verify. The zero value is fine.
type Options struct {
	// Expect is a head that was noted before, as Position.String writes it:
	// the chain must still contain it.
	Expect string
	// Progress is called now and then with the entries done and to do.
	Progress func(done, total int64)
}

// page is how many entries are read at a time, so that a long chain holds
// neither memory nor a connection.
const page = 1000

// Verify reads the chain from its beginning, recomputes every hash and the
// commitment of every event that is still there, and compares the columns kept
// beside an event with the event. It may run while others append: it checks the
// chain as it was at its start. The error is for a database that fails; what is
// wrong with the ledger is in Report.Broken.
func Verify(ctx context.Context, q sqldb.Querier, o Options) (Report, error) {
	v := &verifier{q: q, last: Position{Hash: genesis}, missing: map[int64]struct{}{}, progress: o.Progress}
	if o.Expect != "" {
		expect, err := ParsePosition(o.Expect)
		if err != nil {
			return Report{}, err
		}
		v.expect = &expect
	}
	for _, step := range []func(context.Context) error{v.head, v.entries, v.end, v.foreign} {
		if err := step(ctx); err != nil {
			return Report{}, fmt.Errorf("ledger: verify: %w", err)
		}
		if v.broken != nil {
			break
		}
	}
	// Also after a break: an event may be missing before it.
	if err := v.erasures(ctx); err != nil {
		return Report{}, fmt.Errorf("ledger: verify: %w", err)
	}
	return Report{v.done, v.events, v.done - v.events, v.last.String(), v.broken}, nil
}

type verifier struct {
	q        sqldb.Querier
	expect   *Position
	stored   Position // the head as it is stored
	max      int64    // the last entry there is
	last     Position // of the entries checked so far
	done     int64
	events   int64
	missing  map[int64]struct{} // events gone, no erasure met yet
	broken   *Break
	progress func(done, total int64)
}

func (v *verifier) fail(seq int64, f Fault, format string, args ...any) {
	v.broken = &Break{seq, f, fmt.Sprintf(format, args...)}
}

// head reads the stored head and the last entry in one statement, so that both
// are of the same moment.
func (v *verifier) head(ctx context.Context) error {
	var seq, last sql.NullInt64
	var h []byte
	err := v.q.QueryRowContext(ctx,
		`SELECT h.seq, h.hash, m.seq FROM (SELECT max(seq) AS seq FROM ledger_entries) m
		 LEFT JOIN ledger_head h ON h.id = 1`).Scan(&seq, &h, &last)
	if err != nil {
		return err
	}
	v.max = last.Int64
	switch {
	case !seq.Valid && !last.Valid:
		v.stored = Position{Hash: genesis}
	case !seq.Valid:
		v.fail(v.max, HeadChanged, "the head is gone")
	case len(h) != hashSize:
		v.fail(v.max, HeadChanged, "the head's hash has %d bytes", len(h))
	default:
		v.stored = Position{seq.Int64, Hash(h)}
	}
	return nil
}

// entries walks the chain, page by page, up to the last entry there was.
func (v *verifier) entries(ctx context.Context) error {
	v.expected()
	for v.last.Seq < v.max && v.broken == nil {
		before := v.last.Seq
		if err := v.page(ctx); err != nil {
			return err
		}
		if v.progress != nil {
			v.progress(v.done, v.max)
		}
		if v.last.Seq == before && v.broken == nil {
			v.fail(before+1, EntryMissing, "there is no entry %d", before+1)
		}
	}
	return nil
}

// item is one row of a page.
type item struct {
	seq, at                int64
	event                  string
	commitment, hash, salt []byte
	id, subscriber, action sql.NullString
	topicID, topic         sql.NullString
	partner, state, source sql.NullString
	content                sql.NullString
	contentSeq, contentAt  sql.NullInt64
}

func (v *verifier) page(ctx context.Context) error {
	for row := range sqldb.Rows(ctx, v.q,
		`SELECT e.seq, e.event_id, e.at, e.commitment, e.hash, c.id, c.seq, c.subscriber_id, c.salt, c.at, c.action,
		        c.topic_id, c.topic_key, c.partner_key, c.state, c.source, c.content
		 FROM ledger_entries e LEFT JOIN consent_events c ON c.id = e.event_id
		 WHERE e.seq > $1 AND e.seq <= $2 ORDER BY e.seq LIMIT $3`, v.last.Seq, v.max, page) {
		var r item
		if err := row.Scan(&r.seq, &r.event, &r.at, &r.commitment, &r.hash, &r.id, &r.contentSeq, &r.subscriber, &r.salt,
			&r.contentAt, &r.action, &r.topicID, &r.topic, &r.partner, &r.state, &r.source, &r.content); err != nil {
			return err
		}
		if v.entry(&r); v.broken != nil {
			return nil
		}
	}
	return nil
}

// entry checks one row against the one before it, and its event.
func (v *verifier) entry(r *item) {
	seq := v.last.Seq + 1
	switch {
	case r.seq != seq:
		v.fail(seq, EntryMissing, "there is no entry %d; the next one is %d", seq, r.seq)
		return
	case len(r.commitment) != hashSize || len(r.hash) != hashSize:
		v.fail(seq, EntryChanged, "a hash of entry %d does not have %d bytes", seq, hashSize)
		return
	case link(v.last.Hash, seq, r.at, r.event, Hash(r.commitment)) != Hash(r.hash):
		v.fail(seq, EntryChanged, "the hash of entry %d does not follow from its row and entry %d", seq, seq-1)
		return
	}
	if r.id.Valid {
		v.content(seq, r)
	} else {
		v.missing[seq] = struct{}{}
	}
	if v.broken != nil {
		return
	}
	v.last = Position{seq, Hash(r.hash)}
	v.done++
	v.expected()
}

// content checks an event against its commitment and the columns beside it
// against the event.
func (v *verifier) content(seq int64, r *item) {
	if commit(r.salt, r.content.String) != Hash(r.commitment) {
		v.fail(seq, ContentChanged, "the event or the salt of entry %d is not what was committed to", seq)
		return
	}
	e, err := decode(r.content.String)
	if err != nil {
		v.fail(seq, ContentChanged, "the event of entry %d cannot be read", seq)
		return
	}
	for _, c := range []struct {
		column string
		same   bool
	}{
		{"id", r.id.String == e.ID && r.event == e.ID},
		{"seq", r.contentSeq.Int64 == seq},
		{"subscriber_id", r.subscriber.String == e.Subscriber},
		{"at", r.contentAt.Int64 == sqldb.Micros(e.RecordedAt) && r.at == sqldb.Micros(e.RecordedAt)},
		{"action", r.action.String == string(e.Action)},
		{"topic_id", r.topicID.String == e.TopicID},
		{"topic_key", r.topic.String == e.Topic},
		{"partner_key", r.partner.String == e.Partner},
		{"state", r.state.String == e.State},
		{"source", r.source.String == e.Source},
	} {
		if !c.same {
			v.fail(seq, ContentChanged, "the column %s of the event of entry %d is not what the event says", c.column, seq)
			return
		}
	}
	v.events++
	if e.Action == Erased {
		v.erased(seq, e.Erases)
	}
}

// erased takes what an erasure lists off the missing events. An erasure speaks
// of earlier entries only.
func (v *verifier) erased(seq int64, list string) {
	ok := eachSpan(list, func(from, to int64) {
		for n := from; n <= to && n < seq; n++ {
			delete(v.missing, n)
		}
	})
	if !ok {
		v.fail(seq, ContentChanged, "the list of erased entries in entry %d cannot be read", seq)
	}
}

// expected compares with the head that the caller knows, once it is reached.
func (v *verifier) expected() {
	if v.expect != nil && v.expect.Seq == v.last.Seq && v.expect.Hash != v.last.Hash {
		v.fail(v.last.Seq, Rewritten, "entry %d is not the one of the expected head", v.last.Seq)
	}
}

// end compares the last entry with the stored and the expected head.
func (v *verifier) end(context.Context) error {
	switch {
	case v.stored.Seq > v.last.Seq:
		v.fail(v.last.Seq+1, Truncated, "the chain ends at %d, its head says %d", v.last.Seq, v.stored.Seq)
	case v.stored != v.last:
		v.fail(v.last.Seq, HeadChanged, "the head is not the last entry, %s", v.last)
	case v.expect != nil && v.expect.Seq > v.last.Seq:
		v.fail(v.last.Seq+1, Truncated, "the chain ends at %d, the expected head is %d", v.last.Seq, v.expect.Seq)
	}
	return nil
}

// erasures reports the events that are missing for no known reason. It reads
// every erasure again, however it is stored: those that happened while Verify
// was running, and those behind a break, so that damage to the record of an
// erasure is reported there and not at what it erased. A forged record without
// an entry is found as foreign.
func (v *verifier) erasures(ctx context.Context) error {
	if len(v.missing) == 0 {
		return nil
	}
	for row := range sqldb.Rows(ctx, v.q, `SELECT content FROM consent_events WHERE action = 'erased' OR subscriber_id = ''`) {
		var content string
		if err := row.Scan(&content); err != nil {
			return err
		}
		if e, err := decode(content); err == nil {
			eachSpan(e.Erases, func(from, to int64) {
				for n := from; n <= min(to, v.last.Seq); n++ {
					delete(v.missing, n)
				}
			})
		}
	}
	if len(v.missing) > 0 {
		all := make([]int64, 0, len(v.missing))
		for n := range v.missing {
			all = append(all, n)
		}
		slices.Sort(all)
		if v.broken != nil && v.broken.Seq <= all[0] {
			return nil
		}
		v.fail(all[0], ContentMissing, "the events of entries %s are gone and no erasure lists them", spans(all))
	}
	return nil
}

// foreign looks for events that no entry speaks of.
func (v *verifier) foreign(ctx context.Context) error {
	var seq int64
	err := v.q.QueryRowContext(ctx,
		`SELECT c.seq FROM consent_events c
		 WHERE NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.seq = c.seq AND e.event_id = c.id)
		 ORDER BY c.seq LIMIT 1`).Scan(&seq)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	v.fail(seq, ContentForeign, "an event with the number %d belongs to no entry", seq)
	return nil
}
