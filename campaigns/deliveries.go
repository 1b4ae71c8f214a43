package campaigns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"assent/preferences/ranges"
	"assent/preferences/sqldb"
)

// The states of a delivery.
const (
	StatusClaimed   = "claimed"
	StatusSent      = "sent"
	StatusDeferred  = "deferred"
	StatusBounced   = "bounced"
	StatusSkipped   = "skipped"
	StatusFailed    = "failed"
	StatusUncertain = "uncertain"
)

// Outcome is what became of one claimed mail.
type Outcome struct {
	ID     string
	Status string // sent, deferred, failed, bounced, uncertain; claimed: it was not begun and may be claimed again
	Reason string
	Reply  string
	DueAt  time.Time // of a deferred one
}

// open tells whether the mail is to be tried again.
func (o Outcome) open() bool { return o.Status == StatusClaimed || o.Status == StatusDeferred }

// ended locks a campaign against [Service.Cancel] and tells whether it still sends, and for which reason it ended if it did.
func ended(ctx context.Context, tx *sqldb.Tx, campaign string, args ...any) (sends bool, reason string, err error) {
	var status string
	err = tx.QueryRowContext(ctx, "SELECT status, status_reason FROM campaigns WHERE id = "+campaign+tx.Dialect().ForShare(), args...).Scan(&status, &reason)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, "", fmt.Errorf("campaigns: ended: %w", err)
	}
	if status != StatusCancelled && status != StatusFinished {
		reason = ""
	}
	return status == StatusSending, reason, nil
}

// Extend asks again, before their MAIL FROM, for claims whose lease ran out: those which nobody revoked meanwhile are
// returned with a new lease, unless their campaign was paused or cancelled. The others must not begin; those that were revoked
// are given back at once, so that whoever waits for them knows.
func (s *Service) Extend(ctx context.Context, worker string, ids []string) (still map[string]bool, lease time.Time, err error) {
	still = map[string]bool{}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		clear(still)
		sends, over, err := ended(ctx, tx, "(SELECT campaign_id FROM deliveries WHERE id = $1)", ids[0])
		if err != nil || over != "" {
			return err // [Service.Complete] tells them that it is over
		}
		lease = time.Now().Add(LeaseTime)
		for row := range sqldb.Rows(ctx, tx, "UPDATE deliveries SET at = $1 WHERE worker = $2 AND status = 'claimed' AND revoked_at IS NULL AND $3 AND id "+tx.Dialect().In(4)+" RETURNING id",
			sqldb.Micros(s.now()), worker, sends, tx.Dialect().List(ids)) {
			var id string
			if err := row.Scan(&id); err != nil {
				return fmt.Errorf("campaigns: extend: %w", err)
			}
			still[id] = true
		}
		if len(still) == len(ids) {
			return nil
		}
		_, err = tx.ExecContext(ctx, "UPDATE deliveries SET status = 'deferred', worker = '', at = $1, due_at = $2 WHERE worker = $3 AND status = 'claimed' AND revoked_at IS NOT NULL AND id "+tx.Dialect().In(4),
			sqldb.Micros(s.now()), sqldb.Micros(s.now()), worker, tx.Dialect().List(ids))
		if err != nil {
			return fmt.Errorf("campaigns: extend: %w", err)
		}
		return nil
	})
	return still, lease, err
}

