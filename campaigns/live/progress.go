package live

import (
	"time"

	"assent/campaigns"
)

// Progress is how one campaign goes.
type Progress struct {
	Campaign *campaigns.Campaign
	Report   campaigns.Report
	// PerSecond is how many mails left a second lately; Left how long the rest takes at the pace at which people are done
	// with. Zero: not known.
	PerSecond float64
	Left      time.Duration
}

// Runs tells whether it is under way, or held.
func (p Progress) Runs() bool {
	return p.Campaign.Status == campaigns.StatusSending || p.Campaign.Status == campaigns.StatusPaused
}

// lately is over how long the pace is taken.
const lately = 20 * time.Second

type sample struct {
	at         time.Time
	sent, done int64
}

// paces remembers the latest readings of each campaign.
type paces map[string][]sample

func (p paces) progress(c *campaigns.Campaign, r campaigns.Report, now time.Time) Progress {
	list := append(p[c.ID], sample{now, r.Sent, r.Done()})
	for len(list) > 2 && now.Sub(list[0].at) > lately {
		list = list[1:]
	}
	if c.Status != campaigns.StatusSending {
		list = list[len(list)-1:] // what stands still has no pace, and begins afresh
	}
	p[c.ID] = list
	out := Progress{Campaign: c, Report: r}
	if c.Status != campaigns.StatusSending {
		return out
	}
	first := list[0]
	if len(list) < 2 { // the first reading: the pace since it began
		first = sample{at: c.StartedAt}
	}
	out.PerSecond, out.Left = Pace(now.Sub(first.at), r.Sent-first.sent, r.Done()-first.done, Waiting(r))
	return out
}

// Pace is how many mails left a second in a time, and how long it will take until nobody waits, at the pace at which people
// were done with in that time. What is held back until a later hour is none of it.
func Pace(took time.Duration, sent, done, waiting int64) (perSecond float64, left time.Duration) {
	if took <= 0 {
		return 0, 0
	}
	if sent > 0 {
		perSecond = float64(sent) / took.Seconds()
	}
	if done > 0 && waiting > 0 {
		left = time.Duration(float64(took) / float64(done) * float64(waiting)).Round(time.Second)
	}
	return perSecond, left
}

// Waiting are those of whom nothing is decided yet.
func Waiting(r campaigns.Report) int64 { return max(0, r.Total-r.Done()-r.Deferred) }
