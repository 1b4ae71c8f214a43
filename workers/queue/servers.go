package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Work is what one of the servers does, and how many tasks at once.
type Work struct {
	Handler     asynq.Handler // nil: this process does none of it
	Concurrency int           // 0: one for each processor
}

// Workload is the work of a process. Each part has its own workers and its own connections to Redis, so that no part
// can block another: a campaign of a million never keeps a notice waiting.
type Workload struct {
	Transactional Work // Notices strictly first, then Service
	Marketing     Work
	Maintenance   Work
	Grace         time.Duration // how long Stop lets running tasks finish; 0: 8 seconds
}

// Servers run tasks until they are stopped.
type Servers struct {
	asynq    []*asynq.Server
	clients  []redis.UniversalClient
	stopping chan struct{}
	cancel   context.CancelFunc
}

// Later is the error of a handler that wants its task to be run again after a time, which is no failure: a rate
// limit was met, or a relay is away.
type Later struct{ In time.Duration }

func (l Later) Error() string { return fmt.Sprintf("again in %v", l.In) }

type stoppingKey struct{}

// Stopping is closed when the servers begin to stop. A handler that works for long leaves off between two pieces of
// work then and returns nil or Later; the context that it was given lives on for the grace period, for what has begun.
func Stopping(ctx context.Context) <-chan struct{} {
	ch, _ := ctx.Value(stoppingKey{}).(chan struct{})
	return ch
}

// Start begins to run tasks.
func (q *Queue) Start(w Workload) (*Servers, error) {
	s := &Servers{stopping: make(chan struct{})}
	base, cancel := context.WithCancel(context.WithValue(context.Background(), stoppingKey{}, s.stopping))
	s.cancel = cancel
	if w.Grace == 0 {
		w.Grace = 8 * time.Second
	}
	for _, part := range []struct {
		Work
		queues map[string]int
		check  time.Duration
	}{
		{w.Transactional, map[string]int{Notices: 2, Service: 1}, 100 * time.Millisecond},
		{w.Marketing, map[string]int{Marketing: 1}, 100 * time.Millisecond},
		{w.Maintenance, map[string]int{Maintenance: 1}, 500 * time.Millisecond},
	} {
		if part.Handler == nil {
			continue
		}
		client := redis.NewUniversalClient(q.options)
		server := asynq.NewServerFromRedisClient(client, asynq.Config{
			Concurrency:              part.Concurrency,
			BaseContext:              func() context.Context { return base },
			Queues:                   part.queues,
			StrictPriority:           true,
			TaskCheckInterval:        part.check,
			DelayedTaskCheckInterval: time.Second,
			ShutdownTimeout:          w.Grace,
			RetryDelayFunc:           retryDelay,
			IsFailure:                isFailure,
			ErrorHandler:             asynq.ErrorHandlerFunc(q.failed),
			Logger:                   serverLog{q.log},
			LogLevel:                 asynq.WarnLevel,
		})
		s.asynq, s.clients = append(s.asynq, server), append(s.clients, client)
		if err := server.Start(part.Handler); err != nil {
			s.Stop()
			return nil, fmt.Errorf("queue: start: %w", err)
		}
	}
	return s, nil
}

// Stop takes no further task, gives those that run the grace period to finish, and hands back to the queue what has
// not finished then.
func (s *Servers) Stop() {
	close(s.stopping)
	done := make(chan struct{})
	for _, server := range s.asynq {
		go func() {
			server.Shutdown()
			done <- struct{}{}
		}()
	}
	for range s.asynq {
		<-done
	}
	s.cancel()
	for _, client := range s.clients {
		client.Close()
	}
}

// failed tells which task failed and why; its payload stays out of the log.
func (q *Queue) failed(ctx context.Context, t *asynq.Task, err error) {
	if !isFailure(err) {
		return
	}
	id, _ := asynq.GetTaskID(ctx)
	n, _ := asynq.GetRetryCount(ctx)
	q.log.WarnContext(ctx, "queue: task failed", "type", t.Type(), "id", id, "failures", n+1, "error", err)
}

func isFailure(err error) bool {
	return !errors.Is(err, context.Canceled) && !errors.As(err, new(Later))
}

// retryDelay doubles from a second to an hour, less up to a fifth so that what failed together is not tried together.
func retryDelay(n int, err error, _ *asynq.Task) time.Duration {
	var later Later
	if errors.As(err, &later) {
		return later.In
	}
	d := time.Hour
	if n < 12 {
		d = time.Second << n
	}
	return d - rand.N(d/5+1)
}
