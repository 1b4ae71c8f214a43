package together

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/preferences"
	"assent/preferences/preferencestest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

type world struct {
	*preferencestest.World
	s *Store
}

func exercise(t *testing.T, f func(t *testing.T, w world)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := preferencestest.New(t, db)
		s := &Store{DB: db, Now: w.Clock.Now, People: w.People}
		w.People.Forget = append(w.People.Forget, s.Forget)
		f(t, world{w, s})
	})
}

// crowd makes n people, named p0000 and on.
func (w world) crowd(n int) {
	w.T.Helper()
	w.Must(w.DB.Tx(context.Background(), func(tx *sqldb.Tx) error {
		for i := range n {
			email := fmt.Sprintf("p%04d@example.com", i)
			if _, err := tx.ExecContext(context.Background(), "INSERT INTO subscribers (id, email, email_key, created_at, updated_at) VALUES ($1, $2, $3, 1, 1)", sqldb.NewID(), email, email); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (w world) ask(r Request) *Job {
	w.T.Helper()
	j, err := w.s.Create(context.Background(), preferencestest.Staff, r)
	w.Must(err)
	return j
}

func (w world) work(s *Store, id string) *Job {
	w.T.Helper()
	w.Must(s.Work(context.Background()))
	j, err := s.Get(context.Background(), w.DB, id)
	w.Must(err)
	return j
}

func (w world) count(query string, args ...any) (n int) {
	w.T.Helper()
	w.Must(w.DB.QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}

func (w world) marked() int {
	return w.count("SELECT count(*) FROM subscribers WHERE attributes LIKE '%\"vip\":true%'")
}

// Everybody whom the filter finds is reached, however many, once, and accounted for; who came later is not; and all of it can be
// taken back but for what somebody changed since.
func TestEverybodyIsReachedOnceAndItCanBeTakenBack(t *testing.T) {
	exercise(t, func(t *testing.T, w world) {
		ctx := context.Background()
		w.crowd(1300)
		two, restricted, had := w.Find("p0002@example.com"), w.Find("p0003@example.com"), w.Find("p0004@example.com")
		_, err := w.People.Restrict(ctx, preferencestest.Staff, restricted.ID, preferences.Evidence{Source: "test"})
		w.Must(err)
		for id, value := range map[string]any{two.ID: "gold", had.ID: true} {
			_, err := w.People.Update(ctx, preferencestest.Staff, id, preferences.Profile{Attributes: &map[string]any{"vip": value, "other": "stays"}})
			w.Must(err)
		}
		before := w.count("SELECT count(*) FROM audit_log WHERE action = 'subscriber.update'")
		j := w.ask(Request{Action: Tag, Tag: "vip", Everybody: true, Filter: preferences.Filter{Text: "p"}})
		late := w.Person("p9999@example.com", nil)
		j = w.work(w.s, j.ID)
		if j.Status != StatusFinished || j.People != 1300 || j.Changed != 1298 || j.Skipped["restricted"] != 1 || j.Skipped[preferences.SkipSame] != 1 || len(j.Skipped) != 2 {
			t.Errorf("%+v", j)
		}
		if n := w.marked(); n != 1299 || w.Find(late.Email).Attributes["vip"] != nil {
			t.Errorf("%d are marked", n)
		}
		if n := w.count("SELECT count(*) FROM audit_log WHERE action = 'subscriber.update'") - before; n != 1298 {
			t.Errorf("%d entries in the audit log", n)
		}
		if text, _ := json.Marshal(j.Filter); string(text) != "{}" {
			t.Errorf("what was searched for is kept: %s", text)
		}
		changed := w.Find("p0007@example.com")
		_, err = w.People.Update(ctx, preferencestest.Staff, changed.ID, preferences.Profile{Attributes: &map[string]any{"vip": "silver"}})
		w.Must(err)
		_, err = w.s.Undo(ctx, preferencestest.Staff, j.ID)
		w.Must(err)
		j = w.work(w.s, j.ID)
		if j.Status != StatusUndone || j.Restored != 1297 || j.Kept != 1 || w.marked() != 1 {
			t.Errorf("%+v, %d are marked", j, w.marked())
		}
		if a := w.Find("p0002@example.com").Attributes; a["vip"] != "gold" || a["other"] != "stays" {
			t.Errorf("it was gold: %v", a)
		}
		if a := w.Find("p0007@example.com").Attributes; a["vip"] != "silver" {
			t.Errorf("a later change is gone: %v", a)
		}
		if _, err := w.s.Undo(ctx, preferencestest.Staff, j.ID); err == nil {
			t.Error("it is taken back twice")
		}
	})
}

// A process that dies in the middle loses nothing and repeats nothing: another goes on where it stopped, when its lease is over.
func TestAnotherProcessGoesOnWhereOneDied(t *testing.T) {
	exercise(t, func(t *testing.T, w world) {
		w.crowd(1700)
		j := w.ask(Request{Action: Tag, Tag: "vip", Everybody: true})
		dying, kill := context.WithCancel(context.Background())
		calls := 0
		dead := &Store{DB: w.DB, People: w.People, Now: func() time.Time {
			if calls++; calls == 5 {
				kill()
			}
			return w.Clock.Now()
		}}
		// What a process that is killed would have told, nobody hears.
		if err := dead.Work(dying); err == nil {
			t.Fatal("it came to the end")
		}
		_, err := w.DB.ExecContext(context.Background(), "UPDATE together SET lease_until = $1", sqldb.Micros(w.Clock.Now().Add(lease)))
		w.Must(err)
		part := w.marked()
		if part == 0 || part == 1700 {
			t.Fatalf("%d are marked in the middle", part)
		}
		if got := w.work(w.s, j.ID); got.Status != StatusRunning || w.marked() != part {
			t.Errorf("somebody took it though its lease runs: %+v", got)
		}
		if err := w.s.run(context.Background(), j.ID); !errors.Is(err, errTaken) {
			t.Errorf("it is taken from whoever works on it: %v", err)
		}
		w.Clock.Move(lease + time.Second)
		if got := w.work(w.s, j.ID); got.Status != StatusFinished || got.Changed != 1700 || got.People != 1700 || w.marked() != 1700 || len(got.Skipped) != 0 {
			t.Errorf("%+v, %d are marked", got, w.marked())
		}
		if n := w.count("SELECT count(*) FROM audit_log WHERE action = 'subscriber.update'"); n != 1700 {
			t.Errorf("%d changes for 1700 people", n)
		}
		// and the dead one, were it alive, has no say any more
		if _, err := dead.step(context.Background(), j); err == nil {
			t.Error("it went on though another took over")
		}
	})
}

func TestAJobIsStoppedAfterItsSet(t *testing.T) {
	exercise(t, func(t *testing.T, w world) {
		ctx := context.Background()
		w.crowd(1700)
		j := w.ask(Request{Action: Tag, Tag: "vip", Everybody: true, Filter: preferences.Filter{Text: "p"}})
		s := &Store{DB: w.DB, People: w.People, Now: w.Clock.Now}
		s.once.Do(func() { s.worker = sqldb.NewID() })
		_, err := w.DB.ExecContext(ctx, "UPDATE together SET status = 'running', worker = $1, lease_until = 1", s.worker)
		w.Must(err)
		if _, err := s.step(ctx, j); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Cancel(ctx, preferencestest.Staff, j.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.step(ctx, j); err == nil {
			t.Error("it went on")
		}
		if n := w.marked(); n != set {
			t.Errorf("%d are marked", n)
		}
		_, err = w.s.Undo(ctx, preferencestest.Staff, j.ID)
		w.Must(err)
		if got := w.work(w.s, j.ID); got.Status != StatusUndone || got.Restored != set || w.marked() != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// Neither what is done nor taking it back gives or brings back a consent, and a complaint outlasts the undo of a block.
func TestNothingHereGivesAConsent(t *testing.T) {
	exercise(t, func(t *testing.T, w world) {
		ctx := context.Background()
		w.Topic("news", nil)
		var ids []string
		for i, action := range []string{"give", "withdraw", "object", "give", ""} {
			sub := w.Person(fmt.Sprintf("a%d@example.com", i), nil)
			ids = append(ids, sub.ID)
			if action != "" {
				w.Choose(sub, "news", action)
			}
		}
		_, _, err := w.People.Suppress(ctx, preferencestest.Staff, "a3@example.com", preferences.SuppressedComplained, "", "test")
		w.Must(err)
		_, _, err = w.People.Suppress(ctx, preferencestest.Staff, "a2@example.com", preferences.SuppressedManual, "of old", "test")
		w.Must(err)
		states := func() string {
			var b strings.Builder
			for _, id := range ids {
				list, err := w.People.Consents(ctx, w.DB, id)
				w.Must(err)
				for _, st := range list {
					b.WriteString(id + " " + st.State + " " + st.EventID + "\n")
				}
			}
			return b.String()
		}
		before, events := states(), w.count("SELECT count(*) FROM ledger_entries")
		j := w.work(w.s, w.ask(Request{Action: Suppress, Note: "left the company", Filter: preferences.Filter{IDs: append(ids, "nonsense", sqldb.NewID())}}).ID)
		if j.Changed != 4 || j.Skipped[preferences.SkipSame] != 1 || w.count("SELECT count(*) FROM suppressions WHERE reason = 'manual'") != 5 {
			t.Errorf("%+v", j)
		}
		_, err = w.s.Undo(ctx, preferencestest.Staff, j.ID)
		w.Must(err)
		j = w.work(w.s, j.ID)
		if left := w.count("SELECT count(*) FROM suppressions"); j.Restored != 4 || left != 2 || w.count("SELECT count(*) FROM suppressions WHERE note = 'of old' OR reason = 'complained'") != 2 {
			t.Errorf("%d blocks are left: %+v", left, j)
		}
		for _, action := range []string{Tag, Untag} {
			w.work(w.s, w.ask(Request{Action: action, Tag: "vip", Everybody: true}).ID)
		}
		if after := states(); after != before || w.count("SELECT count(*) FROM ledger_entries") != events {
			t.Errorf("consents were:\n%sand are:\n%s", before, after)
		}
	})
}

// Of an erased person nothing is kept, and a job that is over keeps nobody's address.
func TestAnErasedPersonIsForgotten(t *testing.T) {
	exercise(t, func(t *testing.T, w world) {
		ctx := context.Background()
		ann := w.Person("ann.secret@example.com", nil)
		_, err := w.People.Update(ctx, preferencestest.Staff, ann.ID, preferences.Profile{Attributes: &map[string]any{"vip": "topsecret"}})
		w.Must(err)
		j := w.work(w.s, w.ask(Request{Action: Untag, Tag: "vip", Everybody: true, Filter: preferences.Filter{Text: "ann.secret@example.com"}}).ID)
		if j.Changed != 1 {
			t.Fatalf("%+v", j)
		}
		_, err = w.People.Erase(ctx, preferencestest.Staff, ann.ID)
		w.Must(err)
		for _, text := range []string{"ann.secret", "topsecret", ann.ID} {
			for _, found := range sqldbtest.Traces(t, w.DB, text) {
				if strings.HasPrefix(found, "together") {
					t.Errorf("%s is in %s", text, found)
				}
			}
		}
	})
}
