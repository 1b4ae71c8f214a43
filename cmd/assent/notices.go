package main

import (
	"assent/campaigns/notices"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/policies"
	"assent/workers/brakes"
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

// tooManyBounces is the brake of broadcasts: it works from the first ten mails on, because a broadcast begins with few.
func tooManyBounces(sent, bounced int64) bool {
	limits := brakes.Limits{Bounces: brakes.Defaults().Bounces}
	limits.Bounces.AtLeast = 10
	return limits.Judge(brakes.Counts{Sent: sent, Bounced: bounced}).Level == brakes.Stop
}
