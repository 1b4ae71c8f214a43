package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"assent/preferences/sqldb"
)

// EraseSubject deletes every event of a person, with its salt, and records
// which entries it emptied. The record keeps who did it (Actor), when
// (RecordedAt), why (Source, Note) and nothing about the person: Note must not
// name them. What remains of the person in the chain are hashes that cannot be
// tried out without the salts.
func EraseSubject(ctx context.Context, tx *sqldb.Tx, subscriberID string, by Event) (Entry, error) {
	if subscriberID == "" {
		return Entry{}, errors.New("ledger: erasing needs a subscriber")
	}
	// The lock comes first: an event of this person that another transaction
	// is appending is either seen below or comes after the erasure.
	if _, err := tx.ExecContext(ctx, `UPDATE ledger_head SET seq = seq WHERE id = 1`); err != nil {
		return Entry{}, fmt.Errorf("ledger: head: %w", err)
	}
	seqs, err := sequences(ctx, tx, subscriberID)
	if err != nil {
		return Entry{}, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM consent_events WHERE subscriber_id = $1`, subscriberID); err != nil {
		return Entry{}, fmt.Errorf("ledger: erasing: %w", err)
	}
	entries, err := add(ctx, tx, []Event{{
		Action: Erased, RecordedAt: by.RecordedAt, Actor: by.Actor, Source: by.Source, Note: by.Note, Erases: spans(seqs),
	}})
	if err != nil {
		return Entry{}, err
	}
	return entries[0], nil
}

func sequences(ctx context.Context, q sqldb.Querier, subscriberID string) ([]int64, error) {
	seqs, err := sqldb.Values[int64](ctx, q, `SELECT seq FROM consent_events WHERE subscriber_id = $1 ORDER BY seq`, subscriberID)
	if err != nil {
		return nil, fmt.Errorf("ledger: erasing: %w", err)
	}
	return seqs, nil
}

// spans writes sorted numbers as "3-5,9".
func spans(seqs []int64) string {
	var b strings.Builder
	for i := 0; i < len(seqs); {
		j := i
		for j+1 < len(seqs) && seqs[j+1] == seqs[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(seqs[i], 10))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.FormatInt(seqs[j], 10))
		}
		i = j + 1
	}
	return b.String()
}

// eachSpan calls f with the ends of every span; false if s is not a list of them.
func eachSpan(s string, f func(from, to int64)) bool {
	if s == "" {
		return true
	}
	for part := range strings.SplitSeq(s, ",") {
		a, b, two := strings.Cut(part, "-")
		from, err := strconv.ParseInt(a, 10, 64)
		to := from
		if err == nil && two {
			to, err = strconv.ParseInt(b, 10, 64)
		}
		if err != nil || from < 1 || to < from {
			return false
		}
		f(from, to)
	}
	return true
}
