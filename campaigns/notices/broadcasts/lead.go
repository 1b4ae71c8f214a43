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

// After is the first instant that is the lead time or more after at. A month ends on the same day of a later month, or on the
// last one of it if it has no such day.
func (l Lead) After(at time.Time) time.Time {
	at = at.UTC()
	if l.Months == 0 {
		return at.AddDate(0, 0, l.Days)
	}
	first := time.Date(at.Year(), at.Month(), 1, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC).AddDate(0, l.Months, 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(at.Day(), last)-1)
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
