// Package gather does together what is asked while the same is being done already: what comes first is done at once and alone,
// what comes meanwhile waits for it and is then done in one go. Nobody waits for others to come, so that where little happens
// it is as quick as ever, and the more happens the less each costs.
package gather

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// Group is one kind of work, on items of one type. Its zero value is ready.
type Group[T any] struct {
	// Rest, unless it is nil, is waited out before what waits is taken; who comes meanwhile is taken along.
	Rest func()

	mu      sync.Mutex
	waiting []*waiter[T]
	busy    bool
}

type waiter[T any] struct {
	ctx  context.Context
	item T
	done chan struct{}
	err  error
}

// Do has item worked on by do, together with those of others, at most so many at once, and returns when that is done, with
// the error of all of them: what is an item's own belongs into the item. What is begun goes on when ctx ends, since it is the
// others' too, so an item that Do returned with an error from may still be written to.
//
// All that share a group pass the same do.
func (g *Group[T]) Do(ctx context.Context, item T, most int, do func(ctx context.Context, items []T) error) error {
	w := &waiter[T]{ctx: ctx, item: item, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	begin := !g.busy
	g.busy = true
	g.mu.Unlock()
	if begin {
		go g.work(most, do)
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Waiting is how many items nobody works on yet.
func (g *Group[T]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

// work goes on until nobody waits.
func (g *Group[T]) work(most int, do func(ctx context.Context, items []T) error) {
	for {
		runtime.Gosched() // who is about to come, comes first
		if g.Rest != nil && g.Waiting() > 0 {
			g.Rest()
		}
		g.mu.Lock()
		n := min(most, len(g.waiting))
		batch := g.waiting[:n:n]
		g.waiting = g.waiting[n:]
		g.busy = n > 0
		g.mu.Unlock()
		if n == 0 {
			return
		}
		items := make([]T, n)
		for i, w := range batch {
			items[i] = w.item
		}
		err := safely(func() error { return do(context.WithoutCancel(batch[0].ctx), items) })
		for _, w := range batch {
			w.err = err
			close(w.done)
		}
	}
}

// safely turns a panic, which would end the process here, into an error.
func safely(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("gather: panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}
