package gate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cap is the most mails in any window of time. The zero Cap has no limit.
type Cap struct {
	Count  int
	Window time.Duration
}

// ParseCap reads "3/168h": at most 3 mails in any 168 hours. "" and "off" are
// no limit.
func ParseCap(s string) (Cap, error) {
	if s == "" || s == "off" {
		return Cap{}, nil
	}
	count, window, ok := strings.Cut(s, "/")
	n, err := strconv.Atoi(count)
	d, err2 := time.ParseDuration(window)
	if !ok || err != nil || err2 != nil || n < 1 || d <= 0 {
		return Cap{}, fmt.Errorf("gate: %q is not a frequency cap such as 3/168h", s)
	}
	return Cap{n, d}, nil
}

func (c Cap) String() string {
	if c.Count < 1 || c.Window <= 0 {
		return "off"
	}
	if c.Window%time.Hour == 0 {
		return fmt.Sprintf("%d/%dh", c.Count, c.Window/time.Hour)
	}
	return fmt.Sprintf("%d/%s", c.Count, c.Window)
}

// Until returns when the next mail may go, given when earlier ones went (in any
// order; those outside the window do no harm): zero if it may go now.
func (c Cap) Until(sent []time.Time, now time.Time) time.Time {
	if c.Count < 1 || c.Window <= 0 || len(sent) < c.Count {
		return time.Time{}
	}
	newest := slices.SortedFunc(slices.Values(sent), func(a, b time.Time) int { return b.Compare(a) })
	if until := newest[c.Count-1].Add(c.Window); until.After(now) {
		return until
	}
	return time.Time{}
}

// Frequency is how often a person wants to hear from us at most.
type Frequency string

const (
	Each    Frequency = "each" // every mail as it comes
	Weekly  Frequency = "weekly"
	Monthly Frequency = "monthly"
)

// ParseFrequency reads a frequency; "" is Each.
func ParseFrequency(s string) (Frequency, bool) {
	switch f := Frequency(s); f {
	case Each, Weekly, Monthly:
		return f, true
	case "":
		return Each, true
	}
	return "", false
}

// Cap is the chosen frequency as a cap: one mail in 7 or in 30 days. What is
// not a frequency caps as monthly does, the least mail there is to choose.
func (f Frequency) Cap() Cap {
	switch f {
	case Each, "":
		return Cap{}
	case Weekly:
		return Cap{1, 7 * 24 * time.Hour}
	}
	return Cap{1, 30 * 24 * time.Hour}
}

// CappedUntil applies several caps at once, such as the company's and the
// person's own: the latest of their answers, zero if the mail may go now.
func CappedUntil(sent []time.Time, now time.Time, caps ...Cap) time.Time {
	var until time.Time
	for _, c := range caps {
		until = later(until, c.Until(sent, now))
	}
	return until
}
