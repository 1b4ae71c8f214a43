package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

var (
	now   = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	jan   = "01890a5d-ac96-774b-bcce-b30209000001"
	els   = "01890a5d-ac96-774b-bcce-b30209000002"
	piet  = "01890a5d-ac96-774b-bcce-b30209000003"
	topic = "01890a5d-ac96-774b-bcce-b30209000009"
)

// full is an event with every field set that Append takes.
func full(subscriber string) Event {
	return Event{
		Subscriber: subscriber, Action: Given, RecordedAt: now, CollectedAt: now.Add(-time.Hour),
		TopicID: topic, Topic: "newsletter", Partner: "acme", State: "given", Basis: "consent", Value: "weekly",
		Source: "form", Wording: "Yes, mail me <b>news</b> & more", WordingVersion: "3", Locale: "nl", PrivacyNotice: "privacy/7",
		Form: "newsletter", URL: "https://example.com/subscribe", Document: "scan-17.pdf", IP: "192.0.2.7", UserAgent: "Mozilla/5.0",
		ConfirmationMessageID: "<1@example.com>", Reference: "campaign", Actor: "user:1", OptOutOffered: true, Note: "at the fair",
	}
}

func event(subscriber string, a Action) Event {
	return Event{Subscriber: subscriber, Action: a, RecordedAt: now, TopicID: topic, Topic: "newsletter", State: "given", Source: "api"}
}

