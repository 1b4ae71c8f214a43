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

func drainHint(class gate.Class) queue.Task {
	name := queue.Service
	if class == gate.Notice {
		name = queue.Notices
	}
	return queue.Task{Queue: name, Type: taskDrain, ID: "drain:" + class.String(), Payload: []byte(class.String()), Again: true}
}

func (e *Engine) drainTask(ctx context.Context, t *asynq.Task) error {
	class, ok := gate.ParseClass(string(t.Payload()))
	if !ok {
		return fmt.Errorf("workers: drain of %q: %w", t.Payload(), asynq.SkipRetry)
	}
	until := time.Now().Add(drainSlice)
	for {
		select {
		case <-queue.Stopping(ctx):
			return nil
		default:
		}
		claimant := e.claimant()
		claimed, more, err := e.Outbox.Claim(ctx, class, claimant, drainBatch)
		if err != nil {
			e.doubt(claimant)
			return err
		}
		if len(claimed) > 0 {
			e.deliver(ctx, claimed)
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
func (e *Engine) deliver(ctx context.Context, claimed []outbox.Claimed) {
	var out []transport.Outgoing
	var sent []outbox.Claimed
	var results []outbox.Result
	for _, m := range claimed {
		raw, err := e.compose(ctx, m.Message)
		if err != nil {
			e.Log.Error("message cannot be written", "message", m.ID, "kind", m.Kind, "error", err)
			results = append(results, outbox.Result{ID: m.ID, Status: outbox.StatusDeferred, Reason: "not_rendered", Reply: err.Error(), DueAt: e.Outbox.Now().Add(backoff(m.Attempts))})
			continue
		}
		sent = append(sent, m)
		out = append(out, transport.Outgoing{Permit: m.Permit, ID: m.ID, From: e.Links.ReturnPath(m.SubscriberID, m.ID), To: m.Email, Data: raw})
	}
	for i, r := range e.Transactional.SendBatch(ctx, transport.Batch{Messages: out}) {
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
