package campaigns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
)

// LeaseTime is how long after its claim a mail may begin without asking again. A withdrawal waits this long at most for the
// mail that was claimed when it came, so it must be short; it must be long enough for a batch to begin.
const LeaseTime = time.Second

// Claimed is one mail that may be sent once, now.
type Claimed struct {
	ID     string // of the delivery
	Permit gate.Permit
	Person *preferences.Subscriber
}

// Batch is what one claim yields.
type Batch struct {
	Campaign *Campaign
	Topic    *preferences.Topic
	Items    []Claimed
	// Lease is the instant, on this process's monotonic clock, until which these mails may begin.
	Lease time.Time
	// Idle tells that there is nothing more to do now; Next, if not zero, when there will be.
	Idle bool
	Next time.Time
}

// Reasons of a delivery beside those of the gate.
const (
	ReasonLocalTime = "local_time"       // its hour has not come where the person lives
	ReasonWindow    = "send_window"      // outside the campaign's sending window there
	ReasonExpired   = "campaign_expired" // the campaign's time was over before it could go
	ReasonCancelled = "cancelled"
	ReasonGone      = "erased" // the person does not exist any more
	ReasonRetry     = "retry"  // the relay said not now
)

// scan bounds: how many people one claim looks at to find limit that may get it, so that its transaction stays short.
const looksPerClaim = 10

// Claim decides about the next people of a campaign and claims the mails for those who may get it: at most limit, in one
// transaction with the decisions. Worker names the process that will send them, lane one of its senders.
func (s *Service) Claim(ctx context.Context, campaignID, worker string, lane, limit int) (Batch, error) {
	var b Batch
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return b, err
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		started := time.Now() // before anything is claimed, so that the lease can only be too short
		c, err := lock(ctx, tx, campaignID)
		if err != nil {
			return err
		}
		b = Batch{Campaign: c, Lease: started.Add(LeaseTime)}
		now := s.now()
		if c.Status == StatusScheduled && !c.ScheduledAt.After(now) {
			if err := s.begin(ctx, tx, c, now); err != nil {
				return err
			}
		}
		if c.Status != StatusSending {
			b.Idle = true
			return nil
		}
		topic, err := s.People.TopicByID(ctx, tx, c.TopicID)
		if err != nil {
			return err
		}
		b.Topic = topic
		w := work{
			s: s, tx: tx, c: c, now: now, worker: worker, lane: lane, limit: limit, batch: &b, tally: tally{},
			rules: preferences.Rules{Now: now, Site: site, Topic: topic, Expires: c.ExpiresAt},
		}
		return w.run(ctx)
	})
	return b, err
}

// begin makes a scheduled campaign a sending one.
func (s *Service) begin(ctx context.Context, tx *sqldb.Tx, c *Campaign, now time.Time) error {
	c.Status, c.StartedAt, c.UpdatedAt = StatusSending, now, now
	if c.ExpiresAfter > 0 {
		c.ExpiresAt = now.Add(c.ExpiresAfter)
	}
	var err error
	if c.Total, err = s.count(ctx, tx, c); err != nil {
		return err
	}
	return c.save(ctx, tx)
}

// work is one claim under way.
type work struct {
	s      *Service
	tx     *sqldb.Tx
	c      *Campaign
	rules  preferences.Rules
	now    time.Time
	worker string
	lane   int
	limit  int
	batch  *Batch
	tally  tally
	fresh  []row // deliveries to insert
	again  []row // deferred deliveries to update
}

// row is a delivery as a claim writes it.
type row struct {
	ID         string `json:"id"`
	Subscriber string `json:"s"`
	Status     string `json:"st"`
	Reason     string `json:"r"`
	Basis      string `json:"b"`
	Evidence   string `json:"e"`
	Facts      string `json:"f"`
	Worker     string `json:"w"`
	DueAt      int64  `json:"d"` // 0: none
}

func (w *work) run(ctx context.Context) error {
	if !w.c.ExpiresAt.IsZero() && !w.now.Before(w.c.ExpiresAt) {
		return w.s.end(ctx, w.tx, w.c, w.now, StatusFinished, ReasonExpired)
	}
	if err := w.deferred(ctx); err != nil {
		return err
	}
	for look := 0; look < looksPerClaim && !w.c.Planned && len(w.batch.Items) < w.limit; look++ {
		if err := w.next(ctx); err != nil {
			return err
		}
	}
	if err := w.write(ctx); err != nil {
		return err
	}
	return w.rest(ctx)
}

