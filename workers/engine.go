package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"assent/campaigns"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/workers/journal"
	"assent/workers/message"
	"assent/workers/queue"
	"assent/workers/transport"
)

// Engine sends. All fields are required but Sign, Tell, Pacing and Every.
type Engine struct {
	ID, Host      string // of this process among the workers
	DB            *sqldb.DB
	Log           *slog.Logger
	Queue         *queue.Queue
	Campaigns     *campaigns.Service
	People        *preferences.Service
	Outbox        *outbox.Store
	Composer      *outbox.Composer
	Links         preferences.Links
	Marketing     transport.Transport
	Transactional transport.Transport
	// Sign is what a stream's mail of a From address is signed with; nil for what the relay signs. A mail that should be signed and
	// cannot be does not go.
	Sign func(ctx context.Context, stream gate.Stream, from string) (*message.Signer, error)
	// Tell lets the staff know of an alert, in the transaction that keeps it.
	Tell     func(ctx context.Context, tx *sqldb.Tx, a campaigns.Alert) error
	Journals string // folder of what a crash must not make us forget
	Pacing   Pacing
	// Every are jobs of other packages, run about as often as each says, on one process at a time.
	Every []Job

	servers   *queue.Servers
	mailings  mailings
	watch     watch
	deferrals deferrals
	claims    claimTimes
	doubts    doubts
	journal   *journal.Journal
	notes     chan *journal.Lane // one for each sender
	stop      context.CancelFunc
	loops     sync.WaitGroup
}

// Job is something to do again and again.
type Job struct {
	Name  string
	Every time.Duration
	Run   func(ctx context.Context) error
}

// Names of tasks.
const (
	taskLane  = "campaign.lane"
	taskDrain = "outbox.drain"
	taskJob   = "job"
)

// drainers is how many drains of each class of transactional mail may run at once in one process.
const drainers = 4

// Start begins to work: the servers that run tasks, and the loop that finds what has none.
func (e *Engine) Start() error {
	ctx, cancel := context.WithCancel(context.Background())
	e.stop = cancel
	if err := e.open(ctx); err != nil {
		cancel()
		return err
	}
	transactional, marketing, maintenance := asynq.NewServeMux(), asynq.NewServeMux(), asynq.NewServeMux()
	for _, mux := range []*asynq.ServeMux{transactional, marketing, maintenance} {
		mux.Use(traced)
	}
	transactional.HandleFunc(taskDrain, e.drainTask)
	marketing.HandleFunc(taskLane, e.laneTask)
	marketing.HandleFunc(taskDrain, e.drainTask)
	maintenance.HandleFunc(taskJob, e.jobTask)
	servers, err := e.Queue.Start(queue.Workload{
		Transactional: queue.Work{Handler: transactional, Concurrency: 2 * drainers},
		Marketing:     queue.Work{Handler: marketing, Concurrency: e.lanes()},
		Maintenance:   queue.Work{Handler: maintenance, Concurrency: 2},
	})
	if err != nil {
		cancel()
		return fmt.Errorf("workers: %w", err)
	}
	e.servers = servers
	e.loops.Go(func() { e.reconcile(ctx) })
	return nil
}

// Stop finishes what has begun and gives back the rest.
func (e *Engine) Stop(ctx context.Context) {
	e.stop()
	e.loops.Wait()
	e.servers.Stop()
	if err := e.journal.Close(); err != nil {
		e.Log.Error("journal", "error", err)
	}
	err := e.resolve(ctx)
	if err == nil { // else others find what it left once it does not show itself any more
		err = e.Campaigns.Leave(ctx, e.ID)
	}
	if err != nil {
		e.Log.Error("worker cannot sign off", "error", err)
	}
	_ = e.Marketing.Close(ctx)
	if e.Transactional != e.Marketing {
		_ = e.Transactional.Close(ctx)
	}
}

// open settles what processes that died on this machine left, and begins a journal of its own.
func (e *Engine) open(ctx context.Context) error {
	if err := e.adopt(ctx); err != nil {
		return err
	}
	var err error
	if e.journal, err = journal.Create(e.Journals, e.ID); err != nil {
		return fmt.Errorf("workers: %w", err)
	}
	e.notes = make(chan *journal.Lane, e.lanes())
	for range e.lanes() {
		lane, err := e.journal.Lane()
		if err != nil {
			return fmt.Errorf("workers: %w", err)
		}
		e.notes <- lane
	}
	return e.Campaigns.Beat(ctx, e.ID, e.Host)
}

// adopt settles what the dead workers of this machine held, by what their journals say.
func (e *Engine) adopt(ctx context.Context) error {
	orphans, err := journal.Orphans(e.Journals)
	if err != nil {
		return fmt.Errorf("workers: %w", err)
	}
	for _, o := range orphans {
		err := e.Settle(ctx, o.Worker, func(id string) campaigns.Fate {
			switch fate, _ := o.Fate(id); fate {
			case journal.NotBegun:
				return campaigns.FateNotBegun
			case journal.Sent:
				return campaigns.FateSent
			case journal.Refused:
				return campaigns.FateRefused
			}
			return campaigns.FateUnknown
		})
		if err != nil {
			return errors.Join(err, o.Release())
		}
		if err := o.Remove(); err != nil {
			return fmt.Errorf("workers: %w", err)
		}
	}
	return nil
}

// lanes is how many senders of marketing mail this process runs.
func (e *Engine) lanes() int { return max(1, e.Marketing.Connections()) }

// Hints puts tasks into the queue. It is all that a process which does not send itself needs.
type Hints struct {
	Queue *queue.Queue
	Log   *slog.Logger
	Lanes int

	once   sync.Once
	nudged chan struct{}
}

// Campaign hints that a campaign has something to do.
func (h *Hints) Campaign(ctx context.Context, id string) {
	for lane := range h.Lanes {
		if err := h.Queue.Enqueue(ctx, laneHint(id, lane, 0)); err != nil {
			h.Log.Debug("hint not queued; the reconciler will", "task", taskLane, "error", err)
			return
		}
	}
}

// nudgePause is the least time between two hints that transactional mail is due, so that thousands of messages a second do
// not make as many tasks.
const nudgePause = 5 * time.Millisecond

// Nudge hints that transactional mail is due. It does not wait.
func (h *Hints) Nudge(context.Context) {
	h.once.Do(func() {
		h.nudged = make(chan struct{}, 1)
		go func() {
			for range h.nudged {
				h.drain(context.Background())
				time.Sleep(nudgePause)
			}
		}()
	})
	select {
	case h.nudged <- struct{}{}:
	default:
	}
}

func (h *Hints) drain(ctx context.Context) {
	h.enqueue(ctx, drainHint(queue.Notices, gate.Notice.String()), drainHint(queue.Service, gate.Service.String()))
}

func (h *Hints) enqueue(ctx context.Context, tasks ...queue.Task) {
	for _, t := range tasks {
		if err := h.Queue.Enqueue(ctx, t); err != nil {
			h.Log.Debug("hint not queued; the reconciler will", "task", taskDrain, "error", err)
		}
	}
}
