package workers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

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
	stops   map[string]stop
	unmade  map[string]int
}

// patience is how many batches in a row may hold mails that could not be made before the campaign pauses: a database that was
// away for a moment is no reason.
const patience = 10

// stop is when and why a campaign's mails were stopped.
type stop struct {
	at  time.Time
	why string
}

// note counts one final reply to a batch that began at since, and tells why the campaign must pause, if it must. All lanes that
// are under way then hear of it with their next reply.
func (w *watch) note(campaign string, since time.Time, r transport.Result) (trouble string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.stops[campaign]; since.Before(s.at) {
		return s.why
	}
	if w.replies == nil {
		w.replies, w.stops = map[string]*brakes.Replies{}, map[string]stop{}
	}
	heard := w.replies[campaign]
	if heard == nil {
		heard = &brakes.Replies{}
		w.replies[campaign] = heard
	}
	if !heard.Add(r.Verdict() == transport.Policy) {
		return ""
	}
	delete(w.replies, campaign) // whoever resumes it starts afresh
	w.stops[campaign] = stop{time.Now(), "the relay refused too much by policy: " + r.Said()}
	return w.stops[campaign].why
}

// made counts the batches in a row with mails that could not be made, and tells why the campaign must pause, if it must.
func (w *watch) made(campaign string, results []transport.Result) (trouble string) {
	var why *transport.BuildError
	failed := slices.ContainsFunc(results, func(r transport.Result) bool { return errors.As(r.Err, &why) })
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unmade == nil {
		w.unmade = map[string]int{}
	}
	if !failed {
		delete(w.unmade, campaign)
		return ""
	}
	if w.unmade[campaign]++; w.unmade[campaign] < patience {
		return ""
	}
	delete(w.unmade, campaign) // whoever resumes it starts afresh
	return "a mail cannot be made: " + why.Err.Error()
}

// gone is an address of which the relay said that it does not exist, in these words.
type gone struct{ email, reply string }

// dead are the addresses of which the relay said that they do not exist, to be suppressed (compliance 15).
func dead(items []campaigns.Claimed, results []transport.Result) (list []gone) {
	for i, r := range results {
		if r.State == transport.Rejected && r.Verdict() == transport.HardBounce {
			list = append(list, gone{items[i].Person.Email, r.Said()})
		}
	}
	return list
}

// suppress blocks an address that the relay says does not exist.
func (e *Engine) suppress(ctx context.Context, email, reply string) {
	if _, _, err := e.People.Suppress(context.WithoutCancel(ctx), audit.System("sender"), email, preferences.SuppressedBounced, reply, "relay"); err != nil {
		e.Log.Error("bounced address not suppressed", "error", err)
	}
}
