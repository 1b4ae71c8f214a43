package preferences

import (
	"context"

	"assent/preferences/audit"
	"assent/preferences/ledger"
	"assent/preferences/sqldb"
)

// Complained records that a person reported a mail as spam: no marketing and research any more, notices go on (compliance 16).
func (s *Service) Complained(ctx context.Context, actor audit.Actor, subscriberID string, evidence Evidence) (out Recorded, err error) {
	err = s.change(ctx, actor, subscriberID, evidence, func(ctx context.Context, c *change) error {
		added, err := insertSuppression(ctx, c.tx, Suppression{ID: sqldb.NewID(), AddressKey: c.sub.EmailKey, Email: c.sub.Email, Reason: SuppressedComplained, Source: evidence.Source, CreatedAt: c.now})
		if err != nil || !added {
			return err
		}
		out.Changed = true
		out.Event = c.record(ledger.Complained, nil, "", "")
		c.stop("")
		return nil
	}, &out.InFlight)
	return out, err
}
