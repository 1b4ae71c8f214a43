package broadcasts

import (
	"context"
	"fmt"
	"time"

	"assent/campaigns/policies"
)

// LeadTime tells the policies whether a version was announced long enough ago. The service must have its DB and its clock.
type LeadTime struct{ *Service }

var _ policies.LeadTime = (*LeadTime)(nil)

// About lists the broadcasts that carry a version of a policy, the newest first; with an empty version, those of all.
func (s *Service) About(ctx context.Context, slug, version string) (list []*Broadcast, err error) {
	rows, err := s.DB.QueryContext(ctx, "SELECT "+columns+` FROM notice_broadcasts WHERE policy_slug = $1 AND policy_slug <> ''
		AND (CAST($2 AS TEXT) = '' OR policy_version = $2) ORDER BY id DESC`, slug, version)
	if err != nil {
		return nil, fmt.Errorf("broadcasts: about %s %s: %w", slug, version, err)
	}
	defer rows.Close()
	for rows.Next() {
		b, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, rows.Err()
}

// LeadTime looks at the approved broadcasts that carry a version: all of them must have an outcome for everybody in their
// audience, and their lead time must be over for whoever was reached last.
func (l *LeadTime) LeadTime(ctx context.Context, slug, version string) (met bool, at time.Time, err error) {
	rows, err := l.DB.QueryContext(ctx, "SELECT "+columns+" FROM notice_broadcasts WHERE policy_slug = $1 AND policy_version = $2 AND policy_slug <> '' AND status IN ('scheduled', 'sending', 'finished')",
		slug, version)
	if err != nil {
		return false, at, fmt.Errorf("broadcasts: lead time: %w", err)
	}
	defer rows.Close()
	now, done := l.now(), true
	for rows.Next() {
		b, err := scan(rows)
		if err != nil {
			return false, at, err
		}
		last := b.reachedAt
		if last.IsZero() { // somebody waits: nobody can be reached earlier than now
			done, last = false, now
		}
		if one := b.earliest(last); one.After(at) {
			at = one
		}
	}
	return done && !at.IsZero() && !at.After(now), at, rows.Err()
}
