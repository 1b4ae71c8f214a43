package campaigns

import (
	"context"
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
	// Variant is the text that they get, 0 or 1 the campaign's own; Tracked tells that their clicks are counted.
	Variant int
	Tracked bool
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

// looksPerClaim bounds how often one claim reads on in its slice to find limit that may get the mail.
const looksPerClaim = 10

// dryPause is how long a lane waits when other lanes hold all that is left.
const dryPause = 5 * time.Millisecond

// Claim decides about the next people of a campaign and claims the mails for those who may get it: at most limit, in one
// transaction with the decisions. Worker names the process that will send them (see [sqldb.Held]), lane one of its senders.
func (s *Service) Claim(ctx context.Context, campaignID, worker string, lane, limit int) (b Batch, err error) {
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return b, err
	}
	c, err := s.Get(ctx, s.DB, campaignID)
	if err != nil {
		return b, err
	}
	w := work{s: s, worker: worker, lane: lane, limit: limit, rules: preferences.Rules{Site: site}}
	if (c.Status == StatusScheduled && !c.ScheduledAt.After(s.now())) || (c.Status == StatusSending && c.expired(s.now())) {
		if c, err = s.turn(ctx, campaignID); err != nil {
			return b, err
		}
	}
	if c.Status != StatusSending {
		return Batch{Campaign: c, Idle: true}, nil
	}
	if c, err = s.settleTest(ctx, c); err != nil {
		return b, err
	}
	due, err := nextDue(ctx, s.DB, c.ID)
	if err != nil {
		return b, err
	}
	held, err := s.released(ctx, s.DB, c)
	if err != nil {
		return b, err
	}
	if held || !due.IsZero() && !due.After(s.now()) {
		if b, _, err = w.claim(ctx, campaignID, w.deferred); err != nil || b.Idle || len(b.Items) > 0 {
			return b, err
		}
	}
	for try := 0; ; try++ {
		var found bool
		if b, found, err = w.claim(ctx, campaignID, w.next); err != nil || found || b.Idle {
			return b, err
		}
		if b.Campaign.Planned || try > 0 {
			var held int // by other lanes
			if err := s.DB.QueryRowContext(ctx, "SELECT count(*) FROM campaign_slices WHERE campaign_id = $1", campaignID).Scan(&held); err != nil {
				return b, fmt.Errorf("campaigns: slices: %w", err)
			}
			if held > 0 {
				time.Sleep(dryPause)
				return b, nil
			}
			return s.rest(ctx, b)
		}
		if b.Campaign.Cursor == "" {
			if err := s.settled(ctx); err != nil {
				return b, err
			}
		}
		if err := s.reserve(ctx, campaignID); err != nil {
			return b, err
		}
	}
}

// expired tells that a campaign's time is over.
func (c *Campaign) expired(now time.Time) bool {
	return !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt)
}

// turn begins a campaign whose time has come, or ends one whose time is over.
func (s *Service) turn(ctx context.Context, campaignID string) (c *Campaign, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var slices []slice
		if c, slices, err = exclusive(ctx, tx, campaignID); err != nil {
			return err
		}
		now := s.now()
		switch {
		case c.Status == StatusScheduled && !c.ScheduledAt.After(now):
			return s.begin(ctx, tx, c, now)
		case c.Status == StatusSending && c.expired(now):
			return s.end(ctx, tx, c, slices, now, StatusFinished, ReasonExpired)
		}
		return nil
	})
	return c, err
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
	if err := s.keepLinks(ctx, tx, c); err != nil {
		return err
	}
	return c.save(ctx, tx)
}

// work is one claim under way.
type work struct {
	s      *Service
	worker string
	lane   int
	limit  int

	// of one transaction
	tx    *sqldb.Tx
	c     *Campaign
	rules preferences.Rules
	now   time.Time
	batch *Batch
	tally tally
	fresh []row // deliveries to insert
	again []row // deferred deliveries to update
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
	Variant    int    `json:"v,omitempty"`
	Tested     bool   `json:"t,omitempty"`
	Tracked    bool   `json:"k,omitempty"`
}

