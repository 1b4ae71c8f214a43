package processing

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
)

// Taken counts what was taken away, or would be.
type Taken struct {
	At          time.Time `json:"at"`
	Unconfirmed int       `json:"unconfirmed"`
	Inactive    int       `json:"inactive"`
	Minors      int       `json:"minors"`
	Deliveries  int       `json:"deliveries"`
	Answers     int       `json:"answers"`
	Requests    int       `json:"requests"`
	Audit       int       `json:"audit"`
}

// batch is how many people or rows are looked at together; between batches others may write.
const (
	batch = 500
	pause = 50 * time.Millisecond
	daily = 24 * time.Hour
)

// people is who a rule takes away. The query finds them after a cursor, $1, with the instant before which they count, $2; the
// condition alone is asked again, of one person $1, when they are removed.
type people struct {
	why, where string
	remember   bool
}

// A person is unconfirmed when all they ever chose waits for a confirmation.
var unconfirmed = people{why: "retention: never confirmed", where: `s.customer_since IS NULL AND s.external_id IS NULL AND s.restricted_at IS NULL AND s.created_at < $2
	AND EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = s.id)
	AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = s.id AND (c.state <> 'pending' OR c.since >= $2))
	AND NOT EXISTS (SELECT 1 FROM partner_objections o WHERE o.subscriber_id = s.id)
	AND NOT EXISTS (SELECT 1 FROM event_registrations r WHERE r.subscriber_id = s.id)
	AND NOT EXISTS (SELECT 1 FROM form_responses f WHERE f.subscriber_id = s.id AND (f.created_at >= $2 OR f.handled_at IS NULL))
	AND NOT EXISTS (SELECT 1 FROM data_requests q WHERE q.subscriber_id = s.id AND q.closed_at IS NULL)
	AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.subscriber_id = s.id AND m.class = 'notice')`}

// A person is inactive when nothing is on, and neither they nor the product did anything for so long. Whom the product knows
// by an id of its own it takes away itself.
var inactive = people{why: "retention: inactive", remember: true, where: `s.customer_since IS NULL AND s.external_id IS NULL AND s.restricted_at IS NULL AND s.created_at < $2 AND s.updated_at < $2
	AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = s.id AND (c.state = 'given' OR c.since >= $2))
	AND NOT EXISTS (SELECT 1 FROM partner_objections o WHERE o.subscriber_id = s.id AND o.at >= $2)
	AND NOT EXISTS (SELECT 1 FROM event_registrations r WHERE r.subscriber_id = s.id AND r.queued_at >= $2)
	AND NOT EXISTS (SELECT 1 FROM form_responses f WHERE f.subscriber_id = s.id AND (f.created_at >= $2 OR f.handled_at IS NULL))
	AND NOT EXISTS (SELECT 1 FROM data_requests q WHERE q.subscriber_id = s.id AND (q.closed_at IS NULL OR q.closed_at >= $2))
	AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.subscriber_id = s.id AND m.created_at >= $2)`}

