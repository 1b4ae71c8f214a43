package gate

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func day(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// Compliance 41: two years after a purchase, six months after an inquiry.
func TestCanadaImplied(t *testing.T) {
	for _, c := range []struct{ purchase, inquiry, want string }{
		{"", "", ""},
		{"2024-03-15", "", "2026-03-15"},
		{"", "2025-09-15", "2026-03-15"},
		{"2024-03-15", "2025-12-15", "2026-06-15"},
		{"2025-12-15", "2025-12-15", "2027-12-15"},
		{"2024-02-29", "", "2026-02-28"}, // no spill into March
		{"", "2025-08-31", "2026-02-28"},
		{"", "2027-08-31", "2028-02-29"},
	} {
		if got := CanadaImplied(day(c.purchase), day(c.inquiry)); !got.Equal(day(c.want)) {
			t.Errorf("purchase %q, inquiry %q: got %v, want %s", c.purchase, c.inquiry, got, c.want)
		}
	}
}

// Compliance 41: the clock at the boundary blocks.
func TestCanadaBlocksAtTheBoundary(t *testing.T) {
	f := soft(Marketing)
	f.ConsentExpires = CanadaImplied(now.AddDate(-2, 0, 0), time.Time{})
	if got := outcome(Decide(f, now)); got != "deny consent_expired" {
		t.Errorf("two years after the purchase: %s", got)
	}
	if got := outcome(Decide(f, now.Add(-time.Microsecond))); got != "allow allowed" {
		t.Errorf("just before: %s", got)
	}
}

func TestEarliest(t *testing.T) {
	a, b := day("2026-01-01"), day("2026-01-02")
	for _, c := range []struct {
		in   []time.Time
		want time.Time
	}{{nil, time.Time{}}, {[]time.Time{{}, {}}, time.Time{}}, {[]time.Time{{}, b, a}, a}, {[]time.Time{a, {}}, a}} {
		if got := Earliest(c.in...); !got.Equal(c.want) {
			t.Errorf("%v: got %v", c.in, got)
		}
	}
}

func TestParseCap(t *testing.T) {
	for in, want := range map[string]Cap{"": {}, "off": {}, "3/168h": {3, 168 * time.Hour}, "1/30m": {1, 30 * time.Minute}} {
		got, err := ParseCap(in)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v", in, got, err)
		}
		if back, err := ParseCap(got.String()); err != nil || back != got {
			t.Errorf("%v prints %s", got, got)
		}
	}
	if s := (Cap{3, 168 * time.Hour}).String(); s != "3/168h" {
		t.Errorf("got %s", s)
	}
	for _, in := range []string{"3", "3/", "/168h", "0/1h", "-1/1h", "3/0s", "3/-1h", "3/168", "x/1h", "3/1h/2"} {
		if c, err := ParseCap(in); err == nil || c != (Cap{}) {
			t.Errorf("%q reads as %v, %v", in, c, err)
		}
	}
}

func TestCappedUntil(t *testing.T) {
	ago := func(hours ...int) (sent []time.Time) {
		for _, h := range hours {
			sent = append(sent, now.Add(-time.Duration(h)*time.Hour))
		}
		return sent
	}
	company := Cap{3, 168 * time.Hour}
	for _, c := range []struct {
		name string
		sent []time.Time
		caps []Cap
		want time.Duration // from now; 0 is no wait
	}{
		{"nothing sent", nil, []Cap{company}, 0},
		{"below the cap", ago(1, 2), []Cap{company}, 0},
		{"at the cap, in any order", ago(2, 100, 1), []Cap{company}, 68 * time.Hour},
		{"over the cap", ago(100, 3, 2, 1), []Cap{company}, 165 * time.Hour},
		{"old ones do not count", ago(1, 2, 169, 300), []Cap{company}, 0},
		{"the window's end is free", ago(1, 2, 168), []Cap{company}, 0},
		{"their weekly choice", ago(1), []Cap{company, Weekly.Cap()}, 167 * time.Hour},
		{"their monthly choice", ago(24), []Cap{company, Monthly.Cap()}, 29 * 24 * time.Hour},
		{"the stricter wins", ago(2, 3, 1), []Cap{company, {1, 2 * time.Hour}}, 165 * time.Hour},
		{"no limits", ago(1, 1, 1), []Cap{{}, Each.Cap(), {0, time.Hour}, {1, 0}}, 0},
		{"what is no frequency", ago(24), []Cap{Frequency("daily").Cap()}, 29 * 24 * time.Hour},
	} {
		want := time.Time{}
		if c.want > 0 {
			want = now.Add(c.want)
		}
		before := slices.Clone(c.sent)
		if got := CappedUntil(c.sent, now, c.caps...); !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", c.name, got, want)
		}
		if !slices.Equal(before, c.sent) {
			t.Errorf("%s: the argument was changed", c.name)
		}
	}
}

// However mails are spread, no window ever holds more than the cap.
func TestTheCapHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Cap{rapid.IntRange(1, 4).Draw(t, "count"), time.Duration(rapid.IntRange(1, 48).Draw(t, "hours")) * time.Hour}
		var sent []time.Time
		at := now
		for range 30 {
			at = at.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "minutes")) * time.Minute)
			if until := c.Until(sent, at); until.IsZero() {
				sent = append(sent, at)
			} else if !until.After(at) {
				t.Fatalf("at %v: until %v", at, until)
			} else if !c.Until(sent, until).IsZero() {
				t.Fatalf("still capped at the end, %v", until)
			}
		}
		for i := c.Count; i < len(sent); i++ {
			if sent[i].Sub(sent[i-c.Count]) < c.Window {
				t.Fatalf("%d mails within %v: %v", c.Count+1, c.Window, sent)
			}
		}
	})
}

func TestParseFrequency(t *testing.T) {
	for in, want := range map[string]Frequency{"": Each, "each": Each, "weekly": Weekly, "monthly": Monthly} {
		if got, ok := ParseFrequency(in); !ok || got != want {
			t.Errorf("%q: got %q, %v", in, got, ok)
		}
	}
	if f, ok := ParseFrequency("daily"); ok || f != "" {
		t.Errorf("daily reads as %q", f)
	}
}
