package campaigns

import (
	"context"
	"sync/atomic"
	"time"

	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
)

// Service keeps campaigns and decides who gets them. All fields are required but Event and Kick.
type Service struct {
	DB     *sqldb.DB
	Now    func() time.Time
	People *preferences.Service
	Outbox *outbox.Store
	Links  preferences.Links
	// Event finds the event of an event block, its texts in one language. It may be nil: then there are none.
	Event func(l *locale.Locale) func(slug string) (mail.Event, bool)
	// RealRelay tells that marketing mail leaves this machine, so that a brand needs its postal address.
	RealRelay bool
	// Aligns tells whether receivers can tell that a campaign with this From is from its domain. Nil: nobody knows.
	Aligns func(ctx context.Context, from string) bool
	// Kick tells the workers that a campaign has something to do. It may be nil: they look by themselves.
	Kick func(ctx context.Context, campaignID string)

	acquainted atomic.Bool
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func (s *Service) kick(ctx context.Context, campaignID string) {
	if s.Kick != nil {
		s.Kick(ctx, campaignID)
	}
}

// acquaint has PostgreSQL look at the people of the deliveries once there are some. Until its own maintenance does, a minute or more into
// the first campaign, it takes a handful of people for a good part of all and reads the whole table for them. Nothing is said about the
// other columns, which are not yet as they will be. It is no more than advice, so whether it comes to anything is nobody's concern.
func (s *Service) acquaint(ctx context.Context) {
	if s.DB.Dialect() != sqldb.PostgreSQL || s.acquainted.Swap(true) {
		return
	}
	var known bool
	err := s.DB.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_stats WHERE schemaname = current_schema() AND tablename = 'deliveries' AND attname = 'subscriber_id')").Scan(&known)
	if err == nil && !known {
		_, _ = s.DB.ExecContext(ctx, "ANALYZE deliveries (subscriber_id)")
	}
}

// MessageID is the Message-ID of a delivery.
func (s *Service) MessageID(deliveryID string) string {
	return "<" + s.Links.MessageID(deliveryID) + ">"
}
