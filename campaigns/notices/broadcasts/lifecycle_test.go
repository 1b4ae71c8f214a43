package broadcasts_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assent/campaigns/campaignstest"
	"assent/campaigns/evidence"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/outbox"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

func status(err error) int {
	if p, ok := problem.As(err); ok {
		return p.Status
	}
	return 0
}

// Compliance 71: a second person approves, and a key of the author is the author.
func TestOnlyASecondPersonApproves(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.customers(3, nil)
		person := audit.Actor{Kind: audit.KindUser, ID: "ann", Name: "Ann", UserID: "ann"}
		otherKey := audit.Actor{Kind: audit.KindKey, ID: "key-9", Name: "script of Ann", UserID: "ann"}
		alone := audit.Actor{Kind: audit.KindKey, ID: "key-5", Name: "nobody's key"}
		for _, tt := range []struct {
			who    string
			writes audit.Actor
			others []audit.Actor // who are the same person
		}{
			{"a key of Ann", author, []audit.Actor{author, sameAuth, otherKey}},
			{"Ann herself", person, []audit.Actor{person, author, otherKey}},
			{"a key of nobody", alone, []audit.Actor{alone}},
		} {
			b, err := w.b.Create(ctx, tt.writes, input(nil))
			w.Must(err)
			for _, same := range tt.others {
				if _, err := w.b.Approve(ctx, same, b.ID); status(err) != 403 {
					t.Errorf("%s wrote it and %s approved it: %v", tt.who, same.Name, err)
				}
			}
			w.advance()
			if c, _ := w.covered(b); c.Addressed != 0 {
				t.Errorf("%s: %d are addressed in review", tt.who, c.Addressed)
			}
			if b, err = w.b.Get(ctx, db, b.ID); err != nil || b.Status != broadcasts.InReview {
				t.Fatalf("%s: %s, %v", tt.who, b.Status, err)
			}
			if b, err = w.b.Approve(ctx, approver, b.ID); err != nil || b.Status != broadcasts.Scheduled || b.ApproverName != "Bob" {
				t.Fatalf("%s: %v", tt.who, err)
			}
			if _, err = w.b.Approve(ctx, approver, b.ID); status(err) != 409 {
				t.Errorf("approved twice: %v", err)
			}
		}
		if _, err := w.b.Approve(ctx, approver, sqldb.NewID()); status(err) != 404 {
			t.Error(err)
		}
	})
}

// One in a hundred gets it first; the rest waits until it is known what became of them.
func TestItBeginsWithOneInAHundred(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.customers(2000, nil)
		b := w.broadcast(nil)
		for range 5 {
			w.advance()
		}
		if due := w.due(b); due != 20 {
			t.Fatalf("%d of 2000 may go at first", due)
		}
		if c, _ := w.covered(b); c.Addressed != 2000 || c.Pending != 2000 {
			t.Fatalf("%+v", c)
		}
		w.drain(19)
		w.advance()
		if due := w.due(b); due != 1 {
			t.Fatalf("%d may go while one of the first has no outcome", due)
		}
		w.drain(1)
		w.advance()
		if due := w.due(b); due != 1980 {
			t.Errorf("%d of the rest may go", due)
		}
	})
}

