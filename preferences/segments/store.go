package segments

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/ranges"
	"assent/preferences/sqldb"
)

// ErrNotFound is a key that no segment has.
var ErrNotFound = problem.NotFound("segment")

// Segment is a saved rule.
type Segment struct {
	Key       string          `json:"key"`
	Name      string          `json:"name"`
	Rules     json.RawMessage `json:"rules"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
}

// Store keeps segments.
type Store struct {
	DB  *sqldb.DB
	Now func() time.Time
}

const columns = "key, name, rules, created_at, updated_at"

func scan(row sqldb.Scanner) (Segment, error) {
	var s Segment
	var rules string
	var created, updated int64
	err := row.Scan(&s.Key, &s.Name, &rules, &created, &updated)
	s.Rules, s.CreatedAt, s.UpdatedAt = json.RawMessage(rules), sqldb.Time(created), sqldb.Time(updated)
	return s, err
}

// Get reads the segment of a key.
func Get(ctx context.Context, q sqldb.Querier, key string) (Segment, error) {
	return get(ctx, q, key, "")
}

func get(ctx context.Context, q sqldb.Querier, key, lock string) (Segment, error) {
	if !names.IsKey(key) {
		return Segment{}, ErrNotFound
	}
	s, err := scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM segments WHERE key = $1"+lock, key))
	if errors.Is(err, sql.ErrNoRows) {
		return Segment{}, ErrNotFound
	}
	if err != nil {
		return Segment{}, fmt.Errorf("segments: get %s: %w", key, err)
	}
	return s, nil
}

// Load reads and compiles the rule of a key.
func Load(ctx context.Context, q sqldb.Querier, key string) (Compiled, error) {
	s, err := Get(ctx, q, key)
	if err != nil {
		return Compiled{}, err
	}
	return Compile(s.Rules)
}

// Count is how many subscribers a rule picks.
func Count(ctx context.Context, q sqldb.Querier, c Compiled, now time.Time) (n int64, err error) {
	where, args := c.Where(1, q.Dialect(), now)
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM subscribers s WHERE "+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("segments: count: %w", err)
	}
	return n, nil
}

// CountOn is Count of the people behind a subscriber id that gives up after a while and tells how far it came; most 0 is no
// limit. It also returns the ids of the first of them, up to sample.
func CountOn(ctx context.Context, q sqldb.Querier, c Compiled, now time.Time, after string, sample int, most time.Duration) (n int64, ids []string, look ranges.Look, err error) {
	where, args := c.Where(3, q.Dialect(), now)
	within := " FROM subscribers s WHERE s.id > $1 AND s.id <= $2 AND (" + where + ")"
	look, err = ranges.Go(ctx, after, most, ranges.Subscribers(q), func(after, upto string) (enough bool, err error) {
		if upto == "" {
			upto = ranges.Last
		}
		bound := append([]any{after, upto}, args...)
		var some int64
		if err := q.QueryRowContext(ctx, "SELECT count(*)"+within, bound...).Scan(&some); err != nil {
			return false, err
		}
		n += some
		if some == 0 || len(ids) >= sample {
			return false, nil
		}
		for row := range sqldb.Rows(ctx, q, "SELECT s.id"+within+" ORDER BY s.id LIMIT "+strconv.Itoa(sample-len(ids)), bound...) {
			var id string
			if err := row.Scan(&id); err != nil {
				return false, err
			}
			ids = append(ids, id)
		}
		return false, nil
	})
	if err != nil {
		return 0, nil, look, fmt.Errorf("segments: count: %w", err)
	}
	return n, ids, look, nil
}

// Matches tells whether a rule picks one subscriber.
func Matches(ctx context.Context, q sqldb.Querier, c Compiled, subscriberID string, now time.Time) (bool, error) {
	where, args := c.Where(2, q.Dialect(), now)
	var n int
	err := q.QueryRowContext(ctx, "SELECT count(*) FROM subscribers s WHERE s.id = $1 AND "+where, append([]any{subscriberID}, args...)...).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("segments: match: %w", err)
	}
	return n > 0, nil
}

// List reads up to limit segments whose key is after the given one, by key.
func (s *Store) List(ctx context.Context, after string, limit int) ([]Segment, error) {
	list, err := sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM segments WHERE key > $1 ORDER BY key LIMIT $2", after, limit)
	if err != nil {
		return nil, fmt.Errorf("segments: list: %w", err)
	}
	return list, nil
}

// Create saves a rule under a key. A key that is taken is a conflict.
func (s *Store) Create(ctx context.Context, actor audit.Actor, key, name string, rules json.RawMessage) (Segment, error) {
	segment := Segment{Key: key, Name: name, Rules: rules, CreatedAt: s.Now()}
	segment.UpdatedAt = segment.CreatedAt
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := segment.check(ctx, tx); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, "INSERT INTO segments (id, key, name, rules, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING",
			sqldb.NewID(), key, name, string(rules), sqldb.Micros(segment.CreatedAt), sqldb.Micros(segment.UpdatedAt))
		if err != nil {
			return fmt.Errorf("segments: create %s: %w", key, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return problem.Conflict("A segment with the key " + key + " is there already; change it with PATCH /segments/" + key + ".")
		}
		return audit.Record(ctx, tx, segment.CreatedAt, actor, "segment.create", audit.Object("segment", key), nil, segment)
	})
	return segment, err
}

// Update changes the segment of key: change gets it as it is. Campaigns that use it follow.
func (s *Store) Update(ctx context.Context, actor audit.Actor, key string, change func(*Segment)) (Segment, error) {
	var after Segment
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := get(ctx, tx, key, tx.Dialect().ForUpdate())
		if err != nil {
			return err
		}
		after = before
		change(&after)
		after.Key, after.CreatedAt, after.UpdatedAt = before.Key, before.CreatedAt, s.Now()
		if err := after.check(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE segments SET name = $1, rules = $2, updated_at = $3 WHERE key = $4",
			after.Name, string(after.Rules), sqldb.Micros(after.UpdatedAt), key); err != nil {
			return fmt.Errorf("segments: update %s: %w", key, err)
		}
		return audit.Record(ctx, tx, after.UpdatedAt, actor, "segment.update", audit.Object("segment", key), before, after)
	})
	return after, err
}

// Delete removes a segment. It is a conflict while a campaign or a mandatory notice that may still send uses it.
func (s *Store) Delete(ctx context.Context, actor audit.Actor, key string) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := get(ctx, tx, key, tx.Dialect().ForUpdate())
		if err != nil {
			return err
		}
		used, err := usedBy(ctx, tx, key, s.Now())
		if err != nil {
			return err
		}
		if len(used) > 0 {
			return problem.Conflict("The segment is used by " + strings.Join(used, ", ") + "; take it out there first.")
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM segments WHERE key = $1", key); err != nil {
			return fmt.Errorf("segments: delete %s: %w", key, err)
		}
		return audit.Record(ctx, tx, s.Now(), actor, "segment.delete", audit.Object("segment", key), before, nil)
	})
}

// usedBy names the campaigns and mandatory notices that are not over and use the segment of key.
func usedBy(ctx context.Context, tx *sqldb.Tx, key string, now time.Time) ([]string, error) {
	used, err := campaignsWith(ctx, tx, key)
	if err != nil {
		return nil, err
	}
	// A broadcast that is finished looks for people who join the segment until what it announces takes effect.
	for row := range sqldb.Rows(ctx, tx, `SELECT subject FROM notice_broadcasts WHERE segment_key = $1
		AND (status IN ('in_review', 'scheduled', 'sending') OR (status = 'finished' AND effective_at > $2)) ORDER BY id`, key, sqldb.Micros(now)) {
		var subject string
		if err := row.Scan(&subject); err != nil {
			return nil, fmt.Errorf("segments: use of %s: %w", key, err)
		}
		used = append(used, "the notice “"+subject+"”")
	}
	return used, nil
}

func campaignsWith(ctx context.Context, tx *sqldb.Tx, key string) ([]string, error) {
	var used []string
	for row := range sqldb.Rows(ctx, tx, "SELECT name, COALESCE(segment_key, ''), exclude_segments FROM campaigns WHERE status NOT IN ('finished', 'cancelled') ORDER BY id") {
		var name, include, exclude string
		var excluded []string
		if err := row.Scan(&name, &include, &exclude); err != nil {
			return nil, fmt.Errorf("segments: use of %s: %w", key, err)
		}
		if err := json.Unmarshal([]byte(exclude), &excluded); err != nil {
			return nil, fmt.Errorf("segments: use of %s: %w", key, err)
		}
		for _, other := range append(excluded, include) {
			if other == key {
				used = append(used, "the campaign “"+name+"”")
				break
			}
		}
	}
	return used, nil
}

// check returns everything that is wrong with the segment. Topics and campaigns that it names must exist, so that a slip
// of the pen does not pick nobody in silence.
func (s *Segment) check(ctx context.Context, q sqldb.Querier) error {
	var c problem.Collector
	names.CheckKey(&c, "key", s.Key)
	names.CheckLine(&c, "name", s.Name)
	compiled, err := Compile(s.Rules)
	if p, ok := problem.As(err); ok {
		for _, f := range p.Fields {
			c.Add(f.Field, "%s", f.Detail)
		}
	} else if err != nil {
		return err
	} else if err := compiled.known(ctx, q, &c); err != nil {
		return err
	}
	return c.Err()
}

// known notes the topics and campaigns that the rule names and nobody has made.
func (c Compiled) known(ctx context.Context, q sqldb.Querier, faults *problem.Collector) error {
	for _, of := range []struct {
		query, what string
		references  []reference
	}{
		{"SELECT count(*) FROM topics WHERE key = $1", "topic", c.topics},
		{"SELECT count(*) FROM campaigns WHERE id = $1", "campaign", c.campaigns},
	} {
		for _, r := range of.references {
			var n int
			if err := q.QueryRowContext(ctx, of.query, r.key).Scan(&n); err != nil {
				return fmt.Errorf("segments: look up %s: %w", of.what, err)
			}
			if n == 0 {
				faults.Add(r.path, "there is no %s %q", of.what, clip(r.key))
			}
		}
	}
	return nil
}
