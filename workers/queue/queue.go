package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// The queues. Notices go strictly before service mail; the others have workers of their own.
const (
	Notices     = "notices"
	Service     = "service"
	Marketing   = "marketing"
	Maintenance = "maintenance"
)

// Names are all queues, most urgent first.
var Names = []string{Notices, Service, Marketing, Maintenance}

// patience is how long a single call waits for a Redis that does not answer.
const patience = 2 * time.Second

// Task asks a worker to look at something in SQL.
type Task struct {
	Queue   string        // one of Names
	Type    string        // chooses the handler
	ID      string        // a task with the same id is not queued twice; empty: any number of times
	Payload []byte        // for the handler; never a secret or an address
	After   time.Duration // not before this time has passed (by the real clock)

	MaxRetry int           // after so many failures the task is put aside until it is enqueued again; 0: 25
	Timeout  time.Duration // for one run; 0: 30 minutes
	Again    bool          // if a task with this id runs just now, run once more after it
}

// Queue is the client's side: it enqueues, and tells how the queues are.
type Queue struct {
	options  *redis.UniversalOptions
	embedded *embedded // nil with a Redis of its own
	log      *slog.Logger
	redis    redis.UniversalClient
	client   *asynq.Client
	inspect  *asynq.Inspector
}

// Open makes a Queue on the Redis that the URL names, or on an embedded one if it is empty. It does not wait for
// Redis to be there: Ping tells.
func Open(url string, log *slog.Logger) (*Queue, error) {
	q := &Queue{log: log}
	if url == "" {
		var err error
		if q.embedded, err = startEmbedded(); err != nil {
			return nil, err
		}
		q.options = options()
		q.options.Addrs = []string{q.embedded.server.Addr()}
		q.options.Password = q.embedded.password
	} else {
		var err error
		if q.options, err = parseURL(url); err != nil {
			return nil, fmt.Errorf("queue: the URL %w", err)
		}
	}
	redis.SetLogger(clientLog{log})
	q.redis = redis.NewUniversalClient(q.options)
	q.client = asynq.NewClientFromRedisClient(q.redis)
	q.inspect = asynq.NewInspectorFromRedisClient(q.redis)
	return q, nil
}

// Embedded says whether the queue lives in this process.
func (q *Queue) Embedded() bool { return q.embedded != nil }

// Redis is the client for other short-lived state, such as rate limits and locks.
func (q *Queue) Redis() redis.UniversalClient { return q.redis }

// Ping says whether Redis answers.
func (q *Queue) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return q.redis.Ping(ctx).Err()
}

// Close ends the client's connections and the embedded server. Stop the servers first.
func (q *Queue) Close() error {
	err := q.redis.Close()
	if q.embedded != nil {
		q.embedded.close()
	}
	return err
}

// places is how many tasks of one id there may be with Again: one that waits, and those that run, or that a process
// which was killed seems to run until asynq finds out after a minute or two.
const places = 16

// Enqueue hands over a task, waiting two seconds at most. A task whose id is queued already is no error; if that one
// had failed too often and was put aside, or waits for a later time than the new one, it is due at once.
func (q *Queue) Enqueue(ctx context.Context, t Task) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for place := 1; place <= places; place++ {
		id := t.ID
		if place > 1 {
			id = fmt.Sprintf("%s:%d", t.ID, place)
		}
		running, err := q.offer(ctx, t, id)
		if err != nil || !running || !t.Again {
			return err
		}
	}
	return nil
}

// offer enqueues a task under an id, or sees to the one that has it; running says that it is being worked on, so that
// it may have looked already.
func (q *Queue) offer(ctx context.Context, t Task, id string) (running bool, err error) {
	err = q.enqueue(ctx, t, id)
	if !errors.Is(err, asynq.ErrTaskIDConflict) {
		return false, err
	}
	info, err := q.inspect.GetTaskInfo(t.Queue, id)
	switch {
	case errors.Is(err, asynq.ErrTaskNotFound), errors.Is(err, asynq.ErrQueueNotFound): // it ended between the two calls
		err = q.enqueue(ctx, t, id)
	case err != nil:
		return false, fmt.Errorf("queue: look up task %s: %w", id, err)
	case info.State == asynq.TaskStateActive:
		return true, nil
	case info.State == asynq.TaskStateArchived, info.State == asynq.TaskStateScheduled && t.After == 0:
		err = q.inspect.RunTask(t.Queue, id)
	}
	if errors.Is(err, asynq.ErrTaskIDConflict) || errors.Is(err, asynq.ErrTaskNotFound) {
		return false, nil // somebody else was quicker
	}
	return false, err
}

func (q *Queue) enqueue(ctx context.Context, t Task, id string) error {
	opts := []asynq.Option{asynq.Queue(t.Queue)}
	if id != "" {
		opts = append(opts, asynq.TaskID(id))
	}
	if t.After > 0 {
		opts = append(opts, asynq.ProcessIn(t.After))
	}
	if t.MaxRetry > 0 {
		opts = append(opts, asynq.MaxRetry(t.MaxRetry))
	}
	if t.Timeout > 0 {
		opts = append(opts, asynq.Timeout(t.Timeout))
	}
	_, err := q.client.EnqueueContext(ctx, asynq.NewTask(t.Type, t.Payload), opts...)
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		return fmt.Errorf("queue: enqueue %s: %w", t.Type, err)
	}
	return err
}

// Stats is how one queue is just now.
type Stats struct {
	Queue     string        `json:"queue"`
	Pending   int           `json:"pending"`
	Active    int           `json:"active"`
	Scheduled int           `json:"scheduled"`
	Retry     int           `json:"retry"`
	Archived  int           `json:"archived"`
	Processed int           `json:"processed_today"`
	Failed    int           `json:"failed_today"`
	Latency   time.Duration `json:"latency"` // age of the oldest pending task
}

// Stats tells how each queue is, in the order of Names.
func (q *Queue) Stats(ctx context.Context) ([]Stats, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// A flushed Redis has forgotten the set of queues, and asynq's client notes there only what it enqueues first.
	members := make([]any, len(Names))
	for i, name := range Names {
		members[i] = name
	}
	if err := q.redis.SAdd(ctx, "asynq:queues", members...).Err(); err != nil {
		return nil, fmt.Errorf("queue: stats: %w", err)
	}
	all := make([]Stats, 0, len(Names))
	for _, name := range Names {
		info, err := q.inspect.GetQueueInfo(name)
		if err != nil {
			return nil, fmt.Errorf("queue: stats of %s: %w", name, err)
		}
		all = append(all, Stats{
			Queue: name, Pending: info.Pending, Active: info.Active, Scheduled: info.Scheduled, Retry: info.Retry,
			Archived: info.Archived, Processed: info.Processed, Failed: info.Failed, Latency: info.Latency,
		})
	}
	return all, nil
}
