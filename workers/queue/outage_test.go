package queue_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/workers/queue"
	"assent/workers/queue/queuetest"
)

// Redis is stopped, comes back empty, is flushed: callers hear of it at once, and the servers go on by themselves.
func TestRedisOutage(t *testing.T) {
	t.Parallel()
	server := queuetest.Start(t)
	q := open(t, server.URL())
	r := &record{}
	start(t, q, queue.Workload{Transactional: queue.Work{Handler: r, Concurrency: 2}, Marketing: queue.Work{Handler: r, Concurrency: 2}})
	task := func(id string) queue.Task {
		return queue.Task{Queue: queue.Notices, Type: "t", ID: id, Payload: []byte(id)}
	}
	enqueue(t, q, task("before"))
	until(t, "the first task is done", time.Minute, func() bool { return slices.Contains(r.all(), "before") })

	server.Stop()
	for i := range 5 {
		_, told := q.Stats(t.Context())
		for what, err := range map[string]error{"enqueued": q.Enqueue(t.Context(), task(fmt.Sprint("lost", i))), "pinged": q.Ping(t.Context()), "counted": told} {
			if err == nil || !strings.Contains(err.Error(), "connection refused") { // it did not wait until its time was over
				t.Errorf("%s, with no Redis: %v", what, err)
			}
		}
	}
	time.Sleep(time.Second) // the servers meet it too

	server.Restart()
	until(t, "Redis answers", time.Minute, func() bool { return q.Ping(t.Context()) == nil })
	enqueue(t, q, task("after"))
	until(t, "the servers work again", time.Minute, func() bool { return slices.Contains(r.all(), "after") })

	if err := q.Redis().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	enqueue(t, q, task("flushed"))
	until(t, "the servers work after a flush", time.Minute, func() bool { return slices.Contains(r.all(), "flushed") })
	if stats, err := q.Stats(t.Context()); err != nil || len(stats) != 4 {
		t.Errorf("stats after a flush: %+v, %v", stats, err)
	}
	if got := r.all(); slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "lost") }) {
		t.Errorf("what was refused ran nevertheless: %v", got)
	}
}

// A Redis that takes connections and says nothing keeps nobody waiting for long.
func TestSilentRedis(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	q := open(t, "redis://"+l.Addr().String())
	began := time.Now()
	if err := q.Enqueue(t.Context(), queue.Task{Queue: queue.Notices, Type: "t", ID: "x"}); err == nil {
		t.Error("enqueued into silence")
	}
	if took := time.Since(began); took > 8*time.Second { // without its limit it tries for twelve
		t.Errorf("waited %v", took)
	}
}

// The process starts and stops while Redis is away.
func TestStartAndStopWithoutRedis(t *testing.T) {
	t.Parallel()
	server := queuetest.Start(t)
	server.Stop()
	q := open(t, server.URL())
	r := &record{}
	s, err := q.Start(queue.Workload{Transactional: queue.Work{Handler: r, Concurrency: 1}})
	if err != nil {
		t.Fatal(err)
	}
	server.Restart()
	until(t, "Redis answers", time.Minute, func() bool { return q.Ping(t.Context()) == nil })
	enqueue(t, q, queue.Task{Queue: queue.Notices, Type: "t", ID: "x", Payload: []byte("x")})
	until(t, "the server found it", time.Minute, func() bool { return len(r.all()) == 1 })
	server.Stop()
	stopped := make(chan struct{})
	go func() { s.Stop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(time.Minute):
		t.Fatal("it does not stop without Redis")
	}
}

func TestEmbeddedKeysExpire(t *testing.T) {
	t.Parallel()
	q := open(t, "")
	if !q.Embedded() {
		t.Fatal("not embedded")
	}
	ctx := t.Context()
	began := time.Now()
	if err := q.Redis().Set(ctx, "short", "x", 300*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if err := q.Redis().Set(ctx, "long", "x", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	until(t, "the short key has expired", time.Minute, func() bool { return q.Redis().Exists(ctx, "short").Val() == 0 })
	if q.Redis().Exists(ctx, "long").Val() != 1 {
		t.Error("the long key expired too")
	}
	if ttl, took := q.Redis().TTL(ctx, "long").Val(), time.Since(began); ttl < 57*time.Second-took || ttl > time.Minute {
		t.Errorf("the long key has %v left after %v", ttl, took)
	}
}

func TestEmbeddedNeedsItsPassword(t *testing.T) {
	t.Parallel()
	q := open(t, "")
	if err := q.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	stranger := open(t, "redis://"+queue.EmbeddedAddr(q))
	if err := stranger.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("a stranger gets in: %v", err)
	}
}
