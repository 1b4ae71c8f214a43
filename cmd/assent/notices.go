package main

import (
	"assent/campaigns/notices"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/notices/office"
	"assent/campaigns/policies"
	"assent/preferences/segments"
	"assent/workers/brakes"
	runs "assent/workers/desk"
)

// mandatory makes what mandatory mail needs: single notices, broadcasts, and the policies that wait for them.
func (a *app) mandatory() {
	c := a.config
	a.notices = &notices.Service{DB: a.db, Now: c.Now, Outbox: a.outbox, People: a.people}
	a.broadcasts = &broadcasts.Service{DB: a.db, Now: c.Now, Outbox: a.outbox, People: a.people, Base: a.links.Base, Brake: tooManyBounces, Events: a.hooks}
	if c.Transactional != nil {
		a.broadcasts.Rate = c.Transactional.Rate.PerSecond()
	}
	a.outbox.Events = a.hooks
	a.policies = &policies.Store{DB: a.db, Now: c.Now, Lead: &broadcasts.LeadTime{Service: a.broadcasts}}
}

// mandatoryDesk is the screens of mandatory mail. A preview has no link to why it came: it went to nobody.
func (a *app) mandatoryDesk() *office.Office {
	c, preview := a.config, *a.composer
	preview.Why = nil
	return &office.Office{DB: a.db, Now: c.Now, Site: a.site, People: a.people, Notices: a.notices, Broadcasts: a.broadcasts, Policies: a.policies, Brands: a.brands, Segments: &segments.Store{DB: a.db, Now: c.Now},
		Compose: preview.Compose, Open: runs.Open, Base: a.links.Base, CountAtOnce: office.CountAtOnce}
}

// tooManyBounces is the brake of broadcasts: it works from the first ten mails on, because a broadcast begins with few.
func tooManyBounces(sent, bounced int64) bool {
	limits := brakes.Limits{Bounces: brakes.Defaults().Bounces}
	limits.Bounces.AtLeast = 10
	return limits.Judge(brakes.Counts{Sent: sent, Bounced: bounced}).Level == brakes.Stop
}
