package campaigns

import (
	"context"
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
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

func (s *Service) kick(ctx context.Context, campaignID string) {
	if s.Kick != nil {
		s.Kick(ctx, campaignID)
	}
}

// MessageID is the Message-ID of a delivery.
func (s *Service) MessageID(deliveryID string) string {
	return "<" + s.Links.MessageID(deliveryID) + ">"
}
