package gate

import (
	"fmt"
	"time"
)

// Quiet is a daily stretch of quiet hours by the recipient's clock, in minutes
// after midnight, From inclusive and To exclusive; it may run over midnight.
// Equal ends, as in the zero Quiet, are no quiet hours.
type Quiet struct{ From, To int }

// ParseQuiet reads "22:00-07:00". "" and "off" are no quiet hours.
func ParseQuiet(s string) (Quiet, error) {
	if s == "" || s == "off" {
		return Quiet{}, nil
	}
	if len(s) == len("22:00-07:00") && s[5] == '-' {
		from, err := time.Parse("15:04", s[:5])
		to, err2 := time.Parse("15:04", s[6:])
		if err == nil && err2 == nil && !from.Equal(to) {
			return Quiet{minutes(from), minutes(to)}, nil
		}
	}
	return Quiet{}, fmt.Errorf("gate: %q is not a stretch of quiet hours such as 22:00-07:00", s)
}

func (q Quiet) String() string {
	if q.From == q.To {
		return "off"
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", q.From/60, q.From%60, q.To/60, q.To%60)
}

// Until returns when the quiet hours around now end in the given zone, zero if
// now is not in them. A nil zone is UTC.
func (q Quiet) Until(zone *time.Location, now time.Time) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	local := now.In(zone)
	if !q.holds(local) {
		return time.Time{}
	}
	y, m, d := local.Date()
	if minutes(local) >= q.To {
		d++ // the end is tomorrow
	}
	end := time.Date(y, m, d, 0, q.To, 0, 0, zone)
	// When clocks are set back the end can come twice, and when they are set
	// forward it may not exist: go on to the first quarter that is not quiet.
	for !end.After(local) || q.holds(end) {
		end = end.Truncate(15 * time.Minute).Add(15 * time.Minute)
	}
	return end.UTC()
}

func (q Quiet) holds(local time.Time) bool {
	at := minutes(local)
	if q.From <= q.To {
		return q.From <= at && at < q.To
	}
	return at >= q.From || at < q.To
}

func minutes(t time.Time) int { return t.Hour()*60 + t.Minute() }
