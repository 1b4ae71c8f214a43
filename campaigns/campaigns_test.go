package campaigns_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/templates/locale"
	"assent/templates/mail"
)

func TestOnlyThoseWhoConsentedGetACampaign(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		w.Topic("news", nil)
		for i := range 120 {
			p := w.Person(fmt.Sprintf("p%03d@example.com", i), nil)
			if i%2 == 0 {
				w.Give(p, "news")
			}
			if i%10 == 0 {
				w.Clock.Move(time.Second)
				w.Withdraw(p, "news")
			}
		}
		c := w.Campaign("news", nil)
		before, err := w.Mails.Explain(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		w.Schedule(c)
		sent := w.SendAll(c)
		r := w.Report(c)
		if len(sent) != 48 || r.Status != campaigns.StatusFinished || r.Total != 120 || r.Sent != 48 || r.Skipped["withdrawn"] != 12 || r.Skipped["no_consent"] != 60 {
			t.Fatalf("sent %d, report %+v", len(sent), r)
		}
		if before.Total != 120 || before.Allowed != 48 || before.ByReason["withdrawn"] != 12 || before.ByReason["no_consent"] != 60 {
			t.Fatalf("the explanation said %+v", before)
		}
		if again := w.SendAll(c); len(again) != 0 {
			t.Fatalf("a finished campaign sent %v again", again)
		}
	})
}

func TestAWithdrawalBeforeTheClaimAlwaysWins(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		people := w.Crowd(60, "news")
		w.Clock.Move(time.Second)
		c := w.Campaign("news", nil)
		w.Schedule(c)
		b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 20)
		if err != nil || len(b.Items) != 20 {
			t.Fatal(len(b.Items), err)
		}
		// One whose mail is claimed and does not begin, and one whose mail is not yet claimed.
		claimed := b.Items[3].Person
		done := make(chan preferences.Recorded)
		go func() { done <- w.Withdraw(claimed, "news") }()
		if r := w.Withdraw(people[50], "news"); r.InFlight != 0 {
			t.Fatalf("nothing was in flight, yet %d were counted", r.InFlight)
		}
		for {
			still, _, err := w.Mails.Extend(ctx, "worker", []string{b.Items[3].ID})
			if err != nil {
				t.Fatal(err)
			}
			if !still[b.Items[3].ID] {
				break
			}
			time.Sleep(time.Millisecond)
		}
		var outcomes []campaigns.Outcome
		for i, item := range b.Items {
			status := campaigns.StatusSent
			if i == 3 {
				status = campaigns.StatusClaimed // not begun
			}
			outcomes = append(outcomes, campaigns.Outcome{ID: item.ID, Status: status})
		}
		if err := w.Mails.Complete(ctx, c.ID, "worker", 0, outcomes); err != nil {
			t.Fatal(err)
		}
		if r := <-done; r.InFlight != 0 {
			t.Fatalf("the mail did not begin, yet %d were counted in flight", r.InFlight)
		}
		for _, email := range w.SendAll(c) {
			if email == claimed.Email || email == people[50].Email {
				t.Fatalf("%s got a mail after the withdrawal", email)
			}
		}
		if r := w.Report(c); r.Sent != 58 || r.Skipped["withdrawn"] != 2 || r.Total != 60 {
			t.Fatalf("%+v", r)
		}
	})
}

func TestAMailThatHadBegunIsCountedInFlight(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		p := w.Person("p@example.com", nil)
		w.Give(p, "news")
		w.Clock.Move(time.Second)
		c := w.Campaign("news", nil)
		w.Schedule(c)
		b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 20)
		if err != nil || len(b.Items) != 1 {
			t.Fatal(len(b.Items), err)
		}
		go func() {
			for revoked := 0; revoked == 0; time.Sleep(time.Millisecond) { // until the withdrawal waits
				if err := db.QueryRowContext(ctx, "SELECT count(*) FROM deliveries WHERE revoked_at IS NOT NULL").Scan(&revoked); err != nil {
					return
				}
			}
			_ = w.Mails.Complete(ctx, c.ID, "worker", 0, []campaigns.Outcome{{ID: b.Items[0].ID, Status: campaigns.StatusSent}})
		}()
		if r := w.Withdraw(p, "news"); r.InFlight != 1 {
			t.Fatalf("in flight: %d", r.InFlight)
		}
	})
}

