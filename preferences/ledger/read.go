package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"assent/preferences/sqldb"
)

// Record is an event as the ledger holds it: with the entry that proves it, and
// with the salt and the exact text by which anybody can check the proof.
type Record struct {
	Event
	Entry    Entry
	Previous Hash // of the entry before
	Salt     []byte
	Content  string
}

// Check recomputes the commitment of the record and the hash of its entry.
func (r Record) Check() bool {
	return commit(r.Salt, r.Content) == r.Entry.Commitment && link(r.Previous, r.Entry.Seq, r.Entry.At, r.Entry.EventID, r.Entry.Commitment) == r.Entry.Hash
}

// Events returns a person's events, oldest first. It does not verify them: see
// Verify for the chain and Record.Check for one event.
func Events(ctx context.Context, q sqldb.Querier, subscriberID string) ([]Record, error) {
	var all []Record
	for row := range sqldb.Rows(ctx, q,
		`SELECT e.seq, e.event_id, e.at, e.commitment, e.hash, p.hash, c.salt, c.content
		 FROM consent_events c JOIN ledger_entries e ON e.seq = c.seq LEFT JOIN ledger_entries p ON p.seq = e.seq - 1
		 WHERE c.subscriber_id = $1 ORDER BY c.seq`, subscriberID) {
		var r Record
		var commitment, hash, previous []byte
		if err := row.Scan(&r.Entry.Seq, &r.Entry.EventID, &r.Entry.At, &commitment, &hash, &previous, &r.Salt, &r.Content); err != nil {
			return nil, fmt.Errorf("ledger: events: %w", err)
		}
		copy(r.Entry.Commitment[:], commitment)
		copy(r.Entry.Hash[:], hash)
		if r.Previous = genesis; r.Entry.Seq > 1 {
			r.Previous = Hash{}
			copy(r.Previous[:], previous)
		}
		event, err := decode(r.Content)
		if err != nil {
			return nil, fmt.Errorf("ledger: event %d cannot be read; run `assent ledger verify`: %w", r.Entry.Seq, err)
		}
		r.Event = event
		all = append(all, r)
	}
	return all, nil
}

// Latest returns a person's latest events, the newest first, without their proof.
func Latest(ctx context.Context, q sqldb.Querier, subscriberID string, limit int) ([]Event, error) {
	var all []Event
	for row := range sqldb.Rows(ctx, q, `SELECT content FROM consent_events WHERE subscriber_id = $1 ORDER BY seq DESC LIMIT $2`, subscriberID, limit) {
		var content string
		if err := row.Scan(&content); err != nil {
			return nil, fmt.Errorf("ledger: latest events: %w", err)
		}
		e, err := decode(content)
		if err != nil {
			return nil, fmt.Errorf("ledger: an event of %s cannot be read; run `assent ledger verify`: %w", subscriberID, err)
		}
		all = append(all, e)
	}
	return all, nil
}

// Sources tells where events came from, by their ids.
func Sources(ctx context.Context, q sqldb.Querier, ids []string) (map[string]string, error) {
	sources := map[string]string{}
	for row := range sqldb.Rows(ctx, q, "SELECT id, source FROM consent_events WHERE id "+q.Dialect().In(1), q.Dialect().List(ids)) {
		var id, source string
		if err := row.Scan(&id, &source); err != nil {
			return nil, fmt.Errorf("ledger: sources: %w", err)
		}
		sources[id] = source
	}
	return sources, nil
}

// Head returns the end of the chain as it is stored.
func Head(ctx context.Context, q sqldb.Querier) (Position, error) {
	p := Position{Hash: genesis}
	var h []byte
	switch err := q.QueryRowContext(ctx, `SELECT seq, hash FROM ledger_head WHERE id = 1`).Scan(&p.Seq, &h); {
	case errors.Is(err, sql.ErrNoRows):
		return p, nil
	case err != nil:
		return p, fmt.Errorf("ledger: head: %w", err)
	case len(h) != hashSize:
		return p, errors.New("ledger: the head is damaged; run `assent ledger verify`")
	}
	p.Hash = Hash(h)
	return p, nil
}
