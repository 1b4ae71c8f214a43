package pace

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is a number of messages in a length of time: "20/s", "100/m", "5000/h", "3/168h". The zero Rate limits nothing.
type Rate struct {
	N   int
	Per time.Duration
}

var units = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// ParseRate reads a number, a slash, and a unit (s, m, h, d) or a duration. Both must be above zero.
func ParseRate(text string) (Rate, error) {
	number, per, ok := strings.Cut(strings.TrimSpace(text), "/")
	if !ok {
		return Rate{}, errors.New("want a number and a length of time, such as 20/s or 3/168h")
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return Rate{}, errors.New("want a whole number above zero before the slash, such as 20/s or 3/168h")
	}
	d, ok := units[per]
	if !ok {
		if d, err = time.ParseDuration(per); err != nil || d <= 0 {
			return Rate{}, errors.New("want s, m, h, d or a duration above zero after the slash, such as 20/s or 3/168h")
		}
	}
	return Rate{N: n, Per: d}, nil
}

// IsZero says whether the rate limits nothing.
func (r Rate) IsZero() bool { return r.N == 0 }

// PerSecond is the rate as messages a second; 0 where it limits nothing.
func (r Rate) PerSecond() float64 {
	if r.IsZero() {
		return 0
	}
	return float64(r.N) / r.Per.Seconds()
}

// String is the form that ParseRate reads; empty for the zero Rate.
func (r Rate) String() string {
	if r.IsZero() {
		return ""
	}
	for unit, d := range units {
		if r.Per == d {
			return fmt.Sprintf("%d/%s", r.N, unit)
		}
	}
	return fmt.Sprintf("%d/%s", r.N, duration(r.Per))
}

// duration writes 168h0m0s as 168h.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