// Complete stores what became of claimed mails. One that was not begun goes back: it is decided about again, which is how a
// withdrawal that came in between turns into its outcome; if its campaign is over by now, so is it. Only what worker still holds is touched: a mail that it lost when it
// asked again ([Service.Extend]) may be another lane's by now, which must neither lose it nor let it be claimed a second time.
func (s *Service) Complete(ctx context.Context, campaignID, worker string, lane int, outcomes []Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	type line struct {
		ID     string `json:"id"`
		Status string `json:"st"`
		Reason string `json:"r"`
		Reply  string `json:"p"`
		DueAt  int64  `json:"d"`
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now, d, t, over := s.now(), tx.Dialect(), tally{}, ""
		if slices.ContainsFunc(outcomes, Outcome.open) {
			var err error
			if _, over, err = ended(ctx, tx, "$1", campaignID); err != nil {
				return err
			}
		}
		lines := make([]line, 0, len(outcomes))
		for _, o := range outcomes {
			l := line{ID: o.ID, Status: o.Status, Reason: o.Reason, Reply: o.Reply}
			switch {
			case over != "" && o.open():
				l.Status, l.Reason = StatusSkipped, over
			case o.Status == StatusClaimed:
				l.Status, l.DueAt = StatusDeferred, sqldb.Micros(now)
			case !o.DueAt.IsZero():
				l.DueAt = sqldb.Micros(o.DueAt)
			}
			lines = append(lines, l)
		}
		// A revoked one may be that of a person who was erased meanwhile, and the relay's words may quote their address.
		// The comparison is made so that no index fits it: the rows are found by their ids.
		for row := range sqldb.Rows(ctx, tx, `UPDATE deliveries SET at = $1, worker = '', attempts = attempts + 1, status = `+d.Field("st", "TEXT")+`, reason = `+d.Field("r", "TEXT")+
			`, reply = CASE WHEN revoked_at IS NULL THEN `+d.Field("p", "TEXT")+` ELSE '' END, due_at = nullif(`+d.Field("d", "BIGINT")+`, 0) FROM `+d.Rows(2)+` WHERE deliveries.id = `+d.Field("id", "TEXT")+
			` AND deliveries.status || '' = 'claimed' AND deliveries.worker || '' = $3 RETURNING deliveries.status, deliveries.reason`, sqldb.Micros(now), sqldb.JSON(lines), worker) {
			var status, reason string
			if err := row.Scan(&status, &reason); err != nil {
				return fmt.Errorf("campaigns: complete: %w", err)
			}
			switch status {
			case StatusDeferred:
			case StatusBounced: // refused by the relay at once: it never left
				t.add(StatusFailed, reason, 1)
				t.add(StatusBounced, reason, 1)
			default:
				t.add(status, reason, 1)
			}
		}
		return t.write(ctx, tx, campaignID, lane, now)
	})
}

// settlePoll is how often a withdrawal looks whether the mail that was claimed when it came has an outcome.
const settlePoll = 10 * time.Millisecond

// Settle waits until none of these revoked claims can begin: each has an outcome, or the lease that it was claimed under is
// surely over. The lease began before the claim was committed, which was before the withdrawal was; so waiting one lease
// time from now is enough, whatever clocks say; a second one is granted to the worker to tell what became of them. It returns
// how many had begun, or may have.
func (s *Service) Settle(ctx context.Context, ids []string) (begun int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	ctx = context.WithoutCancel(ctx) // the person who hangs up has withdrawn all the same
	deadline := time.Now().Add(2 * LeaseTime)
	for {
		var open int
		err := s.DB.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE status = 'claimed'), count(*) FILTER (WHERE status IN ('claimed', 'sent', 'uncertain', 'bounced', 'failed')) FROM deliveries WHERE id "+
			s.DB.Dialect().In(1), s.DB.Dialect().List(ids)).Scan(&open, &begun)
		if err != nil {
			return 0, fmt.Errorf("campaigns: settle: %w", err)
		}
		if open == 0 || !time.Now().Before(deadline) {
			return begun, nil
		}
		time.Sleep(settlePoll)
	}
}

// Recent lists when marketing or research mail went to each of these people; see preferences.Sending. Claimed ones count, so
// that two campaigns at the same moment cannot both slip under the cap.
func (s *Service) Recent(ctx context.Context, q sqldb.Querier, subscriberIDs []string, since time.Time) (map[string][]time.Time, error) {
	recent := map[string][]time.Time{}
	for row := range sqldb.Rows(ctx, q, `SELECT subscriber_id, at FROM deliveries WHERE status IN ('sent', 'claimed', 'uncertain', 'bounced') AND at > $1 AND subscriber_id `+q.Dialect().In(2)+` ORDER BY at DESC`,
		sqldb.Micros(since), q.Dialect().List(subscriberIDs)) {
		var id string
		var at int64
		if err := row.Scan(&id, &at); err != nil {
			return nil, fmt.Errorf("campaigns: recent: %w", err)
		}
		recent[id] = append(recent[id], sqldb.Time(at))
	}
	return recent, nil
}

// Delivery is one person's outcome, as the API and the site show it.
type Delivery struct {
	ID           string
	SubscriberID string
	Email        string // empty when the person was erased
	Status       string
	Reason       string
	At           time.Time
	Reply        string
}

// Deliveries lists outcomes in the order of their people's ids, after the one given; status may be empty. A mail that was sent
// and came back later is a bounced one.
func (s *Service) Deliveries(ctx context.Context, campaignID, status, after string, limit int) ([]Delivery, error) {
	list, _, err := s.FindDeliveries(ctx, campaignID, status, after, limit, 0)
	return list, err
}