// due counts the messages that the outbox would hand out.
func (w *world) due(b *broadcasts.Broadcast) (n int) {
	w.T.Helper()
	w.Must(w.DB.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE broadcast_id = $1 AND status IN ('queued', 'deferred') AND due_at IS NOT NULL", b.ID).Scan(&n))
	return n
}

// A relay that is away says nothing about the addresses: the rest waits for the first, but not for ever.
func TestTheRestDoesNotWaitForEver(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.customers(2000, nil)
	w.relay = func(outbox.Claimed) outbox.Result {
		return outbox.Result{Status: outbox.StatusDeferred, Reply: "connection refused", DueAt: w.Clock.Now().Add(time.Hour)}
	}
	b := w.broadcast(nil)
	w.advance()
	w.drain(100)
	w.advance()
	if due := w.due(b); due != 20 {
		t.Fatalf("%d", due)
	}
	w.Clock.Move(16 * time.Minute)
	w.advance()
	if due := w.due(b); due != 2000 {
		t.Errorf("%d may go after the patience is over", due)
	}
}

// No more of a broadcast waits in the outbox than a window, or single notices would stand in a long line behind it.
func TestABroadcastLeavesRoomForSingleNotices(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.customers(5000, nil)
	b := w.broadcast(nil)
	w.advance()
	w.drain(50)
	for range 3 {
		w.advance()
	}
	if due := w.due(b); due != 4000 {
		t.Errorf("%d wait in the outbox", due)
	}
}

// The brake: bounces of the first stop the rest and say why, and a person lets it go on.
func TestBouncesStopItUntilSomebodyHasLooked(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		told := w.listen()
		w.b.Brake = func(sent, bounced int64) bool { return sent >= 10 && bounced*20 >= sent }
		w.customers(1000, nil)
		bad := true
		n := 0
		w.relay = func(outbox.Claimed) outbox.Result {
			if n++; bad && n%3 == 0 {
				return outbox.Result{Status: outbox.StatusBounced, Code: 550, Reply: "550 5.1.1 no such user", Reason: "hard_bounce"}
			}
			return outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
		}
		b := w.run(w.broadcast(nil))
		if b.HeldAt.IsZero() || !strings.Contains(b.HeldFor, "3 of 10 mails bounced") || b.Status != broadcasts.Sending {
			t.Fatalf("%+v", b.State)
		}
		c, _ := w.covered(b)
		if c.Addressed != 1000 || c.Pending != 990 || c.LeadTimeMet || w.due(b) != 0 || told.count("held") != 1 {
			t.Fatalf("%+v; %d due; %v", c, w.due(b), *told)
		}
		w.advance()
		if w.drain(100) != 0 {
			t.Fatal("it goes on though it is held")
		}
		bad = false
		if _, err := w.b.Resume(ctx, approver, b.ID); err != nil {
			t.Fatal(err)
		}
		b = w.run(b)
		if c, _ := w.covered(b); b.Status != broadcasts.Finished || c.Accepted != 997 || c.Bounced != 3 || told.count("held") != 1 {
			t.Errorf("%s %+v", b.Status, c)
		}
		if _, err := w.b.Resume(ctx, approver, b.ID); status(err) != 409 {
			t.Errorf("what nothing holds was resumed: %v", err)
		}
	})
}

// The brake works in the middle too, and holds what is deferred.
func TestBouncesInTheMiddleStopIt(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.b.Brake = func(sent, bounced int64) bool { return sent >= 10 && bounced*20 >= sent }
	w.customers(1000, nil)
	n := 0
	w.relay = func(outbox.Claimed) outbox.Result {
		switch n++; {
		case n == 200:
			return outbox.Result{Status: outbox.StatusDeferred, Code: 451, Reply: "451 later", DueAt: w.Clock.Now().Add(time.Minute)}
		case n > 200:
			return outbox.Result{Status: outbox.StatusBounced, Code: 550, Reply: "550 5.1.1 no such user", Reason: "hard_bounce"}
		}
		return outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
	}
	b := w.broadcast(nil)
	for range 40 {
		w.advance()
		now, err := w.b.Get(ctx, w.DB, b.ID)
		w.Must(err)
		if b = now; !b.HeldAt.IsZero() && w.due(b) != 0 {
			t.Fatalf("%d are due when it is held", w.due(b))
		}
		w.drain(10)
	}
	c, _ := w.covered(b)
	if b.HeldAt.IsZero() || c.Bounced > 30 || w.due(b) != 0 {
		t.Errorf("%+v %d due", c, w.due(b))
	}
}

