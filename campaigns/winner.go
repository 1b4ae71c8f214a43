package campaigns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"assent/campaigns/abtest"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// ReasonTest is why a mail waits: the better text is not found yet.
const ReasonTest = "ab_test"

// abCheck is after how long it is looked again whether a test's mails have all left.
const abCheck = 10 * time.Second

// These are asked again and again while a campaign goes out, so each has an index that holds only what it wants to know.
const (
	findingsQuery = `SELECT variant, count(*) FILTER (WHERE status IN ('sent', 'bounced', 'uncertain')), count(unsubscribed_at), count(complained_at), count(*) FILTER (WHERE tracked = TRUE AND status IN ('sent', 'bounced', 'uncertain'))
		FROM deliveries WHERE campaign_id = $1 AND tested = TRUE GROUP BY variant`
	testQuery = `SELECT max(at) FILTER (WHERE status NOT IN ('deferred', 'skipped')), count(*) FILTER (WHERE status = 'claimed' OR (status = 'deferred' AND due_at <= $1))
		FROM deliveries WHERE campaign_id = $2 AND tested = TRUE`
	heldQuery    = "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE campaign_id = $1 AND status = 'deferred' AND due_at IS NULL LIMIT 1) AS x"
	trackedQuery = "SELECT count(*) FROM deliveries WHERE campaign_id = $1 AND tracked = TRUE AND status IN ('sent', 'uncertain', 'bounced')"
)

