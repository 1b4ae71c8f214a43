package abtest

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.0001 {
		t.Errorf("%s is %.4f, not %.4f", what, got, want)
	}
}

// The figures are those of Newcombe's papers of 1998, method 3 for one share and method 10 for two.
func TestIntervalsAreThoseOfTheLiterature(t *testing.T) {
	for _, c := range []struct {
		arm       Arm
		low, high float64
	}{{Arm{81, 263}, 0.2553, 0.3662}, {Arm{15, 148}, 0.0624, 0.1605}, {Arm{0, 20}, 0, 0.1611}, {Arm{1, 29}, 0.0061, 0.1718}} {
		w := c.arm.Wilson()
		near(t, "the lower limit", w.Low, c.low)
		near(t, "the upper limit", w.High, c.high)
	}
	for _, c := range []struct {
		a, b      Arm
		low, high float64
	}{{Arm{56, 70}, Arm{48, 80}, 0.0524, 0.3339}, {Arm{9, 10}, Arm{3, 10}, 0.1705, 0.8090}, {Arm{10, 10}, Arm{0, 20}, 0.6791, 1}, {Arm{0, 10}, Arm{0, 20}, -0.1611, 0.2775}} {
		d := difference(c.a, c.b, z(level))
		near(t, "the lower limit of the difference", d.Low, c.low)
		near(t, "the upper limit of the difference", min(1, d.High), c.high)
	}
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		arms  []Arm
		fewer bool
		want  Verdict
	}{
		"clear":            {[]Arm{{20, 1000}, {60, 1000}}, false, Verdict{1, true}},
		"fewer is better":  {[]Arm{{20, 1000}, {60, 1000}}, true, Verdict{0, true}},
		"too close":        {[]Arm{{50, 1000}, {55, 1000}}, false, Verdict{1, false}},
		"equal":            {[]Arm{{50, 1000}, {50, 1000}}, false, Verdict{0, false}},
		"nothing happened": {[]Arm{{0, 1000}, {0, 1000}, {0, 1000}}, false, Verdict{0, false}},
		"nobody":           {[]Arm{{0, 0}, {0, 0}}, false, Verdict{0, false}},
		"one had nobody":   {[]Arm{{0, 0}, {1, 10}}, true, Verdict{1, false}},
		"two are close":    {[]Arm{{20, 1000}, {60, 1000}, {58, 1000}}, false, Verdict{1, false}},
		// Shown between two, but not where it is the best of four.
		"of two":  {[]Arm{{50, 1000}, {72, 1000}}, false, Verdict{1, true}},
		"of four": {[]Arm{{50, 1000}, {72, 1000}, {50, 1000}, {50, 1000}}, false, Verdict{1, false}},
	} {
		if got := Judge(c.arms, c.fewer); got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Where there is no difference, one is shown in at most about one of twenty tests.
func TestNoDifferenceIsSeldomShown(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, arms := range []int{2, 4} {
		shown := 0
		const runs = 2000
		for range runs {
			list := make([]Arm, arms)
			for i := range list {
				list[i].N = 500
				for range 500 {
					if r.Float64() < 0.06 {
						list[i].Hits++
					}
				}
			}
			if Judge(list, false).Shown {
				shown++
			}
		}
		if share := float64(shown) / runs; share > 0.06 {
			t.Errorf("%d equal texts: a difference is shown in %.1f%% of tests", arms, 100*share)
		}
	}
}