// Whoever a cancelled broadcast had not reached is unserved, also those whose turn had not come; what is out stays out.
func TestACancelledBroadcastLeavesAnOutcomeForEverybody(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		told := w.listen()
		w.customers(1200, nil)
		b := w.broadcast(nil)
		w.advance()
		w.drain(30)
		flying, _, err := w.Outbox.Claim(ctx, gate.Notice, "other", 5)
		w.Must(err)
		if b, err = w.b.Cancel(ctx, approver, b.ID); err != nil || b.Status != broadcasts.Cancelled {
			t.Fatal(b.Status, err)
		}
		const sent = 12 // one in a hundred
		c, people := w.covered(b)
		if c.Addressed != 1200 || c.Accepted != sent || c.Pending != int64(len(flying)) || c.Unserved != 1200-sent-c.Pending || c.LeadTimeMet {
			t.Fatalf("%+v", c)
		}
		for _, p := range people {
			if p.Outcome == broadcasts.Unserved && p.Reason != "cancelled" {
				t.Fatalf("%+v", p)
			}
		}
		if told.count("unserved") != int(c.Unserved) || told.count("cancelled") != 1 {
			t.Errorf("%d told of %d", told.count("unserved"), c.Unserved)
		}
		for i, m := range flying { // what was being sent comes to an end: some arrive, the rest is taken back
			r := outbox.Result{ID: m.ID, Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
			if i > 1 {
				r = outbox.Result{ID: m.ID, Status: outbox.StatusDeferred, Code: 451, Reply: "451 later", DueAt: w.Clock.Now()}
			}
			w.Must(w.Outbox.Complete(ctx, r))
		}
		w.advance()
		if c, _ := w.covered(b); c.Pending != 0 || c.Addressed != 1200 {
			t.Errorf("%+v", c)
		}
		if w.drain(10) != 0 {
			t.Error("mail goes out after the end")
		}
		if r, err := evidence.Verify(ctx, db, evidence.Options{}); err != nil || !r.OK() || r.Rows != 1200 {
			t.Errorf("%+v %v %v", r, r.Broken, err)
		}
		if _, err := w.b.Approve(ctx, approver, b.ID); status(err) != 409 {
			t.Error(err)
		}
	})
}

// It can be cancelled before everybody has a message: those to whom it had not come are of its audience as well.
func TestCancelledWhileItsAudienceIsRead(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.customers(1200, nil)
		b := w.broadcast(nil)
		_, err := db.ExecContext(ctx, "UPDATE notice_broadcasts SET status = 'sending', started_at = $1 WHERE id = $2", sqldb.Micros(w.Clock.Now()), b.ID)
		w.Must(err)
		_, err = w.b.Cancel(ctx, approver, b.ID)
		w.Must(err)
		w.advance()
		if c, _ := w.covered(b); c.Addressed != 1200 || c.Unserved != 1200 {
			t.Errorf("%+v", c)
		}
	})
}

// A finished one cannot be cancelled; one in review addresses nobody when it is.
func TestWhatCanBeCancelled(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.customers(3, nil)
	b, err := w.b.Create(ctx, author, input(nil))
	w.Must(err)
	if b, err = w.b.Cancel(ctx, author, b.ID); err != nil || b.Status != broadcasts.Cancelled {
		t.Fatal(err)
	}
	if c, _ := w.covered(b); c.Addressed != 0 {
		t.Errorf("%+v", c)
	}
	if _, err = w.b.Cancel(ctx, author, b.ID); err != nil {
		t.Errorf("twice: %v", err)
	}
	b = w.run(w.broadcast(nil))
	if _, err = w.b.Cancel(ctx, approver, b.ID); status(err) != 409 {
		t.Errorf("finished: %v", err)
	}
}

// Who leaves on the way stays in the count: erased people are unserved or keep their outcome, and nobody's name is left.
func TestErasedOnTheWay(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ids := w.customers(40, nil)
		b := w.broadcast(nil)
		w.advance()
		w.drain(5)
		if c, _ := w.covered(b); c.Accepted != 5 {
			t.Fatalf("%+v", c)
		}
		var reached, waiting string
		for _, p := range w.list(b) {
			if p.Outcome == broadcasts.Accepted {
				reached = p.SubscriberID
			} else {
				waiting = p.SubscriberID
			}
		}
		for _, id := range []string{reached, waiting} {
			_, err := w.People.Erase(ctx, campaignstest.Staff, id)
			w.Must(err)
		}
		_, err := db.ExecContext(ctx, "UPDATE subscribers SET customer_since = NULL WHERE id = $1", ids[len(ids)-1]) // is no customer any more
		w.Must(err)
		b = w.run(b)
		c, people := w.covered(b)
		if c.Addressed != 40 || c.Accepted != 39 || c.Unserved != 1 || b.Total != 40 || !c.LeadTimeMet {
			t.Fatalf("%+v, total %d", c, b.Total)
		}
		named := 0
		for _, p := range people {
			if p.Email != "" {
				named++
			} else if p.Outcome == broadcasts.Unserved && p.Reason != "erased" {
				t.Errorf("%+v", p)
			}
		}
		if named != 38 {
			t.Errorf("%d are named", named)
		}
		if r, err := evidence.Verify(ctx, db, evidence.Options{}); err != nil || !r.OK() {
			t.Errorf("%+v %v", r.Broken, err)
		}
	})
}