// Counts tells what the rules would take away now.
func (s *Service) Counts(ctx context.Context, rules Rules) (t Taken, err error) {
	now := s.now()
	t.At = now
	count := func(n *int, days int, query string) error {
		if days == 0 {
			return nil
		}
		return s.DB.QueryRowContext(ctx, query, before(now, days)).Scan(n)
	}
	for _, c := range []struct {
		n     *int
		days  int
		query string
	}{
		{&t.Deliveries, rules.Deliveries, "SELECT coalesce(sum(t.n), 0) FROM tallies t JOIN campaigns c ON c.id = t.campaign_id WHERE c.finished_at < $1 AND t.outcome IN ('sent', 'skipped', 'failed', 'uncertain') AND " + standing},
		{&t.Answers, rules.Answers, "SELECT count(*) FROM messages WHERE class = 'service' AND status IN ('sent', 'bounced', 'unserved') AND created_at < $1"},
		{&t.Requests, rules.Requests, "SELECT count(*) FROM data_requests WHERE closed_at < $1"},
		{&t.Audit, rules.Audit, "SELECT count(*) FROM audit_log WHERE at < $1"},
	} {
		if err := count(c.n, c.days, c.query); err != nil {
			return t, fmt.Errorf("processing: count: %w", err)
		}
	}
	for _, c := range []struct {
		n    *int
		days int
		who  people
	}{{&t.Unconfirmed, rules.Unconfirmed, unconfirmed}, {&t.Inactive, rules.Inactive, inactive}} {
		if c.days == 0 {
			continue
		}
		// $1 comes first in every query: what pgx is told of types, it is told in that order
		if err := s.DB.QueryRowContext(ctx, "SELECT count(*) FROM subscribers s WHERE s.id > $1 AND "+c.who.where, "", before(now, c.days)).Scan(c.n); err != nil {
			return t, fmt.Errorf("processing: count: %w", err)
		}
	}
	if rules.Minors {
		err = s.minors(ctx, func(string) error { t.Minors++; return nil })
	}
	return t, err
}

// standing tells of a campaign c that rows about single people are still there.
const standing = "EXISTS (SELECT 1 FROM deliveries d WHERE d.campaign_id = c.id)"

func before(now time.Time, days int) int64 { return sqldb.Micros(now.AddDate(0, 0, -days)) }

// Apply takes away what is kept no longer, once a day. It may be called more often.
func (s *Service) Apply(ctx context.Context) error {
	last, err := s.LastRun(ctx)
	if err != nil || s.now().Sub(last.At) < daily && !last.At.After(s.now()) {
		return err
	}
	rules, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	t := Taken{At: s.now()}
	for _, rule := range []func() error{
		func() error { return s.retire(ctx, &t.Unconfirmed, rules.Unconfirmed, unconfirmed) },
		func() error { return s.retire(ctx, &t.Inactive, rules.Inactive, inactive) },
		func() error { return s.retireMinors(ctx, &t.Minors, rules.Minors) },
		func() error { return s.forgetDeliveries(ctx, &t.Deliveries, rules.Deliveries) },
		func() error { return s.forgetAnswers(ctx, &t.Answers, rules.Answers) },
		func() error {
			return s.trim(ctx, &t.Requests, rules.Requests, "DELETE FROM data_requests WHERE id IN (SELECT id FROM data_requests WHERE closed_at < $1 LIMIT $2)")
		},
		func() error {
			return s.trim(ctx, &t.Audit, rules.Audit, "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE at < $1 ORDER BY at LIMIT $2)")
		},
	} {
		if err := rule(); err != nil {
			return err
		}
	}
	action := ""
	if t != (Taken{At: t.At}) {
		action = "retention.run"
	}
	return s.store(ctx, audit.System("retention"), runKey, action, nil, t)
}

// LastRun tells what the last run took away; its time is zero when there was none.
func (s *Service) LastRun(ctx context.Context) (t Taken, err error) {
	return t, s.load(ctx, runKey, &t)
}

func (s *Service) retire(ctx context.Context, n *int, days int, who people) error {
	if days == 0 {
		return nil
	}
	cut := before(s.now(), days)
	for cursor := ""; ; {
		ids, err := s.ids(ctx, "SELECT s.id FROM subscribers s WHERE s.id > $1 AND "+who.where+fmt.Sprintf(" ORDER BY s.id LIMIT %d", batch), cursor, cut)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			done, err := s.People.Retire(ctx, audit.System("retention"), id, who.why, who.remember, func(ctx context.Context, tx *sqldb.Tx) (still bool, err error) {
				var count int
				err = tx.QueryRowContext(ctx, "SELECT count(*) FROM subscribers s WHERE s.id = $1 AND "+who.where, id, cut).Scan(&count)
				return count == 1, err
			})
			if err != nil {
				return err
			}
			if done {
				*n++
			}
		}
		cursor = ids[len(ids)-1]
		time.Sleep(pause)
	}
}

