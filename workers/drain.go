package workers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	"assent/campaigns/outbox"
	"assent/preferences/gate"
	"assent/workers/queue"
	"assent/workers/transport"
)

const (
	// drainBatch is how many messages one drain claims at once.
	drainBatch = 25
	// drainSlice bounds how long one task drains.
	drainSlice = 10 * time.Second
)

// trials is what a task names that drains test mails of campaigns, in place of a class.
const trials = "trials"

func drainHint(queueName, what string) queue.Task {
	return queue.Task{Queue: queueName, Type: taskDrain, ID: "drain:" + what, Payload: []byte(what), Again: true}
}

func (e *Engine) drainTask(ctx context.Context, t *asynq.Task) error {
	what := string(t.Payload())
	class, ok := gate.ParseClass(what)
	if !ok && what != trials {
		return fmt.Errorf("workers: drain of %q: %w", what, asynq.SkipRetry)
	}
	until := time.Now().Add(drainSlice)
	for {
		select {
		case <-queue.Stopping(ctx):
			return nil
		default:
		}
		claimant := e.claimant()
		var claimed []outbox.Claimed
		var more bool
		var err error
		if what == trials { // one by one, so that a campaign under way keeps its connections
			claimed, more, err = e.Outbox.ClaimTrials(ctx, claimant, 1)
		} else {
			claimed, more, err = e.Outbox.Claim(ctx, class, claimant, drainBatch)
		}
		if err != nil {
			e.doubt(claimant)
			return err
		}
		if len(claimed) > 0 && what == trials {
			e.Pacing.await(ctx)
			e.deliver(ctx, e.Marketing, claimed)
		} else if len(claimed) > 0 {
			e.deliver(ctx, e.Transactional, claimed)
		}
		if !more {
			return nil
		}
		if time.Now().After(until) {
			return queue.Later{In: time.Millisecond}
		}
	}
}

// deliver tries claimed messages and stores what became of them.
func (e *Engine) deliver(ctx context.Context, relay transport.Transport, claimed []outbox.Claimed) {
	var out []transport.Outgoing
	var sent []outbox.Claimed
	var results []outbox.Result
	for _, m := range claimed {
		raw, err := e.compose(ctx, m)
		if err != nil {
			e.Log.Error("message cannot be written", "message", m.ID, "kind", m.Kind, "error", err)
			results = append(results, outbox.Result{ID: m.ID, Status: outbox.StatusDeferred, Reason: "not_rendered", Reply: err.Error(), DueAt: e.Outbox.Now().Add(backoff(m.Attempts))})
			continue
		}
		sent = append(sent, m)
		out = append(out, transport.Outgoing{Permit: m.Permit, ID: m.ID, From: e.Links.ReturnPath(m.SubscriberID, m.ID), To: m.Email, Data: raw})
	}
	for i, r := range relay.SendBatch(ctx, transport.Batch{Messages: out}) {
		results = append(results, e.result(ctx, sent[i], out[i].Data, r))
	}
	// An error is told already; what is not stored when the engine stops is sent again by the next one.
	_ = e.store(ctx, "outcome of messages", func(ctx context.Context) error { return e.Outbox.Complete(ctx, results...) })
}

// result turns what the relay said into the outcome of a message. What may not have arrived is tried again: a notice may come
// twice, with the same Message-ID, but is never lost.
func (e *Engine) result(ctx context.Context, m outbox.Claimed, raw []byte, r transport.Result) outbox.Result {
	now := e.Outbox.Now()
	out := outbox.Result{ID: m.ID, Code: r.Code, Reply: r.Said(), Relay: r.Relay, TLS: r.TLS, MessageID: "<" + e.Links.MessageID(m.ID) + ">"}
	again := func(after time.Duration) outbox.Result {
		out.Status, out.DueAt = outbox.StatusDeferred, now.Add(after)
		if now.Sub(m.CreatedAt) > giveUp && now.After(m.GiveUpAt) {
			out.Status, out.Reason, out.DueAt = outbox.StatusUnserved, "gave_up", time.Time{}
		}
		return out
	}
	switch r.State {
	case transport.Sent:
		sum := sha256.Sum256(raw)
		out.Status, out.SHA256 = outbox.StatusSent, hex.EncodeToString(sum[:])
		if m.Class == gate.Notice {
			out.Raw = raw
		}
	case transport.NotBegun:
		out.Status, out.Reply = outbox.StatusQueued, ""
		if r.Err != nil && !errors.Is(r.Err, context.Canceled) {
			return again(relayPause)
		}
	case transport.Failed, transport.Uncertain:
		return again(min(relayPause<<min(m.Attempts, 8), 10*time.Minute))
	case transport.Deferred:
		return again(backoff(m.Attempts))
	case transport.Rejected:
		verdict := r.Verdict()
		switch verdict {
		case transport.HardBounce:
			e.suppress(ctx, m.Email, r.Said())
			out.Status = outbox.StatusBounced
		case transport.SoftBounce, transport.Policy:
			return again(backoff(m.Attempts))
		default:
			out.Status = outbox.StatusUnserved
		}
		out.Reason = strings.ReplaceAll(verdict.String(), " ", "_")
	}
	return out
}
