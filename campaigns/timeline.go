package campaigns

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// Timeline is how often each outcome came in equal stretches of time, one after the other.
type Timeline struct {
	Start  time.Time // of the first stretch
	Step   time.Duration
	N      int // stretches
	Counts map[string][]int64
}

// At is when a stretch begins.
func (t Timeline) At(i int) time.Time { return t.Start.Add(time.Duration(i) * t.Step) }

// maxStretches is how many points a timeline has at most.
const maxStretches = 48

// stretches are the lengths of which the shortest that fits is taken, in minutes.
var stretches = []int64{1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2 * 1440, 7 * 1440, 14 * 1440, 30 * 1440, 60 * 1440}

// Timeline reads when these outcomes of campaigns came, from an instant on, which may be zero. Days begin at midnight in zone.
func (s *Service) Timeline(ctx context.Context, ids []string, from time.Time, zone *time.Location, outcomes ...string) (Timeline, error) {
	t := Timeline{Counts: map[string][]int64{}}
	d := s.DB.Dialect()
	var after int64
	if !from.IsZero() {
		after = from.Unix() / 60
	}
	var first, last sql.NullInt64
	err := s.DB.QueryRowContext(ctx, "SELECT min(minute), max(minute) FROM tally_minutes WHERE campaign_id "+d.In(1)+" AND outcome "+d.In(2)+" AND minute >= $3", d.List(ids), d.List(outcomes), after).Scan(&first, &last)
	if err != nil {
		return t, fmt.Errorf("campaigns: timeline: %w", err)
	}
	if !first.Valid {
		return t, nil
	}
	_, seconds := sqldb.Time(first.Int64 * 60e6).In(zone).Zone()
	shift := int64(seconds / 60)
	step := stretches[len(stretches)-1]
	for _, minutes := range stretches {
		if (last.Int64+shift)/minutes-(first.Int64+shift)/minutes < maxStretches {
			step = minutes
			break
		}
	}
	begin := (first.Int64 + shift) / step
	t.Step, t.Start = time.Duration(step)*time.Minute, time.Unix((begin*step-shift)*60, 0).UTC()
	t.N = int((last.Int64+shift)/step-begin) + 1
	for _, o := range outcomes {
		t.Counts[o] = make([]int64, t.N)
	}
	for row := range sqldb.Rows(ctx, s.DB, "SELECT (minute + $1) / $2, outcome, CAST(sum(n) AS BIGINT) FROM tally_minutes WHERE campaign_id "+d.In(3)+" AND outcome "+d.In(4)+" AND minute >= $5 GROUP BY 1, 2",
		shift, step, d.List(ids), d.List(outcomes), after) {
		var at, n int64
		var outcome string
		if err := row.Scan(&at, &outcome, &n); err != nil {
			return t, fmt.Errorf("campaigns: timeline: %w", err)
		}
		if i := at - begin; i >= 0 && i < int64(t.N) { // else it came after the first query
			t.Counts[outcome][i] += n
		}
	}
	return t, nil
}

// Past chooses campaigns that have begun.
type Past struct {
	TopicID      string // empty: any
	Brand        string // key of the brand that it spoke for; empty: any
	From, Before time.Time
	Limit        int
}

// Past lists campaigns that have begun, the latest first.
func (s *Service) Past(ctx context.Context, p Past) ([]*Campaign, error) {
	before := int64(1<<62 - 1)
	if !p.Before.IsZero() {
		before = sqldb.Micros(p.Before)
	}
	var from int64
	if !p.From.IsZero() {
		from = sqldb.Micros(p.From)
	}
	return s.query(ctx, `SELECT `+columns+` FROM campaigns WHERE id IN (SELECT c.id FROM campaigns c JOIN topics t ON t.id = c.topic_id
		WHERE c.started_at >= $1 AND c.started_at < $2 AND ($3 = '' OR c.topic_id = $3) AND ($4 = '' OR coalesce(nullif(c.brand_key, ''), nullif(t.brand_key, ''), 'default') = $4)
		ORDER BY c.started_at DESC LIMIT $5) ORDER BY started_at DESC, id DESC`, from, before, p.TopicID, p.Brand, p.Limit)
}

// BrandOf is the key of the brand that a campaign speaks for.
func (s *Service) BrandOf(ctx context.Context, c *Campaign) (string, error) {
	b, err := s.brand(ctx, s.DB, c)
	return b.Key, err
}
