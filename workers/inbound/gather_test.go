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
	mu     sync.Mutex
	calls  [][]Event
	kept   []Event
	refuse func(Event) bool
}

var errRefused = errors.New("refused")

func (r *record) Apply(ctx context.Context, events []Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, events)
	for _, e := range events {
		if r.refuse != nil && r.refuse(e) {
			return errRefused
		}
	}
	r.kept = append(r.kept, events...)
	return ctx.Err()
}

func TestMailsThatComeTogetherAreAppliedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &record{}
		g := NewGather(sink, 50, 5*time.Millisecond)
		var wg sync.WaitGroup
		for i := range 120 {
			wg.Go(func() {
				if err := g.Apply(t.Context(), []Event{{ProviderEventID: fmt.Sprint(i)}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(sink.kept) != 120 || len(sink.calls) != 3 {
			t.Errorf("%d events in %d calls", len(sink.kept), len(sink.calls))
		}
	})
}

func TestOneMailThatCannotBeAppliedDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &record{refuse: func(e Event) bool { return e.ProviderEventID == "7" }}
		g := NewGather(sink, 10, time.Millisecond)
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
	})
}

func TestACallerThatGoesAwayDoesNotTakeTheOthersAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &record{}
		g := NewGather(sink, 10, time.Millisecond)
		gone, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = g.Apply(gone, []Event{{}}) })
		synctest.Wait()
		wg.Go(func() {
			if err := g.Apply(t.Context(), []Event{{}}); err != nil {
				t.Error(err)
			}
		})
		cancel()
		wg.Wait()
		if len(sink.kept) != 2 {
			t.Errorf("%d events kept", len(sink.kept))
		}
	})
}
