package gate

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// hit is one row that applies to some facts, by its number in the table.
type hit struct {
	row, way int
	outcome  string
	until    time.Time
}

// model decides in another way than the gate does: it collects every row that
// applies, in no order, each with its own condition written out in full, and
// takes the one with the lowest number.
func model(f Facts, now time.Time) (string, time.Time) {
	var hits []hit
	add := func(on bool, row, way int, outcome string) {
		if on {
			hits = append(hits, hit{row: row, way: way, outcome: outcome})
		}
	}
	fact := func(v Fact, row, way int, reason string) {
		add(v == Yes, row, way, "deny "+reason)
		add(v != Yes && v != No, row, way, "deny unknown")
	}
	m, r := f.Class == Marketing, f.Class == Research
	bulk := m || r
	add(!bulk && f.Class != Service && f.Class != Notice || now.IsZero(), 0, 0, "deny unknown")

	fact(f.Bounced, 2, 0, "address_bounced")
	if f.Class != Notice {
		fact(f.Suppressed, 6, 0, "suppressed")
	}
	if bulk {
		for _, x := range []struct {
			row    int
			fact   Fact
			reason string
		}{
			{9, f.UnsubscribedAll, "unsubscribed_all"}, {7, f.Complained, "complained"}, {1, f.Erased, "erased"},
			{5, f.Minor, "minor"}, {10, f.PartnerOptedOut, "partner_opted_out"}, {3, f.Unverified, "address_unverified"},
			{8, f.ObjectedDirect, "objected"}, {4, f.Restricted, "restricted"},
		} {
			fact(x.fact, x.row, 0, x.reason)
		}
		if r {
			fact(f.ObjectedResearch, 8, 1, "objected")
		}
		over := !f.ConsentExpires.IsZero() && !f.ConsentExpires.After(now)
		live := f.State == StateNone || f.State == StateGiven

		add(f.State < StateNone || f.State > StateExpired, 11, 0, "deny unknown")
		add(f.State == StateWithdrawn, 11, 0, "deny withdrawn")
		add(f.Basis < Consent || f.Basis > LegitimateInterests || r && f.Basis == SoftOptIn, 12, 0, "deny unknown")
		add(f.State == StatePending, 12, 1, "deny unconfirmed")
		add(f.State == StateExpired, 12, 1, "deny consent_expired")
		add(f.State == StateNone && f.Basis == Consent, 12, 1, "deny no_consent")
		add(live && f.Basis != SoftOptIn && over, 12, 2, "deny consent_expired")
		if live && f.Basis == SoftOptIn {
			way := 0
			for _, v := range []Fact{f.Customer, f.SimilarGoods, f.OptOutOffered} {
				add(v == No, 13, way, "deny soft_opt_in_unmet")
				add(v != No && v != Yes, 13, way, "deny unknown")
				way++
			}
			add(over, 13, way, "deny consent_expired")
		}
		add(f.State == StateObjected, 14, 0, "deny objected")
		wait := func(until time.Time, row int, reason string) {
			if !until.After(now) {
				return
			}
			if f.CampaignExpires.IsZero() || until.Before(f.CampaignExpires) {
				hits = append(hits, hit{row, 0, "defer " + reason, until})
			} else {
				add(true, row, 0, "deny "+reason)
			}
		}
		wait(f.QuietUntil, 17, "quiet_hours")
		wait(f.PausedUntil, 15, "paused")
		wait(f.CappedUntil, 16, "frequency_capped")
	}
	add(true, 18, 0, "allow allowed")
	first := slices.MinFunc(hits, func(a, b hit) int {
		if a.row != b.row {
			return a.row - b.row
		}
		return a.way - b.way
	})
	return first.outcome, first.until
}

// randomFacts draws facts of which most are clear, so that late rows are met
// as often as early ones.
func randomFacts(t *rapid.T) Facts {
	fact := rapid.Custom(func(t *rapid.T) Fact {
		if rapid.IntRange(0, 19).Draw(t, "odd") > 0 {
			return No
		}
		return Fact(rapid.IntRange(0, 3).Draw(t, "fact"))
	})
	yes := rapid.Custom(func(t *rapid.T) Fact {
		if rapid.IntRange(0, 5).Draw(t, "odd") > 0 {
			return Yes
		}
		return Fact(rapid.IntRange(0, 3).Draw(t, "fact"))
	})
	at := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "no time") {
			return time.Time{}
		}
		return now.Add(time.Duration(rapid.IntRange(-3, 3).Draw(t, "hours")) * time.Hour)
	})
	return Facts{
		Class:  Class(rapid.IntRange(0, 5).Draw(t, "class")),
		Basis:  Basis(rapid.SampledFrom([]int{1, 1, 1, 2, 2, 2, 3, 3, 0, 4, 5, 6, 7, 8}).Draw(t, "basis")),
		State:  State(rapid.SampledFrom([]int{1, 1, 1, 3, 3, 3, 3, 0, 2, 4, 5, 6, 7}).Draw(t, "state")),
		Erased: fact.Draw(t, "erased"), Bounced: fact.Draw(t, "bounced"), Unverified: fact.Draw(t, "unverified"),
		Restricted: fact.Draw(t, "restricted"), Minor: fact.Draw(t, "minor"), Suppressed: fact.Draw(t, "suppressed"),
		Complained: fact.Draw(t, "complained"), ObjectedDirect: fact.Draw(t, "objected"), ObjectedResearch: fact.Draw(t, "research"),
		UnsubscribedAll: fact.Draw(t, "all"), PartnerOptedOut: fact.Draw(t, "partner"),
		Customer: yes.Draw(t, "customer"), SimilarGoods: yes.Draw(t, "similar"), OptOutOffered: yes.Draw(t, "offered"),
		ConsentExpires: at.Draw(t, "expires"), PausedUntil: at.Draw(t, "paused"), CappedUntil: at.Draw(t, "capped"),
		QuietUntil: at.Draw(t, "quiet"), CampaignExpires: at.Draw(t, "campaign"),
		Evidence: rapid.String().Draw(t, "evidence"),
	}
}

func TestDecideMatchesTheModel(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 400 { // so many that each reason is surely met
			f := randomFacts(t)
			want, until := model(f, now)
			d := Decide(f, now)
			if outcome(d) != want || !d.Until().Equal(until) {
				t.Fatalf("%+v:\n got %s until %v\nwant %s until %v", f, outcome(d), d.Until(), want, until)
			}
			if d.Evidence() != f.Evidence || d.Basis() != f.Basis || d.Class() != f.Class {
				t.Fatalf("the decision does not keep what it was made from: %+v", d)
			}
			seen[want]++
		}
	})
	for _, r := range Reasons() {
		if seen["deny "+string(r)]+seen["allow "+string(r)] == 0 {
			t.Errorf("no random facts met %s", r)
		}
	}
}
