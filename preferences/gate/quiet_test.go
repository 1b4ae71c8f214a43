package gate

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestParseQuiet(t *testing.T) {
	for in, want := range map[string]Quiet{"": {}, "off": {}, "22:00-07:00": {1320, 420}, "00:00-06:30": {0, 390}, "23:59-00:00": {1439, 0}} {
		got, err := ParseQuiet(in)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v", in, got, err)
		}
		if back, err := ParseQuiet(got.String()); err != nil || back != got {
			t.Errorf("%v prints %s", got, got)
		}
	}
	for _, in := range []string{"22:00", "22-07", "22:00-24:00", "22:00-7:00", "22:00-22:00", "25:00-07:00", "22:60-07:00", "22:00 07:00", "22:00-07:00x"} {
		if q, err := ParseQuiet(in); err == nil || q != (Quiet{}) {
			t.Errorf("%q reads as %v, %v", in, q, err)
		}
	}
}

func TestQuietUntil(t *testing.T) {
	night, noon := Quiet{22 * 60, 7 * 60}, Quiet{12 * 60, 13 * 60}
	for _, c := range []struct {
		name  string
		quiet Quiet
		zone  string
		now   string
		want  string // "" is not quiet
	}{
		{"by day", night, "UTC", "2026-03-01T12:00:00Z", ""},
		{"evening", night, "UTC", "2026-03-01T22:00:00Z", "2026-03-02T07:00:00Z"},
		{"just before", night, "UTC", "2026-03-01T21:59:59Z", ""},
		{"after midnight", night, "UTC", "2026-03-02T03:00:00Z", "2026-03-02T07:00:00Z"},
		{"its last second", night, "UTC", "2026-03-02T06:59:59Z", "2026-03-02T07:00:00Z"},
		{"its end", night, "UTC", "2026-03-02T07:00:00Z", ""},
		{"within one day", noon, "UTC", "2026-03-02T12:30:00Z", "2026-03-02T13:00:00Z"},
		{"the recipient's clock", night, "America/New_York", "2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z"},
		{"last day of a month", night, "Asia/Kolkata", "2026-02-28T17:00:00Z", "2026-03-01T01:30:00Z"},
		{"clocks go forward in the night", night, "Europe/Amsterdam", "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"},
		{"clocks go back in the night", night, "Europe/Amsterdam", "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"},
		{"an end that comes twice", Quiet{22 * 60, 150}, "Europe/Amsterdam", "2026-10-25T01:15:00Z", "2026-10-25T01:30:00Z"},
		{"the second time around", Quiet{22 * 60, 90}, "America/New_York", "2026-11-01T06:15:00Z", "2026-11-01T06:30:00Z"},
		{"off", Quiet{}, "UTC", "2026-03-02T00:00:00Z", ""},
	} {
		at, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		var want time.Time
		if c.want != "" {
			if want, err = time.Parse(time.RFC3339, c.want); err != nil {
				t.Fatal(err)
			}
		}
		if got := c.quiet.Until(zone(t, c.zone), at); !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", c.name, got, want)
		}
	}
	if got := night.Until(nil, time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)); !got.Equal(time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)) {
		t.Errorf("no zone: got %v", got)
	}
}

// In every zone, whatever its clocks do: the answer lies ahead, is not quiet,
// and less than a day and an hour away.
func TestQuietEndsWhereItIsNotQuiet(t *testing.T) {
	zones := []string{"UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "Africa/Cairo", "Atlantic/Azores"}
	rapid.Check(t, func(t *rapid.T) {
		q := Quiet{rapid.IntRange(0, 1439).Draw(t, "from"), rapid.IntRange(0, 1439).Draw(t, "to")}
		loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1262304000, 1893456000).Draw(t, "now"), 0)
		until := q.Until(loc, at)
		quiet := q.From != q.To && q.holds(at.In(loc))
		if until.IsZero() != !quiet {
			t.Fatalf("%v at %v: until %v", q, at.In(loc), until)
		}
		if quiet && (!until.After(at) || q.holds(until.In(loc)) || until.Sub(at) > 49*time.Hour) {
			t.Fatalf("%v at %v: until %v", q, at.In(loc), until.In(loc))
		}
	})
}
