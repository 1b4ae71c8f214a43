package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
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

// batch is how many events go into one statement.
const batch = 50

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
	if tx.Dialect() == sqldb.PostgreSQL && len(records) < len(atOnce) {
		return entries, insertAtOnce(ctx, tx, records, head.Hash)
	}
	for rest := records; len(rest) > 0; rest = rest[min(batch, len(rest)):] {
		if err := insert(ctx, tx, rest[:min(batch, len(rest))]); err != nil {
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
	intoEntries = `INSERT INTO ledger_entries (seq, event_id, at, commitment, hash) VALUES `
	intoEvents  = `INSERT INTO consent_events (id, seq, subscriber_id, salt, at, action, topic_id, topic_key,
		partner_key, state, source, content) VALUES `
)

// inserts holds the text of each INSERT for 1 to batch rows.
var inserts = map[sqldb.Dialect]*struct{ entries, events [batch + 1]string }{
	sqldb.SQLite:     {statements(intoEntries, 5, false), statements(intoEvents, 12, false)},
	sqldb.PostgreSQL: {statements(intoEntries, 5, true), statements(intoEvents, 12, true)},
}

// statements writes placeholders with a number or without: to SQLite a number
// is a name, and hundreds of names in one statement cost more than its rows.
func statements(head string, columns int, numbered bool) [batch + 1]string {
	var all [batch + 1]string
	var b strings.Builder
	b.WriteString(head)
	n := 0
	for rows := 1; rows <= batch; rows++ {
		for c := range columns {
			switch {
			case c > 0:
				b.WriteByte(',')
			case rows > 1:
				b.WriteString(",(")
			default:
				b.WriteByte('(')
			}
			n++
			if numbered {
				b.WriteString("$" + strconv.Itoa(n))
			} else {
				b.WriteByte('?')
			}
		}
		b.WriteByte(')')
		all[rows] = b.String()
	}
	return all
}

// values are the arguments of the two INSERTs.
func values(records []record) (entries, events []any) {
	for i := range records {
		r := &records[i]
		e, c := &r.event, &r.entry
		entries = append(entries, c.Seq, c.EventID, c.At, c.Commitment[:], c.Hash[:])
		events = append(events, c.EventID, c.Seq, e.Subscriber, r.salt, c.At, string(e.Action), e.TopicID, e.Topic,
			e.Partner, e.State, e.Source, r.content)
	}
	return entries, events
}

// atOnce holds, for few rows, the text that on PostgreSQL writes entries, events and head in one round trip: while it runs,
// whoever appends next waits.
var atOnce = func() (all [5]string) {
	for rows := 1; rows < len(all); rows++ {
		events := intoEvents
		for i := range rows {
			if i > 0 {
				events += ","
			}
			row := make([]string, 12)
			for c := range row {
				row[c] = "$" + strconv.Itoa(5*rows+12*i+c+1)
			}
			events += "(" + strings.Join(row, ",") + ")"
		}
		all[rows] = "WITH a AS (" + inserts[sqldb.PostgreSQL].entries[rows] + "), b AS (" + events + ") UPDATE ledger_head SET hash = $" + strconv.Itoa(17*rows+1) + " WHERE id = 1"
	}
	return all
}()

func insertAtOnce(ctx context.Context, tx *sqldb.Tx, records []record, head Hash) error {
	entries, events := values(records)
	if _, err := tx.ExecContext(ctx, atOnce[len(records)], append(append(entries, events...), head[:])...); err != nil {
		return fmt.Errorf("ledger: chain: %w", err)
	}
	return nil
}

func insert(ctx context.Context, tx *sqldb.Tx, records []record) error {
	texts := inserts[tx.Dialect()]
	entries, events := values(records)
	if _, err := tx.ExecContext(ctx, texts.entries[len(records)], entries...); err != nil {
		return fmt.Errorf("ledger: chain: %w", err)
	}
	if _, err := tx.ExecContext(ctx, texts.events[len(records)], events...); err != nil {
		return fmt.Errorf("ledger: events: %w", err)
	}
	return nil
}
