package workers

import (
	"context"
	"strconv"
	"sync"
	"time"

	"assent/campaigns"
	"assent/workers/queue"
)

const (
	// storePause is how long a sender waits at first before it tries again to store what it knows; it doubles to storePauses.
	storePause, storePauses = 50 * time.Millisecond, 2 * time.Second
	// doubtTime is for how long claims whose commit failed are looked for: the database may still be about to make them true.
	doubtTime = 30 * time.Second
)

// store does what must not be given up because the database is away or full: what became of mails is known here and nowhere
// else. It ends without success only when the engine stops; the journal tells the next one then.
func (e *Engine) store(ctx context.Context, what string, do func(context.Context) error) error {
	for pause := storePause; ; pause = min(2*pause, storePauses) {
		err := do(context.WithoutCancel(ctx))
		if err == nil {
			return nil
		}
		e.Log.Error(what+" not stored yet", "error", err)
		select {
		case <-queue.Stopping(ctx):
			return err
		case <-time.After(pause):
		}
	}
}

// doubts are claims that may have been committed though the database said otherwise, or nothing: nobody here holds them.
type doubts struct {
	mu   sync.Mutex
	n    uint64
	when map[string]time.Time
}

// claimant names one claim of this process.
func (e *Engine) claimant() string {
	e.doubts.mu.Lock()
	defer e.doubts.mu.Unlock()
	e.doubts.n++
	return e.ID + "/" + strconv.FormatUint(e.doubts.n, 36)
}

// doubt notes that a claim failed.
func (e *Engine) doubt(claimant string) {
	e.doubts.mu.Lock()
	defer e.doubts.mu.Unlock()
	if e.doubts.when == nil {
		e.doubts.when = map[string]time.Time{}
	}
	e.doubts.when[claimant] = time.Now()
}

// resolve gives back what failed claims hold after all: none of it was begun.
func (e *Engine) resolve(ctx context.Context) error {
	e.doubts.mu.Lock()
	list := make(map[string]time.Time, len(e.doubts.when))
	for claimant, at := range e.doubts.when {
		list[claimant] = at
	}
	e.doubts.mu.Unlock()
	for claimant, at := range list {
		if _, err := e.Outbox.Release(ctx, claimant); err != nil {
			return err
		}
		if _, err := e.Campaigns.SettleWorker(ctx, claimant, func(string) campaigns.Fate { return campaigns.FateNotBegun }); err != nil {
			return err
		}
		if time.Since(at) > doubtTime {
			e.doubts.mu.Lock()
			delete(e.doubts.when, claimant)
			e.doubts.mu.Unlock()
		}
	}
	return nil
}
