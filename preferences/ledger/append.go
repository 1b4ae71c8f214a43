package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"assent/preferences/sqldb"
)

// Entry is one row of the chain.
type Entry struct {
	Seq        int64
	EventID    string
	At         int64 // microseconds since 1970
	Commitment Hash
	Hash       Hash
}

const saltSize = 32

// batch is how many events go into one statement of SQLite at most, and half of them, a quarter and so on down to one: few
// texts, so that all stay compiled.
const batch = 32

// Append writes events to the end of the chain, in their order, and returns
// their entries. An event needs an action, a person and the time it is recorded
// at; one without an id is given one.
//
// The end of the chain stays locked until tx ends: whoever appends next waits.
// So append late in a transaction, and all events of it in one call.
func Append(ctx context.Context, tx *sqldb.Tx, events ...Event) ([]Entry, error) {
	for i := range events {
		switch e := &events[i]; {
		case e.Action == Erased || e.Erases != "":
			return nil, errors.New("ledger: only EraseSubject records an erasure")
		case e.Subscriber == "":
			return nil, errors.New("ledger: an event needs a subscriber")
		}
	}
	return add(ctx, tx, events)
}

type record struct {
	event   Event
	salt    []byte
	content string
	entry   Entry
}

func add(ctx context.Context, tx *sqldb.Tx, events []Event) ([]Entry, error) {
	if len(events) == 0 {
		return nil, nil
	}
	records, err := prepare(events)
	if err != nil {
		return nil, err
	}
	head, err := lockHead(ctx, tx, int64(len(records)))
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(records))
	for i := range records {
		r := &records[i]
		head.Seq++
		r.entry.Seq = head.Seq
		r.entry.Hash = link(head.Hash, r.entry.Seq, r.entry.At, r.entry.EventID, r.entry.Commitment)
		head.Hash = r.entry.Hash
		entries[i] = r.entry
	}
	if tx.Dialect() == sqldb.PostgreSQL {
		return entries, insertAtOnce(ctx, tx, records, head.Hash)
	}
	for rest, n := records, batch; len(rest) > 0; rest = rest[n:] {
		for n > len(rest) {
			n /= 2
		}
		if err := insert(ctx, tx, rest[:n]); err != nil {
			return nil, err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE ledger_head SET hash = $1 WHERE id = 1`, head.Hash[:]); err != nil {
		return nil, fmt.Errorf("ledger: head: %w", err)
	}
	return entries, nil
}

// prepare does everything that needs no lock.
func prepare(events []Event) ([]record, error) {
	salts := make([]byte, saltSize*len(events))
	rand.Read(salts)
	records := make([]record, len(events))
	for i, e := range events {
		clean(&e)
		if e.ID == "" {
			e.ID = sqldb.NewID()
		}
		switch {
		case !sqldb.IsID(e.ID):
			return nil, errors.New("ledger: an event's id is a UUID")
		case e.Action == "" || e.RecordedAt.IsZero():
			return nil, errors.New("ledger: an event needs an action and the time it is recorded at")
		case e.Subscriber != "" && !sqldb.IsID(e.Subscriber), e.TopicID != "" && !sqldb.IsID(e.TopicID):
			return nil, errors.New("ledger: a subscriber and a topic are named by their UUID")
		}
		content, err := encode(&e)
		if err != nil {
			return nil, err
		}
		salt := salts[i*saltSize : (i+1)*saltSize : (i+1)*saltSize]
		records[i] = record{e, salt, content, Entry{
			EventID:    e.ID,
			At:         sqldb.Micros(e.RecordedAt),
			Commitment: commit(salt, content),
		}}
	}
	return records, nil
}

// lockHead takes n places at the end of the chain and returns where they begin.
// The lock is held until the transaction ends, so the places are in the order
// of the commits and a rollback gives them back: the chain has no gap.
func lockHead(ctx context.Context, tx *sqldb.Tx, n int64) (Position, error) {
	var p Position
	var h []byte
	err := tx.QueryRowContext(ctx,
		`UPDATE ledger_head SET seq = seq + $1 WHERE id = 1 RETURNING seq, hash`, n).Scan(&p.Seq, &h)
	if errors.Is(err, sql.ErrNoRows) {
		// The chain begins. Of two that begin it at once, the second waits here
		// for the first and then finds its row.
		if _, err := tx.ExecContext(ctx,
			`INSERT INTO ledger_head (id, seq, hash) SELECT 1, 0, $1
			 WHERE NOT EXISTS (SELECT 1 FROM ledger_entries)
			 ON CONFLICT (id) DO NOTHING`, genesis[:]); err != nil {
			return p, fmt.Errorf("ledger: first entry: %w", err)
		}
		err = tx.QueryRowContext(ctx,
			`UPDATE ledger_head SET seq = seq + $1 WHERE id = 1 RETURNING seq, hash`, n).Scan(&p.Seq, &h)
	}
	if err != nil {
		return p, fmt.Errorf("ledger: head: %w", err)
	}
	if len(h) != hashSize {
		return p, errors.New("ledger: the head is damaged; run `assent ledger verify`")
	}
	p.Seq -= n
	p.Hash = Hash(h)
	return p, nil
}

const (
	intoEntries = `INSERT INTO ledger_entries (seq, event_id, at, commitment, hash) `
	intoEvents  = `INSERT INTO consent_events (id, seq, subscriber_id, salt, at, action, topic_id, topic_key, partner_key, state, source, content) `
)

// inserts holds, for SQLite, the text of each INSERT by its number of rows.
var inserts = func() map[int][2]string {
	all := map[int][2]string{}
	for rows := 1; rows <= batch; rows *= 2 {
		all[rows] = [2]string{statement(intoEntries, 5, rows), statement(intoEvents, 12, rows)}
	}
	return all
}()

// statement writes placeholders without a number: to SQLite a number is a name, and hundreds of names in one statement cost
// more than its rows.
func statement(head string, columns, rows int) string {
	row := "(?" + strings.Repeat(",?", columns-1) + ")"
	return head + "VALUES " + row + strings.Repeat(","+row, rows-1)
}

func insert(ctx context.Context, tx *sqldb.Tx, records []record) error {
	var entries, events []any
	for i := range records {
		r := &records[i]
		e, c := &r.event, &r.entry
		entries = append(entries, c.Seq, c.EventID, c.At, c.Commitment[:], c.Hash[:])
		events = append(events, c.EventID, c.Seq, e.Subscriber, r.salt, c.At, string(e.Action), e.TopicID, e.Topic, e.Partner, e.State, e.Source, r.content)
	}
	texts := inserts[len(records)]
	if _, err := tx.ExecContext(ctx, texts[0], entries...); err != nil {
		return fmt.Errorf("ledger: chain: %w", err)
	}
	if _, err := tx.ExecContext(ctx, texts[1], events...); err != nil {
		return fmt.Errorf("ledger: events: %w", err)
	}
	return nil
}

// atOnce writes entries, events and head in one round trip to PostgreSQL: while it runs, whoever appends next waits. Each
// column is one list.
const atOnce = `WITH r AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[], $6::text[], $7::bytea[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
		AS r(seq, id, at, commitment, hash, subscriber, salt, action, topic, key, partner, state, source, content)),
	a AS (` + intoEntries + `SELECT seq, id, at, commitment, hash FROM r),
	b AS (` + intoEvents + `SELECT id, seq, subscriber, salt, at, action, topic, key, partner, state, source, content FROM r)
	UPDATE ledger_head SET hash = $15 WHERE id = 1`

func insertAtOnce(ctx context.Context, tx *sqldb.Tx, records []record, head Hash) error {
	n := len(records)
	seqs, ats := make([]int64, n), make([]int64, n)
	var texts [9][]string // id, subscriber, action, topic, key, partner, state, source, content
	for i := range texts {
		texts[i] = make([]string, n)
	}
	commitments, hashes, salts := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i := range records {
		r := &records[i]
		e, c := &r.event, &r.entry
		seqs[i], ats[i], commitments[i], hashes[i], salts[i] = c.Seq, c.At, c.Commitment[:], c.Hash[:], r.salt
		for j, text := range [...]string{c.EventID, e.Subscriber, string(e.Action), e.TopicID, e.Topic, e.Partner, e.State, e.Source, r.content} {
			texts[j][i] = text
		}
	}
	if _, err := tx.ExecContext(ctx, atOnce, seqs, texts[0], ats, commitments, hashes, texts[1], salts, texts[2], texts[3], texts[4], texts[5], texts[6], texts[7], texts[8], head[:]); err != nil {
		return fmt.Errorf("ledger: chain: %w", err)
	}
	return nil
}
