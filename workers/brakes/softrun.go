package brakes

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

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

// ParseSoftRule reads how many bounces, on how many days, over which time end in suppression, such as 5/3/168h.
func ParseSoftRule(text string) (SoftRule, error) {
	wrong := errors.New("want bounces, days and time, such as 5/3/168h for five on three days that are a week apart")
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return SoftRule{}, wrong
	}
	rule := DefaultSoftRule()
	var bad [3]error
	rule.Count, bad[0] = strconv.Atoi(strings.TrimSpace(parts[0]))
	rule.Days, bad[1] = strconv.Atoi(strings.TrimSpace(parts[1]))
	rule.Span, bad[2] = time.ParseDuration(strings.TrimSpace(parts[2]))
	if errors.Join(bad[:]...) != nil || rule.Count < 2 || rule.Days < 2 || rule.Days > rule.Count || rule.Span < 24*time.Hour {
		return SoftRule{}, wrong // one bad day says nothing about an address
	}
	rule.Quiet = max(rule.Quiet, 2*rule.Span)
	return rule, nil
}

// String is the form that ParseSoftRule reads.
func (r SoftRule) String() string {
	return fmt.Sprintf("%d/%d/%s", r.Count, r.Days, strings.TrimSuffix(r.Span.String(), "0m0s"))
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
