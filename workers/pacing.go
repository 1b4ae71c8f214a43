package workers

import (
	"context"
	"strings"
	"time"

	"assent/campaigns"
	"assent/campaigns/pace"
	"assent/workers/limits"
	"assent/workers/queue"
)

// Pacing says how fast marketing and research mail may leave, over all workers. The zero value limits nothing.
type Pacing struct {
	Limiter *limits.Limiter // shared by all workers through Redis
	Relay   pace.Rate       // of the marketing relay
	Warmup  pace.Warmup
	Domains pace.Domains // of each recipient domain
}

// warmupPause is how often a lane looks whether the day of a warm-up is over, or somebody gave mails back.
const warmupPause = 2 * time.Second

// ReasonThrottled is why a mail waits that a rate limit held back.
const ReasonThrottled = "throttled"

// turn is how many mails a lane may claim now; when none, after how long it should ask again.
func (p *Pacing) turn(ctx context.Context, s *campaigns.Service, campaignID string, perHour, want int) (n int, wait time.Duration, err error) {
	var rates []limits.Limit
	if !p.Relay.IsZero() {
		rates = append(rates, limits.Limit{Key: "relay", Rate: p.Relay})
	}
	if perHour > 0 {
		rates = append(rates, limits.Limit{Key: "campaign:" + campaignID, Rate: pace.Rate{N: perHour, Per: time.Hour}})
	}
	n = want
	if len(rates) > 0 && p.Limiter != nil {
		if n, wait, err = p.Limiter.Take(ctx, want, rates...); err != nil || n == 0 {
			return 0, max(wait, 50*time.Millisecond), err
		}
	}
	if p.Warmup.IsZero() {
		return n, 0, nil
	}
	granted, until, err := s.Reserve(ctx, p.Warmup, n)
	if err == nil && granted == 0 {
		return 0, min(until.Sub(s.Now()), warmupPause), nil
	}
	return granted, 0, err
}

// await waits until the relay's own rate has room for one mail more, or the process stops. The rates of campaigns, of domains and of the
// warm-up are not for what colleagues asked for.
func (p *Pacing) await(ctx context.Context) {
	for !p.Relay.IsZero() && p.Limiter != nil {
		n, wait, err := p.Limiter.Take(ctx, 1, limits.Limit{Key: "relay", Rate: p.Relay})
		if n > 0 || err != nil {
			return
		}
		select {
		case <-queue.Stopping(ctx):
			return
		case <-time.After(wait):
		}
	}
}

// split tells which of the claimed mails their recipients' domains take now; the others wait.
func (p *Pacing) split(ctx context.Context, items []campaigns.Claimed, now time.Time) (ready []campaigns.Claimed, held []campaigns.Outcome) {
	if p.Domains.IsZero() || p.Limiter == nil {
		return items, nil
	}
	byDomain := map[string][]campaigns.Claimed{}
	var order []string
	for _, item := range items {
		domain := item.Person.EmailKey[strings.LastIndexByte(item.Person.EmailKey, '@')+1:]
		if byDomain[domain] == nil {
			order = append(order, domain)
		}
		byDomain[domain] = append(byDomain[domain], item)
	}
	for _, domain := range order {
		list, rate := byDomain[domain], p.Domains.For(domain)
		n, wait := len(list), time.Duration(0)
		if !rate.IsZero() {
			var err error
			if n, wait, err = p.Limiter.Take(ctx, len(list), limits.Limit{Key: "domain:" + domain, Rate: rate}); err != nil {
				n, wait = 0, time.Second
			}
		}
		ready = append(ready, list[:n]...)
		for i, item := range list[n:] {
			due := now.Add(wait)
			if !rate.IsZero() { // one behind the other, so that they do not all come back at once
				due = due.Add(time.Duration(i) * rate.Per / time.Duration(rate.N))
			}
			held = append(held, campaigns.Outcome{ID: item.ID, Status: campaigns.StatusDeferred, Reason: ReasonThrottled, DueAt: due})
		}
	}
	return ready, held
}
