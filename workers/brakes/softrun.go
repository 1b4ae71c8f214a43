package brakes

import "time"

// SoftRun is the run of soft bounces of one address: temporary failures and
// full mailboxes without a sign of life between them. It is stored with the
// address; the zero value is no run.
type SoftRun struct {
	First, Last time.Time
	Days        int // distinct UTC days with a bounce
	Count       int
}

// SoftRule says when a run of soft bounces ends in suppression. All three
// minimums must be met: an address that fails ten times in one afternoon has a
// broken server, not a dead mailbox.
type SoftRule struct {
	Count int           // bounces
	Days  int           // distinct days
	Span  time.Duration // from the first bounce to the last
	// Quiet ends a run: a bounce this long after the previous one starts anew,
	// as mail got through in between.
	Quiet time.Duration
}

// DefaultSoftRule suppresses after five soft bounces on three days that lie at
// least a week apart; two quiet months end a run.
func DefaultSoftRule() SoftRule {
	return SoftRule{Count: 5, Days: 3, Span: 7 * 24 * time.Hour, Quiet: 60 * 24 * time.Hour}
}

// Bounced is the run after one more soft bounce. Bounces arrive in any order:
// one from before the run's last counts but moves no clock forward, and adds a
// day only when it is older than the whole run.
func (r SoftRun) Bounced(at time.Time, rule SoftRule) SoftRun {
	at = at.UTC()
	switch {
	case r.Count == 0 || rule.Quiet > 0 && at.Sub(r.Last) > rule.Quiet:
		return SoftRun{First: at, Last: at, Days: 1, Count: 1}
	case at.Before(r.First):
		if day(at) != day(r.First) {
			r.Days++
		}
		r.First = at
	case at.After(r.Last):
		if day(at) != day(r.Last) {
			r.Days++
		}
		r.Last = at
	}
	r.Count++
	return r
}

// Suppress reports whether the run is long enough to give the address up.
func (r SoftRun) Suppress(rule SoftRule) bool {
	return r.Count > 0 && r.Count >= rule.Count && r.Days >= rule.Days && r.Last.Sub(r.First) >= rule.Span
}

func day(t time.Time) int64 { return t.Unix() / 86_400 }
