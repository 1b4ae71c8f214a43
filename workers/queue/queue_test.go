package queue_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"go.uber.org/goleak"

	"assent/workers/queue"
	"assent/workers/queue/queuetest"
)

// A client that was closed while its server was away leaves a goroutine that finds out within a second.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

func open(t *testing.T, url string) *queue.Queue {
	t.Helper()
	q, err := queue.Open(url, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return q
}

func start(t *testing.T, q *queue.Queue, w queue.Workload) *queue.Servers {
	t.Helper()
	s, err := q.Start(w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func enqueue(t *testing.T, q *queue.Queue, task queue.Task) {
	t.Helper()
	if err := q.Enqueue(t.Context(), task); err != nil {
		t.Fatal(err)
	}
}

// record is a handler that notes what it was given.
type record struct {
	mu   sync.Mutex
	seen []string
}

func (r *record) ProcessTask(_ context.Context, t *asynq.Task) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, string(t.Payload()))
	return nil
}

func (r *record) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// until waits for something that is to become true.
func until(t *testing.T, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

func TestNoticesComeFirst(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		q := open(t, url)
		for i := range 20 {
			enqueue(t, q, queue.Task{Queue: queue.Service, Type: "t", ID: fmt.Sprint("s", i), Payload: []byte("service")})
		}
		for i := range 5 {
			enqueue(t, q, queue.Task{Queue: queue.Notices, Type: "t", ID: fmt.Sprint("n", i), Payload: []byte("notice")})
		}
		r := &record{}
		start(t, q, queue.Workload{Transactional: queue.Work{Handler: r, Concurrency: 1}})
		until(t, "25 tasks done", time.Minute, func() bool { return len(r.all()) == 25 })
		if got := r.all(); slices.Contains(got[:5], "service") {
			t.Errorf("service mail before a notice: %v", got)
		}
	})
}

func TestMarketingNeverBlocksNotices(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		q := open(t, url)
		release := make(chan struct{})
		var busy sync.WaitGroup
		busy.Add(2)
		campaign := asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
			busy.Done()
			<-release
			return nil
		})
		notices, other := &record{}, &record{}
		start(t, q, queue.Workload{
			Transactional: queue.Work{Handler: notices, Concurrency: 1},
			Marketing:     queue.Work{Handler: campaign, Concurrency: 2},
			Maintenance:   queue.Work{Handler: other, Concurrency: 1},
		})
		t.Cleanup(func() { close(release) })
		for i := range 2 {
			enqueue(t, q, queue.Task{Queue: queue.Marketing, Type: "c", ID: fmt.Sprint(i)})
		}
		busy.Wait() // every marketing worker is taken
		enqueue(t, q, queue.Task{Queue: queue.Notices, Type: "n", ID: "n", Payload: []byte("n")})
		until(t, "the notice is done", time.Minute, func() bool { return len(notices.all()) == 1 })
		enqueue(t, q, queue.Task{Queue: queue.Maintenance, Type: "m", ID: "m", Payload: []byte("m")})
		until(t, "maintenance is done", time.Minute, func() bool { return len(other.all()) == 1 })
	})
}

func TestSameTaskIsQueuedOnce(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		q := open(t, url)
		for range 3 {
			enqueue(t, q, queue.Task{Queue: queue.Notices, Type: "t", ID: "same", Payload: []byte("x")})
		}
		stats, err := q.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(stats) != 4 || stats[0].Queue != queue.Notices || stats[0].Pending != 1 {
			t.Errorf("stats: %+v", stats)
		}
		r := &record{}
		start(t, q, queue.Workload{Transactional: queue.Work{Handler: r, Concurrency: 1}})
		until(t, "the task is done", time.Minute, func() bool { return len(r.all()) == 1 })
		until(t, "its id is free again", time.Minute, func() bool {
			enqueue(t, q, queue.Task{Queue: queue.Notices, Type: "t", ID: "same", Payload: []byte("x")})
			return len(r.all()) > 1
		})
	})
}

func TestAgainRunsOnceMoreAfterTheRunningOne(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		q := open(t, url)
		entered, release := make(chan string, 10), make(chan struct{})
		start(t, q, queue.Workload{Marketing: queue.Work{Concurrency: 1, Handler: asynq.HandlerFunc(func(ctx context.Context, _ *asynq.Task) error {
			id, _ := asynq.GetTaskID(ctx)
			entered <- id
			<-release
			return nil
		})}})
		t.Cleanup(func() { close(release) })
		task := queue.Task{Queue: queue.Marketing, Type: "c", ID: "campaign"}
		enqueue(t, q, task)
		if got := <-entered; got != "campaign" {
			t.Fatalf("first ran %q", got)
		}
		enqueue(t, q, task) // is running: no more
		stats, err := q.Stats(t.Context())
		if err != nil || stats[2].Pending != 0 || stats[2].Active != 1 {
			t.Fatalf("stats: %+v, %v", stats, err)
		}
		task.Again = true
		for range 3 {
			enqueue(t, q, task)
		}
		release <- struct{}{}
		select {
		case got := <-entered:
			if got != "campaign:2" {
				t.Errorf("then ran %q", got)
			}
		case <-time.After(time.Minute):
			t.Fatal("did not run again")
		}
		if stats, err := q.Stats(t.Context()); err != nil || stats[2].Pending != 0 {
			t.Errorf("still waiting: %+v, %v", stats, err)
		}
	})
}

