package workers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"assent/campaigns"
	"assent/workers/queue"
)

const (
	// tick is how often the reconciler looks for work that has no task.
	tick = 500 * time.Millisecond
	// beat is how often a worker shows that it lives.
	beat = 10 * time.Second
)

// reconcile gives hints for everything that is due, whether or not somebody gave them before: after a flushed or absent Redis
// this is how the queue is rebuilt.
func (e *Engine) reconcile(ctx context.Context) {
	hints := Hints{Queue: e.Queue, Log: e.Log, Lanes: e.lanes()}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var beaten time.Time
	ran := map[string]time.Time{}
	for {
		if time.Since(beaten) > beat {
			beaten = time.Now()
			e.alive(ctx)
		}
		if err := errors.Join(e.resolve(ctx), e.hint(ctx, &hints)); err != nil && ctx.Err() == nil {
			e.Log.Error("reconciler", "error", err)
		}
		for _, job := range e.Every {
			if time.Since(ran[job.Name]) >= job.Every {
				ran[job.Name] = time.Now()
				if err := e.Queue.Enqueue(ctx, queue.Task{Queue: queue.Maintenance, Type: taskJob, ID: "job:" + job.Name, Payload: []byte(job.Name), MaxRetry: 1}); err != nil {
					e.Log.Debug("job not queued", "job", job.Name, "error", err)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (e *Engine) hint(ctx context.Context, hints *Hints) error {
	active, err := e.Campaigns.Active(ctx)
	if err != nil {
		return err
	}
	for _, c := range active {
		due, err := e.Campaigns.HasWork(ctx, c)
		if err != nil {
			return err
		}
		if due {
			hints.Campaign(ctx, c.ID)
		}
	}
	waiting, _, err := e.Outbox.Waiting(ctx)
	if err != nil {
		return err
	}
	if waiting > 0 {
		hints.drain(ctx)
		hints.enqueue(ctx, drainHint(queue.Marketing, trials))
	}
	return nil
}

// alive shows that this worker lives, and settles what workers left that do not show themselves any more. Their journals are
// out of reach, so what they held cannot be known: marketing becomes uncertain, transactional mail is sent again.
func (e *Engine) alive(ctx context.Context) {
	if err := e.Campaigns.Beat(ctx, e.ID, e.Host); err != nil {
		e.Log.Error("worker cannot show that it lives", "error", err)
		return
	}
	gone, err := e.Campaigns.Gone(ctx, campaigns.WorkerLease)
	if err != nil {
		e.Log.Error("workers", "error", err)
		return
	}
	for _, id := range gone {
		if err := e.Settle(ctx, id, func(string) campaigns.Fate { return campaigns.FateUnknown }); err != nil {
			e.Log.Error("what a lost worker held is not settled yet", "worker", id, "error", err)
		}
	}
}

// Settle gives everything that a dead worker held an outcome.
func (e *Engine) Settle(ctx context.Context, worker string, fate func(string) campaigns.Fate) error {
	released, err := e.Outbox.Release(ctx, worker)
	if err != nil {
		return err
	}
	settled, err := e.Campaigns.SettleWorker(ctx, worker, fate)
	if err != nil {
		return err
	}
	e.Log.Info("settled what a lost worker held", "worker", worker, "messages", released, "returned", settled.Returned, "sent", settled.Sent, "uncertain", settled.Uncertain)
	return e.Campaigns.Leave(ctx, worker)
}

func (e *Engine) jobTask(ctx context.Context, t *asynq.Task) error {
	name := string(t.Payload())
	for _, job := range e.Every {
		if job.Name == name {
			return job.Run(ctx)
		}
	}
	return fmt.Errorf("workers: no job %q: %w", name, asynq.SkipRetry)
}
