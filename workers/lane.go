package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"assent/campaigns"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/workers/queue"
	"assent/workers/transport"
)

const (
	// laneSlice is how long one task works on a campaign before it goes to the back of the queue, so that campaigns share the lanes.
	laneSlice = 5 * time.Second
	// laneBatch is how many mails a lane claims at once. All of them must begin within campaigns.LeaseTime.
	laneBatch = 100
	// longestNap is how long a lane waits for its turn without giving way to other campaigns.
	longestNap = time.Second
	// relayPause is how long a lane waits when the relay took nothing of a batch.
	relayPause = 2 * time.Second
)

type lanePayload struct {
	Campaign string `json:"campaign"`
	Lane     int    `json:"lane"`
}

func laneHint(campaign string, lane int, after time.Duration) queue.Task {
	payload, _ := json.Marshal(lanePayload{campaign, lane}) // texts and numbers always encode
	return queue.Task{Queue: queue.Marketing, Type: taskLane, ID: fmt.Sprintf("lane:%s:%d", campaign, lane), Payload: payload, After: after, Again: true}
}

func (e *Engine) laneTask(ctx context.Context, t *asynq.Task) error {
	var p lanePayload
	if err := json.Unmarshal(t.Payload(), &p); err != nil {
		return fmt.Errorf("workers: %w: %w", err, asynq.SkipRetry)
	}
	again, err := e.runLane(ctx, p.Campaign, p.Lane)
	if err != nil {
		return err
	}
	if again > 0 {
		return queue.Later{In: again}
	}
	return nil
}

// runLane sends mails of a campaign for a while: claim, build, send, store the outcomes, again. It returns after how long the
// lane should go on, 0 when there is nothing more to do.
func (e *Engine) runLane(ctx context.Context, campaignID string, lane int) (again time.Duration, err error) {
	until := time.Now().Add(laneSlice)
	c, err := e.Campaigns.Get(ctx, e.DB, campaignID)
	if errors.Is(err, campaigns.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	rate := c.Rate
	notes := <-e.notes
	defer func() { e.notes <- notes }()
	for time.Now().Before(until) {
		select {
		case <-queue.Stopping(ctx):
			return time.Millisecond, nil
		default:
		}
		n, wait, err := e.Pacing.turn(ctx, e.Campaigns, campaignID, rate, laneBatch)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			if lane > 0 || wait > longestNap {
				return wait, nil
			}
			select { // one lane keeps a slow rate's time; the queue looks only every second who is due
			case <-queue.Stopping(ctx):
			case <-time.After(wait):
			}
			continue
		}
		asked, claimant := time.Now(), e.claimant()
		b, err := e.Campaigns.Claim(ctx, campaignID, claimant, lane, n)
		if err != nil {
			e.doubt(claimant)
			return 0, err
		}
		if !e.Pacing.Warmup.IsZero() {
			if err := e.Campaigns.Unreserve(ctx, n-len(b.Items)); err != nil {
				e.Log.Error("a part of the day's warm-up is lost", "error", err)
			}
		}
		if b.Idle {
			return 0, nil // the reconciler comes back when something is due
		}
		if len(b.Items) == 0 {
			continue
		}
		e.claims.add(time.Since(asked))
		var held []campaigns.Outcome
		b.Items, held = e.Pacing.split(ctx, b.Items, e.Campaigns.Now())
		var waiting []campaigns.Outcome
		b.Items, waiting = e.hold(ctx, b.Items)
		held = append(held, waiting...)
		outcomes, unknown, troubled := e.send(ctx, b, claimant, notes)
		outcomes = append(outcomes, held...)
		var paused error
		if troubled != "" { // before the outcomes, with which a small campaign would be finished
			_, paused = e.Campaigns.Pause(ctx, audit.System("sender"), campaignID, troubled)
		}
		if err := e.store(ctx, "outcome of mails", func(ctx context.Context) error {
			return e.Campaigns.Complete(ctx, campaignID, claimant, lane, outcomes)
		}); err != nil {
			return 0, err
		}
		// Only now: a suppression waits until the claims of its person have an outcome, and these have theirs.
		for _, d := range unknown {
			e.suppress(ctx, d.email, d.reply)
		}
		if err := notes.Settled(); err != nil {
			return 0, err
		}
		if troubled != "" {
			return 0, paused
		}
		if len(b.Items) > 0 && none(outcomes, campaigns.StatusSent) {
			return relayPause, nil
		}
	}
	return time.Millisecond, nil
}

