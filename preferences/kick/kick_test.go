package kick_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"assent/preferences/kick"
)

func TestKicksThatComeWhileItRunsAreOneMoreRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l kick.Loop
		var runs atomic.Int64
		gate := make(chan struct{})
		work := func(context.Context) error {
			runs.Add(1)
			<-gate
			return nil
		}
		l.Kick(work, nil)
		synctest.Wait() // it runs
		for range 5 {
			l.Kick(work, nil)
		}
		close(gate)
		synctest.Wait()
		if n := runs.Load(); n != 2 {
			t.Errorf("%d runs", n)
		}
		l.Close()
		l.Kick(work, nil)
		synctest.Wait()
		if n := runs.Load(); n != 2 {
			t.Errorf("%d runs after it was closed", n)
		}
	})
}

func TestWhatFailsIsToldUnlessItWasStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l kick.Loop
		var told atomic.Int64
		failed := func(error) { told.Add(1) }
		l.Kick(func(ctx context.Context) error {
			if told.Load() == 0 {
				return errors.New("the disk is full")
			}
			<-ctx.Done()
			return ctx.Err()
		}, failed)
		synctest.Wait()
		l.Kick(nil, nil)
		synctest.Wait() // waits until it is stopped
		l.Close()
		if n := told.Load(); n != 1 {
			t.Errorf("%d failures were told", n)
		}
		new(kick.Loop).Close() // one that was never kicked
	})
}
