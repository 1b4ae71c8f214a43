package preferences_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/ledger"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// doorway lets one person's round begin and holds it before its end, so that those who come meanwhile go into the next.
type doorway struct {
	*campaignstest.World
	t    *testing.T
	open chan struct{}
	wait sync.WaitGroup

	mu   sync.Mutex
	told [][]any // of each round but the first
}

// crowd makes n people who get the news, and one in the doorway.
func crowd(t *testing.T, db *sqldb.DB, n int) (*doorway, []*preferences.Subscriber) {
	w := campaignstest.New(t, db)
	w.Topic("news", nil)
	w.Topic("other", nil)
	subs := make([]*preferences.Subscriber, n)
	for i := range subs {
		subs[i] = w.Person(fmt.Sprintf("p%d@example.com", i), nil)
		w.Give(subs[i], "news", "other")
	}
	first := w.Person("first@example.com", nil)
	w.Give(first, "news")
	d := &doorway{World: w, t: t, open: make(chan struct{})}
	entered := make(chan struct{})
	var once sync.Once
	w.People.Tell = func(_ context.Context, _ *sqldb.Tx, _ string, payloads ...any) error {
		began := false
		once.Do(func() {
			began = true
			close(entered)
			<-d.open
		})
		if !began {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.told = append(d.told, payloads)
		}
		return nil
	}
	d.wait.Go(func() { d.leave(context.Background(), first, "news", preferences.ActionWithdraw, "") })
	<-entered
	return d, subs
}

func (d *doorway) leave(ctx context.Context, sub *preferences.Subscriber, topic, action, reference string) (preferences.Recorded, error) {
	return d.People.Consent(ctx, campaignstest.Staff, sub.ID, preferences.ConsentInput{Topic: topic, Action: action, Evidence: preferences.Evidence{Source: "test", IP: "2001:db8::" + sub.ID[30:34], Reference: reference}})
}

// gathered waits until so many wait for the next round.
func (d *doorway) gathered(n int) {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if d.People.Waiting() == n {
			return
		}
	}
	d.t.Fatalf("%d wait, want %d", d.People.Waiting(), n)
}

func (d *doorway) state(sub *preferences.Subscriber, topic string) string {
	d.t.Helper()
	list, err := d.People.Consents(context.Background(), d.DB, sub.ID)
	if err != nil {
		d.t.Error(err)
	}
	for _, st := range list {
		if st.Topic == topic {
			return st.State
		}
	}
	return ""
}

