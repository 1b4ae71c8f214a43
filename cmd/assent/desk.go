package main

import (
	"context"
	"net/netip"
	"time"

	"assent/campaigns/outbox"
	"assent/campaigns/pace"
	"assent/preferences"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/tokens"
	"assent/preferences/webhooks"
	"assent/templates/site"
	"assent/workers"
	"assent/workers/limits"
)

// openDesk ties together who is told what of people's choices and data, and what an erasure reaches.
func (a *app) openDesk() {
	c := a.config
	a.hooks = &webhooks.Store{DB: a.db, Now: c.Now, Log: a.log, Allow: c.WebhookNetworks, Seal: a.keyring.Derive("webhooks")}
	a.people.Tell = a.hooks.EnqueueAll
	a.rights = &rights.Service{DB: a.db, Now: c.Now, Keys: a.keyring, People: a.people, Tell: a.hooks.Enqueue, Officers: a.officers}
	a.people.Forget = append(a.people.Forget, a.rights.Forget, func(ctx context.Context, tx *sqldb.Tx, sub *preferences.Subscriber) error {
		if sub.ID == "" {
			return nil
		}
		return a.hooks.Forget(ctx, tx, sub.ID)
	})
	log := erasuresIn(c.Data)
	a.people.Erased = append(a.people.Erased, func(ctx context.Context, sub *preferences.Subscriber) error { return log.note(ctx, a, sub) })
	if a.mailbox != nil {
		a.people.Erased = append(a.people.Erased, a.purge)
	}
}

// purgeAgain is after how long the mailbox is purged a second time: a mail that was being handed over at the moment of the
// erasure has arrived by then.
const purgeAgain = 15 * time.Second

// purge removes the mails of an erased person from the built-in mailbox.
func (a *app) purge(ctx context.Context, sub *preferences.Subscriber) error {
	email := sub.Email
	time.AfterFunc(purgeAgain, func() {
		if _, err := a.mailbox.Purge(context.Background(), email); err != nil {
			a.log.Debug("mailbox not purged again", "error", err) // it is closed: then nothing came in either
		}
	})
	_, err := a.mailbox.Purge(ctx, email)
	return err
}

// officers are the staff who look after data requests: the privacy officers or, where there is none, the administrators.
func (a *app) officers(ctx context.Context) ([]rights.Officer, error) {
	users, err := a.accounts.List(ctx)
	if err != nil {
		return nil, err
	}
	var officers, administrators []rights.Officer
	for _, u := range users {
		who := rights.Officer{Email: u.Email, Name: u.Name, Locale: u.Locale}
		switch {
		case u.Disabled():
		case has(u.Roles, access.PrivacyOfficer):
			officers = append(officers, who)
		case has(u.Roles, access.Administrator):
			administrators = append(administrators, who)
		}
	}
	if len(officers) == 0 {
		return administrators, nil
	}
	return officers, nil
}

func has(roles []access.Role, want access.Role) bool {
	for _, r := range roles {
		if r == want {
			return true
		}
	}
	return false
}

// why is the link to the page that tells why a service message or notice came.
func (a *app) why(m *outbox.Message) string {
	return a.links.Base + "/why/" + a.keyring.Sign(tokens.Why, tokens.Claims{Subject: m.SubscriberID, Source: m.ID, Issued: m.CreatedAt})
}

// requestsURL is where staff look after data requests.
func (a *app) requestsURL() string { return a.links.Base + site.Path(site.NavRequests) }

// rightsSources brakes the public page for data requests by where they come from: 20 an hour, 100 from around there, 2,000 in all.
func (a *app) rightsSources() func(context.Context, netip.Addr) bool {
	limiter := limits.New(a.queue.Redis(), "rights", limits.Local)
	return func(ctx context.Context, ip netip.Addr) bool {
		at := func(key string, n int) limits.Limit {
			return limits.Limit{Key: key, Rate: pace.Rate{N: n, Per: time.Hour}, Burst: n}
		}
		all := []limits.Limit{at("global", 2000)}
		if host, network := limits.Networks(ip); host.IsValid() {
			all = append(all, at("ip:"+host.String(), 20), at("net:"+network.String(), 100))
		}
		n, _, err := limiter.Take(ctx, 1, all...)
		return err != nil || n == 1
	}
}

// deskJobs are what has to be done again and again.
func (a *app) deskJobs() []workers.Job {
	return []workers.Job{
		{Name: "webhooks.deliver", Every: 2 * time.Second, Run: a.hooks.Deliver},
		{Name: "webhooks.trim", Every: 6 * time.Hour, Run: a.hooks.Trim},
		{Name: "rights.clock", Every: 10 * time.Minute, Run: a.rights.Clock},
		{Name: "preferences.compact", Every: time.Hour, Run: func(ctx context.Context) error {
			_ = a.people.Compact(ctx) // busy: the next one does it
			return nil
		}},
	}
}