// Tried is what came of one text of a test, among those who took part in it.
type Tried struct {
	Variant      int    `json:"variant"`
	Sent         int64  `json:"sent"`
	Unsubscribed int64  `json:"unsubscribed"`
	Complained   int64  `json:"complained"`
	Tracked      int64  `json:"tracked"` // whose clicks are counted
	Clicked      *int64 `json:"clicked"` // null: fewer than ten
	// Share is that of the measure; the true share is between Low and High, 19 times out of 20. They are null where they
	// would tell how many of fewer than ten people clicked.
	Share *float64 `json:"share"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// Findings is what a test shows so far.
type Findings struct {
	Measure string  `json:"measure"` // clicks or unsubscribes
	Tried   []Tried `json:"tried"`
	Best    int     `json:"best"`
	// Shown tells that the best did better by more than chance explains: otherwise no difference is shown.
	Shown bool `json:"difference_shown"`
}

// Findings reads what the test of a campaign shows.
func (s *Service) Findings(ctx context.Context, q sqldb.Querier, c *Campaign) (Findings, error) {
	f := Findings{Measure: c.AB.Measure, Tried: make([]Tried, c.AB.Arms())}
	if f.Measure == MeasureHand {
		if f.Measure = MeasureUnsubscribes; c.TrackClicks {
			f.Measure = MeasureClicks
		}
	}
	for i := range f.Tried {
		f.Tried[i].Variant = i + 1
	}
	for row := range sqldb.Rows(ctx, q, findingsQuery, c.ID) {
		var t Tried
		if err := row.Scan(&t.Variant, &t.Sent, &t.Unsubscribed, &t.Complained, &t.Tracked); err != nil {
			return f, fmt.Errorf("campaigns: findings: %w", err)
		}
		if t.Variant >= 1 && t.Variant <= len(f.Tried) {
			f.Tried[t.Variant-1] = t
		}
	}
	counts := map[string]map[string]int64{}
	for _, outcome := range []string{countTestClicked, countErasedSent, countErasedTestTracked, countErasedLeft, countErasedComplained} {
		n, err := s.tallied(ctx, q, c.ID, outcome)
		if err != nil {
			return f, err
		}
		counts[outcome] = n
	}
	arms := make([]abtest.Arm, len(f.Tried))
	for i := range f.Tried {
		t, n := &f.Tried[i], strconv.Itoa(i+1)
		t.Sent += counts[countErasedSent][n]
		t.Tracked += counts[countErasedTestTracked][n]
		t.Unsubscribed += counts[countErasedLeft][n]
		t.Complained += counts[countErasedComplained][n]
		clicked := counts[countTestClicked][n]
		t.Clicked = told(clicked)
		if arms[i] = (abtest.Arm{Hits: min(t.Unsubscribed, t.Sent), N: t.Sent}); f.Measure == MeasureClicks {
			arms[i] = abtest.Arm{Hits: min(clicked, t.Tracked), N: t.Tracked}
		}
		if f.Measure != MeasureClicks || t.Clicked != nil {
			share, w := arms[i].Share(), arms[i].Wilson()
			t.Share, t.Low, t.High = &share, &w.Low, &w.High
		}
	}
	v := abtest.Judge(arms, f.Measure == MeasureUnsubscribes)
	f.Best, f.Shown = v.Best+1, v.Shown
	return f, nil
}

// tallied reads the counts of one outcome by their reasons.
func (s *Service) tallied(ctx context.Context, q sqldb.Querier, campaignID, outcome string) (map[string]int64, error) {
	out := map[string]int64{}
	for row := range sqldb.Rows(ctx, q, "SELECT reason, CAST(sum(n) AS BIGINT) FROM tallies WHERE campaign_id = $1 AND outcome = $2 GROUP BY reason", campaignID, outcome) {
		var reason string
		var n int64
		if err := row.Scan(&reason, &n); err != nil {
			return nil, fmt.Errorf("campaigns: tallies: %w", err)
		}
		out[reason] = n
	}
	return out, nil
}

// ChooseWinner ends a test by hand: the rest gets this text.
func (s *Service) ChooseWinner(ctx context.Context, actor audit.Actor, id string, variant int) (*Campaign, error) {
	c, err := s.move(ctx, actor, id, "campaign.winner", func(tx *sqldb.Tx, c *Campaign, now time.Time) error {
		switch {
		case c.AB == nil:
			return problem.Conflict("The campaign has no test.")
		case c.ABState.Winner != 0:
			return problem.Conflict("The winner is chosen already.")
		case c.Status != StatusSending && c.Status != StatusPaused:
			return problem.Conflict("A winner is chosen while the campaign is under way; this one is " + c.Status + ".")
		case variant < 1 || variant > c.AB.Arms():
			return problem.Invalid("variant", "must be one of the test's texts, counted from 1")
		}
		f, err := s.Findings(ctx, tx, c)
		if err != nil {
			return err
		}
		c.ABState = ABState{Winner: variant, At: now, By: actor.Name, Shown: f.Shown && f.Best == variant}
		return nil
	})
	if err == nil {
		s.kick(ctx, id)
	}
	return c, err
}

// settleTest chooses the winner once everybody who takes part has had their mail for as long as the test waits. It returns the
// campaign as it is then.
func (s *Service) settleTest(ctx context.Context, c *Campaign) (*Campaign, error) {
	if !c.testDue(s.now()) {
		return c, nil
	}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		locked, slices, err := exclusive(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		c = locked
		now := s.now()
		if c.Status != StatusSending || c.expired(now) || !c.testDue(now) {
			return nil
		}
		if c.ABState, err = s.test(ctx, tx, c, len(slices), now); err != nil {
			return err
		}
		return c.save(ctx, tx)
	})
	return c, err
}

// testDue tells whether it is to be looked whether a test is over.
func (c *Campaign) testDue(now time.Time) bool {
	return c.AB != nil && c.ABState.Winner == 0 && c.Planned && c.AB.Measure != MeasureHand && !now.Before(c.ABState.CheckAt)
}

// test is where the test of a campaign stands now.
func (s *Service) test(ctx context.Context, tx *sqldb.Tx, c *Campaign, slices int, now time.Time) (ABState, error) {
	var last sql.NullInt64
	var open int
	err := tx.QueryRowContext(ctx, testQuery, sqldb.Micros(now), c.ID).Scan(&last, &open)
	if err != nil {
		return c.ABState, fmt.Errorf("campaigns: test: %w", err)
	}
	over := sqldb.NullTime(last).Add(c.AB.wait())
	switch {
	case open > 0 || slices > 0:
		return ABState{CheckAt: now.Add(abCheck)}, nil
	case last.Valid && now.Before(over):
		return ABState{CheckAt: over}, nil
	}
	f, err := s.Findings(ctx, tx, c)
	if err != nil {
		return c.ABState, err
	}
	return ABState{Winner: f.Best, At: now, Shown: f.Shown}, audit.Record(ctx, tx, now, audit.System("planner"), "campaign.winner", audit.Object("campaign", c.ID), nil, f)
}

// AwaitsWinner tells whether mail of a campaign waits until somebody chooses the better text by hand.
func (s *Service) AwaitsWinner(ctx context.Context, c *Campaign) (bool, error) {
	if c.AB == nil || c.AB.Measure != MeasureHand || c.ABState.Winner != 0 || !c.Planned {
		return false, nil
	}
	return s.held(ctx, s.DB, c)
}

// held tells whether mail waits for the winner of a test.
func (s *Service) held(ctx context.Context, q sqldb.Querier, c *Campaign) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, heldQuery, c.ID).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("campaigns: test: %w", err)
	}
	return n > 0, nil
}

// released tells whether mail that waited for the winner may go.
func (s *Service) released(ctx context.Context, q sqldb.Querier, c *Campaign) (bool, error) {
	if c.AB == nil || c.ABState.Winner == 0 {
		return false, nil
	}
	return s.held(ctx, q, c)
}

// testHasWork tells whether a test is to be looked at, or its winner goes out.
func (s *Service) testHasWork(ctx context.Context, c *Campaign) (bool, error) {
	if c.testDue(s.now()) {
		return true, nil
	}
	return s.released(ctx, s.DB, c)
}

// marks are the columns of a delivery that only campaigns with a choice of texts or with counted clicks have.
func (w *work) marks(d sqldb.Dialect) (columns, values, sets string) {
	if w.c.AB == nil && !w.c.TrackClicks {
		return "", "", ""
	}
	for _, c := range [][3]string{{"variant", "v", "INTEGER"}, {"tested", "t", "BOOLEAN"}, {"tracked", "k", "BOOLEAN"}} {
		none := "0"
		if c[2] == "BOOLEAN" {
			none = "FALSE"
		}
		value := "coalesce(" + d.Field(c[1], c[2]) + ", " + none + ")"
		columns, values, sets = columns+", "+c[0], values+", "+value, sets+", "+c[0]+" = "+value
	}
	return columns, values, sets
}

// variantOf is the text that a person got, 0 for the campaign's own. Where the delivery is not kept any more it is what they must
// have got.
func (s *Service) variantOf(ctx context.Context, c *Campaign, subscriberID string) (n int, err error) {
	err = s.DB.QueryRowContext(ctx, "SELECT variant FROM deliveries WHERE campaign_id = $1 AND subscriber_id = $2", c.ID, subscriberID).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		n, _ = c.part(subscriberID)
		return n, nil
	}
	if err != nil {
		return 0, fmt.Errorf("campaigns: variant: %w", err)
	}
	return n, nil
}
