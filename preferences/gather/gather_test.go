package gather_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"assent/preferences/gather"
)

// What comes first is done at once and alone; what comes meanwhile is done in one go, at most so many.
func TestWhatComesMeanwhileIsDoneTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gather.Group[int]
		var batches [][]int
		door := make(chan struct{})
		do := func(_ context.Context, items []int) error {
			batches = append(batches, items)
			<-door
			return nil
		}
		var wait sync.WaitGroup
		ask := func(n int) {
			wait.Go(func() {
				if err := g.Do(t.Context(), n, 3, do); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		ask(0)
		if len(batches) != 1 {
			t.Fatal("the first one waits for others")
		}
		for n := range 5 {
			ask(1 + n)
		}
		if g.Waiting() != 5 {
			t.Errorf("%d wait", g.Waiting())
		}
		close(door)
		wait.Wait()
		if want := [][]int{{0}, {1, 2, 3}, {4, 5}}; !slices.EqualFunc(batches, want, slices.Equal) {
			t.Errorf("%v, want %v", batches, want)
		}
		ask(9) // idle again
		wait.Wait()
		if len(batches) != 4 {
			t.Error(batches)
		}
	})
}

// Who hangs up is let go, and the others' work goes on, also theirs: its context is nobody's.
func TestWhoHangsUpEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gather.Group[int]
		door, done := make(chan struct{}), 0
		do := func(ctx context.Context, items []int) error {
			<-door
			done += len(items)
			return ctx.Err()
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		var left atomic.Int32
		for range 2 {
			wait.Go(func() {
				if err := g.Do(ctx, 1, 10, do); errors.Is(err, context.Canceled) {
					left.Add(1)
				}
			})
		}
		synctest.Wait()
		wait.Go(func() {
			if err := g.Do(t.Context(), 1, 10, do); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		if n := left.Load(); n != 2 {
			t.Errorf("%d were let go", n)
		}
		close(door)
		wait.Wait()
		if done != 3 {
			t.Errorf("%d were done", done)
		}
	})
}

// A panic is an error of those who were in it, and the next ones go on.
func TestAPanicIsTold(t *testing.T) {
	var g gather.Group[string]
	do := func(_ context.Context, items []string) error {
		if items[0] == "bad" {
			panic("broken")
		}
		return nil
	}
	if err := g.Do(t.Context(), "bad", 1, do); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Error(err)
	}
	if err := g.Do(t.Context(), "good", 1, do); err != nil {
		t.Error(err)
	}
}
