package evidence

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"

	"assent/preferences/sqldb"
)

const (
	detailsDomain = "assent/evidence/details/v1\x00"
	triesDomain   = "assent/evidence/tries/v1\x00"
	postDomain    = "assent/evidence/post/v1\x00"
)

// detailColumns are what is stored of a notice m beside what an entry says itself. Nothing of it changes once the notice has come
// to an end.
const detailColumns = `m.class, m.kind, m.obligation, m.basis, m.reference, COALESCE(m.broadcast_id, ''), COALESCE(m.copy_of, ''), COALESCE(m.subscriber_id, ''), m.address_key, m.name, m.locale,
	m.brand_key, m.subject, m.content, m.attachments, m.facts, m.author, CAST(m.attempts AS TEXT), CAST(m.created_at AS TEXT), COALESCE(CAST(m.give_up_at AS TEXT), '')`

// details are the values of [detailColumns].
type details [20]string

func (d *details) places() (out []any) {
	for i := range d {
		out = append(out, &d[i])
	}
	return out
}

func (d *details) sum() string { return hex.EncodeToString(sum(detailsDomain, d[:]...)) }

// describe adds to each entry what else is stored of its notice, as hashes.
func describe(ctx context.Context, q sqldb.Querier, entries []Entry) error {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.Notice
	}
	found, err := describeAll(ctx, q, ids)
	if err != nil {
		return err
	}
	tries, err := triesOf(ctx, q, ids)
	if err != nil {
		return err
	}
	for i := range entries {
		entries[i].Details, entries[i].Tries = found[entries[i].Notice], tries[entries[i].Notice]
	}
	return nil
}

func describeAll(ctx context.Context, q sqldb.Querier, ids []string) (map[string]string, error) {
	out := make(map[string]string, len(ids))
	for row := range sqldb.Rows(ctx, q, "SELECT m.id, "+detailColumns+" FROM messages m WHERE m.id "+q.Dialect().In(1), q.Dialect().List(ids)) {
		var id string
		var d details
		if err := row.Scan(append([]any{&id}, d.places()...)...); err != nil {
			return nil, fmt.Errorf("evidence: %w", err)
		}
		out[id] = d.sum()
	}
	return out, nil
}

// triesOf are hashes over the tries of notices, by notice; one that was never tried has none.
func triesOf(ctx context.Context, q sqldb.Querier, ids []string) (map[string]string, error) {
	parts := map[string][]string{}
	for row := range sqldb.Rows(ctx, q, "SELECT message_id, n, at, outcome, code, reply, relay, tls FROM message_attempts WHERE message_id "+q.Dialect().In(1)+" ORDER BY message_id, n", q.Dialect().List(ids)) {
		var id, outcome, reply, relay, tls string
		var n, at, code int64
		if err := row.Scan(&id, &n, &at, &outcome, &code, &reply, &relay, &tls); err != nil {
			return nil, fmt.Errorf("evidence: tries: %w", err)
		}
		parts[id] = append(parts[id], strconv.FormatInt(n, 10), strconv.FormatInt(at, 10), outcome, strconv.FormatInt(code, 10), reply, relay, tls)
	}
	out := make(map[string]string, len(parts))
	for id, p := range parts {
		out[id] = hex.EncodeToString(sum(triesDomain, p...))
	}
	return out, nil
}

// Post is the hash of what was noted about another channel, as it is stored.
func Post(broadcast, channel, on, note, actor string, at int64) string {
	return hex.EncodeToString(sum(postDomain, broadcast, channel, on, note, actor, strconv.FormatInt(at, 10)))
}
