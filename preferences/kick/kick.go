// Package kick lets a process work off what has come in at once, beside whoever brought it.
package kick

import (
	"context"
	"sync"
)

// Loop runs work each time that it is kicked. Its zero value is ready.
type Loop struct {
	once  sync.Once
	kicks chan struct{}
	stop  context.CancelFunc
	runs  sync.WaitGroup
}

// Kick runs work soon and returns at once. Kicks that come while work runs are one more run together. What work could not do
// goes to failed. The first kick decides what both are.
func (l *Loop) Kick(work func(context.Context) error, failed func(error)) {
	l.once.Do(func() {
		l.kicks = make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(context.Background())
		l.stop = cancel
		l.runs.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-l.kicks:
				}
				if err := work(ctx); err != nil && ctx.Err() == nil {
					failed(err)
				}
			}
		})
	})
	select {
	case l.kicks <- struct{}{}:
	default: // one waits, or the loop is closed
	}
}

// Close asks the work that is under way to stop, waits for it, and ignores kicks from now on.
func (l *Loop) Close() {
	l.once.Do(func() {})
	if l.stop != nil {
		l.stop()
	}
	l.runs.Wait()
}