func (w *world) list(b *broadcasts.Broadcast) []broadcasts.Person {
	w.T.Helper()
	list, err := w.b.Addressed(ctx, b, broadcasts.Filter{}, broadcasts.Place{}, 1000)
	w.Must(err)
	return list
}

// The work list: whom mail did not reach, as CSV and by filter; marked as served by post they leave it.
func TestTheWorkListForAnotherChannel(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ids := w.customers(30, nil)
		_, err := db.ExecContext(ctx, "UPDATE subscribers SET email = '=cmd@example.com' WHERE id = $1", ids[3])
		w.Must(err)
		gone := map[string]bool{ids[3]: true, ids[20]: true}
		w.relay = func(m outbox.Claimed) outbox.Result {
			if gone[m.SubscriberID] {
				return outbox.Result{Status: outbox.StatusBounced, Code: 550, Reply: "550 5.1.1 no such user", Reason: "hard_bounce"}
			}
			return outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
		}
		b := w.run(w.broadcast(nil))
		open := func(f broadcasts.Filter) [][]string {
			var buf bytes.Buffer
			w.Must(w.b.WriteCSV(ctx, b, f, &buf))
			rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(buf.Bytes(), []byte("\ufeff")))).ReadAll()
			w.Must(err)
			return rows
		}
		rows := open(broadcasts.Filter{Open: true})
		if len(rows) != 3 || rows[0][0] != "email" || rows[1][2] != "bounced" || rows[1][3] != "hard_bounce" || rows[1][5] != "550 5.1.1 no such user" {
			t.Fatalf("%q", rows)
		}
		for _, row := range rows[1:] { // compliance 66
			if strings.HasPrefix(row[0], "=") {
				t.Errorf("a formula: %q", row[0])
			}
		}
		if n := len(open(broadcasts.Filter{})); n != 31 {
			t.Errorf("%d rows of everybody", n)
		}
		serve := func(id string, change func(*broadcasts.ServedInput)) error {
			in := broadcasts.ServedInput{SubscriberID: id, Channel: "post", On: "2026-05-01", Note: "registered letter 12"}
			if change != nil {
				change(&in)
			}
			_, err := w.b.MarkServed(ctx, approver, b.ID, in)
			return err
		}
		for name, bad := range map[string]error{
			"reached by mail": serve(ids[0], nil), "not addressed": serve(sqldb.NewID(), nil), "no id": serve("x", nil),
			"tomorrow":        serve(ids[3], func(in *broadcasts.ServedInput) { in.On = "2026-05-03" }),
			"no day":          serve(ids[3], func(in *broadcasts.ServedInput) { in.On = "" }),
			"pigeon":          serve(ids[3], func(in *broadcasts.ServedInput) { in.Channel = "pigeon" }),
			"too long a note": serve(ids[3], func(in *broadcasts.ServedInput) { in.Note = strings.Repeat("x", 1001) }),
		} {
			if s := status(bad); s != 422 && !(s == 409 && name == "reached by mail") {
				t.Errorf("%s: %v", name, bad)
			}
		}
		w.Must(serve(ids[3], nil))
		if rows = open(broadcasts.Filter{Open: true}); len(rows) != 2 {
			t.Errorf("%q", rows)
		}
		c, people := w.covered(b)
		if p := people[ids[3]]; c.Served != 1 || c.Bounced != 2 || c.NotReached != 1 || c.InTime != 29 || p.Served == nil || p.Served.Channel != "post" || p.Served.Note != "registered letter 12" {
			t.Errorf("%+v %+v", c, people[ids[3]])
		}

		// Taken back, all is as it was, and the audit log and the chain have both.
		if err := w.b.UndoServed(ctx, approver, b.ID, ids[20]); status(err) != 409 {
			t.Errorf("who was not marked: %v", err)
		}
		for name, id := range map[string]string{"not addressed": sqldb.NewID(), "no id": "x"} {
			if err := w.b.UndoServed(ctx, approver, b.ID, id); status(err) != 422 {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.Must(w.b.UndoServed(ctx, approver, b.ID, ids[3]))
		after, people := w.covered(b)
		before := c
		before.Served, before.NotReached, before.InTime = 0, 2, 28
		if diff := cmp.Diff(before, after); diff != "" || people[ids[3]].Served != nil || people[ids[3]].Outcome != broadcasts.Bounced {
			t.Errorf("%s %+v", diff, people[ids[3]])
		}
		if again := open(broadcasts.Filter{Open: true}); len(again) != 3 {
			t.Errorf("%q", again)
		}
		for _, object := range []string{"subscriber:" + ids[3], "notice_broadcast:" + b.ID} {
			var n int
			w.Must(db.QueryRowContext(ctx, "SELECT count(*) FROM audit_log WHERE object = $1 AND action LIKE '%.served_undo' AND before LIKE '%post%' AND actor_id = $2", object, approver.ID).Scan(&n))
			if n != 1 {
				t.Errorf("%d entries of %s", n, object)
			}
		}
		w.Must(serve(ids[3], nil))
		if c, _ := w.covered(b); c.Served != 1 {
			t.Errorf("%+v", c)
		}
	})
}

