package inbound

import (
	"context"
	"sync"
	"time"
)

// Gather is a Sink that hands the events of mails that arrive at the same time
// to another Sink in one call, so that a flood of bounces costs few
// transactions. Apply still returns only when its own events are durable.
type Gather struct {
	next Sink
	most int
	wait time.Duration

	mu      sync.Mutex
	pending *batch
}

// batch is what is being gathered for one call.
type batch struct {
	events []Event
	calls  [][]Event
	full   chan struct{}
	done   chan struct{}
	err    error   // of the whole
	errs   []error // of each call, when the whole failed
}

// NewGather gathers for at most wait, or until there are most events. The first
// to come waits for the others; a few milliseconds are enough.
func NewGather(next Sink, most int, wait time.Duration) *Gather {
	return &Gather{next: next, most: max(most, 1), wait: wait}
}

// Apply joins the events to those of others. When the joint call fails, each
// mail is tried alone, so that one that cannot be applied delays no other.
func (g *Gather) Apply(ctx context.Context, events []Event) error {
	g.mu.Lock()
	b := g.pending
	leader := b == nil
	if leader {
		b = &batch{full: make(chan struct{}), done: make(chan struct{})}
		g.pending = b
	}
	mine := len(b.calls)
	b.calls = append(b.calls, events)
	b.events = append(b.events, events...)
	if len(b.events) >= g.most {
		g.pending = nil
		close(b.full)
	}
	g.mu.Unlock()

	if leader {
		g.lead(ctx, b)
	} else {
		<-b.done
	}
	if b.errs != nil {
		return b.errs[mine]
	}
	return b.err
}

// lead waits for company and applies the batch. Others rely on it, so that its
// own caller going away does not end it.
func (g *Gather) lead(ctx context.Context, b *batch) {
	timer := time.NewTimer(g.wait)
	select {
	case <-b.full:
		timer.Stop()
	case <-timer.C:
		g.mu.Lock()
		if g.pending == b {
			g.pending = nil
		}
		g.mu.Unlock()
	}
	defer close(b.done)
	ctx = context.WithoutCancel(ctx)
	b.err = g.next.Apply(ctx, b.events)
	if b.err == nil || len(b.calls) == 1 {
		return
	}
	b.errs = make([]error, len(b.calls))
	for i, events := range b.calls {
		b.errs[i] = g.next.Apply(ctx, events)
	}
}
