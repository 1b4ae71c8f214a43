package queue

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// tick is how much too early or too late a key of the embedded server may expire.
const tick = 100 * time.Millisecond

// embedded is a Redis in this process. Nothing expires in miniredis by itself, so a ticker moves its clock on by the
// time that has really passed.
type embedded struct {
	server   *miniredis.Miniredis
	password string
	done     chan struct{}
	stopped  sync.WaitGroup
}

// startEmbedded listens on a port of the loopback interface that the system chooses. The password keeps out others who
// may use this machine.
func startEmbedded() (*embedded, error) {
	e := &embedded{server: miniredis.NewMiniRedis(), password: rand.Text(), done: make(chan struct{})}
	e.server.RequireAuth(e.password)
	if err := e.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("queue: start the embedded server: %w", err)
	}
	e.stopped.Go(e.clock)
	return e, nil
}

func (e *embedded) clock() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-e.done:
			return
		case <-ticker.C:
			now := time.Now()
			e.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

func (e *embedded) close() {
	close(e.done)
	e.stopped.Wait()
	e.server.Close()
}
