package workers

import (
	"time"

	"assent/campaigns"
	"assent/workers/transport"
)

// giveUp is how long a mail is tried (RFC 5321 §4.5.4.1 asks for four to five days).
const giveUp = 4 * 24 * time.Hour

// backoff is how long the try after n is put off: five minutes at first, doubling to six hours.
func backoff(n int) time.Duration {
	return min(5*time.Minute<<min(max(n-1, 0), 10), 6*time.Hour)
}

// outcome turns what the relay said into the outcome of a campaign mail.
func outcome(id string, r transport.Result, now time.Time) campaigns.Outcome {
	o := campaigns.Outcome{ID: id, Reply: r.Said()}
	switch r.State {
	case transport.Sent:
		o.Status = campaigns.StatusSent
	case transport.Uncertain:
		o.Status = campaigns.StatusUncertain
	case transport.NotBegun:
		o.Status, o.Reply = campaigns.StatusClaimed, ""
	case transport.Failed:
		o.Status, o.Reason, o.DueAt = campaigns.StatusDeferred, campaigns.ReasonRetry, now.Add(relayPause)
	case transport.Deferred:
		o.Status, o.Reason, o.DueAt = campaigns.StatusDeferred, campaigns.ReasonRetry, now.Add(backoff(1))
	case transport.Rejected:
		o.Status, o.Reason = campaigns.StatusFailed, r.Verdict().String()
		if r.Verdict() == transport.HardBounce {
			o.Status = campaigns.StatusBounced
		}
	}
	return o
}