func TestPauseCancelAndExpiryLeaveNobodyWithoutAnOutcome(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		w.Crowd(50, "news")
		c := w.Campaign("news", nil)
		w.Schedule(c)
		w.Send(c, 0, 10)
		if _, err := w.Mails.Pause(ctx, campaignstest.Staff, c.ID, "by hand"); err != nil {
			t.Fatal(err)
		}
		if b := w.Send(c, 0, 10); len(b.Items) != 0 || !b.Idle {
			t.Fatal("a paused campaign gave out work")
		}
		if _, err := w.Mails.Resume(ctx, campaignstest.Staff, c.ID); err != nil {
			t.Fatal(err)
		}
		w.Send(c, 0, 10)
		if _, err := w.Mails.Cancel(ctx, campaignstest.Staff, c.ID); err != nil {
			t.Fatal(err)
		}
		if r := w.Report(c); r.Status != campaigns.StatusCancelled || r.Sent != 20 || r.Skipped[campaigns.ReasonCancelled] != 30 || r.Total != 50 {
			t.Fatalf("%+v", r)
		}

		after := "48h"
		c = w.Campaign("news", func(d *campaigns.Draft) { d.ExpiresAfter = &after })
		w.Schedule(c)
		w.Send(c, 0, 15)
		w.Clock.Move(49 * time.Hour)
		w.Send(c, 0, 15)
		if r := w.Report(c); r.Status != campaigns.StatusFinished || r.Sent != 15 || r.Skipped[campaigns.ReasonExpired] != 35 || r.Total != 50 {
			t.Fatalf("%+v", r)
		}
	})
}

// A pause and a cancellation reach the mails that a slow relay has not taken yet, at the end of their lease; what was not begun of a
// cancelled campaign is skipped with the rest.
func TestPauseAndCancelReachWhatIsClaimed(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		w.Crowd(10, "news")
		c := w.Campaign("news", nil)
		w.Schedule(c)
		claim := func(n int) (ids []string) {
			t.Helper()
			b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, n)
			if err != nil || len(b.Items) != n {
				t.Fatal(len(b.Items), err)
			}
			for _, item := range b.Items {
				ids = append(ids, item.ID)
			}
			return ids
		}
		expect := func(when string, ids []string, may int) {
			t.Helper()
			if still, _, err := w.Mails.Extend(ctx, "worker", ids); err != nil || len(still) != may {
				t.Fatalf("%s: %d of %d may begin, %v; want %d", when, len(still), len(ids), err, may)
			}
		}
		complete := func(ids []string, statuses ...string) {
			t.Helper()
			var outcomes []campaigns.Outcome
			for i, id := range ids {
				outcomes = append(outcomes, campaigns.Outcome{ID: id, Status: statuses[i]})
			}
			if err := w.Mails.Complete(ctx, c.ID, "worker", 0, outcomes); err != nil {
				t.Fatal(err)
			}
		}
		ids := claim(4)
		expect("sending", ids, 4)
		if _, err := w.Mails.Pause(ctx, campaignstest.Staff, c.ID, "by hand"); err != nil {
			t.Fatal(err)
		}
		expect("paused", ids[2:], 0)
		complete(ids, campaigns.StatusSent, campaigns.StatusSent, campaigns.StatusClaimed, campaigns.StatusClaimed)
		if _, err := w.Mails.Resume(ctx, campaignstest.Staff, c.ID); err != nil {
			t.Fatal(err)
		}
		ids = append(claim(2), claim(4)...) // those that were not begun, and new ones
		if err := w.Mails.Beat(ctx, "worker", "host"); err != nil {
			t.Fatal(err)
		}
		expect("resumed", ids, 6)
		if _, err := w.Mails.Cancel(ctx, campaignstest.Staff, c.ID); err != nil {
			t.Fatal(err)
		}
		expect("cancelled", ids[1:], 0)
		complete(ids[:4], campaigns.StatusSent, campaigns.StatusClaimed, campaigns.StatusDeferred, campaigns.StatusClaimed)
		if _, err := w.Mails.SettleWorker(ctx, "worker", func(string) campaigns.Fate { return campaigns.FateNotBegun }); err != nil {
			t.Fatal(err)
		}
		if r := w.Report(c); r.Sent != 3 || r.Skipped[campaigns.ReasonCancelled] != 7 || r.Deferred != 0 || r.Claimed != 0 || r.Total != 10 {
			t.Fatalf("%+v", r)
		}
	})
}

func TestLocalTimeAndWindowHoldEachPersonBackInTheirZone(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		for email, zone := range map[string]string{"tokyo@example.com": "Asia/Tokyo", "ams@example.com": "Europe/Amsterdam", "la@example.com": "America/Los_Angeles"} {
			w.Give(w.Person(email, func(p *preferences.Profile) { p.Timezone = &zone }), "news")
		}
		c := w.Campaign("news", nil)
		if _, err := w.Mails.Schedule(ctx, campaignstest.Staff, c.ID, campaigns.Schedule{LocalTime: "2026-05-02T09:00"}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for range 60 { // hours from 9:00 UTC on 1 May
			got = append(got, w.SendAll(c)...)
			w.Clock.Move(time.Hour)
		}
		if len(got) != 3 || got[0] != "tokyo@example.com" || got[1] != "ams@example.com" || got[2] != "la@example.com" {
			t.Fatalf("sent in the order %v", got)
		}
		if r := w.Report(c); r.Status != campaigns.StatusFinished || r.Sent != 3 || r.Deferred != 0 {
			t.Fatalf("%+v", r)
		}
	})
}

