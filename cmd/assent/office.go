package main

import (
	"context"
	"time"

	"assent/campaigns/desk/office"
	"assent/campaigns/events"
	"assent/preferences/partners"
	"assent/preferences/sqldb"
	"assent/preferences/webhooks"
)

// office are the screens of data requests, forms, imports, events and webhooks.
func (a *app) office() *office.Office {
	now := a.config.Now
	return &office.Office{DB: a.db, Now: now, Site: a.site, People: a.people, Brands: a.brands, Partners: &partners.Store{DB: a.db, Now: now}, Rights: a.rights, Forms: a.forms,
		Imports: a.imports, Events: a.events, Hooks: a.hooks, Base: a.links.Base, Ending: a.live.Done()}
}

// eventSharingWithdrawn tells that a partner of an event must no longer use what it has of somebody.
const eventSharingWithdrawn = "event.sharing_withdrawn"

// passedOn tells by webhook what people take back of what partners of events were given. Nobody wants it: staff tell the partner.
type passedOn struct{ hooks *webhooks.Store }

// SharingWithdrawn implements [events.Partners]. It names the registration, not the person: it outlives an erasure.
func (p passedOn) SharingWithdrawn(ctx context.Context, tx *sqldb.Tx, w events.Withdrawal) (bool, error) {
	wanted, err := p.hooks.Wants(ctx, tx, eventSharingWithdrawn)
	if err != nil || !wanted {
		return false, err
	}
	return true, p.hooks.Enqueue(ctx, tx, eventSharingWithdrawn, struct {
		RegistrationID string    `json:"registration_id"`
		Event          string    `json:"event"`
		Partner        string    `json:"partner"`
		At             time.Time `json:"at"`
	}{w.RegistrationID, w.Event, w.Partner, w.At})
}
