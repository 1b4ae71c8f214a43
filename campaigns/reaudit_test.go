package campaigns_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// What the gate decided is decided again from what is stored, long after and whatever has happened to the people since; whoever
// edits an outcome, a reason, a basis, the evidence or the facts is found.
func TestDeliveriesAreDecidedAgainFromWhatIsStored(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		people := map[string]*preferences.Subscriber{}
		for _, name := range []string{"sent", "withdrawn", "paused", "objected", "blocked", "moved", "erased", "midway", "late", "last"} {
			people[name] = w.Person(name+"@example.com", nil)
			w.Give(people[name], "news")
		}
		do := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		w.Withdraw(people["withdrawn"], "news")
		until := w.Clock.Now().AddDate(0, 0, 30)
		do(nil, w.People.Pause(ctx, campaignstest.Staff, people["paused"].ID, until, preferences.Evidence{Source: "test"}))
		do(w.People.Object(ctx, campaignstest.Staff, people["objected"].ID, false, preferences.Evidence{Source: "test"}))
		_, _, err := w.People.Suppress(ctx, campaignstest.Staff, "blocked@example.com", preferences.SuppressedManual, "", "test")
		do(nil, err)
		address := "elsewhere@example.com"
		do(w.People.Update(ctx, campaignstest.Staff, people["moved"].ID, preferences.Profile{Email: &address}))
		w.Clock.Move(time.Second)
		c := w.Campaign("news", nil)
		w.Schedule(c)

		b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 3)
		do(nil, err)
		left := make(chan preferences.Recorded)
		mid := b.Items[len(b.Items)-1]
		go func() { left <- w.Withdraw(mid.Person, "news") }()
		for still := map[string]bool{mid.ID: true}; still[mid.ID]; time.Sleep(time.Millisecond) {
			still, _, err = w.Mails.Extend(ctx, "worker", []string{mid.ID})
			do(nil, err)
		}
		var outcomes []campaigns.Outcome
		for _, item := range b.Items {
			outcomes = append(outcomes, campaigns.Outcome{ID: item.ID, Status: map[bool]string{true: campaigns.StatusClaimed, false: campaigns.StatusSent}[item.ID == mid.ID]})
		}
		do(nil, w.Mails.Complete(ctx, c.ID, "worker", 0, outcomes))
		<-left
		w.SendAll(c)
		do(w.People.Erase(ctx, campaignstest.Staff, people["erased"].ID))
		w.Withdraw(people["sent"], "news")
		w.Clock.Move(90 * 24 * time.Hour)

		audit := func() campaigns.Audited {
			t.Helper()
			a, err := w.Mails.Reaudit(ctx, "", nil)
			do(nil, err)
			return a
		}
		if a := audit(); len(a.Differences) != 0 || a.Deliveries != int64(len(people)) || a.Forgotten != 1 {
			t.Fatalf("%+v", a)
		}
		exec := func(query string, args ...any) {
			t.Helper()
			do(db.ExecContext(ctx, query, args...))
		}
		for _, edit := range []struct{ who, set, to, back string }{
			{"withdrawn", "status", "sent", "skipped"}, {"withdrawn", "reason", "objected", "withdrawn"}, {"paused", "status", "skipped", "deferred"}, {"blocked", "reason", "complained", "suppressed"},
			{"late", "status", "skipped", "sent"}, {"late", "basis", "legitimate_interests", "consent"}, {"late", "evidence", "somebody's", ""}, {"late", "facts", "", ""},
			{"late", "facts", "{}", ""}, {"late", "facts", "not facts", ""},
		} {
			back := edit.back
			if back == "" {
				do(nil, db.QueryRowContext(ctx, "SELECT "+edit.set+" FROM deliveries WHERE subscriber_id = $1", people[edit.who].ID).Scan(&back))
			}
			exec(fmt.Sprintf("UPDATE deliveries SET %s = $1 WHERE subscriber_id = $2", edit.set), edit.to, people[edit.who].ID)
			if a := audit(); len(a.Differences) != 1 || a.Forgotten != 1 {
				t.Errorf("%s of %s became %q: %+v", edit.set, edit.who, edit.to, a)
			}
			exec(fmt.Sprintf("UPDATE deliveries SET %s = $1 WHERE subscriber_id = $2", edit.set), back, people[edit.who].ID)
		}
		if a := audit(); len(a.Differences) != 0 {
			t.Errorf("put back: %+v", a)
		}
	})
}
