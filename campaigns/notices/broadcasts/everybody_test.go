package broadcasts_test

import (
	"fmt"
	"testing"

	"assent/campaigns/campaignstest"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Promise 4: whatever people chose, and whatever happens on the way, each has exactly one outcome and the figures add up.
func TestEverybodyHasExactlyOneOutcome(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		const many = 2400
		langs := []string{"en", "nl", "de", "fr", "ja", ""}
		ids := w.customers(many, func(i int) string { return langs[i%len(langs)] })
		w.Person("reader@example.com", nil) // not a customer
		refusals := []struct {
			name string
			does func(id, email string) error
			want string
		}{
			{"opted out", func(id, _ string) error {
				_, err := w.People.UnsubscribeAll(ctx, campaignstest.Staff, id, preferences.Evidence{Source: "test"})
				return err
			}, broadcasts.Accepted},
			{"objected", func(id, _ string) error {
				_, err := w.People.Object(ctx, campaignstest.Staff, id, false, preferences.Evidence{Source: "test"})
				return err
			}, broadcasts.Accepted},
			{"restricted", func(id, _ string) error {
				_, err := w.People.Restrict(ctx, campaignstest.Staff, id, preferences.Evidence{Source: "test"})
				return err
			}, broadcasts.Accepted},
			{"paused", func(id, _ string) error {
				_, err := db.ExecContext(ctx, "UPDATE subscribers SET paused_until = $1 WHERE id = $2", sqldb.Micros(campaignstest.Start.AddDate(1, 0, 0)), id)
				return err
			}, broadcasts.Accepted},
			{"complained", func(_, email string) error {
				_, _, err := w.People.Suppress(ctx, campaignstest.Staff, email, preferences.SuppressedComplained, "", "test")
				return err
			}, broadcasts.Accepted},
			{"suppressed", func(_, email string) error {
				_, _, err := w.People.Suppress(ctx, campaignstest.Staff, email, preferences.SuppressedManual, "", "test")
				return err
			}, broadcasts.Accepted},
			{"bounced before", func(_, email string) error {
				_, _, err := w.People.Suppress(ctx, campaignstest.Staff, email, preferences.SuppressedBounced, "", "test")
				return err
			}, broadcasts.Unserved},
		}
		want := map[string]string{}
		for i, r := range refusals {
			for k := range 3 {
				at := 7 + i*31 + k*500
				w.Must(r.does(ids[at], fmt.Sprintf("c%d@example.com", at)))
				want[ids[at]] = r.want
			}
		}
		gone := map[string]bool{"c900@example.com": true, "c2000@example.com": true}
		down, tries := false, 0
		w.relay = func(m outbox.Claimed) outbox.Result {
			tries++
			switch {
			case down:
				return outbox.Result{Status: outbox.StatusDeferred, Reply: "connection refused", DueAt: w.Clock.Now().Add(30)}
			case gone[m.Email]:
				return outbox.Result{Status: outbox.StatusBounced, Code: 550, Reply: "550 5.1.1 no such user", Reason: "hard_bounce"}
			case tries%97 == 0:
				return outbox.Result{Status: outbox.StatusDeferred, Code: 451, Reply: "451 later", DueAt: w.Clock.Now().Add(30)}
			}
			return outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
		}
		b := w.broadcast(nil)
		if c, _ := w.covered(b); c.Addressed != many || c.Pending != many || c.LeadTimeMet {
			t.Fatalf("before it begins: %+v", c)
		}

		// A worker takes messages and dies; another finds them released. Then the relay is away.
		for range 3 {
			w.advance()
			if _, _, err := w.Outbox.Claim(ctx, gate.Notice, "killed", 20); err != nil {
				t.Fatal(err)
			}
			w.drain(100)
			if c, _ := w.covered(b); c.Addressed != many {
				t.Fatalf("in the middle: %+v", c)
			}
		}
		down = true
		w.drain(300)
		w.advance()
		w.drain(300)
		if c, _ := w.covered(b); c.Addressed != many || c.LeadTimeMet {
			t.Fatalf("during the outage: %+v", c)
		}
		down = false
		if _, err := w.Outbox.Release(ctx, "killed"); err != nil {
			t.Fatal(err)
		}
		if b = w.run(b); b.Status != broadcasts.Finished {
			t.Fatalf("it is %s", b.Status)
		}
		c, people := w.covered(b)
		if c.Addressed != many || c.Pending != 0 || c.Bounced != 2 || c.Unserved != 3 || c.Accepted != many-5 || !c.LeadTimeMet || c.Late != 0 {
			t.Errorf("%+v", c)
		}
		for id, outcome := range want {
			if p := people[id]; p.Outcome != outcome {
				t.Errorf("%s is %s (%s), want %s", p.Email, p.Outcome, p.Reason, outcome)
			}
		}
		for _, p := range people {
			if gone[p.Email] && (p.Outcome != broadcasts.Bounced || p.Reply != "550 5.1.1 no such user") {
				t.Errorf("%+v", p)
			}
		}
	})
}
