package recipients_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences/ledger"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
)

// Hundreds click at the same time, many twice and some of them erased meanwhile, while the campaign goes out: no mail begins
// after its person was answered, everybody has one event, and the report counts each person once.
func TestAStormOfClicksWhileACampaignGoesOut(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		const people, gone = 200, 40
		ctx, h := context.Background(), campaignstest.NewHistory()
		s.Clock.Run()
		topic := s.Topic("news", nil)
		subs := s.Crowd(people, "news")
		c := s.scheduled("news")
		var sending, clicking sync.WaitGroup
		var begun, told atomic.Int32
		for lane := range 2 {
			sending.Go(func() {
				worker := fmt.Sprint("worker/", lane)
				for {
					b, err := s.Mails.Claim(ctx, c.ID, worker, lane, 6)
					if err != nil {
						t.Error(err)
						return
					}
					if b.Idle {
						if now, err := s.Mails.Get(ctx, s.DB, c.ID); err != nil || now.Status == campaigns.StatusFinished {
							return
						}
						time.Sleep(5 * time.Millisecond)
						continue
					}
					var outcomes []campaigns.Outcome
					for _, item := range b.Items {
						time.Sleep(rand.N(8 * time.Millisecond))
						o := campaigns.Outcome{ID: item.ID, Status: campaigns.StatusClaimed}
						if at := time.Now(); at.Before(b.Lease) {
							h.Add(people+lane, campaignstest.Began, item.Person.Email, at, at)
							begun.Add(1)
							o.Status = campaigns.StatusSent
						}
						outcomes = append(outcomes, o)
					}
					if err := s.Mails.Complete(ctx, c.ID, worker, lane, outcomes); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for i, sub := range subs {
			path := "/u/" + s.Keys.Sign(tokens.Unsubscribe, tokens.Claims{Subject: sub.ID, Topic: topic.ID, Source: c.ID})
			wait := rand.N(500 * time.Millisecond)
			for range 1 + i%2 {
				clicking.Go(func() {
					time.Sleep(wait)
					asked := time.Now()
					a := s.Post(path, form("List-Unsubscribe", "One-Click")).Want(okStatus)
					h.Add(i, campaignstest.Withdrew, sub.Email, asked, time.Now())
					if n, _ := strconv.Atoi(a.Header.Get("Assent-In-Flight")); n > 0 {
						told.Add(1)
					}
				})
			}
			if i < gone {
				clicking.Go(func() {
					time.Sleep(wait)
					if _, err := s.People.Erase(ctx, campaignstest.Staff, sub.ID); err != nil {
						t.Error(err)
					}
				})
			}
		}
		clicking.Wait()
		sending.Wait()
		h.Check(t)
		if begun.Load() == 0 {
			t.Error("nothing was sent meanwhile")
		}
		t.Logf("%d mails began, %d answers told of mail under way", begun.Load(), told.Load())
		for _, sub := range subs[gone:] {
			if got := s.events(sub); len(got) != 1 || got[0] != "withdrawn news" {
				t.Errorf("%s: %v", sub.Email, got)
			}
		}
		var left int64
		for _, sub := range subs {
			d, err := s.Mails.DecisionOf(ctx, s.DB, c.ID, sub.ID)
			if err == nil && d.Status == campaigns.StatusSent {
				left++
			}
		}
		if r := s.Report(c); r.Unsubscribed < left-gone || r.Unsubscribed > people {
			t.Errorf("%d are counted of %d who had it", r.Unsubscribed, left)
		}
		if r, err := ledger.Verify(ctx, s.DB, ledger.Options{}); err != nil || !r.OK() {
			t.Errorf("%v %+v", err, r)
		}
	})
}

// Pages that are opened at the same moment are each about their own person and topic.
func TestPagesOpenedTogetherAreEachTheirOwn(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		s.Topic("offers", nil)
		subs := s.Crowd(30, "news")
		var open []func()
		for i, sub := range subs {
			topic, name := "news", "News"
			if i%2 == 0 {
				topic, name = "offers", "Offers"
			}
			path := s.link(tokens.Unsubscribe, sub, topic)
			own := s.link(tokens.Preferences, sub, topic)
			stopped := i%3 == 0
			if stopped {
				s.Post(path, form("List-Unsubscribe", "One-Click")).Want(okStatus)
			}
			for range 2 {
				open = append(open, func() {
					a := s.Get(path).Want(okStatus)
					if !strings.Contains(a.Body, own) || !strings.Contains(a.Body, name) {
						t.Errorf("%s does not see their own page of %s", sub.Email, topic)
					}
					if got := !strings.Contains(a.Body, `value="topic"`); got != stopped {
						t.Errorf("%s has stopped: %v, the page says %v", sub.Email, stopped, got)
					}
				})
			}
		}
		stranger := *subs[0]
		stranger.ID = sqldb.NewID()
		path := s.link(tokens.Unsubscribe, &stranger, "news")
		open = append(open, func() {
			if a := s.Get(path).Want(okStatus); strings.Contains(a.Body, "/p/") {
				t.Error("an erased person sees somebody's page")
			}
		}, func() { s.Get("/u/none").Want(http.StatusNotFound) })
		atOnce(open...)
	})
}

// Who clicks while their erasure is not yet answered is answered no sooner than what was under way to them is over.
func TestAClickThatAnErasureOvertakesWaitsAsWell(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		ctx := context.Background()
		s.Topic("news", nil)
		sub := s.Crowd(1, "news")[0]
		path, c := s.link(tokens.Unsubscribe, sub, "news"), s.scheduled("news")
		b, err := s.Mails.Claim(ctx, c.ID, "worker", 0, 10)
		if err != nil || len(b.Items) != 1 {
			t.Fatal(len(b.Items), err)
		}
		var erasing sync.WaitGroup
		erasing.Go(func() {
			if n, err := s.People.Erase(ctx, campaignstest.Staff, sub.ID); err != nil || n != 1 {
				t.Errorf("the erasure: %d under way, %v", n, err)
			}
		})
		for {
			if _, err := s.People.Subscriber(ctx, s.DB, sub.ID); err != nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		var over atomic.Bool
		erasing.Go(func() {
			time.Sleep(200 * time.Millisecond)
			over.Store(true)
			if err := s.Mails.Complete(ctx, c.ID, "worker", 0, []campaigns.Outcome{{ID: b.Items[0].ID, Status: campaigns.StatusSent}}); err != nil {
				t.Error(err)
			}
		})
		a := s.Post(path, form("List-Unsubscribe", "One-Click")).Want(okStatus)
		if !over.Load() || a.Header.Get("Assent-In-Flight") != "1" {
			t.Errorf("answered while the mail was under way (%v), with %s told", !over.Load(), a.Header.Get("Assent-In-Flight"))
		}
		erasing.Wait()
	})
}
