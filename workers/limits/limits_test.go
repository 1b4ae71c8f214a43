package limits

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"assent/campaigns/pace"
	"assent/workers/queue"
	"assent/workers/queue/queuetest"
)

func client(t *testing.T, url string) *queue.Queue {
	t.Helper()
	q, err := queue.Open(url, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return q
}

func must(t *testing.T, l *Limiter, n int, limits ...Limit) (int, time.Duration) {
	t.Helper()
	allowed, retry, err := l.Take(t.Context(), n, limits...)
	if err != nil {
		t.Fatal(err)
	}
	return allowed, retry
}

func TestBurstThenRate(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		l := New(client(t, url).Redis(), "test", Closed)
		slow := Limit{Key: "slow", Rate: pace.Rate{N: 1, Per: time.Minute}, Burst: 5}
		if n, retry := must(t, l, 3, slow); n != 3 || retry != 0 {
			t.Fatalf("3 of 5 at once: %d, %v", n, retry)
		}
		if n, retry := must(t, l, 10, slow); n != 2 || retry <= 0 || retry > time.Minute {
			t.Fatalf("10 more: %d allowed, again in %v; want the 2 that are left, and a wait of a minute at most", n, retry)
		}
		limit := Limit{Key: "k", Rate: pace.Rate{N: 10, Per: time.Second}, Burst: 5}
		_, retry := must(t, l, 1000, limit)
		if retry <= 0 || retry > 100*time.Millisecond {
			t.Fatalf("again in %v; want a wait of 100 ms at most", retry)
		}
		time.Sleep(retry + 5*time.Millisecond)
		if n, _ := must(t, l, 1, limit); n != 1 {
			t.Error("nothing is free after the time that was told")
		}
		if n, _ := must(t, l, 10, Limit{Key: "other", Rate: slow.Rate, Burst: 5}); n != 5 {
			t.Errorf("another key has %d of 5", n)
		}
		time.Sleep(600 * time.Millisecond)
		if n, _ := must(t, l, 10, limit); n != 5 {
			t.Errorf("after a quiet time %d of 5", n)
		}
	})
}

// Many workers in several processes together never exceed the rate.
func TestRateOverAllWorkers(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		q := client(t, url)
		limit := Limit{Key: "relay", Rate: pace.Rate{N: 100, Per: time.Second}, Burst: 10}
		var mu sync.Mutex
		var total int
		var workers sync.WaitGroup
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range 8 {
			l := New(q.Redis(), "test", Closed)
			workers.Go(func() {
				for ctx.Err() == nil {
					n, retry, err := l.Take(t.Context(), 3, limit)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if total += n; total >= 100 {
						cancel()
					}
					mu.Unlock()
					select {
					case <-ctx.Done():
					case <-time.After(retry):
					}
				}
			})
		}
		workers.Wait()
		most := 10 + int(100*time.Since(began).Seconds()) + 1
		if total > most {
			t.Errorf("%d taken in %v at 100/s with a burst of 10; want %d at most", total, time.Since(began), most)
		}
	})
}

func TestAllLimitsOrNone(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		l := New(client(t, url).Redis(), "test", Closed)
		narrow := Limit{Key: "narrow", Rate: pace.Rate{N: 1, Per: time.Hour}, Burst: 2}
		wide := Limit{Key: "wide", Rate: pace.Rate{N: 1, Per: time.Hour}, Burst: 10}
		if n, _ := must(t, l, 5, wide, narrow); n != 2 {
			t.Fatalf("%d allowed, want what the narrow one allows", n)
		}
		if n, retry := must(t, l, 1, narrow, wide); n != 0 || retry < 59*time.Minute || retry > time.Hour {
			t.Fatalf("%d allowed, again in %v", n, retry)
		}
		if n, _ := must(t, l, 20, wide); n != 8 {
			t.Errorf("%d left in the wide one, want 8: a refused piece was counted, or an allowed one was not", n)
		}
	})
}

func TestNoLimitAllowsAll(t *testing.T) {
	l := New(nil, "test", Closed)
	if n, retry, err := l.Take(t.Context(), 7, Limit{Key: "k"}); n != 7 || retry != 0 || err != nil {
		t.Errorf("%d, %v, %v", n, retry, err)
	}
	if n, retry, err := l.Take(t.Context(), 0, Limit{Key: "k", Rate: pace.Rate{N: 1, Per: time.Hour}}); n != 0 || retry != 0 || err != nil {
		t.Errorf("nothing wanted: %d, %v, %v", n, retry, err)
	}
}

