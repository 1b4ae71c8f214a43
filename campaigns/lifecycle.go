package campaigns

import (
	"context"
	"fmt"
	"time"

	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/templates/locale"
)

// Schedule is when and how fast a campaign goes.
type Schedule struct {
	At        time.Time // zero: now
	LocalTime string    // wall clock 2006-01-02T15:04 in each recipient's zone, or empty
	Window    string    // such as 09:00-17:00 in each recipient's zone, or empty
	Rate      int       // mails an hour, 0: no limit
}

// Check tells whether its window is one.
func (w Schedule) Check() error {
	if _, _, err := parseWindow(w.Window); w.Window != "" && err != nil {
		return problem.Invalid("window", err.Error())
	}
	return nil
}

// farthestEast is how far ahead of UTC a wall clock can be: a local time begins there first.
const farthestEast = 14 * time.Hour

// Schedule lets a draft or reviewed campaign go at its time.
func (s *Service) Schedule(ctx context.Context, actor audit.Actor, id string, when Schedule) (*Campaign, error) {
	c, err := s.move(ctx, actor, id, "campaign.schedule", func(tx *sqldb.Tx, c *Campaign, now time.Time) error {
		if c.Status != StatusDraft && c.Status != StatusInReview && c.Status != StatusScheduled {
			return problem.Conflict("A campaign that is " + c.Status + " cannot be scheduled.")
		}
		if err := s.reviewed(ctx, actor, c, now); err != nil {
			return err
		}
		if err := s.sendable(ctx, tx, c); err != nil {
			return err
		}
		if err := when.Check(); err != nil {
			return err
		}
		c.Status, c.StatusReason, c.ScheduledAt, c.LocalTime, c.Window, c.Rate = StatusScheduled, "", when.At.UTC(), when.LocalTime, when.Window, when.Rate
		if when.LocalTime != "" {
			local, err := time.Parse(localLayout, when.LocalTime)
			if err != nil {
				return problem.Invalid("local_time", "must be a wall clock such as 2026-05-01T09:00")
			}
			if c.ScheduledAt.IsZero() {
				c.ScheduledAt = local.Add(-farthestEast)
			}
		}
		if c.ScheduledAt.Before(now) {
			c.ScheduledAt = now
		}
		return nil
	})
	if err == nil {
		s.kick(ctx, id)
	}
	return c, err
}

// sendable refuses a campaign that must not leave: marketing without a postal address in front of a real relay (compliance 40),
// and a text that shows an event which there is not, for it could be sent to nobody.
func (s *Service) sendable(ctx context.Context, q sqldb.Querier, c *Campaign) error {
	if err := finished(ctx, q, c.ID); err != nil {
		return err
	}
	if err := s.eventsThere(c); err != nil {
		return err
	}
	brand, err := s.brand(ctx, q, c)
	if err != nil {
		return err
	}
	if s.RealRelay && brand.PostalAddress == "" {
		return problem.Invalid("brand", "the brand "+brand.Key+" has no postal address, which marketing mail must show; add it with PATCH /api/v1/brands/"+brand.Key)
	}
	return nil
}

// eventsThere refuses a campaign whose texts show an event that there is not.
func (s *Service) eventsThere(c *Campaign) error {
	arms := 1
	if c.AB != nil {
		arms = c.AB.Arms()
	}
	for arm := range arms {
		blocks, err := content.Parse(c.As(arm + 1).Blocks)
		if err != nil {
			return err
		}
		for _, slug := range blocks.EventSlugs() {
			if s.Event == nil {
				return problem.Invalid("blocks", "show an event, and there are none")
			}
			if _, ok := s.Event(locale.Get("en"))(slug); !ok {
				return problem.Invalid("blocks", fmt.Sprintf("show the event %q, which there is not; make it with POST /api/v1/events first", slug))
			}
		}
	}
	return nil
}

// warnings are what a campaign that goes is likely to suffer from. A From that proves nothing here (compliance 20) keeps none from going:
// whether the relay signs for its domain is not known here, and assent doctor looks closer.
func (s *Service) warnings(ctx context.Context, c *Campaign) (list []problem.Field) {
	brand, err := s.brand(ctx, s.DB, c)
	if err == nil && s.Aligns != nil && !s.Aligns(ctx, brand.FromEmail) {
		list = append(list, problem.Field{Field: "brand", Detail: "sends from " + brand.FromEmail + ", whose domain neither a DKIM key kept here nor the return path proves; unless the relay signs for it, providers may refuse the mail or take it for spam: see assent doctor"})
	}
	return list
}

