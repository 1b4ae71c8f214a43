package pace

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Quiet is a stretch of the day in which nobody is to be disturbed, in the recipient's own time zone:
// "22:00-07:00" is quiet from ten at night up to, and no longer at, seven. The zero Quiet is never quiet.
type Quiet struct {
	From, To int // minutes since midnight
}

// ParseQuiet reads two times of day with a hyphen between them. They must differ.
func ParseQuiet(text string) (Quiet, error) {
	from, to, ok := strings.Cut(strings.TrimSpace(text), "-")
	if !ok {
		return Quiet{}, errors.New("want two times of day, such as 22:00-07:00")
	}
	var q Quiet
	for _, part := range []struct {
		text string
		into *int
	}{{from, &q.From}, {to, &q.To}} {
		t, err := time.Parse("15:04", strings.TrimSpace(part.text))
		if err != nil {
			return Quiet{}, errors.New("want two times of day from 00:00 to 23:59, such as 22:00-07:00")
		}
		*part.into = t.Hour()*60 + t.Minute()
	}
	if q.From == q.To {
		return Quiet{}, errors.New("begins and ends at the same time; want two that differ, such as 22:00-07:00")
	}
	return q, nil
}

// IsZero says whether it is never quiet.
func (q Quiet) IsZero() bool { return q.From == q.To }

// Until gives the end of the quiet hours that hold at now in the zone, and the zero time when it is not quiet.
// A time of day that the zone's clocks skip or repeat is taken as Go's time.Date takes it.
func (q Quiet) Until(now time.Time, zone *time.Location) time.Time {
	if q.IsZero() {
		return time.Time{}
	}
	local := now.In(zone)
	minute := local.Hour()*60 + local.Minute()
	quiet, day := q.From <= minute && minute < q.To, 0
	if q.From > q.To {
		quiet = minute >= q.From || minute < q.To
		if minute >= q.From {
			day = 1
		}
	}
	if !quiet {
		return time.Time{}
	}
	end := time.Date(local.Year(), local.Month(), local.Day()+day, q.To/60, q.To%60, 0, 0, zone)
	if !end.After(now) { // the clocks went back over the end
		return time.Time{}
	}
	return end.UTC()
}

// String is the form that ParseQuiet reads; empty for the zero Quiet.
func (q Quiet) String() string {
	if q.IsZero() {
		return ""
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", q.From/60, q.From%60, q.To/60, q.To%60)
}
