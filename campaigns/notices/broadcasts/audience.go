package broadcasts

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assent/preferences/segments"
	"assent/preferences/sqldb"
)

// audience is the condition, over the alias s, that makes somebody one of those addressed, with its arguments bound from
// placeholder first on.
func (b *Broadcast) audience(ctx context.Context, q sqldb.Querier, first int, now time.Time) (where string, args []any, err error) {
	const customers = "s.customer_since IS NOT NULL"
	switch {
	case b.Contract != "":
		wanted, err := json.Marshal(map[string]string{"attributes.contract": b.Contract})
		if err != nil {
			return "", nil, fmt.Errorf("broadcasts: contract: %w", err)
		}
		rule, err := segments.Compile(wanted)
		if err != nil {
			return "", nil, fmt.Errorf("broadcasts: contract: %w", err)
		}
		where, args = rule.Where(first, q.Dialect(), now)
		return customers + " AND (" + where + ")", args, nil
	case b.Segment == "":
		return customers, nil, nil
	}
	rule, err := segments.Load(ctx, q, b.Segment)
	if err != nil {
		return "", nil, fmt.Errorf("broadcasts: segment %s: %w", b.Segment, err)
	}
	where, args = rule.Where(first, q.Dialect(), now)
	return "(" + where + ")", args, nil
}

// count is how many of the audience are behind the cursor and have no message yet.
func (b *Broadcast) count(ctx context.Context, q sqldb.Querier, now time.Time) (n int64, err error) {
	where, args, err := b.audience(ctx, q, 3, now)
	if err != nil {
		return 0, err
	}
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM subscribers s WHERE s.id > $1 AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.broadcast_id = $2 AND m.subscriber_id = s.id) AND "+where,
		append([]any{b.cursor, b.ID}, args...)...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("broadcasts: audience: %w", err)
	}
	return n, nil
}

// Explanation tells before a broadcast is approved whom it is for now.
type Explanation struct {
	Addressed   int64            `json:"addressed"`
	Deliverable int64            `json:"deliverable"`
	ByReason    map[string]int64 `json:"by_reason"`      // why others cannot be reached by mail
	ByLanguage  map[string]int64 `json:"by_language"`    // the language that they will read it in
	Elsewhere   int64            `json:"other_language"` // people who prefer a language that it is not written in
	Lead        Lead             `json:"lead_time"`
	EffectiveAt time.Time        `json:"effective_at"`
	Latest      time.Time        `json:"accept_by"` // when the last mail must be accepted
}

// Explain counts the audience. Nobody's choice about marketing matters here.
func (s *Service) Explain(ctx context.Context, b *Broadcast) (Explanation, error) {
	out := Explanation{ByReason: map[string]int64{}, ByLanguage: map[string]int64{}, Lead: b.Lead, EffectiveAt: b.EffectiveAt, Latest: b.latest()}
	where, args, err := b.audience(ctx, s.DB, 1, s.now())
	if err != nil {
		return out, err
	}
	texts, err := s.texts(ctx, s.DB, b)
	if err != nil {
		return out, err
	}
	var bounced int64
	for row := range sqldb.Rows(ctx, s.DB, `SELECT s.locale, count(*), count(*) FILTER (WHERE EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.email_key AND x.reason = 'bounced'))
		FROM subscribers s WHERE `+where+" GROUP BY s.locale", args...) {
		var tag string
		var n, gone int64
		if err := row.Scan(&tag, &n, &gone); err != nil {
			return out, fmt.Errorf("broadcasts: audience: %w", err)
		}
		out.Addressed += n
		bounced += gone
		reads := texts.language(tag)
		out.ByLanguage[reads] += n
		if tag != "" && base(tag) != base(reads) {
			out.Elsewhere += n
		}
	}
	if bounced > 0 {
		out.ByReason["address_bounced"] = bounced
	}
	out.Deliverable = out.Addressed - bounced
	return out, nil
}

// latest is the last instant at which an acceptance still leaves the lead time, to the microsecond.
func (b *Broadcast) latest() time.Time { return b.Lead.latest(b.EffectiveAt, b.zone) }

// lastDay is the last day of which that is sure, YYYY-MM-DD: somebody was reached in the course of it, so it counts as its end.
func (b *Broadcast) lastDay() string {
	return b.latest().In(b.zone).AddDate(0, 0, -1).Format(time.DateOnly)
}

// Latest is the last instant at which a mail can be accepted and leave the lead time.
func (b *Broadcast) Latest() time.Time { return b.latest() }

// Bounds of the types of contract that are listed, and of the newest customers among whom they are looked for.
const (
	maxContracts = 100
	sampled      = 20_000
)

// Contracts lists the types of contract that the newest customers have, by name: the attribute contract, where it is a text.
func (s *Service) Contracts(ctx context.Context) (list []string, err error) {
	value := "json_extract(attributes, '$.contract')"
	is := "json_type(attributes, '$.contract') = 'text'"
	if s.DB.Dialect() == sqldb.PostgreSQL {
		value, is = "CAST(attributes AS json) ->> 'contract'", "json_typeof(CAST(attributes AS json) -> 'contract') = 'string'"
	}
	list, err = sqldb.Values[string](ctx, s.DB, "SELECT DISTINCT "+value+" AS contract FROM (SELECT attributes FROM subscribers WHERE customer_since IS NOT NULL ORDER BY id DESC LIMIT $1) s WHERE "+is+" ORDER BY contract LIMIT $2", sampled, maxContracts)
	if err != nil {
		return nil, fmt.Errorf("broadcasts: contracts: %w", err)
	}
	return list, nil
}