// next decides about the people after the cursor.
func (w *work) next(ctx context.Context) error {
	where, args, err := w.s.audience(ctx, w.tx, w.c, 5, w.now)
	if err != nil {
		return err
	}
	ask := w.limit - len(w.batch.Items)
	people, err := w.s.People.Candidates(ctx, w.tx, w.rules, preferences.Range{After: w.c.Cursor, Limit: ask, Where: where, Args: args})
	if err != nil {
		return err
	}
	for i := range people {
		p := &people[i]
		r, counted := w.decide(p, sqldb.NewID())
		w.c.Cursor = p.ID
		if counted {
			w.tally.add(r.Status, r.Reason, 1)
			continue
		}
		w.fresh = append(w.fresh, r)
		if r.Status != StatusClaimed && r.Status != StatusDeferred {
			w.tally.add(r.Status, r.Reason, 1)
		}
	}
	w.c.Planned = len(people) < ask
	_, err = w.tx.ExecContext(ctx, "UPDATE campaigns SET cursor = $1, planned = $2, updated_at = $3 WHERE id = $4", w.c.Cursor, w.c.Planned, sqldb.Micros(w.now), w.c.ID)
	if err != nil {
		return fmt.Errorf("campaigns: cursor: %w", err)
	}
	return nil
}

// decide asks the gate about one person. People who have no state on the topic are counted without a row each.
func (w *work) decide(p *preferences.Candidate, id string) (r row, countOnly bool) {
	d := gate.Decide(p.Facts, w.now)
	r = row{ID: id, Subscriber: p.ID, Reason: string(d.Reason()), Basis: d.Basis().String(), Evidence: d.Evidence(), Facts: string(p.Facts.AppendJSON(nil))}
	switch d.Outcome() {
	case gate.Allow:
		if due, why := w.c.due(w.rules.Site.Zone(p.Subscriber), w.now); due.After(w.now) {
			r.Status, r.Reason, r.DueAt = StatusDeferred, why, sqldb.Micros(due)
			if !w.c.ExpiresAt.IsZero() && !due.Before(w.c.ExpiresAt) {
				r.Status, r.Reason, r.DueAt = StatusSkipped, ReasonExpired, 0
			}
			return r, false
		}
		permit, ok := d.Permit(id, gate.StreamMarketing)
		if !ok {
			r.Status, r.Reason = StatusSkipped, string(gate.ReasonUnknown)
			return r, false
		}
		r.Status, r.Reason, r.Worker = StatusClaimed, "", w.worker
		w.batch.Items = append(w.batch.Items, Claimed{ID: id, Permit: permit, Person: p.Subscriber})
		return r, false
	case gate.Defer:
		r.Status, r.DueAt = StatusDeferred, sqldb.Micros(d.Until())
		return r, false
	default:
		r.Status = StatusSkipped
		return r, p.Facts.State == gate.StateNone && d.Reason() == gate.ReasonNoConsent
	}
}

// deferred looks again at mails whose time has come.
func (w *work) deferred(ctx context.Context) error {
	rows, err := w.tx.QueryContext(ctx, `SELECT id, subscriber_id FROM deliveries WHERE campaign_id = $1 AND status = 'deferred' AND due_at <= $2 ORDER BY due_at LIMIT $3`+
		w.tx.Dialect().SkipLocked(), w.c.ID, sqldb.Micros(w.now), w.limit)
	if err != nil {
		return fmt.Errorf("campaigns: deferred: %w", err)
	}
	defer rows.Close()
	ids, subscribers := map[string]string{}, []string{}
	for rows.Next() {
		var id, subscriber string
		if err := rows.Scan(&id, &subscriber); err != nil {
			return fmt.Errorf("campaigns: deferred: %w", err)
		}
		ids[subscriber] = id
		subscribers = append(subscribers, subscriber)
	}
	if err := rows.Err(); err != nil || len(subscribers) == 0 {
		return err
	}
	rows.Close()
	people, err := w.s.People.CandidatesByID(ctx, w.tx, w.rules, subscribers)
	if err != nil {
		return err
	}
	for i := range people {
		r, _ := w.decide(&people[i], ids[people[i].ID])
		delete(ids, people[i].ID)
		w.again = append(w.again, r)
		if r.Status != StatusClaimed && r.Status != StatusDeferred {
			w.tally.add(r.Status, r.Reason, 1)
		}
	}
	for _, id := range ids { // the person was erased meanwhile
		w.again = append(w.again, row{ID: id, Status: StatusSkipped, Reason: ReasonGone})
		w.tally.add(StatusSkipped, ReasonGone, 1)
	}
	return nil
}