func TestRedisAway(t *testing.T) {
	t.Parallel()
	server := queuetest.Start(t)
	q := client(t, server.URL())
	server.Stop()
	limit := Limit{Key: "k", Rate: pace.Rate{N: 1, Per: time.Hour}, Burst: 2}
	if n, _, err := New(q.Redis(), "test", Closed).Take(t.Context(), 5, limit); n != 0 || err == nil {
		t.Errorf("closed: %d, %v", n, err)
	}
	if n, _, err := New(q.Redis(), "test", Open).Take(t.Context(), 5, limit); n != 5 || err != nil {
		t.Errorf("open: %d, %v", n, err)
	}
	local := New(q.Redis(), "test", Local)
	if n, retry, err := local.Take(t.Context(), 5, limit); n != 2 || retry <= 0 || err != nil {
		t.Errorf("local: %d, %v, %v", n, retry, err)
	}
	if n, _, err := local.Take(t.Context(), 5, limit); n != 0 || err != nil {
		t.Errorf("local, used up: %d, %v", n, err)
	}
	server.Restart()
	if n, _, err := local.Take(t.Context(), 1, limit); n != 1 || err != nil {
		t.Errorf("Redis is back and empty: %d, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, _, err := New(q.Redis(), "test", Open).Take(ctx, 5, limit); n != 0 || err == nil {
		t.Errorf("cancelled: %d, %v", n, err)
	}
}

// Whatever is asked for and when: never more than the burst and what the rate has given since, and what was told to be
// free is free.
func TestLocalKeepsTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := Limit{Key: "k", Rate: pace.Rate{N: rapid.IntRange(1, 1000).Draw(t, "n"), Per: time.Duration(rapid.Int64Range(1e6, 1e13).Draw(t, "per"))}, Burst: rapid.IntRange(1, 50).Draw(t, "burst")}
		l, start := newLocal(), time.Unix(1_800_000_000, 0)
		now, taken := start, 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(limit.interval())*60).Draw(t, "pause")))
			n := rapid.IntRange(1, 60).Draw(t, "want")
			allowed, retry := l.take(now, n, []Limit{limit})
			taken += allowed
			if most := float64(limit.Burst) + float64(now.Sub(start))/float64(limit.interval()); float64(taken) > most+1e-6 {
				t.Fatalf("%d taken, %v at most", taken, most)
			}
			if allowed < n {
				if retry <= 0 {
					t.Fatal("fewer than wanted and no time told")
				}
				now = now.Add(retry)
				if got, _ := l.take(now, 1, []Limit{limit}); got != 1 {
					t.Fatalf("nothing is free after %v", retry)
				}
				taken++
			}
		}
	})
}

func TestLocalForgetsKeys(t *testing.T) {
	l, now := newLocal(), time.Unix(1_800_000_000, 0)
	for i := range most + 500 {
		l.take(now, 1, []Limit{{Key: fmt.Sprint(i), Rate: pace.Rate{N: 1, Per: time.Hour}, Burst: 1}})
	}
	if len(l.at) > most {
		t.Errorf("remembers %d keys", len(l.at))
	}
	l.take(now.Add(2*time.Hour), 1, []Limit{{Key: "x", Rate: pace.Rate{N: 1, Per: time.Hour}, Burst: 1}})
	if len(l.at) != 1 {
		t.Errorf("remembers %d keys that are free again", len(l.at)-1)
	}
}

// Compliance 69: a thousand posts bring one mail to an address, and one source cannot reach many.
func TestSignups(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		s := NewSignups(client(t, url).Redis())
		allow := func(fingerprint, ip string) bool {
			t.Helper()
			addr, _ := netip.ParseAddr(ip)
			ok, retry, err := s.Allow(t.Context(), fingerprint, addr)
			if err != nil {
				t.Fatal(err)
			}
			if ok != (retry == 0) {
				t.Fatalf("allowed %v, again in %v", ok, retry)
			}
			return ok
		}
		count := 0
		for i := range 1000 {
			if allow("victim", fmt.Sprintf("10.%d.%d.1", i%250, i/250)) {
				count++
			}
		}
		if count != 1 {
			t.Errorf("%d mails to one address", count)
		}
		count = 0
		for i := range 50 {
			if allow(fmt.Sprint("by ip ", i), "192.0.2.1") {
				count++
			}
		}
		if count != 20 {
			t.Errorf("%d sign-ups from one IP address, want 20", count)
		}
		count = 0
		for i := range 256 {
			if allow(fmt.Sprint("by net ", i), fmt.Sprintf("198.51.100.%d", i)) {
				count++
			}
		}
		if count != 100 {
			t.Errorf("%d sign-ups from one network, want 100", count)
		}
		count = 0
		for i := range 30 {
			if allow(fmt.Sprint("by v6 ", i), fmt.Sprintf("2001:db8::%x", i+1)) {
				count++
			}
		}
		if count != 20 {
			t.Errorf("%d sign-ups from one /64, want 20", count)
		}
		if !allow("somebody", "not known") || allow("somebody", "not known") {
			t.Error("without an IP address the limit by address is not kept")
		}
		s.Address = pace.Rate{}
		if !allow("somebody", "not known") {
			t.Error("a limit that was taken off still holds")
		}
	})
}
