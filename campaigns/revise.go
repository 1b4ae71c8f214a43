package campaigns

import (
	"context"
	"encoding/json"
	"time"

	"assent/campaigns/edits"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// AnyVersion makes [Service.Revise] write over whatever is there.
const AnyVersion = -1

// ErrEdited refuses to write over what somebody else wrote in the meantime.
var ErrEdited = problem.Conflict("Somebody else changed this campaign after you opened it. Nothing of yours was written.")

// ErrUnfinished refuses to send what the editor holds back as not complete.
var ErrUnfinished = problem.Conflict("There are changes in the editor that are not complete. Finish them first, or go back to what was saved.")

// Revision is what the editor has: the draft that it makes, the form as it was typed, and the version that it began with.
type Revision struct {
	Draft   Draft
	Form    json.RawMessage
	Version int64
}

// auditEvery is how often the audit log tells of one person who goes on writing.
const auditEvery = 10 * time.Minute

// Revise keeps what was typed into the editor. What cannot be a campaign yet is kept beside the campaign, which stays as
// it was: then wrong names the faults. With [ErrEdited] the state that somebody else left is returned.
func (s *Service) Revise(ctx context.Context, actor audit.Actor, id string, r Revision) (c *Campaign, e edits.Edit, wrong, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		wrong = nil
		now := s.now()
		if c, err = lock(ctx, tx, id); err != nil {
			return err
		}
		if c.Status != StatusDraft {
			return ErrNotDraft
		}
		if e, err = edits.Get(ctx, tx, id); err != nil {
			return err
		}
		if r.Version != AnyVersion && r.Version != e.Version {
			return ErrEdited
		}
		before, was := map[string]string{"name": c.Name, "subject": c.Subject}, *c
		next := edits.Edit{Editor: actor.Name, At: now, Audited: e.Audited}
		if wrong = s.apply(ctx, tx, r.Draft, c); wrong != nil {
			if _, input := problem.As(wrong); !input {
				return wrong
			}
			*c, next.Form = was, r.Form
		} else {
			if e.Editor != actor.Name || now.Sub(e.Audited) >= auditEvery || c.Name != was.Name || c.Subject != was.Subject {
				next.Audited = now
				if err := audit.Record(ctx, tx, now, actor, "campaign.update", audit.Object("campaign", c.ID), before, map[string]string{"name": c.Name, "subject": c.Subject}); err != nil {
					return err
				}
			}
			c.UpdatedAt, c.ChangedBy = now, actor.Person()
			if err := c.save(ctx, tx); err != nil {
				return err
			}
		}
		next.Version, err = edits.Put(ctx, tx, id, next)
		e = next
		return err
	})
	return c, e, wrong, err
}

// Discard forgets what was typed and is not complete: the campaign as it was saved is what counts.
func (s *Service) Discard(ctx context.Context, actor audit.Actor, id string) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		c, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if c.Status != StatusDraft {
			return ErrNotDraft
		}
		return s.edited(ctx, tx, actor, id)
	})
}

// edited begins a new version of which nothing is pending.
func (s *Service) edited(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, id string) error {
	_, err := edits.Put(ctx, tx, id, edits.Edit{Editor: actor.Name, At: s.now(), Audited: s.now()})
	return err
}

// finished refuses a campaign of which something that was typed is not in it.
func finished(ctx context.Context, q sqldb.Querier, id string) error {
	e, err := edits.Get(ctx, q, id)
	if err == nil && e.Pending() {
		err = ErrUnfinished
	}
	return err
}