// write stores what was decided, in one statement for each kind.
func (w *work) write(ctx context.Context) error {
	d := w.tx.Dialect()
	at := sqldb.Micros(w.now)
	if len(w.fresh) > 0 {
		text, err := json.Marshal(w.fresh)
		if err != nil {
			return fmt.Errorf("campaigns: deliveries: %w", err)
		}
		if _, err := w.tx.ExecContext(ctx, `INSERT INTO deliveries (campaign_id, at, decided_at, id, subscriber_id, status, reason, basis, evidence, facts, worker, due_at)
			SELECT $1, $2, $2, `+d.Field("id", "TEXT")+`, `+d.Field("s", "TEXT")+`, `+d.Field("st", "TEXT")+`, `+d.Field("r", "TEXT")+`, `+d.Field("b", "TEXT")+`, `+d.Field("e", "TEXT")+`, `+
			d.Field("f", "TEXT")+`, `+d.Field("w", "TEXT")+`, nullif(`+d.Field("d", "BIGINT")+`, 0) FROM `+d.Rows(3), w.c.ID, at, string(text)); err != nil {
			return fmt.Errorf("campaigns: deliveries: %w", err)
		}
	}
	if len(w.again) > 0 {
		text, err := json.Marshal(w.again)
		if err != nil {
			return fmt.Errorf("campaigns: deliveries: %w", err)
		}
		if _, err := w.tx.ExecContext(ctx, `UPDATE deliveries SET at = $1, decided_at = $1, revoked_at = NULL, status = `+d.Field("st", "TEXT")+`, reason = `+d.Field("r", "TEXT")+`, basis = `+d.Field("b", "TEXT")+
			`, evidence = `+d.Field("e", "TEXT")+`, facts = `+d.Field("f", "TEXT")+`, worker = `+d.Field("w", "TEXT")+`, due_at = nullif(`+d.Field("d", "BIGINT")+`, 0)
			FROM `+d.Rows(2)+` WHERE deliveries.id = `+d.Field("id", "TEXT"), at, string(text)); err != nil {
			return fmt.Errorf("campaigns: deliveries: %w", err)
		}
	}
	return w.tally.write(ctx, w.tx, w.c.ID, w.lane, w.now)
}

// rest ends the campaign when everybody has an outcome, or says when there is more to do.
func (w *work) rest(ctx context.Context) error {
	if len(w.batch.Items) > 0 || !w.c.Planned {
		return nil
	}
	var next *int64
	if err := w.tx.QueryRowContext(ctx, "SELECT min(due_at) FROM deliveries WHERE campaign_id = $1 AND status = 'deferred'", w.c.ID).Scan(&next); err != nil {
		return fmt.Errorf("campaigns: deferred: %w", err)
	}
	if next != nil {
		if due := sqldb.Time(*next); due.After(w.now) {
			w.batch.Idle, w.batch.Next = true, due
		}
		return nil
	}
	w.batch.Idle = true
	return w.s.finish(ctx, w.tx, w.c, w.now)
}

// finish ends a campaign in which nobody waits and nothing is claimed.
func (s *Service) finish(ctx context.Context, tx *sqldb.Tx, c *Campaign, now time.Time) error {
	var open int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE campaign_id = $1 AND status IN ('claimed', 'deferred') LIMIT 1) AS x", c.ID).Scan(&open); err != nil {
		return fmt.Errorf("campaigns: finish: %w", err)
	}
	if open > 0 {
		return nil
	}
	c.Status, c.FinishedAt, c.UpdatedAt = StatusFinished, now, now
	return c.save(ctx, tx)
}

// end closes a campaign before everybody was reached: those who wait, and those never looked at, are skipped with the reason.
func (s *Service) end(ctx context.Context, tx *sqldb.Tx, c *Campaign, now time.Time, status, reason string) error {
	t := tally{}
	res, err := tx.ExecContext(ctx, "UPDATE deliveries SET status = 'skipped', reason = $1, at = $2, due_at = NULL WHERE campaign_id = $3 AND status = 'deferred'", reason, sqldb.Micros(now), c.ID)
	if err != nil {
		return fmt.Errorf("campaigns: end: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("campaigns: end: %w", err)
	}
	t.add(StatusSkipped, reason, n)
	if !c.StartedAt.IsZero() && !c.Planned {
		left, err := s.countAfter(ctx, tx, c, c.Cursor)
		if err != nil {
			return err
		}
		t.add(StatusSkipped, reason, left)
		c.Planned = true
	}
	c.Status, c.StatusReason, c.UpdatedAt = status, reason, now
	c.FinishedAt = now
	return errors.Join(t.write(ctx, tx, c.ID, 0, now), c.save(ctx, tx))
}

// HasWork tells whether a claim would find something to do now.
func (s *Service) HasWork(ctx context.Context, c *Campaign) (bool, error) {
	if c.Status == StatusScheduled || !c.Planned || (!c.ExpiresAt.IsZero() && !s.now().Before(c.ExpiresAt)) {
		return true, nil
	}
	var due, open int
	err := s.DB.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE campaign_id = $1 AND status = 'deferred' AND due_at <= $2 LIMIT 1) AS d),
		(SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE campaign_id = $3 AND status IN ('claimed', 'deferred') LIMIT 1) AS o)`, c.ID, sqldb.Micros(s.now()), c.ID).Scan(&due, &open)
	if err != nil {
		return false, fmt.Errorf("campaigns: work: %w", err)
	}
	return due > 0 || open == 0, nil // nobody open: it only has to be finished
}