func none(outcomes []campaigns.Outcome, status string) bool {
	for _, o := range outcomes {
		if o.Status == status {
			return false
		}
	}
	return true
}

// send sends one batch over one connection and tells what became of each mail, which addresses do not exist, and why the
// campaign must pause, if it must.
func (e *Engine) send(ctx context.Context, b campaigns.Batch, claimant string, notes transport.Journal) (outcomes []campaigns.Outcome, unknown []gone, trouble string) {
	now := e.Campaigns.Now()
	lease := lease{ctx: ctx, e: e, claimant: claimant, until: b.Lease, ids: make([]string, len(b.Items))}
	out := make([]transport.Outgoing, len(b.Items))
	for i, item := range b.Items {
		links := e.Links.For(item.Person.ID, b.Campaign.TopicID, b.Campaign.ID, now)
		lease.ids[i] = item.ID
		out[i] = transport.Outgoing{Permit: item.Permit, ID: item.ID, From: links.ReturnPath, To: item.Person.Email, Build: func(dst []byte) ([]byte, error) {
			m, err := e.mailings.get(ctx, e, b.Campaign, item)
			if err != nil {
				return nil, err
			}
			return e.signed(ctx, dst, m, item, links, now)
		}}
	}
	if trouble := e.unsigned(ctx, b); trouble != "" {
		for _, item := range b.Items {
			outcomes = append(outcomes, campaigns.Outcome{ID: item.ID, Status: campaigns.StatusClaimed})
		}
		return outcomes, nil, trouble
	}
	// A relay or provider that objects to us again and again pauses the campaign at once and suppresses nobody (compliance 15, 25).
	began := time.Now()
	heard := func(r transport.Result) bool {
		if r.State == transport.Sent || r.State == transport.Rejected {
			trouble = e.watch.note(b.Campaign.ID, began, r)
		}
		return trouble != ""
	}
	results := e.Marketing.SendBatch(ctx, transport.Batch{Messages: out, Lease: lease.of, Journal: notes, Heard: heard})
	if why := e.watch.made(b.Campaign.ID, results); trouble == "" {
		trouble = why
	}
	outcomes = make([]campaigns.Outcome, len(results))
	for i, r := range results {
		outcomes[i] = outcome(b.Items[i].ID, r, now)
		if r.Err != nil {
			e.Log.Debug("mail not sent", "delivery", b.Items[i].ID, "state", r.State.String(), "error", r.Err)
		}
	}
	e.domains(ctx, b.Campaign, b.Items, results)
	return outcomes, dead(b.Items, results), trouble
}

// unsigned tells why the mails of a batch cannot be signed, if they should be. None of them is to be taken for one that cannot be sent.
func (e *Engine) unsigned(ctx context.Context, b campaigns.Batch) string {
	if e.Sign == nil || len(b.Items) == 0 {
		return ""
	}
	m, err := e.mailings.get(ctx, e, b.Campaign, b.Items[0])
	if err != nil {
		return "" // building the mail says so
	}
	if _, err := e.signer(ctx, gate.StreamMarketing, m.mailing.Brand.FromEmail); err != nil {
		return "the mail cannot be signed: " + err.Error()
	}
	return ""
}

// lease answers the transport's question, right before MAIL FROM, until when a mail may begin.
type lease struct {
	ctx      context.Context
	e        *Engine
	claimant string
	ids      []string
	until    time.Time

	mu   sync.Mutex
	gone map[string]bool
}

func (l *lease) of(i int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().Before(l.until) {
		return l.answer(i)
	}
	still, until, err := l.e.Campaigns.Extend(l.ctx, l.claimant, l.ids[i:])
	if err != nil {
		return time.Time{}
	}
	if l.gone == nil {
		l.gone = map[string]bool{}
	}
	for _, id := range l.ids[i:] {
		l.gone[id] = !still[id]
	}
	l.until = until
	return l.answer(i)
}

func (l *lease) answer(i int) time.Time {
	if l.gone[l.ids[i]] {
		return time.Time{}
	}
	return l.until
}
