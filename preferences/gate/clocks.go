package gate

import "time"

// CanadaImplied is when implied consent under Canada's anti-spam law runs out
// (CASL s. 10(10) and (13)): two years after the last purchase or six months
// after the last inquiry, whichever is later. A zero time means that there was
// none; with neither the answer is zero, and the caller has no implied consent.
func CanadaImplied(purchase, inquiry time.Time) time.Time {
	var until time.Time
	if !purchase.IsZero() {
		until = addMonths(purchase, 24)
	}
	if !inquiry.IsZero() {
		until = later(until, addMonths(inquiry, 6))
	}
	return until
}

// addMonths is AddDate without the spill into the next month: six months after
// 31 August is 28 or 29 February.
func addMonths(t time.Time, n int) time.Time {
	t = t.UTC()
	sum := t.AddDate(0, n, 0)
	if sum.Day() != t.Day() {
		sum = sum.AddDate(0, 0, -sum.Day())
	}
	return sum
}

// Earliest returns the earliest of the times that are not zero, zero if all
// are: for an end that several clocks set, such as a topic's consent lifetime
// and a country's own limit.
func Earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
