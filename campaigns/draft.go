package campaigns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
)

// Draft is what makes or changes a campaign. A nil field takes its default, or is left as it is.
type Draft struct {
	Name            *string         `json:"name"`
	Topic           *string         `json:"topic"`
	Segment         *string         `json:"segment"`
	ExcludeSegments *[]string       `json:"exclude_segments"`
	Brand           *string         `json:"brand"`
	Subject         *string         `json:"subject"`
	Preheader       *string         `json:"preheader"`
	Blocks          json.RawMessage `json:"blocks"`
	ExpiresAfter    *string         `json:"expires_after"`
	TrackClicks     *bool           `json:"track_clicks"`
	ABTest          json.RawMessage `json:"ab_test"` // null takes it away
}

const maxSubject = 500

// apply checks d and writes it over c. Every field that is wrong is named.
func (s *Service) apply(ctx context.Context, q sqldb.Querier, d Draft, c *Campaign) error {
	var bad problem.Collector
	for _, f := range []struct {
		name string
		from *string
		to   *string
		max  int
	}{{"name", d.Name, &c.Name, 255}, {"subject", d.Subject, &c.Subject, maxSubject}, {"preheader", d.Preheader, &c.Preheader, maxSubject}} {
		if f.from == nil {
			continue
		}
		if *f.to = strings.TrimSpace(*f.from); len(*f.to) > f.max {
			bad.Add(f.name, "must have at most %d bytes", f.max)
		} else if address.HeaderSafe(*f.to) != nil {
			bad.Add(f.name, "must be one line without control characters")
		}
	}
	bad.Require("name", c.Name)
	bad.Require("subject", c.Subject)
	if d.Topic != nil {
		topic, err := s.People.Topic(ctx, q, *d.Topic)
		switch {
		case errors.Is(err, preferences.ErrTopicNotFound):
			bad.Add("topic", "is not the key of a topic; make it with POST /api/v1/topics first")
		case err != nil:
			return err
		case topic.ArchivedAt != nil:
			bad.Add("topic", "is archived")
		default:
			c.TopicID = topic.ID
		}
	} else if c.TopicID == "" {
		bad.Add("topic", "is required")
	}
	if d.Segment != nil {
		c.Segment = *d.Segment
		s.checkSegment(ctx, q, &bad, "segment", c.Segment)
	}
	if d.ExcludeSegments != nil {
		c.ExcludeSegments = *d.ExcludeSegments
		for i, key := range c.ExcludeSegments {
			s.checkSegment(ctx, q, &bad, fmt.Sprintf("exclude_segments[%d]", i), key)
		}
	}
	if d.Brand != nil {
		if c.Brand = *d.Brand; c.Brand != "" {
			if _, err := brands.Get(ctx, q, c.Brand); err != nil {
				bad.Add("brand", "is not the key of a brand; make it with POST /api/v1/brands first")
			}
		}
	}
	if d.ExpiresAfter != nil {
		after, err := time.ParseDuration(*d.ExpiresAfter)
		if *d.ExpiresAfter == "" {
			after, err = 0, nil
		}
		if err != nil || after < 0 || after > 365*24*time.Hour {
			bad.Add("expires_after", "must be a duration such as 48h, a year at most")
		}
		c.ExpiresAfter = after
	}
	if d.Blocks != nil {
		c.Blocks = d.Blocks
	}
	if len(c.Blocks) == 0 || string(c.Blocks) == "null" {
		bad.Add("blocks", "is required: a list of blocks such as {\"type\": \"text\", \"markdown\": \"Hello\"}")
		return bad.Err()
	}
	blocks, err := content.Parse(c.Blocks)
	if p, ok := problem.As(err); ok {
		for _, f := range p.Fields {
			bad.Add(f.Field, "%s", f.Detail)
		}
		if len(p.Fields) == 0 {
			bad.Add("blocks", "%s", p.Detail)
		}
		return bad.Err()
	}
	if err != nil {
		return err
	}
	content.Content{Subject: c.Subject, Preheader: c.Preheader, Blocks: blocks}.Check(&bad)
	if d.TrackClicks != nil {
		c.TrackClicks = *d.TrackClicks
	}
	if d.ABTest != nil {
		c.AB, c.ABState = readTest(d.ABTest, &bad), ABState{}
	}
	if c.AB != nil {
		c.AB.check(c, &bad)
	}
	return bad.Err()
}

