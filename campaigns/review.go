package campaigns

import (
	"context"
	"strings"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// maxReason is how long the words of a refusal may be.
const maxReason = 500

// Submit asks another person to look at a draft before it goes.
func (s *Service) Submit(ctx context.Context, actor audit.Actor, id string) (*Campaign, error) {
	return s.move(ctx, actor, id, "campaign.submit", func(tx *sqldb.Tx, c *Campaign, _ time.Time) error {
		if c.Status != StatusDraft {
			return problem.Conflict("Only a draft can be submitted for review; this campaign is " + c.Status + ".")
		}
		c.Status, c.StatusReason = StatusInReview, ""
		c.unapprove()
		return s.sendable(ctx, tx, c)
	})
}

// Approve lets a campaign in review be scheduled. It takes another person than its author.
func (s *Service) Approve(ctx context.Context, actor audit.Actor, id string) (*Campaign, error) {
	return s.move(ctx, actor, id, "campaign.approve", func(_ *sqldb.Tx, c *Campaign, now time.Time) error {
		if c.Status != StatusInReview {
			return problem.Conflict("Only a campaign in review can be approved; this one is " + c.Status + ".")
		}
		return c.approve(actor, now)
	})
}

// Refuse gives a campaign in review back to its author as a draft, with the reason.
func (s *Service) Refuse(ctx context.Context, actor audit.Actor, id, reason string) (*Campaign, error) {
	return s.move(ctx, actor, id, "campaign.refuse", func(_ *sqldb.Tx, c *Campaign, _ time.Time) error {
		if c.Status != StatusInReview {
			return problem.Conflict("Only a campaign in review can be refused; this one is " + c.Status + ".")
		}
		if reason = strings.TrimSpace(reason); reason == "" || len(reason) > maxReason {
			return problem.Invalid("reason", "says in up to 500 bytes what is to be changed")
		}
		c.Status, c.StatusReason = StatusDraft, reason
		c.unapprove()
		return nil
	})
}

// reviewed refuses to schedule what a second person has not let go: always while it is in review, and a draft where the
// site's settings want a review. Another person than the author approves by scheduling.
func (s *Service) reviewed(ctx context.Context, actor audit.Actor, c *Campaign, now time.Time) error {
	if !c.ApprovedAt.IsZero() || c.Status == StatusScheduled {
		return nil
	}
	if c.Status == StatusInReview {
		return c.approve(actor, now)
	}
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return err
	}
	if site.ReviewRequired {
		return problem.Conflict("A second person must approve a campaign here before it is scheduled: submit it for review first.")
	}
	return nil
}

// WrittenBy tells whether a campaign is a person's own work: who made it, and who changed it last.
func (c *Campaign) WrittenBy(person string) bool { return person == c.Author || person == c.ChangedBy }

func (c *Campaign) approve(actor audit.Actor, now time.Time) error {
	if c.WrittenBy(actor.Person()) {
		return problem.Forbidden("Another person than its author, and than who changed it last, approves a campaign.")
	}
	c.ApprovedBy, c.ApprovedName, c.ApprovedAt = actor.Person(), actor.Name, now
	return nil
}

// unapprove forgets an approval: what is changed after it has to be looked at again.
func (c *Campaign) unapprove() { c.ApprovedBy, c.ApprovedName, c.ApprovedAt = "", "", time.Time{} }
