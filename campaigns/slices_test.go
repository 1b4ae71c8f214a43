package campaigns_test

import (
	"context"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/sqldb/sqldbtest"
)

// A claim has read somebody's facts and is not yet committed when they withdraw: the withdrawal waits for it and revokes it,
// whether the mail is claimed for the first time or again. (SQLite has one writer at a time. These tests look for who sleeps in
// the whole server, and so run one after the other.)
func TestAWithdrawalWaitsForTheClaimThatIsUnderWay(t *testing.T) {
	for name, again := range map[string]bool{"first": false, "again": true} {
		t.Run(name, func(t *testing.T) {
			w, ctx := campaignstest.New(t, sqldbtest.Postgres(t)), context.Background()
			w.Topic("news", nil)
			p := w.Person("p@example.com", nil)
			w.Give(p, "news")
			w.Clock.Move(time.Second)
			c := w.Campaign("news", nil)
			w.Schedule(c)
			claim := func(worker string) campaigns.Batch {
				b, err := w.Mails.Claim(ctx, c.ID, worker, 0, 10)
				if err != nil {
					t.Error(err)
				}
				return b
			}
			if again {
				id := claim("first").Items[0].ID
				if err := w.Mails.Complete(ctx, c.ID, "first", 0, []campaigns.Outcome{{ID: id, Status: campaigns.StatusClaimed}}); err != nil {
					t.Fatal(err)
				}
			}
			for _, statement := range []string{
				"CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END'",
				"CREATE TRIGGER dawdle BEFORE INSERT OR UPDATE ON deliveries FOR EACH ROW WHEN (NEW.status = 'claimed' AND NEW.revoked_at IS NULL AND NEW.worker = 'slow') EXECUTE FUNCTION dawdle()",
			} {
				if _, err := w.DB.ExecContext(ctx, statement); err != nil {
					t.Fatal(err)
				}
			}
			claimed := make(chan campaigns.Batch, 1)
			go func() { claimed <- claim("slow") }()
			for n := 0; n == 0 && len(claimed) == 0; time.Sleep(5 * time.Millisecond) { // it sleeps with its decision made
				if err := w.DB.QueryRowContext(ctx, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%deliveries%'").Scan(&n); err != nil {
					t.Fatal(err)
				}
			}
			w.Withdraw(p, "news")
			b := <-claimed
			if len(b.Items) != 1 {
				t.Fatalf("%d mails were claimed", len(b.Items))
			}
			still, _, err := w.Mails.Extend(ctx, "slow", []string{b.Items[0].ID})
			if err != nil || still[b.Items[0].ID] {
				t.Fatalf("a mail that was being claimed when the person withdrew may still begin: %v", err)
			}
		})
	}
}

// A withdrawal has looked for campaigns and is not yet committed when a new one is made, scheduled and claimed: the claim waits.
func TestANewCampaignWaitsForTheWithdrawalsUnderWay(t *testing.T) {
	w, ctx := campaignstest.New(t, sqldbtest.Postgres(t)), context.Background()
	w.Topic("news", nil)
	p := w.Person("p@example.com", nil)
	w.Give(p, "news")
	w.Clock.Move(time.Second)
	for _, statement := range []string{
		"CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN NEW; END'",
		"CREATE TRIGGER dawdle BEFORE INSERT OR UPDATE ON consents FOR EACH ROW WHEN (NEW.state = 'withdrawn') EXECUTE FUNCTION dawdle()",
	} {
		if _, err := w.DB.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	withdrawn := make(chan preferences.Recorded, 1)
	go func() { withdrawn <- w.Withdraw(p, "news") }()
	for n := 0; n == 0 && len(withdrawn) == 0; time.Sleep(5 * time.Millisecond) { // it sleeps with its campaigns locked
		if err := w.DB.QueryRowContext(ctx, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%INTO consents%' AND query NOT LIKE '%pg_stat_activity%'").Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	c := w.Campaign("news", nil)
	w.Schedule(c)
	b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	<-withdrawn
	for _, item := range b.Items { // there is one only where the machine was so slow that the withdrawal had to begin anew
		if still, _, err := w.Mails.Extend(ctx, "worker", []string{item.ID}); err != nil || still[item.ID] {
			t.Errorf("a mail that was claimed while the withdrawal was under way may still begin: %v", err)
		}
	}
}

// Lanes that claim at once share the audience: nobody twice, nobody left out, whatever ends the campaign.
func TestACancelledCampaignCountsWhomNoLaneHadReached(t *testing.T) {
	w, ctx := campaignstest.New(t, sqldbtest.SQLite(t)), context.Background()
	w.Topic("news", nil)
	w.Crowd(2500, "news")
	c := w.Campaign("news", nil)
	w.Schedule(c)
	for range 12 { // into the second slice
		w.Send(c, 0, 100)
	}
	if r := w.Report(c); r.Sent != 1200 || r.Total != 2500 {
		t.Fatalf("in the middle: %+v", r)
	}
	if _, err := w.Mails.Cancel(ctx, campaignstest.Staff, c.ID); err != nil {
		t.Fatal(err)
	}
	if r := w.Report(c); r.Sent != 1200 || r.Skipped[campaigns.ReasonCancelled] != 1300 || r.Total != 2500 {
		t.Fatalf("cancelled: %+v", r)
	}
	if b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 100); err != nil || !b.Idle || len(b.Items) > 0 {
		t.Fatalf("a cancelled campaign gave out work: %v", err)
	}
}
