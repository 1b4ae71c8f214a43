package workers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"assent/campaigns"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/workers/transport"
)

// claimTimes keeps how long the last claims took.
type claimTimes struct {
	mu   sync.Mutex
	last [4096]time.Duration
	n    int
}

func (c *claimTimes) add(d time.Duration) {
	c.mu.Lock()
	c.last[c.n%len(c.last)] = d
	c.n++
	c.mu.Unlock()
}

// ClaimTimes are how long the last claims that found something took, some thousands at most.
func (e *Engine) ClaimTimes() []time.Duration {
	e.claims.mu.Lock()
	defer e.claims.mu.Unlock()
	return append([]time.Duration(nil), e.claims.last[:min(e.claims.n, len(e.claims.last))]...)
}

// BareLoop hands n mails of a campaign to the relay, all built before, with as many senders as the engine has and nothing else:
// no audience, no store, no journal. It is the ceiling that the engine is measured against; the decision is made once, and the
// addresses belong to nobody.
func (e *Engine) BareLoop(ctx context.Context, c *campaigns.Campaign, n int) (took time.Duration, sent int, err error) {
	m, err := e.mailings.get(ctx, e, c, campaigns.Claimed{Person: &preferences.Subscriber{Locale: "en"}})
	if err != nil {
		return 0, 0, err
	}
	now := e.Campaigns.Now()
	allowed := gate.Decide(gate.Facts{Class: gate.Marketing, Basis: gate.Consent, Erased: gate.No, Bounced: gate.No, Unverified: gate.No, Restricted: gate.No, Minor: gate.No, Suppressed: gate.No,
		Complained: gate.No, ObjectedDirect: gate.No, ObjectedResearch: gate.No, UnsubscribedAll: gate.No, PartnerOptedOut: gate.No, State: gate.StateGiven}, now)
	messages := make([]transport.Outgoing, laneBatch)
	for i := range messages {
		item := campaigns.Claimed{ID: sqldb.NewID(), Person: &preferences.Subscriber{ID: sqldb.NewID(), Email: fmt.Sprintf("bare%d@example.com", i), FirstName: "First", LastName: "Last", Company: "Company"}}
		links := e.Links.For(item.Person.ID, c.TopicID, c.ID, now)
		data, err := e.signed(ctx, nil, m, item, links, now)
		if err != nil {
			return 0, 0, err
		}
		permit, _ := allowed.Permit(item.ID, gate.StreamMarketing)
		messages[i] = transport.Outgoing{Permit: permit, ID: item.ID, From: links.ReturnPath, To: item.Person.Email, Data: data}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	start, each := time.Now(), max(1, n/laneBatch/e.lanes())
	for range e.lanes() {
		wg.Go(func() {
			for range each {
				good := 0
				for _, r := range e.Marketing.SendBatch(ctx, transport.Batch{Messages: messages}) {
					if r.State == transport.Sent {
						good++
					}
				}
				mu.Lock()
				sent += good
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return time.Since(start), sent, nil
}
