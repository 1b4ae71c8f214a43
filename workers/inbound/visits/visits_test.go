package visits_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/inbound/visits"
)

// box is a mailbox whose visits take a while and may fail.
type box struct {
	every, takes time.Duration
	fault        error

	now, most, visits atomic.Int32
	mu                sync.Mutex
	at                []time.Time
}

func (b *box) Name() string         { return "imap.example/INBOX" }
func (b *box) Every() time.Duration { return b.every }

func (b *box) Once(ctx context.Context) (int, error) {
	n := b.now.Add(1)
	defer b.now.Add(-1)
	for most := b.most.Load(); n > most && !b.most.CompareAndSwap(most, n); most = b.most.Load() {
	}
	b.visits.Add(1)
	b.mu.Lock()
	b.at = append(b.at, time.Now())
	b.mu.Unlock()
	select {
	case <-time.After(b.takes):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return 2, b.fault
}

func turns(db *sqldb.DB, holder string) *visits.Turns {
	return &visits.Turns{DB: db, Log: slog.New(slog.DiscardHandler), Holder: holder, Lease: 300 * time.Millisecond, Most: time.Second}
}

func TestOneProcessAtATimeVisits(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		b := &box{every: 20 * time.Millisecond, takes: 400 * time.Millisecond} // longer than a lease: it is renewed
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for _, holder := range []string{"a", "b", "c"} {
			all.Go(func() { turns(db, holder).Run(ctx, b) })
		}
		all.Wait()
		if b.most.Load() != 1 || b.visits.Load() < 2 {
			t.Errorf("%d at once, %d visits", b.most.Load(), b.visits.Load())
		}
		s, err := visits.StatusOf(t.Context(), db, b.Name())
		if err != nil || s.Fails != 0 || s.Mails < 2 || s.GoodAt.IsZero() || s.Busy {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestAProcessThatDiedGivesItsTurnUp(t *testing.T) {
	db := sqldbtest.SQLite(t)
	b := &box{every: 20 * time.Millisecond, takes: time.Hour}
	// A process that takes the turn and is killed: its visit neither ends nor is renewed.
	if _, err := db.ExecContext(t.Context(), "INSERT INTO visits (source, holder, held_until, next_at, fails, fault, mails) VALUES ($1, 'dead', $2, 0, 0, '', 0)", b.Name(), sqldb.Micros(time.Now().Add(300*time.Millisecond))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	start := time.Now()
	done := make(chan struct{})
	go func() { defer close(done); turns(db, "alive").Run(ctx, b) }()
	for b.visits.Load() == 0 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	if took := time.Since(start); b.visits.Load() != 1 || took < 250*time.Millisecond {
		t.Errorf("%d visits after %s", b.visits.Load(), took)
	}
	cancel()
	<-done
	if s, _ := visits.StatusOf(t.Context(), db, b.Name()); s.Busy || s.Fails != 0 {
		t.Errorf("a stop leaves %+v", s)
	}
}

// A process that slept past its lease finds that another has the turn: its visit ends, and what the other noted stands.
func TestAVisitEndsWhenItsTurnIsLost(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		b := &box{every: 20 * time.Millisecond, takes: time.Hour}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		done := make(chan struct{})
		go func() { defer close(done); turns(db, "asleep").Run(ctx, b) }()
		defer func() { cancel(); <-done }()
		for b.now.Load() == 0 && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		if _, err := db.ExecContext(ctx, "UPDATE visits SET holder = 'other', held_until = $1, fails = 7 WHERE source = $2", sqldb.Micros(time.Now().Add(time.Hour)), b.Name()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for b.now.Load() != 0 && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("the visit went on for %s", took)
		}
		time.Sleep(200 * time.Millisecond) // what it would note, it has noted
		s, err := visits.StatusOf(ctx, db, b.Name())
		if err != nil || !s.Busy || s.Fails != 7 || !s.LastAt.IsZero() || b.visits.Load() != 1 {
			t.Errorf("%+v, %d visits, %v", s, b.visits.Load(), err)
		}
	})
}

func TestFaultsAreFollowedByLongerWaits(t *testing.T) {
	db := sqldbtest.SQLite(t)
	b := &box{every: 50 * time.Millisecond, fault: errors.New("signing in:\n  no")}
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	defer cancel()
	turns(db, "a").Run(ctx, b)
	if n := b.visits.Load(); n < 3 || n > 5 { // 0, 100, 300, 700 ms
		t.Errorf("%d visits", n)
	}
	s, err := visits.StatusOf(t.Context(), db, b.Name())
	if err != nil || s.Fails != int(b.visits.Load()) || s.Fault != "signing in: no" || !s.GoodAt.IsZero() || strings.Contains(s.Source, "@") {
		t.Errorf("%+v %v", s, err)
	}
	b.fault = nil
	again, stop := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer stop()
	turns(db, "b").Run(again, b)
	if s, _ := visits.StatusOf(t.Context(), db, b.Name()); s.Fails != 0 || s.Fault != "" {
		t.Errorf("%+v", s)
	}
}
