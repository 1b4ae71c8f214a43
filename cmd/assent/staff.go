package main

import (
	"context"
	"fmt"

	"github.com/labstack/echo/v4"

	"assent/campaigns/home"
	"assent/preferences/staff"
)

// staffPages serves what the staff sees, and brings into being the key of the settings.
func (a *app) staffPages(ctx context.Context, e *echo.Echo) error {
	c := a.config
	// Also without a key: one that was taken out of the settings must stop.
	if err := a.apiKeys.Ensure(ctx, c.APIKey.Reveal()); err != nil {
		return fmt.Errorf("ASSENT_API_KEY: %w", err)
	}
	var err error
	if a.site, err = staff.NewSite(a.db, a.accounts, a.apiKeys, c.BaseURL); err != nil {
		return fmt.Errorf("BASE_URL: %w", err)
	}
	a.site.Offset = c.TimeOffset
	a.site.Register(e)
	first := &home.Home{DB: a.db, Now: c.Now, Site: a.site, Campaigns: a.mails}
	if c.Marketing != nil {
		first.Marketing = c.Marketing.Host
	}
	if c.Transactional != nil {
		first.Transactional = c.Transactional.Host
	}
	first.Register(e)
	return nil
}
