package campaigns

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/ranges"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
)

// audience is the condition, over the alias s, that makes somebody a part of the campaign's audience, with its arguments bound
// from placeholder first on; empty when it is everybody.
func (s *Service) audience(ctx context.Context, q sqldb.Querier, c *Campaign, first int, now time.Time) (where string, args []any, err error) {
	add := func(key, not string) error {
		compiled, err := segments.Load(ctx, q, key)
		if err != nil {
			return fmt.Errorf("campaigns: segment %s: %w", key, err)
		}
		part, more := compiled.Where(first+len(args), q.Dialect(), now)
		if where != "" {
			where += " AND "
		}
		where += not + "(" + part + ")"
		args = append(args, more...)
		return nil
	}
	if c.Segment != "" {
		if err := add(c.Segment, ""); err != nil {
			return "", nil, err
		}
	}
	for _, key := range c.ExcludeSegments {
		if err := add(key, "NOT "); err != nil {
			return "", nil, err
		}
	}
	return where, args, nil
}

// count is how many people are in the campaign's audience now.
func (s *Service) count(ctx context.Context, q sqldb.Querier, c *Campaign) (int64, error) {
	return s.countIn(ctx, q, c, slice{})
}

// countIn is how many of them there are in a slice, to the last one where it has no end.
func (s *Service) countIn(ctx context.Context, q sqldb.Querier, c *Campaign, sl slice) (n int64, err error) {
	where, args, err := s.audience(ctx, q, c, 3, s.now())
	if err != nil {
		return 0, err
	}
	query := "SELECT count(*) FROM subscribers s WHERE s.id > $1 AND ($2 = '' OR s.id <= $2)"
	if where != "" {
		query += " AND (" + where + ")"
	}
	if err := q.QueryRowContext(ctx, query, append([]any{sl.after, sl.upto}, args...)...).Scan(&n); err != nil {
		return 0, fmt.Errorf("campaigns: audience: %w", err)
	}
	return n, nil
}

// Explanation tells before a campaign is sent who would get it now, and why the others would not.
type Explanation struct {
	Total    int64            `json:"total"`
	Allowed  int64            `json:"allowed"`
	ByReason map[string]int64 `json:"by_reason"`
}

// explainRange is how many people an explanation reads at a time, so that its memory does not grow with the audience.
const explainRange = 2000

// Explain asks the gate about everybody in the audience, as if the campaign were sent at once.
func (s *Service) Explain(ctx context.Context, c *Campaign) (Explanation, error) {
	var out Explanation
	_, err := s.ExplainOn(ctx, c, &out, "", 0)
	return out, err
}

// ExplainOn adds to an explanation what the gate says of the people behind a subscriber id, gives up after a while and tells how
// far it came; most 0 is no limit.
func (s *Service) ExplainOn(ctx context.Context, c *Campaign, e *Explanation, after string, most time.Duration) (ranges.Look, error) {
	if e.ByReason == nil {
		e.ByReason = map[string]int64{}
	}
	return s.eachDecision(ctx, c, after, most, func(_ *preferences.Candidate, d gate.Decision) bool {
		e.Total++
		if d.Allowed() {
			e.Allowed++
		} else {
			e.ByReason[string(d.Reason())]++
		}
		return true
	})
}

// PeopleFor lists people of the audience whom the gate answers about with this reason (gate.ReasonAllowed for those who would
// get it), after a subscriber id. It gives up after a while and tells how far it came; most 0 is no limit.
func (s *Service) PeopleFor(ctx context.Context, c *Campaign, reason gate.Reason, after string, limit int, most time.Duration) (people []*preferences.Subscriber, look ranges.Look, err error) {
	look, err = s.eachDecision(ctx, c, after, most, func(p *preferences.Candidate, d gate.Decision) bool {
		if d.Reason() == reason {
			people = append(people, p.Subscriber)
		}
		return len(people) < limit
	})
	return people, look, err
}

func (s *Service) eachDecision(ctx context.Context, c *Campaign, after string, most time.Duration, each func(*preferences.Candidate, gate.Decision) (more bool)) (look ranges.Look, err error) {
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return look, err
	}
	topic, err := s.People.TopicByID(ctx, s.DB, c.TopicID)
	if err != nil {
		return look, err
	}
	now := s.now()
	rules := preferences.Rules{Now: now, Site: site, Topic: topic}
	if c.ExpiresAfter > 0 {
		rules.Expires = now.Add(c.ExpiresAfter)
	}
	where, args, err := s.audience(ctx, s.DB, c, 6, now)
	if err != nil {
		return look, err
	}
	return ranges.Go(ctx, after, most, ranges.Subscribers(s.DB), func(after, upto string) (enough bool, err error) {
		for {
			people, err := s.People.Candidates(ctx, s.DB, rules, preferences.Range{After: after, Upto: upto, Limit: explainRange, Where: where, Args: args})
			if err != nil {
				return false, err
			}
			for i := range people {
				if !each(&people[i], gate.Decide(people[i].Facts, now)) {
					return true, nil
				}
				after = people[i].ID
			}
			if len(people) < explainRange {
				return false, nil
			}
		}
	})
}

// due is the earliest instant, not before now, at which a mail may go to somebody in this zone, and what holds it back.
func (c *Campaign) due(zone *time.Location, now time.Time) (time.Time, string) {
	due, why := now, ""
	if c.LocalTime != "" {
		if at, err := time.ParseInLocation(localLayout, c.LocalTime, zone); err == nil && at.After(due) {
			due, why = at.UTC(), ReasonLocalTime
		}
	}
	if c.Window != "" {
		if open := c.opens(zone, due); open.After(due) {
			due, why = open, ReasonWindow
		}
	}
	return due, why
}

const localLayout = "2006-01-02T15:04"

// opens is the next instant from at on that lies in the sending window.
func (c *Campaign) opens(zone *time.Location, at time.Time) time.Time {
	from, to, err := parseWindow(c.Window)
	if err != nil || from == to {
		return at
	}
	// Outside the window is to the window what quiet hours are to the rest of the day.
	quiet := gate.Quiet{From: to, To: from}
	if until := quiet.Until(zone, at); !until.IsZero() {
		return until
	}
	return at
}

// parseWindow reads 09:00-17:00 as minutes after midnight.
func parseWindow(text string) (from, to int, err error) {
	q, err := gate.ParseQuiet(text)
	if err != nil {
		return 0, 0, fmt.Errorf("%q is not a stretch of the day such as 09:00-17:00", text)
	}
	return q.From, q.To, nil
}

// parseRate reads how many mails may leave in a time as mails an hour: a number of mails an hour, or 10/s, 600/m, 36000/h.
func parseRate(text string) (perHour int, err error) {
	if text == "" {
		return 0, nil
	}
	number, unit := text, "h"
	if n := len(text); n > 2 && text[n-2] == '/' {
		number, unit = text[:n-2], text[n-1:]
	}
	n, err := strconv.Atoi(number)
	factor := map[string]int{"s": 3600, "m": 60, "h": 1}[unit]
	if err != nil || n < 1 || factor == 0 || n > 100_000_000/factor {
		return 0, fmt.Errorf("%q is not a rate such as 500/h, 100/m or 20/s", text)
	}
	return n * factor, nil
}
