package broadcasts

import (
	"context"
	"fmt"
	"time"

	"assent/campaigns/policies"
	"assent/preferences/sqldb"
)

// LeadTime tells the policies whether a version was announced long enough ago. The service must have its DB and its clock.
type LeadTime struct{ *Service }

var _ policies.LeadTime = (*LeadTime)(nil)

// About lists the broadcasts that carry a version of a policy, the newest first; with an empty version, those of all.
func (s *Service) About(ctx context.Context, slug, version string) (list []*Broadcast, err error) {
	return sqldb.All(ctx, s.DB, scan, "SELECT "+columns+` FROM notice_broadcasts WHERE policy_slug = $1 AND policy_slug <> ''
		AND (CAST($2 AS TEXT) = '' OR policy_version = $2) ORDER BY id DESC`, slug, version)
}

// LeadTime looks at the approved broadcasts that carry a version: all of them must have an outcome for everybody in their
// audience, and their lead time must be over for whoever was reached last. One that reached nobody announced nothing, unless
// there are no customers to be told.
func (l *LeadTime) LeadTime(ctx context.Context, slug, version string) (met bool, at time.Time, err error) {
	list, err := sqldb.All(ctx, l.DB, scan, "SELECT "+columns+" FROM notice_broadcasts WHERE policy_slug = $1 AND policy_version = $2 AND policy_slug <> '' AND status IN ('scheduled', 'sending', 'finished')",
		slug, version)
	if err != nil {
		return false, at, err
	}
	now, done := l.now(), true
	for _, b := range list {
		if over, err := l.over(ctx, b); err != nil {
			return false, at, err
		} else if over {
			if err := b.setReached(ctx, l.DB); err != nil {
				return false, at, err
			}
		}
		if told, err := l.told(ctx, b); err != nil {
			return false, at, err
		} else if !told && !b.reachedAt.IsZero() {
			continue
		}
		last := b.reachedAt
		if last.IsZero() { // somebody waits: nobody can be reached earlier than now
			done, last = false, now
		}
		if one := b.earliest(last); one.After(at) {
			at = one
		}
	}
	return done && !at.IsZero() && !at.After(now), at, nil
}

// over tells whether everybody of a broadcast has an outcome though no worker has seen it yet, and nothing will hold it: what is
// in effect must not wait for a worker.
func (s *Service) over(ctx context.Context, b *Broadcast) (bool, error) {
	if !b.reachedAt.IsZero() || b.plannedAt.IsZero() || !b.HeldAt.IsZero() {
		return false, nil
	}
	var waits bool
	if err := s.DB.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM messages WHERE broadcast_id = $1 AND status IN ('queued', 'sending', 'deferred'))", b.ID).Scan(&waits); err != nil {
		return false, fmt.Errorf("broadcasts: lead time: %w", err)
	}
	if waits {
		return false, nil
	}
	c, err := counts(ctx, s.DB, b.ID)
	return err == nil && !s.tooMany(b, c), err
}

// told tells whether a broadcast reached anybody, or had nobody to reach.
func (s *Service) told(ctx context.Context, b *Broadcast) (yes bool, err error) {
	if b.Total == 0 && b.everybody() {
		return true, nil
	}
	err = s.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM messages WHERE broadcast_id = $1 AND status = 'sent') OR EXISTS (SELECT 1 FROM notice_served WHERE broadcast_id = $2)`,
		b.ID, b.ID).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("broadcasts: lead time: %w", err)
	}
	return yes, nil
}

// everybody tells whether a broadcast is for all customers.
func (b *Broadcast) everybody() bool { return b.Segment == "" && b.Contract == "" }
