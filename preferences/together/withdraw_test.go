package together

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/preferences"
	"assent/preferences/ledger"
	"assent/preferences/preferencestest"
	"assent/preferences/sqldb"
)

func (w world) choosers(n int, topic string) (ids []string) {
	w.T.Helper()
	for i := range n {
		sub := w.Person(fmt.Sprintf("c%03d@example.com", i), nil)
		w.Choose(sub, topic, "give")
		ids = append(ids, sub.ID)
	}
	return ids
}

// events counts the withdrawals of a topic in the history of consents.
func (w world) events(topic string) int {
	w.T.Helper()
	return w.count("SELECT count(*) FROM consent_events WHERE action = 'withdrawn' AND topic_key = $1", topic)
}

// Compliance 27: everybody is withdrawn from that topic alone, once, with an event that holds why and who; those who said no before
// stay as they were, the erased stay erased, and those whose data is restricted are withdrawn too, as it is less mail. It cannot be
// taken back.
func TestManyAreWithdrawnFromATopic(t *testing.T) {
	exercise(t, func(t *testing.T, w world) {
		ctx := context.Background()
		w.Topic("news", nil)
		w.Topic("offers", nil)
		ids := w.choosers(8, "news")
		one := func(i int) *preferences.Subscriber { return w.Find(fmt.Sprintf("c%03d@example.com", i)) }
		w.Choose(one(0), "offers", "give")
		w.Choose(one(1), "news", "withdraw")
		w.Choose(one(2), "news", "object")
		_, err := w.People.Restrict(ctx, preferencestest.Staff, ids[3], preferences.Evidence{Source: "test"})
		w.Must(err)
		never := w.Person("never@example.com", nil)
		before := w.count("SELECT count(*) FROM ledger_entries")
		w.Clock.Move(time.Hour)

		j := w.ask(Request{Action: Withdraw, Topic: "news", Note: "letter of 3 May, folder 7", Everybody: true, Tag: "ignored"})
		late := w.Person("late@example.com", nil)
		w.Choose(late, "news", "give")
		j = w.work(w.s, j.ID)
		if j.Status != StatusFinished || j.People != 9 || j.Changed != 7 || j.Skipped[preferences.SkipSame] != 2 || len(j.Skipped) != 1 || j.Tag != "" {
			t.Errorf("%+v", j)
		}
		for id, want := range map[string]string{ids[0]: "news withdrawn, offers given", ids[1]: "news withdrawn", ids[2]: "news objected", ids[3]: "news withdrawn", ids[7]: "news withdrawn", never.ID: "news withdrawn", late.ID: "news given"} {
			list, err := w.People.Consents(ctx, w.DB, id)
			w.Must(err)
			var got []string
			for _, st := range list {
				got = append(got, st.Topic+" "+st.State)
			}
			if len(got) == 2 && got[0] > got[1] {
				got[0], got[1] = got[1], got[0]
			}
			if text := strings.Join(got, ", "); text != want {
				t.Errorf("%s stands at %s, want %s", id, text, want)
			}
		}
		history, err := w.People.Events(ctx, w.DB, ids[4])
		w.Must(err)
		if last := history[len(history)-1]; len(history) != 2 || last.Action != ledger.Withdrawn || last.Topic != "news" || last.Note != "letter of 3 May, folder 7" || last.Source != "api" || last.Actor != "key:test" {
			t.Errorf("the event: %+v", last)
		}
		if n := w.count("SELECT count(*) FROM ledger_entries") - before; n != 7+1 { // and that of who came late
			t.Errorf("%d events", n)
		}
		if report, err := ledger.Verify(ctx, w.DB, ledger.Options{}); err != nil || !report.OK() {
			t.Errorf("%+v, %v", report, err)
		}
		if j.Undoable(w.Clock.Now()) {
			t.Error("a withdrawal is offered to be taken back")
		}
		if _, err := w.s.Undo(ctx, preferencestest.Staff, j.ID); err == nil || !strings.Contains(err.Error(), "only the person") {
			t.Errorf("a withdrawal is taken back: %v", err)
		}
		if again := w.work(w.s, w.ask(Request{Action: Withdraw, Topic: "news", Note: "again", Filter: preferences.Filter{IDs: ids}}).ID); again.Changed != 0 || again.Skipped[preferences.SkipSame] != 8 {
			t.Errorf("the first one does not stand: %+v", again)
		}
	})
}

