package abtest

import "math"

// level is how often, at most, a difference is shown where there is none.
const level = 0.05

// Arm is one text: how many got it, and how many of them did what is measured.
type Arm struct{ Hits, N int64 }

// Share is the share of an arm, 0 without anybody.
func (a Arm) Share() float64 {
	if a.N == 0 {
		return 0
	}
	return float64(a.Hits) / float64(a.N)
}

// Interval is where a share or a difference lies, as far as is known.
type Interval struct{ Low, High float64 }

// z is how many standard deviations hold all but alpha of the normal distribution, half of it on either side.
func z(alpha float64) float64 { return math.Sqrt2 * math.Erfinv(1-alpha) }

// Wilson is where the true share of an arm lies, 19 times out of 20.
func (a Arm) Wilson() Interval { return a.wilson(z(level)) }

func (a Arm) wilson(z float64) Interval {
	if a.N == 0 {
		return Interval{0, 1}
	}
	n, p := float64(a.N), a.Share()
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Interval{max(0, middle-half), min(1, middle+half)}
}

// difference is where the share of a less that of b lies.
func difference(a, b Arm, z float64) Interval {
	wa, wb := a.wilson(z), b.wilson(z)
	d := a.Share() - b.Share()
	return Interval{d - math.Hypot(a.Share()-wa.Low, wb.High-b.Share()), d + math.Hypot(wa.High-a.Share(), b.Share()-wb.Low)}
}

// Verdict is what a test shows.
type Verdict struct {
	// Best is the place of the arm that did best, the first of equals.
	Best int
	// Shown tells that it did better than every other by more than chance explains.
	Shown bool
}

// Judge finds the arm with the largest share, or with fewer the smallest.
func Judge(arms []Arm, fewer bool) Verdict {
	v := Verdict{}
	better := func(a, b Arm) bool {
		if a.N == 0 || b.N == 0 { // nobody got it, so nothing is known of it
			return a.N > 0 && b.N == 0
		}
		if fewer {
			return a.Share() < b.Share()
		}
		return a.Share() > b.Share()
	}
	for i, a := range arms {
		if better(a, arms[v.Best]) {
			v.Best = i
		}
	}
	if len(arms) < 2 {
		return v
	}
	limit := z(level / float64(len(arms)-1))
	v.Shown = true
	for i, other := range arms {
		if i == v.Best {
			continue
		}
		d := difference(arms[v.Best], other, limit)
		if fewer {
			v.Shown = v.Shown && d.High < 0
		} else {
			v.Shown = v.Shown && d.Low > 0
		}
	}
	return v
}
