package inbound

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// record is a Sink that keeps what it is given and refuses what it is told to.
type record struct {
	took   time.Duration // each call
	refuse func(Event) bool

	mu    sync.Mutex
	busy  int
	most  int // calls at once
	calls []call
	kept  []Event
}

type call struct {
	events     []Event
	began, end time.Time
}

var errRefused = errors.New("refused")

func (r *record) Apply(ctx context.Context, events []Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	began := time.Now()
	r.busy++
	r.most = max(r.most, r.busy)
	r.mu.Unlock()
	time.Sleep(r.took)
	r.mu.Lock()
	r.busy--
	r.calls = append(r.calls, call{events, began, time.Now()})
	for _, e := range events {
		if r.refuse != nil && r.refuse(e) {
			return errRefused
		}
	}
	r.kept = append(r.kept, events...)
	return ctx.Err()
}

// A flood is applied in few calls, one at a time, with rests of twice their length between them, in which others have the database.
func TestAFloodLeavesTheDatabaseToOthersMostOfTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &record{took: 30 * time.Millisecond}
		g := NewGather(sink, 50, 2)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 1 + 119 {
			wg.Go(func() {
				if err := g.Apply(t.Context(), []Event{{ProviderEventID: fmt.Sprint(i)}}); err != nil {
					t.Error(err)
				}
			})
			if i == 0 {
				synctest.Wait()
			}
		}
		wg.Wait()
		if len(sink.kept) != 120 || len(sink.calls) != 4 || sink.most != 1 {
			t.Fatalf("%d events in %d calls, %d at once", len(sink.kept), len(sink.calls), sink.most)
		}
		if got := sink.calls[0].began.Sub(began); got != 0 {
			t.Errorf("the first waits %v for company", got)
		}
		for i, c := range sink.calls[1:] {
			if rest := c.began.Sub(sink.calls[i].end); rest != 60*time.Millisecond || len(c.events) > 50 {
				t.Errorf("call %d of %d events after a rest of %v", i+1, len(c.events), rest)
			}
		}
		time.Sleep(time.Second) // the last rest
	})
}

// Compliance 7: an unsubscribe by mail is applied before it is answered and waits behind no flood; nor does a complaint.
func TestAWishToStopWaitsBehindNoFlood(t *testing.T) {
	for _, urgent := range []Event{{Kind: Unsubscribe, Proof: ByUnsubscribe}, {Kind: Complaint, Proof: ByReturnPath}} {
		synctest.Test(t, func(t *testing.T) {
			sink := &record{took: 400 * time.Millisecond}
			g := NewGather(sink, 500, 2)
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() { _ = g.Apply(t.Context(), []Event{{Kind: Bounce, Class: Hard, Proof: ByReturnPath}}) })
			}
			for _, after := range []time.Duration{100 * time.Millisecond, 700 * time.Millisecond} { // in a call, in a rest
				time.Sleep(after)
				began := time.Now()
				if err := g.Apply(t.Context(), []Event{urgent}); err != nil {
					t.Error(err)
				}
				if got := time.Since(began); got != sink.took {
					t.Errorf("%s waits %v", urgent.Kind, got-sink.took)
				}
			}
			wg.Wait()
			time.Sleep(2 * time.Second)
		})
	}
}

// A database that stood still for long is not left alone for a multiple of that.
func TestARestIsNotLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &record{took: 10 * time.Second}
		g := NewGather(sink, 500, 2)
		for range 2 {
			if err := g.Apply(t.Context(), []Event{{}}); err != nil {
				t.Error(err)
			}
		}
		if rest := sink.calls[1].began.Sub(sink.calls[0].end); rest != time.Second {
			t.Errorf("rested %v", rest)
		}
		time.Sleep(2 * time.Second)
	})
}

func TestOneMailThatCannotBeAppliedDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &record{took: time.Millisecond, refuse: func(e Event) bool { return e.ProviderEventID == "7" }}
		g := NewGather(sink, 10, 2)
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				err := g.Apply(t.Context(), []Event{{ProviderEventID: fmt.Sprint(i)}})
				if (err != nil) != (i == 7) {
					t.Errorf("mail %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if len(sink.kept) != 9 {
			t.Errorf("%d events kept", len(sink.kept))
		}
		time.Sleep(time.Second)
	})
}

func TestACallerThatGoesAwayDoesNotTakeTheOthersAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &record{took: time.Second}
		g := NewGather(sink, 10, 1)
		gone, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = g.Apply(t.Context(), []Event{{}}) })
		synctest.Wait()
		wg.Go(func() { _ = g.Apply(gone, []Event{{}}) }) // leads those who wait
		synctest.Wait()
		wg.Go(func() {
			if err := g.Apply(t.Context(), []Event{{}}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		if len(sink.kept) != 3 || len(sink.calls) != 2 {
			t.Errorf("%d events kept in %d calls", len(sink.kept), len(sink.calls))
		}
		time.Sleep(2 * time.Second)
	})
}
