package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"assent/campaigns"
)

// Hub reads while somebody watches. Campaigns is required; the zero values of the others mean what they say.
type Hub struct {
	Campaigns *campaigns.Service
	Log       *slog.Logger  // nil: none
	Every     time.Duration // between two readings; zero: a second

	mu       sync.Mutex
	watchers map[*Watcher]bool
	running  bool
	closed   bool
	done     chan struct{}
	readings int
}

// MaxWatchers bounds how many may watch at once.
const MaxWatchers = 1000

// patience is how many times as long as a reading took the hub waits at least before the next.
const patience = 10

// Watcher is one who watches. C has the newest reading; an older one that was not taken is dropped.
type Watcher struct {
	C chan Reading

	hub *Hub
	ids []string
	all bool
}

// Reading is how the watched campaigns stood at one instant.
type Reading struct {
	At        time.Time
	Campaigns []Progress
}

// Watch begins to watch campaigns by their ids; without any, all that run. It is false when the hub is closed or too many
// watch. Who is done calls Stop.
func (h *Hub) Watch(ids ...string) (*Watcher, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.watchers) >= MaxWatchers {
		return nil, false
	}
	w := &Watcher{C: make(chan Reading, 1), hub: h, ids: ids, all: len(ids) == 0}
	if h.watchers == nil {
		h.watchers = map[*Watcher]bool{}
	}
	if h.watchers[w] = true; !h.running {
		h.running = true
		go h.run()
	}
	return w, true
}

// Stop ends the watching.
func (w *Watcher) Stop() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	delete(w.hub.watchers, w)
}

// Done is closed when the hub closes: whoever watches then hangs up.
func (h *Hub) Done() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ending()
}

func (h *Hub) ending() chan struct{} {
	if h.done == nil {
		h.done = make(chan struct{})
	}
	return h.done
}

// Close lets go of everybody, so that a server can stop.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.ending())
	}
}

// Readings is how often the hub has read the database so far.
func (h *Hub) Readings() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.readings
}

// run reads until nobody watches any more.
func (h *Hub) run() {
	paces := paces{}
	done := h.Done()
	for {
		ids, all, watched := h.wanted()
		if !watched {
			return
		}
		began := time.Now()
		reading, err := h.read(ids, all, paces)
		if err == nil {
			h.tell(reading)
		} else if h.Log != nil {
			h.Log.Error("progress", "error", err)
		}
		every := h.Every
		if every == 0 {
			every = time.Second
		}
		select {
		case <-done:
			return
		case <-time.After(max(every, patience*time.Since(began))):
		}
	}
}

// wanted is what is watched now.
func (h *Hub) wanted() (ids []string, all, watched bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[string]bool{}
	for w := range h.watchers {
		all = all || w.all
		for _, id := range w.ids {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	if h.closed {
		clear(h.watchers)
	}
	h.running = len(h.watchers) > 0
	return ids, all, h.running
}

// readTimeout bounds one reading.
const readTimeout = 10 * time.Second

func (h *Hub) read(ids []string, all bool, p paces) (Reading, error) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	h.mu.Lock()
	h.readings++
	h.mu.Unlock()
	list, err := h.Campaigns.Running(ctx, all, ids)
	if err != nil {
		return Reading{}, err
	}
	reports, err := h.Campaigns.Reports(ctx, list)
	if err != nil {
		return Reading{}, err
	}
	now := h.Campaigns.Now().UTC()
	out := Reading{At: now}
	for _, c := range list {
		out.Campaigns = append(out.Campaigns, p.progress(c, reports[c.ID], now))
	}
	return out, nil
}

func (h *Hub) tell(r Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		mine := Reading{At: r.At}
		for _, p := range r.Campaigns {
			if w.all && p.Runs() || w.watches(p.Campaign.ID) {
				mine.Campaigns = append(mine.Campaigns, p)
			}
		}
		select {
		case <-w.C:
		default:
		}
		w.C <- mine
	}
}

func (w *Watcher) watches(id string) bool {
	for _, mine := range w.ids {
		if mine == id {
			return true
		}
	}
	return false
}
