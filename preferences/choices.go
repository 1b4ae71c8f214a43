package preferences

import (
	"context"
	"time"

	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/problem"
)

// How often a person wants mail at most.
const (
	FrequencyEach    = "each"
	FrequencyWeekly  = "weekly"
	FrequencyMonthly = "monthly"
)

// UnsubscribeAll stops all marketing and research: every topic that the person could still get is withdrawn. A repeat changes
// nothing: the first instant stands (compliance 2).
func (s *Service) UnsubscribeAll(ctx context.Context, actor audit.Actor, subscriberID string, evidence Evidence) (Recorded, error) {
	return s.together(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error {
		c.recorded = Recorded{State: StateWithdrawn}
		c.stop("") // also on a repeat: the first one may not be answered yet
		if !c.sub.UnsubscribedAt.IsZero() {
			return nil
		}
		c.recorded.Event, c.recorded.Changed = c.record(ledger.UnsubscribedAll, nil, "", StateWithdrawn), true
		c.sub.UnsubscribedAt, c.left = c.at, true
		return c.withdrawAll(ctx, c.recorded.Event)
	})
}

// withdrawAll withdraws what is on, what waits, and what needs no consent to be on, so that a later agreement to one topic turns on that one alone.
func (c *change) withdrawAll(ctx context.Context, event string) error {
	topics, err := c.allTopics(ctx)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		st, err := c.state(ctx, topic)
		if err != nil {
			return err
		}
		if st.State == StateWithdrawn || st.State == StateObjected || (st.State == "" && topic.Basis == "consent") {
			continue
		}
		if err := c.set(ctx, topic, StateWithdrawn, event, st.Offered); err != nil {
			return err
		}
	}
	return nil
}

// Object records an objection to all direct marketing or, with research true, to all market research (GDPR 21).
func (s *Service) Object(ctx context.Context, actor audit.Actor, subscriberID string, research bool, evidence Evidence) (out Recorded, err error) {
	err = s.change(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error {
		out = Recorded{State: StateObjected}
		at, action := &c.sub.ObjectedAt, ledger.ObjectedAll
		if research {
			at, action = &c.sub.ObjectedResearch, ledger.ObjectedResearch
		}
		if !at.IsZero() {
			c.stop("")
			return nil
		}
		*at = c.at
		out.Event = c.record(action, nil, "", StateObjected)
		c.stop("")
		return nil
	}, &out.InFlight)
	return out, err
}

// LiftObjection takes a general objection back. What was withdrawn besides stays withdrawn.
func (s *Service) LiftObjection(ctx context.Context, actor audit.Actor, subscriberID string, research bool, evidence Evidence) (out Recorded, err error) {
	err = s.change(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error {
		out = Recorded{State: "lifted"}
		out.Event, err = c.liftObjection(ctx, research)
		return err
	}, nil)
	return out, err
}

func (c *change) liftObjection(ctx context.Context, research bool) (event string, err error) {
	at, class := &c.sub.ObjectedAt, "marketing"
	if research {
		at, class = &c.sub.ObjectedResearch, "research"
	}
	if at.IsZero() {
		return "", nil
	}
	*at = time.Time{}
	return c.recordValue(ledger.ObjectionLifted, class), nil
}

// Restrict stops all processing that the person did not ask for (GDPR 18).
func (s *Service) Restrict(ctx context.Context, actor audit.Actor, subscriberID string, evidence Evidence) (out Recorded, err error) {
	err = s.change(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error {
		out = Recorded{State: "restricted"}
		if !c.sub.RestrictedAt.IsZero() {
			c.stop("")
			return nil
		}
		c.sub.RestrictedAt = c.at
		out.Event = c.record(ledger.Restricted, nil, "", "restricted")
		c.stop("")
		return nil
	}, &out.InFlight)
	return out, err
}

// LiftRestriction ends a restriction.
func (s *Service) LiftRestriction(ctx context.Context, actor audit.Actor, subscriberID string, evidence Evidence) (out Recorded, err error) {
	err = s.change(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error {
		out = Recorded{State: "lifted"}
		out.Event, err = c.liftRestriction(ctx)
		return err
	}, nil)
	return out, err
}

func (c *change) liftRestriction(ctx context.Context) (event string, err error) {
	if c.sub.RestrictedAt.IsZero() {
		return "", nil
	}
	c.sub.RestrictedAt = time.Time{}
	return c.record(ledger.RestrictionLifted, nil, "", ""), nil
}

// Pause holds marketing and research back until then; the zero time ends a pause.
func (s *Service) Pause(ctx context.Context, actor audit.Actor, subscriberID string, until time.Time, evidence Evidence) error {
	return s.change(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error { return c.pause(ctx, until) }, nil)
}

func (c *change) pause(ctx context.Context, until time.Time) error {
	if until.IsZero() {
		if c.sub.PausedUntil.IsZero() {
			return nil
		}
		c.sub.PausedUntil = time.Time{}
		c.record(ledger.Resumed, nil, "", "")
		return nil
	}
	if c.sub.PausedUntil.Equal(until) {
		c.stop("")
		return nil
	}
	if !until.After(c.now) || until.After(c.now.AddDate(2, 0, 1)) {
		return problem.Invalid("pause_until", "must be a day from tomorrow to two years ahead")
	}
	c.sub.PausedUntil = until.UTC()
	c.recordValue(ledger.Paused, until.UTC().Format(time.RFC3339))
	c.stop("")
	return nil
}

// recordValue appends an event about a choice that is not a topic.
func (c *change) recordValue(action ledger.Action, value string) string {
	c.evidence.value = value
	defer func() { c.evidence.value = "" }()
	return c.record(action, nil, "", "")
}

// SetFrequency records how often a person wants mail at most.
func (s *Service) SetFrequency(ctx context.Context, actor audit.Actor, subscriberID, frequency string, evidence Evidence) error {
	return s.change(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error { return c.frequency(ctx, frequency) }, nil)
}

func (c *change) frequency(ctx context.Context, frequency string) error {
	if frequency != FrequencyEach && frequency != FrequencyWeekly && frequency != FrequencyMonthly {
		return problem.Invalid("frequency", "must be each, weekly or monthly")
	}
	if c.sub.Frequency == frequency {
		return nil
	}
	c.sub.Frequency = frequency
	c.recordValue(ledger.FrequencyChanged, frequency)
	return nil
}

// SetTracking records whether a person agrees that opens and clicks are measured (compliance 43).
func (s *Service) SetTracking(ctx context.Context, actor audit.Actor, subscriberID string, on bool, evidence Evidence) error {
	return s.change(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error { return c.tracking(ctx, on) }, nil)
}

func (c *change) tracking(ctx context.Context, on bool) error {
	if on == !c.sub.TrackingAt.IsZero() {
		return nil
	}
	action := ledger.TrackingWithdrawn
	c.sub.TrackingAt = time.Time{}
	if on {
		action, c.sub.TrackingAt = ledger.TrackingGiven, c.at
	}
	if !on {
		for _, forget := range c.s.Untracked {
			if err := forget(ctx, c.tx, c.sub.ID); err != nil {
				return err
			}
		}
	}
	c.record(action, nil, "", "")
	return nil
}
