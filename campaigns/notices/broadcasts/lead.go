package broadcasts

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Lead is a stretch of calendar time: so many months or so many days.
type Lead struct{ Months, Days int }

// maxLead bounds what an administrator may ask for.
const maxLead = 3660

// ParseLead reads an ISO 8601 duration of days or months: P30D, P2M; empty or P0D is none.
func ParseLead(text string) (Lead, error) {
	if text == "" {
		return Lead{}, nil
	}
	wrong := fmt.Errorf("%q is not a duration of days or months such as P30D or P2M", text)
	rest, ok := strings.CutPrefix(text, "P")
	if !ok || len(rest) < 2 {
		return Lead{}, wrong
	}
	n, err := strconv.Atoi(rest[:len(rest)-1])
	if err != nil || n < 0 || n > maxLead || rest[0] == '+' {
		return Lead{}, wrong
	}
	switch rest[len(rest)-1] {
	case 'D':
		return Lead{Days: n}, nil
	case 'M':
		return Lead{Months: n}, nil
	}
	return Lead{}, wrong
}

// String is the form that [ParseLead] reads.
func (l Lead) String() string {
	if l.Months > 0 {
		return "P" + strconv.Itoa(l.Months) + "M"
	}
	return "P" + strconv.Itoa(l.Days) + "D"
}

// Words is the lead time for people.
func (l Lead) Words() string {
	n, unit := l.Days, "day"
	if l.Months > 0 {
		n, unit = l.Months, "month"
	}
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}

// MarshalText is [Lead.String].
func (l Lead) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText is [ParseLead].
func (l *Lead) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLead(string(text))
	return err
}

// Zero tells whether there is no lead time.
func (l Lead) Zero() bool { return l == Lead{} }

// After is the first instant that is the lead time or more after at, in UTC. A month ends at the same time of the same day of a
// later month; if that month has no such day, with the end of it (Regulation (EEC, Euratom) 1182/71 art. 3(2)(c)). A later
// start never ends earlier.
func (l Lead) After(at time.Time) time.Time { return l.in(at, time.UTC) }

// AfterIn is [Lead.After] by the calendars of UTC and of a time zone, whichever ends later: a day on which the clocks are put
// back has 25 hours, and a month may begin a day earlier there.
func (l Lead) AfterIn(at time.Time, zone *time.Location) time.Time {
	utc := l.After(at)
	if local := l.in(at, zone).UTC(); local.After(utc) {
		return local
	}
	return utc
}

func (l Lead) in(at time.Time, zone *time.Location) time.Time {
	at = at.In(zone)
	if l.Months == 0 {
		return at.AddDate(0, 0, l.Days)
	}
	first := time.Date(at.Year(), at.Month()+time.Month(l.Months), 1, 0, 0, 0, 0, zone)
	if last := first.AddDate(0, 1, -1).Day(); at.Day() > last {
		return first.AddDate(0, 1, 0)
	}
	return time.Date(first.Year(), first.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), zone)
}

// latest is the last instant, to the microsecond, after which the lead time ends at end or before.
func (l Lead) latest(end time.Time, zone *time.Location) time.Time {
	if l.Zero() {
		return end
	}
	early, late := end.AddDate(0, -l.Months-2, -l.Days-2), end // the last that is known to do, and one that does not
	for late.Sub(early) > time.Microsecond {
		middle := early.Add(late.Sub(early) / 2).Truncate(time.Microsecond)
		if l.AfterIn(middle, zone).After(end) {
			late = middle
		} else {
			early = middle
		}
	}
	return early
}

// longer is the one of two that ends later when both begin at the same instant.
func longer(a, b Lead, from time.Time) Lead {
	if b.After(from).After(a.After(from)) {
		return b
	}
	return a
}

// Defaults are the lead times of a new installation by obligation; others have none.
var Defaults = map[string]Lead{"terms_change": {Days: 30}, "privacy_change": {Days: 30}}

// Jurisdictions are rules that ask for a least lead time, by their key and obligation. A site that is under one of them, or a
// broadcast that names it, cannot go below.
var Jurisdictions = map[string]map[string]Lead{
	"payment_services": {"terms_change": {Months: 2}},                          // Directive (EU) 2015/2366 art. 54(1)
	"platforms":        {"terms_change": {Days: 15}},                           // Regulation (EU) 2019/1150 art. 3(2)
	"telecoms":         {"terms_change": {Months: 1}, "contract": {Months: 1}}, // Directive (EU) 2018/1972 art. 105(4)
}

// Rules are what an administrator sets about lead times.
type Rules struct {
	LeadTimes     map[string]Lead `json:"lead_times"`    // by obligation, in place of the defaults
	Jurisdictions []string        `json:"jurisdictions"` // that the whole site is under
}

// Lead is the time that must lie between the acceptance of each mail and the change, for a broadcast that begins at from.
func (r Rules) Lead(obligation, jurisdiction string, from time.Time) Lead {
	lead, ok := r.LeadTimes[obligation]
	if !ok {
		lead = Defaults[obligation]
	}
	for _, key := range append([]string{jurisdiction}, r.Jurisdictions...) {
		lead = longer(lead, Jurisdictions[key][obligation], from)
	}
	return lead
}
