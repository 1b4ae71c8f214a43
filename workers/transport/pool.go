package transport

import (
	"context"
	"time"
)

// connection returns a kept connection that still lives, or a new one. The caller holds a slot.
func (t *SMTP) connection(ctx context.Context) (*conn, error) {
	for {
		t.mu.Lock()
		if t.closed {
			t.mu.Unlock()
			return nil, ErrClosed
		}
		var c *conn
		if n := len(t.idle); n > 0 {
			c = t.idle[n-1]
			t.idle = t.idle[:n-1]
			c.reaper.Stop()
		}
		t.mu.Unlock()
		if c == nil {
			break
		}
		if stale(c.raw) || c.r.Buffered() > 0 { // closed meanwhile, or said something: it can only be goodbye
			_ = c.raw.Close()
			continue
		}
		c.reused = true
		if t.hold(c) {
			return c, nil
		}
	}
	c, err := t.dial(ctx)
	if err != nil {
		return nil, err
	}
	if !t.hold(c) {
		return nil, ErrClosed
	}
	return c, nil
}

func (t *SMTP) hold(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		_ = c.raw.Close()
		return false
	}
	t.active[c] = struct{}{}
	return true
}

// drop closes a connection that cannot be used any more.
func (t *SMTP) drop(c *conn) {
	_ = c.raw.Close()
	t.mu.Lock()
	delete(t.active, c)
	t.mu.Unlock()
}

// keep puts a connection by for the next batch, for as long as the relay is likely to keep it too.
func (t *SMTP) keep(c *conn) {
	_ = c.raw.SetDeadline(time.Time{})
	if cap(c.spare) > 1<<20 {
		c.spare, c.turns = nil, [2]prepared{}
	}
	t.mu.Lock()
	delete(t.active, c)
	closed := t.closed
	if !closed {
		t.idle = append(t.idle, c)
		c.reaper = time.AfterFunc(t.opts.Idle, func() { t.reap(c) })
	}
	t.mu.Unlock()
	if closed {
		c.quit()
	}
}

func (t *SMTP) reap(c *conn) {
	t.mu.Lock()
	for i, other := range t.idle {
		if other == c {
			t.idle = append(t.idle[:i], t.idle[i+1:]...)
			t.mu.Unlock()
			c.quit()
			return
		}
	}
	t.mu.Unlock()
}

// Close waits for the batches under way, until ctx ends, then cuts them off: their last message is uncertain if it was written whole.
func (t *SMTP) Close(ctx context.Context) error {
	t.mu.Lock()
	already := t.closed
	t.closed = true
	idle := t.idle
	t.idle = nil
	t.mu.Unlock()
	if already {
		return nil
	}
	for _, c := range idle {
		c.reaper.Stop()
		c.quit()
	}
	for range cap(t.slots) {
		select {
		case t.slots <- struct{}{}:
			continue
		case <-ctx.Done():
		}
		t.mu.Lock()
		for c := range t.active {
			_ = c.raw.Close()
		}
		t.mu.Unlock()
		return ctx.Err()
	}
	return nil
}