// claim runs one transaction that finds people, decides about them and stores what was decided.
func (w *work) claim(ctx context.Context, campaignID string, find func(context.Context) (bool, error)) (b Batch, found bool, err error) {
	err = w.s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		w.tx, w.tally, w.fresh, w.again = tx, tally{}, nil, nil
		b = Batch{Lease: time.Now().Add(LeaseTime)} // from before anything is claimed, so that it can only be too short
		w.batch, w.c = &b, &Campaign{ID: campaignID}
		found, err = find(ctx)
		b.Campaign = w.c
		if err != nil || !found || b.Idle {
			return err
		}
		return w.write(ctx)
	})
	if err == nil && len(b.Items) > 0 {
		w.s.acquaint(ctx)
	}
	return b, found, err
}

// read reads the campaign as it is behind the locks that are held, and its topic.
func (w *work) read(ctx context.Context) (err error) {
	if w.c, err = w.s.Get(ctx, w.tx, w.c.ID); err != nil {
		return err
	}
	if w.now = w.s.now(); w.c.Status != StatusSending || w.c.expired(w.now) {
		w.batch.Idle = w.c.Status != StatusSending
		return nil
	}
	topic, err := w.s.People.TopicByID(ctx, w.tx, w.c.TopicID)
	if err != nil {
		return err
	}
	w.batch.Topic = topic
	w.rules.Now, w.rules.Topic, w.rules.Expires = w.now, topic, w.c.ExpiresAt
	return nil
}

// next decides about the next people of a slice that nobody holds. Found tells whether there was one.
func (w *work) next(ctx context.Context) (found bool, err error) {
	sl, found, err := takeSlice(ctx, w.tx, w.c.ID)
	if err != nil {
		return false, err
	}
	if err := w.read(ctx); err != nil || !found || w.batch.Topic == nil {
		return found, err
	}
	where, args, err := w.s.audience(ctx, w.tx, w.c, 6, w.now)
	if err != nil {
		return false, err
	}
	for look := 0; look < looksPerClaim && sl.after < sl.upto && len(w.batch.Items) < w.limit; look++ {
		ask := w.limit - len(w.batch.Items)
		people, err := w.s.People.Candidates(ctx, w.tx, w.rules, preferences.Range{After: sl.after, Upto: sl.upto, Limit: ask, Where: where, Args: args})
		if err != nil {
			return false, err
		}
		for i := range people {
			w.judge(&people[i])
			sl.after = people[i].ID
		}
		if len(people) < ask {
			sl.after = sl.upto
		}
	}
	return true, sl.keep(ctx, w.tx, w.c.ID)
}

// judge decides about one person whom nobody has looked at.
func (w *work) judge(p *preferences.Candidate) {
	r, counted := w.decide(p, sqldb.NewID())
	if !counted {
		w.fresh = append(w.fresh, r)
	}
	if counted || r.Status != StatusClaimed && r.Status != StatusDeferred {
		w.tally.add(r.Status, r.Reason, 1)
	}
}

