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

// box is a mailbox. What its visits do is up to the test.
type box struct {
	every time.Duration
	once  func(ctx context.Context) error

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
	b.mu.Lock()
	b.at = append(b.at, time.Now())
	b.mu.Unlock()
	b.visits.Add(1)
	return 2, b.once(ctx)
}

// endless is a visit that ends when it is told to.
func endless(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func turns(db *sqldb.DB, holder string, lease time.Duration) *visits.Turns {
	return &visits.Turns{DB: db, Log: slog.New(slog.DiscardHandler), Holder: holder, Lease: lease}
}

// until waits for something that is to become true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func TestOneProcessAtATimeVisits(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		const lease = 3 * time.Second
		b := &box{every: 20 * time.Millisecond}
		b.once = func(ctx context.Context) error { // until its turn was renewed twice
			var first, held int64
			for held-first < int64(lease/2/time.Microsecond) && ctx.Err() == nil {
				if err := db.QueryRowContext(ctx, "SELECT held_until FROM visits").Scan(&held); err != nil {
					return err
				}
				if first == 0 {
					first = held
				}
				time.Sleep(5 * time.Millisecond)
			}
			return ctx.Err()
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var all sync.WaitGroup
		for _, holder := range []string{"a", "b", "c"} {
			all.Go(func() { turns(db, holder, lease).Run(ctx, b) })
		}
		until(t, "two visits and a third", func() bool { return b.visits.Load() > 2 })
		cancel()
		all.Wait()
		if b.most.Load() != 1 {
			t.Errorf("%d at once", b.most.Load())
		}
		s, err := visits.StatusOf(t.Context(), db, b.Name())
		if err != nil || s.Fails != 0 || s.Mails < 4 || s.GoodAt.IsZero() || s.Busy {
			t.Errorf("%+v %v", s, err)
		}
	})
}

func TestAProcessThatDiedGivesItsTurnUp(t *testing.T) {
	db := sqldbtest.SQLite(t)
	b := &box{every: 20 * time.Millisecond, once: endless}
	// A process that takes the turn and is killed: its visit neither ends nor is renewed.
	held := time.Now().Add(300 * time.Millisecond)
	if _, err := db.ExecContext(t.Context(), "INSERT INTO visits (source, holder, held_until, next_at, fails, fault, mails) VALUES ($1, 'dead', $2, 0, 0, '', 0)", b.Name(), sqldb.Micros(held)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); turns(db, "alive", time.Minute).Run(ctx, b) }()
	until(t, "a visit", func() bool { return b.visits.Load() > 0 })
	if early := held.Sub(b.at[0]); b.visits.Load() != 1 || early > time.Millisecond {
		t.Errorf("%d visits, %s before the end of the turn", b.visits.Load(), early)
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
		b := &box{every: 20 * time.Millisecond, once: endless}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); turns(db, "asleep", 3*time.Second).Run(ctx, b) }()
		defer func() { cancel(); <-done }()
		until(t, "a visit", func() bool { return b.now.Load() > 0 })
		if _, err := db.ExecContext(ctx, "UPDATE visits SET holder = 'other', held_until = $1, fails = 7 WHERE source = $2", sqldb.Micros(time.Now().Add(time.Hour)), b.Name()); err != nil {
			t.Fatal(err)
		}
		until(t, "the visit ends", func() bool { return b.now.Load() == 0 })
		cancel()
		<-done // what it would note, it has noted
		s, err := visits.StatusOf(t.Context(), db, b.Name())
		if err != nil || !s.Busy || s.Fails != 7 || !s.LastAt.IsZero() || b.visits.Load() != 1 {
			t.Errorf("%+v, %d visits, %v", s, b.visits.Load(), err)
		}
	})
}

func TestFaultsAreFollowedByLongerWaits(t *testing.T) {
	db := sqldbtest.SQLite(t)
	var well atomic.Bool
	b := &box{every: 50 * time.Millisecond, once: func(context.Context) error {
		if well.Load() {
			return nil
		}
		return errors.New("signing in:\n  no")
	}}
	status := func() visits.Status {
		s, err := visits.StatusOf(t.Context(), db, b.Name())
		if err != nil {
			t.Error(err)
		}
		return s
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); turns(db, "a", time.Minute).Run(ctx, b) }()
	defer func() { cancel(); <-done }()
	until(t, "four faults", func() bool { return status().Fails >= 4 })
	if s := status(); s.Fault != "signing in: no" || !s.GoodAt.IsZero() || strings.Contains(s.Source, "@") {
		t.Errorf("%+v", s)
	}
	b.mu.Lock()
	for i, wait := range []time.Duration{100, 200, 400} {
		if rest := b.at[i+1].Sub(b.at[i]); rest < wait*time.Millisecond-time.Millisecond {
			t.Errorf("%v after fault %d", rest, i+1)
		}
	}
	b.mu.Unlock()
	well.Store(true)
	until(t, "the faults are over", func() bool { return status().Fails == 0 })
	if s := status(); s.Fault != "" || s.GoodAt.IsZero() {
		t.Errorf("%+v", s)
	}
}