func (s *Service) checkSegment(ctx context.Context, q sqldb.Querier, bad *problem.Collector, field, key string) {
	if key == "" {
		return
	}
	if _, err := segments.Load(ctx, q, key); err != nil {
		bad.Add(field, "is not the key of a segment; make it with POST /api/v1/segments first")
	}
}

// Create makes a draft.
func (s *Service) Create(ctx context.Context, actor audit.Actor, d Draft) (*Campaign, error) {
	return s.insertDraft(ctx, actor, d, func(*sqldb.Tx) (*Campaign, error) { return &Campaign{}, nil })
}

// Copy makes a draft of what a campaign of any status says and whom it is for; not of when it went out and who approved it.
func (s *Service) Copy(ctx context.Context, actor audit.Actor, id, name string) (*Campaign, error) {
	return s.insertDraft(ctx, actor, Draft{Name: &name}, func(tx *sqldb.Tx) (*Campaign, error) {
		from, err := s.Get(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		return &Campaign{TopicID: from.TopicID, Segment: from.Segment, ExcludeSegments: from.ExcludeSegments, Brand: from.Brand, Subject: from.Subject, Preheader: from.Preheader,
			Blocks: from.Blocks, ExpiresAfter: from.ExpiresAfter, TrackClicks: from.TrackClicks, AB: from.AB}, nil
	})
}

// insertDraft stores a new draft: what there is already of it, and d.
func (s *Service) insertDraft(ctx context.Context, actor audit.Actor, d Draft, of func(*sqldb.Tx) (*Campaign, error)) (c *Campaign, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		if c, err = of(tx); err != nil {
			return err
		}
		c.ID, c.Status, c.Author, c.CreatedAt, c.UpdatedAt = sqldb.NewID(), StatusDraft, actor.Person(), now, now
		if err := s.apply(ctx, tx, d, c); err != nil {
			return err
		}
		if err := c.insert(ctx, tx); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "campaign.create", audit.Object("campaign", c.ID), nil, map[string]string{"name": c.Name, "subject": c.Subject})
	})
	return c, err
}

// ErrNotDraft refuses a change to what people are about to get, or have got.
var ErrNotDraft = problem.Conflict("Only a draft can be changed. A scheduled campaign becomes a draft again with POST …/unschedule.")

// Update changes a draft.
func (s *Service) Update(ctx context.Context, actor audit.Actor, id string, d Draft) (c *Campaign, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		if c, err = lock(ctx, tx, id); err != nil {
			return err
		}
		if c.Status != StatusDraft {
			return ErrNotDraft
		}
		before := map[string]string{"name": c.Name, "subject": c.Subject}
		if err := s.apply(ctx, tx, d, c); err != nil {
			return err
		}
		c.UpdatedAt, c.ChangedBy = now, actor.Person()
		if err := c.save(ctx, tx); err != nil {
			return err
		}
		if err := s.edited(ctx, tx, actor, c.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, "campaign.update", audit.Object("campaign", c.ID), before, map[string]string{"name": c.Name, "subject": c.Subject})
	})
	return c, err
}

// Delete removes a draft.
func (s *Service) Delete(ctx context.Context, actor audit.Actor, id string) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		c, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if c.Status != StatusDraft {
			return problem.Conflict("Only a draft can be deleted; cancel the campaign instead, so that its record stays.")
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM campaigns WHERE id = $1", id); err != nil {
			return fmt.Errorf("campaigns: delete: %w", err)
		}
		return audit.Record(ctx, tx, s.now(), actor, "campaign.delete", audit.Object("campaign", id), map[string]string{"name": c.Name}, nil)
	})
}
