package site

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"assent/templates/locale"
)

// The page of coverage says of everybody whether they were reached in time, as the API does, and why not in words.
func TestCoverageTellsWhoWasReachedInTime(t *testing.T) {
	for tag, want := range map[string][]string{
		"en": {"Reached in time", "Reached too late", "Joined when less was left", "Not reached", "18,990 + 2 + 4 + 104 + 900 = 20,000", "Tried for days in vain", "The address does not exist"},
		"nl": {"Op tijd bereikt", "Te laat bereikt", "Kwam toen er minder tijd was", "Niet bereikt", "18.990 + 2 + 4 + 104 + 900 = 20.000", "Dagenlang tevergeefs geprobeerd", "Het adres bestaat niet"},
	} {
		v := CoverageReport{Page: Page{Locale: locale.Get(tag)}, Lead: "P1M", ByURL: "?show=", CoverageView: CoverageView{Addressed: 20000, Accepted: 18996, Pending: 900, Bounced: 100, Unserved: 4, InTime: 18990, Late: 2, JoinedLate: 4, NotReached: 104},
			Rows: []CoveragePerson{{Email: "a@example.com", Outcome: "unserved", Reason: "gave_up"}, {Email: "b@example.com", Outcome: "bounced", Reason: "hard_bounce"}}}
		var b bytes.Buffer
		if err := Coverage(v).Render(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(b.String(), text) {
				t.Errorf("%s: lacks %q", tag, text)
			}
		}
		v.Lead = "" // nothing to be in time for
		b.Reset()
		if err := Coverage(v).Render(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), want[0]) {
			t.Errorf("%s: speaks of time where there is no lead time", tag)
		}
	}
}

// Every reason that an engine can give for a mail that did not arrive has words.
func TestReasonsHaveWords(t *testing.T) {
	for _, tag := range []string{"en", "nl"} {
		for _, code := range []string{"gave_up", "hard_bounce", "soft_bounce", "policy", "permanent", "other", "unknown", "not_rendered", "transient", "throttled", "retry", "address_bounced", "erased"} {
			if text := reason(locale.Get(tag), code); text == code {
				t.Errorf("%s: %s has no words", tag, code)
			}
		}
	}
}
