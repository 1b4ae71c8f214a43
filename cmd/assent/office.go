package main

import (
	"assent/campaigns/desk/office"
	"assent/preferences/partners"
)

// office are the screens of data requests, forms, imports, events and webhooks.
func (a *app) office() *office.Office {
	now := a.config.Now
	return &office.Office{DB: a.db, Now: now, Site: a.site, People: a.people, Brands: a.brands, Partners: &partners.Store{DB: a.db, Now: now}, Rights: a.rights, Forms: a.forms,
		Imports: a.imports, Events: a.events, Hooks: a.hooks, Base: a.links.Base, Ending: a.live.Done()}
}