// Those who say stop while somebody else does are written in one transaction, and each has an answer of their own, that comes
// when all is stored.
func TestWhoComesTogetherIsWrittenTogether(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		d, subs := crowd(t, db, 40)
		ctx := context.Background()
		_, erase := subs[38], subs[39]
		var answered atomic.Int32
		recorded, errs := make([]preferences.Recorded, len(subs)), make([]error, len(subs))
		for i, sub := range subs[:36] {
			d.wait.Go(func() {
				recorded[i], errs[i] = d.leave(ctx, sub, "news", preferences.ActionWithdraw, "")
				answered.Add(1)
				if got := d.state(sub, "news"); got != preferences.StateWithdrawn {
					t.Errorf("%s when they are answered: %q", sub.Email, got)
				}
			})
		}
		var again preferences.Recorded // a mail client that clicks twice
		d.wait.Go(func() {
			var err error
			if again, err = d.leave(ctx, subs[0], "news", preferences.ActionWithdraw, ""); err != nil {
				t.Error(err)
			}
		})
		d.wait.Go(func() { // another topic of the same person
			if _, err := d.leave(ctx, subs[1], "other", preferences.ActionObject, ""); err != nil {
				t.Error(err)
			}
		})
		d.wait.Go(func() {
			if r, err := d.People.UnsubscribeAll(ctx, campaignstest.Staff, subs[36].ID, preferences.Evidence{Source: "test"}); err != nil || !r.Changed {
				t.Errorf("all: %+v %v", r, err)
			}
		})
		hangUp, cancel := context.WithCancel(ctx)
		hung := make(chan error, 1)
		d.wait.Go(func() {
			_, err := d.leave(hangUp, subs[37], "news", preferences.ActionWithdraw, "")
			hung <- err
		})
		d.wait.Go(func() { // the topic is none
			if _, err := d.leave(ctx, subs[38], "none", preferences.ActionWithdraw, ""); err == nil || !isProblem(err) {
				t.Errorf("a topic that is none: %v", err)
			}
		})
		d.wait.Go(func() { // is not there any more
			gone := *erase
			gone.ID = sqldb.NewID()
			if _, err := d.leave(ctx, &gone, "news", preferences.ActionWithdraw, ""); !errors.Is(err, preferences.ErrSubscriberNotFound) {
				t.Errorf("somebody who is erased: %v", err)
			}
		})
		d.gathered(42)
		cancel()
		if err := <-hung; !errors.Is(err, context.Canceled) {
			t.Errorf("who hangs up is told %v", err)
		}
		if n := answered.Load(); n > 0 {
			t.Errorf("%d were answered before they were written", n)
		}
		close(d.open)
		d.wait.Wait()

		for i, err := range errs {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		if again.Event == "" || again.Event != recorded[0].Event || again.Changed == recorded[0].Changed {
			t.Errorf("two clicks of one person: %+v %+v", recorded[0], again)
		}
		for i, want := range map[int][]string{0: {"withdrawn news"}, 1: {"objected other", "withdrawn news"}, 36: {"unsubscribed_all "}, 37: {"withdrawn news"}, 38: nil} {
			events, err := d.People.Events(ctx, db, subs[i].ID)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, e := range events {
				if e.Action != ledger.Given {
					got[string(e.Action)+" "+e.Topic] = true
				}
				if e.Action == ledger.Withdrawn && e.IP != "2001:db8::"+subs[i].ID[30:34] {
					t.Errorf("person %d: the evidence is of %s", i, e.IP)
				}
			}
			if len(got) != len(want) || len(events) != 2+len(want) {
				t.Errorf("person %d: %v, want %v", i, got, want)
			}
			for _, w := range want {
				if !got[w] {
					t.Errorf("person %d: %v, want %v", i, got, want)
				}
			}
		}
		for i, want := range map[int][2]string{1: {"withdrawn", "objected"}, 36: {"withdrawn", "withdrawn"}, 37: {"withdrawn", "given"}, 38: {"given", "given"}} {
			if got := [2]string{d.state(subs[i], "news"), d.state(subs[i], "other")}; got != want {
				t.Errorf("person %d: %v, want %v", i, got, want)
			}
		}
		n := 0
		for _, payloads := range d.told {
			n += len(payloads)
		}
		if n != 39 || len(d.told) > 5 {
			t.Errorf("others are told of %d changes in %d goes, want 39 in those of one round", n, len(d.told))
		}
		r, err := ledger.Verify(ctx, db, ledger.Options{})
		if err != nil || !r.OK() {
			t.Errorf("%v %+v", err, r)
		}
	})
}

func isProblem(err error) bool {
	_, ok := problem.As(err)
	return ok
}

// Whoever left by a campaign's mail is counted in its report in the same transaction, once.
func TestWhoLeftIsCountedWithTheRound(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		w.Topic("news", nil)
		subs := w.Crowd(20, "news")
		c := w.Campaign("news", nil)
		w.Schedule(c)
		w.SendAll(c)
		var wait sync.WaitGroup
		for _, sub := range append(subs, subs[:5]...) {
			wait.Go(func() {
				if _, err := w.People.Consent(context.Background(), campaignstest.Staff, sub.ID, preferences.ConsentInput{Topic: "news", Action: preferences.ActionWithdraw, Evidence: preferences.Evidence{Source: "test", Reference: c.ID}}); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if got := w.Report(c).Unsubscribed; got != 20 {
			t.Errorf("%d are counted, want 20", got)
		}
	})
}

// A round that comes to nothing in its time is given up, and everybody in it is done all the same. (SQLite has one writer.)
func TestARoundThatStandsStillIsGivenUp(t *testing.T) {
	db := sqldbtest.Postgres(t)
	d, subs := crowd(t, db, 10)
	ctx := context.Background()
	for _, sub := range subs {
		d.wait.Go(func() {
			if r, err := d.leave(ctx, sub, "news", preferences.ActionWithdraw, ""); err != nil || !r.Changed {
				t.Errorf("%s: %+v %v", sub.Email, r, err)
			}
		})
	}
	d.gathered(10)
	held := make(chan struct{})
	go func() { // as soon as the first round is over, somebody holds the end of the ledger
		defer close(held)
		if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, "SELECT id FROM ledger_head FOR UPDATE")
			close(d.open)
			time.Sleep(5 * time.Second)
			return err
		}); err != nil {
			t.Error(err)
		}
	}()
	<-held
	d.wait.Wait()
	for _, sub := range subs {
		if got := d.state(sub, "news"); got != preferences.StateWithdrawn {
			t.Errorf("%s: %s", sub.Email, got)
		}
	}
	if r, err := ledger.Verify(ctx, db, ledger.Options{}); err != nil || !r.OK() {
		t.Errorf("%v %+v", err, r)
	}
}