// A segment in use stays: a broadcast that may still send is named.
func TestASegmentOfABroadcastStays(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ids := w.customers(3, nil)
		_, err := db.ExecContext(ctx, "UPDATE subscribers SET country = 'NL' WHERE id <> $1", ids[0])
		w.Must(err)
		store := w.segment("dutch", `{"country": "NL"}`)
		in := func(in *broadcasts.Input) { in.Audience = broadcasts.Audience{Segment: "dutch"} }
		b, err := w.b.Create(ctx, author, input(in))
		w.Must(err)
		stays := func(when string) {
			t.Helper()
			err := store.Delete(ctx, author, "dutch")
			if p, ok := problem.As(err); !ok || p.Status != 409 || !strings.Contains(p.Detail, "the notice “Our terms change”") {
				t.Errorf("%s: %v", when, err)
			}
		}
		stays("in review")
		_, err = w.b.Approve(ctx, approver, b.ID)
		w.Must(err)
		stays("scheduled")
		w.advance()
		stays("sending")
		b = w.run(b)
		if c, _ := w.covered(b); c.Accepted != 2 {
			t.Errorf("%+v", c)
		}
		stays("finished, looking for people who join")
		w.Clock.Move(b.EffectiveAt.Sub(w.Clock.Now()))
		w.Must(store.Delete(ctx, author, "dutch"))
		if c, _ := w.covered(b); c.Addressed != 2 {
			t.Errorf("after: %+v", c)
		}
	})
}

// heard are the events that other systems were told of.
type heard []string

func (h heard) count(what string) (n int) {
	for _, one := range h {
		if strings.HasSuffix(one, "."+what) {
			n++
		}
	}
	return n
}

type ears struct{ list *heard }

func (e ears) Wants(_ context.Context, _ sqldb.Querier, _ string) (bool, error) { return true, nil }
func (e ears) Enqueue(_ context.Context, _ *sqldb.Tx, event string, payload any) error {
	if text := fmt.Sprint(payload); strings.Contains(text, "@") {
		return fmt.Errorf("%s tells an address: %s", event, text)
	}
	*e.list = append(*e.list, event)
	return nil
}

// listen notes what other systems are told.
func (w *world) listen() *heard {
	h := &heard{}
	w.Outbox.Events, w.b.Events = ears{h}, ears{h}
	return h
}

// Who moves, or passes an address on, while the broadcast is under way gets it where they are now.
func TestItGoesToTheAddressThatPeopleHaveByNow(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ids := w.customers(30, nil)
		b := w.broadcast(nil)
		w.advance() // the first ten may go
		for _, change := range []struct{ id, to string }{{ids[25], "moved@example.com"}, {ids[28], "c25@example.com"}} {
			_, err := db.ExecContext(ctx, "UPDATE subscribers SET email = $1, email_key = $2, locale = 'nl' WHERE id = $3", change.to, change.to, change.id)
			w.Must(err)
		}
		took := map[string]string{}
		w.relay = func(m outbox.Claimed) outbox.Result {
			took[m.SubscriberID] = m.Email + " " + m.AddressKey + " " + m.Locale
			return outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
		}
		b = w.run(b)
		c, _ := w.covered(b)
		if c.Accepted != 30 || took[ids[25]] != "moved@example.com moved@example.com nl" || took[ids[28]] != "c25@example.com c25@example.com nl" || took[ids[20]] != "c20@example.com c20@example.com en" {
			t.Errorf("%+v %q %q %q", c, took[ids[25]], took[ids[28]], took[ids[20]])
		}
	})
}