// decide asks the gate about one person. People who have no state on the topic are counted without a row each.
func (w *work) decide(p *preferences.Candidate, id string) (r row, countOnly bool) {
	d := gate.Decide(p.Facts, w.now)
	r = row{ID: id, Subscriber: p.ID, Reason: string(d.Reason()), Basis: d.Basis().String(), Evidence: d.Evidence(), Facts: string(p.Facts.AppendJSON(nil))}
	switch d.Outcome() {
	case gate.Allow:
		r.Variant, r.Tested = w.c.part(p.ID)
		if w.c.AB != nil && r.Variant == 0 {
			r.Status, r.Reason = StatusDeferred, ReasonTest
			return r, false
		}
		r.Tracked = w.c.TrackClicks && !p.TrackingAt.IsZero()
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
		w.batch.Items = append(w.batch.Items, Claimed{ID: id, Permit: permit, Person: p.Subscriber, Variant: r.Variant, Tracked: r.Tracked})
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
func (w *work) deferred(ctx context.Context) (found bool, err error) {
	if lock := w.tx.Dialect().ForShare(); lock != "" {
		if _, err := w.tx.ExecContext(ctx, "SELECT id FROM campaigns WHERE id = $1"+lock, w.c.ID); err != nil {
			return false, fmt.Errorf("campaigns: deferred: %w", err)
		}
	}
	if err := w.read(ctx); err != nil || w.batch.Topic == nil {
		return false, err
	}
	ids, subscribers := map[string]string{}, []string{}
	if err := w.waiting(ctx, "due_at <= $2 ORDER BY due_at", w.limit, ids, &subscribers); err != nil {
		return false, err
	}
	if w.c.ABState.Winner != 0 && len(subscribers) < w.limit { // those who waited for the winner
		if err := w.waiting(ctx, "due_at IS NULL AND $2 > CAST(0 AS BIGINT)", w.limit-len(subscribers), ids, &subscribers); err != nil {
			return false, err
		}
	}
	if len(subscribers) == 0 {
		return false, nil
	}
	people, err := w.s.People.CandidatesByID(ctx, w.tx, w.rules, subscribers)
	if err != nil {
		return false, err
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
	return true, nil
}

// waiting adds people whose mail is deferred and who match a condition.
func (w *work) waiting(ctx context.Context, where string, limit int, ids map[string]string, subscribers *[]string) error {
	for row := range sqldb.Rows(ctx, w.tx, "SELECT id, subscriber_id FROM deliveries WHERE campaign_id = $1 AND status = 'deferred' AND "+where+" LIMIT $3"+w.tx.Dialect().SkipLocked(), w.c.ID, sqldb.Micros(w.now), limit) {
		var id, subscriber string
		if err := row.Scan(&id, &subscriber); err != nil {
			return fmt.Errorf("campaigns: deferred: %w", err)
		}
		ids[subscriber] = id
		*subscribers = append(*subscribers, subscriber)
	}
	return nil
}

// write stores what was decided, in one statement for each kind.
func (w *work) write(ctx context.Context) error {
	d := w.tx.Dialect()
	at := sqldb.Micros(w.now)
	columns, values, sets := w.marks(d)
	if len(w.fresh) > 0 {
		if _, err := w.tx.ExecContext(ctx, `INSERT INTO deliveries (campaign_id, at, decided_at, id, subscriber_id, status, reason, basis, evidence, facts, worker, due_at`+columns+`)
			SELECT $1, $2, $2, `+d.Field("id", "TEXT")+`, `+d.Field("s", "TEXT")+`, `+d.Field("st", "TEXT")+`, `+d.Field("r", "TEXT")+`, `+d.Field("b", "TEXT")+`, `+d.Field("e", "TEXT")+`, `+
			d.Field("f", "TEXT")+`, `+d.Field("w", "TEXT")+`, nullif(`+d.Field("d", "BIGINT")+`, 0)`+values+` FROM `+d.Rows(3), w.c.ID, at, sqldb.JSON(w.fresh)); err != nil {
			return fmt.Errorf("campaigns: deliveries: %w", err)
		}
	}
	if len(w.again) > 0 {
		if _, err := w.tx.ExecContext(ctx, `UPDATE deliveries SET at = $1, decided_at = $1, revoked_at = NULL, status = `+d.Field("st", "TEXT")+`, reason = `+d.Field("r", "TEXT")+`, basis = `+d.Field("b", "TEXT")+
			`, evidence = `+d.Field("e", "TEXT")+`, facts = `+d.Field("f", "TEXT")+`, worker = `+d.Field("w", "TEXT")+`, due_at = nullif(`+d.Field("d", "BIGINT")+`, 0)`+sets+`
			FROM `+d.Rows(2)+` WHERE deliveries.id = `+d.Field("id", "TEXT"), at, sqldb.JSON(w.again)); err != nil {
			return fmt.Errorf("campaigns: deliveries: %w", err)
		}
	}
	return w.tally.write(ctx, w.tx, w.c.ID, w.lane, w.now)
}