// One person whom somebody else holds keeps no other person waiting. (SQLite has one writer.)
func TestNobodyWaitsForAnotherPerson(t *testing.T) {
	for what, hold := range map[string]func(d *doorway, tx *sqldb.Tx, sub *preferences.Subscriber) error{
		"the person": func(_ *doorway, tx *sqldb.Tx, sub *preferences.Subscriber) error {
			_, err := tx.ExecContext(context.Background(), "SELECT id FROM subscribers WHERE id = $1 FOR UPDATE", sub.ID)
			return err
		},
		"their mail": func(d *doorway, tx *sqldb.Tx, sub *preferences.Subscriber) error {
			_, err := tx.ExecContext(context.Background(), "SELECT id FROM deliveries WHERE subscriber_id = $1 FOR UPDATE", sub.ID)
			return err
		},
	} {
		for _, first := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, first %v", what, first), func(t *testing.T) {
				t.Parallel()
				d, subs := crowd(t, sqldbtest.Postgres(t), 10)
				ctx := context.Background()
				c := d.Campaign("news", nil)
				d.Schedule(c)
				if b, err := d.Mails.Claim(ctx, c.ID, "worker", 0, 20); err != nil || len(b.Items) < 10 {
					t.Fatal(err, len(b.Items))
				}
				let, held := make(chan struct{}), make(chan struct{})
				d.wait.Go(func() {
					if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
						defer func() { <-let }()
						defer close(held)
						return hold(d, tx, subs[0])
					}); err != nil {
						t.Error(err)
					}
				})
				<-held
				var others sync.WaitGroup
				slow := make(chan preferences.Recorded, 1)
				if first { // also when they come alone
					close(d.open)
				}
				for i, sub := range subs {
					leave := func() {
						r, err := d.leave(ctx, sub, "news", preferences.ActionWithdraw, "")
						if err != nil || !r.Changed || r.InFlight != 1 {
							t.Errorf("%d: %+v %v", i, r, err)
						}
						if i == 0 {
							slow <- r
						}
					}
					if i > 0 {
						others.Go(leave)
						continue
					}
					if d.wait.Go(leave); first {
						time.Sleep(300 * time.Millisecond)
					}
				}
				if !first {
					d.gathered(10)
					close(d.open)
				}
				answered := make(chan struct{})
				go func() { others.Wait(); close(answered) }()
				select {
				case <-answered: // and the one is still held
				case <-time.After(time.Minute):
					t.Error("the others wait for the one who is held")
				}
				select {
				case <-slow:
					t.Error("the one who is held was answered")
				default:
				}
				if got := d.state(subs[0], "news"); got != preferences.StateGiven {
					t.Errorf("of the one who is held something was written: %s", got)
				}
				close(let)
				d.wait.Wait()
				if got := d.state(subs[0], "news"); got != preferences.StateWithdrawn {
					t.Error(got)
				}
				var revoked int
				if err := d.DB.QueryRowContext(ctx, "SELECT count(*) FROM deliveries d JOIN subscribers s ON s.id = d.subscriber_id WHERE d.revoked_at IS NOT NULL AND s.email <> 'first@example.com'").Scan(&revoked); err != nil || revoked != 10 {
					t.Errorf("%d mails were taken back (%v), want 10", revoked, err)
				}
			})
		}
	}
}