// However many of a task run, or seem to run because their process was killed, one more is queued behind them.
func TestAgainBehindSeveral(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		q := open(t, url)
		entered, release := make(chan struct{}, 10), make(chan struct{})
		start(t, q, queue.Workload{Marketing: queue.Work{Concurrency: 3, Handler: asynq.HandlerFunc(func(ctx context.Context, _ *asynq.Task) error {
			entered <- struct{}{}
			<-release
			return nil
		})}})
		t.Cleanup(func() { close(release) })
		task := queue.Task{Queue: queue.Marketing, Type: "c", ID: "campaign", Again: true}
		for range 3 {
			enqueue(t, q, task)
			<-entered
		}
		for range 3 {
			enqueue(t, q, task)
		}
		if stats, err := q.Stats(t.Context()); err != nil || stats[2].Active != 3 || stats[2].Pending != 1 {
			t.Errorf("want 3 running and 1 waiting: %+v, %v", stats[2], err)
		}
	})
}

func TestWhatWasPutAsideOrWaitsIsDueAtOnceWhenAskedAgain(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		q := open(t, url)
		var mu sync.Mutex
		runs := map[string]int{}
		count := func(id string) int {
			mu.Lock()
			defer mu.Unlock()
			return runs[id]
		}
		start(t, q, queue.Workload{Transactional: queue.Work{Concurrency: 2, Handler: asynq.HandlerFunc(func(ctx context.Context, _ *asynq.Task) error {
			id, _ := asynq.GetTaskID(ctx)
			mu.Lock()
			defer mu.Unlock()
			runs[id]++
			if id == "broken" && runs[id] == 1 {
				return fmt.Errorf("no good: %w", asynq.SkipRetry)
			}
			return nil
		})}})
		broken := queue.Task{Queue: queue.Notices, Type: "t", ID: "broken"}
		enqueue(t, q, broken)
		until(t, "the task is put aside", time.Minute, func() bool {
			stats, err := q.Stats(t.Context())
			return err == nil && stats[0].Archived == 1
		})
		enqueue(t, q, broken)
		until(t, "it runs again", time.Minute, func() bool { return count("broken") == 2 })

		later := queue.Task{Queue: queue.Notices, Type: "t", ID: "later", After: time.Hour}
		enqueue(t, q, later)
		enqueue(t, q, later) // as late as the first
		time.Sleep(300 * time.Millisecond)
		if n := count("later"); n != 0 {
			t.Fatalf("a task for later ran %d times", n)
		}
		later.After = 0
		enqueue(t, q, later)
		until(t, "it runs now", time.Minute, func() bool { return count("later") == 1 })
	})
}

func TestLaterIsNoFailure(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		q := open(t, url)
		var mu sync.Mutex
		var retries []int
		start(t, q, queue.Workload{Transactional: queue.Work{Concurrency: 1, Handler: asynq.HandlerFunc(func(ctx context.Context, _ *asynq.Task) error {
			n, _ := asynq.GetRetryCount(ctx)
			mu.Lock()
			defer mu.Unlock()
			retries = append(retries, n)
			if len(retries) < 4 {
				return fmt.Errorf("rate limit: %w", queue.Later{In: 10 * time.Millisecond})
			}
			return nil
		})}})
		enqueue(t, q, queue.Task{Queue: queue.Service, Type: "t", ID: "t", MaxRetry: 1})
		until(t, "four runs", time.Minute, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(retries) == 4
		})
		if !slices.Equal(retries, []int{0, 0, 0, 0}) {
			t.Errorf("counted as failures: %v", retries)
		}
	})
}

func TestStopLetsTasksFinishAndHandsBackTheRest(t *testing.T) {
	queuetest.Exercise(t, func(t *testing.T, url string) {
		q := open(t, url)
		entered, left := make(chan string, 3), make(chan string, 3)
		work := queue.Work{Concurrency: 3, Handler: asynq.HandlerFunc(func(ctx context.Context, task *asynq.Task) error {
			entered <- task.Type()
			switch task.Type() {
			case "polite":
				<-queue.Stopping(ctx)
			case "short":
				time.Sleep(200 * time.Millisecond)
			case "endless":
				<-ctx.Done() // comes only after the grace period
			}
			left <- task.Type()
			return nil
		})}
		s, err := q.Start(queue.Workload{Marketing: work, Grace: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"polite", "short", "endless"} {
			enqueue(t, q, queue.Task{Queue: queue.Marketing, Type: kind, ID: kind})
		}
		for range 3 {
			<-entered
		}
		began := time.Now()
		s.Stop()
		if took := time.Since(began); took < time.Second {
			t.Errorf("stopping took %v with a second of grace", took)
		}
		got := []string{<-left, <-left, <-left}
		if got[2] != "endless" {
			t.Errorf("left in the order %v", got)
		}
		stats, err := q.Stats(t.Context())
		if err != nil || stats[2].Pending != 1 || stats[2].Active != 0 {
			t.Errorf("the endless task should be back in the queue and nothing else: %+v, %v", stats[2], err)
		}
	})
}

func TestLogHoldsNoPayload(t *testing.T) {
	var log bytes.Buffer
	q, err := queue.Open("", slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	done := make(chan struct{}, 2)
	s, err := q.Start(queue.Workload{Transactional: queue.Work{Concurrency: 1, Handler: asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		done <- struct{}{}
		if task.Type() == "panics" {
			panic("oh")
		}
		return fmt.Errorf("it broke: %w", asynq.SkipRetry)
	})}})
	if err != nil {
		t.Fatal(err)
	}
	enqueue(t, q, queue.Task{Queue: queue.Service, Type: "fails", ID: "id-1", Payload: []byte("hunter2")})
	enqueue(t, q, queue.Task{Queue: queue.Service, Type: "panics", ID: "id-2", Payload: []byte("hunter2")})
	<-done
	<-done
	s.Stop()
	if text := log.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, "id-1") || !strings.Contains(text, "it broke") || !strings.Contains(text, "id-2") {
		t.Errorf("the log should name the failed tasks and not tell their payload:\n%s", text)
	}
}