func (s *Service) ids(ctx context.Context, query string, args ...any) (ids []string, err error) {
	ids, err = sqldb.Values[string](ctx, s.DB, query, args...)
	if err != nil {
		return nil, fmt.Errorf("processing: %w", err)
	}
	return ids, nil
}

// minors calls each with everybody who is too young and no customer. The oldest age of consent bounds what is read.
func (s *Service) minors(ctx context.Context, each func(id string) error) error {
	now := s.now()
	bound := now.AddDate(-gate.ConsentAge(""), 0, -1).Format(time.DateOnly)
	for cursor := ""; ; {
		var young []string
		n := 0
		for row := range sqldb.Rows(ctx, s.DB, "SELECT id, birth_date, country FROM subscribers WHERE id > $1 AND birth_date > $2 AND customer_since IS NULL ORDER BY id LIMIT $3", cursor, bound, batch) {
			var birth, country string
			if err := row.Scan(&cursor, &birth, &country); err != nil {
				return fmt.Errorf("processing: minors: %w", err)
			}
			if n++; gate.Minor(birth, country, now) == gate.Yes {
				young = append(young, cursor)
			}
		}
		for _, id := range young {
			if err := each(id); err != nil {
				return err
			}
		}
		if n < batch {
			return nil
		}
	}
}

func (s *Service) retireMinors(ctx context.Context, n *int, on bool) error {
	if !on {
		return nil
	}
	return s.minors(ctx, func(id string) error {
		done, err := s.People.Retire(ctx, audit.System("retention"), id, "retention: below the age of consent", false, func(ctx context.Context, tx *sqldb.Tx) (bool, error) {
			sub, err := s.People.Subscriber(ctx, tx, id)
			return err == nil && sub.CustomerSince.IsZero() && gate.Minor(sub.BirthDate, sub.Country, s.now()) == gate.Yes, err
		})
		if done {
			*n++
		}
		return err
	})
}

// forgetDeliveries goes campaign by campaign, so that each query follows the index that begins with it.
func (s *Service) forgetDeliveries(ctx context.Context, n *int, days int) error {
	if days == 0 {
		return nil
	}
	campaigns, err := s.ids(ctx, "SELECT c.id FROM campaigns c WHERE c.finished_at < $1 AND "+standing, before(s.now(), days))
	if err != nil {
		return err
	}
	for _, id := range campaigns {
		if err := s.chunks(ctx, n, "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE campaign_id = $1 LIMIT $2)", id); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) forgetAnswers(ctx context.Context, n *int, days int) error {
	if days == 0 {
		return nil
	}
	for {
		ids, err := s.ids(ctx, "SELECT id FROM messages WHERE class = 'service' AND status IN ('sent', 'bounced', 'unserved') AND created_at < $1 LIMIT $2", before(s.now(), days), batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			in, list := tx.Dialect().In(1), tx.Dialect().List(ids)
			for _, query := range []string{"DELETE FROM message_bytes WHERE message_id ", "DELETE FROM message_attempts WHERE message_id ", "DELETE FROM messages WHERE id "} {
				if _, err := tx.ExecContext(ctx, query+in, list); err != nil {
					return fmt.Errorf("processing: answers: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		*n += len(ids)
		time.Sleep(pause)
	}
}

func (s *Service) trim(ctx context.Context, n *int, days int, query string) error {
	if days == 0 {
		return nil
	}
	return s.chunks(ctx, n, query, before(s.now(), days))
}

// chunks repeats a deletion of at most $2 rows until it finds no more.
func (s *Service) chunks(ctx context.Context, n *int, query string, arg any) error {
	for {
		res, err := s.DB.ExecContext(ctx, query, arg, batch)
		if err != nil {
			return fmt.Errorf("processing: %w", err)
		}
		gone, err := res.RowsAffected()
		if err != nil || gone == 0 {
			return err
		}
		*n += int(gone)
		time.Sleep(pause)
	}
}