// What is wrong with a withdrawal is named, and nothing begins.
func TestAWithdrawalNeedsATopicAReasonAndPeople(t *testing.T) {
	exercise(t, func(t *testing.T, w world) {
		w.Topic("news", nil)
		all := Request{Action: Withdraw, Topic: "news", Note: "why", Everybody: true}
		for name, change := range map[string]func(r *Request){
			"topic":  func(r *Request) { r.Topic = "" },
			"key":    func(r *Request) { r.Topic = "nonsense" },
			"note":   func(r *Request) { r.Note = " " },
			"lines":  func(r *Request) { r.Note = "a\nb" },
			"long":   func(r *Request) { r.Note = strings.Repeat("a", maxNote+1) },
			"all":    func(r *Request) { r.Everybody = false },
			"status": func(r *Request) { r.Filter.Status = "actve" }, // which would find everybody
		} {
			r := all
			change(&r)
			if _, err := w.s.Create(context.Background(), preferencestest.Staff, r); err == nil {
				t.Errorf("%s: it is taken", name)
			}
		}
		if n := w.count("SELECT count(*) FROM together"); n != 0 {
			t.Errorf("%d jobs", n)
		}
	})
}

// Killed in the middle, another process goes on, and nobody has two events; stopped, those who are withdrawn stay so.
func TestAWithdrawalGoesOnWhereItDied(t *testing.T) {
	exercise(t, func(t *testing.T, w world) {
		ctx := context.Background()
		w.Topic("news", nil)
		w.crowd(3*set + 100)
		w.Must(w.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO consents (subscriber_id, topic_id, state, since, event_id, opt_out_offered) SELECT s.id, t.id, 'given', 1, s.id, FALSE FROM subscribers s, topics t WHERE t.key = 'news'")
			return err
		}))
		j := w.ask(Request{Action: Withdraw, Topic: "news", Note: "why", Everybody: true})
		dead := &Store{DB: w.DB, People: w.People, Now: w.Clock.Now}
		dead.once.Do(func() { dead.worker = sqldb.NewID() })
		_, err := w.DB.ExecContext(ctx, "UPDATE together SET status = 'running', worker = $1, lease_until = $2", dead.worker, sqldb.Micros(w.Clock.Now().Add(lease)))
		w.Must(err)
		_, err = dead.step(ctx, j)
		w.Must(err)
		if n := w.events("news"); n != set {
			t.Fatalf("%d are withdrawn", n)
		}
		w.Clock.Move(lease + time.Second)
		if got := w.work(w.s, j.ID); got.Status != StatusFinished || got.Changed != 3*set+100 || w.events("news") != 3*set+100 || w.count("SELECT count(*) FROM consents WHERE state = 'withdrawn'") != 3*set+100 {
			t.Errorf("%+v, %d events", got, w.events("news"))
		}
		if _, err := dead.step(ctx, j); err == nil {
			t.Error("it went on though another took over")
		}

		w.Topic("offers", nil)
		j = w.ask(Request{Action: Withdraw, Topic: "offers", Note: "why", Everybody: true})
		_, err = w.DB.ExecContext(ctx, "UPDATE together SET status = 'running', worker = $1, lease_until = 1 WHERE id = $2", dead.worker, j.ID)
		w.Must(err)
		_, err = dead.step(ctx, j)
		w.Must(err)
		_, err = w.s.Cancel(ctx, preferencestest.Staff, j.ID)
		w.Must(err)
		if _, err := dead.step(ctx, j); err == nil {
			t.Error("it went on though it was stopped")
		}
		if got := w.work(w.s, j.ID); got.Status != StatusCancelled || got.Changed != set || w.events("offers") != set {
			t.Errorf("%+v, %d events", got, w.events("offers"))
		}
	})
}
