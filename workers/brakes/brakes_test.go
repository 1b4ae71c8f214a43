package brakes

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestComplaintRateAlertsAtATenthAndStopsAtThreeTenthsOfAPercent(t *testing.T) {
	l := Defaults()
	for _, c := range []struct {
		sent, complained int64
		want             Level
	}{
		{0, 0, OK}, {0, 5, OK}, {99, 3, OK},
		{1000, 0, OK}, {1000, 1, Alert}, {1001, 1, OK}, {1000, 2, Alert}, {1000, 3, Stop},
		{10_000, 9, OK}, {10_000, 10, Alert}, {10_000, 29, Alert}, {10_000, 30, Stop},
		{100, 1, Stop}, {100, 200, Stop},
		{3_000_000_000, 2_999_999, OK}, {3_000_000_000, 3_000_000, Alert}, {3_000_000_000, 9_000_000, Stop},
	} {
		v := l.Judge(Counts{Sent: c.sent, Complained: c.complained})
		if v.Complaints != c.want || v.Level != c.want {
			t.Errorf("%d of %d: %v (level %v), want %v", c.complained, c.sent, v.Complaints, v.Level, c.want)
		}
	}
}

func TestBounceRate(t *testing.T) {
	l := Defaults()
	for _, c := range []struct {
		bounced int64
		want    Level
	}{{0, OK}, {19, OK}, {20, Alert}, {49, Alert}, {50, Stop}} {
		if v := l.Judge(Counts{Sent: 1000, Bounced: c.bounced}); v.Bounces != c.want {
			t.Errorf("%d of 1000: %v, want %v", c.bounced, v.Bounces, c.want)
		}
	}
}

func TestDeferralsNeverStopACampaign(t *testing.T) {
	v := Defaults().Judge(Counts{Sent: 100, Deferred: 900})
	if v.Deferrals != Stop || v.Level != Alert {
		t.Errorf("deferrals %v, level %v; want stop for the domain and alert for the campaign", v.Deferrals, v.Level)
	}
	if v.DeferralRate.Percent() != 90 {
		t.Errorf("rate %v %%, want 90", v.DeferralRate.Percent())
	}
}

func TestAZeroLimitIsNeverReached(t *testing.T) {
	if v := (Limits{}).Judge(Counts{Sent: 10, Complained: 10, Bounced: 10, Deferred: 10}); v.Level != OK {
		t.Errorf("level %v without limits", v.Level)
	}
}

func TestMoreComplaintsNeverLowerTheLevel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.Int64Range(0, 1<<40).Draw(t, "sent")
		n := rapid.Int64Range(0, 1<<40).Draw(t, "complaints")
		a := Defaults().Judge(Counts{Sent: sent, Complained: n})
		b := Defaults().Judge(Counts{Sent: sent, Complained: n + 1})
		if b.Level < a.Level {
			t.Fatalf("%v after %v", b.Level, a.Level)
		}
	})
}

func TestFivePolicyRefusalsInARowPause(t *testing.T) {
	var r Replies
	for i := range 4 {
		if r.Add(true) {
			t.Fatalf("paused after %d", i+1)
		}
	}
	if r.Add(false) || r.Run() != 0 {
		t.Fatal("a delivered mail must end the run")
	}
	for range 4 {
		r.Add(true)
	}
	if !r.Add(true) {
		t.Fatal("five in a row did not pause")
	}
	r.Reset()
	if r.Pause() || r.Count() != 0 {
		t.Fatal("reset kept something")
	}
}

func TestOnePercentOfTheLastThousandPauses(t *testing.T) {
	var r Replies
	for i := 1; i <= 1000; i++ {
		pause := r.Add(i%100 == 0)
		if want := i == 1000; pause != want {
			t.Fatalf("after %d replies with %d refusals: pause %v", i, r.Refused(), pause)
		}
	}
}

func TestOldRefusalsLeaveTheWindow(t *testing.T) {
	var r Replies
	for i := range 9 {
		r.Add(true)
		r.Add(false)
		if r.Pause() {
			t.Fatalf("paused at refusal %d", i+1)
		}
	}
	for range 1000 {
		r.Add(false)
	}
	if r.Refused() != 0 || r.Add(true) {
		t.Fatalf("%d refusals are still counted", r.Refused())
	}
}

func TestTheWindowEqualsANaiveCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Bool(), 0, 2500).Draw(t, "replies")
		var r Replies
		for _, p := range all {
			r.Add(p)
		}
		want := 0
		for _, p := range all[max(0, len(all)-policyWindow):] {
			if p {
				want++
			}
		}
		if r.Refused() != want {
			t.Fatalf("%d refusals, want %d", r.Refused(), want)
		}
	})
}

func TestSoftBouncesSuppressOnlyAfterARunOverDays(t *testing.T) {
	rule := DefaultSoftRule()
	start := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	run := func(offsets ...time.Duration) SoftRun {
		var r SoftRun
		for _, o := range offsets {
			r = r.Bounced(start.Add(o), rule)
		}
		return r
	}
	const d = 24 * time.Hour
	for _, c := range []struct {
		name string
		run  SoftRun
		want bool
	}{
		{"none", SoftRun{}, false},
		{"ten in an afternoon", run(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), false},
		{"five over five days", run(0, d, 2*d, 3*d, 4*d), false},
		{"five over a week", run(0, d, 2*d, 3*d, 7*d), true},
		{"four over a month", run(0, 7*d, 14*d, 30*d), false},
		{"five over a week, one late", run(0, d, 2*d, 7*d, 3*d), true},
		{"quiet months between", run(0, d, 2*d, 3*d, 90*d), false},
	} {
		if got := c.run.Suppress(rule); got != c.want {
			t.Errorf("%s: %v, want %v (%+v)", c.name, got, c.want, c.run)
		}
	}
	if (SoftRun{}).Suppress(SoftRule{}) {
		t.Error("an address that never bounced is suppressed by an empty rule")
	}
}

func TestARuleForSoftBouncesIsReadAndOneThatIsRashIsRefused(t *testing.T) {
	for _, text := range []string{"5/3/168h", "2/2/24h"} {
		if r, err := ParseSoftRule(text); err != nil || r.String() != text || r.Quiet < 2*r.Span {
			t.Errorf("%s: %s, %v", text, r, err)
		}
	}
	if r, err := ParseSoftRule(DefaultSoftRule().String()); err != nil || r != DefaultSoftRule() {
		t.Errorf("%+v, %v", r, err)
	}
	for _, text := range []string{"", "5", "5/3", "5/3/168h/1", "x/3/168h", "1/1/168h", "5/1/168h", "3/5/168h", "5/3/1h", "5/3/week", "-5/3/168h"} {
		if r, err := ParseSoftRule(text); err == nil {
			t.Errorf("%q was taken: %s", text, r)
		}
	}
}
