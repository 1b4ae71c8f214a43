package workers

import (
	"context"
	"strings"
	"sync"
	"time"

	"assent/campaigns"
	"assent/workers/brakes"
	"assent/workers/transport"
)

const (
	// domainWindow is over how long the deferrals of a recipient domain are counted.
	domainWindow = 10 * time.Minute
	// domainHold is how long mail to a domain waits that put too much of it off.
	domainHold = 15 * time.Minute
	// domainSpread keeps what waited from all coming back in one instant.
	domainSpread = 200 * time.Millisecond
	// heldFresh is how long a worker goes by what it last read about held domains.
	heldFresh = time.Second
	// maxDomains bounds the domains that are counted; beyond it all counts begin anew.
	maxDomains = 10_000
)

// deferrals counts what recipient domains put off, in this process, and knows which domains are held by whichever.
type deferrals struct {
	mu      sync.Mutex
	windows map[string]*domainCount
	held    map[string]time.Time
	read    time.Time
}

type domainCount struct {
	since          time.Time
	sent, deferred int64
}

func domainOf(key string) string { return key[strings.LastIndexByte(key, '@')+1:] }

// note adds replies and returns the domains whose rate calls for something.
func (d *deferrals) note(now time.Time, items []campaigns.Claimed, results []transport.Result) []campaigns.Alert {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.windows == nil || len(d.windows) > maxDomains {
		d.windows = map[string]*domainCount{}
	}
	touched := map[string]*domainCount{}
	for i, r := range results {
		if r.State != transport.Sent && r.State != transport.Deferred {
			continue
		}
		domain := domainOf(items[i].Person.EmailKey)
		c := d.windows[domain]
		if c == nil || now.Sub(c.since) > domainWindow {
			c = &domainCount{since: now}
			d.windows[domain] = c
		}
		if r.State == transport.Sent {
			c.sent++
			continue
		}
		c.deferred++
		touched[domain] = c
	}
	var out []campaigns.Alert
	for domain, c := range touched {
		v := brakes.Defaults().Judge(brakes.Counts{Sent: c.sent, Deferred: c.deferred})
		a := campaigns.Alert{Kind: campaigns.AlertDeferrals, Level: v.Deferrals.String(), Domain: domain, N: c.deferred, Total: c.sent + c.deferred, At: c.since}
		switch v.Deferrals {
		case brakes.Stop:
			a.Until = now.Add(domainHold)
			delete(d.windows, domain) // it is judged anew when it goes on
			d.read = time.Time{}
			out = append(out, a)
		case brakes.Alert:
			out = append(out, a)
		}
	}
	return out
}

// domains draws the conclusions from what recipient domains put off: staff are told, and mail to one that puts off too much waits. That
// stops no campaign, and suppresses nobody.
func (e *Engine) domains(ctx context.Context, c *campaigns.Campaign, items []campaigns.Claimed, results []transport.Result) {
	for _, a := range e.deferrals.note(e.Campaigns.Now(), items, results) {
		since := a.At
		a.CampaignID = c.ID
		if _, err := e.Campaigns.Raise(context.WithoutCancel(ctx), a, since, e.Tell); err != nil {
			e.Log.Error("deferrals of a domain not noted", "domain", a.Domain, "error", err)
		}
	}
}

// hold tells which of the claimed mails go to domains that take mail now; the others wait.
func (e *Engine) hold(ctx context.Context, items []campaigns.Claimed) (ready []campaigns.Claimed, held []campaigns.Outcome) {
	domains := e.heldDomains(ctx)
	if len(domains) == 0 {
		return items, nil
	}
	now := e.Campaigns.Now()
	for _, item := range items {
		until := domains[domainOf(item.Person.EmailKey)]
		if !until.After(now) {
			ready = append(ready, item)
			continue
		}
		held = append(held, campaigns.Outcome{ID: item.ID, Status: campaigns.StatusDeferred, Reason: ReasonThrottled, DueAt: until.Add(time.Duration(len(held)) * domainSpread)})
	}
	return ready, held
}

func (e *Engine) heldDomains(ctx context.Context) map[string]time.Time {
	d := &e.deferrals
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.read) < heldFresh {
		return d.held
	}
	held, err := e.Campaigns.HeldDomains(ctx)
	if err != nil {
		e.Log.Error("held domains cannot be read", "error", err)
		return d.held
	}
	d.held, d.read = held, time.Now()
	return held
}
