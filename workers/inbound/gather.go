package inbound

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Gather is a Sink that hands the events of mails that arrive at the same time
// to another Sink in one call, so that a flood of bounces costs few
// transactions, and that leaves the database to others for most of the time:
// there is one call at a time, and after it a rest that is a multiple of what
// it took. Whoever sends more than that waits for the answer; nothing is
// accepted that is not yet durable. The busier the database, the longer the
// calls and the rests.
//
// Wishes to stop and complaints wait for nobody.
type Gather struct {
	next Sink
	most int
	rest int           // how many times as long as a call
	turn chan struct{} // held during a call and the rest after it

	mu      sync.Mutex
	pending *batch
}

// batch is what is being gathered for one call.
type batch struct {
	events []Event
	calls  [][]Event
	done   chan struct{}
	err    error   // of the whole
	errs   []error // of each call, when the whole failed
}

// maxRest bounds a rest, so that a database that stood still for a while is not left alone for a multiple of that.
const maxRest = time.Second

// NewGather gathers about most events at most for one call, and rests for so
// many times as long as each call took.
func NewGather(next Sink, most, rest int) *Gather {
	return &Gather{next: next, most: max(most, 1), rest: rest, turn: make(chan struct{}, 1)}
}

// urgent tells what must not wait behind a flood.
func urgent(e Event) bool { return e.Effect() == Withdraw || e.Effect() == Complain }

// Apply joins the events to those of others and returns when they are applied.
// When the joint call fails, each mail is tried alone, so that one that cannot
// be applied delays no other.
func (g *Gather) Apply(ctx context.Context, events []Event) error {
	if slices.ContainsFunc(events, urgent) {
		return g.next.Apply(ctx, events)
	}
	g.mu.Lock()
	b := g.pending
	leader := b == nil
	if leader {
		b = &batch{done: make(chan struct{})}
		g.pending = b
	}
	mine := len(b.calls)
	b.calls = append(b.calls, events)
	b.events = append(b.events, events...)
	if len(b.events) >= g.most {
		g.pending = nil
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

// lead applies the batch when it is its turn; until then others join. They
// rely on it, so that its own caller going away does not end it.
func (g *Gather) lead(ctx context.Context, b *batch) {
	g.turn <- struct{}{}
	g.mu.Lock()
	if g.pending == b {
		g.pending = nil
	}
	g.mu.Unlock()
	began := time.Now()
	defer func() {
		time.AfterFunc(min(time.Duration(g.rest)*time.Since(began), maxRest), func() { <-g.turn })
		close(b.done)
	}()
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