func add1(t testing.TB, db *sqldb.DB, events ...Event) (entries []Entry) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
		entries, err = Append(t.Context(), tx, events...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func erase(t testing.TB, db *sqldb.DB, subscriber string) Entry {
	t.Helper()
	var entry Entry
	err := db.Tx(t.Context(), func(tx *sqldb.Tx) (err error) {
		entry, err = EraseSubject(t.Context(), tx, subscriber, Event{RecordedAt: now, Actor: "system", Source: "request"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func verify(t testing.TB, q sqldb.Querier, expect string) Report {
	t.Helper()
	r, err := Verify(t.Context(), q, Options{Expect: expect})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Compliance 27: everything that proves a consent comes back as it went in.
func TestEventsComeBackWhole(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		first := full(jan)
		second := event(jan, Withdrawn)
		second.RecordedAt = now.Add(time.Second).In(time.FixedZone("", 3600)).Add(7 * time.Nanosecond)
		entries := add1(t, db, first, event(els, Given), second)
		got, err := Events(t.Context(), db, jan)
		if err != nil || len(got) != 2 {
			t.Fatalf("%d events, %v", len(got), err)
		}
		first.ID = entries[0].EventID
		if diff := cmp.Diff(first, got[0].Event); diff != "" {
			t.Error(diff)
		}
		second.ID, second.RecordedAt = entries[2].EventID, now.Add(time.Second)
		if diff := cmp.Diff(second, got[1].Event); diff != "" {
			t.Error(diff)
		}
		for i, r := range got {
			if r.Entry != entries[2*i] || !r.Check() || len(r.Salt) != 32 {
				t.Errorf("record %d: %+v, entry %+v", i, r, entries[2*i])
			}
			r.Content = strings.Replace(r.Content, "newsletter", "newsletters", 1)
			if r.Check() {
				t.Error("a changed record passes its check")
			}
		}
		if got, err := Events(t.Context(), db, piet); err != nil || len(got) != 0 {
			t.Errorf("a stranger has %d events, %v", len(got), err)
		}
		if !strings.Contains(got[0].Content, "<b>news</b> & more") {
			t.Errorf("the wording is not readable: %s", got[0].Content)
		}
	})
}

// What a form or an agent may send and a database cannot hold.
func TestTextThatDatabasesRefuse(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		e := event(jan, Given)
		e.Source, e.UserAgent, e.Topic, e.Note = "fo\x00rm", "bad\xff\xfeagent\x00", "\xc3", "line\u2028 \\u0000 \"quoted\" 😀"
		add1(t, db, e)
		got, err := Events(t.Context(), db, jan)
		if err != nil || len(got) != 1 {
			t.Fatalf("%d events, %v", len(got), err)
		}
		if g := got[0]; g.Source != "form" || g.UserAgent != "badagent" || g.Topic != "" || g.Note != e.Note {
			t.Errorf("got %+v", g)
		}
		if r := verify(t, db, ""); !r.OK() {
			t.Errorf("%+v", r.Broken)
		}
	})
}

func TestAppendRefuses(t *testing.T) {
	db := sqldbtest.SQLite(t)
	good := event(jan, Given)
	for name, change := range map[string]func(*Event){
		"no subscriber":       func(e *Event) { e.Subscriber = "" },
		"no action":           func(e *Event) { e.Action = "" },
		"no time":             func(e *Event) { e.RecordedAt = time.Time{} },
		"an odd id":           func(e *Event) { e.ID = "1" },
		"an odd subscriber":   func(e *Event) { e.Subscriber = "jan@example.com" },
		"an odd topic":        func(e *Event) { e.TopicID = "newsletter" },
		"an erasure":          func(e *Event) { e.Action = Erased },
		"a list of erasures":  func(e *Event) { e.Erases = "1" },
		"a year out of range": func(e *Event) { e.RecordedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		bad := good
		change(&bad)
		err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			_, err := Append(t.Context(), tx, good, bad)
			return err
		})
		if err == nil {
			t.Errorf("%s is appended", name)
		}
	}
	if r := verify(t, db, ""); !r.OK() || r.Entries != 0 {
		t.Errorf("got %+v", r)
	}
	err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
		entries, err := Append(t.Context(), tx)
		if err != nil || entries != nil {
			t.Errorf("nothing appended gives %v, %v", entries, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAnEmptyLedgerVerifies(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		r := verify(t, db, "")
		if !r.OK() || r.Entries != 0 || r.Head != "0:"+genesis.String() {
			t.Errorf("got %+v", r)
		}
		add1(t, db, event(jan, Given))
		if after := verify(t, db, r.Head); !after.OK() || after.Entries != 1 {
			t.Errorf("got %+v", after)
		}
	})
}

// Batches around every size of statement, with the entries in order.
func TestBatches(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		total := 0
		for _, n := range []int{1, 2, batch - 1, batch, batch + 1, 2*batch + 3} {
			var events []Event
			for i := range n {
				e := event(jan, Given)
				e.Note = fmt.Sprint(i)
				events = append(events, e)
			}
			entries := add1(t, db, events...)
			for i, e := range entries {
				if e.Seq != int64(total+i+1) {
					t.Fatalf("entry %d of %d has the number %d", i, n, e.Seq)
				}
			}
			total += n
			if events[0].ID != "" {
				t.Fatal("the caller's events were changed")
			}
		}
		got, err := Events(t.Context(), db, jan)
		if err != nil || len(got) != total {
			t.Fatalf("%d events, %v", len(got), err)
		}
		if got[total-1].Note != fmt.Sprint(2*batch+2) {
			t.Errorf("the last one is %q", got[total-1].Note)
		}
		head, err := Head(t.Context(), db)
		if r := verify(t, db, ""); err != nil || !r.OK() || r.Entries != int64(total) || r.Events != int64(total) || r.Head != head.String() {
			t.Errorf("got %+v, head %s, %v", r, head, err)
		}
	})
}

// A transaction that is rolled back leaves no gap and no trace.
func TestRollbackLeavesNoGap(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		stop := errors.New("stop")
		for range 3 {
			err := db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				if _, err := Append(t.Context(), tx, event(els, Given), event(els, Withdrawn)); err != nil {
					return err
				}
				return stop
			})
			if !errors.Is(err, stop) {
				t.Fatal(err)
			}
			add1(t, db, event(jan, Given))
		}
		if r := verify(t, db, ""); !r.OK() || r.Entries != 3 {
			t.Errorf("got %+v", r)
		}
	})
}

// Many writers at once give one chain without a gap, also from the first entry.
func TestConcurrentAppends(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		const writers, each = 8, 12
		var mu sync.Mutex
		var seqs []int64
		var wg sync.WaitGroup
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					err := db.Tx(ctx, func(tx *sqldb.Tx) error {
						entries, err := Append(ctx, tx, slices.Repeat([]Event{event([]string{jan, els, piet}[w%3], Given)}, 1+i%3)...)
						if err != nil {
							return err
						}
						mu.Lock()
						defer mu.Unlock()
						for _, e := range entries {
							seqs = append(seqs, e.Seq)
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 5 { // verifying meanwhile sees a sound chain each time
			if r := verify(t, db, ""); !r.OK() {
				t.Errorf("while appending: %+v", r.Broken)
			}
		}
		wg.Wait()
		slices.Sort(seqs)
		for i, s := range seqs {
			if s != int64(i+1) {
				t.Fatalf("the chain has a gap or a double at %d: %d", i+1, s)
			}
		}
		if r := verify(t, db, ""); !r.OK() || r.Entries != int64(len(seqs)) || len(seqs) != writers*each*2 {
			t.Errorf("%d entries: %+v", len(seqs), r)
		}
	})
}
