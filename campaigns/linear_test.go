package campaigns_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Promise 2 as a history: several workers with several lanes each send several campaigns, some of their mails past the end of
// the lease; meanwhile people withdraw, withdraw again, and consent anew. Every mail that began must be explained by a consent.
func TestEveryMailThatBeganHadAConsentThatStood(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		const people, rounds, workers, lanes, clients = 60, 6, 2, 3, 24
		w, ctx, h := campaignstest.New(t, db), context.Background(), campaignstest.NewHistory()
		w.Clock.Run()
		w.Topic("news", nil)
		var subs []*preferences.Subscriber
		for i := range people {
			p := w.Person(fmt.Sprintf("p%d@example.com", i), nil)
			w.Give(p, "news")
			subs = append(subs, p)
		}
		var running []*campaigns.Campaign
		for range rounds {
			c := w.Campaign("news", nil)
			w.Schedule(c)
			running = append(running, c)
		}
		var sending, choosing sync.WaitGroup
		var over atomic.Bool
		for client := range clients {
			choosing.Go(func() {
				for !over.Load() {
					p, asked := subs[rand.IntN(people)], time.Now()
					in := preferences.ConsentInput{Topic: "news", Action: preferences.ActionWithdraw, Evidence: preferences.Evidence{Source: "test", Wording: "Yes"}}
					act := campaignstest.Withdrew
					if rand.IntN(2) == 0 {
						in.Action, act = preferences.ActionGive, campaignstest.Gave
					}
					r, err := w.People.Consent(ctx, campaignstest.Staff, p.ID, in)
					if err != nil {
						t.Error(err)
						return
					}
					if act == campaignstest.Withdrew || r.State == preferences.StateGiven {
						h.Add(client, act, p.Email, asked, time.Now())
					}
					time.Sleep(rand.N(4 * time.Millisecond))
				}
			})
		}
		for n := range workers * lanes {
			sending.Go(func() {
				l := &slowLane{w: w, h: h, worker: fmt.Sprintf("worker%d/%d", n/lanes, n%lanes), lane: n % lanes, client: clients + n}
				for _, c := range running {
					l.send(t, c)
				}
			})
		}
		sending.Wait()
		over.Store(true)
		choosing.Wait()
		if h.Count(campaignstest.Began) == 0 || h.Count(campaignstest.Withdrew) == 0 || h.Count(campaignstest.Gave) == 0 {
			t.Fatal("nothing was tried")
		}
		t.Logf("%d mails, %d withdrawals, %d consents", h.Count(campaignstest.Began), h.Count(campaignstest.Withdrew), h.Count(campaignstest.Gave))
		for _, c := range running {
			if r := w.Report(c); r.Status != campaigns.StatusFinished || r.Sent+r.Skipped["withdrawn"] != people {
				t.Errorf("somebody has no outcome: %+v", r)
			}
		}
		h.Check(t)
	})
}

// slowLane sends as a worker's lane does, but takes its time between the claim and each MAIL FROM.
type slowLane struct {
	w      *campaignstest.World
	h      *campaignstest.History
	worker string
	lane   int
	client int
}

// send claims a campaign until it has no more to do.
func (l *slowLane) send(t *testing.T, c *campaigns.Campaign) {
	ctx := context.Background()
	for {
		b, err := l.w.Mails.Claim(ctx, c.ID, l.worker, l.lane, 1+rand.IntN(6))
		if err != nil {
			t.Error(err)
			return
		}
		if b.Idle {
			if now, err := l.w.Mails.Get(ctx, l.w.DB, c.ID); err != nil || now.Status == campaigns.StatusFinished {
				return
			}
			time.Sleep(5 * time.Millisecond) // what another lane holds may come back
			continue
		}
		if rand.IntN(12) == 0 {
			time.Sleep(campaigns.LeaseTime*3/2 + rand.N(campaigns.LeaseTime*3/2)) // also past what a withdrawal waits
		}
		var outcomes []campaigns.Outcome
		gone, until := map[string]bool{}, b.Lease
		for i, item := range b.Items {
			time.Sleep(rand.N(10 * time.Millisecond))
			if !time.Now().Before(until) {
				var ids []string
				for _, later := range b.Items[i:] {
					ids = append(ids, later.ID)
				}
				still, lease, err := l.w.Mails.Extend(ctx, l.worker, ids)
				if err != nil {
					t.Error(err)
				}
				for _, id := range ids {
					gone[id] = !still[id]
				}
				until = lease
			}
			o := campaigns.Outcome{ID: item.ID, Status: campaigns.StatusSent}
			if at := time.Now(); !gone[item.ID] && at.Before(until) {
				l.h.Add(l.client, campaignstest.Began, item.Person.Email, at, at)
			} else {
				o.Status = campaigns.StatusClaimed
			}
			outcomes = append(outcomes, o)
		}
		if err := l.w.Mails.Complete(ctx, c.ID, l.worker, l.lane, outcomes); err != nil {
			t.Error(err)
		}
	}
}
