package preferences

import (
	"context"

	"assent/preferences/ledger"
	"assent/preferences/sqldb"
)

// write does what was judged, people first.
func (b *bulk) write(ctx context.Context, taken []*bulkPerson, results []BulkResult) error {
	var fresh [][]any
	for _, p := range taken {
		p.sub.UpdatedAt = b.now
		switch {
		case p.before == nil:
			row, err := b.subscriberRow(p.sub)
			if err != nil {
				return err
			}
			fresh = append(fresh, row)
		case p.touched:
			if err := b.s.saveSubscriber(ctx, b.tx, p.sub); err != nil {
				return err
			}
		}
	}
	made, err := insertMany(ctx, b.tx, `INSERT INTO subscribers (id, email, email_key, external_id, first_name, last_name, company, phone, locale, timezone, country, birth_date,
		customer_since, attributes, source, frequency, created_at, updated_at) VALUES `, " ON CONFLICT (email_key) DO NOTHING", fresh)
	switch {
	case sqldb.IsUnique(err): // an external id: PostgreSQL has given the transaction up
		return ErrBulkAgain
	case err != nil:
		return err
	case made != int64(len(fresh)):
		return ErrBulkAgain
	}
	if _, err := ledger.Append(ctx, b.tx, b.events...); err != nil {
		return err
	}
	if _, err := insertMany(ctx, b.tx, `INSERT INTO consents (subscriber_id, topic_id, state, since, event_id, opt_out_offered, expires_at) VALUES `,
		` ON CONFLICT (subscriber_id, topic_id) DO UPDATE SET state = excluded.state, since = excluded.since, event_id = excluded.event_id,
		opt_out_offered = excluded.opt_out_offered, expires_at = excluded.expires_at`, b.set); err != nil {
		return err
	}
	var stops []Stop
	for _, p := range taken {
		if b.Action != ActionGive && p.before != nil {
			for _, choice := range results[p.row].Choices {
				stops = append(stops, Stop{p.sub.ID, choice.TopicID})
			}
		}
		if err := b.follow(ctx, p, &results[p.row]); err != nil {
			return err
		}
	}
	b.claimed, err = b.s.revoke(ctx, b.tx, b.now, stops...)
	return err
}

// follow asks for the confirmation that is missing.
func (b *bulk) follow(ctx context.Context, p *bulkPerson, r *BulkResult) error {
	if len(p.pending) == 0 {
		return nil
	}
	c := &change{round: b.s.newRound(b.tx, b.now, p.sub.ID), at: p.at, actor: b.Actor, sub: p.sub, evidence: b.Rows[p.row].Evidence, pending: p.pending}
	err := c.confirm(ctx)
	r.Confirms = c.mailed
	return err
}

func (b *bulk) subscriberRow(sub *Subscriber) ([]any, error) {
	attributes, err := attributesText(sub.Attributes)
	return []any{
		sub.ID, sub.Email, sub.EmailKey, sqldb.NullText(sub.ExternalID), sub.FirstName, sub.LastName, sub.Company, sub.Phone, sub.Locale, sub.Timezone, sub.Country, sub.BirthDate,
		sqldb.NullMicros(sub.CustomerSince), attributes, sub.Source, sub.Frequency, sqldb.Micros(sub.CreatedAt), sqldb.Micros(sub.UpdatedAt),
	}, err
}

// insertMany inserts rows of equal width, 50 in a statement, and returns how many there were.
func insertMany(ctx context.Context, tx *sqldb.Tx, head, tail string, rows [][]any) (inserted int64, err error) {
	for len(rows) > 0 {
		n := min(len(rows), 50)
		width := len(rows[0])
		text, args := head, make([]any, 0, n*width)
		for i, row := range rows[:n] {
			if i > 0 {
				text += ","
			}
			text += "(" + placeholders(tx.Dialect(), 1+i*width, width) + ")"
			args = append(args, row...)
		}
		res, err := tx.ExecContext(ctx, text+tail, args...)
		if err != nil {
			return inserted, err
		}
		affected, err := res.RowsAffected()
		if err != nil {
			return inserted, err
		}
		inserted += affected
		rows = rows[n:]
	}
	return inserted, nil
}
