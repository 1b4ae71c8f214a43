package main

import (
	"context"
	"fmt"

	"github.com/labstack/echo/v4"

	"assent/campaigns/desk"
	"assent/campaigns/home"
	"assent/campaigns/media"
	"assent/campaigns/processing"
	"assent/preferences/partners"
	"assent/preferences/segments"
	"assent/preferences/staff"
	"assent/preferences/staff/oidc"
	"assent/templates/site"
	"assent/workers/backup"
	runs "assent/workers/desk"
	"assent/workers/doctor"
)

// staffPages serves what the staff sees, and brings into being the key of the settings.
func (a *app) staffPages(ctx context.Context, e *echo.Echo) error {
	c := a.config
	// Also without a key: one that was taken out of the settings must stop.
	if err := a.apiKeys.Ensure(ctx, c.APIKey.Reveal()); err != nil {
		return fmt.Errorf("ASSENT_API_KEY: %w", err)
	}
	if c.APIKey != "" && len(c.APIKey) < 16 {
		a.log.Warn("ASSENT_API_KEY is short and can be guessed; make one with: openssl rand -hex 32")
	}
	var err error
	if a.site, err = staff.NewSite(a.db, a.accounts, a.apiKeys, c.BaseURL); err != nil {
		return fmt.Errorf("BASE_URL: %w", err)
	}
	a.site.Offset = c.TimeOffset
	if o := c.OIDC; o != nil {
		a.site.OIDC = oidc.New(a.accounts, oidc.Config{Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), Name: o.Name}, staff.OIDCRedirect(c.BaseURL))
	}
	a.site.Register(e)
	first := &home.Home{DB: a.db, Now: c.Now, Site: a.site, Campaigns: a.mails, Live: a.live}
	if c.Marketing != nil {
		first.Marketing = c.Marketing.Host
	}
	if c.Transactional != nil {
		first.Transactional = c.Transactional.Host
	}
	first.Register(e)
	a.desks(e)
	return nil
}

// desks are the screens of those who make and look after mail.
func (a *app) desks(e *echo.Echo) {
	c := a.config
	(&media.Pages{Store: &media.Store{DB: a.db, Now: c.Now}, Site: a.site, Base: a.links.Base}).Register(e)
	(&desk.Desk{DB: a.db, Now: c.Now, Site: a.site, People: a.people, Campaigns: a.mails, Live: a.live, Brands: a.brands, Partners: &partners.Store{DB: a.db, Now: c.Now},
		Segments: &segments.Store{DB: a.db, Now: c.Now}, Together: a.together, Base: a.links.Base, Rights: a.rights, Fixed: [][2]string{{"BASE_URL", c.BaseURL.String()}, {"ASSENT_DATA", c.Data}, {"ASSENT_BOUNCE_DOMAIN", c.BounceDomain}, {"ASSENT_INBOUND_ADDR", c.InboundAddr}}}).Register(e)
	a.office().Register(e)
	a.mandatoryDesk().Register(e)
	processing.Desk{Service: a.processing(), Site: a.site}.Register(e)
	state := &runs.State{Site: a.site, Book: a.book(), Signing: a.signing, Stats: a.queue.Stats, Examine: func(ctx context.Context) ([]doctor.Check, error) { return a.examine(ctx, nil) },
		Streams: []site.Stream{{Key: "marketing"}, {Key: "transactional"}}}
	state.Try, state.InboundAddr, state.Providers, state.Base = a.tryMail, c.InboundAddr, a.webhooks(), a.links.Base
	state.Warming = func(ctx context.Context) (*site.WarmUp, error) {
		day, sent, quota, limited, err := a.mails.Warming(ctx, c.Warmup)
		if err != nil || !limited {
			return nil, err
		}
		return &site.WarmUp{Day: day, Days: c.Warmup.Days(), Sent: sent, Limit: quota}, nil
	}
	if m, err := a.returned(); err == nil && m != nil {
		state.Mailbox = m.Name()
	}
	for i, r := range []*Relay{c.Marketing, c.Transactional} {
		if r != nil {
			state.Streams[i].Relay = r.Host
		}
	}
	state.Register(e)
	if a.mailbox != nil {
		(&runs.Mailbox{Box: a.mailbox, Site: a.site, Keys: a.apiKeys, Real: c.Marketing != nil}).Register(e)
	}
}

// processing answers for what personal data is kept, and for how long.
func (a *app) processing() *processing.Service {
	s := &processing.Service{DB: a.db, Now: a.config.Now, People: a.people}
	for _, place := range a.config.Backups {
		if _, here := place.(backup.Folder); !here {
			s.Stores = append(s.Stores, place.String())
		}
	}
	for i, r := range []*Relay{a.config.Marketing, a.config.Transactional} {
		if r != nil {
			s.Relays = append(s.Relays, processing.Relay{Host: r.Host, Stream: []string{"marketing", "transactional"}[i]})
		}
	}
	return s
}
