package broadcasts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"assent/campaigns/outbox"
	"assent/preferences/sqldb"
)

// The outcomes of a person whom a broadcast addresses. Each has exactly one.
const (
	Accepted = "accepted" // the relay took the mail
	Pending  = "pending"  // it waits, or is tried again
	Bounced  = "bounced"  // the relay, or the mailbox later, refused it for good
	Unserved = "unserved" // it cannot be delivered by mail
)

// Outcomes are all of them.
var Outcomes = []string{Accepted, Pending, Bounced, Unserved}

// statuses are those of messages that make an outcome.
var statuses = map[string][]string{
	Accepted: {outbox.StatusSent}, Pending: {outbox.StatusQueued, outbox.StatusSending, outbox.StatusDeferred}, Bounced: {outbox.StatusBounced},
	Unserved: {outbox.StatusUnserved, outbox.StatusCancelled},
}

func outcome(status string) string {
	for name, list := range statuses {
		for _, one := range list {
			if one == status {
				return name
			}
		}
	}
	return Pending
}

// tally is how many messages have each status.
type tally map[string]int64

func counts(ctx context.Context, q sqldb.Querier, id string) (tally, error) {
	t := tally{}
	for row := range sqldb.Rows(ctx, q, "SELECT status, count(*) FROM messages WHERE broadcast_id = $1 GROUP BY status", id) {
		var status string
		var n int64
		if err := row.Scan(&status, &n); err != nil {
			return nil, fmt.Errorf("broadcasts: count: %w", err)
		}
		t[status] = n
	}
	return t, nil
}

func (t tally) all() (n int64) {
	for _, one := range t {
		n += one
	}
	return n
}

// settled is how many the relay took or refused for good.
func (t tally) settled() int64 { return t[outbox.StatusSent] + t[outbox.StatusBounced] }

// Coverage is how a broadcast stands. Accepted, pending, bounced and unserved add up to addressed at every moment, and so do
// in_time, late, joined_late, not_reached and pending.
type Coverage struct {
	Status      string     `json:"status"`
	Addressed   int64      `json:"addressed"`
	Accepted    int64      `json:"accepted"`
	Pending     int64      `json:"pending"`
	Bounced     int64      `json:"bounced"`
	Unserved    int64      `json:"unserved"`
	Served      int64      `json:"served"`        // of the bounced and unserved, reached through another channel
	Joined      int64      `json:"joined"`        // of those addressed, who came after the audience was read
	InTime      int64      `json:"in_time"`       // reached, by mail or otherwise, with the whole lead time before the change
	Late        int64      `json:"late"`          // reached with less, though they were of the audience from its beginning
	JoinedLate  int64      `json:"joined_late"`   // reached with less because they joined when less was left
	NotReached  int64      `json:"not_reached"`   // bounced or unserved, and not served otherwise: the work list
	LeadTimeMet bool       `json:"lead_time_met"` // nobody is pending or late, and somebody was reached
	LeadTime    Lead       `json:"lead_time"`
	EffectiveAt time.Time  `json:"effective_at"`
	AcceptBy    time.Time  `json:"accept_by"`
	LastAt      *time.Time `json:"last_accepted_at,omitempty"`
	Earliest    *time.Time `json:"may_take_effect_at,omitempty"` // when the lead time of everybody of the audience whom mail reached is over
}

// Coverage counts the outcomes. People of the audience who have no message yet are pending.
//
// The lead time is counted for each person from the acceptance of their mail, or from the end of the day on which another
// channel reached them. Who was not reached has none that could be met: they are a list of work, told as not_reached, and
// hold neither lead_time_met nor the change back, or one dead address would for ever. Who joined after the audience was read
// came when the change was announced already: joined_late tells how many had less than the lead time.
func (s *Service) Coverage(ctx context.Context, b *Broadcast) (Coverage, error) {
	out := Coverage{Status: b.Status, LeadTime: b.Lead, EffectiveAt: b.EffectiveAt, AcceptBy: b.latest()}
	c, err := counts(ctx, s.DB, b.ID)
	if err != nil {
		return out, err
	}
	for status, n := range c {
		switch outcome(status) {
		case Accepted:
			out.Accepted += n
		case Bounced:
			out.Bounced += n
		case Unserved:
			out.Unserved += n
		default:
			out.Pending += n
		}
	}
	if b.waits() {
		left, err := b.count(ctx, s.DB, s.now())
		if err != nil {
			return out, err
		}
		out.Pending += left
	}
	out.Addressed = out.Accepted + out.Pending + out.Bounced + out.Unserved
	return out, s.timeliness(ctx, b, &out)
}