// brand is the identity that a campaign speaks for: its own, else its topic's, else the default.
func (s *Service) brand(ctx context.Context, q sqldb.Querier, c *Campaign) (brands.Brand, error) {
	key := c.Brand
	if key == "" {
		topic, err := s.People.TopicByID(ctx, q, c.TopicID)
		if err != nil {
			return brands.Brand{}, err
		}
		key = topic.Brand
	}
	return brands.Get(ctx, q, key)
}

// Pause holds a campaign. Mail that is claimed at this instant may still go; nothing is claimed after.
func (s *Service) Pause(ctx context.Context, actor audit.Actor, id, reason string) (*Campaign, error) {
	return s.move(ctx, actor, id, "campaign.pause", func(_ *sqldb.Tx, c *Campaign, _ time.Time) error {
		if c.Status == StatusPaused {
			return nil
		}
		if c.Status != StatusSending && c.Status != StatusScheduled {
			return problem.Conflict("A campaign that is " + c.Status + " cannot be paused.")
		}
		c.Status, c.StatusReason = StatusPaused, reason
		return nil
	})
}

// Resume goes on exactly where a paused campaign stood.
func (s *Service) Resume(ctx context.Context, actor audit.Actor, id string) (*Campaign, error) {
	c, err := s.move(ctx, actor, id, "campaign.resume", func(tx *sqldb.Tx, c *Campaign, now time.Time) error {
		if c.Status != StatusPaused {
			return problem.Conflict("Only a paused campaign can be resumed; this one is " + c.Status + ".")
		}
		if err := openWindow(ctx, tx, now, c.ID); err != nil {
			return err
		}
		c.StatusReason = ""
		if c.Status = StatusSending; c.StartedAt.IsZero() {
			c.Status = StatusScheduled
		}
		return s.sendable(ctx, tx, c)
	})
	if err == nil {
		s.kick(ctx, id)
	}
	return c, err
}

// Cancel ends a campaign for good. A scheduled one that has not begun may be changed again after [Service.Unschedule] instead.
func (s *Service) Cancel(ctx context.Context, actor audit.Actor, id string) (*Campaign, error) {
	return s.move(ctx, actor, id, "campaign.cancel", func(tx *sqldb.Tx, c *Campaign, now time.Time) error {
		switch c.Status {
		case StatusCancelled:
			return nil
		case StatusFinished:
			return problem.Conflict("The campaign is finished; there is nothing left to cancel.")
		}
		_, slices, err := exclusive(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		return s.end(ctx, tx, c, slices, now, StatusCancelled, ReasonCancelled)
	})
}

// Unschedule makes a scheduled campaign that has not begun a draft again.
func (s *Service) Unschedule(ctx context.Context, actor audit.Actor, id string) (*Campaign, error) {
	return s.move(ctx, actor, id, "campaign.unschedule", func(_ *sqldb.Tx, c *Campaign, _ time.Time) error {
		if !c.StartedAt.IsZero() || (c.Status != StatusScheduled && c.Status != StatusPaused && c.Status != StatusInReview) {
			return problem.Conflict("A campaign that is " + c.Status + " cannot become a draft again.")
		}
		c.Status, c.StatusReason, c.ScheduledAt = StatusDraft, "", time.Time{}
		c.unapprove()
		return nil
	})
}

// move changes a locked campaign and records who did it.
func (s *Service) move(ctx context.Context, actor audit.Actor, id, action string, do func(tx *sqldb.Tx, c *Campaign, now time.Time) error) (c *Campaign, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		if c, _, err = exclusive(ctx, tx, id); err != nil {
			return err
		}
		before := c.Status
		if err := do(tx, c, now); err != nil {
			return err
		}
		c.UpdatedAt = now
		if err := c.save(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, action, audit.Object("campaign", id), map[string]string{"status": before}, map[string]string{"status": c.Status, "reason": c.StatusReason})
	})
	if err != nil {
		return nil, fmt.Errorf("campaigns: %w", err)
	}
	return c, nil
}