// FindDeliveries is Deliveries that gives up after a while and tells how far it came; most 0 is no limit. Only what was sent may
// take long: those few of a campaign that passed nearly everybody over.
func (s *Service) FindDeliveries(ctx context.Context, campaignID, status, after string, limit int, most time.Duration) (list []Delivery, look ranges.Look, err error) {
	read := func(after, upto string) (enough bool, err error) {
		if upto == "" {
			upto = ranges.Last
		}
		query, args := deliveryList(campaignID, status, after, upto, limit-len(list))
		part, err := s.deliveries(ctx, query, args)
		list = append(list, part...)
		return len(list) >= limit, err
	}
	if status != StatusSent {
		look.End = true
		_, err = read(after, "")
		return list, look, err
	}
	look, err = ranges.Go(ctx, after, most, func(ctx context.Context, after string, n int) (string, error) {
		return ranges.EdgeOf(ctx, s.DB, deliveryEdge, campaignID, after, n-1)
	}, read)
	return list, look, err
}

const deliveryEdge = "SELECT subscriber_id FROM deliveries WHERE campaign_id = $1 AND subscriber_id > $2 ORDER BY subscriber_id LIMIT 1 OFFSET $3"

// deliveryList has an index for each status but sent, which is what most are: a claim is found among all claims, which are few, the
// others by what is shown of them. What is joined to an empty text fits no other index.
func deliveryList(campaignID, status, after, upto string, limit int) (query string, args []any) {
	person, where := "d.subscriber_id", "d.campaign_id = $3"
	args = []any{after, upto, campaignID}
	switch status {
	case "":
	case StatusSent:
		where += " AND d.status = 'sent' AND d.bounced_at IS NULL"
	case StatusClaimed:
		person, where = "d.subscriber_id || ''", "d.status = 'claimed' AND d.worker >= '' AND d.campaign_id || '' = $3"
	default:
		where, args = where+" AND "+shown+" = $4 AND d.status <> 'claimed' AND (d.status <> 'sent' OR d.bounced_at IS NOT NULL)", append(args, status)
	}
	args = append(args, limit)
	return `SELECT d.id, d.subscriber_id, s.email, ` + shown + `, CASE WHEN d.status = 'sent' AND d.bounced_at IS NOT NULL THEN 'hard bounce' ELSE d.reason END, d.at, d.reply
		FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id WHERE ` + person + " > $1 AND " + person + " <= $2 AND " + where + " ORDER BY " + person + " LIMIT $" + strconv.Itoa(len(args)), args
}

func (s *Service) deliveries(ctx context.Context, query string, args []any) (list []Delivery, err error) {
	for row := range sqldb.Rows(ctx, s.DB, query, args...) {
		var d Delivery
		var email sql.NullString
		var at int64
		if err := row.Scan(&d.ID, &d.SubscriberID, &email, &d.Status, &d.Reason, &at, &d.Reply); err != nil {
			return nil, fmt.Errorf("campaigns: deliveries: %w", err)
		}
		d.Email, d.At = email.String, sqldb.Time(at)
		list = append(list, d)
	}
	return list, nil
}

// shown is as the index deliveries_shown has it.
const shown = "CASE WHEN d.status = 'sent' AND d.bounced_at IS NOT NULL THEN 'bounced' ELSE d.status END"

// Decided is the decision that one delivery rests on.
type Decided struct {
	At        time.Time // of the present status
	DecidedAt time.Time
	Status    string
	Reason    string
	Basis     string
	Evidence  string // the ledger event
	Facts     string // what the gate was told
}

// DecisionOf reads the decision about one person in a campaign.
func (s *Service) DecisionOf(ctx context.Context, q sqldb.Querier, campaignID, subscriberID string) (d Decided, err error) {
	var at, decided int64
	err = q.QueryRowContext(ctx, "SELECT at, decided_at, status, reason, basis, evidence, facts FROM deliveries WHERE campaign_id = $1 AND subscriber_id = $2", campaignID, subscriberID).
		Scan(&at, &decided, &d.Status, &d.Reason, &d.Basis, &d.Evidence, &d.Facts)
	if errors.Is(err, sql.ErrNoRows) {
		return d, ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("campaigns: decision: %w", err)
	}
	d.At, d.DecidedAt = sqldb.Time(at), sqldb.Time(decided)
	return d, nil
}