// waits tells whether people of the audience have no message yet but will.
func (b *Broadcast) waits() bool {
	return b.plannedAt.IsZero() && (b.Status == Scheduled || b.Status == Sending || b.Status == Cancelled && !b.StartedAt.IsZero())
}

// timeliness counts who was reached in time. The acceptance of a mail counts unless it came back; what another channel did
// counts where mail did not reach.
func (s *Service) timeliness(ctx context.Context, b *Broadcast, out *Coverage) error {
	planned, latest, day := int64(math.MaxInt64), int64(math.MaxInt64), "9999-12-31"
	if !b.plannedAt.IsZero() {
		planned = sqldb.Micros(b.plannedAt)
	}
	if !b.Lead.Zero() {
		latest, day = sqldb.Micros(b.latest()), b.lastDay()
	}
	if !b.plannedAt.IsZero() {
		out.Joined = max(0, out.Addressed-b.Total)
	}
	last, err := lastAcceptance(ctx, s.DB, b.ID, planned)
	if err != nil {
		return err
	}
	var late, servedLate, servedLateOf int64
	if err := s.DB.QueryRowContext(ctx, lateQuery, planned, b.ID, latest).Scan(&late, &out.Late); err != nil {
		return fmt.Errorf("broadcasts: coverage: %w", err)
	}
	if err := s.DB.QueryRowContext(ctx, servedQuery, day, planned, b.ID).Scan(&out.Served, &servedLate, &servedLateOf); err != nil {
		return fmt.Errorf("broadcasts: coverage: %w", err)
	}
	late, out.Late = late+servedLate, out.Late+servedLateOf
	out.JoinedLate = late - out.Late
	out.NotReached = out.Bounced + out.Unserved - out.Served
	out.InTime = out.Addressed - out.Pending - out.NotReached - late
	if !last.IsZero() {
		out.LastAt = &last
	}
	if b.StartedAt.IsZero() || b.Status == Cancelled || out.Pending > 0 && b.reachedAt.IsZero() {
		return nil
	}
	earliest := b.earliest(last)
	out.Earliest = &earliest
	out.LeadTimeMet = out.Late == 0 && (out.Accepted+out.Served > 0 || out.Addressed == 0)
	return nil
}

// None of these reads more of a broadcast than it counts.
const (
	lastQuery = "SELECT sent_at FROM messages WHERE broadcast_id = $1 AND status = 'sent' AND created_at <= $2 ORDER BY sent_at DESC LIMIT 1"
	// lateQuery counts the mails that were accepted after $3, and those of them to people who were there at $1.
	lateQuery = "SELECT count(*), count(*) FILTER (WHERE created_at <= $1) FROM messages WHERE broadcast_id = $2 AND status = 'sent' AND sent_at > $3"
	// servedQuery counts those whom only another channel reached, those of them after the day $1, and of these who was there at $2.
	servedQuery = `SELECT count(*), count(*) FILTER (WHERE v.served_on > $1), count(*) FILTER (WHERE v.served_on > $1 AND m.created_at <= $2)
		FROM notice_served v JOIN messages m ON m.id = v.message_id WHERE v.broadcast_id = $3 AND m.status <> 'sent'`
)

// lastAcceptance is the last one among those who were there at an instant, the zero time when there is none.
func lastAcceptance(ctx context.Context, q sqldb.Querier, id string, planned int64) (time.Time, error) {
	var last sql.NullInt64
	err := q.QueryRowContext(ctx, lastQuery, id, planned).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("broadcasts: last acceptance: %w", err)
	}
	return sqldb.NullTime(last), nil
}

// earliest is when what was announced may take effect, given the last acceptance.
func (b *Broadcast) earliest(last time.Time) time.Time {
	if last.IsZero() || b.Lead.Zero() {
		return b.EffectiveAt
	}
	if at := b.after(last); at.After(b.EffectiveAt) {
		return at
	}
	return b.EffectiveAt
}

// setReached writes down the last acceptance among the people of the audience; the beginning, when there is none.
func (b *Broadcast) setReached(ctx context.Context, q sqldb.Querier) (err error) {
	if b.reachedAt, err = lastAcceptance(ctx, q, b.ID, sqldb.Micros(b.plannedAt)); b.reachedAt.IsZero() {
		b.reachedAt = b.StartedAt
	}
	return err
}