func TestADeadWorkersMailIsSettledByWhatIsKnown(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		w.Crowd(12, "news")
		c := w.Campaign("news", nil)
		w.Schedule(c)
		b, err := w.Mails.Claim(ctx, c.ID, "dead/1", 0, 12)
		if err != nil || len(b.Items) != 12 {
			t.Fatal(len(b.Items), err)
		}
		fates := map[string]campaigns.Fate{}
		for i, item := range b.Items {
			fates[item.ID] = campaigns.Fate(i % 4)
		}
		for _, other := range []string{"dea", "dead/2", "dead/"} {
			if settled, err := w.Mails.SettleWorker(ctx, other, func(string) campaigns.Fate { return campaigns.FateNotBegun }); err != nil || settled != (campaigns.Settled{}) {
				t.Fatalf("%s held %+v, %v", other, settled, err)
			}
		}
		settled, err := w.Mails.SettleWorker(ctx, "dead", func(id string) campaigns.Fate { return fates[id] })
		if err != nil || settled != (campaigns.Settled{Returned: 3, Sent: 3, Failed: 3, Uncertain: 3}) {
			t.Fatalf("%+v, %v", settled, err)
		}
		if sent := w.SendAll(c); len(sent) != 3 {
			t.Fatalf("%d mails were sent again, want the 3 that had not begun", len(sent))
		}
		if r := w.Report(c); r.Sent != 6 || r.Uncertain != 3 || r.Failed != 3 || r.Status != campaigns.StatusFinished {
			t.Fatalf("%+v", r)
		}
	})
}

// A lane that lost a mail, because the person withdrew, says so when the person has consented anew and another lane holds the
// mail: it must take nothing from that lane, or a third would claim the mail and send it a second time.
func TestALaneThatLostAMailTakesNothingFromTheNext(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Clock.Run()
		w.Topic("news", nil)
		p := w.Person("p@example.com", nil)
		w.Give(p, "news")
		c := w.Campaign("news", nil)
		w.Schedule(c)
		claim := func(worker string) string {
			b, err := w.Mails.Claim(ctx, c.ID, worker, 0, 1)
			if err != nil || len(b.Items) != 1 {
				t.Fatalf("%s claimed %d, %v", worker, len(b.Items), err)
			}
			return b.Items[0].ID
		}
		id := claim("first")
		var leaving sync.WaitGroup
		leaving.Go(func() { w.Withdraw(p, "news") }) // waits for the first lane
		for still := true; still; time.Sleep(5 * time.Millisecond) {
			held, _, err := w.Mails.Extend(ctx, "first", []string{id})
			if err != nil {
				t.Fatal(err)
			}
			still = held[id]
		}
		w.Give(p, "news")
		if again := claim("second"); again != id {
			t.Fatalf("another delivery: %s, %s", id, again)
		}
		if err := w.Mails.Complete(ctx, c.ID, "first", 0, []campaigns.Outcome{{ID: id, Status: campaigns.StatusClaimed}}); err != nil {
			t.Fatal(err)
		}
		if b, err := w.Mails.Claim(ctx, c.ID, "third", 0, 1); err != nil || len(b.Items) != 0 {
			t.Fatalf("a mail that the second lane holds was claimed again (%v)", err)
		}
		if held, _, err := w.Mails.Extend(ctx, "second", []string{id}); err != nil || !held[id] {
			t.Fatalf("the second lane lost its mail (%v)", err)
		}
		if err := w.Mails.Complete(ctx, c.ID, "second", 0, []campaigns.Outcome{{ID: id, Status: campaigns.StatusSent}}); err != nil {
			t.Fatal(err)
		}
		leaving.Wait()
		if r := w.Report(c); r.Sent != 1 {
			t.Errorf("%+v", r)
		}
	})
}

// A campaign that shows an event which there is not could be sent to nobody: it is refused before, in each of its texts.
func TestACampaignThatShowsNoEventIsNotScheduled(t *testing.T) {
	w, ctx := campaignstest.New(t, sqldbtest.SQLite(t)), context.Background()
	w.Topic("news", nil)
	w.Mails.Event = func(*locale.Locale) func(string) (mail.Event, bool) {
		return func(slug string) (mail.Event, bool) { return mail.Event{Title: "Fair"}, slug == "fair" }
	}
	for slug, good := range map[string]bool{"fair": true, "fayre": false} {
		c := w.Campaign("news", func(d *campaigns.Draft) { d.Blocks = []byte(`[{"type":"event","event":"` + slug + `"}]`) })
		_, err := w.Mails.Schedule(ctx, campaignstest.Staff, c.ID, campaigns.Schedule{})
		p, refused := problem.As(err)
		if good && err != nil || !good && (!refused || p.Status != 422 || p.Fields[0].Field != "blocks") {
			t.Errorf("%s: %v", slug, err)
		}
	}
}
