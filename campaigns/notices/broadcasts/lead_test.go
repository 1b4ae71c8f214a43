package broadcasts

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// Compliance 74: months, leap days, ends of months, and days on which clocks are changed.
func TestWhenALeadTimeEnds(t *testing.T) {
	for _, tt := range []struct{ lead, zone, from, ends, why string }{
		{"P30D", "UTC", "2026-05-01T09:00:00Z", "2026-05-31T09:00:00Z", "plain days"},
		{"P30D", "UTC", "2028-02-10T09:00:00Z", "2028-03-11T09:00:00Z", "a leap day is a day"},
		{"P30D", "UTC", "2027-02-10T09:00:00Z", "2027-03-12T09:00:00Z", "no leap day"},
		{"P15D", "UTC", "2028-02-29T23:59:59.999999Z", "2028-03-15T23:59:59.999999Z", "from the leap day"},
		{"P1M", "UTC", "2028-01-29T10:00:00Z", "2028-02-29T10:00:00Z", "to the leap day"},
		{"P1M", "UTC", "2027-01-29T10:00:00Z", "2027-03-01T00:00:00Z", "no such day: the end of the month"},
		{"P1M", "UTC", "2027-01-31T10:00:00Z", "2027-03-01T00:00:00Z", "no such day: the end of the month"},
		{"P1M", "UTC", "2027-02-28T10:00:00Z", "2027-03-28T10:00:00Z", "the last day is a day as others"},
		{"P2M", "UTC", "2026-12-31T10:00:00Z", "2027-03-01T00:00:00Z", "over the year, no such day"},
		{"P2M", "UTC", "2026-07-31T10:00:00Z", "2026-10-01T00:00:00Z", "30 days has September"},
		{"P2M", "UTC", "2026-05-15T10:00:00Z", "2026-07-15T10:00:00Z", "plain months"},
		{"P12M", "UTC", "2028-02-29T10:00:00Z", "2029-03-01T00:00:00Z", "a year from the leap day"},
		{"P30D", "Europe/Amsterdam", "2026-10-01T09:00:00Z", "2026-10-31T10:00:00Z", "one of the days has 25 hours"},
		{"P30D", "Europe/Amsterdam", "2026-03-10T09:00:00Z", "2026-04-09T09:00:00Z", "one of the days has 23 hours: UTC ends later"},
		{"P1M", "Europe/Amsterdam", "2026-02-28T23:30:00Z", "2026-03-31T22:30:00Z", "it is March there already"},
		{"P1M", "America/New_York", "2026-03-01T03:00:00Z", "2026-04-01T03:00:00Z", "it is February there still: UTC ends later"},
		{"P1M", "Pacific/Auckland", "2026-05-30T13:00:00Z", "2026-06-30T13:00:00Z", "the 31st there, which June does not have: its end, earlier than UTC's"},
		{"P0D", "Europe/Amsterdam", "2026-05-01T09:00:00Z", "2026-05-01T09:00:00Z", "none"},
	} {
		lead, err := ParseLead(tt.lead)
		if err != nil {
			t.Fatal(err)
		}
		if got := lead.AfterIn(at(t, tt.from), zone(t, tt.zone)); !got.Equal(at(t, tt.ends)) {
			t.Errorf("%s from %s in %s ends %s, want %s (%s)", tt.lead, tt.from, tt.zone, got.Format(time.RFC3339Nano), tt.ends, tt.why)
		}
	}
}

// The last instant that does is exact: it does, and one microsecond later does not.
func TestTheLatestAcceptanceIsExact(t *testing.T) {
	zones := []*time.Location{time.UTC, zone(t, "Europe/Amsterdam"), zone(t, "America/New_York"), zone(t, "Pacific/Auckland")}
	rapid.Check(t, func(t *rapid.T) {
		end := time.UnixMicro(rapid.Int64Range(1_750_000_000_000_000, 2_000_000_000_000_000).Draw(t, "end")).UTC()
		lead := rapid.SampledFrom([]Lead{{Days: 1}, {Days: 15}, {Days: 30}, {Days: 365}, {Months: 1}, {Months: 2}, {Months: 12}}).Draw(t, "lead")
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		last := lead.latest(end, loc)
		if lead.AfterIn(last, loc).After(end) {
			t.Fatalf("%s before %s in %s: %s is too late", lead, end, loc, last)
		}
		if !lead.AfterIn(last.Add(time.Microsecond), loc).After(end) {
			t.Fatalf("%s before %s in %s: one microsecond after %s would do too", lead, end, loc, last)
		}
		later := last.Add(time.Duration(rapid.Int64Range(1, int64(40*24*time.Hour/time.Microsecond)).Draw(t, "later")) * time.Microsecond)
		if !lead.AfterIn(later, loc).After(end) {
			t.Fatalf("%s before %s in %s: %s would do, though %s is the latest", lead, end, loc, later, last)
		}
	})
}

func TestTheStrictestRuleHolds(t *testing.T) {
	from := at(t, "2026-05-01T09:00:00Z")
	for _, tt := range []struct {
		rules                    Rules
		obligation, jurisdiction string
		want                     Lead
	}{
		{Rules{}, "terms_change", "", Lead{Days: 30}},
		{Rules{}, "privacy_change", "", Lead{Days: 30}},
		{Rules{}, "security", "", Lead{}},
		{Rules{}, "contract", "", Lead{}},
		{Rules{}, "terms_change", "payment_services", Lead{Months: 2}},
		{Rules{}, "privacy_change", "payment_services", Lead{Days: 30}},
		{Rules{}, "terms_change", "platforms", Lead{Days: 30}}, // 15 days are less than the default
		{Rules{}, "terms_change", "telecoms", Lead{Months: 1}}, // May has 31 days
		{Rules{}, "contract", "telecoms", Lead{Months: 1}},
		{Rules{Jurisdictions: []string{"payment_services"}}, "terms_change", "", Lead{Months: 2}},
		{Rules{Jurisdictions: []string{"payment_services"}}, "terms_change", "telecoms", Lead{Months: 2}},
		{Rules{LeadTimes: map[string]Lead{"terms_change": {Days: 7}}}, "terms_change", "", Lead{Days: 7}},
		{Rules{LeadTimes: map[string]Lead{"terms_change": {Days: 7}}}, "terms_change", "platforms", Lead{Days: 15}},
		{Rules{LeadTimes: map[string]Lead{"terms_change": {}}}, "terms_change", "", Lead{}},
		{Rules{LeadTimes: map[string]Lead{"security": {Days: 3}}}, "security", "", Lead{Days: 3}},
	} {
		if got := tt.rules.Lead(tt.obligation, tt.jurisdiction, from); got != tt.want {
			t.Errorf("%+v %s %s: %s, want %s", tt.rules, tt.obligation, tt.jurisdiction, got, tt.want)
		}
	}
	for _, text := range []string{"", "P0D", "P30D", "P2M", "P3660D"} {
		if _, err := ParseLead(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"30", "P", "PD", "P-1D", "P+1D", "P1Y", "PT1H", "P3661D", "p30d", "P1M2D", "P 1D"} {
		if l, err := ParseLead(text); err == nil {
			t.Errorf("%q is %s", text, l)
		}
	}
}
