package workers

import (
	"context"
	"sync"

	"assent/campaigns"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/workers/brakes"
	"assent/workers/transport"
)

// watch follows the relay's refusals of each running campaign in this process.
type watch struct {
	mu      sync.Mutex
	replies map[string]*brakes.Replies
}

// note counts one final reply and tells whether the campaign must pause.
func (w *watch) note(campaign string, policy bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.replies == nil {
		w.replies = map[string]*brakes.Replies{}
	}
	r := w.replies[campaign]
	if r == nil {
		r = &brakes.Replies{}
		w.replies[campaign] = r
	}
	pause := r.Add(policy)
	if pause {
		delete(w.replies, campaign) // whoever resumes it starts afresh
	}
	return pause
}

// gone is an address of which the relay said that it does not exist, in these words.
type gone struct{ email, reply string }

// judge draws the conclusions from the relay's replies: an address that does not exist is to be suppressed; a relay or provider
// that objects to us again and again pauses the campaign and suppresses nobody (compliance 15, 25).
func (e *Engine) judge(c *campaigns.Campaign, items []campaigns.Claimed, results []transport.Result) (dead []gone, trouble string) {
	for i, r := range results {
		switch r.State {
		case transport.Sent, transport.Rejected:
		default:
			continue
		}
		verdict := r.Verdict()
		if e.watch.note(c.ID, verdict == transport.Policy) && trouble == "" {
			trouble = "the relay refused too much by policy: " + r.Said()
		}
		if verdict == transport.HardBounce {
			dead = append(dead, gone{items[i].Person.Email, r.Said()})
		}
	}
	return dead, trouble
}

// suppress blocks an address that the relay says does not exist.
func (e *Engine) suppress(ctx context.Context, email, reply string) {
	if _, _, err := e.People.Suppress(context.WithoutCancel(ctx), audit.System("sender"), email, preferences.SuppressedBounced, reply, "relay"); err != nil {
		e.Log.Error("bounced address not suppressed", "error", err)
	}
}
