package gate

import (
	"testing"
	"time"
)

// Compliance 30: 16 by default, 13 to 16 by country.
func TestMinor(t *testing.T) {
	for _, c := range []struct {
		born, country string
		now           string
		want          Fact
	}{
		{"2010-03-01", "NL", "2026-03-01T12:00:00Z", No},  // sixteen since it is 1 March everywhere
		{"2010-03-01", "NL", "2026-03-01T11:59:59Z", Yes}, // still 28 February at UTC-12
		{"2010-03-02", "NL", "2026-03-01T12:00:00Z", Yes},
		{"2010-03-01", "", "2026-03-01T11:59:59Z", Yes},   // no country: 16
		{"2010-03-01", "US", "2026-03-01T11:59:59Z", Yes}, // no lower age known: 16
		{"2013-03-01", "BE", "2026-03-01T12:00:00Z", No},  // 13
		{"2013-03-02", "be", "2026-03-01T12:00:00Z", Yes},
		{"2012-03-01", "AT", "2026-03-01T12:00:00Z", No}, // 14
		{"2012-03-02", "AT", "2026-03-01T12:00:00Z", Yes},
		{"2011-03-01", "FR", "2026-03-01T12:00:00Z", No}, // 15
		{"2011-03-02", "FR", "2026-03-01T12:00:00Z", Yes},
		{"2008-02-29", "AT", "2022-03-01T11:59:59Z", Yes}, // 29 February counts on 1 March
		{"2008-02-29", "AT", "2022-03-01T12:00:00Z", No},
		{"1950-01-01", "DE", "2026-03-01T12:00:00Z", No},
		{"2026-03-01", "DE", "2026-03-01T12:00:00Z", Yes},
		{"", "DE", "2026-03-01T12:00:00Z", No},
		{"2030-01-01", "DE", "2026-03-01T12:00:00Z", Unknown}, // not born yet
		{"01-03-2010", "DE", "2026-03-01T12:00:00Z", Unknown},
		{"2010-02-30", "DE", "2026-03-01T12:00:00Z", Unknown},
		{"2010", "DE", "2026-03-01T12:00:00Z", Unknown},
	} {
		at, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := Minor(c.born, c.country, at); got != c.want {
			t.Errorf("born %s in %q at %s: got %s, want %s", c.born, c.country, c.now, got, c.want)
		}
	}
	if got := Minor("1990-01-01", "NL", time.Time{}); got != Unknown {
		t.Errorf("without a time: %s", got)
	}
}

func TestConsentAgesAreThoseOfArticle8(t *testing.T) {
	for country, age := range consentAges {
		if len(country) != 2 || age < 13 || age > 15 {
			t.Errorf("%s has %d", country, age)
		}
	}
	for country, age := range map[string]int{"NL": 16, "DE": 16, "IE": 16, "PL": 16, "ZZ": 16, "": 16, "DK": 15, "dk": 15, "IT": 14, "GB": 13} {
		if got := ConsentAge(country); got != age {
			t.Errorf("%q: got %d, want %d", country, got, age)
		}
	}
}
